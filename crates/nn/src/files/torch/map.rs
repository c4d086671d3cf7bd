//! `TorchMap`: the paths of a model, and PyTorch's names.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::Path as FilePath;

use wengert_tape::tree::Tree;
use wengert_tensor::{Element, Float, Tensor};

use super::layers::TorchNames;
use super::rule::{Rule, Source};
use crate::files::format::{self, Contents};
use crate::files::value::Value;
use crate::files::weights::{self, LoadOptions, LoadReport};
use crate::files::{FileError, Problem};

/// From the paths of a model to PyTorch's names: for each leaf a [`Rule`].
///
/// Layers say what they are called ([`TorchNames`]); what they do not say is [`add`](TorchMap::add)ed.
#[derive(Clone, Debug, Default)]
pub struct TorchMap {
    /// By path.
    rules: BTreeMap<String, Rule>,
    /// What PyTorch has and the model has not, as it is written.
    constants: BTreeMap<String, Value>,
    /// Where the part stands that is being asked, here and there.
    path: String,
    name: String,
}

impl TorchMap {
    /// A map of no leaf.
    pub fn new() -> Self {
        Self::default()
    }

    /// The map of a model.
    pub fn of(model: &(impl TorchNames + ?Sized)) -> Self {
        let mut map = Self::new();
        model.torch_names(&mut map);
        map
    }

    /// Adds a part of the model, which is called `name` there. Both may be empty, and have dots:
    /// `part("", "module", &model)` is for a model that was trained by `DataParallel`.
    pub fn part(&mut self, path: &str, name: &str, part: &(impl TorchNames + ?Sized)) {
        self.below(path, name, |map| part.torch_names(map));
    }

    /// Runs `f`, for which paths and names stand under these.
    pub fn below(&mut self, path: &str, name: &str, f: impl FnOnce(&mut Self)) {
        let (outer_path, outer_name) = (joined(&self.path, path), joined(&self.name, name));
        let outer_path = std::mem::replace(&mut self.path, outer_path);
        let outer_name = std::mem::replace(&mut self.name, outer_name);
        f(self);
        (self.path, self.name) = (outer_path, outer_name);
    }

    /// Adds a leaf, or replaces what was said of it.
    pub fn add(&mut self, path: &str, rule: Rule) {
        let rule = rule.renamed(|name| joined(&self.name, name));
        self.rules.insert(joined(&self.path, path), rule);
    }

    /// Adds an array that PyTorch has and the model has not: this is written, and what is read does not
    /// matter.
    pub fn add_constant(&mut self, name: &str, value: Value) {
        self.constants.insert(joined(&self.name, name), value);
    }

