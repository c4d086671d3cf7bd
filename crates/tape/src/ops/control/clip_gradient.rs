//! `clip_gradient`: a value whose gradient is kept between bounds.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = x
//! - rule: x̄ = min(max(ȳ, low), high), element by element; forward mode passes on what it gets
//! - edges: the value is unchanged, NaN included; a gradient of NaN stays. A second derivative is that of
//!   the clipped gradient: 0 where it was clipped
//! - source: Pascanu, Mikolov and Bengio 2013, On the Difficulty of Training Recurrent Neural Networks

use wengert_tensor::{Float, Layout, Shape, ShapeError, View};

use crate::check::Samples;
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::var::Var;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<'t, T: Float> Var<'t, T> {
    /// The same value, into which a gradient flows that is kept between `low` and `high`, element by
    /// element. No difference of values agrees with it.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::scalar(2.0));
    /// let y = 100.0 * x.clip_gradient(-1.0, 1.0);
    /// assert_eq!((y.item(), y.backward().wrt(x).unwrap().item()), (200.0, 1.0));
    /// ```
    ///
    /// # Panics
    /// If `low` is above `high`, or one of them is NaN.
    #[track_caller]
    pub fn clip_gradient(self, low: f64, high: f64) -> Self {
        assert!(low <= high, "clip_gradient: there is nothing between {low} and {high}");
        self.tape().apply(ClipGradient { low, high }, [self])
    }
}

#[derive(Clone, Copy)]
struct ClipGradient {
    low: f64,
    high: f64,
}

impl<T: Float> Op<T> for ClipGradient {
    compiled_here!(op ClipGradient);

    fn name(&self) -> &'static str {
        "clip_gradient"
    }

    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok([inputs[0].clone()].into())
    }

    fn share(&self, input: &Layout) -> Option<Layout> {
        Some(input.clone())
    }

    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        for (y, x) in outputs[0].iter_mut().zip(inputs[0].iter()) {
            *y = x;
        }
    }

    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        rule.give(0, rule.cotangent().clamp(self.low, self.high));
    }

    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            rule.give(0, x_dot);
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("clip_gradient", |x| x.clip_gradient(-1e3, 1e3))
        .reference1(|x| x)
        .bad(&[&[2]], "clip_gradient: there is nothing between 2 and 1", |x| {
            vec![x[0].clip_gradient(2.0, 1.0)]
        })
}
