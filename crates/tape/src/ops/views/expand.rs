//! `expand`: axes of length 1, and missing outer axes, stretched.
//!
//! - shape: x\[s\] → y\[u\] to which s broadcasts
//! - value: y repeats x along the stretched axes
//! - rule: x̄ is ȳ summed over the stretched axes
//! - edges: everywhere smooth; no copy
//! - source: NumPy's broadcasting rule

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
    /// The value stretched to `shape` by the broadcasting rule.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.zeros([3, 1]).expand([5, 3, 4]).shape(), [5, 3, 4]);
    /// ```
    ///
    /// # Panics
    /// If this value's shape does not broadcast to `shape`.
    #[doc(alias = "broadcast_to")]
    #[track_caller]
    pub fn expand(self, shape: impl Into<Shape>) -> Self {
        let dims = or_panic(Dims::new("expand", &shape.into()));
        self.tape().apply(Expand(dims), [self])
    }
}

#[derive(Clone, Copy)]
struct Expand(Dims);

impl<T: Float> Op<T> for Expand {
    compiled_here!(op Expand);

    fn name(&self) -> &'static str {
        "expand"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        let shape = self.0.shape();
        Layout::contiguous(inputs[0].clone()).expanded(&shape)?;
        Ok(Shapes::from_elem(shape, 1))
    }
    fn share(&self, input: &Layout) -> Option<Layout> {
        input.expanded(&self.0.shape()).ok()
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let layout = inputs[0].layout().expanded(&self.0.shape());
        let layout = layout.expect("the shape rule checked the shape");
        wengert_tensor::kernels::copy(&inputs[0].with_layout(layout), outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        rule.give(0, rule.cotangent());
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            rule.give(0, x_dot);
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::new("expand")
        .case("both", &[&[3, 1]], |x| vec![x[0].expand([5, 3, 4])])
        .gives(|x| vec![plain::expanded(&x[0], &[5, 3, 4])])
        .case("a scalar", &[&[]], |x| vec![x[0].expand([2, 3])])
        .gives(|x| vec![plain::expanded(&x[0], &[2, 3])])
        .case("nothing to do", &[&[2, 3]], |x| vec![x[0].expand([2, 3])])
        .gives(|x| vec![x[0].clone()])
        .case("a slice of it", &[&[1, 3]], |x| vec![x[0].expand([4, 3]).slice(0, 1..3)])
        .gives(|x| vec![plain::expanded(&x[0], &[2, 3])])
        .bad(&[&[2, 3]], "expand: [2, 3] does not stretch to [4, 3]", |x| {
            vec![x[0].expand([4, 3])]
        })
}
