//! Mistakes that a test plants in a rule, to prove that the laws see them.

use wengert_tensor::{Float, Shape, View};

/// A kind of mistake in what a rule gives to one input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum Fault {
    /// A thousandth too much.
    Scaled,
    /// The wrong sign.
    Negated,
    /// Rows for columns, where the shape allows it.
    Transposed,
    /// The broadcast sum is forgotten.
    NoBroadcastSum,
    /// One element is wrong.
    OneElement,
    /// What was there before is overwritten.
    Overwrites,
}

/// A mistake, and the input of the op that gets it.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct Planted {
    /// The kind.
    pub fault: Fault,
    /// The name of the op.
    pub op: &'static str,
    /// The number of the input.
    pub input: usize,
}

impl Fault {
    /// All kinds.
    pub const ALL: [Fault; 6] = [
        Fault::Scaled,
        Fault::Negated,
        Fault::Transposed,
        Fault::NoBroadcastSum,
        Fault::OneElement,
        Fault::Overwrites,
    ];

    /// Turns what a rule gave (`after - before`) into what a faulty rule would have given. Returns
    /// whether that is something else.
    pub(crate) fn spoil<T: Float>(self, shape: &Shape, before: &[T], after: &mut [T]) -> bool {
        let given: Vec<T> = after
            .iter()
            .zip(before)
            .map(|(&after, &before)| after - before)
            .collect();
        let mut spoiled = given.clone();
        let mut base = before.to_vec();
        match self {
            Fault::Scaled => spoiled.iter_mut().for_each(|x| *x *= T::from_f64(1.001)),
            Fault::Negated => spoiled.iter_mut().for_each(|x| *x = -*x),
            Fault::Transposed => transpose_last_two(shape, &given, &mut spoiled),
            Fault::NoBroadcastSum => return false,
            Fault::OneElement => {
                if let Some(last) = spoiled.last_mut() {
                    *last += T::from_f64(0.1) + last.abs() * T::from_f64(0.1);
                }
            }
            Fault::Overwrites => base.fill(T::ZERO),
        }
        for (faulty, base) in spoiled.iter_mut().zip(base) {
            *faulty += base;
        }
        let differs = differ(after, &spoiled);
        after.copy_from_slice(&spoiled);
        differs
    }
}

fn transpose_last_two<T: Float>(shape: &Shape, from: &[T], to: &mut [T]) {
    let rank = shape.rank();
    if rank < 2 {
        to.reverse();
        return;
    }
    let (rows, cols) = (shape[rank - 2], shape[rank - 1]);
    let block = rows * cols;
    if block == 0 {
        return;
    }
    for (from, to) in from.chunks(block).zip(to.chunks_mut(block)) {
        for i in 0..rows {
            for j in 0..cols {
                // The transpose of a matrix that is not square, read again in row-major order.
                to[j * rows + i] = from[i * cols + j];
            }
        }
    }
}

/// Whether two cotangents differ by more than a change in the order of additions explains.
fn differ<T: Float>(a: &[T], b: &[T]) -> bool {
    let size = a.iter().map(|x| x.to_f64().abs()).fold(1.0, f64::max);
    a.iter()
        .zip(b)
        .any(|(a, b)| (a.to_f64() - b.to_f64()).abs() > 1e-6 * size)
}

/// Writes what is left of a broadcast cotangent when nobody sums it over its sum. Returns whether
/// that is something else.
pub(crate) fn first_instead_of_sum<T: Float>(
    bar: &View<'_, T>,
    shape: &Shape,
    out: &mut [T],
) -> bool {
    let sum = out.to_vec();
    take_first(bar, shape, out);
    differ(&sum, out)
}

fn take_first<T: Float>(bar: &View<'_, T>, shape: &Shape, out: &mut [T]) {
    let lead = bar.shape().rank() - shape.rank();
    let mut layout = bar.layout().clone();
    for _ in 0..lead {
        layout = match layout.selected(0, 0) {
            Ok(first) => first,
            Err(_) => return out.fill(T::ZERO),
        };
    }
    for (axis, &dim) in shape.iter().enumerate() {
        if dim == 1 {
            layout = match layout.sliced(axis as isize, 0, 1, 1) {
                Ok(first) => first,
                Err(_) => return out.fill(T::ZERO),
            };
        }
    }
    if layout.size() != out.len() {
        return out.fill(T::ZERO);
    }
    for (out, x) in out.iter_mut().zip(bar.with_layout(layout).iter()) {
        *out = x;
    }
}
