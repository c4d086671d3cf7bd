//! `Persist` for numbers, text, tensors, generators, the order of the data, and what holds a state.

use std::marker::PhantomData;

use wengert_tape::Tape;
use wengert_tape::tree::{Path, Tree};
use wengert_tensor::random::RngState;
use wengert_tensor::{Element, Float, Rng, Tensor};

use super::record::{Persist, Record, RecordError};
use super::value::Value;
use super::weights;
use crate::data::{Batches, Epochs};
use crate::optim::{Optimizer, Piece, PieceMut, Stateful};
use crate::parallel::Workers;
use crate::train::metrics::Mean;

impl<T: Element> Persist for Tensor<T> {
    fn save(&self, to: &mut Record) {
        to.set(Value::of(self));
    }

    fn load(&mut self, from: &mut Record) -> Result<(), RecordError> {
        let value = from.get()?;
        *self = value.tensor().ok_or_else(|| wrong(from, T::NAME, &value))?;
        Ok(())
    }
}

fn wrong(from: &Record, wanted: &str, value: &Value) -> RecordError {
    from.error(format!("it should be {wanted}, and is {value}"))
}

/// Kinds of numbers: how one becomes a value, how a row of them does, and the ways back.
macro_rules! numbers {
    ($($type:ty: $row:expr, $back:expr;)*) => { $(
        impl Persist for $type {
            fn save(&self, to: &mut Record) {
                let row: fn(&[$type]) -> Value = $row;
                to.set(row(&[*self]));
            }

            fn load(&mut self, from: &mut Record) -> Result<(), RecordError> {
                let value = from.get()?;
                let back: fn(&Value) -> Option<Vec<$type>> = $back;
                match back(&value).as_deref() {
                    Some(&[one]) => *self = one,
                    _ => return Err(wrong(from, stringify!($type), &value)),
                }
                Ok(())
            }
        }

        impl Persist for Vec<$type> {
            fn save(&self, to: &mut Record) {
                let row: fn(&[$type]) -> Value = $row;
                to.set(row(self));
            }

            fn load(&mut self, from: &mut Record) -> Result<(), RecordError> {
                let value = from.get()?;
                let back: fn(&Value) -> Option<Vec<$type>> = $back;
                *self = back(&value)
                    .ok_or_else(|| wrong(from, concat!("a row of ", stringify!($type)), &value))?;
                Ok(())
            }
        }
    )* };
}

numbers! {
    f32: |row| Value::F32(Tensor::from(row)), row_of;
    f64: |row| Value::F64(Tensor::from(row)), row_of;
    i64: |row| Value::I64(Tensor::from(row)), row_of;
    bool: |row| Value::Bool(Tensor::from(row)), row_of;
    u64: |row| Value::U64(row.to_vec()), |value| match value {
        Value::U64(row) => Some(row.clone()),
        _ => None,
    };
    usize: |row| Value::U64(row.iter().map(|&x| x as u64).collect()), |value| match value {
        Value::U64(row) => row.iter().map(|&x| usize::try_from(x).ok()).collect(),
        _ => None,
    };
}

fn row_of<T: Element>(value: &Value) -> Option<Vec<T>> {
    let row: Tensor<T> = value.tensor()?;
    (row.rank() == 1).then(|| row.to_vec())
}

impl Persist for String {
    fn save(&self, to: &mut Record) {
        to.set(Value::Bytes(self.as_bytes().to_vec()));
    }

    fn load(&mut self, from: &mut Record) -> Result<(), RecordError> {
        let value = from.get()?;
        let Value::Bytes(bytes) = &value else {
            return Err(wrong(from, "text", &value));
        };
        let text = std::str::from_utf8(bytes).map_err(|error| from.error(error.to_string()))?;
        text.clone_into(self);
        Ok(())
    }
}

/// Whether there is something, and what.
impl<P: Persist + Default> Persist for Option<P> {
    fn save(&self, to: &mut Record) {
        to.put("some", &self.is_some());
        if let Some(item) = self {
            to.put("value", item);
        }
    }

    fn load(&mut self, from: &mut Record) -> Result<(), RecordError> {
        let mut some = false;
        from.take("some", &mut some)?;
        *self = match some {
            true => {
                let mut item = P::default();
                from.take("value", &mut item)?;
                Some(item)
            }
            false => None,
        };
        Ok(())
    }
}

