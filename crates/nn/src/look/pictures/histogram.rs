//! `Histogram`: how often numbers of each size are.

use std::path::Path;

use plotters::prelude::*;
use wengert_tensor::{Float, Tensor};

use crate::look::pictures::{COLORS, Drawn, PictureError, drawn, save, short};

/// How often numbers of each size are: weights, activations, gradients, errors.
///
/// ```
/// use wengert_nn::look::pictures::Histogram;
/// use wengert_tensor::{Rng, Tensor};
/// let weights: Tensor = Rng::seed_from_u64(1).normal([1000], 0.0, 1.0);
/// let histogram = Histogram::new("Weights", "w").with_numbers("layer 1", &weights);
/// assert_eq!(histogram.counts(10)?[0].iter().sum::<u64>(), 1000);
/// assert!(histogram.svg()?.contains("layer 1"));
/// # Ok::<(), wengert_nn::look::pictures::PictureError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[doc(alias("hist", "histplot"))]
pub struct Histogram {
    title: String,
    x_name: String,
    bins: usize,
    series: Vec<(String, Vec<f64>)>,
}

impl Histogram {
    /// An empty histogram of 40 bins, with a name for the axis of the numbers.
    pub fn new(title: &str, x_name: &str) -> Self {
        Histogram {
            title: title.to_owned(),
            x_name: x_name.to_owned(),
            bins: 40,
            series: Vec::new(),
        }
    }

    /// With numbers of this name. What is not finite is left out, and the name says how many that are.
    pub fn with_numbers<T: Float>(mut self, name: &str, numbers: &Tensor<T>) -> Self {
        let all: Vec<f64> = numbers.iter().map(Float::to_f64).collect();
        let finite: Vec<f64> = all.iter().copied().filter(|x| x.is_finite()).collect();
        let name = match all.len() - finite.len() {
            0 => name.to_owned(),
            left => format!("{name} (without {left} NaN or ∞)"),
        };
        self.series.push((name, finite));
        self
    }

    /// With another number of bins.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn with_bins(mut self, bins: usize) -> Self {
        assert!(bins > 0, "histogram: there is at least one bin");
        self.bins = bins;
        self
    }

    fn range(&self) -> Result<(f64, f64), PictureError> {
        let all = || {
            self.series
                .iter()
                .flat_map(|(_, numbers)| numbers.iter().copied())
        };
        let low = all().fold(f64::INFINITY, f64::min);
        let high = all().fold(-f64::INFINITY, f64::max);
        if low > high {
            return Err(PictureError::Data("there is no number to draw".to_owned()));
        }
        if high - low == f64::INFINITY {
            let what = format!("numbers from {low} to {high} are too far apart");
            return Err(PictureError::Data(what));
        }
        let least = low.abs().max(high.abs()).max(f64::MIN_POSITIVE) * 1e-9;
        match high - low > least {
            true => Ok((low, high)),
            false => {
                let around = if low == 0.0 { 0.5 } else { low.abs() * 0.5 };
                Ok((low - around, high + around))
            }
        }
    }

    /// How many numbers of each name lie in each of so many bins, from the least number to the greatest.
    ///
    /// # Errors
    /// If there is no number, or the range of the numbers is beyond `f64`.
    pub fn counts(&self, bins: usize) -> Result<Vec<Vec<u64>>, PictureError> {
        let (low, high) = self.range()?;
        let count = |(_, numbers): &(String, Vec<f64>)| {
            let mut counts = vec![0; bins];
            for x in numbers {
                let at = ((x - low) / (high - low) * bins as f64) as usize;
                if let Some(last) = bins.checked_sub(1) {
                    counts[at.min(last)] += 1;
                }
            }
            counts
        };
        Ok(self.series.iter().map(count).collect())
    }

    /// The picture.
    ///
    /// # Errors
    /// As [`counts`](Histogram::counts).
    pub fn svg(&self) -> Result<String, PictureError> {
        let (low, high) = self.range()?;
        let counts = self.counts(self.bins)?;
        let most = counts.iter().flatten().copied().max().unwrap_or(0).max(1);
        drawn((900, 500), |area| self.draw(area, low, high, &counts, most))
    }

    /// Writes the picture to a file.
    ///
    /// # Errors
    /// As [`svg`](Histogram::svg), and if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PictureError> {
        save(path.as_ref(), self.svg()?)
    }

    fn draw(
        &self,
        area: &super::Area<'_>,
        low: f64,
        high: f64,
        counts: &[Vec<u64>],
        most: u64,
    ) -> Drawn {
        // The names stand above the bars.
        let names = self
            .series
            .iter()
            .filter(|(name, _)| !name.is_empty())
            .count();
        let top = most as f64 * (1.05 + 0.09 * names as f64);
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, ("sans-serif", 22))
            .margin(15)
            .x_label_area_size(48)
            .y_label_area_size(76)
            .build_cartesian_2d(low..high, 0.0..top)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_desc(&self.x_name)
            .y_desc("count")
            .axis_desc_style(("sans-serif", 16))
            .label_style(("sans-serif", 14))
            .light_line_style(BLACK.mix(0.05))
            .bold_line_style(BLACK.mix(0.15))
            .x_label_formatter(&|&x| short(x))
            .y_label_formatter(&|&y| short(y))
            .draw()?;
        let edge = |bin: usize| low + (high - low) * bin as f64 / self.bins as f64;
        let mut named = false;
        let series = self
            .series
            .iter()
            .zip(counts)
            .zip(COLORS.into_iter().cycle());
        for (((name, _), counts), color) in series {
            let filled = counts.iter().enumerate().filter(|&(_, &count)| count > 0);
            let bars = filled.map(|(bin, &count)| {
                let corners = [(edge(bin), 0.0), (edge(bin + 1), count as f64)];
                Rectangle::new(corners, color.mix(0.45).filled())
            });
            let bars = chart.draw_series(bars)?;
            if !name.is_empty() {
                named = true;
                bars.label(name).legend(move |(x, y)| {
                    Rectangle::new([(x, y - 5), (x + 20, y + 5)], color.mix(0.45).filled())
                });
            }
            // The outline tells overlapping ones apart.
            let mut outline = vec![(low, 0.0)];
            for (bin, &count) in counts.iter().enumerate() {
                outline.extend([(edge(bin), count as f64), (edge(bin + 1), count as f64)]);
            }
            outline.push((high, 0.0));
            chart.draw_series(LineSeries::new(outline, color.stroke_width(1)))?;
        }
        if named {
            chart
                .configure_series_labels()
                .background_style(WHITE.mix(0.85))
                .border_style(BLACK.mix(0.5))
                .label_font(("sans-serif", 15))
                .position(SeriesLabelPosition::UpperRight)
                .draw()?;
        }
        Ok(())
    }
}
