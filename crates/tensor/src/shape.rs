//! Shapes, axes and the one broadcasting rule.

use std::fmt;
use std::ops::Deref;

use smallvec::SmallVec;

use crate::ShapeError;

/// The dimensions of a tensor, outermost first. It reads as a slice of `usize`; its `len()` is
/// therefore the rank, and [`size`](Shape::size) the number of elements.
///
/// ```
/// use wengert_tensor::Shape;
/// let shape = Shape::from([2, 3, 4]);
/// assert_eq!((shape.rank(), shape.size(), shape[1]), (3, 24, 3));
/// assert_eq!(shape.to_string(), "[2, 3, 4]");
/// ```
#[derive(PartialEq, Eq, Hash, Default)]
pub struct Shape(SmallVec<[usize; 4]>);

// Of slices: a derived clone would go element by element.
impl Clone for Shape {
    #[inline]
    fn clone(&self) -> Self {
        Shape::new(self)
    }
}

impl Shape {
    /// The shape with these dimensions; an empty slice is the shape of a scalar.
    #[inline]
    pub fn new(dims: &[usize]) -> Self {
        Shape(short(dims))
    }

    /// The shape of the first `rank` of these dimensions.
    ///
    /// # Panics
    /// If `rank` is greater than 4.
    #[doc(hidden)]
    #[inline]
    #[track_caller]
    pub fn of_at_most_four(dims: [usize; 4], rank: usize) -> Self {
        Shape(SmallVec::from_buf_and_len(dims, rank))
    }

    /// The shape of a scalar: no dimension, one element.
    #[inline]
    pub fn scalar() -> Self {
        Shape(SmallVec::new())
    }

    /// The number of dimensions.
    #[inline]
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The number of elements.
    ///
    /// # Panics
    /// If memory cannot hold so many; see [`checked_size`](Shape::checked_size). No tensor and no
    /// layout has such a shape.
    #[inline]
    #[track_caller]
    pub fn size(&self) -> usize {
        match self.checked_size() {
            Some(size) => size,
            None => too_large(self),
        }
    }

    /// The dimensions.
    #[inline]
    pub fn dims(&self) -> &[usize] {
        &self.0
    }

    /// The dimensions, to be changed.
    #[inline]
    pub fn dims_mut(&mut self) -> &mut [usize] {
        &mut self.0
    }

    /// Adds a dimension at the inner end.
    pub fn push(&mut self, dim: usize) {
        self.0.push(dim);
    }

    /// Inserts a dimension in front of position `at`.
    ///
    /// # Panics
    /// If `at` is greater than the rank.
    #[track_caller]
    pub fn insert(&mut self, at: usize, dim: usize) {
        assert!(
            at <= self.rank(),
            "shape: {self} has no position {at} for a new dimension"
        );
        self.0.insert(at, dim);
    }

    /// Removes the dimension at position `at` and returns it.
    ///
    /// # Panics
    /// If `at` is not less than the rank.
    #[track_caller]
    pub fn remove(&mut self, at: usize) -> usize {
        assert!(at < self.rank(), "shape: {self} has no dimension {at}");
        self.0.remove(at)
    }

    /// The position of `axis`, where −1 is the innermost axis.
    ///
    /// # Errors
    /// If the axis is out of range.
    ///
    /// ```
    /// use wengert_tensor::Shape;
    /// let shape = Shape::from([2, 3]);
    /// assert_eq!(shape.axis("sum", -1), Ok(1));
    /// let error = shape.axis("sum", 2).unwrap_err();
    /// assert_eq!(error.to_string(), "sum: axis 2 is out of range for the shape [2, 3]");
    /// ```
    pub fn axis(&self, op: &'static str, axis: isize) -> Result<usize, ShapeError> {
        let rank = self.rank() as isize;
        let at = if axis < 0 { axis + rank } else { axis };
        if (0..rank).contains(&at) {
            Ok(at as usize)
        } else {
            let reason = format!("axis {axis} is out of range for the shape {self}");
            Err(ShapeError::new(op, reason))
        }
    }

