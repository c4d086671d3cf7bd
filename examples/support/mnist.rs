//! Handwritten digits from the four MNIST files, plain or compressed with gzip.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use wengert::nn::data::idx;
use wengert::prelude::*;

use super::Outcome;

/// Pixels an image.
pub const PIXELS: usize = 28 * 28;

/// Images \[N, 784\] from 0 to 1, and their labels \[N\].
pub struct Digits {
    pub images: Tensor,
    pub labels: Tensor<i64>,
}

impl Digits {
    /// Reads the images and labels of a part, "train" or "t10k".
    pub fn load(folder: &Path, part: &str) -> Outcome<Self> {
        let images: Tensor = load(folder, &format!("{part}-images-idx3-ubyte"), idx::images)?;
        let labels = load(folder, &format!("{part}-labels-idx1-ubyte"), idx::labels)?;
        let wrong = |what: String| Err(format!("{}: {part}: {what}", folder.display()).into());
        let (count, known) = (images.shape()[0], labels.shape()[0]);
        if count != known {
            let error = idx::IdxError::Counts {
                images: count,
                labels: known,
            };
            return wrong(error.to_string());
        }
        if count == 0 || images.shape()[1..] != [28, 28] {
            return wrong(format!(
                "the images are {}, not [N, 28, 28]",
                images.shape()
            ));
        }
        if let Some(label) = labels.iter().find(|label| !(0..10).contains(label)) {
            return wrong(format!("a label is {label}, which is no digit"));
        }
        let images = images.reshape(&[-1, PIXELS as isize]);
        Ok(Digits { images, labels })
    }

    /// The first so many.
    pub fn first(self, count: usize) -> Self {
        let count = count.min(self.labels.size()) as isize;
        Digits {
            images: self.images.slice(0, ..count),
            labels: self.labels.slice(0, ..count),
        }
    }

    /// These images and labels.
    pub fn rows(&self, rows: &Tensor<i64>) -> (Tensor, Tensor<i64>) {
        (
            self.images.index_select(0, rows),
            self.labels.index_select(0, rows),
        )
    }
}

/// Reads `name` or `name.gz`. What a file is decides its beginning, not its name.
fn load<X>(
    folder: &Path,
    name: &str,
    read: impl FnOnce(Box<dyn Read>) -> Result<X, idx::IdxError>,
) -> Outcome<X> {
    let (plain, zipped) = (folder.join(name), folder.join(format!("{name}.gz")));
    let path = if zipped.exists() && !plain.exists() {
        zipped
    } else {
        plain
    };
    let open = || -> std::io::Result<Box<dyn Read>> {
        let mut file = BufReader::new(File::open(&path)?);
        let compressed = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        Ok(if compressed {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        })
    };
    let reader = open().map_err(|error| format!("{}: {error}", path.display()))?;
    read(reader).map_err(|error| format!("{}: {error}", path.display()).into())
}
