//! `Epochs`: batches without end, in an order that follows from a seed, and a place that can be kept.

use wengert_tensor::{Rng, Tensor};

use crate::data::Batches;

/// The batches of one epoch after another, each in a random order of its own.
///
/// The order of an epoch follows from the seed and the number of the epoch alone. So the place is one number: how many
/// batches there were. Whoever keeps it, and sets it in the same `Epochs` later, goes on with the very batches
/// that would have followed.
///
/// ```
/// use wengert_nn::data::Epochs;
/// let mut epochs = Epochs::new(10, 3, 1);
/// for _ in 0..5 {
///     epochs.next();
/// }
/// assert_eq!((epochs.epoch(), epochs.position()), (1, 5));
///
/// let mut again = Epochs::new(10, 3, 1).at(epochs.position());
/// assert_eq!(again.next(), epochs.next());
/// ```
///
/// One epoch at a time, with something after each:
///
/// ```
/// use wengert_nn::data::Epochs;
/// let mut epochs = Epochs::new(10, 3, 1);
/// for epoch in 0..2 {
///     let mut rows = 0;
///     for batch in epochs.rest_of_epoch() {
///         rows += batch.size();
///     }
///     assert_eq!((rows, epochs.epoch()), (10, epoch + 1));
/// }
/// ```
#[derive(Clone, Debug)]
#[doc(alias("DataLoader", "RandomSampler"))]
pub struct Epochs {
    rows: usize,
    size: usize,
    seed: u64,
    way: Way,
    full_only: bool,
    position: u64,
    /// The epoch whose batches these are.
    drawn: Option<(u64, Vec<Tensor<i64>>)>,
}

#[derive(Clone, Debug)]
enum Way {
    Shuffled,
    InOrder,
    ByLength(Vec<usize>),
}

impl Epochs {
    /// Batches of `size` of so many rows, in random order; the last of an epoch may be shorter.
    ///
    /// # Panics
    /// If there is no row, or `size` is 0.
    #[track_caller]
    pub fn new(rows: usize, size: usize, seed: u64) -> Self {
        assert!(rows > 0, "epochs: there are no rows");
        assert!(size > 0, "epochs: a batch has at least one row");
        Epochs {
            rows,
            size,
            seed,
            way: Way::Shuffled,
            full_only: false,
            position: 0,
            drawn: None,
        }
    }

    /// Batches of rows of about one length, as [`Batches::by_length`] makes them.
    ///
    /// # Panics
    /// As [`new`](Epochs::new).
    #[doc(alias = "bucket")]
    #[track_caller]
    pub fn by_length(lengths: &[usize], size: usize, seed: u64) -> Self {
        let mut epochs = Self::new(lengths.len(), size, seed);
        epochs.way = Way::ByLength(lengths.to_vec());
        epochs
    }

    /// The rows in their order, in every epoch.
    pub fn in_order(mut self) -> Self {
        self.way = Way::InOrder;
        self.drawn = None;
        self
    }

    /// Without a last batch that is shorter than the others.
    ///
    /// # Panics
    /// If no batch is left.
    #[doc(alias = "drop_last")]
    #[track_caller]
    pub fn full_only(mut self) -> Self {
        let (rows, size) = (self.rows, self.size);
        assert!(
            size <= rows,
            "epochs: {rows} rows do not fill a batch of {size}"
        );
        self.full_only = true;
        self.drawn = None;
        self
    }

    /// At the place behind so many batches.
    pub fn at(mut self, position: u64) -> Self {
        self.position = position;
        self
    }

    /// How many batches there were.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The number of the epoch that the next batch is of.
    pub fn epoch(&self) -> u64 {
        self.position / self.batches_per_epoch() as u64
    }

    /// How many batches an epoch has.
    pub fn batches_per_epoch(&self) -> usize {
        match self.full_only {
            true => self.rows / self.size,
            false => self.rows.div_ceil(self.size),
        }
    }

    /// The batches up to the end of the epoch.
    pub fn rest_of_epoch(&mut self) -> impl Iterator<Item = Tensor<i64>> + '_ {
        let all = self.batches_per_epoch() as u64;
        let left = all - self.position % all;
        self.by_ref().take(left as usize)
    }

    /// The batches of an epoch by its number, wherever this stands: for a loop that counts epochs itself, as
    /// [`Trainer`](crate::train::Trainer) does.
    ///
    /// ```
    /// use wengert_nn::data::Epochs;
    /// let mut epochs = Epochs::new(10, 3, 1);
    /// let second: Vec<_> = epochs.of_epoch(1).collect();
    /// assert_eq!(epochs.by_ref().skip(4).take(4).collect::<Vec<_>>(), second);
    /// ```
    pub fn of_epoch(&self, epoch: u64) -> impl Iterator<Item = Tensor<i64>> + use<> {
        self.batches(epoch).into_iter()
    }

    fn batches(&self, epoch: u64) -> Vec<Tensor<i64>> {
        let mut rng = Rng::seed_from_u64(self.seed).split(epoch);
        let batches = match &self.way {
            Way::Shuffled => Batches::shuffled(self.rows, self.size, &mut rng),
            Way::InOrder => Batches::in_order(self.rows, self.size),
            Way::ByLength(lengths) => Batches::by_length(lengths, self.size, &mut rng),
        };
        match self.full_only {
            true => batches.full_only().collect(),
            false => batches.collect(),
        }
    }
}

impl Iterator for Epochs {
    type Item = Tensor<i64>;

    /// The next batch; there always is one.
    fn next(&mut self) -> Option<Tensor<i64>> {
        let epoch = self.epoch();
        if self.drawn.as_ref().is_none_or(|&(drawn, _)| drawn != epoch) {
            self.drawn = Some((epoch, self.batches(epoch)));
        }
        let at = (self.position % self.batches_per_epoch() as u64) as usize;
        self.position += 1;
        let (_, batches) = self.drawn.as_ref()?;
        batches.get(at).cloned()
    }
}
