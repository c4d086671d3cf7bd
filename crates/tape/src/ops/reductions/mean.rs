//! `mean`: the mean over axes.
//!
//! - shape: x\[s\] → y\[s without the axes, or with length 1 there\]
//! - value: y = Σ x / n over the n elements along the axes
//! - rule: x̄ = ȳ / n stretched over the axes
//! - edges: everywhere smooth; the mean of nothing is NaN
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
    /// The mean of all elements.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 2.0, 6.0]));
    /// assert_eq!(x.mean().item(), 3.0);
    /// ```
    #[track_caller]
    pub fn mean(self) -> Self {
        self.mean_axes(&[], false)
    }

    /// The mean over `axes`, all if there are none in the list; `keep` leaves them with length 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn mean_axes(self, axes: &[isize], keep: bool) -> Self {
        let axes = or_panic(AxisSet::new("mean", &self.shape(), axes));
        self.tape().apply(Mean { axes, keep }, [self])
    }

    /// The mean over a set of axes, which are kept.
    #[track_caller]
    pub(in crate::ops) fn mean_over(self, axes: AxisSet) -> Self {
        self.tape().apply(Mean { axes, keep: true }, [self])
    }
}

/// The number of elements of `shape` along `axes`.
pub(in crate::ops) fn count(shape: &Shape, axes: AxisSet) -> usize {
    axes.axes().iter().map(|&axis| shape[axis]).product()
}

#[derive(Clone, Copy)]
struct Mean {
    axes: AxisSet,
    keep: bool,
}

impl<T: Float> Op<T> for Mean {
    compiled_here!(op Mean);

    fn name(&self) -> &'static str {
        "mean"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(
            inputs[0].reduced(&self.axes.axes(), self.keep),
            1,
        ))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        wengert_tensor::kernels::mean(&inputs[0], &self.axes.axes(), outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let shape = rule.x_shape(0);
        let y_bar = rule.cotangent() / count(&shape, self.axes) as f64;
        rule.give(0, y_bar.stretch(self.axes, &shape));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            rule.give(0, x_dot.tape().apply(*self, [x_dot]));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let value = |x: &Tensor<f64>, axes: &[usize], keep| {
        vec![plain::reduced(x, axes, keep, |line| line.iter().sum::<f64>() / line.len() as f64)]
    };
    Samples::new("mean")
        .case("all", &[&[3, 4]], |x| vec![x[0].mean()])
        .gives(move |x| value(&x[0], &[0, 1], false))
        .case("a scalar", &[&[]], |x| vec![x[0].mean()])
        .gives(|x| vec![x[0].clone()])
        .case("outer", &[&[3, 4, 5]], |x| {
            vec![x[0].mean_axes(&[0], false)]
        })
        .gives(move |x| value(&x[0], &[0], false))
        .case("inner, kept", &[&[3, 4]], |x| {
            vec![x[0].mean_axes(&[-1], true)]
        })
        .gives(move |x| value(&x[0], &[1], true))
        .case("two of three", &[&[3, 4, 5]], |x| {
            vec![x[0].mean_axes(&[0, 2], false)]
        })
        .gives(move |x| value(&x[0], &[0, 2], false))
        .case("no rows", &[&[0, 3]], |x| vec![x[0].mean_axes(&[1], false)])
        .gives(move |x| value(&x[0], &[1], false))
        .case("of a transpose", &[&[3, 4]], |x| {
            vec![x[0].t().mean_axes(&[0], true)]
        })
        .gives(move |x| value(&plain::permuted(&x[0], &[1, 0]), &[0], true))
        .bad(
            &[&[2, 3]],
            "mean: axis 2 is out of range for the shape [2, 3]",
            |x| vec![x[0].mean_axes(&[2], false)],
        )
}
