//! `Persist` for numbers, text, tensors, generators, the order of the data, and what holds a state.

use wengert_tape::Tape;
use wengert_tape::tree::{Path, Tree};
use wengert_tensor::random::RngState;
use wengert_tensor::{Element, Float, Rng, Tensor};

use super::record::{Persist, Record, RecordError};
use super::value::Value;
use super::weights;
use crate::data::Batches;
use crate::optim::{Optimizer, Piece, PieceMut, Stateful};

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

/// Loads the leaves of a model, of which none may be missing or of another shape or type.
pub(super) fn load_model<M: Tree<Tensor<T>>, T: Float>(
    model: &mut M,
    from: &mut Record,
) -> Result<(), RecordError> {
    let mut error = None;
    model.visit_leaves_mut(&mut Path::new(), &mut |path, leaf: &mut Tensor<T>| {
        if error.is_some() {
            return;
        }
        let loaded = from.below(path.as_str(), |from| {
            let value = from.get()?;
            let found: Option<Tensor<T>> = value.tensor();
            match found.filter(|found| found.shape() == leaf.shape()) {
                Some(found) => *leaf = found,
                None => return Err(wrong(from, &Value::of(leaf).to_string(), &value)),
            }
            Ok(())
        });
        error = loaded.err();
    });
    error.map_or(Ok(()), Err)
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

/// Loads what [`save_state`] saved.
pub(super) fn load_state<T: Float>(
    state: &mut (impl Stateful<T> + ?Sized),
    from: &mut Record,
) -> Result<(), RecordError> {
    let leaves = from.below("leaves", |from| match from.get()? {
        Value::Bytes(leaves) => Ok(leaves.len()),
        value => Err(wrong(from, "a row of bytes", &value)),
    })?;
    state.prepare_state(leaves);
    if state.leaves() != leaves {
        let here = state.leaves();
        return Err(from.error(format!(
            "it has pieces of {leaves} leaves, where {here} are wanted"
        )));
    }
    let mut error = None;
    state.visit_state_mut(&mut |leaf, name, piece| {
        if error.is_some() {
            return;
        }
        let name = piece_name(leaf, name);
        let loaded = match piece {
            PieceMut::Tensor(tensor) => from.below(&name, |from| {
                let Ok(value) = from.get() else {
                    *tensor = None;
                    return Ok(());
                };
                let found = value.tensor();
                *tensor = Some(found.ok_or_else(|| wrong(from, T::NAME, &value))?);
                Ok(())
            }),
            PieceMut::Count(count) => from.take(&name, count),
            PieceMut::Number(number) => from.take(&name, number),
        };
        error = loaded.err();
    });
    error.map_or(Ok(()), Err)
}

fn piece_name(leaf: Option<usize>, name: &str) -> String {
    match leaf {
        Some(leaf) => format!("{leaf}.{name}"),
        None => name.to_owned(),
    }
}

/// Saves the state of an optimizer, and the rate that a schedule or the user has given it.
pub(super) fn save_optimizer<T: Float>(optimizer: &(impl Optimizer<T> + ?Sized), to: &mut Record) {
    to.put("learning_rate", &optimizer.learning_rate());
    save_state(optimizer, to);
}

/// Loads what [`save_optimizer`] saved.
pub(super) fn load_optimizer<T: Float>(
    optimizer: &mut (impl Optimizer<T> + ?Sized),
    from: &mut Record,
) -> Result<(), RecordError> {
    let mut rate = 0.0;
    from.take("learning_rate", &mut rate)?;
    load_state(optimizer, from)?;
    optimizer.set_learning_rate(rate);
    Ok(())
}
