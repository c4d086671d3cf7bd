//! Plain text: whole, by lines, and as pairs of lines that belong together.
//!
//! Text is UTF-8. A byte-order mark at its begin is left out, and a line ends with `\n` or `\r\n`.

use std::io::Read;
use std::path::Path;

use crate::data::error::{Place, ReadError, Reason};
use crate::data::source;
use crate::data::source::MOST_BYTES;

/// Reads a text of at most [`MOST_BYTES`].
///
/// ```
/// use wengert_nn::data::text;
/// assert_eq!(text::read(&b"\xef\xbb\xbfab\r\nc"[..])?, "ab\r\nc");
///
/// let error = text::read(&b"ab\nc\xff"[..]).unwrap_err();
/// assert!(error.to_string().starts_with("line 2: the text is not UTF-8"));
/// # Ok::<(), wengert_nn::data::ReadError>(())
/// ```
///
/// # Errors
/// If it cannot be read, is longer, or is not UTF-8.
pub fn read(reader: impl Read) -> Result<String, ReadError> {
    read_within(reader, MOST_BYTES)
}

/// Reads a text of at most `limit` bytes.
///
/// # Errors
/// As [`read`], with this limit.
pub fn read_within(reader: impl Read, limit: u64) -> Result<String, ReadError> {
    let mut bytes = source::all(reader, limit)?;
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    String::from_utf8(bytes).map_err(|error| {
        let end = error.utf8_error().valid_up_to();
        let (good, rest) = error.as_bytes().split_at(end);
        let line = 1 + good.iter().filter(|&&byte| byte == b'\n').count() as u64;
        let found = rest.first().copied().unwrap_or(0);
        ReadError::new(Place::Line(line), Reason::Encoding { found })
    })
}

/// Reads the text of a file.
///
/// # Errors
/// As [`read`]. The error names the file.
pub fn load(path: impl AsRef<Path>) -> Result<String, ReadError> {
    let path = path.as_ref();
    read(source::open(path)?).map_err(|error| error.in_file(path))
}

/// Reads the lines of a file, without their ends.
///
/// # Errors
/// As [`load`].
#[doc(alias = "readlines")]
pub fn load_lines(path: impl AsRef<Path>) -> Result<Vec<String>, ReadError> {
    Ok(load(path)?.lines().map(str::to_owned).collect())
}

/// The lines of two texts that are translations of each other, line by line.
///
/// ```
/// use wengert_nn::data::text;
/// let pairs = text::parallel("one\ntwo\n", "ichi\nni\n")?;
/// assert_eq!(pairs[1], ("two".to_owned(), "ni".to_owned()));
///
/// let error = text::parallel("one\ntwo\n", "ichi\n").unwrap_err();
/// assert_eq!(error.to_string(), "line 2: the texts have 2 and 1 lines");
/// # Ok::<(), wengert_nn::data::ReadError>(())
/// ```
///
/// # Errors
/// If one has more lines.
#[doc(alias = "bitext")]
pub fn parallel(source: &str, target: &str) -> Result<Vec<(String, String)>, ReadError> {
    let (a, b) = (source.lines().count(), target.lines().count());
    if a != b {
        let place = Place::Line(a.min(b) as u64 + 1);
        return Err(ReadError::format(
            place,
            format!("the texts have {a} and {b} lines"),
        ));
    }
    let both = source.lines().zip(target.lines());
    Ok(both.map(|(a, b)| (a.to_owned(), b.to_owned())).collect())
}

/// [`parallel`] of two files.
///
/// # Errors
/// As [`load`] and [`parallel`].
pub fn load_parallel(
    source: impl AsRef<Path>,
    target: impl AsRef<Path>,
) -> Result<Vec<(String, String)>, ReadError> {
    let (a, b) = (load(source)?, load(&target)?);
    parallel(&a, &b).map_err(|error| error.in_file(target))
}

/// The two parts of each line, before and behind the first `separator`, as they are.
///
/// ```
/// use wengert_nn::data::text;
/// let pairs = text::pairs("1+1 _2\n10+2_12\n", '_')?;
/// assert_eq!(pairs[0], ("1+1 ".to_owned(), "2".to_owned()));
/// # Ok::<(), wengert_nn::data::ReadError>(())
/// ```
///
/// # Errors
/// If a line has no separator.
pub fn pairs(text: &str, separator: char) -> Result<Vec<(String, String)>, ReadError> {
    let pair = |(at, line): (usize, &str)| match line.split_once(separator) {
        Some((a, b)) => Ok((a.to_owned(), b.to_owned())),
        None => {
            let reason = format!("there is no {separator:?} in it");
            Err(ReadError::format(Place::Line(at as u64 + 1), reason))
        }
    };
    text.lines().enumerate().map(pair).collect()
}

/// [`pairs`] of a file.
///
/// # Errors
/// As [`load`] and [`pairs`].
pub fn load_pairs(
    path: impl AsRef<Path>,
    separator: char,
) -> Result<Vec<(String, String)>, ReadError> {
    pairs(&load(&path)?, separator).map_err(|error| error.in_file(path))
}
