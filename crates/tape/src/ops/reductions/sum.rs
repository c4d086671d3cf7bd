//! `sum`: the sum over axes.
//!
//! - shape: x\[s\] → y\[s without the axes, or with length 1 there\]
//! - value: y = Σ x over the axes
//! - rule: x̄ = ȳ stretched over the axes
//! - edges: everywhere smooth; the sum of nothing is 0
//! - source: elementary calculus; pairwise summation after Higham 1993

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
    /// The sum of all elements.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.ones([2, 3]).sum().item(), 6.0);
    /// ```
    #[track_caller]
    pub fn sum(self) -> Self {
        self.sum_axes(&[], false)
    }

    /// The sum over `axes`, all if there are none in the list; `keep` leaves them with length 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn sum_axes(self, axes: &[isize], keep: bool) -> Self {
        let axes = or_panic(AxisSet::new("sum", &self.shape(), axes));
        self.tape().apply(Sum { axes, keep }, [self])
    }

    /// The sum over a set of axes, which are kept.
    #[track_caller]
    pub(in crate::ops) fn sum_over(self, axes: AxisSet) -> Self {
        self.tape().apply(Sum { axes, keep: true }, [self])
    }

    /// The sum over the axes along which `shape` was broadcast to this value's shape.
    ///
    /// # Panics
    /// If `shape` does not broadcast to this value's shape.
    #[track_caller]
    pub fn sum_to(self, shape: impl Into<Shape>) -> Self {
        let (shape, from) = (shape.into(), self.shape());
        assert!(shape.broadcasts_to(&from), "sum_to: {shape} does not broadcast to {from}");
        let lead = from.rank() - shape.rank();
        let stretched = |&axis: &usize| axis < lead || shape[axis - lead] != from[axis];
        let axes: wengert_tensor::Axes = (0..from.rank()).filter(stretched).collect();
        if axes.is_empty() {
            return self;
        }
        let op = Sum {
            axes: AxisSet::of(&axes),
            keep: true,
        };
        self.tape().apply(op, [self]).with_shape(&shape)
    }

    /// The reverse of a reduction over `axes`: a value of the reduced shape, kept or not, with the
    /// axes stretched to `shape`.
    #[track_caller]
    pub(crate) fn stretch(self, axes: AxisSet, shape: &Shape) -> Self {
        let kept = shape.reduced(&axes.axes(), true);
        let x = if self.shape() == kept { self } else { self.with_shape(&kept) };
        x.expand(shape)
    }
}

#[derive(Clone, Copy)]
struct Sum {
    axes: AxisSet,
    keep: bool,
}

impl<T: Float> Op<T> for Sum {
    compiled_here!(op Sum);

    fn name(&self) -> &'static str {
        "sum"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(inputs[0].reduced(&self.axes.axes(), self.keep), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        wengert_tensor::kernels::sum(&inputs[0], &self.axes.axes(), outputs[0], false);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        rule.give(0, rule.cotangent().stretch(self.axes, &rule.x_shape(0)));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            rule.give(0, x_dot.tape().apply(*self, [x_dot]));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let value = |x: &Tensor<f64>, axes: &[usize], keep| {
        vec![plain::reduced(x, axes, keep, |line| line.iter().sum())]
    };
    Samples::new("sum")
        .case("all", &[&[3, 4]], |x| vec![x[0].sum()])
        .gives(move |x| value(&x[0], &[0, 1], false))
        .case("a scalar", &[&[]], |x| vec![x[0].sum()])
        .gives(|x| vec![x[0].clone()])
        .case("outer", &[&[3, 4, 5]], |x| vec![x[0].sum_axes(&[0], false)])
        .gives(move |x| value(&x[0], &[0], false))
        .case("inner, kept", &[&[3, 4]], |x| vec![x[0].sum_axes(&[-1], true)])
        .gives(move |x| value(&x[0], &[1], true))
        .case("two of three", &[&[3, 4, 5]], |x| vec![x[0].sum_axes(&[0, 2], false)])
        .gives(move |x| value(&x[0], &[0, 2], false))
        .case("of nothing", &[&[0, 3]], |x| vec![x[0].sum_axes(&[0], false)])
        .gives(move |x| value(&x[0], &[0], false))
        .case("to a shape", &[&[2, 3, 4]], |x| vec![x[0].sum_to([3, 1])])
        .gives(move |x| {
            let rows = value(&x[0], &[0], false);
            value(&rows[0], &[1], true)
        })
        .bad(&[&[2, 3]], "sum: axis 2 is out of range for the shape [2, 3]", |x| {
            vec![x[0].sum_axes(&[2], false)]
        })
}
