//! Writing aside: a file is there whole, or as it was.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{FileError, Problem};

/// The end of the names of files that are being written.
const PART: &str = ".part";

/// Writes a file beside its place, brings it to the disk, and puts it into its place. Whatever
/// happens meanwhile, the place holds the old file or the new one.
pub(super) fn write(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), Problem>,
) -> Result<(), FileError> {
    // What a link points to is written, and the link stays.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let old = fs::metadata(path).ok();
    if let Some(found) = old.as_ref().and_then(no_file) {
        return Err(Problem::NotAFile { found }.at(path));
    }
    let (file, aside) = create(path).map_err(|error| error.at(path))?;
    let allowed = match old {
        // Who may read the old file may read the new one, and nobody else.
        Some(old) => file.set_permissions(old.permissions()),
        None => Ok(()),
    };
    let allowed = allowed.map_err(Problem::io(
        "giving the new file the permissions of the old one",
    ));
    let done = allowed.and_then(|()| fill(file, write)).and_then(|()| {
        fs::rename(&aside, path).map_err(Problem::io("putting the new file into its place"))
    });
    if let Err(problem) = done {
        // The first error is what the caller has to know.
        let _ = fs::remove_file(&aside);
        return Err(problem.at(path));
    }
    sync_folder(folder(path)).map_err(|source| {
        let doing = "bringing the folder to the disk";
        Problem::Io { doing, source }.at(path)
    })
}

/// [`write()`] for whoever has errors of the system alone.
pub(crate) fn write_io(
    path: &Path,
    contents: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let written = write(path, |out| contents(out).map_err(Problem::io("writing")));
    written.map_err(|error| match error.problem {
        Problem::Io { source, .. } => source,
        Problem::NotAFile { .. } if path.is_dir() => io::ErrorKind::IsADirectory.into(),
        _ => io::Error::other(error.to_string()),
    })
}

fn fill(
    file: File,
    write: impl FnOnce(&mut dyn Write) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let mut out = BufWriter::with_capacity(1 << 18, file);
    write(&mut out)?;
    let file = out
        .into_inner()
        .map_err(|error| Problem::io("writing")(error.into_error()))?;
    file.sync_all()
        .map_err(Problem::io("bringing the file to the disk"))
}

/// A new file in the folder of `path`.
fn create(path: &Path) -> Result<(File, PathBuf), Problem> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let Some(name) = path.file_name() else {
        let found = "no name of a file";
        return Err(Problem::NotAFile { found });
    };
    loop {
        let mut aside = std::ffi::OsString::from(".");
        aside.push(name);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        aside.push(format!(".{}-{count}{PART}", std::process::id()));
        let aside = path.with_file_name(aside);
        match OpenOptions::new().write(true).create_new(true).open(&aside) {
            Ok(file) => return Ok((file, aside)),
            // A process of this number was killed while it wrote.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Problem::io("making the new file")(error)),
        }
    }
}

/// What stands there, if it is no file. A folder has nothing to read, and a pipe may have no end.
pub(super) fn no_file(about: &fs::Metadata) -> Option<&'static str> {
    match (about.is_file(), about.is_dir()) {
        (true, _) => None,
        (false, true) => Some("a folder"),
        (false, false) => Some("a device or a pipe"),
    }
}

/// Whether a file of this name was being written when its process ended.
pub(super) fn is_part(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(PART)
}

/// The folder in which a file stands.
pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A renaming is on the disk when its folder is. Only Unix opens folders as files.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
