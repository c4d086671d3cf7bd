//! `HeatMap`: a table of numbers as shades.

use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use wengert_tensor::{Float, Tensor};

use crate::look::pictures::{Area, Drawn, PictureError, drawn, letters, save, short};

/// A table of numbers as shades from white to dark blue: attention weights, correlations.
///
/// White is 0, or the least number if there are negative ones, and dark blue the greatest, unless a range is told. NaN is gray.
///
/// ```
/// use wengert_nn::look::pictures::HeatMap;
/// use wengert_tensor::Tensor;
/// let weights = Tensor::<f32>::from([[0.9, 0.1], [0.2, 0.8]]);
/// let map = HeatMap::new("Attention", &weights)
///     .with_rows("written", &["le", "chat"])
///     .with_columns("read", &["the", "cat"])
///     .with_numbers();
/// assert!(map.svg()?.contains("chat"));
/// # Ok::<(), wengert_nn::look::pictures::PictureError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[doc(alias("imshow", "heatmap", "attention map"))]
pub struct HeatMap {
    title: String,
    rows: (String, Vec<String>),
    columns: (String, Vec<String>),
    shape: Vec<usize>,
    /// Row by row.
    cells: Vec<f64>,
    range: Option<(f64, f64)>,
    /// What stands in the cells.
    texts: Option<Vec<String>>,
    marked: Vec<usize>,
    notes: Vec<String>,
}

impl HeatMap {
    /// A map of these numbers \[rows, columns\].
    pub fn new<T: Float>(title: &str, cells: &Tensor<T>) -> Self {
        HeatMap {
            title: title.to_owned(),
            rows: Default::default(),
            columns: Default::default(),
            shape: cells.shape().to_vec(),
            cells: cells.iter().map(Float::to_f64).collect(),
            range: None,
            texts: None,
            marked: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// With what the rows are, and their names.
    #[doc(alias = "yticks")]
    pub fn with_rows<S: AsRef<str>>(mut self, are: &str, names: &[S]) -> Self {
        let names = names.iter().map(|name| name.as_ref().to_owned());
        self.rows = (are.to_owned(), names.collect());
        self
    }

    /// With what the columns are, and their names.
    #[doc(alias = "xticks")]
    pub fn with_columns<S: AsRef<str>>(mut self, are: &str, names: &[S]) -> Self {
        let names = names.iter().map(|name| name.as_ref().to_owned());
        self.columns = (are.to_owned(), names.collect());
        self
    }

    /// With this range from white to dark blue.
    #[doc(alias("vmin", "vmax"))]
    pub fn with_range(mut self, least: f64, greatest: f64) -> Self {
        self.range = Some((least, greatest));
        self
    }

    /// With the numbers in their cells, with two places.
    #[doc(alias = "annot")]
    pub fn with_numbers(mut self) -> Self {
        self.texts = Some(self.cells.iter().map(|cell| format!("{cell:.2}")).collect());
        self
    }

    /// With these texts in the cells, row by row.
    pub(crate) fn with_texts(mut self, texts: Vec<String>) -> Self {
        self.texts = Some(texts);
        self
    }

    /// With the names of these rows set off in red.
    pub fn with_marked_rows(mut self, rows: &[usize]) -> Self {
        self.marked = rows.to_vec();
        self
    }

    /// With lines of text below.
    pub fn with_notes<S: AsRef<str>>(mut self, notes: &[S]) -> Self {
        self.notes = notes.iter().map(|note| note.as_ref().to_owned()).collect();
        self
    }

    /// The picture.
    ///
    /// # Errors
    /// If the numbers are no table, have no cell, or as many rows or columns as there are names do not fit them.
    pub fn svg(&self) -> Result<String, PictureError> {
        let wrong = |what: String| Err(PictureError::Data(what));
        let &[rows, columns] = self.shape.as_slice() else {
            return wrong(format!("{:?} is no table [rows, columns]", self.shape));
        };
        if rows * columns == 0 {
            return wrong("there is no cell to draw".to_owned());
        }
        for (what, count, names) in [
            ("rows", rows, &self.rows.1),
            ("columns", columns, &self.columns.1),
        ] {
            if !names.is_empty() && names.len() != count {
                return wrong(format!("{} names for {count} {what}", names.len()));
            }
        }
        let layout = Layout::of(self, rows, columns);
        drawn(layout.size, |area| self.draw(area, &layout))
    }

    /// Writes the picture to a file.
    ///
    /// # Errors
    /// As [`svg`](HeatMap::svg), and if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PictureError> {
        save(path.as_ref(), self.svg()?)
    }

    fn ends(&self) -> (f64, f64) {
        let finite = || self.cells.iter().copied().filter(|cell| cell.is_finite());
        let (least, greatest) = self.range.unwrap_or_else(|| {
            (
                finite().fold(0.0, f64::min),
                finite().fold(f64::MIN_POSITIVE, f64::max),
            )
        });
        (
            least,
            if greatest > least {
                greatest
            } else {
                least + 1.0
            },
        )
    }

    fn draw(&self, area: &Area<'_>, layout: &Layout) -> Drawn {
        let Layout {
            cell: (wide, high),
            corner: (left, top),
            rows,
            columns,
            ..
        } = *layout;
        let (right, bottom) = (left + wide * columns, top + high * rows);
        let middle = Pos::new(HPos::Center, VPos::Center);
        let font = |size: i32| ("sans-serif", size).into_text_style(area);
        area.draw(&Text::new(self.title.as_str(), (16, 14), font(18)))?;
        let (least, greatest) = self.ends();
        for (at, &number) in self.cells.iter().enumerate() {
            let (row, column) = (at as i32 / columns, at as i32 % columns);
            let (x, y) = (left + wide * column, top + high * row);
            let ink = ((number - least) / (greatest - least)).clamp(0.0, 1.0);
            // Most of a map may be paper, which is there already.
            if number.is_nan() || ink >= 0.01 {
                let square = [(x, y), (x + wide, y + high)];
                area.draw(&Rectangle::new(square, shade(ink).filled()))?;
            }
            if let Some(texts) = &self.texts {
                let color = if ink > 0.5 { WHITE } else { BLACK };
                let style = font(13).color(&color).pos(middle);
                let place = (x + wide / 2, y + high / 2);
                area.draw(&Text::new(texts[at].as_str(), place, style))?;
            }
        }
        let faint = BLACK.mix(if wide < 8 { 0.0 } else { 0.15 });
        for x in (0..=columns).map(|column| left + wide * column) {
            area.draw(&PathElement::new([(x, top), (x, bottom)], faint))?;
        }
        for y in (0..=rows).map(|row| top + high * row) {
            area.draw(&PathElement::new([(left, y), (right, y)], faint))?;
        }
        area.draw(&Rectangle::new(
            [(left, top), (right, bottom)],
            BLACK.mix(0.4),
        ))?;
        for (row, name) in self.rows.1.iter().enumerate() {
            let at = (left - 8, top + high * row as i32 + high / 2);
            let color = if self.marked.contains(&row) {
                RGBColor(200, 30, 30)
            } else {
                BLACK
            };
            let style = font(14)
                .color(&color)
                .pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(name.as_str(), at, style))?;
        }
        for (column, name) in self.columns.1.iter().enumerate() {
            let at = (left + wide * column as i32 + wide / 2, bottom + 8);
            let style = match layout.upright {
                true => font(14)
                    .transform(FontTransform::Rotate90)
                    .pos(Pos::new(HPos::Left, VPos::Center)),
                false => font(14).pos(Pos::new(HPos::Center, VPos::Top)),
            };
            area.draw(&Text::new(name.as_str(), at, style))?;
        }
        let at = ((left + right) / 2, bottom + layout.below - 12);
        area.draw(&Text::new(
            self.columns.0.as_str(),
            at,
            font(15).pos(middle),
        ))?;
        let turned = font(15).transform(FontTransform::Rotate270).pos(middle);
        area.draw(&Text::new(
            self.rows.0.as_str(),
            (18, (top + bottom) / 2),
            turned,
        ))?;
        // What the shades are.
        let bar = (right + 20, (bottom - top).min(160));
        for step in 0..40 {
            let y = |step: i32| top + bar.1 - bar.1 * step / 40;
            let square = [(bar.0, y(step + 1)), (bar.0 + 14, y(step))];
            area.draw(&Rectangle::new(
                square,
                shade((f64::from(step) + 0.5) / 40.0).filled(),
            ))?;
        }
        area.draw(&Rectangle::new(
            [(bar.0, top), (bar.0 + 14, top + bar.1)],
            BLACK.mix(0.4),
        ))?;
        for (number, y) in [(greatest, top + 6), (least, top + bar.1 - 6)] {
            let style = font(12).pos(Pos::new(HPos::Left, VPos::Center));
            let number = short(format!("{number:.3e}").parse().unwrap_or(number));
            area.draw(&Text::new(number, (bar.0 + 20, y), style))?;
        }
        for (at, note) in self.notes.iter().enumerate() {
            let place = (16, bottom + layout.below + 8 + 20 * at as i32);
            area.draw(&Text::new(note.as_str(), place, font(14)))?;
        }
        Ok(())
    }
}

