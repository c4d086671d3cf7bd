//! A borrowed tensor: a slice of storage and a layout. Kernels read nothing else.

use crate::kernels::copy;
use crate::{Element, Layout, Shape, Tensor};

/// Elements in borrowed storage, seen through a layout.
#[derive(Clone, Debug)]
pub struct View<'a, T> {
    data: &'a [T],
    layout: Layout,
}

impl<'a, T: Copy> View<'a, T> {
    /// The view of `data` through `layout`.
    ///
    /// # Panics
    /// If the layout reaches beyond the data.
    pub fn new(data: &'a [T], layout: Layout) -> Self {
        assert!(
            layout.end() <= data.len(),
            "a layout reaches beyond its storage"
        );
        View { data, layout }
    }

    /// The view of a whole slice in row-major order.
    ///
    /// # Panics
    /// If the slice is not as long as the shape's size.
    pub fn contiguous(data: &'a [T], shape: Shape) -> Self {
        assert_eq!(data.len(), shape.size(), "a slice does not fill its shape");
        View {
            data,
            layout: Layout::contiguous(shape),
        }
    }

    /// The shape.
    pub fn shape(&self) -> &Shape {
        self.layout.shape()
    }

    /// The layout.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The storage, of which the layout may use a part.
    pub fn data(&self) -> &'a [T] {
        self.data
    }

    /// The elements as a slice, if they lie in row-major order without gaps.
    pub fn as_slice(&self) -> Option<&'a [T]> {
        let (start, size) = (self.layout.offset(), self.layout.size());
        if size == 0 {
            return Some(&[]);
        }
        self.layout
            .is_contiguous()
            .then(|| &self.data[start..start + size])
    }

    /// The elements in row-major order of their indices.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = T> {
        let data = self.data;
        self.layout.positions().map(move |at| data[at])
    }

    /// The same storage through another layout.
    ///
    /// # Panics
    /// If the layout reaches beyond the data.
    pub fn with_layout(&self, layout: Layout) -> Self {
        View::new(self.data, layout)
    }
}

impl<T: Element> View<'_, T> {
    /// A tensor with a copy of the elements.
    #[track_caller]
    pub fn to_tensor(&self) -> Tensor<T> {
        Tensor::written("to_tensor", self.shape(), |data| copy(self, data))
    }
}
