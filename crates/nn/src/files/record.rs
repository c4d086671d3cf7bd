//! `Record`: named values, and `Persist`, what can be put into a record and taken out again.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::value::Value;

/// Named values: what a part of a training saves of itself, and finds again.
///
/// A name within a name stands behind a dot, as in the paths of a model.
///
/// ```
/// use wengert_nn::files::{Persist, Record, RecordError};
///
/// /// A moving mean.
/// #[derive(Debug, Default, PartialEq)]
/// struct Mean { sum: f64, count: u64 }
///
/// impl Persist for Mean {
///     fn save(&self, to: &mut Record) {
///         to.put("sum", &self.sum);
///         to.put("count", &self.count);
///     }
///     fn load(&mut self, from: &mut Record) -> Result<(), RecordError> {
///         from.take("sum", &mut self.sum)?;
///         from.take("count", &mut self.count)
///     }
/// }
///
/// let (mean, mut other) = (Mean { sum: 1.5, count: 2 }, Mean::default());
/// let mut record = Record::new();
/// record.put("loss", &mean);
/// assert_eq!(record.names(), ["loss.count", "loss.sum"]);
/// record.take("loss", &mut other)?;
/// assert_eq!((other, record.is_empty()), (mean, true));
/// # Ok::<(), RecordError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Record {
    values: BTreeMap<String, Value>,
    /// Where the part that is being saved or loaded stands.
    path: String,
}

/// What a record does not have, or has otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}`: {reason}")]
pub struct RecordError {
    /// The name of the value.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

/// What lasts beyond a run: a generator, the order of the data, a number that counts, a struct of such.
///
/// Numbers, text, rows of numbers, tensors, [`Rng`](wengert_tensor::Rng),
/// [`Tape`](wengert_tape::Tape) and [`Workers`](crate::parallel::Workers) (their generators),
/// [`Mean`](crate::train::metrics::Mean), [`Batches`](crate::data::Batches) and
/// [`Epochs`](crate::data::Epochs) (their place) are here already.
/// [`Record`] shows how a struct becomes it.
pub trait Persist {
    /// Puts what it consists of into the record.
    fn save(&self, to: &mut Record);

    /// Takes out of the record what [`save`](Persist::save) put into it. After an error it may be half
    /// loaded: whoever restores a [`Checkpoint`](super::Checkpoint) puts back what was there.
    ///
    /// # Errors
    /// If something is not there, or is something else.
    fn load(&mut self, from: &mut Record) -> Result<(), RecordError>;
}

impl Record {
    /// An empty record.
    pub fn new() -> Self {
        Self::default()
    }

    /// A record of these values.
    pub(super) fn of(values: BTreeMap<String, Value>) -> Self {
        let path = String::new();
        Record { values, path }
    }

    /// The names of all values, in order.
    pub fn names(&self) -> Vec<&str> {
        self.values.keys().map(String::as_str).collect()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All values by their names.
    pub(super) fn values(&self) -> &BTreeMap<String, Value> {
        &self.values
    }

    /// Saves `item` under this name, which replaces a value of the same name.
    pub fn put(&mut self, name: &str, item: &(impl Persist + ?Sized)) {
        self.below(name, |record| item.save(record));
    }

    /// Loads `item` from what stands under this name, which is gone then.
    ///
    /// # Errors
    /// If something is not there, or is something else.
    pub fn take(
        &mut self,
        name: &str,
        item: &mut (impl Persist + ?Sized),
    ) -> Result<(), RecordError> {
        self.below(name, |record| item.load(record))
    }

    /// Sets the value itself that [`save`](Persist::save) was asked for.
    pub fn set(&mut self, value: Value) {
        self.values.insert(self.path.clone(), value);
    }

    /// Takes the value itself that [`load`](Persist::load) was asked for.
    ///
    /// # Errors
    /// If it is not there.
    pub fn get(&mut self) -> Result<Value, RecordError> {
        let value = self.values.remove(&self.path);
        value.ok_or_else(|| self.error("it is missing"))
    }

    /// The error that names where the record is being read.
    pub fn error(&self, reason: impl Into<String>) -> RecordError {
        RecordError {
            name: self.path.clone(),
            reason: reason.into(),
        }
    }

    /// Runs `f` with names that stand under this one.
    pub(super) fn below<R>(&mut self, name: &str, f: impl FnOnce(&mut Self) -> R) -> R {
        let length = self.path.len();
        if length > 0 && !name.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(name);
        let result = f(self);
        self.path.truncate(length);
        result
    }

    /// The first name that stands under `part`.
    pub(super) fn first_under(&self, part: &str) -> Option<&str> {
        let from = self
            .values
            .range::<str, _>((Bound::Included(part), Bound::Unbounded));
        let mut names = from
            .map(|(name, _)| name.as_str())
            .take_while(|name| name.starts_with(part));
        names.find(|name| is_under(name, part))
    }

    /// Sets a value under this name.
    pub(super) fn set_at(&mut self, name: &str, value: Value) {
        self.below(name, |record| record.set(value));
    }
}

/// Whether a name is this part or stands in it.
fn is_under(name: &str, part: &str) -> bool {
    name.strip_prefix(part)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
