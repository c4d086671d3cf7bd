//! The bytes of a safetensors file, by the crate of that name: a length, a header in JSON, and the
//! elements of all arrays in one row.
//!
//! What a header claims is not believed: memory is taken as bytes arrive.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, ErrorKind, Read, Write};

use flate2::Crc;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use wengert_tensor::{Element, Tensor};

use super::Problem;
use super::header::{Header, describe, foreign};
use super::value::Value;

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub metadata: BTreeMap<String, String>,
    pub values: BTreeMap<String, Value>,
}

/// The key of the metadata under which a checksum stands, and how it begins.
const CHECKSUM: &str = r#""checksum":"crc32:"#;
/// Its digits.
const DIGITS: usize = 8;
/// The longest header that is read, as in the crate.
const MOST_HEADER: u64 = 100_000_000;
/// The bytes that are read or written at once.
const BLOCK: usize = 1 << 16;

/// Writes values, in one pass.
pub(super) fn write(
    values: &[(&str, &Value)],
    metadata: &BTreeMap<String, String>,
    out: &mut dyn Write,
) -> Result<(), Problem> {
    let (header, order) = header(values, metadata)?;
    emit(&header, values, &order, out).map_err(Problem::io("writing"))
}

/// Writes values with a checksum over every byte of the file.
pub(super) fn write_checked(
    values: &[(&str, &Value)],
    metadata: &BTreeMap<String, String>,
    out: &mut dyn Write,
) -> Result<(), Problem> {
    let mut metadata = metadata.clone();
    let zeros = "0".repeat(DIGITS);
    metadata.insert("checksum".to_owned(), format!("crc32:{zeros}"));
    let (header, order) = header(values, &metadata)?;
    // The sum counts zeros in its own place, so that it is known before anything is written.
    let mut sum = Summed(Crc::new());
    emit(&header, values, &order, &mut sum).map_err(Problem::io("writing"))?;
    let digits = format!("{:08x}", sum.0.sum());
    let header = header.replacen(
        &format!("{CHECKSUM}{zeros}"),
        &format!("{CHECKSUM}{digits}"),
        1,
    );
    emit(&header, values, &order, out).map_err(Problem::io("writing"))
}

/// A writer that only sums.
struct Summed(Crc);

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The header, and the order of the values in the file: long elements first, so that all lie at
/// multiples of their length, and equal ones by name.
fn header(
    values: &[(&str, &Value)],
    metadata: &BTreeMap<String, String>,
) -> Result<(String, Vec<usize>), Problem> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    let types: Vec<Dtype> = values.iter().map(|(_, value)| dtype(value)).collect();
    order.sort_by(|&a, &b| {
        let by_size = types[b].bitsize().cmp(&types[a].bitsize());
        by_size.then_with(|| values[a].0.cmp(values[b].0))
    });
    let (mut infos, mut start) = (Vec::new(), 0);
    for &at in &order {
        let (name, value) = values[at];
        let refuse = |reason| {
            let name = name.to_owned();
            Err(Problem::Name { name, reason })
        };
        if name == "__metadata__" {
            return refuse("it is the name of the metadata");
        }
        if let Value::Other { .. } = value {
            return refuse("arrays of its type are not read");
        }
        let shape = value.shape();
        let end = start + shape.iter().product::<usize>() * types[at].bitsize() / 8;
        let info = TensorInfo {
            dtype: types[at],
            shape,
            data_offsets: (start, end),
        };
        infos.push((name.to_owned(), info));
        start = end;
    }
    let mut names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        let name = twice[0].to_owned();
        let reason = "there are two of this name";
        return Err(Problem::Name { name, reason });
    }
    let refuse = |error: String| Problem::Header {
        offset: 8,
        reason: error,
    };
    let tensors = Metadata::new(None, infos).map_err(|error| refuse(error.to_string()))?;
    let json = |error: serde_json::Error| refuse(error.to_string());
    let mut header = serde_json::to_string(&tensors).map_err(json)?;
    if !metadata.is_empty() {
        // The crate writes metadata in an order of its own each time, and equal files are equal here.
        let metadata = serde_json::to_string(metadata).map_err(json)?;
        let comma = if values.is_empty() { "" } else { "," };
        header.replace_range(..1, &format!("{{\"__metadata__\":{metadata}{comma}"));
    }
    let len = header.len().next_multiple_of(8);
    let _ = write!(header, "{:1$}", "", len - header.len());
    Ok((header, order))
}

