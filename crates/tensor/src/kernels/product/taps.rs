//! Sums of an axis's elements with fixed weights, few for each result: means of windows, interpolation.

use crate::compile_here;

/// For each element of an axis that comes out, the elements of the axis that goes in and their weights:
/// a sparse matrix by rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Taps {
    inputs: usize,
    /// Where each row begins, and where the last ends.
    starts: Vec<usize>,
    taps: Vec<(usize, f64)>,
}

impl Taps {
    /// The rows of a matrix with so many columns. A weight of 0 is left out, so that nothing comes of an
    /// infinity there.
    ///
    /// # Panics
    /// If a tap is no column.
    pub fn new<R: IntoIterator<Item = (usize, f64)>>(
        inputs: usize,
        rows: impl IntoIterator<Item = R>,
    ) -> Self {
        let (mut starts, mut taps) = (vec![0], Vec::new());
        for row in rows {
            taps.extend(row.into_iter().filter(|&(_, weight)| weight != 0.0));
            starts.push(taps.len());
        }
        assert!(
            taps.iter().all(|&(column, _)| column < inputs),
            "taps: one lies beyond the {inputs} elements of the axis"
        );
        Taps {
            inputs,
            starts,
            taps,
        }
    }

    /// The length of the axis that goes in.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The length of the axis that comes out.
    pub fn outputs(&self) -> usize {
        self.starts.len() - 1
    }

    /// The elements that make one that comes out.
    #[inline(always)]
    fn row(&self, row: usize) -> &[(usize, f64)] {
        &self.taps[self.starts[row]..self.starts[row + 1]]
    }

    /// The transposed matrix.
    pub fn transposed(&self) -> Self {
        let mut columns = vec![Vec::new(); self.inputs];
        for row in 0..self.outputs() {
            for &(column, weight) in self.row(row) {
                columns[column].push((row, weight));
            }
        }
        Taps::new(self.outputs(), columns)
    }
}

compile_here! {
    /// The sums along the middle axis of `x`, of lengths outer, [`inputs`](Taps::inputs) and `inner`.
    ///
    /// # Panics
    /// If a slice does not have these lengths.
    pub fn tap<T>(taps: &Taps, inner: usize, x: &[T], y: &mut [T]) {
        let (from, to) = (taps.inputs * inner, taps.outputs() * inner);
        if from == 0 || to == 0 {
            assert!(x.is_empty() || y.is_empty() || to > 0, "taps: the lengths do not fit");
            return y.fill(T::ZERO);
        }
        assert!(
            x.len().is_multiple_of(from) && x.len() / from * to == y.len(),
            "taps: the lengths do not fit"
        );
        for (x, y) in x.chunks_exact(from).zip(y.chunks_exact_mut(to)) {
            for (row, y) in y.chunks_exact_mut(inner).enumerate() {
                if inner == 1 {
                    let terms = taps.row(row).iter();
                    y[0] = terms.map(|&(at, weight)| x[at] * T::from_f64(weight)).sum();
                    continue;
                }
                y.fill(T::ZERO);
                for &(at, weight) in taps.row(row) {
                    let weight = T::from_f64(weight);
                    for (y, x) in y.iter_mut().zip(&x[at * inner..][..inner]) {
                        *y += *x * weight;
                    }
                }
            }
        }
    }
}
