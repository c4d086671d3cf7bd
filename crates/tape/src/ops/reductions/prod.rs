//! `prod`: the product over axes.
//!
//! - shape: x\[s\] → y\[s without the axes, or with length 1 there\]
//! - value: y = Π x over the axes, also where parts of the product are out of range
//! - rule: x̄ = ȳ Π of all others; without a division
//! - edges: everywhere smooth, also where any number of elements are 0, at every order; the product of nothing
//!   is 1; NaN where an element is, or where an infinite one meets a 0; a row whose cotangent is 0 has
//!   gradient 0, also where it is NaN
//! - source: the derivative of a product

use wengert_tensor::{Float, Shape, ShapeError, Tensor, View, kernels};

use crate::record::attributes::AxisSet;
use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::ops::cumprod::running_products;
use crate::ops::linear_recurrence::{neighbors, pushed};
use crate::ops::rows::through_rows;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;
use crate::record::var::Var;

impl<T: Float> Var<'_, T> {
    /// The product over `axes`, all if there are none in the list; `keep` leaves them with length 1. Zeros are
    /// elements like any other, also to the derivatives; parts of the product may be out of range.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([2.0, 0.0, 3.0]));
    /// let y = x.prod(&[], false);
    /// assert_eq!(y.item(), 0.0);
    /// assert_eq!(y.backward().wrt(x).unwrap(), Tensor::from([0.0, 6.0, 0.0]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[doc(alias = "product")]
    #[track_caller]
    pub fn prod(self, axes: &[isize], keep: bool) -> Self {
        let axes = or_panic(AxisSet::new("prod", &self.shape(), axes));
        self.tape().apply(Prod { axes, keep }, [self])
    }
}

#[derive(Clone, Copy)]
struct Prod {
    axes: AxisSet,
    keep: bool,
}

impl Prod {
    /// For each element, the product of all others that it is multiplied with.
    #[track_caller]
    fn others<T: Float>(self, x: Var<'_, T>) -> Var<'_, T> {
        through_rows(x, self.axes, |rows| rows.tape().apply(Others, [rows]))
    }
}

impl<T: Float> Op<T> for Prod {
    compiled_here!(op Prod);

    fn name(&self) -> &'static str {
        "prod"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(inputs[0].reduced(&self.axes.axes(), self.keep), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        kernels::prod(&inputs[0], &self.axes.axes(), outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let y_bar = rule.cotangent().stretch(self.axes, &rule.x_shape(0));
        rule.give(0, Var::absorb(y_bar, self.others(rule.x(0))));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            let y_dot = Var::absorb(x_dot, self.others(rule.x(0))).sum_over(self.axes);
            rule.give(0, y_dot.with_shape(&rule.y_shape(0)));
        }
    }
}

/// For each element of a row, the product of all others.
#[derive(Clone, Copy)]
struct Others;

impl Others {
    /// Σ w_j Π of all but the j-th and the k-th, over j ≠ k, for each k: what flows back, and what a tangent
    /// makes, since the second derivative of a product is symmetric. Those before and those behind each place
    /// are sums and products of their own.
    #[track_caller]
    fn weighted<'t, T: Float>(x: Var<'t, T>, w: Var<'t, T>) -> Var<'t, T> {
        let [before, behind] = [false, true]
            .map(|back| neighbors(running_products(x, 1, back), 1, back, 1.0));
        let sums = |products: Var<'t, T>, back: bool| {
            neighbors(pushed(x, Var::absorb(w, products), 1, back), 1, back, 0.0)
        };
        Var::absorb(sums(before, false), behind) + Var::absorb(sums(behind, true), before)
    }
}

impl<T: Float> Op<T> for Others {
    compiled_here!(op Others);

    fn name(&self) -> &'static str {
        "prod_of_others"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(inputs[0].clone(), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        kernels::products_of_others(&inputs[0], outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        rule.give(0, Others::weighted(rule.x(0), rule.cotangent()));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            rule.give(0, Others::weighted(rule.x(0), x_dot));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let value = |x: &Tensor<f64>, axes: &[usize], keep| {
        vec![plain::reduced(x, axes, keep, |line| line.iter().product())]
    };
    let zeros = || Tensor::from([[1.0, 1.0, 1.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0; 3]]);
    Samples::new("prod")
        .case("all", &[&[2, 3]], |x| vec![x[0].prod(&[], false)])
        .gives(move |x| value(&x[0], &[0, 1], false))
        .case("a scalar", &[&[]], |x| vec![x[0].prod(&[], false)])
        .gives(|x| vec![x[0].clone()])
        .case("outer", &[&[3, 2, 2]], |x| vec![x[0].prod(&[0], false)])
        .gives(move |x| value(&x[0], &[0], false))
        .case("inner, kept", &[&[3, 5]], |x| vec![x[0].prod(&[-1], true)])
        .gives(move |x| value(&x[0], &[1], true))
        .case("two of three", &[&[2, 3, 2]], |x| vec![x[0].prod(&[0, 2], false)])
        .gives(move |x| value(&x[0], &[0, 2], false))
        .case("none, one, two and three zeros", &[&[4, 3]], move |x| {
            vec![(x[0] * &zeros().cast::<T>()).prod(&[1], false)]
        })
        .gives(move |x| value(&x[0].zip_map(&zeros(), |x, zero| x * zero), &[1], false))
        .case("of others", &[&[2, 4]], |x| vec![x[0].tape().apply(Others, [x[0]])])
        .gives(|x| {
            vec![plain::along(&x[0], 1, |line| {
                let others = |k: usize| [&line[..k], &line[k + 1..]].concat();
                (0..line.len()).map(|k| others(k).iter().product()).collect()
            })]
        })
        .case("no rows", &[&[0, 3]], |x| vec![x[0].prod(&[1], false)])
        .gives(move |x| value(&x[0], &[1], false))
        .case("of nothing", &[&[2, 0]], |x| vec![x[0].prod(&[1], false)])
        .gives(move |x| value(&x[0], &[1], false))
        .bad(&[&[2, 3]], "prod: axis 2 is out of range for the shape [2, 3]", |x| {
            vec![x[0].prod(&[2], false)]
        })
}
