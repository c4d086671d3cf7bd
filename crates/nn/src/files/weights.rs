//! `save` and `load`: the weights of a model by the paths of its tree.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path as FilePath;

use wengert_tape::tree::{Path, Tree};
use wengert_tensor::{Element, Float, Tensor};

use super::format::{self, Contents};
use super::value::Value;
use super::{FileError, Problem, aside};

/// Saves every leaf of a model, state leaves included, as a safetensors file by the paths of the tree.
///
/// The file is written beside its place, brought to the disk and then put into its place, so that a
/// crash at any moment leaves the old file whole. Every bit comes back, NaN included. Equal models make
/// equal files.
///
/// ```
/// use wengert_nn::{Linear, files};
/// use wengert_tensor::Rng;
///
/// let rng = &mut Rng::seed_from_u64(1);
/// let (model, mut other) = (Linear::new(3, 2, rng), Linear::new(3, 2, rng));
/// let path = std::env::temp_dir().join("wengert-save.safetensors");
/// files::save(&model, &path)?;
/// files::load(&mut other, &path)?;
/// assert_eq!((model.weight, model.bias), (other.weight, other.bias));
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), files::FileError>(())
/// ```
///
/// # Errors
/// If the file cannot be written, or two leaves have one path. The old file is there then.
#[doc(alias = "save_file")]
#[doc(alias = "state_dict")]
pub fn save<M: Tree<Tensor<T>>, T: Float>(
    model: &M,
    path: impl AsRef<FilePath>,
) -> Result<(), FileError> {
    save_with_metadata(model, &[], path)
}

/// [`save`] with texts beside the weights, which [`LoadReport`] and [`metadata`] give back.
///
/// ```
/// use wengert_nn::{Linear, files};
/// use wengert_tensor::Rng;
///
/// let model = Linear::new(3, 2, &mut Rng::seed_from_u64(1));
/// let path = std::env::temp_dir().join("wengert-metadata.safetensors");
/// files::save_with_metadata(&model, &[("data", "names"), ("epochs", "3")], &path)?;
/// assert_eq!(files::metadata(&path)?["epochs"], "3");
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), files::FileError>(())
/// ```
///
/// # Errors
/// As [`save`].
pub fn save_with_metadata<M: Tree<Tensor<T>>, T: Float>(
    model: &M,
    metadata: &[(&str, &str)],
    path: impl AsRef<FilePath>,
) -> Result<(), FileError> {
    write_file(path.as_ref(), &leaves(model), &texts(metadata))
}

/// [`save`] into a writer, such as a vector of bytes.
///
/// ```
/// use wengert_nn::files;
/// use wengert_tensor::Tensor;
/// let model = vec![Tensor::from([1.0_f32, 2.0])];
/// let mut bytes = Vec::new();
/// files::save_to(&model, &mut bytes)?;
/// let mut other = vec![Tensor::<f32>::zeros([2])];
/// files::load_from(&mut other, &bytes[..])?;
/// assert_eq!(other, model);
/// # Ok::<(), files::FileError>(())
/// ```
///
/// # Errors
/// If the writer fails, or two leaves have one path.
pub fn save_to<M: Tree<Tensor<T>>, T: Float>(
    model: &M,
    mut writer: impl Write,
) -> Result<(), FileError> {
    let leaves = leaves(model);
    Ok(format::write(
        &by_name(&leaves),
        &BTreeMap::new(),
        &mut writer,
    )?)
}

/// Loads every leaf of a model from a safetensors file that [`save`] wrote, or any other with the same
/// names. Strict: see [`LoadOptions`] for files that do not fit as they are.
///
/// All or nothing: after an error the model is as it was.
///
/// # Errors
/// If the file cannot be read, is no sound safetensors file, or does not hold exactly the leaves of
/// the model in their shapes.
#[doc(alias = "load_file")]
#[doc(alias = "load_state_dict")]
pub fn load<M: Tree<Tensor<T>>, T: Float>(
    model: &mut M,
    path: impl AsRef<FilePath>,
) -> Result<LoadReport, FileError> {
    LoadOptions::new().load(model, path)
}

