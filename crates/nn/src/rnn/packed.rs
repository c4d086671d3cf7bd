//! `PackedSequence`: sequences of different lengths, without what is not there.

use std::sync::Arc;

use wengert_tape::Var;
use wengert_tensor::{Float, Shape, Tensor};

use super::unroll::Steps;

/// Sequences of different lengths, step by step and without padding.
///
/// The rows are sorted by length, the longest first, and step t has the values of those that are
/// longer than t: data is \[N, I\], where N is the sum of the lengths; first come the rows of step
/// 0, then those of step 1, and so on. A run over it computes nothing for what is not there.
///
/// Source: the class of the same name in PyTorch.
///
/// ```
/// use wengert_nn::{Gru, rnn::PackedSequence};
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::{Rng, Tensor};
///
/// let tape = Tape::<f64>::new();
/// // Two sequences; what stands after their ends does not matter.
/// let x = Tensor::from([[[1.0], [f64::NAN], [f64::NAN]], [[2.0], [3.0], [4.0]]]);
/// let x = PackedSequence::pack_padded(tape.constant(&x), &[1, 3]);
/// assert_eq!(x.data().value().to_vec(), [2.0, 1.0, 3.0, 4.0]);
/// assert_eq!(x.batch_sizes(), [2, 1, 1]);
///
/// let rnn = Gru::new(1, 5, &mut Rng::seed_from_u64(1)).cast::<f64>();
/// let (outputs, state) = rnn.bind(&tape).run_packed(&x, None);
/// let outputs = outputs.pad();
/// assert_eq!(outputs.shape(), [2, 3, 5]);
/// assert_eq!(outputs.select(0, 0).select(0, 1).value(), Tensor::zeros([5]));
/// assert_eq!(state.h().select(0, 0).value(), outputs.select(0, 0).select(0, 0).value());
/// ```
#[derive(Clone, Debug)]
pub struct PackedSequence<'t, T: Float> {
    data: Var<'t, T>,
    packing: Arc<Packing>,
}

/// Which value stands where.
#[derive(Debug)]
struct Packing {
    /// In the order of the batch.
    lengths: Vec<usize>,
    /// T, how long the padded form is.
    time: usize,
    /// How many rows have each step.
    sizes: Vec<usize>,
    /// Where each step begins in the data.
    starts: Vec<usize>,
    /// The row of the batch that is at each place of the sorted one.
    order: Vec<usize>,
    /// The place of each row of the batch in the sorted one; `None` where it is the same.
    places: Option<Tensor<i64>>,
}

impl Packing {
    fn new(lengths: &[usize], time: usize) -> Self {
        let mut order: Vec<usize> = (0..lengths.len()).collect();
        // A stable sort: rows of one length stay in their order.
        order.sort_by(|&a, &b| lengths[b].cmp(&lengths[a]));
        let longest = order.first().map_or(0, |&row| lengths[row]);
        let (mut sizes, mut starts) = (vec![0; longest], vec![0; longest]);
        let (mut running, mut start) = (lengths.len(), 0);
        for t in 0..longest {
            while lengths[order[running - 1]] <= t {
                running -= 1;
            }
            (sizes[t], starts[t]) = (running, start);
            start += running;
        }
        let sorted = order.iter().enumerate().all(|(place, &row)| place == row);
        let mut places = vec![0; order.len()];
        for (place, &row) in order.iter().enumerate() {
            places[row] = place as i64;
        }
        Packing {
            lengths: lengths.to_vec(),
            time,
            sizes,
            starts,
            places: (!sorted).then(|| Tensor::from(places)),
            order,
        }
    }

    /// N.
    fn total(&self) -> usize {
        self.lengths.iter().sum()
    }

    /// For each value of the data, where it is among rows that begin at `starts`.
    fn gather(&self, start: impl Fn(usize) -> usize) -> Tensor<i64> {
        let mut at = Vec::with_capacity(self.total());
        for (t, &size) in self.sizes.iter().enumerate() {
            at.extend(
                self.order[..size]
                    .iter()
                    .map(|&row| (start(row) + t) as i64),
            );
        }
        Tensor::from(at)
    }

