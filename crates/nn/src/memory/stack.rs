//! `DifferentiableStack`: a stack whose pushes and pops have derivatives.

use wengert_tape::Var;
use wengert_tensor::{Float, Tensor};

/// A stack of vectors that are pushed and popped in parts.
///
/// Each vector lies there with a strength. A pop of strength u takes strength away from the top
/// downwards; a push of strength d lays a vector on top; reading gives the mean of the topmost
/// vectors, whose strengths sum up to at most 1. With strengths of 0 and 1 it is a stack.
///
/// ```text
/// s'_i = max(0, s_i − max(0, u − Σ_{j>i} s_j))     s'_t = d
/// r    = Σ_i min(s'_i, max(0, 1 − Σ_{j>i} s'_j)) v_i
/// ```
///
/// Source: Grefenstette et al. 2015, *Learning to transduce with unbounded memory*, equations 1 to 3.
///
/// ```
/// use wengert_nn::memory::DifferentiableStack;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let number = |x: f64| tape.constant(&Tensor::from([[x]]));
/// let mut stack = DifferentiableStack::new();
/// assert_eq!(stack.step(number(5.0), number(1.0), number(0.0)).item(), 5.0);
/// assert_eq!(stack.step(number(7.0), number(1.0), number(0.0)).item(), 7.0);
/// // A pop, and a push of nothing: what was below is on top again.
/// assert_eq!(stack.step(number(9.0), number(0.0), number(1.0)).item(), 5.0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct DifferentiableStack<'t, T: Float> {
    /// The vectors [B, E], the oldest first.
    vectors: Vec<Var<'t, T>>,
    /// Their strengths [B, t].
    strengths: Option<Var<'t, T>>,
}

impl<'t, T: Float> DifferentiableStack<'t, T> {
    /// A stack with nothing on it.
    pub fn new() -> Self {
        DifferentiableStack {
            vectors: Vec::new(),
            strengths: None,
        }
    }

    /// How many vectors were pushed.
    pub fn pushed(&self) -> usize {
        self.vectors.len()
    }

    /// Pops with strength `pop` \[B, 1\], pushes `vector` \[B, E\] with strength `push` \[B, 1\], and
    /// reads the top \[B, E\].
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn step(&mut self, vector: Var<'t, T>, push: Var<'t, T>, pop: Var<'t, T>) -> Var<'t, T> {
        let strengths = match self.strengths {
            Some(old) => {
                let taken = (pop - above(old)).max(0.0);
                Var::cat(&[(old - taken).max(0.0), push], 1)
            }
            None => push,
        };
        self.vectors.push(vector);
        self.strengths = Some(strengths);
        let share = strengths.min((1.0 - above(strengths)).max(0.0));
        let vectors = Var::stack(&self.vectors, 1);
        share.unsqueeze(1).matmul(vectors).squeeze(1)
    }
}

/// Of strengths \[B, t\], the sum of those above each.
fn above<'t, T: Float>(strengths: Var<'t, T>) -> Var<'t, T> {
    let count = strengths.shape()[1];
    let later = Tensor::from_fn(
        [count, count],
        |at| {
            if at[0] > at[1] { T::ONE } else { T::ZERO }
        },
    );
    strengths.matmul(strengths.tape().constant(&later))
}
