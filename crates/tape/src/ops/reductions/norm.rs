//! `norm`: the Euclidean norm over axes, and by `norm_p` that of any order.
//!
//! - shape: x\[s\] → y\[s without the axes, or with length 1 there\]
//! - value: y = √Σ x², or (Σ |x|ᵖ)^(1/p), over the axes, without overflow; max |x| for p = ∞, min |x| for
//!   p = −∞, and the number of elements that are not 0 for p = 0
//! - rule: x̄ = ȳ sign(x) (|x| / y)ᵖ⁻¹, and 0 where y = 0
//! - edges: smooth where no element is 0 for p > 1, and p = 2 but at 0; where y = 0 the slope and the second
//!   derivative are 0, and for p ≤ 1 so are those of an element that is 0; for p = ±∞ elements that tie share
//!   equally; for p = 0 the slope is 0; the norm of nothing is 0, and +∞ for p < 0; beside an infinite element
//!   the slopes are 0, its own is NaN; a row whose cotangent is 0 has gradient 0, also where it is NaN
//! - source: Higham 2002, Accuracy and Stability of Numerical Algorithms, 6.1; the subgradient policy of this
//!   library

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
        self.tape().apply(Norm { p: 2.0, axes, keep }, [self])
    }

    /// The norm (Σ |x|ᵖ)^(1/p) over `axes`, all if there are none in the list; `keep` leaves them
    /// with length 1. For p = ∞ it is the greatest |x|, for p = −∞ the least, and for p = 0 the number of
    /// elements that are not 0. No power overflows or vanishes: it is off by at most 1 unit in the last place
    /// in `f32`, the gradient by 6, and by a few in `f64`. Where it is 0 the gradient is 0; for p ≤ 1 so is that
    /// of an element that is 0.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([3.0, -4.0]));
    /// let norms = [0.0, 1.0, 2.0, f64::INFINITY].map(|p| x.norm_p(p, &[], false).item());
    /// assert_eq!(norms, [2.0, 7.0, 5.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If p is NaN, an axis is out of range or named twice, or, for p = ±∞, has size 0.
    #[doc(alias = "vector_norm")]
    #[track_caller]
    pub fn norm_p(self, p: f64, axes: &[isize], keep: bool) -> Self {
        assert!(!p.is_nan(), "norm_p: the order is NaN");
        match p {
            0.0 => return self.tape().constant(&self.value().norm_p(p, axes, keep)),
            1.0 => return self.abs().sum_axes(axes, keep),
            2.0 => return self.norm(axes, keep),
            f64::INFINITY => return self.abs().amax(axes, keep),
            f64::NEG_INFINITY => return self.abs().amin(axes, keep),
            _ => {}
        }
        let axes = or_panic(AxisSet::new("norm_p", &self.shape(), axes));
        self.tape().apply(Norm { p, axes, keep }, [self])
    }
}

#[derive(Clone, Copy)]
struct Norm {
    p: f64,
    axes: AxisSet,
    keep: bool,
}

impl Norm {
    /// x / y for p = 2, else sign(x) (|x| / y)ᵖ⁻¹; 0 where y = 0, or where x = 0 and p < 1; with all its
    /// derivatives. The inverse of y may be out of range.
    #[track_caller]
    fn slope<'t, T: Float>(self, x: Var<'t, T>, y: Var<'t, T>) -> Var<'t, T> {
        let [zero, one, infinity] = [0.0, 1.0, f64::INFINITY].map(|value| x.tape().scalar(value));
        if self.p == 2.0 {
            return x / Var::select_equal(y, zero, infinity, y).stretch(self.axes, &x.shape());
        }
        let y = y.stretch(self.axes, &x.shape());
        let share = x.abs() / Var::select_equal(y, zero, one, y);
        let share = if self.p < 1.0 { Var::select_equal(x, zero, one, share) } else { share };
        let power = Var::select_equal(y, zero, one, share).powf(self.p - 1.0);
        let power = if self.p < 1.0 { Var::select_equal(x, zero, zero, power) } else { power };
        let power = Var::select_equal(y, zero, zero, power);
        Var::select_less(x, zero, -power, power)
    }
}

