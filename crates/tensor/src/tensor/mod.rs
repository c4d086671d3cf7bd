//! Owned tensors: shared storage and a layout.

mod arithmetic;
mod arrange;
mod compare;
mod construct;
mod contract;
mod conv;
mod convert;
mod display;
mod elementary;
mod equality;
mod index;
mod interpolate;
mod join;
mod linalg;
mod masked;
mod order;
#[doc(hidden)]
pub mod places;
mod pool;
mod product;
mod range;
mod reduce;
mod scan;
mod scatter;
mod segment;
mod views;

pub use arrange::Pad;
pub use compare::Operand;
#[doc(hidden)]
pub use contract::{Fold, chain};
pub use conv::{Conv, Sizes};
pub use interpolate::Interpolate;
pub use order::OrderPlaces;
pub use pool::{Pool, PoolWindows};
pub use range::AxisRange;
pub use scatter::ScatterReduce;

use std::fmt::Display;
use std::ops::{Index, IndexMut};
use std::sync::Arc;

use crate::kernels::copy;
use crate::{Element, Layout, Shape, View};

/// A dense array of any rank, held on the heap and shared between clones and views.
///
/// A clone, a transposition, a slice or an expansion copies no element: it is a new layout over the
/// same storage. A write ([`as_mut_slice`](Tensor::as_mut_slice)) first makes the storage its own,
/// so that no other tensor sees it.
///
/// Operations panic on shapes that they cannot work with, with the message of the
/// [`ShapeError`](crate::ShapeError) that the fallible rule on [`Shape`] or [`Layout`] returns.
///
/// ```
/// use wengert_tensor::Tensor;
/// let x = Tensor::from([[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// let row = x.select(0, 1);
/// assert_eq!(row, Tensor::from([4.0, 5.0, 6.0]));
/// assert_eq!(x.t().shape(), &[3, 2]);
/// ```
pub struct Tensor<T = f32> {
    data: Arc<Vec<T>>,
    layout: Layout,
}

impl<T> Clone for Tensor<T> {
    fn clone(&self) -> Self {
        Tensor {
            data: Arc::clone(&self.data),
            layout: self.layout.clone(),
        }
    }
}

impl<T: Element> Tensor<T> {
    /// The tensor that `layout` shows of `data`, which is shared and not copied.
    ///
    /// # Panics
    /// If the layout reaches beyond the data.
    #[track_caller]
    pub fn from_storage(data: Arc<Vec<T>>, layout: Layout) -> Self {
        assert!(
            layout.end() <= data.len(),
            "a layout reaches beyond its storage"
        );
        Tensor { data, layout }
    }

    /// The row-major tensor of these elements, whose number the caller has made to fit.
    fn row_major(data: Vec<T>, shape: Shape) -> Self {
        debug_assert_eq!(data.len(), shape.size());
        Tensor {
            data: Arc::new(data),
            layout: Layout::contiguous(shape),
        }
    }

    /// The same storage under another layout, which the caller has derived from this one.
    fn with_layout(&self, layout: Layout) -> Self {
        debug_assert!(layout.end() <= self.data.len());
        Tensor {
            data: Arc::clone(&self.data),
            layout,
        }
    }

    /// The shape.
    #[inline]
    pub fn shape(&self) -> &Shape {
        self.layout.shape()
    }

    /// The number of dimensions.
    #[inline]
    pub fn rank(&self) -> usize {
        self.shape().rank()
    }

    /// The length of an axis; −1 is the innermost.
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn dim(&self, axis: isize) -> usize {
        self.shape()[or_panic(self.shape().axis("dim", axis))]
    }

    /// The number of elements.
    #[inline]
    pub fn size(&self) -> usize {
        self.layout.size()
    }

    /// Where the elements lie in the [storage](Tensor::storage).
    #[inline]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The storage, of which the layout may show a part.
    #[inline]
    pub fn storage(&self) -> &Arc<Vec<T>> {
        &self.data
    }

    /// Exchanges the storage with `data`, if nobody shares it, the elements lie in row-major order
    /// from its start, and the lengths agree. Returns whether it did.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let mut x = Tensor::from([1.0, 2.0]);
    /// let mut data = vec![3.0, 4.0];
    /// assert!(x.swap_storage(&mut data));
    /// assert_eq!((x.to_vec(), data), (vec![3.0, 4.0], vec![1.0, 2.0]));
    /// ```
    pub fn swap_storage(&mut self, data: &mut Vec<T>) -> bool {
        let whole = self.layout.offset() == 0 && self.layout.is_contiguous();
        match Arc::get_mut(&mut self.data) {
            Some(own) if whole && own.len() == data.len() => {
                std::mem::swap(own, data);
                true
            }
            _ => false,
        }
    }

    /// Whether no other tensor shares the storage, so that a write needs no copy.
    pub fn is_unique(&self) -> bool {
        Arc::strong_count(&self.data) == 1 && Arc::weak_count(&self.data) == 0
    }

    /// Whether the elements lie in row-major order without gaps.
    pub fn is_contiguous(&self) -> bool {
        self.layout.is_contiguous()
    }

