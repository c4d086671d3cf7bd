//! `diagonal`: the elements whose positions along two axes are a fixed distance apart.
//!
//! - shape: x\[…, n, …, m, …\] → y\[…, …, …, k\], the new axis innermost
//! - value: y_(…k) = x at k along one axis and k + offset along the other
//! - rule: x̄ is ȳ on the diagonal and 0 elsewhere
//! - edges: everywhere smooth; no copy; a diagonal beyond the matrix is empty
//! - source: NumPy's `diagonal`

use wengert_tensor::{Float, Layout, Shape, ShapeError, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::var::Var;
use crate::walk::part::Part;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<'t, T: Float> Var<'t, T> {
    /// The elements whose positions along `a` and `b` differ by `offset`, as a new innermost axis that
    /// stands for both: above the main diagonal where it is positive.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
    /// assert_eq!(x.diagonal(0, 0, 1).value(), Tensor::from([1.0, 5.0]));
    /// assert_eq!(x.diagonal(1, 0, 1).value(), Tensor::from([2.0, 6.0]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range, or both are one.
    #[doc(alias = "diag")]
    #[track_caller]
    pub fn diagonal(self, offset: isize, a: isize, b: isize) -> Self {
        self.tape().apply(Diagonal { offset, a, b }, [self])
    }

    /// The sum of the main diagonal of the innermost two axes.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    /// assert_eq!(x.trace().item(), 5.0);
    /// ```
    ///
    /// # Panics
    /// If the rank is less than 2.
    #[track_caller]
    pub fn trace(self) -> Self {
        self.diagonal(0, -2, -1).sum_axes(&[-1], false)
    }
}

#[derive(Clone, Copy)]
struct Diagonal {
    offset: isize,
    a: isize,
    b: isize,
}

impl Diagonal {
    fn of(&self, layout: &Layout) -> Result<Layout, ShapeError> {
        layout.diagonal(self.offset, self.a, self.b)
    }
}

impl<T: Float> Op<T> for Diagonal {
    compiled_here!(op Diagonal);

    fn name(&self) -> &'static str {
        "diagonal"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        let layout = self.of(&Layout::contiguous(inputs[0].clone()))?;
        Ok(Shapes::from_elem(layout.shape().clone(), 1))
    }
    fn view(&self, input: &Layout) -> Option<Result<Layout, ShapeError>> {
        Some(self.of(input))
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
    Samples::new("diagonal")
        .case("of a square", &[&[4, 4]], |x| vec![x[0].diagonal(0, 0, 1)])
        .gives(|x| vec![plain::pick(&x[0], &[4], |at| vec![at[0], at[0]])])
        .case("above, of a batch", &[&[2, 3, 4]], |x| vec![x[0].diagonal(1, 1, 2) * x[0].diagonal(0, -2, -1)])
        .gives(|x| {
            let [above, main] = [1, 0].map(|k| {
                plain::pick(&x[0], &[2, 3], |at| vec![at[0], at[1], at[1] + k])
            });
            vec![above.zip_map(&main, |a, b| a * b)]
        })
        .case("below, of outer axes", &[&[4, 2, 3]], |x| vec![x[0].diagonal(-2, 0, 2)])
        .gives(|x| vec![plain::pick(&x[0], &[2, 2], |at| vec![at[1] + 2, at[0], at[1]])])
        .case("of a transpose", &[&[3, 4]], |x| vec![x[0].t().diagonal(-1, 0, 1)])
        .gives(|x| vec![plain::pick(&x[0], &[3], |at| vec![at[0], at[0] + 1])])
        .case("beyond", &[&[2, 2]], |x| vec![x[0].diagonal(5, 0, 1)])
        .gives(|_| vec![wengert_tensor::Tensor::zeros([0])])
        .case("trace", &[&[2, 3, 3]], |x| vec![x[0].trace()])
        .gives(|x| {
            let sum = |at: &[usize]| (0..3).map(|k| x[0][[at[0], k, k]]).sum();
            vec![wengert_tensor::Tensor::from_fn([2], sum)]
        })
        .bad(&[&[2, 3]], "diagonal: axis 1 of [2, 3] is named twice", |x| {
            vec![x[0].diagonal(0, 1, -1)]
        })
}
