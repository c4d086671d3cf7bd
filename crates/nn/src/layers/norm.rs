//! `BatchNorm` and `LayerNorm`: values brought to mean 0 and variance 1.

use smallvec::SmallVec;
use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Shape, Tensor};

/// Normalizes each feature over the batch.
///
/// x is \[…, C\] with at least two axes, w, b and the running values \[C\]; mean and variance are over
/// all axes but the last. Where the features are the channels of images or series, [`along`](BatchNorm::along)
/// says which axis they lie along.
///
/// ```text
/// y = (x − mean) / √(var + ε) w + b
/// ```
///
/// In training mode mean and var are those of the batch (var divided by n), and the running values
/// move towards them by the momentum, 0.1; the running variance towards the unbiased one (divided
/// by n − 1). The new running values are state, which the step hands back and optimizers write; a
/// layer that runs twice in one step moves them twice. In evaluation mode the running values stand
/// for the batch's. ε is 1e-5.
///
/// Training mode is that of [`Tape::value_and_grad`](wengert_tape::Tape::value_and_grad); everything
/// else evaluates, unless [`Tape::set_training`](wengert_tape::Tape::set_training) says otherwise.
///
/// The running values move in training mode whatever is trained: state is not differentiated, so that
/// freezing the layer's paths ([`Tape::value_and_grad_where`](wengert_tape::Tape::value_and_grad_where))
/// leaves w and b as they are and not the running values, as in PyTorch. To keep a layer still, let it
/// evaluate while the rest trains, by
/// [`Tape::with_training`](wengert_tape::Tape::with_training): it then uses the running values and
/// does not move them. With a momentum of 0 it normalizes by the batch and does not move them either.
///
/// ```
/// use wengert_nn::BatchNorm;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let layer = BatchNorm::new(1);
/// let x = Tensor::from([[1.0], [3.0]]);
/// let (_, grads) = Tape::new().value_and_grad(&layer, |t, layer| {
///     t.with_training(false, || layer.forward(t.constant(&x))).sum()
/// });
/// let mut still = layer.clone();
/// grads.update_state(&mut still);
/// assert_eq!((still.mean, still.variance), (layer.mean, layer.variance));
/// ```
///
/// In training mode values of any size are brought to variance 1, also where their variance is beyond the
/// type's range; the running variance is ∞ then.
///
/// w starts at 1, b at 0, the running values at 0 and 1.
///
/// Source: Ioffe and Szegedy 2015, *Batch normalization*, algorithm 1; details as in PyTorch.
///
/// ```
/// use wengert_nn::{BatchNorm, Sgd};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Tensor;
///
/// let mut layer = BatchNorm::new(1).cast::<f64>();
/// let x = Tensor::<f64>::from([[1.0], [3.0]]);
/// let mut tape = Tape::new();
/// let (_, grads) = tape.value_and_grad(&layer, |t, layer| layer.forward(t.constant(&x)).sum());
/// Sgd::new(0.0).step(&mut layer, &grads);
/// assert_eq!(layer.mean.item(), 0.2);
/// assert_eq!(layer.variance.item(), 1.1);
/// ```
#[doc(alias = "BatchNorm1d")]
#[doc(alias = "BatchNorm2d")]
#[doc(alias = "BatchNorm3d")]
#[derive(Tree, Clone, Debug)]
pub struct BatchNorm<P = Tensor> {
    /// w \[C\].
    pub weight: P,
    /// b \[C\].
    pub bias: P,
    /// The running mean \[C\].
    #[tree(state)]
    pub mean: P,
    /// The running variance \[C\].
    #[tree(state)]
    pub variance: P,
    /// The axis of the features, from the end if negative.
    pub axis: isize,
    /// How far a step moves the running values.
    pub momentum: f64,
    /// ε.
    pub epsilon: f64,
}

impl BatchNorm {
    /// A layer for `features` features along the last axis, in `f32`; [`cast`](wengert_tape::Bind::cast) makes it one in
    /// `f64`.
    pub fn new(features: usize) -> Self {
        BatchNorm {
            weight: Tensor::ones([features]),
            bias: Tensor::zeros([features]),
            mean: Tensor::zeros([features]),
            variance: Tensor::ones([features]),
            axis: -1,
            momentum: 0.1,
            epsilon: 1e-5,
        }
    }
}

impl<P> BatchNorm<P> {
    /// The layer for features along another axis: 1 for the channels \[N, C, …\] of a convolution.
    ///
    /// ```
    /// use wengert_nn::BatchNorm;
    /// use wengert_tape::Tape;
    /// use wengert_tensor::{Rng, Tensor};
    ///
    /// let layer = BatchNorm::new(3).along(1);
    /// let images: Tensor = Rng::seed_from_u64(1).normal([8, 3, 4, 4], 5.0, 2.0);
    /// let (_, mean, _) = Tape::new().value_and_grad_aux(&layer, |t, layer| {
    ///     let y = layer.forward(t.constant(&images));
    ///     (y.sum(), y.value().mean_axes(&[0, 2, 3], false))
    /// });
    /// assert!(mean.iter().all(|mean| mean.abs() < 1e-5));
    /// ```
    #[doc(alias = "channels_first")]
    pub fn along(mut self, axis: isize) -> Self {
        self.axis = axis;
        self
    }
}

