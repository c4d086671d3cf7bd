//! Bytes from files and readers, within a limit.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::data::error::{Place, ReadError, Reason};

/// The memory that one file may take unless the caller says otherwise: 4 GiB.
pub const MOST_BYTES: u64 = 1 << 32;

/// Opens a file, and says of a folder that it is one.
pub(crate) fn open(path: &Path) -> Result<File, ReadError> {
    let of_path = |error| ReadError::io(error).in_file(path);
    let file = File::open(path).map_err(of_path)?;
    if file.metadata().map_err(of_path)?.is_dir() {
        return Err(ReadError::format(Place::Whole, "it is a folder").in_file(path));
    }
    Ok(file)
}

/// Everything that there is to read. Memory is taken as it comes.
pub(crate) fn all(reader: impl Read, limit: u64) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    let read = reader
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| ReadError::new(Place::Byte(bytes.len() as u64), Reason::Io(error)));
    read?;
    if bytes.len() as u64 > limit {
        let needed = None;
        return Err(ReadError::new(
            Place::Whole,
            Reason::OverLimit { needed, limit },
        ));
    }
    Ok(bytes)
}
