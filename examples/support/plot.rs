//! Lines over axes with even scales.

use std::ops::Range;
use std::path::Path;

use plotters::prelude::*;

use super::Outcome;
use super::picture::Line;

/// Draws lines in a frame of these ranges; what runs out of it is cut off.
pub fn plot(
    path: &Path,
    title: &str,
    (x_name, x_range): (&str, Range<f64>),
    (y_name, y_range): (&str, Range<f64>),
    lines: &[Line],
) -> Outcome {
    let root = SVGBackend::new(path, (900, 500)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 22))
        .margin(15)
        .x_label_area_size(45)
        .y_label_area_size(70)
        .build_cartesian_2d(x_range.clone(), y_range.clone())?;
    let mut mesh = chart.configure_mesh();
    mesh.x_desc(x_name).y_desc(y_name).draw()?;
    let (green, orange) = (RGBColor(0, 150, 60), RGBColor(240, 140, 0));
    let colors = [BLUE, RED, green, orange, BLACK, MAGENTA];
    let inside = |point: &&(f64, f64)| x_range.contains(&point.0) && y_range.contains(&point.1);
    for (line, color) in lines.iter().zip(colors.into_iter().cycle()) {
        // A line that leaves the frame and comes back is drawn in pieces.
        let pieces = line.points.split(|point| !inside(&point));
        for (at, piece) in pieces.filter(|piece| !piece.is_empty()).enumerate() {
            let style = color.stroke_width(2);
            let drawn = chart.draw_series(LineSeries::new(piece.iter().copied(), style))?;
            if at == 0 {
                drawn.label(line.name).legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 20, y)], color.stroke_width(2))
                });
            }
        }
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK)
        .position(corner(&x_range, &y_range, lines))
        .draw()?;
    root.present()?;
    Ok(())
}

/// The points of a line that has a cross at each of these, whose arms reach so far in x and in y.
pub fn crosses(points: &[(f64, f64)], (a, b): (f64, f64)) -> Vec<(f64, f64)> {
    // A point outside of every frame separates the arms.
    let gap = (f64::NAN, f64::NAN);
    let cross = |&(x, y): &(f64, f64)| {
        let falling = [(x - a, y + b), (x + a, y - b)];
        let rising = [(x - a, y - b), (x + a, y + b)];
        [falling[0], falling[1], gap, rising[0], rising[1], gap]
    };
    points.iter().flat_map(cross).collect()
}

/// The corner in which the fewest points lie: the names of the lines stand there.
fn corner(x_range: &Range<f64>, y_range: &Range<f64>, lines: &[Line]) -> SeriesLabelPosition {
    let share = |x: f64, range: &Range<f64>| (x - range.start) / (range.end - range.start);
    let count = |at_right: bool, at_top: bool| {
        let within = |&(x, y): &(f64, f64)| {
            let (x, y) = (share(x, x_range), share(y, y_range));
            let near = |x: f64, far: bool, part: f64| if far { x > 1.0 - part } else { x < part };
            near(x, at_right, 0.3) && near(y, at_top, 0.3)
        };
        let points = lines.iter().flat_map(|line| line.points.iter().copied());
        points.filter(|point| within(point)).count()
    };
    let corners = [
        (SeriesLabelPosition::UpperRight, count(true, true)),
        (SeriesLabelPosition::LowerRight, count(true, false)),
        (SeriesLabelPosition::UpperLeft, count(false, true)),
        (SeriesLabelPosition::LowerLeft, count(false, false)),
    ];
    let best = corners.into_iter().min_by_key(|corner| corner.1);
    best.map_or(SeriesLabelPosition::UpperRight, |corner| corner.0)
}