    /// What kernels read: the storage as a slice, with the layout.
    #[inline]
    pub fn view(&self) -> View<'_, T> {
        View::new(&self.data, self.layout.clone())
    }

    /// The elements as a slice, if they lie in row-major order without gaps.
    pub fn as_slice(&self) -> Option<&[T]> {
        if self.size() == 0 {
            return Some(&[]);
        }
        let start = self.layout.offset();
        self.is_contiguous()
            .then(|| &self.data[start..start + self.size()])
    }

    /// The elements in row-major order, to be changed. The tensor is first made the only owner of
    /// its elements and row-major, which copies them unless it already is both.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let mut x = Tensor::from([1.0, 2.0]);
    /// let before = x.clone();
    /// x.as_mut_slice()[0] = 5.0;
    /// x[[1]] = 2.0;
    /// assert_eq!(x, Tensor::from([5.0, 2.0]));
    /// assert_eq!(before, Tensor::from([1.0, 2.0]));
    /// ```
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        if !self.is_contiguous() || Arc::get_mut(&mut self.data).is_none() {
            *self = Self::row_major(self.to_vec(), self.shape().clone());
        }
        let (start, size) = (self.layout.offset(), self.size());
        if size == 0 {
            return &mut [];
        }
        let data = Arc::get_mut(&mut self.data).expect("the storage was just made unique");
        &mut data[start..start + size]
    }

    /// The elements in row-major order of their indices.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = T> + '_ {
        self.layout.positions().map(|at| self.data[at])
    }

    /// The element at `index`, one position an axis, where −1 is the last; `None` if the index is
    /// out of range or has another length than the shape.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.get(&[0, -1]), Some(2));
    /// assert_eq!(x.get(&[0, 2]), None);
    /// ```
    pub fn get(&self, index: &[isize]) -> Option<T> {
        if index.len() != self.rank() {
            return None;
        }
        let mut position = self.layout.offset() as isize;
        for ((&at, &dim), &stride) in index
            .iter()
            .zip(self.shape().iter())
            .zip(self.layout.strides())
        {
            let at = if at < 0 {
                at.checked_add_unsigned(dim)?
            } else {
                at
            };
            if !(0..dim as isize).contains(&at) {
                return None;
            }
            position += at * stride;
        }
        self.data.get(position as usize).copied()
    }

    /// The only element.
    ///
    /// # Panics
    /// Unless the tensor has exactly one element, of whatever rank.
    #[track_caller]
    pub fn item(&self) -> T {
        if self.size() != 1 {
            panic!(
                "item: {} has {} elements, not one",
                self.shape(),
                self.size()
            );
        }
        self.data[self.layout.offset()]
    }

    /// The elements in row-major order, copied out.
    #[track_caller]
    pub fn to_vec(&self) -> Vec<T> {
        match self.as_slice() {
            Some(slice) => slice.to_vec(),
            None => {
                let mut out = construct::blank("to_vec", self.shape());
                copy(&self.view(), &mut out);
                out
            }
        }
    }

    /// The elements in row-major order; nothing is copied where the tensor alone owns its storage
    /// and shows all of it in that order.
    pub fn into_vec(self) -> Vec<T> {
        let whole = self.size() == self.data.len() && self.is_contiguous();
        if !whole {
            return self.to_vec();
        }
        Arc::try_unwrap(self.data).unwrap_or_else(|shared| shared.to_vec())
    }
}

impl<T: Element> Tensor<T> {
    /// Where the element at `index` lies in the storage.
    #[track_caller]
    fn place(&self, index: &[usize]) -> usize {
        let inside = index.len() == self.rank()
            && index
                .iter()
                .zip(self.shape().iter())
                .all(|(at, dim)| at < dim);
        if !inside {
            panic!(
                "index: {index:?} is out of range for the shape {}",
                self.shape()
            );
        }
        let steps = index.iter().zip(self.layout.strides());
        let start = self.layout.offset() as isize;
        steps.fold(start, |at, (&i, &stride)| at + i as isize * stride) as usize
    }
}

/// The element at an index with one position an axis.
///
/// # Panics
/// If the index is out of range or the rank is not `N`.
impl<T: Element, const N: usize> Index<[usize; N]> for Tensor<T> {
    type Output = T;

    #[track_caller]
    fn index(&self, index: [usize; N]) -> &T {
        &self.data[self.place(&index)]
    }
}

/// The element at an index, to be changed. The tensor is first made the only owner of its elements, as
/// by [`as_mut_slice`](Tensor::as_mut_slice).
///
/// # Panics
/// If the index is out of range or the rank is not `N`.
impl<T: Element, const N: usize> IndexMut<[usize; N]> for Tensor<T> {
    #[track_caller]
    fn index_mut(&mut self, index: [usize; N]) -> &mut T {
        self.place(&index);
        self.as_mut_slice();
        let at = self.place(&index) - self.layout.offset();
        &mut self.as_mut_slice()[at]
    }
}

/// The value, or a panic with the error's message at the caller's line.
#[track_caller]
pub(crate) fn or_panic<V, E: Display>(result: Result<V, E>) -> V {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
