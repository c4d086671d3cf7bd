//! Gzip around any reader, with a limit on what comes out.
//!
//! A few kilobytes of gzip can stand for gigabytes, so that every reader here has a limit, and stops
//! there. Several members one after another are one text, as for `gzip` itself; the check sum of each is
//! verified, and bytes behind the last that are no gzip are refused.
//!
//! Source: Deutsch 1996, *GZIP file format specification version 4.3* (RFC 1952).

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::data::error::ReadError;
use crate::data::source;

/// Decompresses what a reader gives, up to a limit.
///
/// ```
/// use std::io::Read;
/// use wengert_nn::data::gzip::Gunzip;
///
/// // "hi", compressed.
/// let file = [
///     0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xcb, 0xc8, 4, 0, 0xac, 0x2a, 0x93, 0xd8, 2, 0, 0, 0,
/// ];
/// let mut text = String::new();
/// Gunzip::new(&file[..], 100).read_to_string(&mut text)?;
/// assert_eq!(text, "hi");
///
/// let error = Gunzip::new(&file[..], 1).read_to_string(&mut text).unwrap_err();
/// assert_eq!(error.to_string(), "gzip: there are more than the 1 bytes that are allowed");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Reading gives an error of the kind `InvalidData` where the limit is passed or the data are no gzip or
/// damaged, and `UnexpectedEof` where they end early.
#[derive(Debug)]
#[doc(alias("GzDecoder", "gzip.open"))]
pub struct Gunzip<R: Read> {
    inner: MultiGzDecoder<BufReader<R>>,
    limit: u64,
    left: u64,
}

impl<R: Read> Gunzip<R> {
    /// A reader of what `reader` gives compressed, of at most `limit` bytes.
    pub fn new(reader: R, limit: u64) -> Self {
        Gunzip {
            inner: MultiGzDecoder::new(BufReader::new(reader)),
            limit,
            left: limit,
        }
    }
}

impl<R: Read> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        // At the limit one more byte decides between the end and too much.
        let mut one = [0];
        let wanted = buffer
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let place = if wanted == 0 {
            &mut one[..]
        } else {
            &mut buffer[..wanted]
        };
        let count = self
            .inner
            .read(place)
            .map_err(|error| io::Error::new(error.kind(), format!("gzip: {error}")))?;
        if wanted == 0 && count > 0 {
            let limit = self.limit;
            let what = format!("gzip: there are more than the {limit} bytes that are allowed");
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        self.left -= count as u64;
        Ok(count)
    }
}

/// A file that is plain or compressed with gzip.
#[derive(Debug)]
pub struct Opened(Way);

#[derive(Debug)]
enum Way {
    Plain(BufReader<File>),
    Gzip(Box<Gunzip<BufReader<File>>>),
}

impl Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Way::Plain(file) => file.read(buffer),
            Way::Gzip(file) => file.read(buffer),
        }
    }
}

/// Opens a file, plain or compressed: gzip is known by its first two bytes. What is compressed gives
/// at most `limit` bytes; a plain file has the length that it has.
///
/// ```no_run
/// use wengert_nn::data::{gzip, idx};
/// use wengert_tensor::Tensor;
/// let file = gzip::open("train-images-idx3-ubyte.gz", 1 << 30)?;
/// let images: Tensor = idx::images(file)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the file cannot be read.
pub fn open(path: impl AsRef<Path>, limit: u64) -> Result<Opened, ReadError> {
    let path = path.as_ref();
    let mut file = BufReader::new(source::open(path)?);
    let start = file
        .fill_buf()
        .map_err(|error| ReadError::io(error).in_file(path))?;
    Ok(Opened(match start.starts_with(&[0x1f, 0x8b]) {
        true => Way::Gzip(Box::new(Gunzip::new(file, limit))),
        false => Way::Plain(file),
    }))
}
