//! `unfold`: the windows along an axis.
//!
//! - shape: x\[…, n, …\] → y\[…, k, …, size\], k = (n − size) / step + 1, the new axis innermost
//! - value: y_(…i…j) = x at i · step + j along the axis
//! - rule: x̄ is the sum of ȳ over all windows that hold the element
//! - edges: everywhere smooth; no copy; elements behind the last whole window get 0
//! - source: PyTorch's `unfold` of a tensor

use wengert_tensor::{Float, Layout, Shape, ShapeError, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::var::Var;
use crate::walk::part::Part;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<'t, T: Float> Var<'t, T> {
    /// The windows of `size` elements along `axis`, whose starts are `step` apart: the axis counts them,
    /// and a new innermost axis leads through each. Windows may overlap.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 2.0, 3.0, 4.0, 5.0]));
    /// let means = x.unfold(0, 3, 1).mean_axes(&[-1], false);
    /// assert_eq!(means.value(), Tensor::from([2.0, 3.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, the step is 0, or there is no whole window.
    #[doc(alias = "sliding_window_view")]
    #[track_caller]
    pub fn unfold(self, axis: isize, size: usize, step: usize) -> Self {
        self.tape().apply(Unfold { axis, size, step }, [self])
    }
}

#[derive(Clone, Copy)]
struct Unfold {
    axis: isize,
    size: usize,
    step: usize,
}

impl Unfold {
    fn of(&self, layout: &Layout) -> Result<Layout, ShapeError> {
        layout.windows(self.axis, self.size, self.step)
    }
}

impl<T: Float> Op<T> for Unfold {
    compiled_here!(op Unfold);

    fn name(&self) -> &'static str {
        "unfold"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        let layout = self.of(&Layout::contiguous(inputs[0].clone()))?;
        Ok(Shapes::from_elem(layout.shape().clone(), 1))
    }
    fn share(&self, input: &Layout) -> Option<Layout> {
        self.of(input).ok()
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let layout = self.of(inputs[0].layout()).expect("the shape rule checked");
        wengert_tensor::kernels::copy(&inputs[0].with_layout(layout), outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let region = self.of(&Layout::contiguous(rule.x_shape(0)));
        let region = region.expect("the shape rule checked");
        rule.give_part(0, Part::Region(region), rule.cotangent());
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            rule.give(0, x_dot.tape().apply(*self, [x_dot]));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::new("unfold")
        .case("that overlap", &[&[2, 7]], |x| vec![x[0].unfold(1, 3, 2)])
        .gives(|x| vec![plain::pick(&x[0], &[2, 3, 3], |at| vec![at[0], 2 * at[1] + at[2]])])
        .case("side by side, with a rest", &[&[7, 2]], |x| vec![x[0].unfold(0, 2, 3) * x[0].slice(0, ..2)])
        .gives(|x| {
            vec![wengert_tensor::Tensor::from_fn([2, 2, 2], |at| {
                x[0][[3 * at[0] + at[2], at[1]]] * x[0][[at[1], at[2]]]
            })]
        })
        .case("of a transpose", &[&[3, 4]], |x| vec![x[0].t().unfold(0, 4, 1)])
        .gives(|x| vec![plain::pick(&x[0], &[1, 3, 4], |at| vec![at[1], at[2]])])
        .bad(&[&[2, 3]], "unfold: a window of 4 is longer than axis 1 of [2, 3]", |x| {
            vec![x[0].unfold(1, 4, 1)]
        })
        .bad(&[&[2, 3]], "unfold: the step is 0", |x| vec![x[0].unfold(1, 2, 0)])
}
