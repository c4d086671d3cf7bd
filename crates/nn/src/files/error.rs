//! What can be wrong with a file.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::{LoadReport, RecordError};

/// A file that could not be written or read, and why.
///
/// ```
/// use wengert_nn::{Linear, files};
/// use wengert_tensor::Rng;
/// let mut model = Linear::new(2, 1, &mut Rng::seed_from_u64(1));
/// let error = files::load(&mut model, "no/such.safetensors").unwrap_err();
/// assert!(error.to_string().starts_with("no/such.safetensors: "));
/// ```
#[derive(Debug)]
pub struct FileError {
    /// The file; none where a reader or a writer was handed over.
    pub path: Option<PathBuf>,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The system refused.
    #[error("{doing} failed: {source}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Why it was refused.
        source: io::Error,
    },
    /// Reading failed on the way.
    #[error("byte {offset}: reading failed: {source}")]
    Read {
        /// Where.
        offset: u64,
        /// Why.
        source: io::Error,
    },
    /// Something else than a file stands there.
    #[error("this is {found}, and no file")]
    NotAFile {
        /// What it is.
        found: &'static str,
    },
    /// The file ends early.
    #[error("the file ends in {part}, after {found} of {expected} bytes")]
    Truncated {
        /// The part that is not whole: the length, the header, or the data.
        part: &'static str,
        /// The bytes of it that there are.
        found: u64,
        /// The bytes that there should be.
        expected: u64,
    },
    /// The file is longer than its header says.
    #[error("the file goes on after byte {expected}, where its last array ends")]
    Trailing {
        /// Where it should end.
        expected: u64,
    },
    /// The file is of another format.
    #[error("no safetensors file: {reason}")]
    Foreign {
        /// How it shows.
        reason: String,
    },
    /// The header is wrong.
    #[error("byte {offset}: the header is wrong: {reason}")]
    Header {
        /// Where, or where the header begins.
        offset: u64,
        /// Why.
        reason: String,
    },
    /// An array holds what its type does not have.
    #[error("byte {offset}: {reason}")]
    Data {
        /// Where.
        offset: u64,
        /// Why.
        reason: String,
    },
    /// A name cannot be written.
    #[error("`{name}` cannot be written: {reason}")]
    Name {
        /// The name of an array.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// The checksum is another, so that some byte is not what was written.
    #[error("the checksum is {found:08x}, and {stated:08x} was written: the file is damaged")]
    Checksum {
        /// The checksum in the header.
        stated: u32,
        /// That of the bytes.
        found: u32,
    },
    /// A safetensors file that is not what was wanted.
    #[error("no checkpoint: {reason}")]
    NoCheckpoint {
        /// How it shows.
        reason: String,
    },
    /// The file is sound, and does not fit the model.
    #[error("it does not fit the model: {0}")]
    Mismatch(Box<LoadReport>),
    /// The file is sound, and a part of it does not fit what it is loaded into.
    #[error("{0}")]
    Part(RecordError),
    /// A leaf of the model has no name, or a name no leaf.
    #[error("{0}")]
    Names(String),
}

impl Problem {
    /// The same, with the file where it was met.
    pub(super) fn at(self, path: &Path) -> FileError {
        FileError {
            path: Some(path.to_owned()),
            problem: self,
        }
    }

    pub(super) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Problem {
        move |source| Problem::Io { doing, source }
    }
}

impl From<Problem> for FileError {
    fn from(problem: Problem) -> Self {
        FileError {
            path: None,
            problem,
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}: ", path.display())?;
        }
        write!(f, "{}", self.problem)
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.problem)
    }
}
