//! Safetensors files as data: named arrays.
//!
//! The weights of a model are read and written by the module `files`, and so are trainings.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

use wengert_tensor::{Element, Tensor};

use crate::data::error::{Place, ReadError, Reason};
use crate::files::{self, FileError, Problem, Value};

/// Named arrays of any element types, and texts beside them.
///
/// ```
/// use wengert_nn::data::safetensors::Safetensors;
/// use wengert_tensor::Tensor;
/// let mut arrays = Safetensors::new();
/// arrays.insert("x", &Tensor::<f32>::from([[1.0, 2.0]]));
/// arrays.insert("labels", &Tensor::from([7]));
/// let mut file = Vec::new();
/// arrays.write(&mut file)?;
///
/// let back = Safetensors::read(&file[..])?;
/// assert_eq!(back.names().collect::<Vec<_>>(), ["labels", "x"]);
/// assert_eq!(back.get::<f64>("x")?, Tensor::from([[1.0, 2.0]]));
/// let says = "the elements are i64, which f32 does not hold exactly";
/// assert_eq!(back.get::<f32>("labels").unwrap_err().to_string(), format!("entry \"labels\": {says}"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[doc(alias("safe_open", "safetensors.numpy.load_file"))]
pub struct Safetensors {
    arrays: BTreeMap<String, Value>,
    /// The texts of the file's metadata.
    pub metadata: BTreeMap<String, String>,
}

impl Safetensors {
    /// Without arrays.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file. A reader without end is limited by [`Read::take`].
    ///
    /// # Errors
    /// If the reader fails, or gives no sound safetensors file.
    pub fn read(reader: impl Read) -> Result<Self, ReadError> {
        Ok(Self::of(files::contents_from(reader).map_err(told)?))
    }

    /// Reads the file at a path.
    ///
    /// # Errors
    /// As [`read`](Safetensors::read). The error names the file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        let path = path.as_ref();
        let contents = files::contents(path).map_err(|error| told(error).in_file(path))?;
        Ok(Self::of(contents))
    }

    fn of((arrays, metadata): files::NamedValues) -> Self {
        Safetensors { arrays, metadata }
    }

    /// The names, in the order of the alphabet.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.arrays.keys().map(String::as_str)
    }

    /// The array of this name, with its type; none if there is none.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.arrays.get(name)
    }

    /// The array of this name: `f32` also as `f64`, and truths and bytes as any numbers. Half precision and `bfloat16` are read as
    /// `f32`, and whole numbers of fewer bits as `i64`.
    ///
    /// # Errors
    /// If there is none, or its elements are of a type that the wanted one does not hold exactly.
    pub fn get<T: Element>(&self, name: &str) -> Result<Tensor<T>, ReadError> {
        let Some(value) = self.arrays.get(name) else {
            let missing = Reason::Missing(name.to_owned());
            return Err(ReadError::new(Place::Whole, missing));
        };
        let other = || match value {
            Value::F32(x) => Value::of(&x.cast::<f64>()).tensor(),
            Value::Bool(x) => narrow(x.shape(), x.iter().map(i64::from)),
            Value::Bytes(x) => narrow(&[x.len()], x.iter().map(|&x| i64::from(x))),
            _ => None,
        };
        value.tensor().or_else(other).ok_or_else(|| {
            let kind = Reason::Type {
                wanted: T::NAME,
                found: value.dtype().to_owned(),
            };
            ReadError::new(Place::Whole, kind).in_entry(name)
        })
    }

    /// Adds an array, in the place of one of this name.
    pub fn insert<T: Element>(&mut self, name: &str, array: &Tensor<T>) {
        self.arrays.insert(name.to_owned(), Value::of(array));
    }

    /// Writes the file.
    ///
    /// # Errors
    /// If the writer fails.
    pub fn write(&self, writer: impl Write) -> Result<(), FileError> {
        files::write_values(writer, &self.arrays, &self.metadata)
    }

    /// Writes the file aside, and puts it into its place.
    ///
    /// # Errors
    /// If it cannot be written. The old file is there then.
    #[doc(alias = "save_file")]
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        files::save_values(path.as_ref(), &self.arrays, &self.metadata)
    }
}

/// Numbers that every type but that of truths holds, in the wanted one.
fn narrow<T: Element>(shape: &[usize], numbers: impl Iterator<Item = i64>) -> Option<Tensor<T>> {
    let whole = Tensor::from_vec(numbers.collect::<Vec<i64>>(), shape).ok()?;
    let all = [
        Value::of(&whole),
        Value::of(&whole.cast::<f32>()),
        Value::of(&whole.cast::<f64>()),
    ];
    all.iter().find_map(Value::tensor)
}

fn told(error: FileError) -> ReadError {
    match error.problem {
        Problem::Io { source, .. } => ReadError::io(source),
        Problem::Read { offset, source } => ReadError::new(Place::Byte(offset), Reason::Io(source)),
        other => ReadError::format(Place::Whole, other.to_string()),
    }
}
