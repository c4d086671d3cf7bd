//! The golden numbers of `tests/golden`: a file of cases beside its tensors. Several test binaries
//! include this file.
#![allow(dead_code)]

use std::collections::HashMap;

use serde_json::Value;
use wengert_tensor::Tensor;

/// A file of cases, and its tensors.
pub struct Book {
    pub cases: Vec<Value>,
    floats: HashMap<String, Tensor<f64>>,
    pub indices: HashMap<String, Tensor<i64>>,
}

impl Book {
    pub fn open(name: &str) -> Self {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden");
        let text = std::fs::read_to_string(format!("{root}/{name}.json")).expect("the cases");
        let data = std::fs::read(format!("{root}/{name}.safetensors")).expect("the tensors");
        let index: Value = serde_json::from_str(&text).expect("valid JSON");
        let mut book = Book {
            cases: index["cases"].as_array().expect("a list of cases").clone(),
            floats: HashMap::new(),
            indices: HashMap::new(),
        };
        let file = safetensors::SafeTensors::deserialize(&data).expect("valid safetensors");
        for (name, view) in file.iter() {
            let (bytes, _) = view.data().as_chunks::<8>();
            let shape = view.shape();
            match view.dtype() {
                safetensors::Dtype::F64 => {
                    let data = bytes.iter().map(|&x| f64::from_le_bytes(x)).collect();
                    let tensor = Tensor::from_vec(data, shape).expect("a whole tensor");
                    book.floats.insert(name.to_owned(), tensor);
                }
                safetensors::Dtype::I64 => {
                    let data = bytes.iter().map(|&x| i64::from_le_bytes(x)).collect();
                    let tensor = Tensor::from_vec(data, shape).expect("a whole tensor");
                    book.indices.insert(name.to_owned(), tensor);
                }
                other => panic!("{name} is {other:?}"),
            }
        }
        book
    }

    pub fn get(&self, case: &str, name: &str) -> Tensor<f64> {
        let key = format!("{case}/{name}");
        self.floats
            .get(&key)
            .unwrap_or_else(|| panic!("no {key}"))
            .clone()
    }

    pub fn index(&self, case: &str, name: &str) -> &Tensor<i64> {
        &self.indices[&format!("{case}/{name}")]
    }

    /// A mask of PyTorch's, which is 1 where something is hidden, as ours, true where it is seen.
    pub fn mask(&self, case: &str, name: &str) -> Tensor<bool> {
        let hidden = self.index(case, name);
        let seen = hidden.iter().map(|hidden| hidden == 0).collect();
        Tensor::from_vec(seen, hidden.shape()).expect("a whole mask")
    }

    /// The cases of one kind of layer.
    pub fn of<'a>(&'a self, layer: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let cases = self.cases.iter().filter(move |case| case["layer"] == layer);
        cases.map(|case| (case["case"].as_str().expect("a name"), &case["config"]))
    }
}

/// |a − b| ≤ 1e-9 (1 + max |b|).
#[track_caller]
pub fn agree(case: &str, name: &str, a: &Tensor<f64>, b: &Tensor<f64>) {
    assert_eq!(a.shape(), b.shape(), "{case}/{name}");
    let scale = b.iter().map(f64::abs).fold(0.0, f64::max);
    for (k, (a, b)) in a.iter().zip(b.iter()).enumerate() {
        assert!(
            (a - b).abs() <= 1e-9 * (1.0 + scale),
            "{case}/{name}[{k}]: {a} and {b}"
        );
    }
}
