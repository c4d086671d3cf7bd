//! Reductions that follow from others.

use wengert_tensor::Float;

use crate::compiled_here;
use crate::formula::real::Real;
use crate::formula::{Formula, Partial};
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The standard deviation over `axes`, all if there are none in the list; `keep` leaves them
    /// with length 1. `correction` is 0 for a population's and 1 for that of a sample. Where it is
    /// 0 the gradient is 0. Off by at most 3 units in the last place, the gradient by 4 of the greatest.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 5.0]));
    /// assert!((x.std(&[], 0, false).item() - 2.0).abs() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn std(self, axes: &[isize], correction: usize, keep: bool) -> Self {
        let centered = self - self.mean_axes(axes, true);
        let norm = centered.norm(axes, keep);
        let count = self.size().checked_div(norm.size()).unwrap_or(0);
        norm / (count.saturating_sub(correction) as f64).sqrt()
    }

    /// The entropy, in nats, of the distribution softmax(x) along `axis`: −Σ p ln p. A class of
    /// probability 0, as with a logit of −∞, gives 0 and has gradient 0. Off as `softmax` is,
    /// also where a probability rounds to 1; the gradient by at most 5 units in the last place of the
    /// greatest −p ln p, which is more than itself where the classes are nearly equal.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let logits = tape.leaf(&Tensor::from([7.0, 7.0, f64::NEG_INFINITY]));
    /// assert_eq!(logits.entropy(-1).item(), 2.0_f64.ln());
    /// ```
    ///
    /// Source: Shannon 1948, A Mathematical Theory of Communication.
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn entropy(self, axis: isize) -> Self {
        let [p, log_p] = [self.softmax(axis), self.log_softmax(axis)];
        let [terms] = self.tape().formula(Surprise, [p, log_p]);
        terms.sum_axes(&[axis], false)
    }
}

/// −p ln p, for the probabilities p of a distribution and their logarithms. The derivative by the logarithms
/// is left out: its sum over the distribution is the derivative of Σ p, which is always 1, and what would
/// come of it is rounding.
#[derive(Clone, Copy)]
struct Surprise;

impl Surprise {
    /// −ln p, and 0 where p is 0.
    #[inline(always)]
    fn of<R: Real>([p, log_p]: [R; 2]) -> R {
        let zero = R::lit(0.0);
        R::select_equal(p, zero, zero, -log_p)
    }
}

impl Formula<2, 1> for Surprise {
    compiled_here!(formula Surprise, 2);

    const NAME: &'static str = "surprise";
    #[inline(always)]
    fn eval<R: Real>(&self, x: [R; 2]) -> [R; 1] {
        [x[0] * Self::of(x)]
    }
    #[inline(always)]
    fn partials<R: Real>(&self, x: [R; 2], _: [R; 1]) -> [[Partial<R>; 2]; 1] {
        [[Partial::Value(Self::of(x)), Partial::Zero]]
    }
}
