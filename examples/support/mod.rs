//! What the experiments share: the command line, the progress bar, pictures, and figures as JSON.
#![allow(dead_code, reason = "each example uses a part of this")]
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

pub mod adding;
pub mod babi;
pub mod characters;
pub mod cholesky;
pub mod clouds;
pub mod dense;
pub mod differences;
pub mod digits;
pub mod figures;
pub mod folder;
pub mod keep;
pub mod memory_task;
pub mod op_programs;
pub mod progress;
pub mod reber;
pub mod recurrent;
pub mod seeds;
pub mod stream;
pub mod sums;
pub mod translator;
pub mod wave;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A result with any error.
pub type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The end of an example: an error is told in one line.
pub fn exit(name: &str, outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The options of every experiment.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// The seed of every random number; of several seeds the first
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Threads to compute on; the results do not depend on it
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: u16,
    /// A run of a few seconds that shows that everything works
    #[arg(long)]
    pub quick: bool,
    /// The folder for pictures
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub out: PathBuf,
    /// A file for the figures, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

impl Options {
    /// The number of threads as the library wants it.
    pub fn threads(&self) -> usize {
        usize::from(self.threads)
    }

    /// The path of a picture in the output folder, which is made if need be.
    pub fn picture(&self, name: &str) -> Outcome<PathBuf> {
        make_folder(&self.out)?;
        Ok(self.out.join(name))
    }

    /// Writes the figures where the user asked for them.
    pub fn write_figures(&self, figures: &serde_json::Value) -> Outcome {
        let Some(path) = &self.json else {
            return Ok(());
        };
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        let text = serde_json::to_string_pretty(figures)? + "\n";
        fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()).into())
    }
}

fn make_folder(path: &Path) -> Outcome {
    fs::create_dir_all(path).map_err(|error| format!("{}: {error}", path.display()).into())
}
