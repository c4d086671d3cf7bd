//! Values brought to a common scale.

use smallvec::SmallVec;
use wengert_tensor::{Float, Shape, ShapeError};

use crate::record::recording::or_panic;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// The value with mean 0 and variance 1 over the last `axes` axes, then scaled by `weight` and
    /// shifted by `bias`, which have the shape of these axes:
    /// (x − m) / √(v + ε) · weight + bias, where v is the population's variance. Off as `standardize` is.
    ///
    /// Source: Ba, Kiros and Hinton 2016, Layer Normalization.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 3.0]));
    /// let bias = tape.leaf(&Tensor::from([5.0, 7.0]));
    /// let y = x.layer_norm(1, None, Some(bias), 0.0);
    /// assert_eq!(y.value().to_vec(), [4.0, 8.0]);
    /// ```
    ///
    /// # Panics
    /// If `axes` is 0 or more than there are, or the weight or the bias has not the shape of these
    /// axes.
    #[doc(alias = "LayerNorm")]
    #[track_caller]
    pub fn layer_norm(
        self,
        axes: usize,
        weight: Option<Self>,
        bias: Option<Self>,
        eps: f64,
    ) -> Self {
        let shape = self.shape();
        if !(1..=shape.rank()).contains(&axes) {
            let reason = format!("{axes} axes are none to normalize over, the shape is {shape}");
            panic!("{}", ShapeError::new("layer_norm", reason));
        }
        let inner = Shape::new(&shape[shape.rank() - axes..]);
        check_scale("layer_norm", &inner, "weight", weight);
        check_scale("layer_norm", &inner, "bias", bias);
        let list: SmallVec<[isize; 8]> = (1..=axes as isize).map(|axis| -axis).collect();
        let y = self.standardize(&list, eps);
        y.scaled(weight, bias)
    }

    /// The value with mean 0 and variance 1 over `axes`, all if there are none in the list:
    /// (x − m) / √(v + ε). Squares of any size neither overflow nor vanish: it is off by at most 4 units in
    /// the last place of the row's greatest, the gradient by 9 (rows of four).
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 3.0], [2.0, 8.0]]));
    /// let y = x.standardize(&[-1], 0.0).value();
    /// assert_eq!(y.map(f64::round).to_vec(), [-1.0, 1.0, -1.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[doc(alias = "z_score")]
    #[track_caller]
    pub fn standardize(self, axes: &[isize], eps: f64) -> Self {
        let centered = self - self.mean_axes(axes, true);
        let variance = (centered * centered).mean_axes(axes, true);
        if out_of_range(variance, eps) {
            let [x, eps] = self.brought_near(variance, axes, eps);
            let centered = x - x.mean_axes(axes, true);
            let variance = (centered * centered).mean_axes(axes, true);
            return centered * (variance + eps).rsqrt();
        }
        centered * (variance + eps).rsqrt()
    }

    /// The value with the rows over `axes` whose mean square is out of range divided by their greatest
    /// element, and `eps` divided by its square.
    #[track_caller]
    fn brought_near(self, square: Self, axes: &[isize], eps: f64) -> [Self; 2] {
        let [least, most, zero, one] =
            [range::<T>(eps)[0], range::<T>(eps)[1], 0.0, 1.0].map(|x| self.tape().scalar(x));
        let greatest = self.detach().abs().amax(axes, true);
        let divisor = Var::select_equal(greatest, zero, one, greatest);
        let small = Var::select_less(square.detach(), least, divisor, one);
        let divisor = Var::select_less(most, square.detach(), divisor, small);
        [self / divisor, (eps.sqrt() / divisor).square()]
    }

    /// The value divided by its root mean square over the last axis, scaled by `weight`, which has
    /// the length of that axis: x / √(Σ x² / n + ε) · weight. Off as `standardize` is.
    ///
    /// Source: Zhang and Sennrich 2019, Root Mean Square Layer Normalization.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, -7.0]));
    /// let y = x.rms_norm(None, 0.0).value();
    /// assert!((y[[1]] + 1.4).abs() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// If it is a scalar, or the weight is not as long as the last axis.
    #[doc(alias = "RMSNorm")]
    #[track_caller]
    pub fn rms_norm(self, weight: Option<Self>, eps: f64) -> Self {
        let shape = self.shape();
        let Some(&last) = shape.last() else {
            panic!(
                "{}",
                ShapeError::new("rms_norm", "a scalar has no last axis")
            );
        };
        check_scale("rms_norm", &Shape::from([last]), "weight", weight);
        let square = (self * self).mean_axes(&[-1], true);
        if out_of_range(square, eps) {
            let [x, eps] = self.brought_near(square, &[-1], eps);
            let square = (x * x).mean_axes(&[-1], true);
            return (x * (square + eps).rsqrt()).scaled(weight, None);
        }
        (self * (square + eps).rsqrt()).scaled(weight, None)
    }

    #[track_caller]
    fn scaled(self, weight: Option<Self>, bias: Option<Self>) -> Self {
        let y = weight.map_or(self, |weight| self * weight);
        bias.map_or(y, |bias| y + bias)
    }

    /// The value with mean 0 and variance 1 for each channel, over the batch and every other axis, then
    /// scaled by `weight` and shifted by `bias`, which are \[C\]: what a batch normalization does in
    /// training. The channels lie along `axis`: 1 in \[B, C, …\], −1 in \[…, C\]. Off as `standardize` is.
    ///
    /// An empty batch stays empty, and gives weight and bias the gradient 0.
    /// [`batch_norm_with`](Var::batch_norm_with) normalizes by means and variances that are given.
    ///
    /// Source: Ioffe and Szegedy 2015, Batch Normalization, algorithm 1.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 5.0], [3.0, 5.0]]));
    /// let bias = tape.leaf(&Tensor::from([5.0, 7.0]));
    /// let y = x.batch_norm(-1, None, Some(bias), 1e-12);
    /// assert_eq!(y.value().map(f64::round), Tensor::from([[4.0, 7.0], [6.0, 7.0]]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, weight or bias are not \[C\], or there is one value of each channel
    /// alone, whose variance would be 0.
    #[doc(alias = "BatchNorm1d", alias = "BatchNorm2d", alias = "BatchNorm3d")]
    #[track_caller]
    pub fn batch_norm(
        self,
        axis: isize,
        weight: Option<Self>,
        bias: Option<Self>,
        eps: f64,
    ) -> Self {
        self.by_channel("batch_norm", axis, |_| false, [weight, bias], eps)
    }

    /// (x − mean) / √(variance + ε) · weight + bias for each channel, where all four are \[C\] and the
    /// channels lie along `axis`: what a batch normalization does in evaluation, with running values.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 5.0]]));
    /// let (mean, variance) = (Tensor::from([1.0, 1.0]), Tensor::from([1.0, 4.0]));
    /// let y = x.batch_norm_with(1, &mean, &variance, None, None, 0.0);
    /// assert_eq!(y.value().to_vec(), [0.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, or mean, variance, weight or bias are not \[C\].
    #[doc(alias = "batch_norm", alias = "running_mean", alias = "running_var")]
    #[track_caller]
    pub fn batch_norm_with(
        self,
        axis: isize,
        mean: impl Operand<'t, T>,
        variance: impl Operand<'t, T>,
        weight: Option<Self>,
        bias: Option<Self>,
        eps: f64,
    ) -> Self {
        let name = "batch_norm_with";
        let shape = self.shape();
        let at = or_panic(shape.axis(name, axis));
        let channels = Shape::from([shape[at]]);
        let [mean, variance] = [mean.on(self.tape()), variance.on(self.tape())];
        check_scale(name, &channels, "mean", Some(mean));
        check_scale(name, &channels, "variance", Some(variance));
        check_scale(name, &channels, "weight", weight);
        check_scale(name, &channels, "bias", bias);
        let scale = (variance + eps).rsqrt();
        let scale = weight.map_or(scale, |weight| scale * weight);
        let centered = self - mean.beside(at, &shape);
        centered.scaled_along(at, Some(scale), bias)
    }

    /// The value with mean 0 and variance 1 for each row of the batch and each group of channels, then
    /// scaled by `weight` and shifted by `bias`, which are \[C\]. The channels lie along `axis`, and the
    /// rows along the first, unless that is the channels'. Off as `standardize` is.
    ///
    /// Source: Wu and He 2018, Group Normalization.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 3.0, 2.0, 8.0]]));
    /// let y = x.group_norm(2, 1, None, None, 0.0);
    /// assert_eq!(y.value().map(f64::round).to_vec(), [-1.0, 1.0, -1.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, `groups` is 0 or does not divide C, or weight or bias are not \[C\].
    #[doc(alias = "GroupNorm")]
    #[track_caller]
    pub fn group_norm(
        self,
        groups: usize,
        axis: isize,
        weight: Option<Self>,
        bias: Option<Self>,
        eps: f64,
    ) -> Self {
        let shape = self.shape();
        let at = or_panic(shape.axis("group_norm", axis));
        let channels = shape[at];
        assert!(
            groups > 0 && channels.is_multiple_of(groups),
            "group_norm: {channels} channels are not {groups} equal groups"
        );
        let wanted = Shape::from([channels]);
        check_scale("group_norm", &wanted, "weight", weight);
        check_scale("group_norm", &wanted, "bias", bias);
        let mut grouped = shape.clone();
        grouped.dims_mut()[at] = channels / groups;
        grouped.insert(at, groups);
        let axes = others(&grouped, |axis| axis == at || axis == 0);
        let y = self.with_shape(&grouped).standardize(&axes, eps);
        y.with_shape(&shape).scaled_along(at, weight, bias)
    }

    /// The value with mean 0 and variance 1 for each row of the batch and each channel, then scaled by
    /// `weight` and shifted by `bias`, which are \[C\]. The channels lie along `axis`, and the rows along
    /// the first, unless that is the channels'. Off as `standardize` is.
    ///
    /// Source: Ulyanov, Vedaldi and Lempitsky 2016, Instance Normalization.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[[1.0, 3.0], [2.0, 8.0]]]));
    /// let y = x.instance_norm(1, None, None, 0.0);
    /// assert_eq!(y.value().map(f64::round).to_vec(), [-1.0, 1.0, -1.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, weight or bias are not \[C\], or there is one value of each row and
    /// channel alone, whose variance would be 0.
    #[doc(alias = "InstanceNorm1d")]
    #[doc(alias = "InstanceNorm2d")]
    #[doc(alias = "InstanceNorm3d")]
    #[track_caller]
    pub fn instance_norm(
        self,
        axis: isize,
        weight: Option<Self>,
        bias: Option<Self>,
        eps: f64,
    ) -> Self {
        let rows = |axis| axis == 0;
        self.by_channel("instance_norm", axis, rows, [weight, bias], eps)
    }

    /// Standardizes each channel, and each position along the axes that are `apart` on its own.
    #[track_caller]
    fn by_channel(
        self,
        name: &'static str,
        axis: isize,
        apart: fn(usize) -> bool,
        [weight, bias]: [Option<Self>; 2],
        eps: f64,
    ) -> Self {
        let shape = self.shape();
        let at = or_panic(shape.axis(name, axis));
        let channels = Shape::from([shape[at]]);
        check_scale(name, &channels, "weight", weight);
        check_scale(name, &channels, "bias", bias);
        let axes = others(&shape, |axis| axis == at || apart(axis));
        several(name, &shape, &axes);
        self.standardize(&axes, eps).scaled_along(at, weight, bias)
    }

    /// A weight and a bias for the elements along the axis `at`.
    #[track_caller]
    fn scaled_along(self, at: usize, weight: Option<Self>, bias: Option<Self>) -> Self {
        let shape = self.shape();
        let [weight, bias] = [weight, bias].map(|x| x.map(|x| x.beside(at, &shape)));
        self.scaled(weight, bias)
    }

    /// A value with one axis, laid along the axis `at` of `shape`.
    #[track_caller]
    fn beside(self, at: usize, shape: &Shape) -> Self {
        if at + 1 == shape.rank() {
            return self;
        }
        let mut along = self.shape();
        (at + 1..shape.rank()).for_each(|_| along.push(1));
        self.with_shape(&along)
    }
}

