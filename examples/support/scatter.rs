//! Points of several kinds on a plane, and lines between them.

use std::ops::Range;
use std::path::Path;

use plotters::prelude::*;

use super::Outcome;

/// A point (x, y).
pub type Point = (f64, f64);

/// Draws the points of each named kind, and segments that stand for `line_name`.
pub fn scatter(
    path: &Path,
    title: &str,
    (x_name, x_range): (&str, Range<f64>),
    (y_name, y_range): (&str, Range<f64>),
    kinds: &[(&str, Vec<Point>)],
    (line_name, segments): (&str, &[[Point; 2]]),
) -> Outcome {
    let root = SVGBackend::new(path, (800, 560)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 22))
        .margin(15)
        .x_label_area_size(45)
        .y_label_area_size(60)
        .build_cartesian_2d(x_range, y_range)?;
    let mut mesh = chart.configure_mesh();
    mesh.disable_mesh().x_desc(x_name).y_desc(y_name).draw()?;
    for ((name, points), color) in kinds.iter().zip([BLUE, RED, GREEN].into_iter().cycle()) {
        let dot = move |&point: &Point| Circle::new(point, 3, color.mix(0.7).filled());
        chart
            .draw_series(points.iter().map(dot))?
            .label(*name)
            .legend(move |(x, y)| Circle::new((x + 10, y), 3, color.filled()));
    }
    let line = BLACK.stroke_width(2);
    chart
        .draw_series(
            segments
                .iter()
                .map(|ends| PathElement::new(ends.to_vec(), line)),
        )?
        .label(line_name)
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], line));
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK)
        .position(SeriesLabelPosition::UpperRight)
        .draw()?;
    root.present()?;
    Ok(())
}

/// Where a function passes through 0, as segments, on a grid of `cells` by `cells`.
pub fn zeros(
    x_range: &Range<f64>,
    y_range: &Range<f64>,
    cells: usize,
    value: impl Fn(Point) -> f64,
) -> Vec<[Point; 2]> {
    let along = |range: &Range<f64>, at: usize| {
        range.start + (range.end - range.start) * at as f64 / cells as f64
    };
    let corner = |column: usize, row: usize| {
        let point = (along(x_range, column), along(y_range, row));
        (point, value(point))
    };
    let mut segments = Vec::new();
    for column in 0..cells {
        for row in 0..cells {
            let corners = [
                corner(column, row),
                corner(column + 1, row),
                corner(column + 1, row + 1),
                corner(column, row + 1),
            ];
            let mut ends = Vec::new();
            for side in 0..4 {
                let ((from, low), (to, high)) = (corners[side], corners[(side + 1) % 4]);
                if (low < 0.0) != (high < 0.0) {
                    let part = low / (low - high);
                    let between = |a: f64, b: f64| a + part * (b - a);
                    ends.push((between(from.0, to.0), between(from.1, to.1)));
                }
            }
            segments.extend(ends.chunks_exact(2).map(|pair| [pair[0], pair[1]]));
        }
    }
    segments
}
