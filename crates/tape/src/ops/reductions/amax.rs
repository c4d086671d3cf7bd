//! `amax`: the greatest or, by `amin`, the least element along axes.
//!
//! - shape: x\[s\] → y\[s without the axes, or with length 1 there\]; none of the axes has size 0
//! - value: y = max x, or min x, over the axes; NaN if one is
//! - rule: x̄ = ȳ / n where x = y, 0 elsewhere, with n the number of elements that are equal to y
//! - edges: smooth where one element is the greatest, or the least; elements that tie share equally; the
//!   gradient of NaN is NaN, but 0 where the cotangent is
//! - source: the subgradient policy of this library

use wengert_tensor::{Float, Shape, ShapeError, Tensor, View, kernels};

use crate::record::attributes::AxisSet;
use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The greatest element over `axes`, all if there are none in the list; `keep` leaves them with
    /// length 1.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 6.0, 6.0, 1.0]));
    /// let y = x.amax(&[], false);
    /// assert_eq!(y.item(), 6.0);
    /// assert_eq!(y.backward().wrt(x).unwrap().to_vec(), [0.0, 0.5, 0.5, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range, named twice or of size 0.
    #[doc(alias = "reduce_max")]
    #[track_caller]
    pub fn amax(self, axes: &[isize], keep: bool) -> Self {
        self.extreme(false, axes, keep)
    }

    /// The least element over `axes`, all if there are none in the list; `keep` leaves them with
    /// length 1.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 6.0, 6.0, 1.0]));
    /// let y = x.amin(&[], false);
    /// assert_eq!(y.item(), 1.0);
    /// assert_eq!(y.backward().wrt(x).unwrap().to_vec(), [0.5, 0.0, 0.0, 0.5]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range, named twice or of size 0.
    #[doc(alias = "reduce_min")]
    #[track_caller]
    pub fn amin(self, axes: &[isize], keep: bool) -> Self {
        self.extreme(true, axes, keep)
    }

    /// The least and the greatest element over `axes`, all if there are none in the list; `keep` leaves them
    /// with length 1.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let (least, greatest) = tape.leaf(&Tensor::from([1.0, 6.0, 3.0])).aminmax(&[], false);
    /// assert_eq!((least.item(), greatest.item()), (1.0, 6.0));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range, named twice or of size 0.
    #[track_caller]
    pub fn aminmax(self, axes: &[isize], keep: bool) -> (Self, Self) {
        (self.amin(axes, keep), self.amax(axes, keep))
    }

    #[track_caller]
    fn extreme(self, least: bool, axes: &[isize], keep: bool) -> Self {
        let axes = or_panic(AxisSet::new(name(least), &self.shape(), axes));
        self.tape().apply(Extreme { least, axes, keep }, [self])
    }
}

fn name(least: bool) -> &'static str {
    if least { "amin" } else { "amax" }
}

/// 1 / n for each of the n elements of `x` along `axes` that are equal to their extreme `y`, 0 for
/// the others.
#[track_caller]
pub(in crate::ops) fn shares<'t, T: Float>(x: Var<'t, T>, y: Var<'t, T>, axes: AxisSet) -> Var<'t, T> {
    let (x, y) = (x.detach(), y.detach());
    let [zero, one] = [0.0, 1.0].map(|value| x.tape().scalar(value));
    let mask = Var::select_equal(x, y.stretch(axes, &x.shape()), one, zero);
    mask / mask.sum_over(axes)
}

#[derive(Clone, Copy)]
struct Extreme {
    least: bool,
    axes: AxisSet,
    keep: bool,
}

impl<T: Float> Op<T> for Extreme {
    compiled_here!(op Extreme);

    fn name(&self) -> &'static str {
        name(self.least)
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        let axes = self.axes.axes();
        kernels::check_nonempty(name(self.least), &inputs[0], &axes)?;
        Ok(Shapes::from_elem(inputs[0].reduced(&axes, self.keep), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let reduce = if self.least { kernels::amin::<T> } else { kernels::amax::<T> };
        reduce(&inputs[0], &self.axes.axes(), outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let shares = shares(rule.x(0), rule.y(0), self.axes);
        let y_bar = rule.cotangent().stretch(self.axes, &rule.x_shape(0));
        rule.give(0, Var::absorb(y_bar, shares));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            let shares = shares(rule.x(0), rule.y(0), self.axes);
            let y_dot = Var::absorb(x_dot, shares).sum_over(self.axes);
            rule.give(0, y_dot.with_shape(&rule.y_shape(0)));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let value = |x: &Tensor<f64>, axes: &[usize], keep| {
        plain::reduced(x, axes, keep, |line| line.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    };
    let least = |x: &Tensor<f64>, axes: &[usize], keep| {
        plain::reduced(x, axes, keep, |line| line.iter().copied().fold(f64::INFINITY, f64::min))
    };
    Samples::new("amax")
        .case("all", &[&[3, 4]], |x| vec![x[0].amax(&[], false)])
        .gives(move |x| vec![value(&x[0], &[0, 1], false)])
        .case("a scalar", &[&[]], |x| vec![x[0].amax(&[], true)])
        .gives(|x| vec![x[0].clone()])
        .case("outer", &[&[3, 4, 5]], |x| vec![x[0].amax(&[0], false)])
        .gives(move |x| vec![value(&x[0], &[0], false)])
        .case("inner, kept", &[&[3, 4]], |x| vec![x[0].amax(&[-1], true)])
        .gives(move |x| vec![value(&x[0], &[1], true)])
        .case("two of three", &[&[3, 4, 5]], |x| vec![x[0].amax(&[0, 2], false)])
        .gives(move |x| vec![value(&x[0], &[0, 2], false)])
        .case("no rows", &[&[0, 3]], |x| vec![x[0].amax(&[1], false)])
        .gives(move |x| vec![value(&x[0], &[1], false)])
        .case("the least of all", &[&[3, 4]], |x| vec![x[0].amin(&[], false)])
        .gives(move |x| vec![least(&x[0], &[0, 1], false)])
        .case("the least of a scalar", &[&[]], |x| vec![x[0].amin(&[], true)])
        .gives(|x| vec![x[0].clone()])
        .case("the least, inner, kept", &[&[3, 4]], |x| vec![x[0].amin(&[-1], true)])
        .gives(move |x| vec![least(&x[0], &[1], true)])
        .case("the least of two of three", &[&[3, 4, 5]], |x| vec![x[0].amin(&[0, 2], false)])
        .gives(move |x| vec![least(&x[0], &[0, 2], false)])
        .case("both, outer", &[&[3, 4, 5]], |x| {
            let (least, greatest) = x[0].aminmax(&[0], false);
            vec![least, greatest]
        })
        .gives(move |x| vec![least(&x[0], &[0], false), value(&x[0], &[0], false)])
        .bad(
            &[&[2, 0]],
            "amax: cannot reduce an axis of size 0: axis 1 of [2, 0]",
            |x| vec![x[0].amax(&[1], false)],
        )
        .bad(
            &[&[2, 0]],
            "amin: cannot reduce an axis of size 0: axis 1 of [2, 0]",
            |x| vec![x[0].amin(&[1], false)],
        )
}