impl Persist for Rng {
    fn save(&self, to: &mut Record) {
        let state = self.state();
        to.set_at("seed", Value::Bytes(state.seed.to_vec()));
        to.put("stream", &state.stream);
        let position = [state.position as u64, (state.position >> 64) as u64];
        to.put("position", &position.to_vec());
    }

    fn load(&mut self, from: &mut Record) -> Result<(), RecordError> {
        let seed = from.below("seed", |from| {
            let value = from.get()?;
            match &value {
                Value::Bytes(bytes) => <[u8; 32]>::try_from(&bytes[..]).ok(),
                _ => None,
            }
            .ok_or_else(|| wrong(from, "32 bytes", &value))
        })?;
        let (mut stream, mut position) = (0, Vec::<u64>::new());
        from.take("stream", &mut stream)?;
        from.take("position", &mut position)?;
        let &[low, high] = &position[..] else {
            return Err(from.error("its position is no number of 128 bits"));
        };
        *self = Rng::from_state(RngState {
            seed,
            stream,
            position: u128::from(low) | (u128::from(high) << 64),
        });
        Ok(())
    }
}

/// The generator that random layers draw from.
impl<T: Float> Persist for Tape<T> {
    fn save(&self, to: &mut Record) {
        self.draw(|rng| rng.save(to));
    }

    fn load(&mut self, from: &mut Record) -> Result<(), RecordError> {
        self.draw(|rng| rng.load(from))
    }
}

/// The generator and the number of steps, from which the generators of the shards follow.
impl<T: Float> Persist for Workers<T> {
    fn save(&self, to: &mut Record) {
        let (rng, steps) = self.generators();
        to.put("rng", rng);
        to.put("steps", &steps);
    }

    fn load(&mut self, from: &mut Record) -> Result<(), RecordError> {
        let (mut rng, mut steps) = (Rng::seed_from_u64(0), 0);
        from.take("rng", &mut rng)?;
        from.take("steps", &mut steps)?;
        self.set_generators(rng, steps);
        Ok(())
    }
}

impl Persist for Mean {
    fn save(&self, to: &mut Record) {
        let (sum, weight) = self.sums();
        to.put("sum", &sum);
        to.put("weight", &weight);
    }

    fn load(&mut self, from: &mut Record) -> Result<(), RecordError> {
        let (mut sum, mut weight) = (0.0, 0.0);
        from.take("sum", &mut sum)?;
        from.take("weight", &mut weight)?;
        *self = Mean::of_sums(sum, weight);
        Ok(())
    }
}

/// The order and the place in it.
impl Persist for Batches {
    fn save(&self, to: &mut Record) {
        to.put("rows", &self.rows);
        to.put("size", &self.size);
        to.put("at", &self.at);
    }

    fn load(&mut self, from: &mut Record) -> Result<(), RecordError> {
        from.take("rows", &mut self.rows)?;
        from.take("size", &mut self.size)?;
        from.take("at", &mut self.at)?;
        if self.size == 0 || self.at > self.rows.len() {
            return Err(from.error("these are no batches of rows"));
        }
        Ok(())
    }
}

/// Saves the leaves of a model, state included, by their paths.
pub(super) fn save_model<M: Tree<Tensor<T>>, T: Float>(model: &M, to: &mut Record) {
    for (path, value) in weights::leaves(model) {
        to.set_at(&path, value);
    }
}

/// The place: the order follows from what they were made with.
impl Persist for Epochs {
    fn save(&self, to: &mut Record) {
        to.put("position", &self.position());
    }

    fn load(&mut self, from: &mut Record) -> Result<(), RecordError> {
        let mut position = 0;
        from.take("position", &mut position)?;
        *self = self.clone().at(position);
        Ok(())
    }
}

/// A part whose loading is checked before anything is written, so that it cannot fail.
pub(super) trait Checked {
    /// Takes what is to be loaded out of a copy of the record.
    fn check(&mut self, from: &mut Record) -> Result<(), RecordError>;

    /// Takes it out of the record itself.
    fn load(&mut self, from: &mut Record) -> Result<(), RecordError>;
}

