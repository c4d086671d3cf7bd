//! `Checkpoint`: all of a training in one file.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Tensor};

use super::format::{self, Contents};
use super::persist::{
    Checked, Model, ModelIfAny, OptimizerPart, State, save_model, save_optimizer, save_state,
};
use super::record::{Persist, Record, RecordError};
use super::weights::read_file;
use super::{FileError, Problem, aside};
use crate::optim::{Optimizer, Stateful};

/// What the metadata say of a checkpoint's format.
const FORMAT: &str = "wengert checkpoint 1";

/// Everything that decides how a training goes on: model, optimizer, generators, the order of the data,
/// and what else one counts, each a part with a name.
///
/// The file is a safetensors file, so that other programs can look at the weights in it; it has a
/// checksum (CRC-32) over every byte, and is refused if any has changed. Parts share the storage of what
/// they were made of: a checkpoint that is dropped before the next step costs no copy.
///
/// ```
/// use wengert_nn::files::Checkpoint;
/// use wengert_nn::{Adam, Linear};
/// use wengert_tape::Tape;
/// use wengert_tensor::Rng;
///
/// let mut rng = Rng::seed_from_u64(1);
/// let (mut model, mut adam, mut step) = (Linear::new(2, 1, &mut rng), Adam::new(0.1), 0u64);
/// let mut train = |model: &mut Linear, adam: &mut Adam, rng: &mut Rng, step: &mut u64| {
///     let x = rng.normal([4, 2], 0.0, 1.0);
///     let (_, grads) = Tape::new().value_and_grad(&*model, |t, m| {
///         let y = m.forward(t.constant(&x));
///         (y * y).mean()
///     });
///     adam.step(model, &grads);
///     *step += 1;
/// };
/// train(&mut model, &mut adam, &mut rng, &mut step);
/// let path = std::env::temp_dir().join("wengert-checkpoint.safetensors");
/// Checkpoint::new()
///     .model("model", &model)
///     .optimizer("adam", &adam)
///     .part("rng", &rng)
///     .part("step", &step)
///     .save(&path)?;
/// train(&mut model, &mut adam, &mut rng, &mut step);
///
/// // A new process begins anew, and goes on from there to the same bits.
/// let mut rng = Rng::seed_from_u64(7);
/// let (mut other, mut adam, mut step) = (Linear::new(2, 1, &mut rng), Adam::new(0.1), 0u64);
/// Checkpoint::open(&path)?
///     .restore()
///     .model("model", &mut other)
///     .optimizer("adam", &mut adam)
///     .part("rng", &mut rng)
///     .part("step", &mut step)
///     .finish()?;
/// train(&mut other, &mut adam, &mut rng, &mut step);
/// assert_eq!((other.weight, step), (model.weight, 2));
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), wengert_nn::files::FileError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Checkpoint {
    record: Record,
    metadata: BTreeMap<String, String>,
    /// The file that it was read from.
    path: Option<PathBuf>,
}

impl Checkpoint {
    /// A checkpoint without parts.
    pub fn new() -> Self {
        Self::default()
    }

    /// With the leaves of a model, state leaves included.
    ///
    /// # Panics
    /// If the name is empty, has a dot, or is that of another part.
    #[track_caller]
    pub fn model<M: Tree<Tensor<T>>, T: Float>(self, name: &str, model: &M) -> Self {
        self.with(name, |record| save_model(model, record))
    }

    /// With the state of an optimizer and its learning rate. Its other settings are the program's.
    ///
    /// # Panics
    /// As [`model`](Checkpoint::model).
    #[track_caller]
    pub fn optimizer<T: Float>(self, name: &str, optimizer: &(impl Optimizer<T> + ?Sized)) -> Self {
        self.with(name, |record| save_optimizer(optimizer, record))
    }

    /// With the state of a schedule, an average of weights, or whatever else has one.
    ///
    /// # Panics
    /// As [`model`](Checkpoint::model).
    #[track_caller]
    pub fn state<T: Float>(self, name: &str, state: &(impl Stateful<T> + ?Sized)) -> Self {
        self.with(name, |record| save_state(state, record))
    }