    /// Where the value of a row at a step is in the data.
    fn position(&self, place: usize, t: usize) -> i64 {
        (self.starts[t] + place) as i64
    }

    fn place(&self, row: usize) -> usize {
        match &self.places {
            Some(places) => places[[row]] as usize,
            None => row,
        }
    }
}

impl<'t, T: Float> PackedSequence<'t, T> {
    /// The first `lengths[b]` steps of each row b of `x` \[B, T, I\]. The others are not looked at,
    /// and get a gradient of exactly 0.
    ///
    /// # Panics
    /// If `x` has not three axes, there is not a length for each row, or a length is greater than T.
    #[doc(alias = "pack_padded_sequence")]
    #[track_caller]
    pub fn pack_padded(x: Var<'t, T>, lengths: &[usize]) -> Self {
        let shape = x.shape();
        assert!(
            shape.rank() == 3,
            "a sequence has the axes [batch, time, features], this one the shape {shape}"
        );
        let (batch, time) = (shape[0], shape[1]);
        assert!(
            lengths.len() == batch,
            "there are {} lengths for {batch} sequences",
            lengths.len()
        );
        if let Some(length) = lengths.iter().find(|&&length| length > time) {
            panic!("a sequence of length {length} is not in {time} steps");
        }
        let packing = Packing::new(lengths, time);
        let rows = x.reshape(&[(batch * time) as isize, shape[2] as isize]);
        PackedSequence {
            data: rows.index_select(0, &packing.gather(|row| row * time)),
            packing: Arc::new(packing),
        }
    }

    /// Sequences \[T, I\], each with its own T.
    ///
    /// ```
    /// use wengert_nn::rnn::PackedSequence;
    /// use wengert_tape::Tape;
    ///
    /// let tape = Tape::<f32>::new();
    /// let x = PackedSequence::pack(&[tape.ones([2, 3]), tape.ones([4, 3]), tape.ones([0, 3])]);
    /// assert_eq!((x.lengths(), x.batch_sizes()), (&[2, 4, 0][..], &[2, 2, 1, 1][..]));
    /// ```
    ///
    /// # Panics
    /// If there is no sequence, one has not two axes, or their I differ.
    #[doc(alias = "pack_sequence")]
    #[track_caller]
    pub fn pack(sequences: &[Var<'t, T>]) -> Self {
        let mut lengths = Vec::with_capacity(sequences.len());
        for x in sequences {
            let shape = x.shape();
            assert!(
                shape.rank() == 2,
                "a sequence alone has the axes [time, features], this one the shape {shape}"
            );
            lengths.push(shape[0]);
        }
        let packing = Packing::new(&lengths, lengths.iter().copied().max().unwrap_or(0));
        let mut starts = Vec::with_capacity(lengths.len());
        let mut end = 0;
        for length in &lengths {
            starts.push(end);
            end += length;
        }
        PackedSequence {
            data: Var::cat(sequences, 0).index_select(0, &packing.gather(|row| starts[row])),
            packing: Arc::new(packing),
        }
    }

    /// The values \[N, I\].
    pub fn data(&self) -> Var<'t, T> {
        self.data
    }

    /// How many sequences have each step.
    pub fn batch_sizes(&self) -> &[usize] {
        &self.packing.sizes
    }

    /// The lengths, in the order of the batch.
    pub fn lengths(&self) -> &[usize] {
        &self.packing.lengths
    }

