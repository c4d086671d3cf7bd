//! A table of weights as a picture.

use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Outcome;

/// Draws the weights \[rows, columns\] from 0 (white) to 1 (dark blue), with the names of the columns
/// below and those of the rows at the left, and what they are.
pub fn heatmap(
    path: &Path,
    title: &str,
    (columns_are, columns): (&str, &[String]),
    (rows_are, rows): (&str, &[String]),
    weights: &[Vec<f64>],
) -> Outcome {
    const CELL: i32 = 24;
    let longest = |names: &[String]| names.iter().map(|name| name.chars().count()).max();
    let letters = |names: &[String]| longest(names).unwrap_or(1) as i32;
    // Long names of columns stand upright.
    let upright = letters(columns) > 2;
    let left = 44 + 9 * letters(rows);
    let (top, below) = (
        56,
        if upright {
            34 + 8 * letters(columns)
        } else {
            54
        },
    );
    let (wide, high) = (CELL * columns.len() as i32, CELL * rows.len() as i32);
    let width = (left + wide + 20).max(40 + 9 * title.chars().count() as i32);
    let size = (width as u32, (top + high + below) as u32);

    let root = SVGBackend::new(path, size).into_drawing_area();
    root.fill(&WHITE)?;
    let middle = Pos::new(HPos::Center, VPos::Center);
    let font = |size: i32| ("sans-serif", size).into_text_style(&root);
    root.draw(&Text::new(title, (width / 2, 22), font(18).pos(middle)))?;
    for (row, weights) in weights.iter().enumerate() {
        for (column, weight) in weights.iter().enumerate() {
            let ink = weight.clamp(0.0, 1.0);
            // Most of a table is paper, which is there already.
            if ink < 0.01 {
                continue;
            }
            let tint = |full: f64| (255.0 - ink * (255.0 - full)) as u8;
            let color = RGBColor(tint(8.0), tint(48.0), tint(107.0));
            let (x, y) = (left + CELL * column as i32, top + CELL * row as i32);
            root.draw(&Rectangle::new(
                [(x, y), (x + CELL, y + CELL)],
                color.filled(),
            ))?;
        }
    }
    for x in (0..=columns.len() as i32).map(|column| left + CELL * column) {
        root.draw(&PathElement::new(
            [(x, top), (x, top + high)],
            BLACK.mix(0.15),
        ))?;
    }
    for y in (0..=rows.len() as i32).map(|row| top + CELL * row) {
        root.draw(&PathElement::new(
            [(left, y), (left + wide, y)],
            BLACK.mix(0.15),
        ))?;
    }
    for (row, name) in rows.iter().enumerate() {
        let at = (left - 8, top + CELL * row as i32 + CELL / 2);
        let style = font(14).pos(Pos::new(HPos::Right, VPos::Center));
        root.draw(&Text::new(name.as_str(), at, style))?;
    }
    for (column, name) in columns.iter().enumerate() {
        let at = (left + CELL * column as i32 + CELL / 2, top + high + 8);
        let style = match upright {
            true => font(14)
                .transform(FontTransform::Rotate90)
                .pos(Pos::new(HPos::Left, VPos::Center)),
            false => font(14).pos(Pos::new(HPos::Center, VPos::Top)),
        };
        root.draw(&Text::new(name.as_str(), at, style))?;
    }
    let at = (left + wide / 2, top + high + below - 14);
    root.draw(&Text::new(columns_are, at, font(15).pos(middle)))?;
    let turned = font(15).transform(FontTransform::Rotate270).pos(middle);
    root.draw(&Text::new(rows_are, (18, top + high / 2), turned))?;
    root.present()?;
    Ok(())
}