impl<T: Float> Op<T> for Norm {
    compiled_here!(op Norm);

    fn name(&self) -> &'static str {
        if self.p == 2.0 { "norm" } else { "norm_p" }
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(
            inputs[0].reduced(&self.axes.axes(), self.keep),
            1,
        ))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let axes = self.axes.axes();
        match self.p {
            2.0 => kernels::norm(&inputs[0], &axes, outputs[0]),
            p => kernels::norm_p(&inputs[0], p, &axes, outputs[0]),
        }
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
        vec![plain::reduced(x, axes, keep, |line| match p {
            f64::INFINITY => line.iter().fold(0.0, |a, b| b.abs().max(a)),
            f64::NEG_INFINITY => line.iter().fold(f64::INFINITY, |a, b| b.abs().min(a)),
            p => line.iter().map(|x| x.abs().powf(p)).sum::<f64>().powf(1.0 / p),
        })]
    };
    Samples::new("norm")
        .case("all", &[&[3, 4]], |x| vec![x[0].norm(&[], false)])
        .gives(move |x| value(&x[0], 2.0, &[0, 1], false))
        .case("outer", &[&[3, 4, 5]], |x| vec![x[0].norm(&[0], false)])
        .gives(move |x| value(&x[0], 2.0, &[0], false))
        .case("inner, kept", &[&[3, 4]], |x| vec![x[0].norm(&[-1], true)])
        .gives(move |x| value(&x[0], 2.0, &[1], true))
        .case("two of three", &[&[3, 4, 5]], |x| {
            vec![x[0].norm(&[0, 2], false)]
        })
        .gives(move |x| value(&x[0], 2.0, &[0, 2], false))
        .case("no rows", &[&[0, 3]], |x| vec![x[0].norm(&[1], false)])
        .gives(move |x| value(&x[0], 2.0, &[1], false))
        .case("of order 3, all", &[&[3, 4]], |x| vec![x[0].norm_p(3.0, &[], false)])
        .gives(move |x| value(&x[0], 3.0, &[0, 1], false))
        .case("of order 5/2, outer", &[&[3, 4, 5]], |x| vec![x[0].norm_p(2.5, &[0], false)])
        .gives(move |x| value(&x[0], 2.5, &[0], false))
        .case("of order 4, inner, kept", &[&[3, 4]], |x| vec![x[0].norm_p(4.0, &[-1], true)])
        .gives(move |x| value(&x[0], 4.0, &[1], true))
        .case("of order -1, two of three", &[&[3, 4, 5]], |x| {
            vec![x[0].norm_p(-1.0, &[0, 2], false)]
        })
        .gives(move |x| value(&x[0], -1.0, &[0, 2], false))
        .case("of order 3, no rows", &[&[0, 3]], |x| vec![x[0].norm_p(3.0, &[1], false)])
        .gives(move |x| value(&x[0], 3.0, &[1], false))
        .case("of orders 1 and 2", &[&[3, 4]], |x| {
            vec![x[0].norm_p(1.0, &[1], false), x[0].norm_p(2.0, &[0], false)]
        })
        .gives(move |x| [value(&x[0], 1.0, &[1], false), value(&x[0], 2.0, &[0], false)].concat())
        .case("the greatest and the least", &[&[3, 4]], |x| {
            [f64::INFINITY, f64::NEG_INFINITY].map(|p| x[0].norm_p(p, &[1], true)).to_vec()
        })
        .gives(move |x| {
            [f64::INFINITY, f64::NEG_INFINITY].map(|p| value(&x[0], p, &[1], true)).concat()
        })
        .bad(&[&[2, 3]], "norm: axis 2 is out of range for the shape [2, 3]", |x| {
            vec![x[0].norm(&[2], false)]
        })
        .bad(&[&[2, 3]], "norm_p: axis 2 is out of range for the shape [2, 3]", |x| {
            vec![x[0].norm_p(3.0, &[2], false)]
        })
}
