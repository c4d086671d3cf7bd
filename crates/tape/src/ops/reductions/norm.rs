//! `norm`: the Euclidean norm over axes.
//!
//! - shape: x\[s\] → y\[s without the axes, or with length 1 there\]
//! - value: y = √Σ x² over the axes
//! - rule: x̄ = ȳ x / y, and 0 where y = 0
//! - edges: smooth but at 0, where the slope and the second derivative are 0; the norm of nothing
//!   is 0; beside an infinite element the slopes are 0, its own is NaN; a row whose cotangent is 0 has
//!   gradient 0, also where it is NaN
//! - source: the subgradient policy of this library

use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};

use crate::record::attributes::AxisSet;
use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The Euclidean norm over `axes`, all if there are none in the list; `keep` leaves them with
    /// length 1. No square overflows or vanishes: it is off by at most 1 unit in the last place in `f32`,
    /// the gradient by 2, and by a few in `f64`.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([3.0, -4.0]));
    /// let y = x.norm(&[], false);
    /// assert_eq!(y.item(), 5.0);
    /// let x_bar = y.backward().wrt(x).unwrap();
    /// assert!(x_bar.allclose(&Tensor::from([0.6, -0.8]), 1e-15, 1e-15));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn norm(self, axes: &[isize], keep: bool) -> Self {
        let axes = or_panic(AxisSet::new("norm", &self.shape(), axes));
        self.tape().apply(Norm { axes, keep }, [self])
    }
}

#[derive(Clone, Copy)]
struct Norm {
    axes: AxisSet,
    keep: bool,
}

impl Norm {
    /// x / y, and 0 where y = 0, with all its derivatives. The inverse of y may be out of range.
    #[track_caller]
    fn slope<'t, T: Float>(self, x: Var<'t, T>, y: Var<'t, T>) -> Var<'t, T> {
        let [zero, infinity] = [0.0, f64::INFINITY].map(|value| y.tape().scalar(value));
        x / Var::select_equal(y, zero, infinity, y).stretch(self.axes, &x.shape())
    }
}

impl<T: Float> Op<T> for Norm {
    compiled_here!(op Norm);

    fn name(&self) -> &'static str {
        "norm"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(
            inputs[0].reduced(&self.axes.axes(), self.keep),
            1,
        ))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        wengert_tensor::kernels::norm(&inputs[0], &self.axes.axes(), outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let y_bar = rule.cotangent().stretch(self.axes, &rule.x_shape(0));
        rule.give(0, Var::absorb(y_bar, self.slope(rule.x(0), rule.y(0))));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            let slope = self.slope(rule.x(0), rule.y(0));
            let y_dot = Var::absorb(x_dot, slope).sum_over(self.axes);
            rule.give(0, y_dot.with_shape(&rule.y_shape(0)));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let value = |x: &Tensor<f64>, axes: &[usize], keep| {
        vec![plain::reduced(x, axes, keep, |line| line.iter().map(|x| x * x).sum::<f64>().sqrt())]
    };
    Samples::new("norm")
        .case("all", &[&[3, 4]], |x| vec![x[0].norm(&[], false)])
        .gives(move |x| value(&x[0], &[0, 1], false))
        .case("outer", &[&[3, 4, 5]], |x| vec![x[0].norm(&[0], false)])
        .gives(move |x| value(&x[0], &[0], false))
        .case("inner, kept", &[&[3, 4]], |x| vec![x[0].norm(&[-1], true)])
        .gives(move |x| value(&x[0], &[1], true))
        .case("two of three", &[&[3, 4, 5]], |x| {
            vec![x[0].norm(&[0, 2], false)]
        })
        .gives(move |x| value(&x[0], &[0, 2], false))
        .case("no rows", &[&[0, 3]], |x| vec![x[0].norm(&[1], false)])
        .gives(move |x| value(&x[0], &[1], false))
        .bad(
            &[&[2, 3]],
            "norm: axis 2 is out of range for the shape [2, 3]",
            |x| vec![x[0].norm(&[2], false)],
        )
}