    /// The order of the axes, as `permute` takes it, in which axis `from` stands at position `to`.
    ///
    /// # Errors
    /// If an axis is out of range.
    pub fn moved(
        &self,
        op: &'static str,
        from: isize,
        to: isize,
    ) -> Result<Vec<isize>, ShapeError> {
        let (from, to) = (self.axis(op, from)?, self.axis(op, to)?);
        let mut axes: Vec<isize> = (0..self.rank() as isize).collect();
        let moved = axes.remove(from);
        axes.insert(to, moved);
        Ok(axes)
    }

    /// The shape of so many copies along each axis.
    ///
    /// # Errors
    /// If there are not as many numbers as axes.
    pub fn repeated(&self, times: &[usize]) -> Result<Shape, ShapeError> {
        if times.len() != self.rank() {
            let reason = format!("{times:?} has not a number for each axis of {self}");
            return Err(ShapeError::new("repeat", reason));
        }
        let dims = self
            .iter()
            .zip(times)
            .map(|(dim, times)| dim.saturating_mul(*times));
        dims.collect::<Shape>().fits("repeat")
    }

    /// The first of the last axes, one for each border.
    ///
    /// # Errors
    /// If there are more borders than axes.
    pub fn bordered(&self, borders: &[(usize, usize)]) -> Result<usize, ShapeError> {
        let first = self.rank().checked_sub(borders.len());
        first.ok_or_else(|| {
            let reason = format!("{} borders are more than the axes of {self}", borders.len());
            ShapeError::new("pad", reason)
        })
    }

    /// The positions of several axes, in ascending order; an empty list names all of them.
    ///
    /// # Errors
    /// If an axis is out of range or named twice.
    pub fn axes(&self, op: &'static str, axes: &[isize]) -> Result<Axes, ShapeError> {
        if axes.is_empty() {
            return Ok((0..self.rank()).collect());
        }
        let mut list = Axes::new();
        for &axis in axes {
            let at = self.axis(op, axis)?;
            if list.contains(&at) {
                let reason = format!("axis {axis} is named twice for the shape {self}");
                return Err(ShapeError::new(op, reason));
            }
            list.push(at);
        }
        list.sort_unstable();
        Ok(list)
    }

    /// The shape that is left when `axes` (ascending) are reduced: they become 1 where `keep` is
    /// set and disappear where it is not.
    pub fn reduced(&self, axes: &[usize], keep: bool) -> Shape {
        let mut shape = Shape::scalar();
        for (at, &dim) in self.iter().enumerate() {
            match (axes.contains(&at), keep) {
                (false, _) => shape.push(dim),
                (true, true) => shape.push(1),
                (true, false) => {}
            }
        }
        shape
    }

    /// The common shape of two operands by NumPy's rule: aligned at the innermost axis, a missing
    /// or unit dimension stretches to the other's.
    ///
    /// # Errors
    /// If two dimensions differ and neither is 1.
    pub fn broadcast(op: &'static str, a: &Shape, b: &Shape) -> Result<Shape, ShapeError> {
        if a == b {
            return Ok(a.clone());
        }
        let (long, short) = if a.rank() >= b.rank() { (a, b) } else { (b, a) };
        let mut shape = long.clone();
        let lead = long.rank() - short.rank();
        for (at, &dim) in short.iter().enumerate() {
            let other = &mut shape.0[lead + at];
            if *other == 1 {
                *other = dim;
            } else if dim != 1 && dim != *other {
                let reason = format!("shapes do not broadcast: {a} and {b}");
                return Err(ShapeError::new(op, reason));
            }
        }
        shape.fits(op)
    }

    /// The number of elements, if memory can hold so many: `None` where the product of the dimensions
    /// is more than `isize::MAX`. A dimension of 0 counts as 1 in this product, because the strides
    /// of a tensor without elements are products of the others.
    ///
    /// ```
    /// use wengert_tensor::Shape;
    /// assert_eq!(Shape::from([2, 3]).checked_size(), Some(6));
    /// assert_eq!(Shape::from([1 << 40, 1 << 40]).checked_size(), None);
    /// ```
    #[inline]
    pub fn checked_size(&self) -> Option<usize> {
        let (mut reach, mut size) = (1usize, 1usize);
        for &dim in self.iter() {
            reach = reach.checked_mul(dim.max(1))?;
            size = size.wrapping_mul(dim);
        }
        (reach <= isize::MAX as usize).then_some(size)
    }

