//! Elements in other places: axes moved, copies, borders, triangles, and places that are written over.
//!
//! Nothing is computed here: each element of a result is one of the inputs' or a constant, and a gradient
//! goes back where the element came from.

use wengert_tensor::places::{along, dims};
use wengert_tensor::{AxisRange, Float, Pad, Shape, Tensor};

use crate::record::recording::or_panic;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// The view with axis `from` at position `to`, and the others in their order.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.zeros([2, 3, 4]).movedim(0, -1).shape(), [3, 4, 2]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range.
    #[doc(alias = "moveaxis")]
    #[track_caller]
    pub fn movedim(self, from: isize, to: isize) -> Self {
        let axes = or_panic(self.shape().moved("movedim", from, to));
        self.permute(&axes)
    }

    /// The elements moved by `shift` places along `axis`; those that leave it come back at its other end.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 2.0, 3.0, 4.0]));
    /// assert_eq!(x.roll(1, 0).value(), Tensor::from([4.0, 1.0, 2.0, 3.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn roll(self, shift: isize, axis: isize) -> Self {
        let shape = self.shape();
        let at = or_panic(shape.axis("roll", axis));
        let split = -shift.rem_euclid(shape[at].max(1) as isize);
        if split == 0 {
            return self;
        }
        Var::cat(
            &[self.slice(axis, split..), self.slice(axis, ..split)],
            axis,
        )
    }

    /// So many copies one after the other along each axis, one number for each.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.zeros([2, 3]).repeat(&[4, 2]).shape(), [8, 6]);
    /// ```
    ///
    /// # Panics
    /// If there are not as many numbers as axes.
    #[doc(alias = "tile")]
    #[track_caller]
    pub fn repeat(self, times: &[usize]) -> Self {
        or_panic(self.shape().repeated(times));
        let mut y = self;
        for (axis, &times) in times.iter().enumerate() {
            y = match times {
                0 => y.slice(axis as isize, ..0_usize),
                1 => y,
                _ => Var::cat(&vec![y; times], axis as isize),
            };
        }
        y
    }

    /// Each element of `axis` so many times in a row.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 2.0]));
    /// assert_eq!(x.repeat_interleave(2, 0).value(), Tensor::from([1.0, 1.0, 2.0, 2.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn repeat_interleave(self, times: usize, axis: isize) -> Self {
        let shape = self.shape();
        let at = or_panic(shape.axis("repeat_interleave", axis));
        let numbers = Tensor::<i64>::arange(shape[at]);
        self.index_select(axis, &numbers.repeat_interleave(times, 0))
    }

    /// The elements on the `k`-th diagonal of the innermost two axes and below it, 0 above.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.ones([2, 2]).tril(0).value(), Tensor::from([[1.0, 0.0], [1.0, 1.0]]));
    /// ```
    ///
    /// # Panics
    /// If the rank is less than 2.
    #[track_caller]
    pub fn tril(self, k: isize) -> Self {
        self.where_(
            &or_panic(Tensor::triangle("tril", &self.shape(), k, true)),
            0.0,
        )
    }

    /// The elements on the `k`-th diagonal of the innermost two axes and above it, 0 below.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.ones([2, 2]).triu(1).value(), Tensor::from([[0.0, 1.0], [0.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// If the rank is less than 2.
    #[track_caller]
    pub fn triu(self, k: isize) -> Self {
        self.where_(
            &or_panic(Tensor::triangle("triu", &self.shape(), k, false)),
            0.0,
        )
    }

    /// The value with borders: a pair of lengths, before and after, for each of the last axes.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::{Pad, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 2.0, 3.0]));
    /// assert_eq!(x.pad(&[(1, 1)], Pad::Constant(0.5)).value(), Tensor::from([0.5, 1.0, 2.0, 3.0, 0.5]));
    /// assert_eq!(x.pad(&[(1, 1)], Pad::Circular).value(), Tensor::from([3.0, 1.0, 2.0, 3.0, 1.0]));
    /// ```
    ///
    /// # Panics
    /// If there are more pairs than axes, or nothing that could be repeated.
    #[track_caller]
    pub fn pad(self, borders: &[(usize, usize)], pad: Pad) -> Self {
        let first = or_panic(self.shape().bordered(borders));
        let mut y = self;
        for (&(before, after), axis) in borders.iter().zip(first..) {
            let shape = y.shape();
            y = match pad {
                Pad::Constant(value) => {
                    let [low, high] = [before, after].map(|len| {
                        let mut border = shape.clone();
                        border.dims_mut()[axis] = len;
                        y.tape().full(border, value)
                    });
                    Var::cat(&[low, y, high], axis as isize)
                }
                _ => {
                    let sources = or_panic(pad.sources(shape[axis], before, after));
                    y.index_select(axis as isize, &sources)
                }
            };
        }
        y
    }

    /// The elements at which the mask is true, in row-major order.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    /// assert_eq!(x.masked_select(&x.value().gt(2.0)).value(), Tensor::from([3.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// If the mask does not stretch to the shape.
    #[track_caller]
    pub fn masked_select(self, mask: &Tensor<bool>) -> Self {
        self.flatten(0)
            .index_select(0, &places(mask, &self.shape()))
    }

    /// This value with the elements of `src`, in row-major order, where the mask is true.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 2.0, 3.0]));
    /// let y = x.masked_scatter(&Tensor::from([true, false, true]), &Tensor::from([7.0, 8.0, 9.0]));
    /// assert_eq!(y.value(), Tensor::from([7.0, 2.0, 8.0]));
    /// ```
    ///
    /// # Panics
    /// If the mask does not stretch to the shape, or is true more often than `src` has elements.
    #[track_caller]
    pub fn masked_scatter(self, mask: &Tensor<bool>, src: impl Operand<'t, T>) -> Self {
        let (places, src) = (places(mask, &self.shape()), src.on(self.tape()));
        let [count, given] = [places.size(), src.size()];
        assert!(
            count <= given,
            "masked_scatter: {given} elements for {count} places"
        );
        self.written_over(&places, src.flatten(0).slice(0, ..count))
    }

    /// This value with each element of `src` at the place that `index` names along `axis`:
    /// `y[i, index[i, j]] = src[i, j]` for axis 1 of a matrix. Of several for one place, the last counts,
    /// and the others get no gradient.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 2.0, 3.0]));
    /// let y = x.scatter(0, &Tensor::from([2, 0]), &Tensor::from([8.0, 9.0]));
    /// assert_eq!(y.value(), Tensor::from([9.0, 2.0, 8.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the shapes do not fit.
    #[doc(alias = "put_along_axis")]
    #[track_caller]
    pub fn scatter(self, axis: isize, index: &Tensor<i64>, src: impl Operand<'t, T>) -> Self {
        let numbers = Tensor::<i64>::arange(self.size()).reshape(&dims(&self.shape()));
        let places = numbers.gather(axis, index);
        let src = src.on(self.tape()).expand(index.shape());
        self.written_over(&places, src)
    }

    /// This value with the slices of `src` added at the positions that `indices` name along `axis`, each as
    /// often as it is named.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let y = tape.zeros([3]).index_add(0, &Tensor::from([2, 0, 2]), &Tensor::from([1.0, 2.0, 3.0]));
    /// assert_eq!(y.value(), Tensor::from([2.0, 0.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the shapes do not fit.
    #[track_caller]
    pub fn index_add(self, axis: isize, indices: &Tensor<i64>, src: impl Operand<'t, T>) -> Self {
        let index = along("index_add", &self.shape(), axis, indices);
        let src = src.on(self.tape()).expand(index.shape());
        self.scatter_add(axis, &index, src)
    }

    /// This value with the slices of `src` at the positions that `indices` name along `axis`. Of several for
    /// one position, the last counts.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let y = tape.zeros([3]).index_copy(0, &Tensor::from([2, 0]), &Tensor::from([1.0, 2.0]));
    /// assert_eq!(y.value(), Tensor::from([2.0, 0.0, 1.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the shapes do not fit.
    #[track_caller]
    pub fn index_copy(self, axis: isize, indices: &Tensor<i64>, src: impl Operand<'t, T>) -> Self {
        self.scatter(
            axis,
            &along("index_copy", &self.shape(), axis, indices),
            src,
        )
    }

    /// This value with `src` in place of the part of `axis` in `range`.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 2.0, 3.0]));
    /// assert_eq!(x.with_slice(0, 1.., 0.0).value(), Tensor::from([1.0, 0.0, 0.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, or `src` does not stretch to the part.
    #[doc(alias = "slice_assign")]
    #[doc(alias = "slice_scatter")]
    #[doc(alias = "dynamic_update_slice")]
    #[track_caller]
    pub fn with_slice(self, axis: isize, range: impl AxisRange, src: impl Operand<'t, T>) -> Self {
        let numbers = Tensor::<i64>::arange(self.size()).reshape(&dims(&self.shape()));
        let places = numbers.slice(axis, range);
        let src = src.on(self.tape()).expand(places.shape());
        self.written_over(&places, src)
    }

    /// This value with each element of `src` at its row-major place.
    #[track_caller]
    pub(super) fn written_over(self, places: &Tensor<i64>, src: Self) -> Self {
        let shape = self.shape();
        let mut sources: Vec<i64> = (0..shape.size() as i64).collect();
        for (source, place) in (shape.size() as i64..).zip(places.iter()) {
            sources[place as usize] = source;
        }
        let both = Var::cat(&[self.flatten(0), src.flatten(0)], 0);
        let y = both.index_select(0, &Tensor::from(sources));
        y.reshape(&dims(&shape))
    }

    /// A matrix with this vector on its `offset`-th diagonal, 0 elsewhere; of a matrix, see
    /// [`diagonal`](Var::diagonal).
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 2.0]));
    /// assert_eq!(x.diag_embed(0).value(), Tensor::from([[1.0, 0.0], [0.0, 2.0]]));
    /// ```
    ///
    /// # Panics
    /// If it is a scalar.
    #[doc(alias = "diag")]
    #[track_caller]
    pub fn diag_embed(self, offset: isize) -> Self {
        let shape = self.shape();
        let len = shape[or_panic(shape.axis("diag_embed", -1))];
        let size = len + offset.unsigned_abs();
        let mut square = shape.clone();
        square.dims_mut()[shape.rank() - 1] = size;
        square.insert(shape.rank(), size);
        let numbers = Tensor::<i64>::arange(square.size()).reshape(&dims(&square));
        let places = numbers.diagonal(offset, -2, -1);
        self.tape().zeros(square).written_over(&places, self)
    }

    /// The coordinates of a grid: of vectors of lengths n, m, …, as many values of shape \[n, m, …\], each of
    /// which changes along its own axis.
    ///
    /// ```
    /// use wengert_tape::{Tape, Var};
    /// let tape = Tape::<f64>::new();
    /// let grid = Var::meshgrid(&[tape.zeros([2]), tape.zeros([3])]);
    /// assert_eq!(grid[1].shape(), [2, 3]);
    /// ```
    ///
    /// # Panics
    /// If one of them is no vector.
    #[track_caller]
    pub fn meshgrid(axes: &[Self]) -> Vec<Self> {
        let mut shape = Vec::with_capacity(axes.len());
        for x in axes {
            let found = x.shape();
            assert!(found.rank() == 1, "meshgrid: {found} is no vector");
            shape.push(found[0]);
        }
        let shape = Shape::from(shape);
        let mut grid = Vec::with_capacity(axes.len());
        for (k, x) in axes.iter().enumerate() {
            let mut dims = vec![1; axes.len()];
            dims[k] = -1;
            grid.push(x.reshape(&dims).expand(&shape));
        }
        grid
    }
}

/// The row-major places of a shape at which a mask is true.
#[track_caller]
fn places(mask: &Tensor<bool>, shape: &Shape) -> Tensor<i64> {
    Tensor::<i64>::arange(shape.size()).masked_select(&mask.expand(shape).flatten(0))
}
