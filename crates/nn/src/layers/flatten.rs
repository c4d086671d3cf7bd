//! All axes but the first become one.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::Float;

/// Makes one axis of those from `start` on, by default of all but the first: what stands between
/// convolutions and a [`Linear`](crate::Linear).
///
/// ```
/// use wengert_nn::{Conv2d, Flatten, Forward, Linear, MaxPool2d, Relu};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::{Conv, Rng, Tensor};
///
/// let rng = &mut Rng::seed_from_u64(1);
/// let model = (
///     Conv2d::new(1, 8, 3, Conv::new().padding(1), rng),
///     Relu,
///     MaxPool2d::new(2),
///     Flatten::default(),
///     Linear::new(8 * 14 * 14, 10, rng),
/// );
/// let tape = Tape::new();
/// let images: Tensor = Tensor::zeros([5, 1, 28, 28]);
/// assert_eq!(model.bind(&tape).forward(tape.constant(&images)).shape(), [5, 10]);
/// ```
#[derive(Tree, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flatten {
    /// The first axis that goes into the one, counted from the end where it is negative.
    pub start: isize,
}

impl Flatten {
    /// A layer that keeps the axes before `start`.
    pub fn new(start: isize) -> Self {
        Flatten { start }
    }

    /// The same elements.
    ///
    /// # Panics
    /// If the value has no such axis.
    #[track_caller]
    pub fn forward<'t, T: Float>(&self, x: Var<'t, T>) -> Var<'t, T> {
        x.flatten(self.start)
    }
}

impl Default for Flatten {
    /// All axes but the first.
    fn default() -> Self {
        Flatten { start: 1 }
    }
}
