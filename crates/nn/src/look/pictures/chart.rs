//! `Chart`: lines over axes.

use std::ops::Range;
use std::path::Path;

use plotters::coord::ranged1d::Ranged;
use plotters::coord::ranged1d::ValueFormatter;
use plotters::prelude::*;

use crate::look::pictures::{COLORS, Drawn, PictureError, drawn, save, short};

/// Lines, or points, over two axes: learning curves, predictions beside what was measured.
///
/// The axes reach as far as the points do, unless they are told otherwise. Where a number is not finite, or lies outside, the line is
/// interrupted.
///
/// ```
/// use wengert_nn::look::pictures::Chart;
/// let chart = Chart::new("Loss").with_axes("step", "loss").with_log_y();
/// let svg = chart.with_curve("training", &[1.0, 0.1, 0.01]).svg()?;
/// assert!(svg.contains("training"));
/// # Ok::<(), wengert_nn::look::pictures::PictureError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[doc(alias("plot", "matplotlib", "learning curve"))]
pub struct Chart {
    title: String,
    x_name: String,
    y_name: String,
    x_range: Option<Range<f64>>,
    y_range: Option<Range<f64>>,
    log_y: bool,
    series: Vec<Series>,
    size: (u32, u32),
}

#[derive(Clone, Debug, PartialEq)]
struct Series {
    name: String,
    points: Vec<(f64, f64)>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Line,
    Points,
    /// In black: it belongs to none of the others.
    Boundary,
}

impl Chart {
    /// An empty chart, 900 by 500.
    pub fn new(title: &str) -> Self {
        Chart {
            title: title.to_owned(),
            x_name: String::new(),
            y_name: String::new(),
            x_range: None,
            y_range: None,
            log_y: false,
            series: Vec::new(),
            size: (900, 500),
        }
    }

    /// With names for the axes.
    #[doc(alias("xlabel", "ylabel"))]
    pub fn with_axes(mut self, x: &str, y: &str) -> Self {
        (self.x_name, self.y_name) = (x.to_owned(), y.to_owned());
        self
    }

    /// With this part of the horizontal axis.
    #[doc(alias = "xlim")]
    pub fn with_x_range(mut self, range: Range<f64>) -> Self {
        self.x_range = Some(range);
        self
    }

    /// With this part of the vertical axis.
    #[doc(alias = "ylim")]
    pub fn with_y_range(mut self, range: Range<f64>) -> Self {
        self.y_range = Some(range);
        self
    }

    /// With a logarithmic vertical axis. What is not positive is left out.
    #[doc(alias = "semilogy")]
    pub fn with_log_y(mut self) -> Self {
        self.log_y = true;
        self
    }

    /// With another size, in pixels.
    pub fn with_size(mut self, width: u32, height: u32) -> Self {
        self.size = (width, height);
        self
    }

    /// With a line through these points, in their order.
    pub fn with_line(self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.with(name, points, Kind::Line)
    }

