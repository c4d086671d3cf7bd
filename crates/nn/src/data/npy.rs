//! NumPy's `.npy` files: one array each.
//!
//! A file is a magic number, a version, the length of a header, the header (a dict of Python: element
//! type, order, shape), and the elements. Integers, floats (half ones too) and truth values of either
//! byte order are read, into any element type that holds all of their values exactly; files of Fortran's order
//! come out in row-major order. Strings, records, complex numbers and pickled objects are refused.
//!
//! What a header claims is not believed: memory is taken as data arrives, and no more than a limit.
//!
//! The format is a page of text, and the crates that read it bring a parser of Python's literals
//! or arrays of their own; so it is written out here.
//!
//! Source: the NumPy developers, *NEP 1: a simple file format for NumPy arrays*, versions 1.0 to 3.0.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use wengert_tensor::{Element, Tensor};

use crate::data::error::{Place, ReadError, Reason};
use crate::data::npy_header::{Header, Kind};
use crate::data::source::{self, MOST_BYTES};
use crate::files::aside;

/// Reads an array of at most [`MOST_BYTES`]. The reader has to be at its end
/// after that.
///
/// ```
/// use wengert_nn::data::npy;
/// use wengert_tensor::Tensor;
/// let x = Tensor::<f32>::from([[1.0, 2.0], [3.0, f32::NAN]]);
/// let mut file = Vec::new();
/// npy::write(&mut file, &x)?;
/// let back: Tensor<f64> = npy::read(&file[..])?;
/// assert_eq!((back[[1, 0]], back[[1, 1]].is_nan()), (3.0, true));
///
/// let error = npy::read::<i64>(&file[..]).unwrap_err();
/// assert_eq!(error.to_string(), "the elements are <f4, which i64 does not hold exactly");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the reader fails, gives no `.npy` file, one that is shorter or longer than its header says, or
/// larger than the limit, or elements that the type does not hold exactly.
#[doc(alias = "numpy.load")]
pub fn read<T: Element>(reader: impl Read) -> Result<Tensor<T>, ReadError> {
    read_within(reader, MOST_BYTES)
}

/// [`read`] of an array whose elements take at most `limit` bytes, in the file and in memory.
///
/// # Errors
/// As [`read`], with this limit.
pub fn read_within<T: Element>(reader: impl Read, limit: u64) -> Result<Tensor<T>, ReadError> {
    let mut source = Source { reader, offset: 0 };
    let header = source.header()?;
    let Header {
        ref descr,
        kind,
        ref dims,
        ..
    } = header;
    let exact = match T::NAME {
        "bool" => kind == Kind::Bool,
        "i64" => matches!(kind, Kind::Signed(_) | Kind::Unsigned(_)),
        "f64" => matches!(
            kind,
            Kind::Float(_) | Kind::Signed(..=4) | Kind::Unsigned(..=4)
        ),
        _ => matches!(
            kind,
            Kind::Float(..=4) | Kind::Signed(..=2) | Kind::Unsigned(..=2)
        ),
    };
    if !exact {
        let (wanted, found) = (T::NAME, descr.clone());
        return Err(ReadError::new(Place::Whole, Reason::Type { wanted, found }));
    }
    // A 0 makes nothing of the others, however large they are.
    let count = match dims.contains(&0) {
        true => Some(0),
        false => dims
            .iter()
            .try_fold(1usize, |count, &dim| count.checked_mul(dim)),
    };
    let width = kind.width().max(size_of::<T>());
    let needed = count
        .and_then(|count| count.checked_mul(width))
        .filter(|&needed| isize::try_from(needed).is_ok());
    let (Some(count), Some(needed)) = (count, needed) else {
        let what = format!("{dims:?} elements are more than the address space holds");
        return Err(ReadError::format(Place::Whole, what));
    };
    let needed = needed as u64;
    if needed > limit {
        let needed = Some(needed);
        return Err(ReadError::new(
            Place::Whole,
            Reason::OverLimit { needed, limit },
        ));
    }
    let read = match T::NAME {
        "bool" => shaped(source.take(count, &header, truth)?, &header)?.cast(),
        "i64" => shaped(source.take(count, &header, integer)?, &header)?.cast(),
        "f64" => shaped(source.take(count, &header, double)?, &header)?.cast(),
        _ => shaped(source.take(count, &header, single)?, &header)?.cast(),
    };
    let end = source.offset;
    if source.some(&mut [0])? > 0 {
        let what = "it goes on after the elements that its header tells of";
        return Err(ReadError::format(Place::Byte(end), what));
    }
    Ok(read)
}