/// [`load`] from a reader, such as a slice of bytes. What comes from a reader without end is limited by
/// [`Read::take`].
///
/// # Errors
/// As [`load`].
pub fn load_from<M: Tree<Tensor<T>>, T: Float>(
    model: &mut M,
    reader: impl Read,
) -> Result<LoadReport, FileError> {
    LoadOptions::new().load_from(model, reader)
}

/// The texts of a safetensors file, of which only the header is read.
///
/// # Errors
/// If the file cannot be read, or has no sound header.
pub fn metadata(path: impl AsRef<FilePath>) -> Result<BTreeMap<String, String>, FileError> {
    read_metadata(path.as_ref())
}

/// How a file is loaded that does not hold what the model has.
///
/// Numbers go from `f16`, `bf16` and `f32` into leaves of `f32` and `f64` exactly. From `f64` into `f32`
/// they lose bits, which has to be allowed.
///
/// ```
/// use wengert_nn::files::{self, LoadOptions};
/// use wengert_nn::{Embedding, Linear};
/// use wengert_tensor::Rng;
///
/// let rng = &mut Rng::seed_from_u64(1);
/// let old = (Embedding::new(5, 4, rng), Linear::new(4, 2, rng));
/// let mut bytes = Vec::new();
/// files::save_to(&old, &mut bytes)?;
///
/// // The same words, and another head.
/// let mut new = (Embedding::new(5, 4, rng), Linear::new(4, 3, rng));
/// let error = files::load_from(&mut new, &bytes[..]).unwrap_err();
/// let says = "`1.weight` is f32 [4, 3] in the model and f32 [4, 2] in the file";
/// assert!(error.to_string().contains(says));
/// let report = LoadOptions::new().allow_misfits().load_from(&mut new, &bytes[..])?;
/// assert_eq!((report.loaded, report.misfits.len()), (1, 2));
/// assert_eq!(new.0.weight, old.0.weight);
/// # Ok::<(), files::FileError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    missing: bool,
    unexpected: bool,
    misfits: bool,
    rounding: bool,
}

impl LoadOptions {
    /// Strict.
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves that the file does not have stay as they are.
    #[doc(alias = "strict")]
    pub fn allow_missing(mut self) -> Self {
        self.missing = true;
        self
    }

    /// Arrays that the model does not have are left out.
    #[doc(alias = "strict")]
    pub fn allow_unexpected(mut self) -> Self {
        self.unexpected = true;
        self
    }

    /// Leaves that are of another shape or type in the file stay as they are.
    pub fn allow_misfits(mut self) -> Self {
        self.misfits = true;
        self
    }

    /// Numbers of `f64` are rounded where the model has `f32`.
    pub fn allow_rounding(mut self) -> Self {
        self.rounding = true;
        self
    }

    /// [`load`](load()) with these options.
    ///
    /// # Errors
    /// As the function of that name, but for what is allowed.
    pub fn load<M: Tree<Tensor<T>>, T: Float>(
        &self,
        model: &mut M,
        path: impl AsRef<FilePath>,
    ) -> Result<LoadReport, FileError> {
        let path = path.as_ref();
        let contents = read_file(path, false)?;
        self.put(model, contents).map_err(|error| error.at(path))
    }

    /// [`load_from`](load_from()) with these options.
    ///
    /// # Errors
    /// As the function of that name, but for what is allowed.
    pub fn load_from<M: Tree<Tensor<T>>, T: Float>(
        &self,
        model: &mut M,
        mut reader: impl Read,
    ) -> Result<LoadReport, FileError> {
        let contents = format::read(&mut reader, None, false)?;
        Ok(self.put(model, contents)?)
    }

