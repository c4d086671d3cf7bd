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
    pub(crate) rows: Vec<i64>,
    pub(crate) size: usize,
    pub(crate) at: usize,
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

    /// Rows of about one length together, each batch of its own bucket, and the batches in random
    /// order: little is padded, and every epoch has others. Rows of one length are mixed. If the rows
    /// do not fill all batches, the shorter one is the last, with rows of any length.
    ///
    /// ```
    /// use wengert_nn::data::Batches;
    /// use wengert_tensor::Rng;
    ///
    /// let lengths = [9, 2, 8, 1];
    /// for rows in Batches::by_length(&lengths, 2, &mut Rng::seed_from_u64(1)) {
    ///     let of_batch: Vec<_> = rows.iter().map(|row| lengths[row as usize]).collect();
    ///     assert!(of_batch.iter().max().unwrap() - of_batch.iter().min().unwrap() <= 1);
    /// }
    /// ```
    ///
    /// Source: the bucketing of Sutskever, Vinyals and Le 2014, *Sequence to sequence learning with
    /// neural networks*, section 3.4.
    ///
    /// # Panics
    /// If `size` is 0.
    #[doc(alias = "bucket")]
    #[track_caller]
    pub fn by_length(lengths: &[usize], size: usize, rng: &mut Rng) -> Self {
        let mut batches = Self::shuffled(lengths.len(), size, rng);
        let mut rows = std::mem::take(&mut batches.rows);
        // A stable sort of shuffled rows.
        rows.sort_by_key(|&row| lengths[row as usize]);
        let full = rows.len() / size;
        let short = rows.len() % size;
        // Where among the sorted rows the short batch is, or it would always have the longest.
        let gap = rng.below(full + 1) * size;
        let last: Vec<i64> = rows.drain(gap..gap + short).collect();
        let mut order: Vec<usize> = (0..full).collect();
        rng.shuffle(&mut order);
        let bucket = |at: usize| rows[at * size..(at + 1) * size].iter().copied();
        batches.rows = order.into_iter().flat_map(bucket).chain(last).collect();
        batches
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