/// Reads the array of a file.
///
/// # Errors
/// As [`read`]. The error names the file.
pub fn load<T: Element>(path: impl AsRef<Path>) -> Result<Tensor<T>, ReadError> {
    let path = path.as_ref();
    let file = BufReader::new(source::open(path)?);
    read(file).map_err(|error| error.in_file(path))
}

/// Writes an array, in version 1.0 and row-major order.
///
/// # Errors
/// If the writer fails.
#[doc(alias = "numpy.save")]
pub fn write<T: Element>(writer: impl Write, array: &Tensor<T>) -> io::Result<()> {
    let mut writer = BufWriter::new(writer);
    writer.write_all(&Header::of(array))?;
    match T::NAME {
        "bool" => put(&mut writer, &array.cast::<bool>(), |x| [u8::from(x)])?,
        "i64" => put(&mut writer, &array.cast::<i64>(), i64::to_le_bytes)?,
        "f64" => put(&mut writer, &array.cast::<f64>(), f64::to_le_bytes)?,
        _ => put(&mut writer, &array.cast::<f32>(), f32::to_le_bytes)?,
    }
    writer.flush()
}

/// Writes an array to a file, in the place of one that may be there: aside, and then into its place.
///
/// # Errors
/// If the file cannot be written. The old one is there then.
pub fn save<T: Element>(path: impl AsRef<Path>, array: &Tensor<T>) -> io::Result<()> {
    aside::write_io(path.as_ref(), |out| write(out, array))
}

fn put<T: Element, const N: usize>(
    writer: &mut impl Write,
    array: &Tensor<T>,
    bytes: impl Fn(T) -> [u8; N],
) -> io::Result<()> {
    array.iter().try_for_each(|x| writer.write_all(&bytes(x)))
}

/// The elements in row-major order, whatever the order of the file.
fn shaped<T: Element>(data: Vec<T>, header: &Header) -> Result<Tensor<T>, ReadError> {
    let mut dims = header.dims.clone();
    if header.fortran {
        dims.reverse();
    }
    let array = Tensor::from_vec(data, dims)
        .map_err(|error| ReadError::format(Place::Whole, error.to_string()))?;
    if !header.fortran {
        return Ok(array);
    }
    let axes: Vec<isize> = (0..array.rank() as isize).rev().collect();
    Ok(array.permute(&axes).contiguous())
}

