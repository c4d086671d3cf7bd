//! The IDX format of the MNIST data sets.
//!
//! A file is a magic number (0, 0, the code of the element type, the number of dimensions), each
//! dimension as a big-endian `u32`, and the elements in row-major order. This reader takes unsigned
//! bytes, as all of MNIST's files are; compressed files are decompressed by the caller.
//!
//! What a header claims is not believed: memory is taken as data arrives, and no more than a limit,
//! which is [`MOST_BYTES`] or what a [`Reader`] is told.
//!
//! Source: LeCun, Cortes and Burges, *The MNIST database of handwritten digits*.

use std::io::{ErrorKind, Read};

use wengert_tensor::{Float, Tensor};

/// An array of unsigned bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idx {
    /// The lengths of the axes.
    pub dims: Vec<usize>,
    /// The elements in row-major order.
    pub data: Vec<u8>,
}

/// The memory that the elements of one array may take, unless a [`Reader`] is told otherwise: 4 GiB.
/// The greatest set of the MNIST family, EMNIST's of 697,932 images, takes 2.2 GB as `f32`.
pub const MOST_BYTES: u64 = super::source::MOST_BYTES;

/// What can be wrong with an IDX file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdxError {
    /// The file could not be read.
    #[error("byte {offset}: {source}")]
    Io {
        /// Where.
        offset: u64,
        /// Why.
        source: std::io::Error,
    },
    /// The file does not begin as an IDX file does.
    #[error(
        "no IDX file: it begins with {:02x} {:02x}, not 00 00{}",
        .found[0], .found[1],
        if *.found == [0x1f, 0x8b] { " (this is gzip: decompress it first)" } else { "" }
    )]
    Magic {
        /// The first two bytes.
        found: [u8; 2],
    },
    /// The elements are not unsigned bytes.
    #[error("the elements have the type 0x{found:02x}, not unsigned bytes (0x08)")]
    ElementType {
        /// The code of their type.
        found: u8,
    },
    /// The file ends early.
    #[error("the file ends in {part}, after {found} of {expected} bytes")]
    Truncated {
        /// The part of the file that is not whole.
        part: &'static str,
        /// The number of bytes of that part that there are.
        found: u64,
        /// The number that the header says there are.
        expected: u64,
    },
    /// There is more than the header says.
    #[error("the file goes on after the {expected} bytes that {dims:?} elements take")]
    Trailing {
        /// The dimensions.
        dims: Vec<usize>,
        /// The product of the dimensions.
        expected: u64,
    },
    /// The elements would take more memory than the caller allows.
    #[error("{dims:?} elements take {needed} bytes, and {limit} are allowed")]
    OverLimit {
        /// The dimensions.
        dims: Vec<usize>,
        /// The bytes that the elements take in memory.
        needed: u64,
        /// The limit.
        limit: u64,
    },
    /// The product of the dimensions is no number of bytes that a computer has.
    #[error("{dims:?} elements are more than the address space holds")]
    TooLarge {
        /// The dimensions.
        dims: Vec<usize>,
    },
    /// The array has not the axes that were asked for.
    #[error("{what} have {expected} axes, the file has {dims:?}")]
    Rank {
        /// What was asked for.
        what: &'static str,
        /// The number of axes of that.
        expected: usize,
        /// The dimensions that were found.
        dims: Vec<usize>,
    },
    /// Images and labels do not belong together.
    #[error("there are {images} images and {labels} labels")]
    Counts {
        /// The number of images.
        images: usize,
        /// The number of labels.
        labels: usize,
    },
}

/// Reads an array. The reader has to be at its end after that.
///
/// ```
/// use wengert_nn::data::idx;
/// let file = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6];
/// let array = idx::read(&file[..])?;
/// assert_eq!((array.dims, array.data), (vec![2, 3], vec![1, 2, 3, 4, 5, 6]));
///
/// let error = idx::read(&file[..15]).unwrap_err();
/// assert_eq!(error.to_string(), "the file ends in the data, after 3 of 6 bytes");
/// # Ok::<(), idx::IdxError>(())
/// ```
///
/// # Errors
/// If the file cannot be read, is no IDX file of unsigned bytes, is shorter or longer than its header
/// says, or its elements would take more memory than [`MOST_BYTES`].
pub fn read(reader: impl Read) -> Result<Idx, IdxError> {
    Reader::new().read(reader)
}

