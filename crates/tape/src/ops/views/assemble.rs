//! `assemble`: values added into regions of zeros; what flows back out of views.
//!
//! - shape: x₀\[s₀\], x₁\[s₁\], … → y\[u\]
//! - value: y is the sum of every x_k in its region, 0 elsewhere
//! - rule: x̄_k = ȳ seen through the region
//! - edges: everywhere smooth
//! - source: the transpose of a view

use wengert_tensor::kernels::copy_into;
use wengert_tensor::{Float, Layout, Shape, ShapeError, Tensor, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;
use crate::record::tape::Tape;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The sum of parts, each in its region of a value of the given shape.
    ///
    /// # Panics
    /// If a region reaches beyond the shape's size or has not its part's shape.
    #[track_caller]
    pub(crate) fn assemble(
        tape: &'t Tape<T>,
        shape: Shape,
        parts: Vec<(Self, Layout)>,
    ) -> Self {
        let (parts, regions): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let op = Assemble { shape, regions };
        tape.apply_all(op, &parts)[0]
    }

    /// The value seen through `region`, a layout of its row-major elements.
    #[track_caller]
    fn through(self, region: &Layout) -> Self {
        let layout = self.tape().inner.borrow().list.layout(self.id());
        // A region counts positions of row-major elements, so others are copied first.
        let x = if layout.is_contiguous() { self } else { self.contiguous() };
        self.tape().apply(Through(region.clone()), [x])
    }

    /// The same value in row-major order without gaps.
    #[track_caller]
    pub fn contiguous(self) -> Self {
        let region = Layout::contiguous(self.shape());
        Self::assemble(self.tape(), self.shape(), vec![(self, region)])
    }
}

struct Assemble {
    shape: Shape,
    regions: Vec<Layout>,
}

impl<T: Float> Op<T> for Assemble {
    compiled_here!(op Assemble);

    fn name(&self) -> &'static str {
        "assemble"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        for (region, x) in self.regions.iter().zip(inputs) {
            if region.shape() != x || region.end() > self.shape.size() {
                let reason = format!("a part {x} does not fit a region of {}", self.shape);
                return Err(ShapeError::new("assemble", reason));
            }
        }
        Ok(Shapes::from_elem(self.shape.clone(), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        outputs[0].fill(T::ZERO);
        for (region, x) in self.regions.iter().zip(inputs) {
            copy_into(outputs[0], region, x, true);
        }
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let y_bar = rule.cotangent();
        for (k, region) in self.regions.iter().enumerate() {
            if rule.needs(k) {
                rule.give(k, y_bar.through(region));
            }
        }
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        let moving = |(k, region): (usize, &Layout)| Some((rule.x_dot(k)?, region.clone()));
        let parts = self.regions.iter().enumerate().filter_map(moving).collect();
        rule.give(0, Var::assemble(rule.tape(), self.shape.clone(), parts));
    }
}

/// A value seen through any layout of its row-major elements: the transpose of `assemble`.
struct Through(Layout);

impl<T: Float> Op<T> for Through {
    compiled_here!(op Through);

    fn name(&self) -> &'static str {
        "through"
    }
    fn shapes(&self, _: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(self.0.shape().clone(), 1))
    }
    fn view(&self, input: &Layout) -> Option<Result<Layout, ShapeError>> {
        Some(if input.is_contiguous() {
            Ok(self.0.clone().moved(input.offset()))
        } else {
            Err(ShapeError::new("through", "the layout needs a copy"))
        })
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let layout = self.0.clone().moved(inputs[0].layout().offset());
        wengert_tensor::kernels::copy(&inputs[0].with_layout(layout), outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let part = (rule.cotangent(), self.0.clone());
        rule.give(0, Var::assemble(rule.tape(), rule.x_shape(0), vec![part]));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            rule.give(0, x_dot.through(&self.0));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let regions = || {
        let whole = Layout::contiguous(Shape::from([4, 3]));
        let rows = whole.sliced(0, 1, 3, 1).expect("in range");
        let column = whole.selected(1, 2).expect("in range");
        [rows, column]
    };
    Samples::new("assemble")
        .case("two parts that overlap", &[&[2, 3], &[4]], move |x| {
            let parts = x.iter().copied().zip(regions()).collect();
            vec![Var::assemble(x[0].tape(), Shape::from([4, 3]), parts)]
        })
        .gives(|x| {
            vec![Tensor::from_fn([4, 3], |at| {
                let (i, j) = (at[0], at[1]);
                let row = if (1..3).contains(&i) { x[0][[i - 1, j]] } else { 0.0 };
                row + if j == 2 { x[1][[i]] } else { 0.0 }
            })]
        })
        .case("a copy", &[&[3, 4]], |x| vec![x[0].t().contiguous()])
        .gives(|x| vec![plain::permuted(&x[0], &[1, 0])])
}
