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
///
/// It keeps no more of a kind than were ever taken at once: buffers that come from elsewhere, as in
/// the place of a gradient that the user replaced, are let go of instead of piling up.
#[derive(Default)]
pub(crate) struct Pool<T> {
    kinds: Vec<Kind<T>>,
    pub hits: u64,
    pub misses: u64,
    /// Fills every buffer with NaN before it is handed out: a switch for tests.
    pub poison: bool,
}

/// The buffers of one power of two.
struct Kind<T> {
    free: Vec<Vec<T>>,
    /// How many were taken and not given back, and the most that ever were.
    taken: usize,
    most: usize,
}

impl<T: Float> Pool<T> {
    /// A buffer of `len` elements of any value.
    #[inline]
    pub fn take(&mut self, len: usize) -> Buffer<T> {
        if len == 1 {
            return Buffer::One([if self.poison { T::NAN } else { T::ZERO }]);
        }
        let class = class(len);
        if self.kinds.len() <= class {
            self.add_kinds(class);
        }
        let kind = &mut self.kinds[class];
        kind.taken += 1;
        let mut buffer = match kind.free.pop() {
            Some(buffer) => {
                self.hits += 1;
                buffer
            }
            None => {
                kind.most = kind.most.max(kind.taken);
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
        let Some(kind) = self.kinds.get_mut(class) else {
            return;
        };
        kind.taken = kind.taken.saturating_sub(1);
        if kind.free.len() + kind.taken < kind.most {
            kind.free.push(buffer);
        }
    }

    #[cold]
    fn add_kinds(&mut self, class: usize) {
        self.kinds.resize_with(class + 1, || Kind {
            free: Vec::new(),
            taken: 0,
            most: 0,
        });
    }

    /// The bytes that wait to be used again.
    pub fn bytes(&self) -> usize {
        let free = self.kinds.iter().flat_map(|kind| &kind.free);
        free.map(Vec::capacity).sum::<usize>() * size_of::<T>()
    }
}

/// The power of two that `len` elements need.
#[inline]
fn class(len: usize) -> usize {
    len.max(1).next_power_of_two().trailing_zeros() as usize
}
