//! `permute`: the axes in another order.
//!
//! - shape: x\[s₀, s₁, …\] → y\[s_p₀, s_p₁, …\]
//! - value: y with index (i_p₀, i_p₁, …) is x with index (i₀, i₁, …)
//! - rule: x̄ = ȳ with the axes back in their places
//! - edges: everywhere smooth; no copy
//! - source: NumPy's `transpose`

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
    /// The axes in the order `axes`.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.zeros([2, 3, 4]).permute(&[2, 0, 1]).shape(), [4, 2, 3]);
    /// ```
    ///
    /// # Panics
    /// If `axes` does not name every axis once.
    #[track_caller]
    pub fn permute(self, axes: &[isize]) -> Self {
        let layout = Layout::contiguous(self.shape());
        let axes = or_panic(layout.permutation(axes));
        self.permute_to(&axes)
    }

    /// Two axes exchanged.
    ///
    /// # Panics
    /// If an axis is out of range.
    #[doc(alias = "swapaxes")]
    #[track_caller]
    pub fn transpose(self, a: isize, b: isize) -> Self {
        let shape = self.shape();
        let a = or_panic(shape.axis("transpose", a));
        let b = or_panic(shape.axis("transpose", b));
        let mut axes: wengert_tensor::Axes = (0..shape.rank()).collect();
        axes.swap(a, b);
        self.permute_to(&axes)
    }

    /// The last two axes exchanged: the transpose of every matrix.
    ///
    /// # Panics
    /// If there are less than two axes.
    #[track_caller]
    pub fn t(self) -> Self {
        self.transpose(-2, -1)
    }

    #[track_caller]
    pub(in crate::ops) fn permute_to(self, axes: &[usize]) -> Self {
        self.tape().apply(Permute(Dims::of(axes)), [self])
    }
}

#[derive(Clone, Copy)]
struct Permute(Dims);

impl Permute {
    fn axes(&self) -> wengert_tensor::Axes {
        self.0.iter().collect()
    }
}

impl<T: Float> Op<T> for Permute {
    compiled_here!(op Permute);

    fn name(&self) -> &'static str {
        "permute"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(self.axes().iter().map(|&axis| inputs[0][axis]).collect(), 1))
    }
    fn view(&self, input: &Layout) -> Option<Result<Layout, ShapeError>> {
        Some(Ok(input.permuted(&self.axes())))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let permuted = inputs[0].layout().permuted(&self.axes());
        wengert_tensor::kernels::copy(&inputs[0].with_layout(permuted), outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let axes = self.axes();
        let mut back = axes.clone();
        for (to, &from) in axes.iter().enumerate() {
            back[from] = to;
        }
        rule.give(0, rule.cotangent().permute_to(&back));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            rule.give(0, x_dot.permute_to(&self.axes()));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::new("permute")
        .case("three axes", &[&[2, 3, 4]], |x| vec![x[0].permute(&[2, 0, 1])])
        .gives(|x| vec![plain::permuted(&x[0], &[2, 0, 1])])
        .case("negative", &[&[2, 3, 4]], |x| vec![x[0].permute(&[-1, 1, 0])])
        .gives(|x| vec![plain::permuted(&x[0], &[2, 1, 0])])
        .case("transpose", &[&[3, 5]], |x| vec![x[0].t()])
        .gives(|x| vec![plain::permuted(&x[0], &[1, 0])])
        .case("empty", &[&[0, 3]], |x| vec![x[0].t()])
        .gives(|x| vec![plain::permuted(&x[0], &[1, 0])])
        .bad(&[&[2, 3]], "permute: [0, 0] is no permutation of the axes of [2, 3]", |x| {
            vec![x[0].permute(&[0, 0])]
        })
}
