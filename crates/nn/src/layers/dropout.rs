//! `Dropout`: elements that are left out by chance.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::Float;

/// Sets each element to 0 with probability p and divides the others by 1 − p, in training mode; in
/// evaluation mode nothing happens.
///
/// Training mode is that of [`Tape::value_and_grad`](wengert_tape::Tape::value_and_grad); everything
/// else evaluates, the open style too, unless
/// [`Tape::set_training`](wengert_tape::Tape::set_training) says otherwise. The draws come from the
/// tape's generator: seed it with `tape.set_rng`. The layer has no parameters, and works on values
/// of any shape.
///
/// Source: Srivastava et al. 2014, *Dropout: a simple way to prevent neural networks from
/// overfitting*, in the inverted form of its section 10.
///
/// ```
/// use wengert_nn::Dropout;
/// use wengert_tape::Tape;
///
/// let tape = Tape::<f64>::new();
/// let x = tape.ones([100]);
/// let dropout = Dropout::new(0.5);
/// assert_eq!(dropout.forward(x).sum().item(), 100.0);
/// tape.set_training(true);
/// assert!(dropout.forward(x).value().iter().all(|y| y == 0.0 || y == 2.0));
/// ```
#[derive(Tree, Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// p, the probability that an element is left out.
    pub p: f64,
}

impl Dropout {
    /// A layer that leaves each element out with probability `p`.
    ///
    /// # Panics
    /// Unless 0 ≤ p ≤ 1.
    #[track_caller]
    pub fn new(p: f64) -> Self {
        assert!((0.0..=1.0).contains(&p), "dropout: {p} is no probability");
        Dropout { p }
    }

    /// `x` without the elements that the draw leaves out, as [`Var::dropout`] does.
    ///
    /// # Panics
    /// Unless 0 ≤ p ≤ 1.
    #[track_caller]
    pub fn forward<'t, T: Float>(&self, x: Var<'t, T>) -> Var<'t, T> {
        let _part = x.tape().part("dropout");
        x.dropout(self.p)
    }
}