    /// Puts what was read into the model, or nothing.
    pub(super) fn put<M: Tree<Tensor<T>>, T: Float>(
        &self,
        model: &mut M,
        contents: Contents,
    ) -> Result<LoadReport, Problem> {
        let wanted = leaves(model);
        let (mut found, report) = self.match_up(&wanted, contents)?;
        let mut at = 0;
        model.visit_leaves_mut(&mut Path::new(), &mut |_, leaf: &mut Tensor<T>| {
            if let Some(tensor) = found.get_mut(at).and_then(Option::take) {
                let tensor: &dyn Any = match &tensor {
                    Value::F32(x) => x,
                    Value::F64(x) => x,
                    _ => &(),
                };
                if let Some(tensor) = tensor.downcast_ref::<Tensor<T>>() {
                    *leaf = tensor.clone();
                }
            }
            at += 1;
        });
        Ok(report)
    }

    /// For every leaf what it becomes, and what does not fit.
    fn match_up(
        &self,
        wanted: &[(String, Value)],
        mut contents: Contents,
    ) -> Result<(Vec<Option<Value>>, LoadReport), Problem> {
        let mut report = LoadReport {
            metadata: std::mem::take(&mut contents.metadata),
            ..LoadReport::default()
        };
        let mut found = Vec::with_capacity(wanted.len());
        for (path, leaf) in wanted {
            let value = contents.values.remove(path);
            let Some(value) = value else {
                report.missing.push(path.clone());
                found.push(None);
                continue;
            };
            let fitting = fit(leaf, &value, self.rounding);
            match fitting {
                Some(_) => report.loaded += 1,
                None => report.misfits.push(Misfit {
                    path: path.clone(),
                    model: leaf.to_string(),
                    file: value.to_string(),
                }),
            }
            found.push(fitting);
        }
        report.unexpected = contents.values.into_keys().collect();
        let refused = !self.missing && !report.missing.is_empty()
            || !self.unexpected && !report.unexpected.is_empty()
            || !self.misfits && !report.misfits.is_empty();
        if refused {
            return Err(Problem::Mismatch(Box::new(report)));
        }
        Ok((found, report))
    }
}

/// A value of the file in the type of a leaf, if the shapes agree and the numbers can be had.
pub(super) fn fit(leaf: &Value, value: &Value, rounding: bool) -> Option<Value> {
    if leaf.shape() != value.shape() {
        return None;
    }
    Some(match (leaf, value) {
        (Value::F32(_), Value::F32(_)) | (Value::F64(_), Value::F64(_)) => value.clone(),
        (Value::F64(_), Value::F32(x)) => Value::F64(x.cast()),
        (Value::F32(_), Value::F64(x)) if rounding => Value::F32(x.cast()),
        _ => return None,
    })
}

/// What a file had for a model, and what it had not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// The number of leaves that were loaded, or would have been.
    pub loaded: usize,
    /// The paths of leaves that the file does not have.
    pub missing: Vec<String>,
    /// The names of arrays that the model does not have.
    pub unexpected: Vec<String>,
    /// Leaves that are of another shape or type in the file.
    pub misfits: Vec<Misfit>,
    /// The texts of the file.
    pub metadata: BTreeMap<String, String>,
}

/// A leaf that is of another shape or type in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Its path.
    pub path: String,
    /// Its type and shape in the model, as `f32 [2, 3]`.
    pub model: String,
    /// Its type and shape in the file.
    pub file: String,
}

impl LoadReport {
    /// Whether the file had what the model has, and nothing else.
    pub fn is_exact(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.misfits.is_empty()
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// So many are named.
        const MOST: usize = 6;
        let list = |names: &[String]| {
            let quoted = names.iter().take(MOST).map(|name| format!("`{name}`"));
            let mut list = quoted.collect::<Vec<_>>().join(", ");
            if let Some(more) = names.len().checked_sub(MOST).filter(|&more| more > 0) {
                list += &format!(" and {more} more");
            }
            list
        };
        let mut parts = Vec::new();
        if !self.missing.is_empty() {
            parts.push(format!("the file does not have {}", list(&self.missing)));
        }
        if !self.unexpected.is_empty() {
            let names = list(&self.unexpected);
            parts.push(format!("the model does not have {names}"));
        }
        for misfit in self.misfits.iter().take(MOST) {
            let Misfit { path, model, file } = misfit;
            let hint = match (model.starts_with("f32"), file.starts_with("f64")) {
                (true, true) if model[3..] == file[3..] => " (rounding has to be allowed)",
                _ => "",
            };
            parts.push(format!(
                "`{path}` is {model} in the model and {file} in the file{hint}"
            ));
        }
        if let Some(more) = self.misfits.len().checked_sub(MOST).filter(|&n| n > 0) {
            parts.push(format!("{more} more are of other shapes or types"));
        }
        if parts.is_empty() {
            return write!(f, "{} leaves were loaded", self.loaded);
        }
        f.write_str(&parts.join("; "))
    }
}

