//! `ImageGrid`: small images side by side.

use std::path::Path;

use plotters::prelude::*;
use wengert_tensor::{Float, Tensor};

use crate::look::pictures::{Drawn, PictureError, drawn, letters, save};

/// Small images in rows, each with a line of text below.
///
/// Images are \[N, height, width\] for gray ones, from 0 (white) to 1 (black) unless they are told to be light, or
/// \[N, height, width, 3\] in red, green and blue from 0 to 1.
///
/// ```
/// use wengert_nn::look::pictures::ImageGrid;
/// use wengert_tensor::Tensor;
/// let digits = Tensor::<f32>::zeros([3, 8, 8]);
/// let grid = ImageGrid::new("Wrong ones", &digits).with_captions(&["7 as 1", "4 as 9", "5 as 3"]);
/// assert!(grid.svg()?.contains("7 as 1"));
/// # Ok::<(), wengert_nn::look::pictures::PictureError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[doc(alias("make_grid", "imshow"))]
pub struct ImageGrid {
    title: String,
    shape: Vec<usize>,
    pixels: Vec<f64>,
    captions: Vec<String>,
    columns: usize,
    light: bool,
}

impl ImageGrid {
    /// A grid of these images, ten a row.
    pub fn new<T: Float>(title: &str, images: &Tensor<T>) -> Self {
        ImageGrid {
            title: title.to_owned(),
            shape: images.shape().to_vec(),
            pixels: images.iter().map(Float::to_f64).collect(),
            captions: Vec::new(),
            columns: 10,
            light: false,
        }
    }

    /// With a line of text below each image.
    pub fn with_captions<S: AsRef<str>>(mut self, captions: &[S]) -> Self {
        let captions = captions.iter().map(|caption| caption.as_ref().to_owned());
        self.captions = captions.collect();
        self
    }

    /// With so many images a row.
    ///
    /// # Panics
    /// If it is 0.
    #[doc(alias = "nrow")]
    #[track_caller]
    pub fn with_columns(mut self, columns: usize) -> Self {
        assert!(columns > 0, "image grid: a row has at least one image");
        self.columns = columns;
        self
    }

    /// With gray images whose 0 is black and whose 1 is white, as photographs are.
    #[doc(alias = "cmap")]
    pub fn light(mut self) -> Self {
        self.light = true;
        self
    }

    /// The picture.
    ///
    /// # Errors
    /// If these are no images, or as many captions as there are do not fit them.
    pub fn svg(&self) -> Result<String, PictureError> {
        let wrong = |what: String| Err(PictureError::Data(what));
        let (count, height, width, channels) = match *self.shape.as_slice() {
            [count, height, width] => (count, height, width, 1),
            [count, height, width, 3] => (count, height, width, 3),
            _ => {
                let what = "no images [N, height, width] or [N, height, width, 3]";
                return wrong(format!("{:?} are {what}", self.shape));
            }
        };
        if count * height * width == 0 {
            return wrong("there is no pixel to draw".to_owned());
        }
        if !self.captions.is_empty() && self.captions.len() != count {
            return wrong(format!(
                "{} captions for {count} images",
                self.captions.len()
            ));
        }
        let columns = self.columns.min(count);
        // Small images are magnified, in whole steps.
        let scale = (100 / height.max(width)).max(1);
        let text = if self.captions.is_empty() { 0 } else { 20 };
        let step_x = (width * scale).max(8 * letters(&self.captions)) + 14;
        let step_y = height * scale + text + 14;
        let wide = (columns * step_x + 32).max(40 + 10 * self.title.chars().count());
        let high = count.div_ceil(columns) * step_y + 56;
        drawn((wide as u32, high as u32), |area| {
            let title = Text::new(self.title.as_str(), (16, 14), ("sans-serif", 18));
            area.draw(&title)?;
            for at in 0..count {
                let left = 16 + (at % columns * step_x) as i32;
                let top = 46 + (at / columns * step_y) as i32;
                let size = height * width * channels;
                let image = &self.pixels[at * size..][..size];
                self.draw(
                    area,
                    (left, top),
                    image,
                    (height, width, channels),
                    scale as i32,
                )?;
                if let Some(caption) = self.captions.get(at) {
                    let place = (left, top + (height * scale) as i32 + 5);
                    let caption = Text::new(caption.as_str(), place, ("sans-serif", 14));
                    area.draw(&caption)?;
                }
            }
            Ok(())
        })
    }

    /// Writes the picture to a file.
    ///
    /// # Errors
    /// As [`svg`](ImageGrid::svg), and if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PictureError> {
        save(path.as_ref(), self.svg()?)
    }

    /// Draws an image; pixels of one color beside each other are one stroke.
    fn draw(
        &self,
        area: &super::Area<'_>,
        (left, top): (i32, i32),
        image: &[f64],
        (height, width, channels): (usize, usize, usize),
        scale: i32,
    ) -> Drawn {
        let level = |x: f64| (x.clamp(0.0, 1.0) * 255.0).round() as u8;
        let color = |pixel: usize| match channels {
            3 => {
                let [r, g, b] = [0, 1, 2].map(|channel| level(image[pixel * 3 + channel]));
                RGBColor(r, g, b)
            }
            _ => {
                let gray = level(image[pixel]);
                let gray = if self.light { gray } else { 255 - gray };
                RGBColor(gray, gray, gray)
            }
        };
        for row in 0..height {
            let colors: Vec<RGBColor> = (0..width)
                .map(|column| color(row * width + column))
                .collect();
            let mut column = 0;
            for run in colors.chunk_by(|a, b| a == b) {
                let from = (left + column * scale, top + row as i32 * scale);
                column += run.len() as i32;
                // The paper is white already.
                if run[0] != WHITE {
                    let to = (left + column * scale, from.1 + scale);
                    area.draw(&Rectangle::new([from, to], run[0].filled()))?;
                }
            }
        }
        let frame = [
            (left - 1, top - 1),
            (left + width as i32 * scale, top + height as i32 * scale),
        ];
        area.draw(&Rectangle::new(frame, BLACK.mix(0.3)))?;
        Ok(())
    }
}
