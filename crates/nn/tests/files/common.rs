//! What the tests of files share.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use wengert_nn::{BatchNorm, Dropout, Embedding, Linear, Lstm};
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

/// A folder of its own for a test, which goes when the test ends.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("wengert-files-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The names of what is in it, in order.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("the folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A model with what models have: tables, layers in a list, state, settings.
#[derive(Tree, Clone, Debug)]
pub struct Net<P = Tensor> {
    pub words: Embedding<P>,
    pub rnn: Lstm<P>,
    pub norm: BatchNorm<P>,
    pub heads: Vec<Linear<P>>,
    pub dropout: Dropout,
}

pub fn net(seed: u64) -> Net {
    let rng = &mut Rng::seed_from_u64(seed);
    let mut norm = BatchNorm::new(4);
    norm.mean = rng.normal([4], 0.0, 1.0);
    Net {
        words: Embedding::new(7, 3, rng),
        rnn: Lstm::new(3, 4, rng),
        norm,
        heads: vec![Linear::new(4, 2, rng), Linear::new(4, 1, rng)],
        dropout: Dropout::new(0.1),
    }
}

/// The bits of every leaf, with its path.
pub fn bits<M: Tree<Tensor<T>>, T: Float>(model: &M) -> Vec<(String, Vec<usize>, Vec<u64>)> {
    use wengert_tape::tree::TreeExt;
    let mut all = Vec::new();
    model.visit_tree(|path, leaf: &Tensor<T>| {
        // A number of `f32` is exact in `f64`; of a NaN the place counts.
        let bits = leaf.iter().map(|x| match x.is_nan() {
            true => u64::MAX,
            false => x.to_f64().to_bits(),
        });
        all.push((path.to_string(), leaf.shape().to_vec(), bits.collect()));
    });
    all
}

/// The bytes of a safetensors file with this header.
pub fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(data);
    bytes
}
