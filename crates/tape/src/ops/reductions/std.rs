//! `std`: the standard deviation over axes.
//!
//! - shape: x\[s\] → y\[s without the axes, or with length 1 there\]
//! - value: y = √(Σ (x − m)² / (n − c)) over the n elements along the axes, m their mean; exactly 0 where all
//!   are equal
//! - rule: x̄ = ȳ (x − m) / ((n − c) y), and 0 where y = 0
//! - edges: smooth but where all elements are equal: there the slope and the second derivative are 0; not
//!   finite where n ≤ c; NaN where an element is not finite; a row whose cotangent is 0 has gradient 0, also
//!   where it is NaN
//! - source: Chan, Golub and LeVeque 1983, Algorithms for computing the sample variance

use wengert_tensor::{Float, Shape, ShapeError, Tensor, View, kernels};

use crate::record::attributes::AxisSet;
use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::ops::mean::count;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The standard deviation over `axes`, all if there are none in the list; `keep` leaves them
    /// with length 1. `correction` is 0 for a population's and 1 for that of a sample. Where all elements are
    /// equal it is 0, and so is the gradient. Off by at most 3 units in the last place, the gradient by 4 of
    /// the greatest.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 5.0]));
    /// assert_eq!(x.std(&[], 0, false).item(), 2.0);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn std(self, axes: &[isize], correction: usize, keep: bool) -> Self {
        let axes = or_panic(AxisSet::new("std", &self.shape(), axes));
        let op = Deviation {
            axes,
            correction,
            keep,
        };
        self.tape().apply(op, [self])
    }
}

#[derive(Clone, Copy)]
struct Deviation {
    axes: AxisSet,
    correction: usize,
    keep: bool,
}

impl Deviation {
    /// (x − m) / ((n − c) y), and 0 where y = 0, with all its derivatives. The mean is taken off twice: of what
    /// the first leaves it is exact to more digits.
    #[track_caller]
    fn slope<'t, T: Float>(self, x: Var<'t, T>, y: Var<'t, T>) -> Var<'t, T> {
        let [zero, infinity] = [0.0, f64::INFINITY].map(|value| y.tape().scalar(value));
        let shape = x.shape();
        let divisor = count(&shape, self.axes).saturating_sub(self.correction) as f64;
        let centered = x - x.mean_over(self.axes);
        let centered = centered - centered.mean_over(self.axes);
        centered / Var::select_equal(y, zero, infinity, y).stretch(self.axes, &shape) / divisor
    }
}

impl<T: Float> Op<T> for Deviation {
    compiled_here!(op Deviation);

    fn name(&self) -> &'static str {
        "std"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(inputs[0].reduced(&self.axes.axes(), self.keep), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        kernels::std(&inputs[0], &self.axes.axes(), self.correction, outputs[0]);
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
    let value = |x: &Tensor<f64>, axes: &[usize], correction: f64, keep| {
        vec![plain::reduced(x, axes, keep, |line| {
            let count = line.len() as f64;
            let mean = line.iter().sum::<f64>() / count;
            let squares: f64 = line.iter().map(|x| (x - mean) * (x - mean)).sum();
            (squares / (count - correction)).sqrt()
        })]
    };
    Samples::new("std")
        .case("all", &[&[3, 4]], |x| vec![x[0].std(&[], 0, false)])
        .gives(move |x| value(&x[0], &[0, 1], 0.0, false))
        .case("outer", &[&[3, 4, 5]], |x| vec![x[0].std(&[0], 1, false)])
        .gives(move |x| value(&x[0], &[0], 1.0, false))
        .case("inner, kept", &[&[3, 4]], |x| vec![x[0].std(&[-1], 1, true)])
        .gives(move |x| value(&x[0], &[1], 1.0, true))
        .case("two of three", &[&[3, 4, 5]], |x| vec![x[0].std(&[0, 2], 0, false)])
        .gives(move |x| value(&x[0], &[0, 2], 0.0, false))
        .case("no rows", &[&[0, 3]], |x| vec![x[0].std(&[1], 0, false)])
        .gives(move |x| value(&x[0], &[1], 0.0, false))
        .bad(&[&[2, 3]], "std: axis 2 is out of range for the shape [2, 3]", |x| {
            vec![x[0].std(&[2], 0, false)]
        })
}
