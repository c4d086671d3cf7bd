//! `Checkpoints`: a folder of them, of which the newest that is whole goes on.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::weights::read_metadata;
use super::{Checkpoint, FileError, Problem, aside};

/// A folder with the last checkpoints of one training, and the best.
///
/// Each lies in a file of its own, `step-000000001200.safetensors`. A new one is on the disk before an
/// old one goes, so that a crash at any moment leaves one to go on from. Files of later steps than the
/// one that is saved, and other files, are left alone. One process at a time may save into a folder.
///
/// ```
/// use wengert_nn::files::{Checkpoint, Checkpoints, Goal};
/// use wengert_nn::{Adam, Linear};
/// use wengert_tape::Tape;
/// use wengert_tensor::Rng;
///
/// # let folder = std::env::temp_dir().join(format!("wengert-run-{}", std::process::id()));
/// # for _run in 0..2 {
/// let mut rng = Rng::seed_from_u64(1);
/// let (mut model, mut adam, mut step) = (Linear::new(2, 1, &mut rng), Adam::new(0.1), 0u64);
/// let mut kept = Checkpoints::new(&folder)?.with_last(2).with_best(Goal::Least);
/// if let Some(found) = kept.resume()?.checkpoint {
///     let found = found.restore().model("model", &mut model).optimizer("adam", &mut adam);
///     found.part("rng", &mut rng).part("step", &mut step).finish()?;
/// }
/// # let _first = step;
/// let mut tape = Tape::new();
/// while step < 20 {
///     let x = rng.normal([4, 2], 0.0, 1.0);
///     let (loss, grads) = tape.value_and_grad(&model, |t, m| m.forward(t.constant(&x)).square().mean());
///     adam.step(&mut model, &grads);
///     step += 1;
///     let now = Checkpoint::new().model("model", &model).optimizer("adam", &adam);
///     kept.save(step, Some(f64::from(loss)), &now.part("rng", &rng).part("step", &step))?;
/// }
/// assert!(kept.steps().len() <= 3 && kept.steps().contains(&20) && kept.best().is_some());
/// # assert!(_run == 0 && _first == 0 || _run == 1 && _first == 20);
/// # }
/// # std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), wengert_nn::files::FileError>(())
/// ```
#[derive(Debug)]
#[doc(alias("CheckpointManager", "ModelCheckpoint"))]
pub struct Checkpoints {
    folder: PathBuf,
    last: usize,
    best: Option<Goal>,
    /// The files that are there, by their steps.
    files: BTreeMap<u64, Kept>,
}

/// What a score should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// As small as can be, as a loss.
    Least,
    /// As great as can be, as an accuracy.
    Greatest,
}

/// What is known of a file.
#[derive(Clone, Copy, Debug, Default)]
struct Kept {
    score: Option<f64>,
    /// Whether `resume` could not read it. It is left for whoever wants to look at it.
    refused: bool,
}

/// What [`Checkpoints::resume`] found.
#[derive(Debug)]
pub struct Resumed {
    /// The newest checkpoint that is whole; none in a folder without.
    pub checkpoint: Option<Checkpoint>,
    /// Its step; 0 without one.
    pub step: u64,
    /// The newer files that were refused, and why, the newest first.
    pub refused: Vec<FileError>,
}

impl Checkpoints {
    /// The checkpoints in this folder, which is made if it is not there. The last three are kept.
    ///
    /// What a process left that was killed while it wrote is removed.
    ///
    /// # Errors
    /// If the folder cannot be made or read.
    pub fn new(folder: impl AsRef<Path>) -> Result<Self, FileError> {
        let folder = folder.as_ref().to_owned();
        let at = |problem: Problem| problem.at(&folder);
        fs::create_dir_all(&folder).map_err(|error| at(Problem::io("making the folder")(error)))?;
        let read = Problem::io("reading the folder");
        let entries = fs::read_dir(&folder).map_err(|error| at(read(error)))?;
        let mut files = BTreeMap::new();
        for entry in entries {
            let read = Problem::io("reading the folder");
            let name = entry.map_err(|error| at(read(error)))?.file_name();
            let Some(name) = name.to_str() else {
                continue;
            };
            if aside::is_part(name) && name.starts_with(&format!(".{BEGIN}")) {
                let remove = Problem::io("removing a file that was not finished");
                fs::remove_file(folder.join(name)).map_err(|error| at(remove(error)))?;
            } else if let Some(step) = step_of(name) {
                // A file that is damaged has no score; `resume` will tell.
                let metadata = read_metadata(&folder.join(name)).unwrap_or_default();
                let score = metadata.get("score").and_then(|text| text.parse().ok());
                let refused = false;
                files.insert(step, Kept { score, refused });
            }
        }
        Ok(Checkpoints {
            folder,
            last: 3,
            best: None,
            files,
        })
    }

