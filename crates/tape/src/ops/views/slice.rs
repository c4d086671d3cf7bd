//! `slice`: a part along one axis.
//!
//! - shape: x\[…, n, …\] → y\[…, m, …\] with m elements from start to stop in steps
//! - value: y_k = x_(start + k·step); for a negative step y_k = x_(stop − 1 + k·step)
//! - rule: x̄ is ȳ in the region of the slice and 0 elsewhere
//! - edges: everywhere smooth; no copy; the rule writes the region alone, so that a loop over the
//!   slices of a sequence is linear in its length
//! - source: NumPy's slicing; the negative step is ndarray's

use wengert_tensor::kernels::each;
use wengert_tensor::{AxisRange, Float, Layout, Shape, ShapeError, Tensor, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::walk::part::Part;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The part of `axis` in `range`, whose bounds count from the end where negative.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.zeros([2, 10]);
    /// assert_eq!(x.slice(1, 2..5).shape(), [2, 3]);
    /// assert_eq!(x.slice(-1, -4..).shape(), [2, 4]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[doc(alias = "narrow")]
    #[track_caller]
    pub fn slice(self, axis: isize, range: impl AxisRange) -> Self {
        self.slice_step(axis, range, 1)
    }

    /// Every `step`-th element of the part of `axis` in `range`. A negative step starts at the end
    /// of the range: −1 reverses it.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([0.0, 1.0, 2.0, 3.0]));
    /// assert_eq!(x.slice_step(0, 1.., 2).value().to_vec(), [1.0, 3.0]);
    /// assert_eq!(x.slice_step(0, .., -1).value().to_vec(), [3.0, 2.0, 1.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or the step is 0.
    #[track_caller]
    pub fn slice_step(self, axis: isize, range: impl AxisRange, step: isize) -> Self {
        let (start, stop) = range.start_and_stop();
        let op = Slice {
            // What does not fit is out of range, and stays so.
            axis: axis.clamp(i32::MIN as isize, i32::MAX as isize) as i32,
            start,
            stop,
            step,
        };
        self.tape().apply(op, [self])
    }

    /// The elements in reverse order along `axes`, all if there are none in the list.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    /// assert_eq!(x.flip(&[1]).value().to_rows(), [[2.0, 1.0], [4.0, 3.0]]);
    /// assert_eq!(x.flip(&[]).value().to_rows(), [[4.0, 3.0], [2.0, 1.0]]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[doc(alias = "reverse")]
    #[track_caller]
    pub fn flip(self, axes: &[isize]) -> Self {
        let mut x = self;
        for axis in or_panic(self.shape().axes("flip", axes)) {
            x = x.slice_step(axis as isize, .., -1);
        }
        x
    }

    /// `N` parts of equal length along `axis`.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// let [i, f, g, o] = tape.zeros([3, 8]).chunk(-1);
    /// assert_eq!(o.shape(), [3, 2]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or its length no multiple of `N`.
    #[track_caller]
    pub fn chunk<const N: usize>(self, axis: isize) -> [Self; N] {
        let len = self.dim(axis);
        assert!(N > 0 && len.is_multiple_of(N), "chunk: an axis of length {len} has no {N} equal parts");
        let part = (len / N) as isize;
        each(|k| {
            let start = k as isize * part;
            self.slice(axis, start..start + part)
        })
    }

    /// The parts of the given lengths along `axis`.
    ///
    /// # Panics
    /// If the axis is out of range or the lengths do not add up to its length.
    #[track_caller]
    pub fn split(self, axis: isize, sizes: &[usize]) -> Vec<Self> {
        let len = self.dim(axis);
        let sum = sizes.iter().try_fold(0usize, |sum, &size| sum.checked_add(size));
        assert!(sum == Some(len), "split: the parts {sizes:?} do not make up an axis of length {len}");
        let mut start = 0;
        let mut parts = Vec::with_capacity(sizes.len());
        for &size in sizes {
            parts.push(self.slice(axis, start..start + size as isize));
            start += size as isize;
        }
        parts
    }
}

#[derive(Clone, Copy)]
struct Slice {
    axis: i32,
    start: isize,
    stop: isize,
    step: isize,
}

impl Slice {
    fn of(&self, layout: &Layout) -> Result<Layout, ShapeError> {
        layout.sliced(self.axis as isize, self.start, self.stop, self.step)
    }
}

