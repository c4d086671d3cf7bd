//! Channels brought to mean 0 and variance 1, a few at a time, for each sample on its own.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Tensor};

/// Normalizes groups of channels of each sample.
///
/// x is \[N, C, …\], w and b \[C\]; mean and variance are over a group's channels and all axes after them.
/// Nothing is shared between samples, so that a batch of one does, and training is evaluation. One group
/// is a layer normalization of the whole sample, and as many groups as channels an instance
/// normalization.
///
/// ```text
/// y = (x − mean) / √(var + ε) w + b
/// ```
///
/// w starts at 1, b at 0; ε is 1e-5.
///
/// Source: Wu and He 2018, *Group normalization*; Ulyanov, Vedaldi and Lempitsky 2016, *Instance
/// normalization*.
///
/// ```
/// use wengert_nn::GroupNorm;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::{Rng, Tensor};
///
/// let layer = GroupNorm::new(2, 6);
/// let images: Tensor = Rng::seed_from_u64(1).normal([1, 6, 4, 4], 5.0, 2.0);
/// let tape = Tape::new();
/// let y = layer.bind(&tape).forward(tape.constant(&images)).value();
/// let means = y.reshape(&[2, 48]).mean_axes(&[1], false);
/// assert!(means.iter().all(|mean| mean.abs() < 1e-5));
/// ```
#[doc(alias = "InstanceNorm1d")]
#[doc(alias = "InstanceNorm2d")]
#[doc(alias = "InstanceNorm3d")]
#[derive(Tree, Clone, Debug)]
pub struct GroupNorm<P = Tensor> {
    /// w \[C\].
    pub weight: P,
    /// b \[C\].
    pub bias: P,
    /// How many groups the channels make up.
    pub groups: usize,
    /// ε.
    pub epsilon: f64,
}

impl GroupNorm {
    /// A layer for so many groups of `channels` channels together, in `f32`;
    /// [`cast`](wengert_tape::Bind::cast) makes it one in `f64`.
    ///
    /// # Panics
    /// If the channels do not make up equal groups.
    #[track_caller]
    pub fn new(groups: usize, channels: usize) -> Self {
        assert!(
            groups > 0 && channels.is_multiple_of(groups),
            "group norm: {channels} channels do not make up {groups} equal groups"
        );
        GroupNorm {
            weight: Tensor::ones([channels]),
            bias: Tensor::zeros([channels]),
            groups,
            epsilon: 1e-5,
        }
    }
}

impl<'t, T: Float> GroupNorm<Var<'t, T>> {
    /// The normalized values.
    ///
    /// # Panics
    /// If axis 1 of `x` is not C long.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        let _part = x.tape().part("group norm");
        x.group_norm(
            self.groups,
            1,
            Some(self.weight),
            Some(self.bias),
            self.epsilon,
        )
    }
}
