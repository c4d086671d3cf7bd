//! `logsumexp`: the logarithm of the sum of exponentials over axes.
//!
//! - shape: x\[s\] → y\[s without the axes, or with length 1 there\]
//! - value: y = ln Σ eˣ over the axes, without overflow
//! - rule: x̄ = ȳ softmax(x) over the axes: y itself may have rounded its digits away
//! - edges: everywhere smooth; elements −∞ are masked; where all are, or where there is none, y is
//!   −∞ with gradient 0; where elements are +∞ y is, and these share its cotangent equally; a row whose
//!   cotangent is 0 has gradient 0, also where it is NaN
//! - source: Blanchard, Higham and Higham 2021, Accurately computing the log-sum-exp and softmax
//!   functions

use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};

use crate::record::attributes::AxisSet;
use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::ops::rows::through_rows;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// ln Σ eˣ over `axes`, all if there are none in the list; `keep` leaves them with length 1. Off by
    /// at most 1 unit in the last place, of the greatest element if this is greater; the gradient by 4 of
    /// the row's greatest.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1000.0, 1000.0]));
    /// assert_eq!(x.logsumexp(&[], false).item(), 1000.0 + 2.0_f64.ln());
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn logsumexp(self, axes: &[isize], keep: bool) -> Self {
        let axes = or_panic(AxisSet::new("logsumexp", &self.shape(), axes));
        self.tape().apply(LogSumExp { axes, keep }, [self])
    }
}

#[derive(Clone, Copy)]
struct LogSumExp {
    axes: AxisSet,
    keep: bool,
}

impl LogSumExp {
    /// The softmax of `x` over the axes.
    #[track_caller]
    fn weights<T: Float>(self, x: Var<'_, T>) -> Var<'_, T> {
        match self.axes.axes()[..] {
            [axis] => x.softmax(axis as isize),
            _ => through_rows(x, self.axes, |rows| rows.softmax(1)),
        }
    }
}

impl<T: Float> Op<T> for LogSumExp {
    compiled_here!(op LogSumExp);

    fn name(&self) -> &'static str {
        "logsumexp"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(
            inputs[0].reduced(&self.axes.axes(), self.keep),
            1,
        ))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        wengert_tensor::kernels::logsumexp(&inputs[0], &self.axes.axes(), outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let y_bar = rule.cotangent().stretch(self.axes, &rule.x_shape(0));
        rule.give(0, Var::absorb(y_bar, self.weights(rule.x(0))));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            let y_dot = Var::absorb(x_dot, self.weights(rule.x(0))).sum_over(self.axes);
            rule.give(0, y_dot.with_shape(&rule.y_shape(0)));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let value = |x: &Tensor<f64>, axes: &[usize], keep| {
        let of = |line: &[f64]| {
            let most = line.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            most + line.iter().map(|x| (x - most).exp()).sum::<f64>().ln()
        };
        vec![plain::reduced(x, axes, keep, of)]
    };
    Samples::new("logsumexp")
        .case("all", &[&[3, 4]], |x| vec![x[0].logsumexp(&[], false)])
        .gives(move |x| value(&x[0], &[0, 1], false))
        .case("a scalar", &[&[]], |x| vec![x[0].logsumexp(&[], false)])
        .gives(|x| vec![x[0].clone()])
        .case("outer", &[&[3, 4, 5]], |x| {
            vec![x[0].logsumexp(&[0], false)]
        })
        .gives(move |x| value(&x[0], &[0], false))
        .case("inner, kept", &[&[3, 4]], |x| {
            vec![x[0].logsumexp(&[-1], true)]
        })
        .gives(move |x| value(&x[0], &[1], true))
        .case("two of three", &[&[3, 4, 5]], |x| {
            vec![x[0].logsumexp(&[0, 2], false)]
        })
        .gives(move |x| value(&x[0], &[0, 2], false))
        .case("no rows", &[&[0, 3]], |x| vec![x[0].logsumexp(&[1], false)])
        .gives(move |x| value(&x[0], &[1], false))
        .case("large", &[&[2, 3]], |x| {
            vec![(x[0] * 300.0).logsumexp(&[1], false)]
        })
        .gives(move |x| value(&x[0].map(|x| x * 300.0), &[1], false))
        .bad(
            &[&[2, 3]],
            "logsumexp: axis 2 is out of range for the shape [2, 3]",
            |x| vec![x[0].logsumexp(&[2], false)],
        )
}
