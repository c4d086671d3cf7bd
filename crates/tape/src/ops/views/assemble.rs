//! `assemble`: values added into parts of zeros; what flows back out of views and choices.
//!
//! - shape: x₀\[s₀\], x₁\[s₁\], … → y\[u\]
//! - value: y is the sum of every x_k in its part, 0 elsewhere
//! - rule: x̄_k = that part of ȳ
//! - edges: everywhere smooth; a part that names an element twice adds to it twice
//! - source: the transpose of a view, and of a choice of slices or elements

use wengert_tensor::kernels::{copy_into, index_add, scatter_add};
use wengert_tensor::{Float, Layout, Shape, ShapeError, Tensor, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::walk::part::Part;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;
use crate::record::tape::Tape;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The sum of values, each in its part of a value of the given shape. Indices are those of an op
    /// that has checked them.
    ///
    /// # Panics
    /// If a part reaches beyond the shape's size or has not its value's shape.
    #[track_caller]
    pub(crate) fn assemble(
        tape: &'t Tape<T>,
        shape: Shape,
        parts: Vec<(Self, Part)>,
    ) -> Self {
        let (values, parts): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let op = Assemble { shape, parts };
        tape.apply_all(op, &values)[0]
    }

    /// A part of this value.
    #[track_caller]
    fn part(self, part: &Part) -> Self {
        match part {
            Part::Region(region) => self.through(region),
            Part::Slices { axis, indices } => self.selected(*axis, indices),
            Part::Elements { axis, index } => self.gathered(*axis, index),
        }
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
        let region = Part::Region(Layout::contiguous(self.shape()));
        Self::assemble(self.tape(), self.shape(), vec![(self, region)])
    }
}

struct Assemble {
    shape: Shape,
    parts: Vec<Part>,
}

impl<T: Float> Op<T> for Assemble {
    compiled_here!(op Assemble);

    fn name(&self) -> &'static str {
        "assemble"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        for (part, x) in self.parts.iter().zip(inputs) {
            let fits = match part {
                Part::Region(region) => region.shape() == x && region.end() <= self.shape.size(),
                Part::Slices { axis, indices } => {
                    let mut slices = self.shape.clone();
                    slices.dims_mut()[*axis] = indices.size();
                    slices == *x
                }
                Part::Elements { index, .. } => index.shape() == x,
            };
            if !fits {
                let reason = format!("a value {x} does not fit a part of {}", self.shape);
                return Err(ShapeError::new("assemble", reason));
            }
        }
        Ok(Shapes::from_elem(self.shape.clone(), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        outputs[0].fill(T::ZERO);
        let (y, shape) = (&mut *outputs[0], &self.shape);
        for (part, x) in self.parts.iter().zip(inputs) {
            let added = match part {
                Part::Region(region) => {
                    copy_into(y, region, x, true);
                    Ok(())
                }
                Part::Slices { axis, indices } => index_add(y, shape, *axis, &indices.view(), x),
                Part::Elements { axis, index } => scatter_add(y, shape, *axis, &index.view(), x),
            };
            added.expect("the indices were checked when they chose");
        }
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let y_bar = rule.cotangent();
        for (k, part) in self.parts.iter().enumerate() {
            if rule.needs(k) {
                rule.give(k, y_bar.part(part));
            }
        }
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        let moving = |(k, part): (usize, &Part)| Some((rule.x_dot(k)?, part.clone()));
        let parts = self.parts.iter().enumerate().filter_map(moving).collect();
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
        rule.give_part(0, Part::Region(self.0.clone()), rule.cotangent());
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
            let parts = x.iter().copied().zip(regions().map(Part::Region)).collect();
            vec![Var::assemble(x[0].tape(), Shape::from([4, 3]), parts)]
        })
        .gives(|x| {
            vec![Tensor::from_fn([4, 3], |at| {
                let (i, j) = (at[0], at[1]);
                let row = if (1..3).contains(&i) { x[0][[i - 1, j]] } else { 0.0 };
                row + if j == 2 { x[1][[i]] } else { 0.0 }
            })]
        })
        .case("slices, elements and a region", &[&[2, 3], &[3, 1], &[4, 3]], |x| {
            let indices = Tensor::from([1, -1]);
            let index = Tensor::from([[0], [2], [0]]);
            let whole = Part::Region(Layout::contiguous(Shape::from([4, 3])));
            let parts = vec![
                (x[0], Part::Slices { axis: 0, indices }),
                (x[1], Part::Elements { axis: 1, index }),
                (x[2], whole),
            ];
            vec![Var::assemble(x[0].tape(), Shape::from([4, 3]), parts)]
        })
        .gives(|x| {
            vec![Tensor::from_fn([4, 3], |at| {
                let (i, j) = (at[0], at[1]);
                let row = match i {
                    1 => x[0][[0, j]],
                    3 => x[0][[1, j]],
                    _ => 0.0,
                };
                let element = if i < 3 && j == [0, 2, 0][i] { x[1][[i, 0]] } else { 0.0 };
                row + element + x[2][[i, j]]
            })]
        })
        .case("a copy", &[&[3, 4]], |x| vec![x[0].t().contiguous()])
        .gives(|x| vec![plain::permuted(&x[0], &[1, 0])])
}
