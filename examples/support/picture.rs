//! Pictures as SVG files. They need no font on the machine: the viewer brings its own.

use std::path::Path;

use plotters::prelude::*;

use super::Outcome;

/// A named line of (x, y) points.
pub struct Line<'a> {
    pub name: &'a str,
    pub points: &'a [(f64, f64)],
}

/// Draws lines over a logarithmic y axis. Points that are not positive are left out.
pub fn curves(path: &Path, title: &str, x_name: &str, y_name: &str, lines: &[Line]) -> Outcome {
    let shown = |line: &Line| -> Vec<(f64, f64)> {
        let positive = |point: &&(f64, f64)| point.1 > 0.0 && point.1.is_finite();
        line.points.iter().filter(positive).copied().collect()
    };
    let all: Vec<(f64, f64)> = lines.iter().flat_map(shown).collect();
    let right = all.iter().map(|point| point.0).fold(1.0, f64::max);
    let bottom = all
        .iter()
        .map(|point| point.1)
        .fold(f64::INFINITY, f64::min);
    let top = all.iter().map(|point| point.1).fold(0.0, f64::max);
    if bottom > top {
        return Err("there is no point to draw".into());
    }

    let root = SVGBackend::new(path, (900, 500)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 22))
        .margin(15)
        .x_label_area_size(45)
        .y_label_area_size(70)
        .build_cartesian_2d(0.0..right, (bottom / 1.5..top * 1.5).log_scale())?;
    chart
        .configure_mesh()
        .x_desc(x_name)
        .y_desc(y_name)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|&y| {
            // The marks of a logarithmic axis come with errors of rounding.
            let y: f64 = format!("{y:.9e}").parse().unwrap_or(y);
            if (1e-4..1e5).contains(&y) {
                format!("{y}")
            } else {
                format!("{y:e}")
            }
        })
        .draw()?;
    let colors = [BLUE, RED, GREEN, MAGENTA];
    for (line, color) in lines.iter().zip(colors.into_iter().cycle()) {
        chart
            .draw_series(LineSeries::new(shown(line), color.stroke_width(2)))?
            .label(line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    root.present()?;
    Ok(())
}

/// A small grey image with a caption. The pixels lie in rows, 0 is white and 1 black.
pub struct Tile {
    pub pixels: Vec<f64>,
    pub width: usize,
    pub caption: String,
}

/// Draws tiles in rows of `columns`.
pub fn tiles(path: &Path, title: &str, columns: usize, tiles: &[Tile]) -> Outcome {
    const SCALE: i32 = 3;
    let side = tiles.iter().map(|tile| tile.width).max().unwrap_or(1) as i32 * SCALE;
    let (step_x, step_y, head) = (side + 16, side + 34, 40);
    let rows = tiles.len().div_ceil(columns).max(1) as i32;
    let size = (columns as i32 * step_x + 16, rows * step_y + head + 8);
    let root = SVGBackend::new(path, (size.0 as u32, size.1 as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    root.draw(&Text::new(title, (16, 12), ("sans-serif", 18)))?;
    for (at, tile) in tiles.iter().enumerate() {
        let left = 16 + (at % columns) as i32 * step_x;
        let top = head + (at / columns) as i32 * step_y;
        let frame = [(left - 1, top - 1), (left + side, top + side)];
        root.draw(&Rectangle::new(frame, BLACK.mix(0.3)))?;
        for (pixel, &ink) in tile.pixels.iter().enumerate() {
            let grey = 255 - (ink.clamp(0.0, 1.0) * 255.0) as u8;
            // Most of an image is paper, which is there already.
            if grey > 247 {
                continue;
            }
            let (row, column) = (pixel / tile.width, pixel % tile.width);
            let (x, y) = (left + column as i32 * SCALE, top + row as i32 * SCALE);
            let square = [(x, y), (x + SCALE, y + SCALE)];
            root.draw(&Rectangle::new(square, RGBColor(grey, grey, grey).filled()))?;
        }
        let caption = Text::new(
            tile.caption.as_str(),
            (left, top + side + 6),
            ("sans-serif", 14),
        );
        root.draw(&caption)?;
    }
    root.present()?;
    Ok(())
}