    /// PyTorch's names of everything, in order.
    pub fn names(&self) -> Vec<String> {
        let of_leaves = self.rules.values().flat_map(|rule| rule.names());
        let names = of_leaves.chain(self.constants.keys().map(String::as_str));
        let names: BTreeSet<&str> = names.collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// Saves a model as a state dict.
    ///
    /// # Errors
    /// If the file cannot be written, a leaf has no name, or two leaves do not go together in one array.
    pub fn save<M: Tree<Tensor<T>>, T: Float>(
        &self,
        model: &M,
        path: impl AsRef<FilePath>,
    ) -> Result<(), FileError> {
        let path = path.as_ref();
        let arrays = self.export(weights::leaves(model));
        let arrays = arrays.map_err(|problem| problem.at(path))?;
        weights::write_file(path, &arrays, &framework())
    }

    /// [`save`](TorchMap::save) into a writer.
    ///
    /// # Errors
    /// As [`save`](TorchMap::save).
    pub fn save_to<M: Tree<Tensor<T>>, T: Float>(
        &self,
        model: &M,
        mut writer: impl Write,
    ) -> Result<(), FileError> {
        let arrays = self.export(weights::leaves(model))?;
        Ok(format::write(
            &weights::by_name(&arrays),
            &framework(),
            &mut writer,
        )?)
    }

    /// Loads a model from a state dict, strictly: all or nothing.
    ///
    /// # Errors
    /// If the file cannot be read, is no sound safetensors file, or does not hold exactly what the map
    /// names. What is missing or unexpected is said by PyTorch's names.
    pub fn load<M: Tree<Tensor<T>>, T: Float>(
        &self,
        model: &mut M,
        path: impl AsRef<FilePath>,
    ) -> Result<LoadReport, FileError> {
        self.load_with(LoadOptions::new(), model, path)
    }

    /// [`load`](TorchMap::load) with options.
    ///
    /// # Errors
    /// As [`load`](TorchMap::load), but for what is allowed.
    pub fn load_with<M: Tree<Tensor<T>>, T: Float>(
        &self,
        options: LoadOptions,
        model: &mut M,
        path: impl AsRef<FilePath>,
    ) -> Result<LoadReport, FileError> {
        let path = path.as_ref();
        let contents = weights::read_file(path, false)?;
        let loaded = self.put(options, model, contents);
        loaded.map_err(|problem| problem.at(path))
    }

    /// [`load`](TorchMap::load) from a reader.
    ///
    /// # Errors
    /// As [`load`](TorchMap::load).
    pub fn load_from<M: Tree<Tensor<T>>, T: Float>(
        &self,
        model: &mut M,
        mut reader: impl Read,
    ) -> Result<LoadReport, FileError> {
        let contents = format::read(&mut reader, None, false)?;
        Ok(self.put(LoadOptions::new(), model, contents)?)
    }

    fn put<M: Tree<Tensor<T>>, T: Float>(
        &self,
        options: LoadOptions,
        model: &mut M,
        contents: Contents,
    ) -> Result<LoadReport, Problem> {
        let by_path = self.import(&weights::leaves(model), contents)?;
        let missing = |report: &mut LoadReport| {
            for missing in &mut report.missing {
                if let Some(rule) = self.rules.get(missing) {
                    *missing = rule.names().join("` and `");
                }
            }
        };
        match options.put(model, by_path) {
            Ok(mut report) => {
                missing(&mut report);
                Ok(report)
            }
            Err(Problem::Mismatch(mut report)) => {
                missing(&mut report);
                Err(Problem::Mismatch(report))
            }
            Err(other) => Err(other),
        }
    }

    fn rule(&self, path: &str) -> Result<&Rule, Problem> {
        self.rules.get(path).ok_or_else(|| {
            Problem::Names(format!(
                "`{path}` has no name in PyTorch: add a rule for it to the map"
            ))
        })
    }

    /// The leaves by their paths, from arrays by PyTorch's names; names that nobody asks for stay.
    fn import(&self, leaves: &[(String, Value)], contents: Contents) -> Result<Contents, Problem> {
        let Contents {
            metadata,
            values: mut arrays,
        } = contents;
        let (mut values, mut used) = (BTreeMap::new(), BTreeSet::new());
        for (path, _) in leaves {
            let rule = self.rule(path)?;
            let names = rule.names();
            let found: Vec<&Value> = names.iter().filter_map(|&name| arrays.get(name)).collect();
            used.extend(names.iter().map(|&name| name.to_owned()));
            if found.len() < names.len() {
                continue;
            }
            let value = rule.import(&found).unwrap_or_else(|reason| {
                // This fits no leaf, and the report will say why.
                let dtype = format!("({reason}) {}", found[0].dtype());
                let shape = found[0].shape();
                Value::Other { dtype, shape }
            });
            values.insert(path.clone(), value);
        }
        arrays.retain(|name, _| !used.contains(name) && !self.constants.contains_key(name));
        // A name could be a path of the model, and is not meant.
        for (name, value) in arrays {
            values.entry(name).or_insert(value);
        }
        Ok(Contents { metadata, values })
    }

    /// Arrays by PyTorch's names.
    fn export(&self, leaves: Vec<(String, Value)>) -> Result<Vec<(String, Value)>, Problem> {
        let mut arrays: BTreeMap<String, Value> = self.constants.clone();
        let mut parts: BTreeMap<&str, Vec<Option<Value>>> = BTreeMap::new();
        let twice = |name: &str| Problem::Names(format!("two leaves are called `{name}`"));
        for (path, leaf) in leaves {
            let rule = self.rule(&path)?;
            let value = rule.export(&leaf).map_err(|reason| {
                Problem::Names(format!("`{path}` is {leaf}, which is {reason}"))
            })?;
            match &rule.source {
                Source::One(name) => {
                    if arrays.insert(name.clone(), value).is_some() {
                        return Err(twice(name));
                    }
                }
                Source::Sum(names) => {
                    let zero = zeros_like(&value);
                    let values = std::iter::once(value).chain(std::iter::repeat(zero));
                    for (name, value) in names.iter().zip(values) {
                        if arrays.insert(name.clone(), value).is_some() {
                            return Err(twice(name));
                        }
                    }
                }
                Source::Part { name, at, of } => {
                    let parts = parts.entry(name).or_insert_with(|| vec![None; *of]);
                    match parts.get_mut(*at) {
                        Some(place @ None) => *place = Some(value),
                        _ => return Err(twice(name)),
                    }
                }
            }
        }
        for (name, parts) in parts {
            let whole = parts.into_iter().collect::<Option<Vec<Value>>>();
            let joined = whole.and_then(|parts| joined_parts(&parts));
            let joined = joined.ok_or_else(|| {
                Problem::Names(format!(
                    "the parts of `{name}` are not all there, or differ"
                ))
            })?;
            if arrays.insert(name.to_owned(), joined).is_some() {
                return Err(twice(name));
            }
        }
        Ok(arrays.into_iter().collect())
    }
}

/// What `transformers` wants to find in a file of PyTorch's.
fn framework() -> BTreeMap<String, String> {
    weights::texts(&[("format", "pt")])
}

fn joined(before: &str, after: &str) -> String {
    match (before, after) {
        ("", after) => after.to_owned(),
        (before, "") => before.to_owned(),
        (before, after) => format!("{before}.{after}"),
    }
}

fn zeros_like(value: &Value) -> Value {
    match value {
        Value::F64(x) => Value::F64(Tensor::zeros(x.shape())),
        other => Value::F32(Tensor::zeros(other.shape())),
    }
}

/// Equal parts as one array along the first axis.
fn joined_parts(parts: &[Value]) -> Option<Value> {
    fn of<T: Element>(parts: &[Value]) -> Option<Tensor<T>> {
        let tensors: Option<Vec<Tensor<T>>> = parts.iter().map(Value::tensor).collect();
        let tensors = tensors?;
        let like = tensors.first()?;
        let equal = tensors.iter().all(|part| part.shape() == like.shape());
        let parts: Vec<&Tensor<T>> = tensors.iter().collect();
        (equal && like.rank() > 0).then(|| Tensor::cat(&parts, 0))
    }
    match parts.first()? {
        Value::F64(_) => Some(Value::F64(of(parts)?)),
        _ => Some(Value::F32(of(parts)?)),
    }
}
