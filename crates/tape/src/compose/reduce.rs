//! Reductions that follow from others.

use wengert_tensor::{Float, Tensor};

use crate::compiled_here;
use crate::formula::real::Real;
use crate::formula::{Formula, Partial};
use crate::record::recording::or_panic;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The mean of the elements at which the mask, which stretches to the shape, is true, over `axes`, all if
    /// there are none in the list; `keep` leaves them with length 1. NaN with gradient 0 where it is true nowhere.
    /// What is masked has gradient 0, whatever it is.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 100.0, 3.0]));
    /// let y = x.masked_mean(&x.lt(9.0), &[], false);
    /// assert_eq!(y.item(), 2.0);
    /// assert_eq!(y.backward().wrt(x).unwrap(), Tensor::from([0.5, 0.0, 0.5]));
    /// ```
    ///
    /// # Panics
    /// If the mask does not stretch to the shape, or an axis is out of range or named twice.
    #[track_caller]
    pub fn masked_mean(self, mask: &Tensor<bool>, axes: &[isize], keep: bool) -> Self {
        let mask = mask.expand(self.shape());
        let mean = self.where_(&mask, 0.0).mean_axes(axes, keep);
        let counted = mask.count_nonzero(axes, keep).cast::<T>();
        let factor = all_of(self, mean) / counted.max(1.0);
        (mean * &factor).of_some(&counted)
    }

    /// The variance of the elements at which the mask, which stretches to the shape, is true, over `axes`, all
    /// if there are none in the list; `keep` leaves them with length 1. Of n such elements the divisor is
    /// n − `correction`; where that is not above 0 the variance is NaN with gradient 0. What is masked has
    /// gradient 0, whatever it is.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 100.0, 3.0]));
    /// assert_eq!(x.masked_var(&x.lt(9.0), &[], 1, false).item(), 2.0);
    /// ```
    ///
    /// # Panics
    /// If the mask does not stretch to the shape, or an axis is out of range or named twice.
    #[track_caller]
    pub fn masked_var(
        self,
        mask: &Tensor<bool>,
        axes: &[isize],
        correction: usize,
        keep: bool,
    ) -> Self {
        let (centered, divisor) = self.masked_centered(mask, axes, correction, keep);
        let mean = centered.square().mean_axes(axes, keep);
        let factor = all_of(self, mean) / divisor.max(1.0);
        (mean * &factor).of_some(&divisor)
    }

    /// The root of [`masked_var`](Var::masked_var), also where that is out of range. Where all these elements
    /// are equal it is 0, and so is the gradient.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 100.0, 5.0]));
    /// assert_eq!(x.masked_std(&x.lt(9.0), &[], 0, false).item(), 2.0);
    /// ```
    ///
    /// # Panics
    /// If the mask does not stretch to the shape, or an axis is out of range or named twice.
    #[track_caller]
    pub fn masked_std(
        self,
        mask: &Tensor<bool>,
        axes: &[isize],
        correction: usize,
        keep: bool,
    ) -> Self {
        let (centered, divisor) = self.masked_centered(mask, axes, correction, keep);
        (centered.norm(axes, keep) / &divisor.max(1.0).sqrt()).of_some(&divisor)
    }

    /// NaN, to which no gradient flows, where nothing was counted.
    #[track_caller]
    fn of_some(self, counted: &Tensor<T>) -> Self {
        let none = counted.eq(0.0);
        if none.any() {
            self.masked_fill(&none, f64::NAN)
        } else {
            self
        }
    }

    /// The elements at which the mask is true less their mean, 0 elsewhere; and n − `correction`.
    #[track_caller]
    fn masked_centered(
        self,
        mask: &Tensor<bool>,
        axes: &[isize],
        correction: usize,
        keep: bool,
    ) -> (Self, Tensor<T>) {
        let mask = &mask.expand(self.shape());
        let counted = mask.count_nonzero(axes, keep);
        let divisor = counted.map(|n| (n - correction as i64).max(0)).cast::<T>();
        if self.size() == 0 {
            return (self, divisor);
        }
        // Equal elements less one of them are exactly 0, and so is their mean.
        let greatest = self
            .detach()
            .where_(mask, f64::NEG_INFINITY)
            .amax(axes, true);
        let shifted = (self - greatest).where_(mask, 0.0);
        let mean = shifted.masked_mean(mask, axes, true);
        ((shifted - mean).where_(mask, 0.0), divisor)
    }

    /// The sum of the elements that are not NaN, over `axes`, all if there are none in the list; `keep` leaves
    /// them with length 1. Those that are NaN have gradient 0.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, f64::NAN, 3.0]));
    /// let y = x.nansum(&[], false);
    /// assert_eq!(y.item(), 4.0);
    /// assert_eq!(y.backward().wrt(x).unwrap(), Tensor::from([1.0, 0.0, 1.0]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn nansum(self, axes: &[isize], keep: bool) -> Self {
        self.where_(&!self.is_nan(), 0.0).sum_axes(axes, keep)
    }

    /// The mean of the elements that are not NaN, over `axes`, all if there are none in the list; `keep` leaves
    /// them with length 1. NaN where all are. Those that are NaN have gradient 0.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, f64::NAN, 3.0]));
    /// assert_eq!(x.nanmean(&[], false).item(), 2.0);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn nanmean(self, axes: &[isize], keep: bool) -> Self {
        self.masked_mean(&!self.is_nan(), axes, keep)
    }

    /// The differences of neighbors along `axis`, each less the one before, `n` times over. Each time the axis
    /// becomes one shorter, down to 0.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 4.0, 9.0]));
    /// assert_eq!(x.diff(1, 0).value(), Tensor::from([3.0, 5.0]));
    /// assert_eq!(x.diff(2, 0).value(), Tensor::from([2.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn diff(self, n: usize, axis: isize) -> Self {
        or_panic(self.shape().axis("diff", axis));
        let mut y = self;
        for _ in 0..n {
            y = y.slice(axis, 1..) - y.slice(axis, ..-1);
        }
        y
    }

    /// The means of the slices along axis 0 that belong together, as in [`segment_sum`](Var::segment_sum). A
    /// segment without slices is 0.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 2.0, 4.0]));
    /// let y = x.segment_mean(&Tensor::from([0, 2, 0]), 3);
    /// assert_eq!(y.value(), Tensor::from([2.5, 0.0, 2.0]));
    /// ```
    ///
    /// # Panics
    /// If it is a scalar, there are not as many numbers as slices, or one of them is out of range.
    #[doc(alias = "scatter_mean")]
    #[track_caller]
    pub fn segment_mean(self, segments: &Tensor<i64>, count: usize) -> Self {
        let sums = self.segment_sum(segments, count);
        let mut shape = vec![1; self.rank()];
        shape[0] = count as isize;
        sums / &segments.segment_sizes(count).reshape(&shape)
    }

    /// The exponentials of the slices along axis 0, divided by the sum of those that belong together, as in
    /// [`segment_sum`](Var::segment_sum): a softmax over each segment, element by element. As in
    /// [`softmax`](Var::softmax), −∞ is masked, also where all of a segment is.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1000.0, 5.0, 1000.0]));
    /// let y = x.segment_softmax(&Tensor::from([0, 1, 0]), 2);
    /// assert_eq!(y.value(), Tensor::from([0.5, 1.0, 0.5]));
    /// ```
    ///
    /// # Panics
    /// If it is a scalar, there are not as many numbers as slices, or one of them is out of range.
    #[doc(alias = "scatter_softmax")]
    #[track_caller]
    pub fn segment_softmax(self, segments: &Tensor<i64>, count: usize) -> Self {
        let greatest = self.detach().segment_max(segments, count);
        let masked = greatest.eq(f64::NEG_INFINITY);
        let shift = greatest.masked_fill(&masked, 0.0);
        let powers = (self - shift.index_select(0, segments)).exp();
        let sums = powers.segment_sum(segments, count);
        powers / sums.masked_fill(&masked, 1.0).index_select(0, segments)
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

/// How many elements of `x` one of `y`, which it was reduced to, is of.
fn all_of<T: Float>(x: Var<'_, T>, y: Var<'_, T>) -> f64 {
    x.size().checked_div(y.size()).unwrap_or(0) as f64
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
