//! `logcumsumexp`: running logarithms of sums of exponentials along an axis.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y_k = ln Σ e^(x_j) over j ≤ k along the axis, without overflow
//! - rule: x̄_k = p_k s_k, where s_k = ȳ_k + (1 − p_(k+1)) s_(k+1), and p_k is the share of the k-th in its sum
//! - edges: everywhere smooth; elements −∞ are masked: y is −∞ as long as all are, with gradient 0; from the
//!   first +∞ on y is +∞, and the elements +∞ so far share equally; NaN from the first on; a cotangent of 0
//!   stays 0, also beside NaN
//! - source: Blanchard, Higham and Higham 2021, Accurately computing the log-sum-exp and softmax functions

use wengert_tensor::{Float, Shape, ShapeError, Tensor, View, kernels};

use super::linear_recurrence::{neighbors, pulled, pushed};
use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::record::var::Var;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<T: Float> Var<'_, T> {
    /// ln Σ eˣ of the elements so far along `axis`, without overflow: −∞ as long as all are. Off by at most 1
    /// unit in the last place in `f32`, of the greatest element if this is greater, and by a few in `f64`.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1000.0, 1000.0]));
    /// let y = x.logcumsumexp(0);
    /// assert_eq!(y.value(), Tensor::from([1000.0, 1000.0 + 2.0_f64.ln()]));
    /// assert_eq!(y.sum().backward().wrt(x).unwrap(), Tensor::from([1.5, 0.5]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[doc(alias = "cumlogsumexp")]
    #[track_caller]
    pub fn logcumsumexp(self, axis: isize) -> Self {
        let axis = or_panic(self.shape().axis("logcumsumexp", axis));
        self.tape().apply(LogCumsumexp { axis }, [self])
    }
}

#[derive(Clone, Copy)]
struct LogCumsumexp {
    axis: usize,
}

impl<T: Float> Op<T> for LogCumsumexp {
    compiled_here!(op LogCumsumexp);

    fn name(&self) -> &'static str {
        "logcumsumexp"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(inputs[0].clone(), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        kernels::logcumsumexp(&inputs[0], self.axis, outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let shares = Shares { axis: self.axis };
        rule.give(0, shares.pull(shares.of(rule.x(0)), rule.cotangent()));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            let shares = Shares { axis: self.axis };
            rule.give(0, shares.push(shares.of(rule.x(0)), x_dot));
        }
    }
}

/// The share of each element in the sum of exponentials up to it, and that of all before it: y itself may have
/// rounded their digits away.
#[derive(Clone, Copy)]
struct Shares {
    axis: usize,
}

impl Shares {
    #[track_caller]
    fn of<T: Float>(self, x: Var<'_, T>) -> [Var<'_, T>; 2] {
        let shares = x.tape().apply_all(self, &[x]);
        [shares[0], shares[1]]
    }

    /// The cotangent of x, from that of y.
    #[track_caller]
    fn pull<'t, T: Float>(self, [own, before]: [Var<'t, T>; 2], y_bar: Var<'t, T>) -> Var<'t, T> {
        Var::absorb(pulled(before, y_bar, self.axis, false), own)
    }

    /// The tangent of y, from that of x.
    #[track_caller]
    fn push<'t, T: Float>(self, [own, before]: [Var<'t, T>; 2], x_dot: Var<'t, T>) -> Var<'t, T> {
        pushed(before, Var::absorb(x_dot, own), self.axis, false)
    }
}

impl<T: Float> Op<T> for Shares {
    compiled_here!(op Shares);

    fn name(&self) -> &'static str {
        "logcumsumexp_shares"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(inputs[0].clone(), 2))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        if let [own, before] = outputs {
            kernels::logcumsumexp_shares(&inputs[0], self.axis, own, before);
        }
    }
    // With p the share of an element and q that of those before it, dp = p q (dx − dy) with the y before it,
    // and dq = −dp.
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let shares = [rule.y(0), rule.y(1)];
        let bar = match [rule.y_bar(0), rule.y_bar(1)] {
            [Some(own), Some(before)] => own - before,
            [Some(own), None] => own,
            [None, Some(before)] => -before,
            [None, None] => return,
        };
        let x_bar = Var::absorb(bar, shares[0] * shares[1]);
        let y_bar = -neighbors(x_bar, self.axis, true, 0.0);
        rule.give(0, x_bar + self.pull(shares, y_bar));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            let shares = [rule.y(0), rule.y(1)];
            let y_dot = neighbors(self.push(shares, x_dot), self.axis, false, 0.0);
            let dot = Var::absorb(x_dot - y_dot, shares[0] * shares[1]);
            rule.give(0, dot);
            rule.give(1, -dot);
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let value = |x: &Tensor<f64>, axis: usize| {
        let log = |part: &[f64]| {
            let most = part.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            most + part.iter().map(|x| (x - most).exp()).sum::<f64>().ln()
        };
        vec![plain::along(x, axis, |line| (1..=line.len()).map(|k| log(&line[..k])).collect())]
    };
    Samples::new("logcumsumexp")
        .case("a line", &[&[5]], |x| vec![x[0].logcumsumexp(0)])
        .gives(move |x| value(&x[0], 0))
        .case("inner", &[&[3, 4]], |x| vec![x[0].logcumsumexp(-1)])
        .gives(move |x| value(&x[0], 1))
        .case("outer, wide", &[&[3, 9]], |x| vec![x[0].logcumsumexp(0)])
        .gives(move |x| value(&x[0], 0))
        .case("large", &[&[2, 3]], |x| vec![(x[0] * 300.0).logcumsumexp(1)])
        .gives(move |x| value(&x[0].map(|x| x * 300.0), 1))
        .case("the shares", &[&[2, 4]], |x| Shares { axis: 1 }.of(x[0]).to_vec())
        .gives(|x| {
            let share = |line: &[f64], k: usize| {
                line[k].exp() / line[..=k].iter().map(|x| x.exp()).sum::<f64>()
            };
            let own = plain::along(&x[0], 1, |line| (0..4).map(|k| share(line, k)).collect());
            let before = own.map(|share| 1.0 - share);
            vec![own, before]
        })
        .case("nothing", &[&[0, 3]], |x| vec![x[0].logcumsumexp(0)])
        .gives(|x| vec![x[0].clone()])
        .bad(&[&[2]], "logcumsumexp: axis 1 is out of range for the shape [2]", |x| {
            vec![x[0].logcumsumexp(1)]
        })
}