    /// With whatever lasts: a generator, the order of the data, a number.
    ///
    /// # Panics
    /// As [`model`](Checkpoint::model).
    #[track_caller]
    pub fn part(self, name: &str, part: &(impl Persist + ?Sized)) -> Self {
        self.with(name, |record| part.save(record))
    }

    /// With a text under a key of its own. The keys `format` and `checksum` are taken.
    pub fn metadata(mut self, key: &str, text: &str) -> Self {
        self.metadata.insert(key.to_owned(), text.to_owned());
        self
    }

    /// The text under a key.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// The names of everything in it, in order.
    pub fn names(&self) -> Vec<&str> {
        self.record.names()
    }

    #[track_caller]
    fn with(mut self, name: &str, save: impl FnOnce(&mut Record)) -> Self {
        let taken = self.record.first_under(name).is_some();
        assert!(
            !name.is_empty() && !name.contains('.') && !taken,
            "checkpoint: `{name}` is no name for a part: it is empty, has a dot, or is taken"
        );
        self.record.below(name, save);
        self
    }

    /// Writes the file aside, and puts it into its place.
    ///
    /// # Errors
    /// If it cannot be written. The old file is there then.
    #[doc(alias = "torch.save")]
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        aside::write(path.as_ref(), |out| self.write(out))
    }

    /// Writes the bytes of the file.
    ///
    /// # Errors
    /// If the writer fails.
    pub fn write_to(&self, mut writer: impl Write) -> Result<(), FileError> {
        Ok(self.write(&mut writer)?)
    }

    fn write(&self, out: &mut dyn Write) -> Result<(), Problem> {
        let mut metadata = self.metadata.clone();
        metadata.insert("format".to_owned(), FORMAT.to_owned());
        let values = self.record.values().iter();
        let values: Vec<_> = values.map(|(name, value)| (name.as_str(), value)).collect();
        format::write_checked(&values, &metadata, out)
    }

    /// Reads a file, and checks every byte of it.
    ///
    /// # Errors
    /// If it cannot be read, is no checkpoint, or has changed since it was written.
    #[doc(alias = "torch.load")]
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let contents = read_file(path, true)?;
        let checkpoint = Self::of(contents).map_err(|problem| problem.at(path))?;
        Ok(Checkpoint {
            path: Some(path.to_owned()),
            ..checkpoint
        })
    }

    /// Reads the bytes of a file, and checks them. A reader without end is limited by [`Read::take`].
    ///
    /// # Errors
    /// As [`open`](Checkpoint::open).
    pub fn read_from(mut reader: impl Read) -> Result<Self, FileError> {
        Ok(Self::of(format::read(&mut reader, None, true)?)?)
    }

    fn of(contents: Contents) -> Result<Self, Problem> {
        let Contents {
            mut metadata,
            values,
        } = contents;
        metadata.remove("checksum");
        match metadata.remove("format") {
            Some(format) if format == FORMAT => {}
            other => {
                let other = other.unwrap_or_default();
                let reason = format!("its format is {other:?}, not {FORMAT:?}");
                return Err(Problem::NoCheckpoint { reason });
            }
        }
        Ok(Checkpoint {
            record: Record::of(values),
            metadata,
            path: None,
        })
    }

    /// Begins to restore parts, which [`finish`](Restore::finish) does. Parts that nobody asks for are
    /// left out.
    pub fn restore<'a>(self) -> Restore<'a> {
        Restore {
            record: self.record,
            path: self.path,
            parts: Vec::new(),
        }
    }
}

/// The parts of a program that are about to be restored; see [`Checkpoint`] for how.
#[must_use = "nothing is restored before `finish`"]
pub struct Restore<'a> {
    record: Record,
    path: Option<PathBuf>,
    parts: Vec<(String, Part<'a>)>,
}

/// A part of the program.
enum Part<'a> {
    Checked(Box<dyn Checked + 'a>),
    /// Who knows when this fails: it is put back then.
    Any(Box<dyn Persist + 'a>),
}

/// A reference to what may have no size.
struct Any<'a, P: ?Sized>(&'a mut P);

