//! Buffers that are used again: after the first steps of a training loop nothing is allocated.

use std::ops::{Deref, DerefMut};

use wengert_tensor::Float;

/// The elements of a cotangent. A single one, as in programs of scalars, needs no memory of its
/// own.
#[derive(Clone, Debug)]
pub(crate) enum Buffer<T> {
    One([T; 1]),
    Many(Vec<T>),
}

impl<T> Deref for Buffer<T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Buffer::One(one) => one,
            Buffer::Many(many) => many,
        }
    }
}

impl<T> DerefMut for Buffer<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Buffer::One(one) => one,
            Buffer::Many(many) => many,
        }
    }
}

impl<T> Default for Buffer<T> {
    fn default() -> Self {
        Buffer::Many(Vec::new())
    }
}

/// Buffers by the power of two that their capacity reaches.
#[derive(Default)]
pub(crate) struct Pool<T> {
    free: Vec<Vec<Vec<T>>>,
    pub hits: u64,
    pub misses: u64,
    /// Fills every buffer with NaN before it is handed out: a switch for tests.
    pub poison: bool,
}

impl<T: Float> Pool<T> {
    /// A buffer of `len` elements of any value.
    #[inline]
    pub fn take(&mut self, len: usize) -> Buffer<T> {
        if len == 1 {
            return Buffer::One([if self.poison { T::NAN } else { T::ZERO }]);
        }
        let class = class(len);
        let mut buffer = match self.free.get_mut(class).and_then(Vec::pop) {
            Some(buffer) => {
                self.hits += 1;
                buffer
            }
            None => {
                self.misses += 1;
                Vec::with_capacity(1 << class)
            }
        };
        if buffer.len() != len {
            buffer.resize(len, T::ZERO);
        }
        if self.poison {
            buffer.fill(T::NAN);
        }
        Buffer::Many(buffer)
    }

    /// A buffer of `len` zeros.
    #[inline]
    pub fn zeros(&mut self, len: usize) -> Buffer<T> {
        let mut buffer = self.take(len);
        buffer.fill(T::ZERO);
        buffer
    }

    /// Takes a buffer back.
    #[inline(always)]
    pub fn give(&mut self, buffer: Buffer<T>) {
        if let Buffer::Many(buffer) = buffer {
            self.keep(buffer);
        }
    }

    fn keep(&mut self, buffer: Vec<T>) {
        if buffer.capacity() == 0 {
            return;
        }
        // A foreign buffer goes where its capacity suffices for every request.
        let class = buffer.capacity().ilog2() as usize;
        if self.free.len() <= class {
            self.free.resize_with(class + 1, Vec::new);
        }
        self.free[class].push(buffer);
    }

    /// The bytes that wait to be used again.
    pub fn bytes(&self) -> usize {
        let elements: usize = self.free.iter().flatten().map(Vec::capacity).sum();
        elements * size_of::<T>()
    }
}

/// The power of two that `len` elements need.
#[inline]
fn class(len: usize) -> usize {
    len.max(1).next_power_of_two().trailing_zeros() as usize
}
