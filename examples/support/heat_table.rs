//! Numbers from 0 to 1 as a table of shaded cells, a row a text.

use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Outcome;

/// A row of the table.
pub struct Row {
    pub text: String,
    /// Whether the text is set off.
    pub marked: bool,
    pub values: Vec<f64>,
}

/// Draws the table, with a name above each column and lines of notes below.
pub fn heat_table(
    path: &Path,
    title: &str,
    columns: &[String],
    rows: &[Row],
    notes: &[String],
) -> Outcome {
    const STEP: i32 = 26;
    const CELL: i32 = 76;
    let longest = rows.iter().map(|row| row.text.len()).max().unwrap_or(0);
    let left = 40 + 8 * longest as i32;
    let width = (left + CELL * columns.len() as i32 + 20).max(30 + 10 * title.len() as i32);
    let below = 90 + STEP * rows.len() as i32;
    let height = below + 22 * notes.len() as i32 + 12;
    let root = SVGBackend::new(path, (width as u32, height as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    root.draw(&Text::new(title, (20, 16), ("sans-serif", 20)))?;
    let centered = Pos::new(HPos::Center, VPos::Center);
    let middle = |column: usize| left + CELL * column as i32 + CELL / 2;
    for (at, name) in columns.iter().enumerate() {
        let style = ("sans-serif", 16).into_text_style(&root).pos(centered);
        root.draw(&Text::new(name.as_str(), (middle(at), 64), style))?;
    }
    for (at, row) in rows.iter().enumerate() {
        let top = 76 + STEP * at as i32;
        let color = if row.marked { RED } else { BLACK };
        let style = ("sans-serif", 16).into_text_style(&root).color(&color);
        let style = style.pos(Pos::new(HPos::Left, VPos::Center));
        root.draw(&Text::new(row.text.as_str(), (20, top + STEP / 2), style))?;
        for (column, &value) in row.values.iter().enumerate() {
            let corner = left + CELL * column as i32;
            let cell = [(corner, top), (corner + CELL - 3, top + STEP - 3)];
            root.draw(&Rectangle::new(
                cell,
                BLUE.mix(value.clamp(0.0, 1.0)).filled(),
            ))?;
            root.draw(&Rectangle::new(cell, BLACK.mix(0.2)))?;
            let ink = if value > 0.5 { WHITE } else { BLACK };
            let style = ("sans-serif", 15).into_text_style(&root).color(&ink);
            let at = (middle(column), top + STEP / 2);
            root.draw(&Text::new(format!("{value:.2}"), at, style.pos(centered)))?;
        }
    }
    for (at, note) in notes.iter().enumerate() {
        let place = (20, below + 22 * at as i32);
        root.draw(&Text::new(note.as_str(), place, ("sans-serif", 16)))?;
    }
    root.present()?;
    Ok(())
}