/// A model, whose leaves have to be there in their shapes and types.
pub(super) struct Model<'a, M, T>(pub &'a mut M, pub PhantomData<T>);

impl<M: Tree<Tensor<T>>, T: Float> Checked for Model<'_, M, T> {
    fn check(&mut self, from: &mut Record) -> Result<(), RecordError> {
        let mut result = Ok(());
        let path = &mut Path::new();
        self.0.visit_leaves(path, &mut |path, leaf: &Tensor<T>| {
            if result.is_ok() {
                result = leaf_of(path, leaf, from).map(drop);
            }
        });
        result
    }

    fn load(&mut self, from: &mut Record) -> Result<(), RecordError> {
        let mut result = Ok(());
        let path = &mut Path::new();
        self.0
            .visit_leaves_mut(path, &mut |path, leaf: &mut Tensor<T>| match leaf_of(
                path, leaf, from,
            ) {
                Ok(found) => *leaf = found,
                Err(error) => result = Err(error),
            });
        result
    }
}

/// A model that may not be there.
pub(super) struct ModelIfAny<'a, M, T> {
    pub name: &'static str,
    pub slot: &'a mut Option<M>,
    /// A model of the structure, which becomes the one that is loaded.
    pub found: Option<M>,
    pub element: PhantomData<T>,
}

impl<M: Tree<Tensor<T>>, T: Float> Checked for ModelIfAny<'_, M, T> {
    fn check(&mut self, from: &mut Record) -> Result<(), RecordError> {
        if from.first_under(self.name).is_none() {
            self.found = None;
        }
        match &mut self.found {
            Some(model) => Model(model, PhantomData::<T>).check(from),
            None => Ok(()),
        }
    }

    fn load(&mut self, from: &mut Record) -> Result<(), RecordError> {
        if let Some(model) = &mut self.found {
            Model(model, PhantomData::<T>).load(from)?;
        }
        *self.slot = self.found.take();
        Ok(())
    }
}

fn leaf_of<T: Float>(
    path: &Path,
    leaf: &Tensor<T>,
    from: &mut Record,
) -> Result<Tensor<T>, RecordError> {
    from.below(path.as_str(), |from| {
        let value = from.get()?;
        let found: Option<Tensor<T>> = value.tensor();
        found
            .filter(|found| found.shape() == leaf.shape())
            .ok_or_else(|| wrong(from, &Value::of(leaf).to_string(), &value))
    })
}

/// Saves the pieces of a state, by the numbers of their leaves.
pub(super) fn save_state<T: Float>(state: &(impl Stateful<T> + ?Sized), to: &mut Record) {
    // A row that is as long as there are leaves: what a file claims takes no memory.
    to.set_at("leaves", Value::Bytes(vec![1; state.leaves()]));
    state.visit_state(&mut |leaf, name, piece| {
        let name = piece_name(leaf, name);
        match piece {
            Piece::Tensor(Some(tensor)) => to.put(&name, tensor),
            Piece::Tensor(None) => {}
            Piece::Count(count) => to.put(&name, &count),
            Piece::Number(number) => to.put(&name, &number),
        }
    });
}

/// Saves the state of an optimizer, and the rate that a schedule or the user has given it.
pub(super) fn save_optimizer<T: Float>(optimizer: &(impl Optimizer<T> + ?Sized), to: &mut Record) {
    to.put("learning_rate", &optimizer.learning_rate());
    save_state(optimizer, to);
}

/// What has a state.
pub(super) struct State<'a, S: ?Sized, T>(pub &'a mut S, pub PhantomData<T>);

