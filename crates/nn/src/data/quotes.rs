//! Lines and quotes of a CSV text, which the reader of records takes more lightly than it should.

use crate::data::error::{Place, ReadError};

/// Refuses a quoted cell that does not end, or goes on behind its quote: a file that was cut off would
/// else read as a whole one.
pub(crate) fn check(text: &str, separator: u8) -> Result<(), ReadError> {
    let mut bytes = text.bytes().peekable();
    let (mut line, mut column) = (1, 1);
    // Where the open quote stands.
    let mut open = None;
    let mut at_start = true;
    while let Some(byte) = bytes.next() {
        let starts = std::mem::take(&mut at_start);
        if open.is_some() {
            match byte {
                b'"' if bytes.peek() == Some(&b'"') => drop(bytes.next()),
                b'"' => {
                    let behind = bytes.peek();
                    let ends =
                        behind.is_none_or(|&next| next == separator || b"\r\n".contains(&next));
                    if !ends {
                        let what = "something stands behind the quotes of a cell";
                        return Err(ReadError::format(Place::Cell { line, column }, what));
                    }
                    open = None;
                }
                b'\n' => line += 1,
                _ => {}
            }
        } else if byte == b'"' && starts {
            open = Some((line, column));
        } else if byte == separator {
            (at_start, column) = (true, column + 1);
        } else if byte == b'\n' {
            (at_start, line, column) = (true, line + 1, 1);
        } else if byte == b'\r' {
            at_start = true;
        }
    }
    match open {
        None => Ok(()),
        Some((line, column)) => {
            let what = "the quotes of a cell do not end";
            Err(ReadError::format(Place::Cell { line, column }, what))
        }
    }
}

/// The lines of places in a text that come one behind another.
pub(crate) struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    pub fn new(text: &'a str) -> Self {
        Lines {
            text: text.as_bytes(),
            at: 0,
            line: 1,
        }
    }

    /// The line of what stands at this byte, behind the line ends that may be there.
    pub fn of(&mut self, byte: u64) -> u64 {
        let end = usize::try_from(byte)
            .unwrap_or(usize::MAX)
            .min(self.text.len());
        while self.at < end || self.text.get(self.at).is_some_and(|b| b"\r\n".contains(b)) {
            self.line += u64::from(self.text[self.at] == b'\n');
            self.at += 1;
        }
        self.line
    }
}