fn dtype(value: &Value) -> Dtype {
    match value {
        Value::F32(_) => Dtype::F32,
        Value::F64(_) => Dtype::F64,
        Value::I64(_) => Dtype::I64,
        Value::Bool(_) => Dtype::BOOL,
        Value::U64(_) => Dtype::U64,
        Value::Bytes(_) | Value::Other { .. } => Dtype::U8,
    }
}

fn emit(
    header: &str,
    values: &[(&str, &Value)],
    order: &[usize],
    out: &mut dyn Write,
) -> io::Result<()> {
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    for &at in order {
        match values[at].1 {
            Value::F32(x) => emit_all(x.iter(), f32::to_le_bytes, out)?,
            Value::F64(x) => emit_all(x.iter(), f64::to_le_bytes, out)?,
            Value::I64(x) => emit_all(x.iter(), i64::to_le_bytes, out)?,
            Value::Bool(x) => emit_all(x.iter(), |truth| [u8::from(truth)], out)?,
            Value::U64(x) => emit_all(x.iter().copied(), u64::to_le_bytes, out)?,
            Value::Bytes(x) => out.write_all(x)?,
            Value::Other { .. } => {}
        }
    }
    out.flush()
}

fn emit_all<X, const N: usize>(
    elements: impl Iterator<Item = X>,
    bytes: fn(X) -> [u8; N],
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut block = Vec::with_capacity(BLOCK);
    for x in elements {
        block.extend_from_slice(&bytes(x));
        if block.len() + N > BLOCK {
            out.write_all(&block)?;
            block.clear();
        }
    }
    out.write_all(&block)
}

/// Reads a file. `size` is its length, where it is known; `checked` says whether it needs a checksum.
pub(super) fn read(
    reader: &mut dyn Read,
    size: Option<u64>,
    checked: bool,
) -> Result<Contents, Problem> {
    let mut source = Source {
        reader,
        offset: 0,
        sum: checked.then(Crc::new),
    };
    let (header, stated) = source.header(size)?;
    let Header { metadata, tensors } = header;
    let data_start = source.offset;
    let data = tensors.last().map_or(0, |(_, info)| info.data_offsets.1) as u64;
    let end = data_start.saturating_add(data);
    if let Some(size) = size.filter(|&size| size < end) {
        let (found, expected) = (size - data_start, data);
        return Err(Problem::Truncated {
            part: "the data",
            found,
            expected,
        });
    }
    let mut values = BTreeMap::new();
    for (name, info) in tensors {
        let value = source.value(&info, data, data_start)?;
        values.insert(name, value);
    }
    if source.some(&mut [0])? != 0 {
        return Err(Problem::Trailing { expected: end });
    }
    if let (Some(stated), Some(sum)) = (stated, &source.sum) {
        let found = sum.sum();
        if found != stated {
            return Err(Problem::Checksum { stated, found });
        }
    }
    Ok(Contents { metadata, values })
}

/// The texts in the header of a file, whose data are not looked at.
pub(super) fn read_metadata(
    reader: &mut dyn Read,
    size: u64,
) -> Result<BTreeMap<String, String>, Problem> {
    let mut source = Source {
        reader,
        offset: 0,
        sum: None,
    };
    Ok(source.header(Some(size))?.0.metadata)
}

/// A reader that knows how far it is, and sums what it reads.
struct Source<'r> {
    reader: &'r mut dyn Read,
    offset: u64,
    sum: Option<Crc>,
}

