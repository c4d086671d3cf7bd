//! `ReadError`: what is wrong with data from outside, and where.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why data could not be read: the file, if it is one, the place in it, and the reason.
///
/// ```
/// use wengert_nn::data::{Place, text};
/// let error = text::pairs("1+1_2\n1+2\n", '_').unwrap_err();
/// assert_eq!(error.place(), &Place::Line(2));
/// assert_eq!(error.to_string(), "line 2: there is no '_' in it");
/// ```
#[derive(Debug)]
pub struct ReadError {
    path: Option<PathBuf>,
    entry: Option<String>,
    place: Place,
    reason: Reason,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// All of it.
    Whole,
    /// A line, counted from 1.
    Line(u64),
    /// A cell of a table: the line and the column, counted from 1.
    Cell {
        /// The line.
        line: u64,
        /// The column.
        column: usize,
    },
    /// A byte, counted from 0.
    Byte(u64),
}

/// What is wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reason {
    /// The system refused.
    Io(io::Error),
    /// The text is not UTF-8.
    Encoding {
        /// The byte that belongs to no character.
        found: u8,
    },
    /// The data end early.
    Truncated {
        /// What is not whole.
        part: &'static str,
        /// The bytes of it that there are.
        found: u64,
        /// The bytes of it that there should be.
        expected: u64,
    },
    /// It is not of the format, or breaks its rules.
    Format(String),
    /// The elements are of a type that the wanted one does not hold exactly.
    Type {
        /// What was asked for.
        wanted: &'static str,
        /// What there is.
        found: String,
    },
    /// It takes more memory than the caller allows.
    OverLimit {
        /// The bytes that it takes; `None` if it was stopped on the way.
        needed: Option<u64>,
        /// The bytes that are allowed.
        limit: u64,
    },
    /// Nothing has this name.
    Missing(String),
    /// Two have this name.
    Duplicate(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Io(error) => write!(f, "{error}"),
            Reason::Encoding { found } => {
                write!(
                    f,
                    "the text is not UTF-8: no character has the byte 0x{found:02x} here"
                )
            }
            Reason::Truncated {
                part,
                found,
                expected,
            } => write!(f, "it ends in {part}, after {found} of {expected} bytes"),
            Reason::Format(what) => f.write_str(what),
            Reason::Type { wanted, found } => {
                write!(
                    f,
                    "the elements are {found}, which {wanted} does not hold exactly"
                )
            }
            Reason::OverLimit {
                needed: Some(needed),
                limit,
            } => write!(
                f,
                "it takes {needed} bytes of memory, and {limit} are allowed"
            ),
            Reason::OverLimit {
                needed: None,
                limit,
            } => write!(f, "it takes more than the {limit} bytes that are allowed"),
            Reason::Missing(name) => write!(f, "nothing in it has the name {name:?}"),
            Reason::Duplicate(name) => write!(f, "two have the name {name:?}"),
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}: ", path.display())?;
        }
        if let Some(entry) = &self.entry {
            write!(f, "entry {entry:?}: ")?;
        }
        match &self.place {
            Place::Whole => {}
            Place::Line(line) => write!(f, "line {line}: ")?,
            Place::Cell { line, column } => write!(f, "line {line}, column {column}: ")?,
            Place::Byte(at) => write!(f, "byte {at}: ")?,
        }
        write!(f, "{}", self.reason)
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            Reason::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl ReadError {
    pub(crate) fn new(place: Place, reason: Reason) -> Self {
        ReadError {
            path: None,
            entry: None,
            place,
            reason,
        }
    }

    pub(crate) fn format(place: Place, what: impl Into<String>) -> Self {
        Self::new(place, Reason::Format(what.into()))
    }

    pub(crate) fn io(error: io::Error) -> Self {
        Self::new(Place::Whole, Reason::Io(error))
    }

    /// The same error, of this file.
    pub fn in_file(mut self, path: impl AsRef<Path>) -> Self {
        self.path = Some(path.as_ref().to_owned());
        self
    }

    /// The same error, of this entry of an archive.
    #[cfg_attr(not(feature = "files"), allow(dead_code))]
    pub(crate) fn in_entry(mut self, name: &str) -> Self {
        self.entry = Some(name.to_owned());
        self
    }

    /// The file, if it is known.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The entry of an archive, if it is in one.
    pub fn entry(&self) -> Option<&str> {
        self.entry.as_deref()
    }

    /// Where.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Why.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }
}
