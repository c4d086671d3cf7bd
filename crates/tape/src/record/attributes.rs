//! Attributes of ops, small and without a heap, so that recording an op allocates nothing.

use wengert_tensor::{Shape, ShapeError};

/// The greatest number of axes that an attribute can hold.
const MOST: usize = 8;

/// A shape, a permutation or another short list of numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Dims {
    len: u8,
    dims: [u32; MOST],
}

impl Dims {
    /// # Errors
    /// If there are more than eight axes, or a number is 2³² or more.
    pub fn new(op: &'static str, dims: &[usize]) -> Result<Self, ShapeError> {
        if dims.len() > MOST {
            let reason = format!(
                "a tape's values have at most {MOST} axes, this has {}",
                dims.len()
            );
            return Err(ShapeError::new(op, reason));
        }
        let mut this = Dims {
            len: dims.len() as u8,
            dims: [0; MOST],
        };
        for (to, &from) in this.dims.iter_mut().zip(dims) {
            *to = u32::try_from(from).map_err(|_| {
                ShapeError::new(op, format!("the dimension {from} is 2^32 or more"))
            })?;
        }
        Ok(this)
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