/// Reads images \[N, rows, columns\], scaled from 0 … 255 to 0 … 1.
///
/// # Errors
/// As [`read`], and if there are not three axes.
pub fn images<T: Float>(reader: impl Read) -> Result<Tensor<T>, IdxError> {
    Reader::new().images(reader)
}

/// Reads labels \[N\].
///
/// # Errors
/// As [`read`], and if there is not one axis.
pub fn labels(reader: impl Read) -> Result<Tensor<i64>, IdxError> {
    Reader::new().labels(reader)
}

/// Reads images and the labels that belong to them.
///
/// # Errors
/// As [`images`] and [`labels`], and if their numbers differ.
pub fn images_and_labels<T: Float>(
    image_reader: impl Read,
    label_reader: impl Read,
) -> Result<(Tensor<T>, Tensor<i64>), IdxError> {
    Reader::new().images_and_labels(image_reader, label_reader)
}

/// Reads IDX files with a limit of the caller's on the memory that the elements of each may take.
///
/// ```
/// use wengert_nn::data::idx::Reader;
/// let file = [0, 0, 8, 1, 0, 0, 0, 3, 4, 5, 6];
/// assert_eq!(Reader::new().with_limit(3).read(&file[..])?.data, [4, 5, 6]);
///
/// let error = Reader::new().with_limit(2).read(&file[..]).unwrap_err();
/// assert_eq!(error.to_string(), "[3] elements take 3 bytes, and 2 are allowed");
/// # Ok::<(), wengert_nn::data::idx::IdxError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader {
    limit: u64,
}

impl Default for Reader {
    /// With [`MOST_BYTES`].
    fn default() -> Self {
        Reader { limit: MOST_BYTES }
    }
}

impl Reader {
    /// A reader with the limit [`MOST_BYTES`].
    pub fn new() -> Self {
        Self::default()
    }

    /// With another limit, in bytes of memory: an element takes one as it lies in the file, eight as
    /// a label, and four or eight as a pixel of `f32` or `f64`.
    pub fn with_limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// [`read`](read()) within the limit.
    ///
    /// # Errors
    /// As the function of that name, with this limit.
    pub fn read(&self, reader: impl Read) -> Result<Idx, IdxError> {
        let (dims, data) = self.elements(reader, None, |byte| byte)?;
        Ok(Idx { dims, data })
    }

    /// [`images`](images()) within the limit.
    ///
    /// # Errors
    /// As the function of that name, with this limit.
    pub fn images<T: Float>(&self, reader: impl Read) -> Result<Tensor<T>, IdxError> {
        let pixel = |byte| T::from_f64(f64::from(byte) / 255.0);
        let (dims, data) = self.elements(reader, Some(("images", 3)), pixel)?;
        Tensor::from_vec(data, dims.as_slice()).map_err(|_| IdxError::TooLarge { dims })
    }

    /// [`labels`](labels()) within the limit.
    ///
    /// # Errors
    /// As the function of that name, with this limit.
    pub fn labels(&self, reader: impl Read) -> Result<Tensor<i64>, IdxError> {
        let (_, data) = self.elements(reader, Some(("labels", 1)), i64::from)?;
        Ok(Tensor::from(data))
    }

    /// [`images_and_labels`](images_and_labels()) within the limit, which counts for each.
    ///
    /// # Errors
    /// As the function of that name, with this limit.
    pub fn images_and_labels<T: Float>(
        &self,
        image_reader: impl Read,
        label_reader: impl Read,
    ) -> Result<(Tensor<T>, Tensor<i64>), IdxError> {
        let (images, labels) = (self.images(image_reader)?, self.labels(label_reader)?);
        let (found, beside) = (images.shape()[0], labels.shape()[0]);
        if found != beside {
            return Err(IdxError::Counts {
                images: found,
                labels: beside,
            });
        }
        Ok((images, labels))
    }

