//! `cumsum`: running sums along an axis.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y_k = Σ x_j over j ≤ k along the axis
//! - rule: x̄_k = Σ ȳ_j over j ≥ k
//! - edges: everywhere smooth; a sum that is out of range is infinite, those behind it are right; what is not
//!   finite stays so to the end of its line
//! - source: elementary calculus; compensated summation after Knuth 1969

use wengert_tensor::{Float, Shape, ShapeError, Tensor, View, kernels};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::record::var::Var;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<T: Float> Var<'_, T> {
    /// The sum of the elements so far along `axis`. Within about one rounding of the exact sum, also behind one
    /// that is out of range.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 2.0, 3.0]));
    /// let y = x.cumsum(0);
    /// assert_eq!(y.value(), Tensor::from([1.0, 3.0, 6.0]));
    /// assert_eq!(y.sum().backward().wrt(x).unwrap(), Tensor::from([3.0, 2.0, 1.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[doc(alias = "cumulative_sum")]
    #[track_caller]
    pub fn cumsum(self, axis: isize) -> Self {
        let axis = or_panic(self.shape().axis("cumsum", axis));
        let op = Cumsum {
            axis,
            reverse: false,
        };
        self.tape().apply(op, [self])
    }
}

/// From the first element on, or from the last.
#[derive(Clone, Copy)]
struct Cumsum {
    axis: usize,
    reverse: bool,
}

impl<T: Float> Op<T> for Cumsum {
    compiled_here!(op Cumsum);

    fn name(&self) -> &'static str {
        "cumsum"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(inputs[0].clone(), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        kernels::cumsum(&inputs[0], self.axis, self.reverse, outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let back = Cumsum {
            axis: self.axis,
            reverse: !self.reverse,
        };
        rule.give(0, rule.tape().apply(back, [rule.cotangent()]));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            rule.give(0, rule.tape().apply(*self, [x_dot]));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let value = |x: &Tensor<f64>, axis: usize| {
        let sums = |line: &[f64]| (1..=line.len()).map(|k| line[..k].iter().sum()).collect();
        vec![plain::along(x, axis, sums)]
    };
    Samples::new("cumsum")
        .case("a line", &[&[5]], |x| vec![x[0].cumsum(0)])
        .gives(move |x| value(&x[0], 0))
        .case("inner", &[&[3, 4]], |x| vec![x[0].cumsum(-1)])
        .gives(move |x| value(&x[0], 1))
        .case("outer, wide", &[&[3, 11]], |x| vec![x[0].cumsum(0)])
        .gives(move |x| value(&x[0], 0))
        .case("middle", &[&[2, 3, 2]], |x| vec![x[0].cumsum(1)])
        .gives(move |x| value(&x[0], 1))
        .case("nothing", &[&[0, 3]], |x| vec![x[0].cumsum(0)])
        .gives(|x| vec![x[0].clone()])
        .bad(&[&[2]], "cumsum: axis 1 is out of range for the shape [2]", |x| {
            vec![x[0].cumsum(1)]
        })
}
