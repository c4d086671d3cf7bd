//! Pictures as SVG: learning curves and other lines, attention maps, confusion tables, images, histograms.
//!
//! A picture is built from its data, and `svg` gives its text or `save` writes a file. It needs no font on the machine: the viewer
//! brings its own. Browsers show SVG, and most programs for texts take it; for other formats there are converters.
//!
//! ```
//! use wengert_nn::look::pictures::Chart;
//! let svg = Chart::new("Learning")
//!     .with_axes("epoch", "loss")
//!     .with_line("training", [(1.0, 2.0), (2.0, 1.0), (3.0, 0.7)])
//!     .with_line("validation", [(1.0, 2.1), (2.0, 1.3), (3.0, 1.2)])
//!     .svg()?;
//! assert!(svg.starts_with("<svg") && svg.contains("validation"));
//! # Ok::<(), wengert_nn::look::pictures::PictureError>(())
//! ```

mod chart;
mod confusion;
mod heat_map;
mod histogram;
mod image_grid;

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

pub use chart::Chart;
pub use confusion::Confusion;
pub use heat_map::HeatMap;
pub use histogram::Histogram;
pub use image_grid::ImageGrid;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// There is nothing to draw, or it does not fit together.
    #[error("picture: {0}")]
    Data(String),
    /// It could not be written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

/// Colors that people with any color vision tell apart (Okabe and Ito 2008), black last.
pub(crate) const COLORS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(120, 120, 120),
    BLACK,
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// The text of a picture of this size on white paper.
fn drawn(size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> Drawn) -> Result<String, PictureError> {
    let mut svg = String::new();
    let result = (|| -> Drawn {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&WHITE)?;
        draw(&area)?;
        area.present()?;
        Ok(())
    })();
    match result {
        Ok(()) => Ok(svg),
        Err(error) => Err(PictureError::Data(error.to_string())),
    }
}

fn save(path: &Path, svg: String) -> Result<(), PictureError> {
    std::fs::write(path, svg).map_err(|source| PictureError::Io {
        path: path.display().to_string(),
        source,
    })
}

/// The number of letters of the longest.
fn letters<S: AsRef<str>>(texts: &[S]) -> usize {
    let letters = texts.iter().map(|text| text.as_ref().chars().count());
    letters.max().unwrap_or(0)
}

/// A number in few letters.
fn short(number: f64) -> String {
    // Marks on an axis come with errors of rounding.
    let number: f64 = format!("{number:.6e}").parse().unwrap_or(number);
    if number == 0.0 || (1e-4..1e6).contains(&number.abs()) {
        format!("{number}")
    } else {
        format!("{number:e}")
    }
}