/// The axes of a shape that are not `kept`.
fn others(shape: &Shape, kept: impl Fn(usize) -> bool) -> SmallVec<[isize; 8]> {
    let axes = (0..shape.rank()).filter(|&axis| !kept(axis));
    axes.map(|axis| axis as isize).collect()
}

/// Checks that there is not one value alone along `axes`.
#[track_caller]
fn several(name: &'static str, shape: &Shape, axes: &[isize]) {
    let count: usize = axes.iter().map(|&axis| shape[axis as usize]).product();
    if count == 1 {
        let reason = format!("more than one value of each channel is needed, the shape is {shape}");
        panic!("{}", ShapeError::new(name, reason));
    }
}

/// Checks the shape of a weight or a bias. One that broadcasts would be used in silence.
#[track_caller]
fn check_scale<T: Float>(op: &'static str, wanted: &Shape, what: &str, scale: Option<Var<'_, T>>) {
    if let Some(scale) = scale
        && scale.shape() != *wanted
    {
        let reason = format!("the {what} has the shape {}, not {wanted}", scale.shape());
        panic!("{}", ShapeError::new(op, reason));
    }
}

/// The mean squares whose roots have inverses and slopes that are numbers. With `eps` no square is too
/// small.
fn range<T: Float>(eps: f64) -> [f64; 2] {
    let most = f64::powi(
        2.0,
        if T::EPSILON.to_f64() > f64::EPSILON {
            40
        } else {
            300
        },
    );
    [if eps > 0.0 { 0.0 } else { 1.0 / most }, most]
}

fn out_of_range<T: Float>(square: Var<'_, T>, eps: f64) -> bool {
    let beyond = |x: T| x.to_f64() > range::<T>(1.0)[1];
    let below = |x: T| x.to_f64() < range::<T>(0.0)[0];
    square.size() > 0 && (square.any(beyond) || eps <= 0.0 && square.any(below))
}