/// An element of at most eight bytes, the least significant first, with 0 behind.
fn wide(bytes: &[u8], kind: Kind) -> [u8; 8] {
    let negative = matches!(kind, Kind::Signed(_)) && bytes.last().is_some_and(|&last| last > 0x7f);
    let mut wide = [if negative { 0xff } else { 0 }; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    wide
}

fn truth(bytes: &[u8], _: Kind) -> Result<bool, String> {
    match bytes {
        [0] => Ok(false),
        [1] => Ok(true),
        _ => Err(format!("{} is no truth value", bytes[0])),
    }
}

fn integer(bytes: &[u8], kind: Kind) -> Result<i64, String> {
    let number = i64::from_le_bytes(wide(bytes, kind));
    match kind {
        Kind::Unsigned(8) if number < 0 => Err(format!("{} is beyond i64", number as u64)),
        _ => Ok(number),
    }
}

fn double(bytes: &[u8], kind: Kind) -> Result<f64, String> {
    Ok(match kind {
        Kind::Float(8) => f64::from_le_bytes(wide(bytes, kind)),
        Kind::Float(_) => f64::from(single(bytes, kind)?),
        _ => integer(bytes, kind)? as f64,
    })
}

fn single(bytes: &[u8], kind: Kind) -> Result<f32, String> {
    let [a, b, c, d, ..] = wide(bytes, kind);
    Ok(match kind {
        Kind::Float(4) => f32::from_le_bytes([a, b, c, d]),
        Kind::Float(_) => half(u16::from_le_bytes([a, b])),
        _ => integer(bytes, kind)? as f32,
    })
}

/// The number that the bits of a half-precision one stand for, exactly.
fn half(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, fraction) = (u32::from(bits >> 10 & 0x1f), u32::from(bits & 0x3ff));
    match exponent {
        0 => {
            // 2⁻²⁴, the least half number above 0, counts the rest.
            let size = fraction as f32 * f32::from_bits(0x3380_0000);
            f32::from_bits(sign | size.to_bits())
        }
        0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

/// A reader that knows how far it is.
struct Source<R> {
    reader: R,
    offset: u64,
}

impl<R: Read> Source<R> {
    fn header(&mut self) -> Result<Header, ReadError> {
        let mut start = [0; 8];
        self.fill(&mut start, "the magic number")?;
        let [magic @ .., major, minor] = start;
        if magic != *b"\x93NUMPY" {
            let what = match magic.starts_with(b"PK") {
                true => "no .npy file, but an archive, as .npz files are",
                false => "no .npy file: it does not begin with 93 4e 55 4d 50 59",
            };
            return Err(ReadError::format(Place::Byte(0), what));
        }
        if !(1..=3).contains(&major) || minor != 0 {
            let what = format!("version {major}.{minor} of the format is not known");
            return Err(ReadError::format(Place::Byte(6), what));
        }
        let mut length = [0; 4];
        let digits = if major == 1 { 2 } else { 4 };
        self.fill(&mut length[..digits], "the length of the header")?;
        let length = u32::from_le_bytes(length) as usize;
        // NumPy refuses longer ones too.
        if length > 10_000 {
            let what = format!("a header of {length} bytes is longer than any array needs");
            return Err(ReadError::format(Place::Byte(8), what));
        }
        let at = self.offset;
        let mut header = vec![0; length];
        self.fill(&mut header, "the header")?;
        Header::parse(&header, at)
    }

    /// Reads up to the end of the buffer or of the file.
    fn some(&mut self, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => {
                    filled += count;
                    self.offset += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(ReadError::new(Place::Byte(self.offset), Reason::Io(error)));
                }
            }
        }
        Ok(filled)
    }

    /// Reads all of the buffer.
    fn fill(&mut self, buffer: &mut [u8], part: &'static str) -> Result<(), ReadError> {
        let found = self.some(buffer)?;
        match found < buffer.len() {
            true => Err(self.truncated(part, found, buffer.len())),
            false => Ok(()),
        }
    }

    fn truncated(&self, part: &'static str, found: usize, expected: usize) -> ReadError {
        let reason = Reason::Truncated {
            part,
            found: found as u64,
            expected: expected as u64,
        };
        ReadError::new(Place::Byte(self.offset), reason)
    }

    /// Reads `count` elements in blocks, so that a claim of more costs no memory.
    fn take<X>(
        &mut self,
        count: usize,
        header: &Header,
        element: impl Fn(&[u8], Kind) -> Result<X, String>,
    ) -> Result<Vec<X>, ReadError> {
        const BLOCK: usize = 1 << 16;
        let (kind, width) = (header.kind, header.kind.width());
        let mut block = vec![0; BLOCK.min(count * width)];
        let mut data = Vec::new();
        while data.len() < count {
            let wanted = BLOCK.min((count - data.len()) * width);
            let (start, found) = (self.offset, self.some(&mut block[..wanted])?);
            if found < wanted {
                let before = data.len() * width;
                return Err(self.truncated("the elements", before + found, count * width));
            }
            let more = wanted / width;
            if data.capacity() - data.len() < more {
                // Twice as much as came so far, and never more than will be needed.
                data.reserve_exact(data.len().max(more).min(count - data.len()));
            }
            for (at, bytes) in block[..wanted].chunks_exact_mut(width).enumerate() {
                if header.big_endian {
                    bytes.reverse();
                }
                let place = || Place::Byte(start + (at * width) as u64);
                data.push(element(bytes, kind).map_err(|what| ReadError::format(place(), what))?);
            }
        }
        Ok(data)
    }
}
