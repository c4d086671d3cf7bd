//! Runs that go on where another one ended.

use std::fs;
use std::path::{Path, PathBuf};

use wengert::nn::files::{self, Checkpoint, Checkpoints, FileError};
use wengert::prelude::*;

use super::{Options, Outcome};

/// The option of an experiment whose trainings are kept.
#[derive(clap::Args, Clone, Debug)]
pub struct Resume {
    /// A folder for checkpoints: the run goes on from the newest one in it
    #[arg(long, value_name = "DIR")]
    pub resume: Option<PathBuf>,
}

impl Resume {
    /// The folder of one of several trainings.
    pub fn of(&self, training: &str) -> Option<PathBuf> {
        Some(self.resume.as_ref()?.join(training))
    }
}

/// The folder with the checkpoints of one training, if they are kept.
pub struct Kept(Option<Checkpoints>);

impl Kept {
    pub fn in_folder(folder: Option<&Path>) -> Result<Self, FileError> {
        Ok(Kept(folder.map(Checkpoints::new).transpose()?))
    }

    /// The newest checkpoint, if there is one.
    pub fn newest(&mut self) -> Result<Option<Checkpoint>, FileError> {
        match &mut self.0 {
            Some(kept) => Ok(kept.resume()?.checkpoint),
            None => Ok(None),
        }
    }

    /// Saves what a training has come to after so many steps.
    pub fn save(&mut self, step: usize, now: impl FnOnce() -> Checkpoint) -> Result<(), FileError> {
        if let Some(kept) = &mut self.0 {
            kept.save(step as u64, None, &now())?;
        }
        Ok(())
    }
}

/// The weights of a model as bytes.
pub fn bytes<M: Tree<Tensor>>(model: &M) -> Vec<u8> {
    let mut bytes = Vec::new();
    files::save_to(model, &mut bytes).expect("memory takes everything");
    bytes
}

/// The steps that [`to_the_end`] takes for a training of so many.
pub fn steps_to_the_end(options: &Options, keep: &Resume, steps: usize) -> usize {
    match options.quick && keep.resume.is_none() {
        // Once whole, and once in two parts.
        true => 2 * steps,
        false => steps,
    }
}

/// A training to its end, of `steps` steps, by a function that takes the folder of the checkpoints and
/// the step to end at. A quick run breaks it off in the middle, begins again, and checks that the second
/// training went on to the very bits of one that was never broken off.
pub fn to_the_end<R>(
    options: &Options,
    folder: Option<&Path>,
    steps: usize,
    train: impl Fn(Option<&Path>, usize) -> Outcome<R>,
    bits: impl Fn(&R) -> Vec<u8>,
) -> Outcome<R> {
    if !options.quick || folder.is_some() {
        return train(folder, steps);
    }
    let whole = train(None, steps)?;
    let folder = options.picture(&format!("checkpoints-{}", std::process::id()))?;
    let broken = train(Some(&folder), steps / 2)?;
    let resumed = train(Some(&folder), steps)?;
    fs::remove_dir_all(&folder)?;
    assert!(bits(&broken) != bits(&whole), "the first part is the whole");
    assert!(
        bits(&resumed) == bits(&whole),
        "the second run went on otherwise"
    );
    Ok(resumed)
}
