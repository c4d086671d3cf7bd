//! NumPy's `.npz` files: named arrays in one archive.
//!
//! An archive is a zip file of `.npy` files, stored or compressed. The container is read by the crate
//! `rawzip`, which has no dependencies of its own and leaves the compression to `flate2`.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::bufread::DeflateDecoder;
use flate2::write::DeflateEncoder;
use rawzip::path::EntryPath;
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveWriter};
use wengert_tensor::{Element, Tensor};

use crate::data::error::{Place, ReadError, Reason};
use crate::data::npy;
use crate::data::source::{self, MOST_BYTES};
use crate::files::aside;

/// Named arrays of any element types.
///
/// ```
/// use wengert_nn::data::npz::Npz;
/// use wengert_tensor::Tensor;
/// let mut arrays = Npz::new();
/// arrays.insert("x", &Tensor::<f32>::from([[1.0, 2.0]]));
/// arrays.insert("labels", &Tensor::from([7]));
/// let mut file = Vec::new();
/// arrays.write_compressed(&mut file)?;
///
/// let back = Npz::read(&file[..])?;
/// assert_eq!(back.names().collect::<Vec<_>>(), ["x", "labels"]);
/// assert_eq!(back.get::<i64>("labels")?, Tensor::from([7]));
/// assert_eq!(back.get::<f32>("y").unwrap_err().to_string(), "nothing in it has the name \"y\"");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[doc(alias("numpy.load", "numpy.savez"))]
pub struct Npz {
    /// The names, each with a `.npy` file.
    entries: Vec<(String, Vec<u8>)>,
}

impl Npz {
    /// Without arrays.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads an archive of at most [`MOST_BYTES`].
    ///
    /// # Errors
    /// If the reader fails, or gives no archive, one that is damaged or has a name twice, or more than
    /// the limit.
    pub fn read(reader: impl Read) -> Result<Self, ReadError> {
        Self::read_within(reader, MOST_BYTES)
    }