/// White at 0, dark blue at 1.
fn shade(ink: f64) -> RGBColor {
    if ink.is_nan() {
        return RGBColor(190, 190, 190);
    }
    let tint = |full: f64| (255.0 - ink * (255.0 - full)).round() as u8;
    RGBColor(tint(8.0), tint(48.0), tint(107.0))
}

/// Where things are.
struct Layout {
    size: (u32, u32),
    cell: (i32, i32),
    corner: (i32, i32),
    rows: i32,
    columns: i32,
    /// Whether the names of columns stand upright.
    upright: bool,
    /// What the names of columns take.
    below: i32,
}

impl Layout {
    fn of(map: &HeatMap, rows: usize, columns: usize) -> Self {
        let (rows, columns) = (rows as i32, columns as i32);
        let texts = map.texts.as_ref().map_or(0, |texts| letters(texts)) as i32;
        // Many cells are small ones.
        let side = (640 / rows.max(columns)).clamp(3, 26);
        let wide = side.max(if texts > 0 { 14 + 8 * texts } else { 0 });
        let high = side.max(if texts > 0 { 24 } else { 0 });
        let names = letters(&map.columns.1) as i32;
        let upright = names * 8 + 4 > wide;
        let left = 44 + 8 * letters(&map.rows.1) as i32;
        let below = match names {
            0 => 34,
            _ if upright => 40 + 8 * names,
            _ => 54,
        };
        let (width, height) = (left + wide * columns + 100, 52 + high * rows + below);
        let title = 40 + 10 * map.title.chars().count() as i32;
        let notes = 24 + 8 * letters(&map.notes) as i32;
        let noted = if map.notes.is_empty() {
            8
        } else {
            20 * map.notes.len() as i32 + 16
        };
        Layout {
            size: (width.max(title).max(notes) as u32, (height + noted) as u32),
            cell: (wide, high),
            corner: (left, 52),
            rows,
            columns,
            upright,
            below,
        }
    }
}
