//! `reshape`: the same elements in the same order under another shape.
//!
//! - shape: x\[s\] → y\[u\] of the same size
//! - value: y is x read in row-major order
//! - rule: x̄ = ȳ under x's shape
//! - edges: everywhere smooth; no copy unless the layout needs one
//! - source: NumPy's `reshape`

use wengert_tensor::{Float, Layout, Shape, ShapeError, View};

use crate::record::attributes::Dims;
use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The same elements under another shape; one dimension may be −1, which stands for what is
    /// left.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.zeros([2, 6]).reshape(&[3, -1]).shape(), [3, 4]);
    /// ```
    ///
    /// # Panics
    /// If the sizes differ.
    #[doc(alias = "view")]
    #[track_caller]
    pub fn reshape(self, dims: &[isize]) -> Self {
        let shape = or_panic(self.shape().reshape(dims));
        self.with_shape(&shape)
    }

    /// The axes from `start` on as one: `flatten(0)` has one axis. A scalar gets one.
    ///
    /// # Panics
    /// If the axis is out of range.
    #[doc(alias = "ravel")]
    #[track_caller]
    pub fn flatten(self, start: isize) -> Self {
        let flat = or_panic(self.shape().flattened(start));
        self.with_shape(&flat)
    }

    /// The value with a new axis of length 1 in front of position `axis`; −1 is the inner end.
    ///
    /// # Panics
    /// If the axis is out of range.
    #[doc(alias = "expand_dims")]
    #[track_caller]
    pub fn unsqueeze(self, axis: isize) -> Self {
        let mut shape = self.shape();
        let rank = shape.rank() as isize + 1;
        let at = if axis < 0 { axis + rank } else { axis };
        assert!((0..rank).contains(&at), "unsqueeze: axis {axis} is out of range for {shape}");
        shape.insert(at as usize, 1);
        self.with_shape(&shape)
    }

    /// The value without the axis `axis`, which has length 1.
    ///
    /// # Panics
    /// If the axis is out of range or longer.
    #[track_caller]
    pub fn squeeze(self, axis: isize) -> Self {
        let mut shape = self.shape();
        let at = or_panic(shape.axis("squeeze", axis));
        assert!(shape[at] == 1, "squeeze: axis {axis} of {shape} is longer than 1");
        shape.remove(at);
        self.with_shape(&shape)
    }

    /// The value under a shape of the same size.
    #[track_caller]
    pub(crate) fn with_shape(self, shape: &Shape) -> Self {
        let dims = or_panic(Dims::new("reshape", shape));
        self.tape().apply(Reshape(dims), [self])
    }
}

#[derive(Clone, Copy)]
struct Reshape(Dims);

impl<T: Float> Op<T> for Reshape {
    compiled_here!(op Reshape);

    fn name(&self) -> &'static str {
        "reshape"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        let shape = self.0.shape();
        if shape.size() != inputs[0].size() {
            let reason = format!("{} has not as many elements as {shape}", inputs[0]);
            return Err(ShapeError::new("reshape", reason));
        }
        Ok(Shapes::from_elem(shape, 1))
    }
    fn view(&self, input: &Layout) -> Option<Result<Layout, ShapeError>> {
        let shape = self.0.shape();
        let copy = || ShapeError::new("reshape", "the layout needs a copy");
        Some(input.reshaped(&shape).ok_or_else(copy))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        wengert_tensor::kernels::copy(&inputs[0], outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        rule.give(0, rule.cotangent().with_shape(&rule.x_shape(0)));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            rule.give(0, x_dot.with_shape(&rule.y_shape(0)));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::new("reshape")
        .case("split", &[&[4, 6]], |x| vec![x[0].reshape(&[2, 2, -1])])
        .gives(|x| vec![plain::reshaped(&x[0], &[2, 2, 6])])
        .case("of a transpose", &[&[3, 4]], |x| vec![x[0].permute(&[1, 0]).reshape(&[-1])])
        .gives(|x| vec![plain::reshaped(&plain::permuted(&x[0], &[1, 0]), &[12])])
        .case("flatten", &[&[2, 3, 4]], |x| vec![x[0].flatten(1)])
        .gives(|x| vec![plain::reshaped(&x[0], &[2, 12])])
        .case("flatten a scalar", &[&[]], |x| vec![x[0].flatten(0)])
        .gives(|x| vec![plain::reshaped(&x[0], &[1])])
        .case("unsqueeze", &[&[2, 3]], |x| vec![x[0].unsqueeze(1).squeeze(1).unsqueeze(-1)])
        .gives(|x| vec![plain::reshaped(&x[0], &[2, 3, 1])])
        .case("empty", &[&[0, 3]], |x| vec![x[0].reshape(&[3, 0])])
        .gives(|x| vec![plain::reshaped(&x[0], &[3, 0])])
        .bad(&[&[2, 3]], "reshape: ", |x| vec![x[0].reshape(&[4, 2])])
}