    /// The shape itself, if memory can hold its elements. Whatever makes a shape of other shapes ends
    /// with this.
    ///
    /// # Errors
    /// If it cannot; see [`checked_size`](Shape::checked_size).
    ///
    /// ```
    /// use wengert_tensor::Shape;
    /// let error = Shape::from([65536; 4]).fits("ones").unwrap_err();
    /// let message = "ones: the shape [65536, 65536, 65536, 65536] has more elements than memory can hold";
    /// assert_eq!(error.to_string(), message);
    /// ```
    #[inline]
    pub fn fits(self, op: &'static str) -> Result<Shape, ShapeError> {
        match self.checked_size() {
            Some(_) => Ok(self),
            None => Err(ShapeError::new(op, beyond_memory(&self))),
        }
    }

    /// The shape that `dims` names for the same number of elements; one of them may be −1, which
    /// stands for what the others leave.
    ///
    /// # Errors
    /// If the sizes differ, a dimension is less than −1, or −1 occurs twice or has no single answer.
    ///
    /// ```
    /// use wengert_tensor::Shape;
    /// let shape = Shape::from([2, 6]);
    /// assert_eq!(shape.reshape(&[3, -1]), Ok(Shape::from([3, 4])));
    /// let error = shape.reshape(&[5, -1]).unwrap_err();
    /// assert_eq!(error.to_string(), "reshape: [2, 6] does not fill [5, -1]");
    /// ```
    pub fn reshape(&self, dims: &[isize]) -> Result<Shape, ShapeError> {
        let refuse = |reason: String| Err(ShapeError::new("reshape", reason));
        let mut known = 1usize;
        let mut open = None;
        for (at, &dim) in dims.iter().enumerate() {
            match usize::try_from(dim) {
                Ok(dim) => match known.checked_mul(dim) {
                    Some(product) => known = product,
                    None => return refuse(format!("{self} does not fill {dims:?}")),
                },
                Err(_) if dim != -1 => {
                    return refuse(format!("{dims:?} has a negative dimension"));
                }
                Err(_) if open.is_some() => {
                    return refuse(format!("{dims:?} leaves more than one dimension open"));
                }
                Err(_) => open = Some(at),
            }
        }
        let size = self.size();
        let mut shape: Shape = dims.iter().map(|&dim| dim.max(0) as usize).collect();
        match open {
            Some(_) if known == 0 => {
                return refuse(format!(
                    "{dims:?} leaves a dimension open beside one of size 0"
                ));
            }
            Some(at) if size.is_multiple_of(known) => shape.0[at] = size / known,
            None if size == known => {}
            _ => return refuse(format!("{self} does not fill {dims:?}")),
        }
        shape.fits("reshape")
    }

    /// The shape with the axes from `start` on as one; a scalar's is one axis of size 1.
    ///
    /// # Errors
    /// If the axis is out of range.
    ///
    /// ```
    /// use wengert_tensor::Shape;
    /// assert_eq!(Shape::from([2, 3, 4]).flattened(1), Ok(Shape::from([2, 12])));
    /// assert_eq!(Shape::scalar().flattened(0), Ok(Shape::from([1])));
    /// ```
    pub fn flattened(&self, start: isize) -> Result<Shape, ShapeError> {
        if self.rank() == 0 && [0, -1].contains(&start) {
            return Ok(Shape::from([1]));
        }
        let start = self.axis("flatten", start)?;
        let mut flat = Shape::new(&self[..start]);
        flat.push(Shape::new(&self[start..]).size());
        Ok(flat)
    }

