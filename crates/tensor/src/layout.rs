//! Where the elements of a tensor lie in its storage.

use std::ops::Range;

use smallvec::SmallVec;

use crate::shape::short;
use crate::{Shape, ShapeError};

/// A list of strides, in elements, one an axis.
pub type Strides = SmallVec<[isize; 4]>;

/// A shape with the place of every element: element `(i, j, …)` lies at
/// `offset + i·strides[0] + j·strides[1] + …`.
///
/// All views are changes of a layout: they move no element. Every position of a layout is a number
/// from 0 to `isize::MAX`: whatever makes a layout sees to it, so that no sum or product of its
/// numbers wraps.
///
/// ```
/// use wengert_tensor::{Layout, Shape};
/// let rows = Layout::contiguous(Shape::from([2, 3]));
/// let columns = rows.permuted(&[1, 0]);
/// assert_eq!(columns.shape(), &Shape::from([3, 2]));
/// assert_eq!(columns.positions().collect::<Vec<_>>(), [0, 3, 1, 4, 2, 5]);
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Layout {
    shape: Shape,
    strides: Strides,
    offset: usize,
}

impl Clone for Layout {
    #[inline]
    fn clone(&self) -> Self {
        Layout {
            shape: self.shape.clone(),
            strides: short(&self.strides),
            offset: self.offset,
        }
    }
}

impl Layout {
    /// Row-major order from offset 0.
    ///
    /// # Panics
    /// If memory cannot hold the elements; see [`Shape::checked_size`].
    #[track_caller]
    pub fn contiguous(shape: Shape) -> Self {
        Self::contiguous_at(shape, 0)
    }

    /// Row-major order from the given offset.
    ///
    /// # Panics
    /// If memory cannot hold so many elements, or not from that offset on.
    #[track_caller]
    pub fn contiguous_at(shape: Shape, offset: usize) -> Self {
        let mut strides = match shape.rank() {
            rank @ ..=4 => Strides::from_buf_and_len([1; 4], rank),
            rank => Strides::from_elem(1, rank),
        };
        let (mut step, mut fits) = (1, true);
        for (stride, &dim) in strides.iter_mut().zip(shape.iter()).rev() {
            *stride = step;
            let dim = dim.max(1) as isize;
            let (next, wraps) = step.overflowing_mul(dim);
            (step, fits) = (next, fits && dim > 0 && !wraps);
        }
        if !fits || step.checked_add_unsigned(offset).is_none() {
            out_of_memory(&shape, offset);
        }
        Layout {
            shape,
            strides,
            offset,
        }
    }

    /// The shape.
    #[inline]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The strides in elements; a stride of 0 repeats an element.
    #[inline]
    pub fn strides(&self) -> &[isize] {
        &self.strides
    }

    /// The position of the first element.
    #[inline]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The number of elements.
    #[inline]
    pub fn size(&self) -> usize {
        self.shape.size()
    }

    /// Whether the elements lie in row-major order without gaps.
    pub fn is_contiguous(&self) -> bool {
        let mut step = 1;
        for (&stride, &dim) in self.strides.iter().zip(self.shape.iter()).rev() {
            if dim != 1 && stride != step {
                return self.size() == 0;
            }
            step *= dim as isize;
        }
        true
    }

    /// Whether two indices may lead to the same element (a stride of 0 along an axis longer than 1).
    pub fn repeats(&self) -> bool {
        self.strides
            .iter()
            .zip(self.shape.iter())
            .any(|(&stride, &dim)| stride == 0 && dim > 1)
    }

    /// One more than the greatest position that an element has; 0 for a layout without elements.
    pub fn end(&self) -> usize {
        self.reach().end
    }

    /// From the least position that an element has to one more than the greatest; empty, from 0, for
    /// a layout without elements.
    ///
    /// ```
    /// use wengert_tensor::{Layout, Shape};
    /// let rows = Layout::contiguous(Shape::from([4, 3])).sliced(0, 1, 3, 1).unwrap();
    /// assert_eq!(rows.reach(), 3..9);
    /// ```
    pub fn reach(&self) -> Range<usize> {
        let (mut before, mut after, mut empty) = (0, 0, false);
        for (&stride, &dim) in self.strides.iter().zip(self.shape.iter()) {
            let length = stride.wrapping_mul(dim as isize - 1);
            before += length.min(0);
            after += length.max(0);
            empty |= dim == 0;
        }
        match empty {
            true => 0..0,
            false => {
                self.offset.wrapping_add_signed(before)..self.offset.wrapping_add_signed(after) + 1
            }
        }
    }

