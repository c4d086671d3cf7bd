//! The golden files.

use std::path::PathBuf;

use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use wengert_tape::Var;
use wengert_tensor::{Element, Tensor};

/// An index and its numbers.
pub struct Book {
    index: Value,
    numbers: Vec<u8>,
}

/// One case of a book.
pub struct Case<'a> {
    pub name: String,
    pub op: String,
    pub inputs: Vec<String>,
    pub second_order: bool,
    attrs: &'a Value,
    numbers: SafeTensors<'a>,
}

impl Book {
    pub fn open(name: &str) -> Self {
        let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
        let read = |extension| {
            let path = golden.join(name).with_extension(extension);
            std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        Book {
            index: serde_json::from_slice(&read("json")).expect("the index is JSON"),
            numbers: read("safetensors"),
        }
    }

    pub fn cases(&self) -> impl Iterator<Item = Case<'_>> {
        self.index["cases"]
            .as_array()
            .expect("a list of cases")
            .iter()
            .map(|row| {
                let text = |value: &Value| value.as_str().expect("a name").to_owned();
                Case {
                    name: text(&row["case"]),
                    op: text(&row["op"]),
                    inputs: row["inputs"]
                        .as_array()
                        .expect("names")
                        .iter()
                        .map(text)
                        .collect(),
                    second_order: row["second_order"].as_bool().unwrap_or(false),
                    attrs: &row["attrs"],
                    numbers: SafeTensors::deserialize(&self.numbers).expect("the numbers"),
                }
            })
    }
}

impl Case<'_> {
    fn read<T: Element>(&self, name: &str, dtype: Dtype, from: fn([u8; 8]) -> T) -> Tensor<T> {
        let key = format!("{}/{name}", self.name);
        let view = self
            .numbers
            .tensor(&key)
            .unwrap_or_else(|_| panic!("there is no {key}"));
        assert_eq!(view.dtype(), dtype, "{key}");
        let (words, _) = view.data().as_chunks::<8>();
        let data = words.iter().map(|&word| from(word)).collect();
        Tensor::from_vec(data, view.shape().to_vec()).expect("as many numbers as the shape says")
    }

    pub fn tensor(&self, name: &str) -> Tensor<f64> {
        self.read(name, Dtype::F64, f64::from_le_bytes)
    }

    pub fn indices(&self, name: &str) -> Tensor<i64> {
        self.read(name, Dtype::I64, i64::from_le_bytes)
    }

    pub fn mask(&self, name: &str) -> Tensor<bool> {
        self.indices(name).map(|yes| yes != 0)
    }

    pub fn f64(&self, name: &str) -> f64 {
        self.attrs[name]
            .as_f64()
            .unwrap_or_else(|| panic!("{}: no number {name}", self.name))
    }

    pub fn int(&self, name: &str) -> isize {
        let int = self.attrs[name].as_i64();
        int.unwrap_or_else(|| panic!("{}: no integer {name}", self.name)) as isize
    }

    pub fn flag(&self, name: &str) -> bool {
        self.attrs[name].as_bool().unwrap_or(false)
    }

    pub fn text(&self, name: &str) -> &str {
        self.attrs[name].as_str().unwrap_or_default()
    }

    pub fn has(&self, name: &str) -> bool {
        !self.attrs[name].is_null()
    }

    /// A list of integers; a single one is a list too.
    pub fn ints(&self, name: &str) -> Vec<isize> {
        match self.attrs[name].as_array() {
            Some(list) => list
                .iter()
                .map(|int| int.as_i64().expect("an integer") as isize)
                .collect(),
            None => vec![self.int(name)],
        }
    }

    pub fn size(&self, name: &str) -> usize {
        usize::try_from(self.int(name)).expect("a size")
    }

    pub fn sizes(&self, name: &str) -> Vec<usize> {
        let sizes = self.ints(name).into_iter();
        sizes
            .map(|size| usize::try_from(size).expect("a size"))
            .collect()
    }

    /// The labels of each row: the first of a padded one, as many as its length says.
    pub fn labels(&self, name: &str, lengths: &str) -> Vec<Vec<usize>> {
        let rows = self.indices(name).to_rows().into_iter();
        let rows = rows.zip(self.sizes(lengths));
        rows.map(|(row, len)| row[..len].iter().map(|&label| label as usize).collect())
            .collect()
    }

    /// The positive definite matrix that the case speaks of: `x x^T + 3 I` of x, for one.
    pub fn square<'t>(&self, x: Var<'t, f64>) -> Var<'t, f64> {
        let shift = match self.text("of") {
            "x x^T + I" => 1.0,
            "x x^T + 3 I" => 3.0,
            other => panic!("{}: what is {other}?", self.name),
        };
        x.matmul(x.t()) + &(Tensor::eye(x.dim(0)) * shift)
    }

    /// Pairs before and after an axis, which PyTorch lists from the last axis on.
    pub fn borders(&self, name: &str) -> Vec<(usize, usize)> {
        let sizes = self.sizes(name);
        let (pairs, _) = sizes.as_chunks::<2>();
        pairs
            .iter()
            .rev()
            .map(|&[before, after]| (before, after))
            .collect()
    }
}