    /// [`read`](Npz::read) of an archive that takes at most `limit` bytes, as it is and decompressed.
    ///
    /// # Errors
    /// As [`read`](Npz::read), with this limit.
    pub fn read_within(reader: impl Read, limit: u64) -> Result<Self, ReadError> {
        let file = source::all(reader, limit)?;
        let wrong = |error: rawzip::Error| {
            ReadError::format(
                Place::Whole,
                format!("no archive as .npz files are: {error}"),
            )
        };
        let archive = ZipArchive::from_slice(&file).map_err(wrong)?;
        let (mut npz, mut left) = (Npz::new(), limit);
        let mut entries = archive.entries();
        while let Some(entry) = entries.next_entry().map_err(wrong)? {
            let path = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
            let of_entry = |error: ReadError| error.in_entry(&path);
            let damaged = |what: String| ReadError::format(Place::Whole, what).in_entry(&path);
            let method = entry.compression_method();
            if entry.flags().is_encrypted() {
                return Err(damaged("it is encrypted".to_owned()));
            }
            let data = archive.get_entry(entry.wayfinder());
            let data = data.map_err(|error| damaged(error.to_string()))?;
            let reader: Box<dyn Read> = match method {
                CompressionMethod::STORE => Box::new(data.data()),
                CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(data.data())),
                _ => return Err(damaged(format!("the compression {method:?} is not read"))),
            };
            let bytes = source::all(data.verifying_reader(reader), left).map_err(|error| {
                match error.reason() {
                    Reason::OverLimit { .. } => {
                        let needed = None;
                        ReadError::new(Place::Whole, Reason::OverLimit { needed, limit })
                    }
                    _ => of_entry(error),
                }
            })?;
            left -= bytes.len() as u64;
            let name = path.strip_suffix(".npy").unwrap_or(&path);
            if npz.names().any(|known| known == name) {
                let twice = Reason::Duplicate(name.to_owned());
                return Err(ReadError::new(Place::Whole, twice));
            }
            npz.entries.push((name.to_owned(), bytes));
        }
        if npz.entries.len() as u64 != archive.entries_hint() {
            let (found, told) = (npz.entries.len(), archive.entries_hint());
            let what = format!("the archive tells of {told} entries and has {found}");
            return Err(ReadError::format(Place::Whole, what));
        }
        Ok(npz)
    }

    /// Reads the archive of a file.
    ///
    /// # Errors
    /// As [`read`](Npz::read). The error names the file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        let path = path.as_ref();
        let file = BufReader::new(source::open(path)?);
        Self::read(file).map_err(|error| error.in_file(path))
    }

    /// The names in the order of the archive.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(name, _)| name.as_str())
    }

    /// The array of this name.
    ///
    /// # Errors
    /// If there is none, or it is no array that the element type holds exactly, as for
    /// [`npy::read`].
    pub fn get<T: Element>(&self, name: &str) -> Result<Tensor<T>, ReadError> {
        let mut entries = self.entries.iter();
        let Some((_, file)) = entries.find(|(known, _)| known == name) else {
            let missing = Reason::Missing(name.to_owned());
            return Err(ReadError::new(Place::Whole, missing));
        };
        npy::read_within(&file[..], u64::MAX).map_err(|error| error.in_entry(name))
    }

    /// Adds an array, in the place of one of this name.
    pub fn insert<T: Element>(&mut self, name: &str, array: &Tensor<T>) {
        let mut file = Vec::new();
        let written = npy::write(&mut file, array);
        debug_assert!(written.is_ok(), "memory takes everything");
        match self.entries.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = file,
            None => self.entries.push((name.to_owned(), file)),
        }
    }

    /// Writes the archive, with the arrays as they are.
    ///
    /// # Errors
    /// If the writer fails, or a name is longer than an archive takes.
    #[doc(alias = "savez")]
    pub fn write(&self, writer: impl Write) -> io::Result<()> {
        self.archive(writer, CompressionMethod::STORE)
    }

    /// Writes the archive, with the arrays compressed.
    ///
    /// # Errors
    /// As [`write`](Npz::write).
    #[doc(alias = "savez_compressed")]
    pub fn write_compressed(&self, writer: impl Write) -> io::Result<()> {
        self.archive(writer, CompressionMethod::DEFLATE)
    }

    /// Writes the archive to a file, in the place of one that may be there: aside, and then into its place.
    ///
    /// # Errors
    /// As [`write`](Npz::write). The old file is there then.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        aside::write_io(path.as_ref(), |out| self.write(out))
    }

    fn archive(&self, writer: impl Write, method: CompressionMethod) -> io::Result<()> {
        let mut archive = ZipArchiveWriter::new(BufWriter::new(writer));
        for (name, bytes) in &self.entries {
            let path = format!("{name}.npy");
            // What is no ASCII needs the flag that comes with the normalized form.
            let path = match path.is_ascii() {
                true => EntryPath::verbatim(path.into_bytes()),
                false => EntryPath::conformant(path),
            };
            let entry = archive.new_file(path).compression_method(method);
            let (mut entry, config) = entry.start().map_err(written)?;
            let descriptor = if method == CompressionMethod::STORE {
                let mut data = config.wrap(&mut entry);
                data.write_all(bytes)?;
                data.finish().map_err(written)?.1
            } else {
                let encoder = DeflateEncoder::new(&mut entry, Compression::default());
                let mut data = config.wrap(encoder);
                data.write_all(bytes)?;
                let (encoder, descriptor) = data.finish().map_err(written)?;
                encoder.finish()?;
                descriptor
            };
            entry.finish(descriptor).map_err(written)?;
        }
        archive.finish().map_err(written)?.flush()
    }
}

/// What the archive could not write; the reason of the system keeps its kind.
fn written(error: rawzip::Error) -> io::Error {
    match error.into_kind() {
        rawzip::ErrorKind::IO(error) => error,
        kind => io::Error::other(kind.to_string()),
    }
}
