//! Handwritten digits from the four MNIST files, for networks that read them as rows of pixels.

use std::path::Path;

use wengert::nn::data::mnist;
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
        let (images, labels) = mnist::load(folder, part)?;
        let wrong = |what: String| Err(format!("{}: {part}: {what}", folder.display()).into());
        if images.size() == 0 || images.shape()[1..] != [28, 28] {
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