    /// The dimensions, and what `element` makes of each byte. The header is judged before any data
    /// are read.
    fn elements<X: Copy>(
        &self,
        reader: impl Read,
        wanted: Option<(&'static str, usize)>,
        element: impl Fn(u8) -> X,
    ) -> Result<(Vec<usize>, Vec<X>), IdxError> {
        let mut source = Source { reader, offset: 0 };
        let (dims, size) = source.header()?;
        if let Some((what, expected)) = wanted
            && dims.len() != expected
        {
            return Err(IdxError::Rank {
                what,
                expected,
                dims,
            });
        }
        let (limit, bytes) = (self.limit, size_of::<X>());
        match size.checked_mul(bytes) {
            None => return Err(IdxError::TooLarge { dims }),
            Some(needed) if needed as u64 > limit => {
                let needed = needed as u64;
                return Err(IdxError::OverLimit {
                    dims,
                    needed,
                    limit,
                });
            }
            Some(_) => {}
        }
        let data = source.take(size, element)?;
        if !source.at_end()? {
            let expected = size as u64;
            return Err(IdxError::Trailing { dims, expected });
        }
        Ok((dims, data))
    }
}

/// A reader that knows how far it is.
struct Source<R> {
    reader: R,
    offset: u64,
}

impl<R: Read> Source<R> {
    /// The dimensions, and their product.
    fn header(&mut self) -> Result<(Vec<usize>, usize), IdxError> {
        let mut magic = [0; 4];
        self.fill(&mut magic, "the magic number")?;
        let [a, b, element, rank] = magic;
        if [a, b] != [0, 0] {
            return Err(IdxError::Magic { found: [a, b] });
        }
        if element != 0x08 {
            return Err(IdxError::ElementType { found: element });
        }
        let mut header = vec![0; 4 * usize::from(rank)];
        self.fill(&mut header, "the dimensions")?;
        let (dims, _) = header.as_chunks::<4>();
        let dims: Vec<usize> = dims
            .iter()
            .map(|&dim| u32::from_be_bytes(dim) as usize)
            .collect();
        // A 0 makes nothing of the others, however large they are.
        let size = match dims.contains(&0) {
            true => Some(0),
            false => dims
                .iter()
                .try_fold(1usize, |size, &dim| size.checked_mul(dim)),
        };
        match size.filter(|&size| isize::try_from(size).is_ok()) {
            Some(size) => Ok((dims, size)),
            None => Err(IdxError::TooLarge { dims }),
        }
    }

    /// Reads up to the end of the buffer or of the file.
    fn some(&mut self, buffer: &mut [u8]) -> Result<usize, IdxError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => {
                    filled += count;
                    self.offset += count as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => {
                    let offset = self.offset;
                    return Err(IdxError::Io { offset, source });
                }
            }
        }
        Ok(filled)
    }

    /// Reads all of the buffer.
    fn fill(&mut self, buffer: &mut [u8], part: &'static str) -> Result<(), IdxError> {
        let (found, expected) = (self.some(buffer)?, buffer.len());
        if found < expected {
            return Err(IdxError::Truncated {
                part,
                found: found as u64,
                expected: expected as u64,
            });
        }
        Ok(())
    }

    /// Reads `size` bytes in blocks, so that a claim of more costs no memory, and keeps what
    /// `element` makes of them.
    fn take<X: Copy>(
        &mut self,
        size: usize,
        element: impl Fn(u8) -> X,
    ) -> Result<Vec<X>, IdxError> {
        const BLOCK: usize = 1 << 16;
        let mut block = vec![0; BLOCK.min(size)];
        let mut data = Vec::new();
        while data.len() < size {
            let wanted = BLOCK.min(size - data.len());
            let found = self.some(&mut block[..wanted])?;
            if found < wanted {
                return Err(IdxError::Truncated {
                    part: "the data",
                    found: (data.len() + found) as u64,
                    expected: size as u64,
                });
            }
            if data.capacity() - data.len() < wanted {
                // Twice as much as came so far, and never more than will be needed.
                data.reserve_exact(data.len().max(wanted).min(size - data.len()));
            }
            data.extend(block[..wanted].iter().map(|&byte| element(byte)));
        }
        Ok(data)
    }

    fn at_end(&mut self) -> Result<bool, IdxError> {
        Ok(self.some(&mut [0])? == 0)
    }
}