    /// The positions of the elements in row-major order of their indices.
    pub fn positions(&self) -> Positions<'_> {
        Positions {
            layout: self,
            index: SmallVec::from_elem(0, self.shape.rank()),
            at: self.offset as isize,
            left: self.size(),
        }
    }

    /// The same storage with the offset moved by `by` elements.
    ///
    /// # Panics
    /// If memory has no such positions.
    #[track_caller]
    pub fn moved(mut self, by: usize) -> Self {
        let room = (isize::MAX as usize).checked_sub(self.end().max(self.offset));
        if room.is_none_or(|room| by > room) {
            out_of_memory(&self.shape, self.offset.saturating_add(by));
        }
        self.offset += by;
        self
    }

    /// The layout stretched to `shape` with strides of 0.
    ///
    /// # Errors
    /// If the shape does not stretch to it by the broadcasting rule.
    pub fn expanded(&self, shape: &Shape) -> Result<Layout, ShapeError> {
        if !self.shape.broadcasts_to(shape) {
            let reason = format!("{} does not stretch to {shape}", self.shape);
            return Err(ShapeError::new("expand", reason));
        }
        let shape = shape.clone().fits("expand")?;
        let lead = shape.rank() - self.shape.rank();
        let mut strides: Strides = SmallVec::from_elem(0, shape.rank());
        for (at, &dim) in self.shape.iter().enumerate() {
            if dim != 1 {
                strides[lead + at] = self.strides[at];
            }
        }
        Ok(Layout {
            shape,
            strides,
            offset: self.offset,
        })
    }

    /// The layout with its axes in the order `axes`, a permutation of the positions.
    ///
    /// # Panics
    /// If a position is out of range. That each occurs once is the caller's business; see
    /// [`Layout::permutation`].
    pub fn permuted(&self, axes: &[usize]) -> Layout {
        Layout {
            shape: axes.iter().map(|&axis| self.shape[axis]).collect(),
            strides: axes.iter().map(|&axis| self.strides[axis]).collect(),
            offset: self.offset,
        }
    }

    /// Checks that `axes` names every axis once, and resolves negative ones.
    ///
    /// # Errors
    /// If the list is not a permutation of the axes.
    pub fn permutation(&self, axes: &[isize]) -> Result<crate::Axes, ShapeError> {
        let mut list = crate::Axes::new();
        for &axis in axes {
            list.push(self.shape.axis("permute", axis)?);
        }
        let complete = (0..self.shape.rank()).all(|axis| list.contains(&axis));
        if complete && list.len() == self.shape.rank() {
            Ok(list)
        } else {
            let reason = format!("{axes:?} is no permutation of the axes of {}", self.shape);
            Err(ShapeError::new("permute", reason))
        }
    }

    /// The part along `axis` from `start` to `stop` (exclusive) in steps of `step`. Negative bounds
    /// count from the end; bounds beyond it are cut to it, as in NumPy. A negative step takes the
    /// same part from its end, as in ndarray.
    ///
    /// # Errors
    /// If the axis is out of range or the step is 0.
    pub fn sliced(
        &self,
        axis: isize,
        start: isize,
        stop: isize,
        step: isize,
    ) -> Result<Layout, ShapeError> {
        let axis = self.shape.axis("slice", axis)?;
        if step == 0 {
            return Err(ShapeError::new("slice", "the step is 0"));
        }
        let dim = self.shape[axis] as isize;
        let bound = |at: isize| {
            if at < 0 {
                (at + dim).max(0)
            } else {
                at.min(dim)
            }
        };
        let (start, stop) = (bound(start), bound(stop));
        let len = ((stop - start).max(0) as usize).div_ceil(step.unsigned_abs());
        let mut layout = self.clone();
        layout.shape.dims_mut()[axis] = len;
        if layout.size() > 0 {
            let first = if step > 0 { start } else { stop - 1 };
            layout.offset = layout
                .offset
                .wrapping_add_signed(first * self.strides[axis]);
        }
        // The stride along a single element says nothing, and could be too great.
        if len > 1 {
            layout.strides[axis] *= step;
        }
        Ok(layout)
    }

    /// The part at position `index` of `axis`, which disappears; −1 is the last position.
    ///
    /// # Errors
    /// If the axis or the index is out of range.
    pub fn selected(&self, axis: isize, index: isize) -> Result<Layout, ShapeError> {
        let axis = self.shape.axis("select", axis)?;
        let dim = self.shape[axis] as isize;
        let at = if index < 0 { index + dim } else { index };
        if !(0..dim).contains(&at) {
            let reason = format!(
                "index {index} is out of range for axis {axis} of {}",
                self.shape
            );
            return Err(ShapeError::new("select", reason));
        }
        let mut layout = self.clone();
        layout.shape.remove(axis);
        let stride = layout.strides.remove(axis);
        layout.offset = layout.offset.wrapping_add_signed(at * stride);
        Ok(layout)
    }

    /// The layout with two axes exchanged.
    ///
    /// # Errors
    /// If an axis is out of range.
    pub fn transposed(&self, a: isize, b: isize) -> Result<Layout, ShapeError> {
        let a = self.shape.axis("transpose", a)?;
        let b = self.shape.axis("transpose", b)?;
        let mut layout = self.clone();
        layout.shape.dims_mut().swap(a, b);
        layout.strides.swap(a, b);
        Ok(layout)
    }

    /// The elements whose positions along `a` and `b` differ by `offset`, as a new innermost axis that
    /// stands for both: `b` is ahead where `offset` is positive.
    ///
    /// # Errors
    /// If an axis is out of range, or both are one.
    pub fn diagonal(&self, offset: isize, a: isize, b: isize) -> Result<Layout, ShapeError> {
        let a = self.shape.axis("diagonal", a)?;
        let b = self.shape.axis("diagonal", b)?;
        if a == b {
            let reason = format!("axis {a} of {} is named twice", self.shape);
            return Err(ShapeError::new("diagonal", reason));
        }
        // How far along each axis it starts.
        let [from_a, from_b] = [offset.min(0).unsigned_abs(), offset.max(0) as usize];
        let left = |axis: usize, from: usize| self.shape[axis].saturating_sub(from);
        let len = left(a, from_a).min(left(b, from_b));
        let mut layout = self.clone();
        let (step_a, step_b) = (self.strides[a], self.strides[b]);
        for axis in [a.max(b), a.min(b)] {
            layout.shape.remove(axis);
            layout.strides.remove(axis);
        }
        let rank = layout.shape.rank();
        layout.shape.insert(rank, len);
        // The stride along a single element says nothing, and could be too great.
        let step = if len > 1 { step_a + step_b } else { 1 };
        layout.strides.push(step);
        if layout.size() > 0 {
            let moved = from_a as isize * step_a + from_b as isize * step_b;
            layout.offset = layout.offset.wrapping_add_signed(moved);
        }
        Ok(layout)
    }

    /// The windows of `size` elements along `axis`, whose starts are `step` apart: the axis counts them,
    /// and a new innermost axis leads through each. Windows may overlap.
    ///
    /// # Errors
    /// If the axis is out of range, the step is 0, or there is no whole window.
    pub fn windows(&self, axis: isize, size: usize, step: usize) -> Result<Layout, ShapeError> {
        let axis = self.shape.axis("unfold", axis)?;
        let len = self.shape[axis];
        if step == 0 || size > len {
            let reason = match step {
                0 => "the step is 0".to_owned(),
                _ => format!(
                    "a window of {size} is longer than axis {axis} of {}",
                    self.shape
                ),
            };
            return Err(ShapeError::new("unfold", reason));
        }
        let mut layout = self.clone();
        let stride = self.strides[axis];
        let count = (len - size) / step + 1;
        layout.shape.dims_mut()[axis] = count;
        if count > 1 {
            layout.strides[axis] = stride * step as isize;
        }
        let rank = layout.shape.rank();
        layout.shape.insert(rank, size);
        layout.strides.push(stride);
        Ok(layout)
    }

    /// Where [`windows`](Layout::windows) of shape `windows` lie in a row-major value whose `axis` is `len` long,
    /// and the shape of that value.
    ///
    /// # Errors
    /// If the axis is out of range, the step is 0, or these are not the windows of such an axis.
    pub fn folded(
        windows: &Shape,
        axis: isize,
        len: usize,
        step: usize,
    ) -> Result<(Shape, Layout), ShapeError> {
        let mut shape = windows.clone();
        let size = match shape.rank() {
            0 => 0,
            rank => shape.remove(rank - 1),
        };
        let axis = shape.axis("fold", axis)?;
        shape.dims_mut()[axis] = len;
        let whole = Layout::contiguous(shape.clone().fits("fold")?);
        match whole.windows(axis as isize, size, step) {
            Ok(region) if region.shape() == windows => Ok((shape, region)),
            _ => {
                let reason =
                    format!("{windows} are not the windows {step} apart of axis {axis} of {shape}");
                Err(ShapeError::new("fold", reason))
            }
        }
    }

    /// The layout without `axis`, which must have size 1.
    ///
    /// # Errors
    /// If the axis is out of range or has another size.
    pub fn squeezed(&self, axis: isize) -> Result<Layout, ShapeError> {
        let axis = self.shape.axis("squeeze", axis)?;
        if self.shape[axis] != 1 {
            let reason = format!("axis {axis} of {} does not have size 1", self.shape);
            return Err(ShapeError::new("squeeze", reason));
        }
        let mut layout = self.clone();
        layout.shape.remove(axis);
        layout.strides.remove(axis);
        Ok(layout)
    }

    /// The layout at position 0 of `axis`, which disappears: the starts of the rows along it. The
    /// positions mean nothing where the axis has size 0.
    ///
    /// # Panics
    /// If the axis is out of range.
    pub fn without(&self, axis: usize) -> Layout {
        let mut layout = self.clone();
        layout.shape.remove(axis);
        layout.strides.remove(axis);
        layout
    }

    /// The layout with a new axis of size 1 at position `axis` of the result; −1 is the innermost.
    ///
    /// # Errors
    /// If the position is out of range for the result.
    pub fn unsqueezed(&self, axis: isize) -> Result<Layout, ShapeError> {
        let rank = self.shape.rank() as isize + 1;
        let at = if axis < 0 { axis + rank } else { axis };
        if !(0..rank).contains(&at) {
            let reason = format!(
                "axis {axis} is out of range for a new axis in {}",
                self.shape
            );
            return Err(ShapeError::new("unsqueeze", reason));
        }
        let at = at as usize;
        let mut layout = self.clone();
        let stride = match layout.strides.get(at) {
            Some(&stride) => stride.saturating_mul(self.shape[at] as isize),
            None => 1,
        };
        layout.shape.insert(at, 1);
        layout.strides.insert(at, stride);
        Ok(layout)
    }

    /// The same elements in row-major order under another shape, where strides can say it; `None`
    /// where the elements would have to be copied.
    ///
    /// # Panics
    /// If the sizes differ; see [`Shape`] for the rule that checks it.
    pub fn reshaped(&self, shape: &Shape) -> Option<Layout> {
        assert_eq!(self.size(), shape.size(), "reshape: sizes differ");
        if self.is_contiguous() {
            return Some(Layout::contiguous_at(shape.clone(), self.offset));
        }
        // Runs of axes that follow each other without a gap act as one axis; a new axis must lie
        // within one run.
        let mut runs: SmallVec<[(usize, isize); 4]> = SmallVec::new();
        for (&dim, &stride) in self
            .shape
            .iter()
            .zip(&self.strides)
            .filter(|(dim, _)| **dim != 1)
        {
            match runs.last_mut() {
                Some((size, inner)) if *inner == stride.wrapping_mul(dim as isize) => {
                    *size *= dim;
                    *inner = stride;
                }
                _ => runs.push((dim, stride)),
            }
        }
        let mut strides = match shape.rank() {
            rank @ ..=4 => Strides::from_buf_and_len([1; 4], rank),
            rank => Strides::from_elem(1, rank),
        };
        let mut runs = runs.into_iter().rev();
        let (mut left, mut stride) = runs.next().unwrap_or((1, 1));
        for (at, &dim) in shape.iter().enumerate().rev() {
            if dim == 1 {
                continue;
            }
            if left == 1 {
                (left, stride) = runs.next()?;
            }
            if left % dim != 0 {
                return None;
            }
            strides[at] = stride;
            left /= dim;
            // Behind the last axis of a run it is not used.
            stride = stride.wrapping_mul(dim as isize);
        }
        Some(Layout {
            shape: shape.clone(),
            strides,
            offset: self.offset,
        })
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn out_of_memory(shape: &Shape, offset: usize) -> ! {
    panic!(
        "a layout of the shape {shape} from offset {offset} has more positions than memory can have"
    )
}

/// The positions of a layout's elements, made by [`Layout::positions`].
#[derive(Clone)]
pub struct Positions<'a> {
    layout: &'a Layout,
    index: SmallVec<[usize; 4]>,
    at: isize,
    left: usize,
}

impl Iterator for Positions<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let position = self.at as usize;
        for axis in (0..self.index.len()).rev() {
            // Behind the last element along an axis there may be no position.
            let stride = self.layout.strides[axis];
            if self.index[axis] + 1 < self.layout.shape[axis] {
                self.index[axis] += 1;
                self.at += stride;
                break;
            }
            self.at -= stride * self.index[axis] as isize;
            self.index[axis] = 0;
        }
        Some(position)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Positions<'_> {}