impl<T: Float> Op<T> for Slice {
    compiled_here!(op Slice);

    fn name(&self) -> &'static str {
        "slice"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        let layout = self.of(&Layout::contiguous(inputs[0].clone()))?;
        Ok(Shapes::from_elem(layout.shape().clone(), 1))
    }
    fn view(&self, input: &Layout) -> Option<Result<Layout, ShapeError>> {
        Some(self.of(input))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let layout = self.of(inputs[0].layout()).expect("the shape rule checked the slice");
        wengert_tensor::kernels::copy(&inputs[0].with_layout(layout), outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let shape = rule.x_shape(0);
        let region = self.of(&Layout::contiguous(shape));
        let region = region.expect("the shape rule checked the slice");
        rule.give_part(0, Part::Region(region), rule.cotangent());
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            rule.give(0, x_dot.tape().apply(*self, [x_dot]));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::new("slice")
        .case("middle", &[&[3, 6]], |x| vec![x[0].slice(1, 1..4)])
        .gives(|x| vec![plain::sliced(&x[0], 1, 1, 3, 1)])
        .case("from the end", &[&[3, 6]], |x| vec![x[0].slice(-1, -3..)])
        .gives(|x| vec![plain::sliced(&x[0], 1, 3, 3, 1)])
        .case("steps", &[&[3, 7, 2]], |x| vec![x[0].slice_step(1, 1..6, 2)])
        .gives(|x| vec![plain::sliced(&x[0], 1, 1, 3, 2)])
        .case("steps back", &[&[3, 7, 2]], |x| vec![x[0].slice_step(1, 1..7, -2)])
        .gives(|x| vec![plain::pick(&x[0], &[3, 3, 2], |at| vec![at[0], 6 - 2 * at[1], at[2]])])
        .case("reversed", &[&[4]], |x| vec![x[0].slice_step(0, .., -1) * x[0]])
        .gives(|x| vec![Tensor::from_fn([4], |at| x[0][[3 - at[0]]] * x[0][[at[0]]])])
        .case("reversed twice", &[&[3, 4]], |x| vec![x[0].flip(&[]).flip(&[0]) * x[0]])
        .gives(|x| {
            let line = |at: &[usize]| x[0][[at[0], 3 - at[1]]] * x[0][[at[0], at[1]]];
            vec![Tensor::from_fn([3, 4], line)]
        })
        .case("a reversed transpose", &[&[3, 4]], |x| {
            vec![x[0].t().flip(&[0]).slice(0, 1..).select(1, 2)]
        })
        .gives(|x| vec![plain::pick(&x[0], &[3], |at| vec![2, 2 - at[0]])])
        .case("a reversed expansion", &[&[3, 1]], |x| vec![x[0].expand([3, 2]).flip(&[])])
        .gives(|x| vec![plain::pick(&x[0], &[3, 2], |at| vec![2 - at[0], 0])])
        .case("nothing, backwards", &[&[3, 0]], |x| vec![x[0].flip(&[])])
        .gives(|_| vec![Tensor::zeros([3, 0])])
        .case("nothing", &[&[3, 6]], |x| vec![{ let (start, end) = (4, 2); x[0].slice(1, start..end) }])
        .gives(|_| vec![Tensor::zeros([3, 0])])
        .case("chunks", &[&[2, 6]], |x| {
            let [a, b, c] = x[0].chunk(1);
            vec![a * c + b]
        })
        .gives(|x| vec![Tensor::from_fn([2, 2], |at| {
            let [a, b, c] = [0, 2, 4].map(|start| x[0][[at[0], start + at[1]]]);
            a * c + b
        })])
        .case("of a slice", &[&[5, 6]], |x| vec![x[0].slice(0, 1..4).t().slice(0, ..2)])
        .gives(|x| vec![plain::permuted(&plain::sliced(&plain::sliced(&x[0], 0, 1, 3, 1), 1, 0, 2, 1), &[1, 0])])
        .bad(&[&[2, 3]], "slice: axis 2 is out of range for the shape [2, 3]", |x| {
            vec![x[0].slice(2, ..)]
        })
        .bad(&[&[2, 3]], "slice: the step is 0", |x| vec![x[0].slice_step(1, .., 0)])
        .bad(&[&[2, 3]], "flip: axis 2 is out of range for the shape [2, 3]", |x| {
            vec![x[0].flip(&[2])]
        })
}
