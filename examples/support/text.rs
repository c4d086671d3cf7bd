//! Lines of text from files.

use std::fs;
use std::path::{Path, PathBuf};

use super::Outcome;

/// The folder of a data set: the one that the user named, or `name` in the folder of all data sets that
/// `WENGERT_DATA` names. In a quick run there may be none.
pub fn folder(named: Option<PathBuf>, name: &str, quick: bool) -> Outcome<Option<PathBuf>> {
    let shared = std::env::var_os("WENGERT_DATA").map(|shared| PathBuf::from(shared).join(name));
    match named.or(shared.filter(|folder| folder.is_dir())) {
        Some(folder) => Ok(Some(folder)),
        None if quick => Ok(None),
        None => Err(format!(
            "give the folder with the files (see --help): --data DIR, or {name}/ in the folder that \
             WENGERT_DATA names"
        )
        .into()),
    }
}

/// The lines of a file, each as `read` reads it. An error names the file and the line.
pub fn lines<X>(path: &Path, read: impl Fn(&str) -> Result<X, String>) -> Outcome<Vec<X>> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let read = |(at, line): (usize, &str)| {
        read(line).map_err(|wrong| format!("{}:{}: {wrong}", path.display(), at + 1).into())
    };
    text.lines().enumerate().map(read).collect()
}