    /// The shape of the matrix product with `b`: batch axes are broadcast, and a vector is a row on
    /// the left and a column on the right, whose axis disappears.
    ///
    /// # Errors
    /// If the inner sizes differ, the batch axes do not broadcast, or an operand is a scalar.
    ///
    /// ```
    /// use wengert_tensor::Shape;
    /// let [a, b] = [Shape::from([7, 3, 4]), Shape::from([4, 2])];
    /// assert_eq!(a.matmul(&b).unwrap(), [7, 3, 2]);
    /// ```
    pub fn matmul(&self, b: &Shape) -> Result<Shape, ShapeError> {
        if self.is_empty() || b.is_empty() {
            return Err(ShapeError::new(
                "matmul",
                format!("a scalar is no matrix: {self} x {b}"),
            ));
        }
        let (mut left, mut right) = (self.clone(), b.clone());
        if self.rank() == 1 {
            left.insert(0, 1);
        }
        if b.rank() == 1 {
            right.push(1);
        }
        if left[left.rank() - 1] != right[right.rank() - 2] {
            return Err(ShapeError::new(
                "matmul",
                format!("inner sizes differ: {self} x {b}"),
            ));
        }
        let lead = |shape: &Shape| Shape::new(&shape[..shape.rank() - 2]);
        let mut shape = Shape::broadcast("matmul", &lead(&left), &lead(&right)).map_err(|_| {
            ShapeError::new(
                "matmul",
                format!("batch axes do not broadcast: {self} x {b}"),
            )
        })?;
        if self.rank() > 1 {
            shape.push(left[left.rank() - 2]);
        }
        if b.rank() > 1 {
            shape.push(right[right.rank() - 1]);
        }
        shape.fits("matmul")
    }

    /// Whether this shape stretches to `to` by the broadcasting rule.
    pub fn broadcasts_to(&self, to: &Shape) -> bool {
        self.rank() <= to.rank()
            && self
                .iter()
                .rev()
                .zip(to.iter().rev())
                .all(|(&a, &b)| a == b || a == 1)
    }
}

fn beyond_memory(shape: &Shape) -> String {
    format!("the shape {shape} has more elements than memory can hold")
}

#[cold]
#[inline(never)]
#[track_caller]
fn too_large(shape: &Shape) -> ! {
    panic!("{}", beyond_memory(shape))
}

/// A short list of axis positions.
pub type Axes = SmallVec<[usize; 4]>;

impl Deref for Shape {
    type Target = [usize];
    #[inline]
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl From<&[usize]> for Shape {
    fn from(dims: &[usize]) -> Self {
        Shape::new(dims)
    }
}

impl From<Vec<usize>> for Shape {
    fn from(dims: Vec<usize>) -> Self {
        Shape::new(&dims)
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(dims: [usize; N]) -> Self {
        Shape::new(&dims)
    }
}

impl<const N: usize> From<&[usize; N]> for Shape {
    fn from(dims: &[usize; N]) -> Self {
        Shape::new(dims)
    }
}

impl From<&Shape> for Shape {
    fn from(shape: &Shape) -> Self {
        shape.clone()
    }
}

impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(dims: I) -> Self {
        Shape(dims.into_iter().collect())
    }
}

impl<const N: usize> PartialEq<[usize; N]> for Shape {
    fn eq(&self, other: &[usize; N]) -> bool {
        self.dims() == other
    }
}

impl PartialEq<[usize]> for Shape {
    fn eq(&self, other: &[usize]) -> bool {
        self.dims() == other
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.dims(), f)
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.dims(), f)
    }
}

/// A copy of a list that mostly has at most four numbers: those are moved as they are, where a copy
/// of a length that is not known costs a call.
#[inline]
pub(crate) fn short<N: Copy + Default>(list: &[N]) -> SmallVec<[N; 4]>
where
    [N; 4]: smallvec::Array<Item = N>,
{
    let none = N::default();
    match *list {
        [a] => SmallVec::from_buf_and_len([a, none, none, none], 1),
        [a, b] => SmallVec::from_buf_and_len([a, b, none, none], 2),
        [a, b, c] => SmallVec::from_buf_and_len([a, b, c, none], 3),
        [a, b, c, d] => SmallVec::from_buf([a, b, c, d]),
        _ => SmallVec::from_slice(list),
    }
}