    /// With a line for each of these names and their points.
    ///
    /// ```
    /// use wengert_nn::look::pictures::Chart;
    /// let runs = [("first", vec![(0.0, 1.0), (1.0, 0.5)]), ("second", vec![(0.0, 2.0), (1.0, 0.1)])];
    /// let svg = Chart::new("Two runs").with_lines(&runs).svg()?;
    /// assert!(svg.contains("first") && svg.contains("second"));
    /// # Ok::<(), wengert_nn::look::pictures::PictureError>(())
    /// ```
    pub fn with_lines<'a, S, P>(mut self, lines: impl IntoIterator<Item = &'a (S, P)>) -> Self
    where
        S: AsRef<str> + 'a,
        P: AsRef<[(f64, f64)]> + 'a,
    {
        for (name, points) in lines {
            self = self.with_line(name.as_ref(), points.as_ref().iter().copied());
        }
        self
    }

    /// With a line of numbers that were measured at 1, 2, 3 and so on, as after each epoch.
    pub fn with_curve(self, name: &str, numbers: &[f64]) -> Self {
        let points = numbers
            .iter()
            .enumerate()
            .map(|(at, &y)| ((at + 1) as f64, y));
        let points: Vec<(f64, f64)> = points.collect();
        self.with_line(name, points)
    }

    /// With points that no line joins.
    #[doc(alias = "scatter")]
    pub fn with_points(self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.with(name, points, Kind::Points)
    }

    /// With the places where a function of the plane passes through 0, in black: where a classifier goes from one class to
    /// the other. The function is evaluated at the corners of so many cells along each axis, over the parts of the axes that were
    /// told, or over those of the points so far.
    ///
    /// ```
    /// use wengert_nn::look::pictures::Chart;
    /// let circle = |x: f64, y: f64| x * x + y * y - 1.0;
    /// let chart = Chart::new("Circle").with_x_range(-2.0..2.0).with_y_range(-2.0..2.0);
    /// assert!(chart.with_boundary("radius 1", 40, circle).svg()?.contains("radius 1"));
    /// # Ok::<(), wengert_nn::look::pictures::PictureError>(())
    /// ```
    #[doc(alias("contour", "decision boundary"))]
    pub fn with_boundary(
        self,
        name: &str,
        cells: usize,
        function: impl Fn(f64, f64) -> f64,
    ) -> Self {
        let points = match self.ranges() {
            Ok(ranges) => zeros(ranges, cells, function),
            // Without a range there is nothing to draw, which `svg` will say.
            Err(_) => Vec::new(),
        };
        self.with(name, points, Kind::Boundary)
    }

    fn with(
        mut self,
        name: &str,
        points: impl IntoIterator<Item = (f64, f64)>,
        kind: Kind,
    ) -> Self {
        self.series.push(Series {
            name: name.to_owned(),
            points: points.into_iter().collect(),
            kind,
        });
        self
    }

    /// Whether a point can be on the chart.
    fn shows(&self, (x, y): (f64, f64)) -> bool {
        x.is_finite() && y.is_finite() && (!self.log_y || y > 0.0)
    }

    /// The parts of the axes that are shown.
    fn ranges(&self) -> Result<(Range<f64>, Range<f64>), PictureError> {
        let all = || {
            let points = self
                .series
                .iter()
                .flat_map(|series| series.points.iter().copied());
            points.filter(|&point| self.shows(point))
        };
        let reach = |numbers: &mut dyn Iterator<Item = f64>| {
            let start = (f64::INFINITY, -f64::INFINITY);
            numbers.fold(start, |(low, high), x| (low.min(x), high.max(x)))
        };
        let empty = || PictureError::Data("there is no point to draw".to_owned());
        let (left, right) = reach(&mut all().map(|point| point.0));
        let x_range = match &self.x_range {
            Some(range) => range.clone(),
            None if left > right => return Err(empty()),
            None if left == right => left - 0.5..right + 0.5,
            None => left..right,
        };
        let inside = |x: f64| x >= x_range.start && x <= x_range.end;
        let (low, high) = reach(&mut all().filter(|point| inside(point.0)).map(|point| point.1));
        let y_range = match &self.y_range {
            Some(range) => range.clone(),
            None if low > high => return Err(empty()),
            None if self.log_y => low / 1.5..high * 1.5,
            None if low == high => {
                let around = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
                low - around..high + around
            }
            None => {
                let around = (high - low) * 0.05;
                low - around..high + around
            }
        };
        for range in [&x_range, &y_range] {
            let whole = range.start.is_finite() && range.end.is_finite() && range.start < range.end;
            if !whole || (self.log_y && y_range.start <= 0.0) {
                let what = format!(
                    "an axis from {} to {} cannot be drawn",
                    range.start, range.end
                );
                return Err(PictureError::Data(what));
            }
        }
        Ok((x_range, y_range))
    }

    /// The picture.
    ///
    /// # Errors
    /// If there is no point, or the range of an axis is none.
    pub fn svg(&self) -> Result<String, PictureError> {
        let (x, y) = self.ranges()?;
        drawn(self.size, |area| match self.log_y {
            true => {
                let corner = self.corner(&x, &(y.start.ln()..y.end.ln()), f64::ln);
                self.draw(
                    area,
                    x.clone(),
                    (y.start..y.end).log_scale(),
                    &x,
                    &y,
                    corner,
                )
            }
            false => {
                let corner = self.corner(&x, &y, |y| y);
                self.draw(area, x.clone(), y.clone(), &x, &y, corner)
            }
        })
    }

    /// Writes the picture to a file.
    ///
    /// # Errors
    /// As [`svg`](Chart::svg), and if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PictureError> {
        save(path.as_ref(), self.svg()?)
    }

    fn draw<Y>(
        &self,
        area: &super::Area<'_>,
        x_axis: Range<f64>,
        y_axis: Y,
        x_range: &Range<f64>,
        y_range: &Range<f64>,
        corner: SeriesLabelPosition,
    ) -> Drawn
    where
        Y: plotters::coord::ranged1d::AsRangedCoord<Value = f64>,
        Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, ("sans-serif", 22))
            .margin(15)
            .x_label_area_size(48)
            .y_label_area_size(76)
            .build_cartesian_2d(x_axis, y_axis)?;
        chart
            .configure_mesh()
            .x_desc(&self.x_name)
            .y_desc(&self.y_name)
            .axis_desc_style(("sans-serif", 16))
            .label_style(("sans-serif", 14))
            .light_line_style(BLACK.mix(0.05))
            .bold_line_style(BLACK.mix(0.15))
            .x_label_formatter(&|&x| short(mark(x, x_range)))
            .y_label_formatter(&|&y| match self.log_y {
                true => short(y),
                false => short(mark(y, y_range)),
            })
            .draw()?;
        let (mut named, mut colors) = (0, COLORS.into_iter().cycle());
        for series in &self.series {
            let color = match series.kind {
                Kind::Boundary => BLACK,
                Kind::Line | Kind::Points => colors.next().unwrap_or(BLACK),
            };
            let inside = |&(x, y): &(f64, f64)| {
                self.shows((x, y))
                    && (x_range.start..=x_range.end).contains(&x)
                    && (y_range.start..=y_range.end).contains(&y)
            };
            let mut legend = !series.name.is_empty();
            named += usize::from(legend);
            if series.kind != Kind::Points {
                for piece in series.points.split(|point| !inside(point)) {
                    // A point alone would be a line without length.
                    if let [point] = piece {
                        chart.draw_series([Circle::new(*point, 2, color.filled())])?;
                    } else if piece.is_empty() {
                        continue;
                    }
                    let line = LineSeries::new(piece.iter().copied(), color.stroke_width(2));
                    let line = chart.draw_series(line)?;
                    if std::mem::take(&mut legend) {
                        line.label(&series.name).legend(move |(x, y)| {
                            PathElement::new([(x, y), (x + 20, y)], color.stroke_width(3))
                        });
                    }
                }
            } else {
                let points = series.points.iter().filter(|point| inside(point));
                let points = points.map(|&point| Circle::new(point, 3, color.mix(0.7).filled()));
                let points = chart.draw_series(points)?;
                if legend {
                    points
                        .label(&series.name)
                        .legend(move |(x, y)| Circle::new((x + 10, y), 4, color.filled()));
                }
            }
        }
        if named > 0 {
            chart
                .configure_series_labels()
                .background_style(WHITE.mix(0.85))
                .border_style(BLACK.mix(0.5))
                .label_font(("sans-serif", 15))
                .position(corner)
                .draw()?;
        }
        Ok(())
    }

    /// The corner in which the fewest points lie: the names of the lines stand there.
    fn corner(
        &self,
        x_range: &Range<f64>,
        y_range: &Range<f64>,
        scale: fn(f64) -> f64,
    ) -> SeriesLabelPosition {
        let share = |x: f64, range: &Range<f64>| (x - range.start) / (range.end - range.start);
        let count = |at_right: bool, at_top: bool| {
            let within = |&(x, y): &(f64, f64)| {
                let (x, y) = (share(x, x_range), share(scale(y), y_range));
                let near =
                    |x: f64, far: bool, part: f64| if far { x > 1.0 - part } else { x < part };
                near(x, at_right, 0.3) && near(y, at_top, 0.3)
            };
            let points = self
                .series
                .iter()
                .flat_map(|series| series.points.iter().copied());
            points
                .filter(|&point| self.shows(point))
                .filter(within)
                .count()
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
}

/// A mark on an even axis, which is 0 where only rounding keeps it from that.
fn mark(x: f64, range: &Range<f64>) -> f64 {
    if x.abs() < 1e-9 * (range.end - range.start) {
        0.0
    } else {
        x
    }
}

/// Where a function passes through 0: on each cell of a grid a piece of a line, with a point that is none behind each.
fn zeros(
    (x_range, y_range): (Range<f64>, Range<f64>),
    cells: usize,
    function: impl Fn(f64, f64) -> f64,
) -> Vec<(f64, f64)> {
    let along = |range: &Range<f64>, at: usize| {
        range.start + (range.end - range.start) * at as f64 / cells as f64
    };
    let corner = |column: usize, row: usize| (along(&x_range, column), along(&y_range, row));
    let value = |at: usize| {
        let (x, y) = corner(at % (cells + 1), at / (cells + 1));
        function(x, y)
    };
    let values: Vec<f64> = (0..(cells + 1) * (cells + 1)).map(value).collect();
    let mut points = Vec::new();
    for row in 0..cells {
        for column in 0..cells {
            let around = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(right, up)| {
                let (column, row) = (column + right, row + up);
                (corner(column, row), values[row * (cells + 1) + column])
            });
            let mut ends = Vec::new();
            for side in 0..4 {
                let ((from, low), (to, high)) = (around[side], around[(side + 1) % 4]);
                if (low < 0.0) != (high < 0.0) {
                    let part = low / (low - high);
                    let between = |a: f64, b: f64| a + part * (b - a);
                    ends.push((between(from.0, to.0), between(from.1, to.1)));
                }
            }
            for pair in ends.chunks_exact(2) {
                points.extend([pair[0], pair[1], (f64::NAN, f64::NAN)]);
            }
        }
    }
    points
}
