//! `summary`: the leaves of a model as a table.

use std::fmt;

use wengert_tape::tree::{Path, Tree};
use wengert_tensor::{Float, Shape, Tensor};

/// What a step does with a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeafKind {
    /// It is trained.
    Trained,
    /// It is left as it is.
    Frozen,
    /// The step sets it, and it is not differentiated.
    State,
}

/// A leaf of a model, or several under one path.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Leaf {
    /// Its path.
    pub path: String,
    /// Its shape; `None` for several leaves.
    pub shape: Option<Shape>,
    /// How many numbers it has.
    pub count: usize,
    /// How many of them are trained.
    pub trained: usize,
    /// How many of them are state.
    pub state: usize,
    /// How many bytes they take.
    pub bytes: usize,
}

impl Leaf {
    /// What a step does with it; `None` if it does several things with several leaves.
    pub fn kind(&self) -> Option<LeafKind> {
        match (self.trained, self.state) {
            (trained, _) if trained == self.count => Some(LeafKind::Trained),
            (_, state) if state == self.count => Some(LeafKind::State),
            (0, 0) => Some(LeafKind::Frozen),
            _ => None,
        }
    }
}

/// The leaves of a model, in the order of its tree. Its text is a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The rows.
    pub leaves: Vec<Leaf>,
}

/// The leaves of a model, all of them trained but for its state.
///
/// ```
/// use wengert_nn::look::summary;
/// use wengert_nn::{BatchNorm, Linear};
/// use wengert_tensor::Rng;
///
/// let model = (Linear::new(2, 3, &mut Rng::seed_from_u64(1)), BatchNorm::new(3));
/// let table = "\
/// path        shape   numbers  bytes
/// 0.weight    [2, 3]        6     24
/// 0.bias      [3]           3     12
/// 1.weight    [3]           3     12
/// 1.bias      [3]           3     12
/// 1.mean      [3]           3     12  state
/// 1.variance  [3]           3     12  state
/// total                    21     84  15 trained, 6 state
/// ";
/// assert_eq!(summary(&model).to_string(), table);
///
/// let layers = "\
/// path   shape  numbers  bytes
/// 0                   9     36
/// 1                  12     48  6 trained, 6 state
/// total              21     84  15 trained, 6 state
/// ";
/// assert_eq!(summary(&model).collapsed(1).to_string(), layers);
/// ```
#[doc(alias("torchinfo", "tabulate", "num_parameters", "count_parameters"))]
pub fn summary<T: Float, M: Tree<Tensor<T>>>(model: &M) -> Summary {
    summary_where(model, |_| true)
}

/// [`summary`] where those leaves are trained whose path `trained` accepts, as for
/// [`Tape::value_and_grad_where`](wengert_tape::Tape::value_and_grad_where).
///
/// ```
/// use wengert_nn::Linear;
/// use wengert_nn::look::{LeafKind, summary_where};
/// use wengert_tensor::Rng;
/// let model = Linear::new(2, 3, &mut Rng::seed_from_u64(1));
/// let summary = summary_where(&model, |path| path != "bias");
/// assert_eq!(summary.leaves[1].kind(), Some(LeafKind::Frozen));
/// assert_eq!((summary.count(), summary.trained()), (9, 6));
/// ```
pub fn summary_where<T: Float, M: Tree<Tensor<T>>>(
    model: &M,
    trained: impl Fn(&str) -> bool,
) -> Summary {
    let mut leaves = Vec::new();
    model.visit_leaves(&mut Path::new(), &mut |path: &Path, leaf: &Tensor<T>| {
        let count = leaf.size();
        let state = path.is_state();
        leaves.push(Leaf {
            path: path.to_string(),
            shape: Some(leaf.shape().clone()),
            count,
            trained: if !state && trained(path.as_str()) {
                count
            } else {
                0
            },
            state: if state { count } else { 0 },
            bytes: count * size_of::<T>(),
        });
    });
    Summary { leaves }
}

impl Summary {
    /// One row for all leaves whose paths begin with the same `depth` parts.
    pub fn collapsed(&self, depth: usize) -> Summary {
        let mut leaves: Vec<Leaf> = Vec::new();
        for leaf in &self.leaves {
            let parts: Vec<&str> = leaf.path.split('.').take(depth).collect();
            let path = parts.join(".");
            match leaves.last_mut() {
                Some(last) if last.path == path => {
                    last.shape = None;
                    last.count += leaf.count;
                    last.trained += leaf.trained;
                    last.state += leaf.state;
                    last.bytes += leaf.bytes;
                }
                _ => {
                    let whole = path == leaf.path;
                    let shape = leaf.shape.clone().filter(|_| whole);
                    leaves.push(Leaf {
                        path,
                        shape,
                        ..leaf.clone()
                    });
                }
            }
        }
        Summary { leaves }
    }

    fn total(&self) -> Leaf {
        let sum = |of: fn(&Leaf) -> usize| self.leaves.iter().map(of).sum();
        Leaf {
            path: "total".to_owned(),
            shape: None,
            count: sum(|leaf| leaf.count),
            trained: sum(|leaf| leaf.trained),
            state: sum(|leaf| leaf.state),
            bytes: sum(|leaf| leaf.bytes),
        }
    }

    /// How many numbers there are.
    pub fn count(&self) -> usize {
        self.total().count
    }

    /// How many of them are trained.
    pub fn trained(&self) -> usize {
        self.total().trained
    }

    /// How many bytes they take.
    pub fn bytes(&self) -> usize {
        self.total().bytes
    }
}

/// A number with a comma between thousands.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total();
        let rows = self.leaves.iter().chain([&total]).map(|leaf| {
            let frozen = leaf.count - leaf.trained - leaf.state;
            let note = match leaf.kind() {
                Some(LeafKind::Trained) => String::new(),
                Some(LeafKind::State) => "state".to_owned(),
                Some(LeafKind::Frozen) => "frozen".to_owned(),
                None => {
                    let parts = [
                        (leaf.trained, "trained"),
                        (frozen, "frozen"),
                        (leaf.state, "state"),
                    ];
                    let parts = parts.into_iter().filter(|&(count, _)| count > 0);
                    let parts = parts.map(|(count, what)| format!("{} {what}", thousands(count)));
                    parts.collect::<Vec<_>>().join(", ")
                }
            };
            let shape = leaf.shape.as_ref().map_or(String::new(), Shape::to_string);
            let (count, bytes) = (thousands(leaf.count), thousands(leaf.bytes));
            [leaf.path.clone(), shape, count, bytes, note]
        });
        let head = ["path", "shape", "numbers", "bytes", ""].map(str::to_owned);
        let rows: Vec<[String; 5]> = std::iter::once(head).chain(rows).collect();
        let width = |column: usize| {
            let widths = rows.iter().map(|row| row[column].chars().count());
            widths.max().unwrap_or(0)
        };
        let [path, shape, count, bytes] = [0, 1, 2, 3].map(width);
        for [a, b, c, d, note] in &rows {
            let line = format!("{a:path$}  {b:shape$}  {c:>count$}  {d:>bytes$}  {note}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
