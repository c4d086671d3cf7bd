//! `log_softmax`: the logarithm of the softmax along an axis.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = x − ln Σ eˣ along the axis, without overflow
//! - rule: x̄ = ȳ − eʸ Σ ȳ, taken as −(ȳ (eʸ − 1) + eʸ (Σ ȳ − ȳ)), of which no part cancels
//! - edges: everywhere smooth; elements −∞ are masked: y is −∞ there; where all are masked it is −∞
//!   throughout with gradient 0; elements +∞ share equally, and the others are −∞; a row whose
//!   cotangents are all 0 has gradient 0, also where it is NaN
//! - source: Bridle 1990, Probabilistic interpretation of feedforward classification network outputs

use wengert_tensor::kernels::{log_softmax, log_softmax_pullback};
use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::walk::direct::Direct;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::ops::softmax::{alive, from_greatest, in_place};
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// x − ln Σ eˣ along `axis`: log-probabilities in nats. Off by at most 2 units in the last place
    /// for logits of any size, and where it is nearly 0 by the distance of the two greatest logits more; so
    /// is the gradient.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([0.0, 0.0]));
    /// assert_eq!(x.log_softmax(-1).value().to_vec(), [-2.0_f64.ln(); 2]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn log_softmax(self, axis: isize) -> Self {
        let at = or_panic(self.shape().axis("log_softmax", axis));
        self.tape().apply(LogSoftmax { axis: at }, [self])
    }
}

#[derive(Clone, Copy)]
struct LogSoftmax {
    axis: usize,
}

impl LogSoftmax {
    /// The softmax, and `z` with zeros in the rows that are masked throughout.
    #[track_caller]
    fn parts<'t, T: Float>(self, y: Var<'t, T>, z: Var<'t, T>) -> [Var<'t, T>; 2] {
        let p = alive(y.exp(), z, self.axis);
        let zero = y.tape().scalar(0.0);
        // The sum is 1 but in a row that is masked throughout.
        let sum = p.detach().sum_axes(&[self.axis as isize], true);
        [p, Var::select_equal(sum, zero, zero, z)]
    }
}

impl<T: Float> Op<T> for LogSoftmax {
    compiled_here!(op LogSoftmax);

    fn name(&self) -> &'static str {
        "log_softmax"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        inputs[0].axis("log_softmax", self.axis as isize)?;
        Ok(Shapes::from_elem(inputs[0].clone(), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        log_softmax(&inputs[0], self.axis, outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let [p, y_bar] = self.parts(rule.y(0), rule.cotangent());
        let p_m1 = alive(rule.y(0).exp_m1(), y_bar, self.axis);
        let others = y_bar.sum_axes(&[self.axis as isize], true) - y_bar;
        rule.give(0, -(y_bar * p_m1 + p * others));
    }
    fn direct(&self, direct: &mut Direct<'_, T>) -> bool {
        in_place(direct, |y, shape, bar| {
            log_softmax_pullback(shape, self.axis, y, bar)
        })
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            let [p, x_dot] = self.parts(rule.y(0), x_dot);
            let x_dot = from_greatest(x_dot, p, self.axis);
            rule.give(0, x_dot - (p * x_dot).sum_axes(&[self.axis as isize], true));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let value = |x: &Tensor<f64>, axis| {
        plain::along(x, axis, |line| {
            let most = line.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = line.iter().map(|x| (x - most).exp()).sum();
            line.iter().map(|x| x - most - sum.ln()).collect()
        })
    };
    Samples::new("log_softmax")
        .case("inner", &[&[3, 4]], |x| vec![x[0].log_softmax(-1)])
        .gives(move |x| vec![value(&x[0], 1)])
        .case("outer", &[&[3, 4]], |x| vec![x[0].log_softmax(0)])
        .gives(move |x| vec![value(&x[0], 0)])
        .case("middle", &[&[2, 3, 5]], |x| vec![x[0].log_softmax(1)])
        .gives(move |x| vec![value(&x[0], 1)])
        .case("wide", &[&[2, 37]], |x| {
            vec![x[0].log_softmax(1), x[0].log_softmax(0)]
        })
        .gives(move |x| vec![value(&x[0], 1), value(&x[0], 0)])
        .case("of a slice", &[&[3, 6]], |x| {
            vec![x[0].slice(1, 1..4).t().log_softmax(0)]
        })
        .gives(move |x| {
            let part = plain::permuted(&plain::sliced(&x[0], 1, 1, 3, 1), &[1, 0]);
            vec![value(&part, 0)]
        })
        .case("one", &[&[3, 1]], |x| vec![x[0].log_softmax(1)])
        .gives(move |x| vec![value(&x[0], 1)])
        .case("no rows", &[&[0, 3]], |x| {
            vec![x[0].log_softmax(1), x[0].log_softmax(0)]
        })
        .gives(move |x| vec![value(&x[0], 1), value(&x[0], 0)])
        .case("large", &[&[2, 3]], |x| vec![(x[0] * 300.0).log_softmax(1)])
        .gives(move |x| vec![value(&x[0].map(|x| x * 300.0), 1)])
        .bad(
            &[&[2, 3]],
            "log_softmax: axis 2 is out of range for the shape [2, 3]",
            |x| vec![x[0].log_softmax(2)],
        )
}
