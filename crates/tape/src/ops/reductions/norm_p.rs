//! `norm_p`: the norm of any order over axes.
//!
//! - shape: x\[s\] → y\[s without the axes, or with length 1 there\]
//! - value: y = (Σ |x|ᵖ)^(1/p) over the axes, p > 0, without overflow; max |x| for p = ∞
//! - rule: x̄ = ȳ sign(x) (|x| / y)ᵖ⁻¹, and 0 where y = 0
//! - edges: smooth where no element is 0 for p > 1; where y = 0 the slope and the second derivative
//!   are 0, and for p ≤ 1 so are those of an element that is 0; for p = ∞ elements that tie share equally;
//!   a row whose cotangent is 0 has gradient 0, also where it is NaN
//! - source: Higham 2002, Accuracy and Stability of Numerical Algorithms, 6.1

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
    /// The norm (Σ |x|ᵖ)^(1/p) over `axes`, all if there are none in the list; `keep` leaves them
    /// with length 1. For p = ∞ it is the greatest |x|. No power overflows or vanishes: it
    /// is off by at most 1 unit in the last place in `f32`, the gradient by 6, and by a few in `f64`. Where it is 0 the gradient is 0; for p ≤ 1 so
    /// is that of an element that is 0.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([3.0, -4.0]));
    /// let norms = [1.0, 2.0, f64::INFINITY].map(|p| x.norm_p(p, &[], false).item());
    /// assert_eq!(norms, [7.0, 5.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If p is not above 0, an axis is out of range or named twice, or, for p = ∞, has size 0.
    #[track_caller]
    pub fn norm_p(self, p: f64, axes: &[isize], keep: bool) -> Self {
        assert!(p > 0.0, "norm_p: the order {p} is not above 0");
        if p == 1.0 {
            return self.abs().sum_axes(axes, keep);
        }
        if p == 2.0 {
            return self.norm(axes, keep);
        }
        if p == f64::INFINITY {
            return self.abs().amax(axes, keep);
        }
        let axes = or_panic(AxisSet::new("norm_p", &self.shape(), axes));
        self.tape().apply(NormP { p, axes, keep }, [self])
    }
}

#[derive(Clone, Copy)]
struct NormP {
    p: f64,
    axes: AxisSet,
    keep: bool,
}

impl NormP {
    /// sign(x) (|x| / y)ᵖ⁻¹, and 0 where y = 0, or where x = 0 and p < 1.
    #[track_caller]
    fn slope<'t, T: Float>(self, x: Var<'t, T>, y: Var<'t, T>) -> Var<'t, T> {
        let [zero, one] = [0.0, 1.0].map(|value| x.tape().scalar(value));
        let y = y.stretch(self.axes, &x.shape());
        let share = x.abs() / Var::select_equal(y, zero, one, y);
        let at_zero = if self.p < 1.0 { x } else { y };
        let power = Var::select_equal(at_zero, zero, one, share).powf(self.p - 1.0);
        let power = Var::select_equal(at_zero, zero, zero, power);
        Var::select_less(x, zero, -power, power)
    }
}

impl<T: Float> Op<T> for NormP {
    compiled_here!(op NormP);

    fn name(&self) -> &'static str {
        "norm_p"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(
            inputs[0].reduced(&self.axes.axes(), self.keep),
            1,
        ))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        wengert_tensor::kernels::norm_p(&inputs[0], self.p, &self.axes.axes(), outputs[0]);
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
    let value = |x: &Tensor<f64>, p: f64, axes: &[usize], keep| {
        vec![plain::reduced(x, axes, keep, |line| {
            line.iter().map(|x| x.abs().powf(p)).sum::<f64>().powf(1.0 / p)
        })]
    };
    Samples::new("norm_p")
        .case("all", &[&[3, 4]], |x| vec![x[0].norm_p(3.0, &[], false)])
        .gives(move |x| value(&x[0], 3.0, &[0, 1], false))
        .case("outer", &[&[3, 4, 5]], |x| vec![x[0].norm_p(2.5, &[0], false)])
        .gives(move |x| value(&x[0], 2.5, &[0], false))
        .case("inner, kept", &[&[3, 4]], |x| vec![x[0].norm_p(4.0, &[-1], true)])
        .gives(move |x| value(&x[0], 4.0, &[1], true))
        .case("two of three", &[&[3, 4, 5]], |x| {
            vec![x[0].norm_p(3.0, &[0, 2], false)]
        })
        .gives(move |x| value(&x[0], 3.0, &[0, 2], false))
        .case("no rows", &[&[0, 3]], |x| vec![x[0].norm_p(3.0, &[1], false)])
        .gives(move |x| value(&x[0], 3.0, &[1], false))
        .bad(
            &[&[2, 3]],
            "norm_p: axis 2 is out of range for the shape [2, 3]",
            |x| vec![x[0].norm_p(3.0, &[2], false)],
        )
}
