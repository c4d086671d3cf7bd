//! Samples of an op at other sizes: what it is timed on.

use wengert_tensor::{Float, Rng, Shape};

use super::refusal::refusal;
use super::samples::{Case, Samples};
use super::subject::record_leaves;
use crate::record::tape::Tape;

impl<T: Float> Samples<T> {
    /// The first case that works with longer or shorter axes as well, where the greatest of its inputs and
    /// outputs has about `elements` elements.
    ///
    /// All axes grow by one factor if the program allows it, and otherwise as many of equal lengths as it
    /// does: a choice of columns keeps its columns and takes more rows. A case that allows none stays as it
    /// is, and the first of these is the answer where no case allows any.
    ///
    /// ```
    /// use wengert_tape::check::Samples;
    /// let samples = Samples::<f32>::new("matmul")
    ///     .case("a product", &[&[3, 4], &[4, 2]], |x| vec![x[0].matmul(x[1])]);
    /// let shapes = |elements| {
    ///     let case = samples.sized(elements).unwrap();
    ///     case.inputs.iter().map(|x| x.shape().to_vec()).collect::<Vec<_>>()
    /// };
    /// assert_eq!(shapes(1000), [[27, 36], [36, 18]]);
    /// assert_eq!(shapes(1), [[1, 1], [1, 1]]);
    /// ```
    pub fn sized(&self, elements: usize) -> Option<Case<T>> {
        let mut found = self.cases.iter().filter_map(|case| {
            let size = greatest(case).filter(|&size| size > 0)?;
            Some((case, size))
        });
        let first = found.clone().next();
        let sized = found.find_map(|(case, size)| self.resized(case, size, elements));
        sized.or_else(|| first.map(|(case, _)| case.clone()))
    }

    /// A case of `size` elements with the most of its lengths that the program lets change.
    fn resized(&self, case: &Case<T>, size: usize, elements: usize) -> Option<Case<T>> {
        if size == elements {
            return Some(case.clone());
        }
        let shapes = case.inputs.iter().map(|x| x.shape());
        let mut lengths: Vec<usize> = shapes.flat_map(|shape| shape.to_vec()).collect();
        lengths.retain(|&len| len > 1);
        lengths.sort_unstable();
        lengths.dedup();
        // Every choice of lengths, those of many first.
        let mut choices: Vec<u32> = (1..1 << lengths.len().min(8)).collect();
        choices.sort_by_key(|choice| std::cmp::Reverse(choice.count_ones()));
        choices.into_iter().find_map(|choice| {
            let chosen: Vec<usize> = (0..lengths.len())
                .filter(|at| choice & 1 << at != 0)
                .map(|at| lengths[at])
                .collect();
            let times = |factor| self.times(case, &chosen, factor);
            // How many elements there are four times as long tells how fast they become more.
            let power = (greatest(&times(PROBE))? as f64 / size as f64).log(PROBE as f64);
            if power < 0.5 {
                return None;
            }
            let factor = (elements as f64 / size as f64).powf(1.0 / power);
            let resized = match elements.saturating_mul(4) <= size {
                true => times(0),
                false => times(factor.round().max(1.0) as usize),
            };
            greatest(&resized).is_some().then_some(resized)
        })
    }

    /// A case whose axes of the chosen lengths are so many times as long; of length 1 for 0 times.
    fn times(&self, case: &Case<T>, chosen: &[usize], factor: usize) -> Case<T> {
        let length = |&len: &usize| match chosen.contains(&len) {
            true => (len * factor).max(1),
            false => len,
        };
        let shapes = case.inputs.iter().map(|x| x.shape().iter().map(length));
        let inputs = shapes.zip(1..);
        Case {
            inputs: inputs
                .map(|(dims, seed)| self.drawn(&dims.collect::<Shape>(), seed))
                .collect(),
            ..case.clone()
        }
    }
}

/// How much longer axes are made to see whether they may be.
const PROBE: usize = 4;

/// The size of the greatest input or output, if the program takes these inputs.
fn greatest<T: Float>(case: &Case<T>) -> Option<usize> {
    let sizes = refusal(|| {
        let tape = Tape::new();
        tape.set_rng(Rng::seed_from_u64(0));
        let recorded = record_leaves(&tape, &case.inputs, |x| (case.program)(x));
        let all = recorded.inputs.iter().chain(&recorded.outputs);
        all.map(|x| x.size()).max().unwrap_or(0)
    });
    sizes.ok()
}