/// A variance from which on its slopes may leave the range of `f32`.
const GREAT: f64 = (1_u64 << 40) as f64;

impl<'t, T: Float> BatchNorm<Var<'t, T>> {
    /// The normalized values.
    ///
    /// # Panics
    /// If `x` has fewer than two axes, its axis of features is not C long, or, in training mode, there
    /// are fewer than two values of each feature.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        let (tape, shape, features) = (x.tape(), x.shape(), self.weight.dim(-1));
        let _part = tape.part("batch norm");
        let at = self.place(&shape, features);
        // What there is once for each feature, beside the values.
        let beside = |each: Var<'t, T>| {
            let mut dims: SmallVec<[isize; 8]> = SmallVec::from_elem(1, shape.rank() - at);
            dims[0] = features as isize;
            if dims.len() == 1 {
                each
            } else {
                each.reshape(&dims[..])
            }
        };
        let (weight, bias) = (beside(self.weight), beside(self.bias));
        let (centered, variance) = if tape.training() {
            let count = shape.size() / features.max(1);
            assert!(
                count > 1,
                "batch norm: more than one value of each feature is needed in training, the \
                 shape is {shape}"
            );
            let others = (0..shape.rank()).filter(|axis| *axis != at);
            let axes: SmallVec<[isize; 8]> = others.map(|axis| axis as isize).collect();
            let mean = x.mean_axes(&axes, false);
            let centered = x - beside(mean);
            let variance = (centered * centered).mean_axes(&axes, false);
            self.set(self.mean, mean);
            self.set(
                self.variance,
                variance * (count as f64 / (count - 1) as f64),
            );
            if variance.detach().amax(&[], false).item().to_f64() > GREAT {
                return x.standardize(&axes, self.epsilon) * weight + bias;
            }
            (centered, variance)
        } else {
            (x - beside(tape.state(self.mean)), tape.state(self.variance))
        };
        centered / beside((variance + self.epsilon).sqrt()) * weight + bias
    }

    /// The axis of the features, counted from the front.
    #[track_caller]
    fn place(&self, shape: &Shape, features: usize) -> usize {
        let at = shape.axis("batch norm", self.axis).ok();
        match at.filter(|&at| shape.rank() > 1 && shape[at] == features) {
            Some(at) => at,
            None if self.axis == -1 => {
                panic!("batch norm: rows of {features} features are expected, the shape is {shape}")
            }
            None => panic!(
                "batch norm: {features} features along axis {} are expected, the shape is {shape}",
                self.axis
            ),
        }
    }

    /// Moves a running value from where it is, which another run in this step may have changed.
    #[track_caller]
    fn set(&self, running: Var<'t, T>, towards: Var<'t, T>) {
        let tape = running.tape();
        let towards = towards.detach();
        let moved = tape.state(running) * (1.0 - self.momentum) + towards * self.momentum;
        tape.set_state(running, moved);
    }
}

/// Normalizes each row.
///
/// x is \[…, C\], w and b \[C\]; mean and variance (divided by C) are over the last axis.
///
/// ```text
/// y = (x − mean) / √(var + ε) w + b
/// ```
///
/// w starts at 1, b at 0; ε is 1e-5.
///
/// Source: Ba, Kiros and Hinton 2016, *Layer normalization*.
///
/// ```
/// use wengert_nn::LayerNorm;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Tensor;
///
/// let layer = LayerNorm::new(2).cast::<f64>();
/// let tape = Tape::new();
/// let y = layer.bind(&tape).forward(tape.constant(&Tensor::from([[1.0, 3.0]])));
/// assert!((y.value()[[0, 1]] - 1.0).abs() < 1e-5);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct LayerNorm<P = Tensor> {
    /// w \[C\].
    pub weight: P,
    /// b \[C\].
    pub bias: P,
    /// ε.
    pub epsilon: f64,
}

impl LayerNorm {
    /// A layer for rows of `features` elements, in `f32`; [`cast`](wengert_tape::Bind::cast) makes
    /// it one in `f64`.
    pub fn new(features: usize) -> Self {
        LayerNorm {
            weight: Tensor::ones([features]),
            bias: Tensor::zeros([features]),
            epsilon: 1e-5,
        }
    }
}

impl<'t, T: Float> LayerNorm<Var<'t, T>> {
    /// The normalized values.
    ///
    /// # Panics
    /// If the last axis of `x` is not C long.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        let _part = x.tape().part("layer norm");
        x.layer_norm(1, Some(self.weight), Some(self.bias), self.epsilon)
    }
}
