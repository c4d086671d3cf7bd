//! Attributes of ops, small and without a heap, so that recording an op allocates nothing.

use wengert_tensor::{Shape, ShapeError};

use crate::record::node::{MAX_RANK, admit};

/// A shape, a permutation or another short list of numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Dims {
    len: u8,
    dims: [u32; MAX_RANK],
}

impl Dims {
    /// The dimensions of a shape.
    ///
    /// # Errors
    /// If no value on a tape can have it; see [`admit`].
    pub fn new(op: &'static str, shape: &Shape) -> Result<Self, ShapeError> {
        admit(op, shape)?;
        Ok(Self::of(shape))
    }

    /// A list of positions of axes, or an admitted shape.
    pub fn of(list: &[usize]) -> Self {
        let mut dims = [0; MAX_RANK];
        for (to, &from) in dims.iter_mut().zip(list) {
            *to = from as u32;
        }
        let len = list.len() as u8;
        Dims { len, dims }
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.dims[..self.len as usize]
            .iter()
            .map(|&dim| dim as usize)
    }

    pub fn shape(&self) -> Shape {
        self.iter().collect()
    }
}

/// A set of axes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AxisSet(u64);

impl AxisSet {
    /// The set of positions `axes`; an empty list of the user names all axes.
    pub fn new(op: &'static str, shape: &Shape, axes: &[isize]) -> Result<Self, ShapeError> {
        let axes = shape.axes(op, axes)?;
        Ok(Self::of(&axes))
    }

    pub fn of(axes: &[usize]) -> Self {
        AxisSet(axes.iter().fold(0, |set, axis| set | 1 << axis))
    }

    /// The positions in ascending order.
    pub fn axes(self) -> wengert_tensor::Axes {
        (0..64).filter(|axis| self.0 >> axis & 1 == 1).collect()
    }
}
