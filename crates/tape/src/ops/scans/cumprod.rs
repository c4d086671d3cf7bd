//! `cumprod`: running products along an axis.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y_k = Π x_j over j ≤ k along the axis
//! - rule: x̄_k = y_(k−1) s_k, where s_k = ȳ_k + x_(k+1) s_(k+1); without a division
//! - edges: everywhere smooth, also where any number of elements are 0, at every order; a product that is out
//!   of range is infinite or 0, those behind it are right; a cotangent of 0 stays 0, also beside what is not
//!   finite
//! - source: the derivative of a product, as a linear recurrence

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
    /// The product of the elements so far along `axis`. Zeros are elements like any other, also to the
    /// derivatives; a product is right also behind one that is out of range.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([2.0, 0.0, 3.0]));
    /// let y = x.cumprod(0);
    /// assert_eq!(y.value(), Tensor::from([2.0, 0.0, 0.0]));
    /// assert_eq!(y.sum().backward().wrt(x).unwrap(), Tensor::from([1.0, 8.0, 0.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[doc(alias = "cumulative_prod")]
    #[track_caller]
    pub fn cumprod(self, axis: isize) -> Self {
        let axis = or_panic(self.shape().axis("cumprod", axis));
        running_products(self, axis, false)
    }
}

/// The products so far along an axis, from its first element or, with `reverse`, from its last.
#[track_caller]
pub(in crate::ops) fn running_products<T: Float>(
    x: Var<'_, T>,
    axis: usize,
    reverse: bool,
) -> Var<'_, T> {
    x.tape().apply(Cumprod { axis, reverse }, [x])
}

#[derive(Clone, Copy)]
struct Cumprod {
    axis: usize,
    reverse: bool,
}

impl<T: Float> Op<T> for Cumprod {
    compiled_here!(op Cumprod);

    fn name(&self) -> &'static str {
        "cumprod"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(inputs[0].clone(), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        kernels::cumprod(&inputs[0], self.axis, self.reverse, outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let before = neighbors(rule.y(0), self.axis, self.reverse, 1.0);
        let sums = pulled(rule.x(0), rule.cotangent(), self.axis, self.reverse);
        rule.give(0, Var::absorb(sums, before));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            let before = neighbors(rule.y(0), self.axis, self.reverse, 1.0);
            let own = Var::absorb(x_dot, before);
            rule.give(0, pushed(rule.x(0), own, self.axis, self.reverse));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let value = |x: &Tensor<f64>, axis: usize| {
        let products =
            |line: &[f64]| (1..=line.len()).map(|k| line[..k].iter().product()).collect();
        vec![plain::along(x, axis, products)]
    };
    let zeros = || Tensor::from([[1.0, 0.0, 1.0, 1.0], [1.0, 0.0, 1.0, 0.0]]);
    Samples::new("cumprod")
        .case("a line", &[&[5]], |x| vec![x[0].cumprod(0)])
        .gives(move |x| value(&x[0], 0))
        .case("inner", &[&[3, 4]], |x| vec![x[0].cumprod(-1)])
        .gives(move |x| value(&x[0], 1))
        .case("outer, wide", &[&[3, 9]], |x| vec![x[0].cumprod(0)])
        .gives(move |x| value(&x[0], 0))
        .case("from the end", &[&[2, 3, 2]], |x| vec![running_products(x[0], 1, true)])
        .gives(move |x| {
            let flipped = |x: &Tensor<f64>| {
                plain::along(x, 1, |line| line.iter().rev().copied().collect())
            };
            vec![flipped(&value(&flipped(&x[0]), 1)[0])]
        })
        .case("with zeros", &[&[2, 4]], move |x| {
            vec![(x[0] * &zeros().cast::<T>()).cumprod(1)]
        })
        .gives(move |x| value(&x[0].zip_map(&zeros(), |x, zero| x * zero), 1))
        .case("nothing", &[&[0, 3]], |x| vec![x[0].cumprod(0)])
        .gives(|x| vec![x[0].clone()])
        .bad(&[&[2]], "cumprod: axis 1 is out of range for the shape [2]", |x| {
            vec![x[0].cumprod(1)]
        })
}
