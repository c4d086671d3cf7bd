//! The gradient of a table of which a step used some rows: these rows alone, until somebody asks for
//! the whole.

use std::sync::{Mutex, OnceLock, PoisonError};

use wengert_tensor::{Float, Shape, Tensor, compile_here};

/// The gradient of a leaf of which only rows have one: all others are 0.
///
/// See [`Gradients::rows`](crate::Gradients::rows).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowGradient<'a, T> {
    /// The numbers of the rows, in ascending order, each once.
    pub indices: &'a [usize],
    /// Their gradients, one row after the other.
    pub values: &'a [T],
    /// The number of elements of a row.
    pub width: usize,
}

/// The rows of the gradient of one leaf. Its memory is used again.
pub(super) struct TableRows<T> {
    pub indices: Vec<usize>,
    pub values: Vec<T>,
    /// The shape of the leaf.
    pub shape: Shape,
    /// The whole, where it was asked for.
    dense: OnceLock<Tensor<T>>,
    /// The memory of an earlier whole.
    spare: Mutex<Option<Tensor<T>>>,
}

impl<T> Default for TableRows<T> {
    fn default() -> Self {
        TableRows {
            indices: Vec::new(),
            values: Vec::new(),
            shape: Shape::scalar(),
            dense: OnceLock::new(),
            spare: Mutex::new(None),
        }
    }
}

impl<T: Float> TableRows<T> {
    pub fn width(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    pub fn view(&self) -> RowGradient<'_, T> {
        RowGradient {
            indices: &self.indices,
            values: &self.values,
            width: self.width(),
        }
    }

    /// The whole gradient.
    pub fn dense(&self) -> &Tensor<T> {
        self.dense.get_or_init(|| {
            let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
            spread(self, spare.take())
        })
    }

    /// The whole gradient, to be kept elsewhere.
    pub fn take_dense(&mut self) -> Tensor<T> {
        self.dense();
        let dense = self.dense.take();
        dense.expect("it was made just now")
    }

    /// Forgets the whole, since the rows change.
    pub fn change(&mut self) {
        if let Some(old) = self.dense.take() {
            *self.spare.get_mut().unwrap_or_else(PoisonError::into_inner) = Some(old);
        }
    }

    /// Multiplies by a finite number.
    pub fn scale(&mut self, factor: T) {
        self.change();
        self.values.iter_mut().for_each(|x| *x *= factor);
    }

    /// `own` · self + `factor` · other, of finite numbers.
    pub fn combine(&mut self, own: T, other: &Self, factor: T) {
        self.change();
        let width = self.width();
        let (indices, values) = (
            std::mem::take(&mut self.indices),
            std::mem::take(&mut self.values),
        );
        let (mut a, mut b) = (0, 0);
        while a < indices.len() || b < other.indices.len() {
            let (left, right) = (indices.get(a), other.indices.get(b));
            // A missing one lies behind all others.
            let first = left.into_iter().chain(right).min();
            let Some(&row) = first else { break };
            let start = self.values.len();
            self.indices.push(row);
            self.values.resize(start + width, T::ZERO);
            let sum = &mut self.values[start..];
            if left == Some(&row) {
                add_scaled(sum, &values[a * width..(a + 1) * width], own);
                a += 1;
            }
            if right == Some(&row) {
                add_scaled(sum, &other.values[b * width..(b + 1) * width], factor);
                b += 1;
            }
        }
    }

    /// Adds `factor` times the rows to a whole gradient in row-major order.
    pub fn add_to(&self, sum: &mut [T], factor: T) {
        let width = self.width();
        for (k, row) in self.indices.iter().enumerate() {
            let bars = &self.values[k * width..(k + 1) * width];
            add_scaled(&mut sum[row * width..(row + 1) * width], bars, factor);
        }
    }
}

fn add_scaled<T: Float>(sum: &mut [T], values: &[T], factor: T) {
    for (sum, &x) in sum.iter_mut().zip(values) {
        *sum += factor * x;
    }
}

compile_here! {
    /// The whole, in the memory of an earlier one if that is free.
    fn spread<T>(rows: &TableRows<T>, spare: Option<Tensor<T>>) -> Tensor<T> {
        let fits = |old: &Tensor<T>| old.shape() == &rows.shape && old.is_unique();
        let mut dense = match spare.filter(fits) {
            Some(mut old) => {
                old.as_mut_slice().fill(T::ZERO);
                old
            }
            None => Tensor::zeros(rows.shape.clone()),
        };
        rows.add_to(dense.as_mut_slice(), T::ONE);
        dense
    }
}