/// The leaves of a model, which share their storage with it.
pub(super) fn leaves<M: Tree<Tensor<T>>, T: Element>(model: &M) -> Vec<(String, Value)> {
    let mut leaves = Vec::new();
    model.visit_leaves(&mut Path::new(), &mut |path, leaf: &Tensor<T>| {
        leaves.push((path.to_string(), Value::of(leaf)));
    });
    leaves
}

pub(super) fn by_name(leaves: &[(String, Value)]) -> Vec<(&str, &Value)> {
    leaves
        .iter()
        .map(|(name, value)| (name.as_str(), value))
        .collect()
}

pub(super) fn texts(metadata: &[(&str, &str)]) -> BTreeMap<String, String> {
    let texts = metadata.iter();
    texts
        .map(|&(key, text)| (key.to_owned(), text.to_owned()))
        .collect()
}

/// Writes a file without a checksum, which other programs would have to keep up.
pub(super) fn write_file(
    path: &FilePath,
    leaves: &[(String, Value)],
    metadata: &BTreeMap<String, String>,
) -> Result<(), FileError> {
    aside::write(path, |out| format::write(&by_name(leaves), metadata, out))
}

/// Arrays by their names, and the texts of a file.
pub(crate) type NamedValues = (BTreeMap<String, Value>, BTreeMap<String, String>);

/// What a safetensors file holds, whatever it is for.
pub(crate) fn contents(path: &FilePath) -> Result<NamedValues, FileError> {
    let Contents { metadata, values } = read_file(path, false)?;
    Ok((values, metadata))
}

/// [`contents`] of a reader.
pub(crate) fn contents_from(mut reader: impl Read) -> Result<NamedValues, FileError> {
    let Contents { metadata, values } = format::read(&mut reader, None, false)?;
    Ok((values, metadata))
}

/// Writes arrays by their names.
pub(crate) fn write_values(
    mut writer: impl Write,
    values: &BTreeMap<String, Value>,
    metadata: &BTreeMap<String, String>,
) -> Result<(), FileError> {
    let values: Vec<_> = values.iter().map(|(name, x)| (name.as_str(), x)).collect();
    Ok(format::write(&values, metadata, &mut writer)?)
}

/// [`write_values`] to a file.
pub(crate) fn save_values(
    path: &FilePath,
    values: &BTreeMap<String, Value>,
    metadata: &BTreeMap<String, String>,
) -> Result<(), FileError> {
    let values: Vec<_> = values.iter().map(|(name, x)| (name.as_str(), x)).collect();
    aside::write(path, |out| format::write(&values, metadata, out))
}

/// Reads a file.
pub(super) fn read_file(path: &FilePath, checked: bool) -> Result<Contents, FileError> {
    let read = || {
        let (mut file, size) = open(path)?;
        format::read(&mut file, Some(size), checked)
    };
    read().map_err(|problem: Problem| problem.at(path))
}

/// The texts of a file, for whoever does not need the rest.
pub(super) fn read_metadata(path: &FilePath) -> Result<BTreeMap<String, String>, FileError> {
    let read = || {
        let (mut file, size) = open(path)?;
        format::read_metadata(&mut file, size)
    };
    read().map_err(|problem: Problem| problem.at(path))
}

/// A file that is one, and its length.
fn open(path: &FilePath) -> Result<(File, u64), Problem> {
    let about = fs::metadata(path).map_err(Problem::io("opening"))?;
    if let Some(found) = aside::no_file(&about) {
        return Err(Problem::NotAFile { found });
    }
    let file = File::open(path).map_err(Problem::io("opening"))?;
    Ok((file, about.len()))
}
