//! `select`: one position of an axis, which disappears.
//!
//! - shape: x\[…, n, …\] → y\[…, …\]
//! - value: y = x at the position
//! - rule: x̄ is ȳ at the position and 0 elsewhere
//! - edges: everywhere smooth; no copy
//! - source: NumPy's indexing

use wengert_tensor::{Float, Layout, Shape, ShapeError, Tensor, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::walk::part::Part;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The part at position `index` of `axis`; −1 is the last.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.zeros([2, 3, 4]).select(1, -1).shape(), [2, 4]);
    /// ```
    ///
    /// # Panics
    /// If the axis or the index is out of range.
    #[track_caller]
    pub fn select(self, axis: isize, index: isize) -> Self {
        self.tape().apply(Select { axis, index }, [self])
    }

    /// Every position of `axis`, in order.
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn unbind(self, axis: isize) -> Vec<Self> {
        (0..self.dim(axis) as isize).map(|index| self.select(axis, index)).collect()
    }
}

#[derive(Clone, Copy)]
struct Select {
    axis: isize,
    index: isize,
}

impl<T: Float> Op<T> for Select {
    compiled_here!(op Select);

    fn name(&self) -> &'static str {
        "select"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        let layout = Layout::contiguous(inputs[0].clone()).selected(self.axis, self.index)?;
        Ok(Shapes::from_elem(layout.shape().clone(), 1))
    }
    fn view(&self, input: &Layout) -> Option<Result<Layout, ShapeError>> {
        Some(input.selected(self.axis, self.index))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let layout = inputs[0].layout().selected(self.axis, self.index);
        let layout = layout.expect("the shape rule checked the index");
        wengert_tensor::kernels::copy(&inputs[0].with_layout(layout), outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let shape = rule.x_shape(0);
        let region = Layout::contiguous(shape).selected(self.axis, self.index);
        let region = region.expect("the shape rule checked the index");
        rule.give_part(0, Part::Region(region), rule.cotangent());
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            rule.give(0, x_dot.select(self.axis, self.index));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::new("select")
        .case("inner", &[&[3, 4, 2]], |x| vec![x[0].select(1, -2)])
        .gives(|x| vec![plain::pick(&x[0], &[3, 2], |at| vec![at[0], 2, at[1]])])
        .case("outer", &[&[3, 4]], |x| vec![x[0].select(0, 1)])
        .gives(|x| vec![plain::pick(&x[0], &[4], |at| vec![1, at[0]])])
        .case("to a scalar", &[&[3]], |x| vec![x[0].select(0, 2)])
        .gives(|x| vec![plain::pick(&x[0], &[], |_| vec![2])])
        .case("unbind", &[&[3, 4]], |x| {
            let rows = x[0].unbind(0);
            vec![rows[0] * rows[2] + rows[1]]
        })
        .gives(|x| vec![Tensor::from_fn([4], |at| {
            let [a, b, c] = [0, 1, 2].map(|row| x[0][[row, at[0]]]);
            a * c + b
        })])
        .bad(&[&[2, 3]], "select: index 3 is out of range for axis 1 of [2, 3]", |x| {
            vec![x[0].select(1, 3)]
        })
}
