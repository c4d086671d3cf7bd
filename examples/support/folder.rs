//! Where data are.

use std::path::PathBuf;

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