impl Source<'_> {
    /// The header, and the checksum that it states, if one is wanted.
    fn header(&mut self, size: Option<u64>) -> Result<(Header, Option<u32>), Problem> {
        let mut start = [0; 8];
        let found = self.some(&mut start)? as u64;
        // The first bytes of a sound file may be like those of another format, so that the rest decides.
        let other = |otherwise: Problem| match foreign(&start[..found as usize]) {
            Some(reason) => Problem::Foreign {
                reason: reason.to_owned(),
            },
            None => otherwise,
        };
        let truncated = |part, found, expected| {
            other(Problem::Truncated {
                part,
                found,
                expected,
            })
        };
        if found < 8 {
            return Err(truncated("the length of the header", found, 8));
        }
        let len = u64::from_le_bytes(start);
        if len > MOST_HEADER {
            let reason = format!("a header of {len} bytes is claimed");
            return Err(other(Problem::Foreign { reason }));
        }
        if let Some(size) = size.filter(|&size| size < 8 + len) {
            return Err(truncated("the header", size.saturating_sub(8), len));
        }
        let mut text = Vec::new();
        self.bytes(len as usize, "the header", |block| {
            text.extend_from_slice(block)
        })?;
        if text.first() != Some(&b'{') {
            let reason = "its header does not begin with {".to_owned();
            return Err(other(Problem::Foreign { reason }));
        }
        let stated = self.stated(&start, &mut text)?;
        let mut header: Header = serde_json::from_slice(&text).map_err(|error| {
            let column = (error.line() == 1).then(|| error.column().saturating_sub(1));
            Problem::Header {
                offset: 8 + column.unwrap_or(0) as u64,
                reason: error.to_string(),
            }
        })?;
        header.tensors.sort_by(|a, b| {
            let [x, y] = [a, b].map(|(_, info)| info.data_offsets);
            x.cmp(&y).then_with(|| a.0.cmp(&b.0))
        });
        // The crate knows what a sound header is.
        Metadata::new(None, header.tensors.clone()).map_err(|error| Problem::Header {
            offset: 8,
            reason: describe(&error),
        })?;
        Ok((header, stated))
    }

    /// The checksum in the header, whose place becomes zeros. What was read is summed like that.
    fn stated(&mut self, start: &[u8], text: &mut [u8]) -> Result<Option<u32>, Problem> {
        let Some(sum) = &mut self.sum else {
            return Ok(None);
        };
        let key = CHECKSUM.as_bytes();
        let no = |reason: &str| Problem::NoCheckpoint {
            reason: reason.to_owned(),
        };
        let at = text.windows(key.len()).position(|window| window == key);
        let at = at.ok_or_else(|| no("its header has no checksum"))? + key.len();
        let digits = text.get_mut(at..at + DIGITS).unwrap_or_default();
        let stated = std::str::from_utf8(digits).ok();
        let stated = stated.and_then(|digits| {
            let number = u32::from_str_radix(digits, 16).ok()?;
            (digits == format!("{number:08x}")).then_some(number)
        });
        let stated = stated.ok_or_else(|| no("its checksum is no number"))?;
        digits.fill(b'0');
        sum.reset();
        sum.update(start);
        sum.update(text);
        Ok(Some(stated))
    }

    fn value(&mut self, info: &TensorInfo, data: u64, data_start: u64) -> Result<Value, Problem> {
        let shape = &info.shape;
        let count: usize = shape.iter().product();
        let mut read = Elements {
            source: self,
            count,
            data,
            data_start,
        };
        Ok(match info.dtype {
            Dtype::F32 => Value::F32(read.tensor(shape, f32::from_le_bytes)?),
            Dtype::F64 => Value::F64(read.tensor(shape, f64::from_le_bytes)?),
            Dtype::F16 => Value::F32(read.tensor(shape, half)?),
            Dtype::BF16 => Value::F32(read.tensor(shape, brain)?),
            Dtype::I64 => Value::I64(read.tensor(shape, i64::from_le_bytes)?),
            Dtype::I32 => Value::I64(read.tensor(shape, |x| i32::from_le_bytes(x).into())?),
            Dtype::I16 => Value::I64(read.tensor(shape, |x| i16::from_le_bytes(x).into())?),
            Dtype::I8 => Value::I64(read.tensor(shape, |x| i8::from_le_bytes(x).into())?),
            Dtype::U32 => Value::I64(read.tensor(shape, |x| u32::from_le_bytes(x).into())?),
            Dtype::U16 => Value::I64(read.tensor(shape, |x| u16::from_le_bytes(x).into())?),
            Dtype::BOOL => {
                let offset = read.source.offset;
                let bytes = read.vec(|[x]: [u8; 1]| x)?;
                if let Some(at) = bytes.iter().position(|&x| x > 1) {
                    return Err(Problem::Data {
                        offset: offset + at as u64,
                        reason: format!("{} is neither true nor false", bytes[at]),
                    });
                }
                let truths = bytes.iter().map(|&x| x == 1).collect();
                Value::Bool(read.shaped(truths, shape)?)
            }
            Dtype::U64 if shape.len() == 1 => Value::U64(read.vec(u64::from_le_bytes)?),
            Dtype::U8 if shape.len() == 1 => Value::Bytes(read.vec(|[x]: [u8; 1]| x)?),
            Dtype::U8 => Value::I64(read.tensor(shape, |[x]: [u8; 1]| x.into())?),
            other => {
                let (start, end) = info.data_offsets;
                read.skip(end - start)?;
                Value::Other {
                    dtype: other.to_string(),
                    shape: shape.clone(),
                }
            }
        })
    }

    /// Reads up to the end of the buffer or of the file.
    fn some(&mut self, buffer: &mut [u8]) -> Result<usize, Problem> {
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
                    return Err(Problem::Read { offset, source });
                }
            }
        }
        if let Some(sum) = &mut self.sum {
            sum.update(&buffer[..filled]);
        }
        Ok(filled)
    }

    /// Reads `count` bytes in blocks, so that a claim of more costs no memory.
    fn bytes(
        &mut self,
        count: usize,
        part: &'static str,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), Problem> {
        let mut block = vec![0; BLOCK.min(count)];
        let mut done = 0;
        while done < count {
            let wanted = BLOCK.min(count - done);
            let found = self.some(&mut block[..wanted])?;
            if found < wanted {
                return Err(Problem::Truncated {
                    part,
                    found: (done + found) as u64,
                    expected: count as u64,
                });
            }
            take(&block[..wanted]);
            done += wanted;
        }
        Ok(())
    }
}