    /// The same sequences with what `f` makes of the values, all at once: a layer that knows nothing
    /// of time.
    ///
    /// ```
    /// use wengert_nn::rnn::PackedSequence;
    /// use wengert_tape::Tape;
    ///
    /// let tape = Tape::<f32>::new();
    /// let x = PackedSequence::pack_padded(tape.ones([2, 4, 3]), &[4, 1]);
    /// let y = x.map(|x| x.matmul(tape.ones([3, 6])));
    /// assert_eq!((x.data().shape(), y.data().shape()), ([5, 3].into(), [5, 6].into()));
    /// ```
    ///
    /// # Panics
    /// If `f` returns another number of values.
    #[track_caller]
    pub fn map(&self, f: impl FnOnce(Var<'t, T>) -> Var<'t, T>) -> Self {
        self.with_data(f(self.data))
    }

    /// The same sequences with other values.
    #[track_caller]
    pub(super) fn with_data(&self, data: Var<'t, T>) -> Self {
        let (old, new) = (self.data.shape(), data.shape());
        assert!(
            old.first() == new.first(),
            "packed sequences of the shape {old} cannot become {new}"
        );
        PackedSequence {
            data,
            packing: self.packing.clone(),
        }
    }

    /// One value \[B, T, I\], with zeros after the end of each sequence. T is that of the padded
    /// form that was packed, or the greatest length.
    #[doc(alias = "pad_packed_sequence")]
    #[track_caller]
    pub fn pad(&self) -> Var<'t, T> {
        let features = self.data.shape()[1..].to_vec();
        self.pad_parts([self.data].into_iter().collect(), features)
    }

    /// [`pad`](Self::pad) where the values, with these axes each, come in parts, so that they are
    /// copied once.
    #[track_caller]
    pub(super) fn pad_parts(&self, mut parts: Steps<'t, T>, features: Vec<usize>) -> Var<'t, T> {
        let Packing { lengths, time, .. } = &*self.packing;
        let zero: Shape = std::iter::once(1).chain(features.iter().copied()).collect();
        parts.push(self.data.tape().zeros(zero));
        let total = self.packing.total() as i64;
        let mut at = Vec::with_capacity(lengths.len() * time);
        for (row, &length) in lengths.iter().enumerate() {
            let place = self.packing.place(row);
            at.extend((0..length).map(|t| self.packing.position(place, t)));
            at.extend(std::iter::repeat_n(total, time - length));
        }
        let rows = Var::cat(&parts, 0).index_select(0, &Tensor::from(at));
        let shape = [lengths.len(), *time].into_iter().chain(features);
        let shape: Vec<isize> = shape.map(|dim| dim as isize).collect();
        rows.reshape(&shape)
    }

    /// Each sequence \[T, I\], in the order of the batch.
    ///
    /// ```
    /// use wengert_nn::rnn::PackedSequence;
    /// use wengert_tape::Tape;
    ///
    /// let tape = Tape::<f32>::new();
    /// let x = PackedSequence::pack(&[tape.zeros([1, 3]), tape.ones([2, 3])]);
    /// let [first, second] = x.unpack()[..] else { panic!("two sequences") };
    /// assert_eq!((first.shape(), second.sum().item()), ([1, 3].into(), 6.0));
    /// ```
    #[doc(alias = "unpack_sequence")]
    #[track_caller]
    pub fn unpack(&self) -> Vec<Var<'t, T>> {
        let Packing { lengths, .. } = &*self.packing;
        let mut at = Vec::with_capacity(self.packing.total());
        for (row, &length) in lengths.iter().enumerate() {
            let place = self.packing.place(row);
            at.extend((0..length).map(|t| self.packing.position(place, t)));
        }
        let rows = self.data.index_select(0, &Tensor::from(at));
        rows.split(0, lengths)
    }

    /// The values of step t, \[n, I\].
    #[track_caller]
    pub(super) fn step(&self, t: usize) -> Var<'t, T> {
        let Packing { starts, sizes, .. } = &*self.packing;
        self.data.slice(0, starts[t]..starts[t] + sizes[t])
    }

    /// A value with a row for each sequence of the batch, in the order of the lengths.
    #[track_caller]
    pub(super) fn sort(&self, x: Var<'t, T>) -> Var<'t, T> {
        if self.packing.places.is_none() {
            return x;
        }
        let order = self.packing.order.iter().map(|&row| row as i64);
        x.index_select(0, &Tensor::from(order.collect::<Vec<_>>()))
    }

    /// The way back from [`sort`](Self::sort).
    #[track_caller]
    pub(super) fn unsort(&self, x: Var<'t, T>) -> Var<'t, T> {
        match &self.packing.places {
            Some(places) => x.index_select(0, places),
            None => x,
        }
    }
}
