//! `amin`: the least element along axes.
//!
//! - shape: x\[s\] → y\[s without the axes, or with length 1 there\]; none of the axes has size 0
//! - value: y = min x over the axes; NaN if one is
//! - rule: x̄ = ȳ / n where x = y, 0 elsewhere, with n the number of elements that are equal to y
//! - edges: smooth where one element is the least; elements that tie share equally; the gradient
//!   of NaN is NaN, but 0 where the cotangent is
//! - source: the subgradient policy of this library

use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};

use crate::record::attributes::AxisSet;
use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::ops::amax::shares;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
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
    #[track_caller]
    pub fn amin(self, axes: &[isize], keep: bool) -> Self {
        let axes = or_panic(AxisSet::new("amin", &self.shape(), axes));
        self.tape().apply(Amin { axes, keep }, [self])
    }
}

#[derive(Clone, Copy)]
struct Amin {
    axes: AxisSet,
    keep: bool,
}

impl<T: Float> Op<T> for Amin {
    compiled_here!(op Amin);

    fn name(&self) -> &'static str {
        "amin"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        let axes = self.axes.axes();
        wengert_tensor::kernels::check_nonempty("amin", &inputs[0], &axes)?;
        Ok(Shapes::from_elem(inputs[0].reduced(&axes, self.keep), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        wengert_tensor::kernels::amin(&inputs[0], &self.axes.axes(), outputs[0]);
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
        vec![plain::reduced(x, axes, keep, |line| line.iter().copied().fold(f64::INFINITY, f64::min))]
    };
    Samples::new("amin")
        .case("all", &[&[3, 4]], |x| vec![x[0].amin(&[], false)])
        .gives(move |x| value(&x[0], &[0, 1], false))
        .case("a scalar", &[&[]], |x| vec![x[0].amin(&[], true)])
        .gives(|x| vec![x[0].clone()])
        .case("outer", &[&[3, 4, 5]], |x| vec![x[0].amin(&[0], false)])
        .gives(move |x| value(&x[0], &[0], false))
        .case("inner, kept", &[&[3, 4]], |x| vec![x[0].amin(&[-1], true)])
        .gives(move |x| value(&x[0], &[1], true))
        .case("two of three", &[&[3, 4, 5]], |x| {
            vec![x[0].amin(&[0, 2], false)]
        })
        .gives(move |x| value(&x[0], &[0, 2], false))
        .case("no rows", &[&[0, 3]], |x| vec![x[0].amin(&[1], false)])
        .gives(move |x| value(&x[0], &[1], false))
        .bad(
            &[&[2, 0]],
            "amin: cannot reduce an axis of size 0: axis 1 of [2, 0]",
            |x| vec![x[0].amin(&[1], false)],
        )
}