/// The elements of one array.
struct Elements<'s, 'r> {
    source: &'s mut Source<'r>,
    count: usize,
    /// The bytes of all arrays, and where they begin.
    data: u64,
    data_start: u64,
}

impl Elements<'_, '_> {
    fn tensor<T: Element, const N: usize>(
        &mut self,
        shape: &[usize],
        element: fn([u8; N]) -> T,
    ) -> Result<Tensor<T>, Problem> {
        let data = self.vec(element)?;
        self.shaped(data, shape)
    }

    fn shaped<T: Element>(&self, data: Vec<T>, shape: &[usize]) -> Result<Tensor<T>, Problem> {
        Tensor::from_vec(data, shape).map_err(|error| Problem::Header {
            offset: 8,
            reason: error.to_string(),
        })
    }

    fn vec<T, const N: usize>(&mut self, element: fn([u8; N]) -> T) -> Result<Vec<T>, Problem> {
        let mut all: Vec<T> = Vec::new();
        let total = self.count;
        self.blocks(total * N, |block| {
            let (elements, _) = block.as_chunks::<N>();
            if all.capacity() - all.len() < elements.len() {
                // Twice as much as came so far, and never more than will be needed.
                let more = all.len().max(elements.len()).min(total - all.len());
                all.reserve_exact(more);
            }
            all.extend(elements.iter().map(|&bytes| element(bytes)));
        })?;
        Ok(all)
    }

    fn skip(&mut self, bytes: usize) -> Result<(), Problem> {
        self.blocks(bytes, |_| ())
    }

    fn blocks(&mut self, bytes: usize, take: impl FnMut(&[u8])) -> Result<(), Problem> {
        let read = self.source.bytes(bytes, "the data", take);
        read.map_err(|problem| match problem {
            Problem::Truncated { part, .. } => Problem::Truncated {
                part,
                found: self.source.offset - self.data_start,
                expected: self.data,
            },
            other => other,
        })
    }
}

/// Half precision: 1 bit of sign, 5 of exponent, 10 of fraction.
fn half(bytes: [u8; 2]) -> f32 {
    let bits = u32::from(u16::from_le_bytes(bytes));
    let sign = (bits >> 15) << 31;
    let (exponent, fraction) = ((bits >> 10) & 0x1f, bits & 0x3ff);
    match exponent {
        // 2⁻²⁴ each, exactly.
        0 => f32::from_bits((fraction as f32 / 16_777_216.0).to_bits() | sign),
        0x1f => f32::from_bits(sign | (0xff << 23) | (fraction << 13)),
        _ => f32::from_bits(sign | ((exponent + 112) << 23) | (fraction << 13)),
    }
}

/// `bfloat16`: the upper half of single precision.
fn brain(bytes: [u8; 2]) -> f32 {
    f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16)
}
