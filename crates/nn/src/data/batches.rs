//! `Batches`: the rows of a data set in random order, some at a time.

use wengert_tensor::{Rng, Tensor};

/// The positions of a data set's rows in random order, in batches; the last one may be shorter.
///
/// Each batch is a tensor of indices, for `index_select` along the axis of the rows.
///
/// ```
/// use wengert_nn::data::Batches;
/// use wengert_tensor::{Rng, Tensor};
///
/// let x = Tensor::<f32>::zeros([7, 2]);
/// let mut rng = Rng::seed_from_u64(1);
/// let sizes: Vec<_> = Batches::shuffled(7, 3, &mut rng)
///     .map(|rows| x.index_select(0, &rows).shape()[0])
///     .collect();
/// assert_eq!(sizes, [3, 3, 1]);
/// ```
#[derive(Clone, Debug)]
pub struct Batches {
    rows: Vec<i64>,
    size: usize,
    at: usize,
}

impl Batches {
    /// The rows in random order, each order as likely.
    ///
    /// # Panics
    /// If `size` is 0.
    #[track_caller]
    pub fn shuffled(rows: usize, size: usize, rng: &mut Rng) -> Self {
        let mut batches = Self::in_order(rows, size);
        rng.shuffle(&mut batches.rows);
        batches
    }

    /// The rows in their order.
    ///
    /// # Panics
    /// If `size` is 0.
    #[track_caller]
    pub fn in_order(rows: usize, size: usize) -> Self {
        assert!(size > 0, "batches: a batch has at least one row");
        Batches {
            rows: (0..rows as i64).collect(),
            size,
            at: 0,
        }
    }

    /// Without a last batch that is shorter than the others.
    pub fn full_only(mut self) -> Self {
        self.rows.truncate(self.rows.len() / self.size * self.size);
        self
    }
}

impl Iterator for Batches {
    type Item = Tensor<i64>;

    fn next(&mut self) -> Option<Tensor<i64>> {
        let end = self.rows.len().min(self.at + self.size);
        let batch = self
            .rows
            .get(self.at..end)
            .filter(|batch| !batch.is_empty())?;
        self.at = end;
        Some(Tensor::from(batch))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.rows.len() - self.at).div_ceil(self.size);
        (left, Some(left))
    }
}

impl ExactSizeIterator for Batches {}