impl<P: Persist + ?Sized> Persist for Any<'_, P> {
    fn save(&self, to: &mut Record) {
        self.0.save(to);
    }

    fn load(&mut self, from: &mut Record) -> Result<(), RecordError> {
        self.0.load(from)
    }
}

impl<'a> Restore<'a> {
    /// A model, whose leaves have to be there in their shapes and their type, and nothing else.
    pub fn model<M: Tree<Tensor<T>>, T: Float>(self, name: &str, model: &'a mut M) -> Self {
        let model = Model(model, PhantomData);
        self.with(name, Part::Checked(Box::new(model)))
    }

    /// A model that may not be there: then there is none afterwards.
    pub(crate) fn model_if_any<M: Tree<Tensor<T>>, T: Float>(
        self,
        name: &'static str,
        slot: &'a mut Option<M>,
        like: M,
    ) -> Self {
        let model = ModelIfAny {
            name,
            slot,
            found: Some(like),
            element: PhantomData,
        };
        self.with(name, Part::Checked(Box::new(model)))
    }

    /// An optimizer: a new one, or one that has stepped, whose state goes.
    pub fn optimizer<O: Optimizer<T> + ?Sized, T: Float>(
        self,
        name: &str,
        optimizer: &'a mut O,
    ) -> Self {
        let optimizer = OptimizerPart(optimizer, PhantomData);
        self.with(name, Part::Checked(Box::new(optimizer)))
    }

    /// Whatever has a state, as for an optimizer.
    pub fn state<S: Stateful<T> + ?Sized, T: Float>(self, name: &str, state: &'a mut S) -> Self {
        let state = State(state, PhantomData);
        self.with(name, Part::Checked(Box::new(state)))
    }

    /// Whatever lasts.
    pub fn part<P: Persist + ?Sized>(self, name: &str, part: &'a mut P) -> Self {
        self.with(name, Part::Any(Box::new(Any(part))))
    }

    fn with(mut self, name: &str, part: Part<'a>) -> Self {
        self.parts.push((name.to_owned(), part));
        self
    }

    /// Restores all of them, or none.
    ///
    /// # Errors
    /// If a part is not in the checkpoint, does not fit, or leaves something of itself there.
    pub fn finish(mut self) -> Result<(), FileError> {
        self.restore().map_err(|error| FileError {
            path: self.path,
            problem: Problem::Part(error),
        })
    }

    fn restore(&mut self) -> Result<(), RecordError> {
        let mut copy = self.record.clone();
        for (name, part) in &mut self.parts {
            if let Part::Checked(part) = part {
                copy.below(name, |copy| part.check(copy))?;
                nothing_left(&copy, name)?;
            }
        }
        // What was there, for the case that one of these fails.
        let mut before = Vec::new();
        let mut failed = None;
        for (name, part) in &mut self.parts {
            let Part::Any(part) = part else {
                continue;
            };
            let mut old = Record::new();
            old.put("", &**part);
            before.push(old);
            let loaded = copy.take(name, &mut **part);
            failed = loaded.and_then(|()| nothing_left(&copy, name)).err();
            if failed.is_some() {
                break;
            }
        }
        if let Some(error) = failed {
            let loaded = self.parts.iter_mut().filter_map(|(_, part)| match part {
                Part::Any(part) => Some(part),
                Part::Checked(_) => None,
            });
            for (part, mut old) in loaded.zip(before) {
                // What it saved itself a moment ago it can load.
                let _ = old.take("", &mut **part);
            }
            return Err(error);
        }
        for (name, part) in &mut self.parts {
            if let Part::Checked(part) = part {
                self.record.below(name, |record| part.load(record))?;
            }
        }
        Ok(())
    }
}

/// Whether a part has taken all that is there under its name.
fn nothing_left(record: &Record, name: &str) -> Result<(), RecordError> {
    match record.first_under(name) {
        None => Ok(()),
        Some(left) => Err(RecordError {
            name: left.to_owned(),
            reason: "it is in the checkpoint, and not in the program".to_owned(),
        }),
    }
}