impl<S: Stateful<T> + ?Sized, T: Float> Checked for State<'_, S, T> {
    fn check(&mut self, from: &mut Record) -> Result<(), RecordError> {
        let leaves = leaves_of(from)?;
        let held = self.0.leaves();
        if held == 0 || held == leaves {
            // Room for leaves without a piece is no other state.
            self.0.prepare_state(leaves);
            return self.check_pieces(leaves, from);
        }
        // Another number of leaves: the pieces that there are stand aside meanwhile.
        let mut aside = Vec::new();
        self.0.visit_state_mut(&mut |_, _, piece| {
            aside.push(match piece {
                PieceMut::Tensor(tensor) => Held::Tensor(tensor.take()),
                PieceMut::Count(count) => Held::Count(*count),
                PieceMut::Number(number) => Held::Number(*number),
            });
        });
        self.0.clear_state();
        self.0.prepare_state(leaves);
        let result = self.check_pieces(leaves, from);
        self.0.clear_state();
        self.0.prepare_state(held);
        let mut aside = aside.into_iter();
        self.0
            .visit_state_mut(&mut |_, _, piece| match (piece, aside.next()) {
                (PieceMut::Tensor(to), Some(Held::Tensor(tensor))) => *to = tensor,
                (PieceMut::Count(to), Some(Held::Count(count))) => *to = count,
                (PieceMut::Number(to), Some(Held::Number(number))) => *to = number,
                _ => {}
            });
        result
    }

    fn load(&mut self, from: &mut Record) -> Result<(), RecordError> {
        let leaves = leaves_of(from)?;
        if self.0.leaves() != leaves {
            self.0.clear_state();
            self.0.prepare_state(leaves);
        }
        let mut result = Ok(());
        self.0.visit_state_mut(&mut |leaf, name, piece| {
            let loaded = match piece {
                PieceMut::Tensor(tensor) => {
                    tensor_of(leaf, name, from).map(|found| *tensor = found)
                }
                PieceMut::Count(count) => from.take(&piece_name(leaf, name), count),
                PieceMut::Number(number) => from.take(&piece_name(leaf, name), number),
            };
            if loaded.is_err() {
                result = loaded;
            }
        });
        result
    }
}

/// A piece that stands aside.
enum Held<T: Float> {
    Tensor(Option<Tensor<T>>),
    Count(u64),
    Number(f64),
}

/// The number of leaves that a saved state is of.
fn leaves_of(from: &mut Record) -> Result<usize, RecordError> {
    from.below("leaves", |from| match from.get()? {
        Value::Bytes(leaves) => Ok(leaves.len()),
        value => Err(wrong(from, "a row of bytes", &value)),
    })
}

impl<S: Stateful<T> + ?Sized, T: Float> State<'_, S, T> {
    /// Whether every piece can be had.
    fn check_pieces(&self, leaves: usize, from: &mut Record) -> Result<(), RecordError> {
        if self.0.leaves() != leaves {
            let held = self.0.leaves();
            return Err(from.error(format!("it is of {leaves} leaves, and this holds {held}")));
        }
        let mut result = Ok(());
        self.0.visit_state(&mut |leaf, name, piece| {
            if result.is_ok() {
                result = match piece {
                    Piece::Tensor(_) => tensor_of::<T>(leaf, name, from).map(drop),
                    Piece::Count(mut count) => from.take(&piece_name(leaf, name), &mut count),
                    Piece::Number(mut number) => from.take(&piece_name(leaf, name), &mut number),
                };
            }
        });
        result
    }
}

/// A tensor that may not be there before it is first needed.
fn tensor_of<T: Float>(
    leaf: Option<usize>,
    name: &str,
    from: &mut Record,
) -> Result<Option<Tensor<T>>, RecordError> {
    from.below(&piece_name(leaf, name), |from| match from.get() {
        Err(_) => Ok(None),
        Ok(value) => {
            let found = value.tensor();
            found.map(Some).ok_or_else(|| wrong(from, T::NAME, &value))
        }
    })
}

fn piece_name(leaf: Option<usize>, name: &str) -> String {
    match leaf {
        Some(leaf) => format!("{leaf}.{name}"),
        None => name.to_owned(),
    }
}

/// An optimizer: a state, and a rate.
pub(super) struct OptimizerPart<'a, O: ?Sized, T>(pub &'a mut O, pub PhantomData<T>);

impl<O: Optimizer<T> + ?Sized, T: Float> Checked for OptimizerPart<'_, O, T> {
    fn check(&mut self, from: &mut Record) -> Result<(), RecordError> {
        from.take("learning_rate", &mut 0.0)?;
        State(&mut *self.0, PhantomData).check(from)
    }

    fn load(&mut self, from: &mut Record) -> Result<(), RecordError> {
        let mut rate = 0.0;
        from.take("learning_rate", &mut rate)?;
        State(&mut *self.0, PhantomData).load(from)?;
        self.0.set_learning_rate(rate);
        Ok(())
    }
}