    /// With so many of the last kept; at least the last one is.
    #[doc(alias = "max_to_keep")]
    pub fn with_last(mut self, count: usize) -> Self {
        self.last = count.max(1);
        self
    }

    /// With the one of the best score kept, however old it is.
    #[doc(alias = "save_best_only")]
    pub fn with_best(mut self, goal: Goal) -> Self {
        self.best = Some(goal);
        self
    }

    /// The steps whose checkpoints are there, in order.
    pub fn steps(&self) -> Vec<u64> {
        self.files.keys().copied().collect()
    }

    /// The file of the checkpoint of a step.
    pub fn path(&self, step: u64) -> PathBuf {
        self.folder.join(format!("{BEGIN}{step:012}{END}"))
    }

    /// The file with the best score, of equal ones the first.
    pub fn best(&self) -> Option<PathBuf> {
        self.best_step().map(|step| self.path(step))
    }

    fn best_step(&self) -> Option<u64> {
        let goal = self.best?;
        let mut best: Option<(u64, f64)> = None;
        for (&step, kept) in &self.files {
            // NaN is not better than anything.
            let Some(score) = kept.score.filter(|score| !score.is_nan() && !kept.refused) else {
                continue;
            };
            let better = best.is_none_or(|(_, best)| match goal {
                Goal::Least => score < best,
                Goal::Greatest => score > best,
            });
            if better {
                best = Some((step, score));
            }
        }
        best.map(|(step, _)| step)
    }

    /// Saves the checkpoint of a step, with a score if there is one, and then removes what is neither
    /// among the last nor the best. Returns the new file.
    ///
    /// # Errors
    /// If the file cannot be written, or an old one not removed.
    pub fn save(
        &mut self,
        step: u64,
        score: Option<f64>,
        checkpoint: &Checkpoint,
    ) -> Result<PathBuf, FileError> {
        let path = self.path(step);
        let mut checkpoint = checkpoint.clone().metadata("step", &step.to_string());
        if let Some(score) = score {
            checkpoint = checkpoint.metadata("score", &format!("{score:?}"));
        }
        checkpoint.save(&path)?;
        let refused = false;
        self.files.insert(step, Kept { score, refused });
        let best = self.best_step();
        let whole = self.files.range(..=step).rev();
        let whole = whole
            .filter(|(_, kept)| !kept.refused)
            .map(|(&step, _)| step);
        let old: Vec<u64> = whole.skip(self.last).collect();
        for step in old.into_iter().filter(|&step| Some(step) != best) {
            let path = self.path(step);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Problem::io("removing an old checkpoint")(error).at(&path));
                }
                _ => {}
            }
            self.files.remove(&step);
        }
        Ok(path)
    }

    /// Reads the newest checkpoint that is whole. What is damaged, cut off or no checkpoint is named
    /// in [`Resumed::refused`], and left alone.
    ///
    /// # Errors
    /// If a file is there and the system does not let it be read.
    pub fn resume(&mut self) -> Result<Resumed, FileError> {
        let mut refused = Vec::new();
        for step in self.steps().into_iter().rev() {
            match Checkpoint::open(self.path(step)) {
                Ok(checkpoint) => {
                    return Ok(Resumed {
                        checkpoint: Some(checkpoint),
                        step,
                        refused,
                    });
                }
                Err(error) => match &error.problem {
                    Problem::Io { .. } | Problem::Read { .. } => return Err(error),
                    _ => {
                        refused.push(error);
                        if let Some(kept) = self.files.get_mut(&step) {
                            kept.refused = true;
                        }
                    }
                },
            }
        }
        Ok(Resumed {
            checkpoint: None,
            step: 0,
            refused,
        })
    }
}

/// How the names of the files begin and end.
const BEGIN: &str = "step-";
const END: &str = ".safetensors";

fn step_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(BEGIN)?.strip_suffix(END)?;
    let step = digits.parse().ok()?;
    (format!("{step:012}") == digits).then_some(step)
}
