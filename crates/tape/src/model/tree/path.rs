use std::fmt::{self, Write};

/// Where a leaf stands in a model: its dotted path, and whether it is state.
///
/// A buffer that the walks of [`Tree`](trait@super::Tree) extend and restore;
/// once it has grown it allocates nothing.
///
/// ```
/// # use wengert_tape::tree::Path;
/// let mut path = Path::new();
/// let text = path.field("cells", |path| path.index(0, |path| path.to_string()));
/// assert_eq!(text, "cells.0");
/// assert_eq!(path.as_str(), "");
/// assert!(path.state(|path| path.is_state()) && !path.is_state());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Path {
    text: String,
    state: bool,
}

impl Path {
    /// The path of the root, which is empty.
    pub const fn new() -> Self {
        Self {
            text: String::new(),
            state: false,
        }
    }

    /// The components, joined by dots: `rnn.cells.0.weight`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the place lies in a field marked `#[tree(state)]`.
    pub fn is_state(&self) -> bool {
        self.state
    }

    /// Runs `walk` one field further down.
    pub fn field<R>(&mut self, name: &str, walk: impl FnOnce(&mut Self) -> R) -> R {
        self.below(|text| text.push_str(name), walk)
    }

    /// Runs `walk` at an element.
    pub fn index<R>(&mut self, index: usize, walk: impl FnOnce(&mut Self) -> R) -> R {
        self.below(
            |text| {
                // Writing to a `String` cannot fail.
                let _ = write!(text, "{index}");
            },
            walk,
        )
    }

    /// Runs `walk` at the same place, as state.
    pub fn state<R>(&mut self, walk: impl FnOnce(&mut Self) -> R) -> R {
        let outer = std::mem::replace(&mut self.state, true);
        let result = walk(self);
        self.state = outer;
        result
    }

    fn below<R>(&mut self, push: impl FnOnce(&mut String), walk: impl FnOnce(&mut Self) -> R) -> R {
        let length = self.text.len();
        if length > 0 {
            self.text.push('.');
        }
        push(&mut self.text);
        let result = walk(self);
        self.text.truncate(length);
        result
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
