use std::{error::Error, fmt};

use super::Path;

/// Two trees that should have the same structure differ.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StructureError {
    /// Two lists of different lengths.
    Length {
        /// Where the lists stand.
        path: String,
        /// The length in the tree that was asked.
        left: usize,
        /// The length in the other tree.
        right: usize,
    },
    /// Two variants of an enum, or `Some` beside `None`.
    Variant {
        /// Where the enums stand.
        path: String,
        /// The variant in the tree that was asked.
        left: &'static str,
        /// The variant in the other tree.
        right: &'static str,
    },
    /// A list of leaves that is too short or too long for the tree.
    Leaves {
        /// How many leaves the tree has.
        expected: usize,
        /// How many were given; one more than expected stands for any excess.
        found: usize,
    },
}

impl StructureError {
    /// Two lists of different lengths stand at `path`.
    pub fn length(path: &Path, left: usize, right: usize) -> Self {
        let path = path.to_string();
        Self::Length { path, left, right }
    }

    /// Two different variants stand at `path`.
    pub fn variant(path: &Path, left: &'static str, right: &'static str) -> Self {
        let path = path.to_string();
        Self::Variant { path, left, right }
    }
}

impl fmt::Display for StructureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |path: &str| match path {
            "" => "at the root".to_owned(),
            path => format!("at `{path}`"),
        };
        match self {
            Self::Length { path, left, right } => {
                let place = place(path);
                write!(f, "the trees differ {place}: length {left} beside {right}")
            }
            Self::Variant { path, left, right } => {
                let place = place(path);
                write!(f, "the trees differ {place}: `{left}` beside `{right}`")
            }
            Self::Leaves { expected, found } if found > expected => {
                write!(f, "the tree has {expected} leaves, and more were given")
            }
            Self::Leaves { expected, found } => {
                write!(f, "the tree has {expected} leaves, and {found} were given")
            }
        }
    }
}

impl Error for StructureError {}
