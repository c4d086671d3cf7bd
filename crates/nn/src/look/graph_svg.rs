//! A graph as a picture: rows of boxes from the top down, with curves between them.

use std::fmt::Write;

use crate::look::graph::{GraphNode, label};
use crate::look::xml::escaped;

const LINE: f64 = 15.0;
const GAP: f64 = 28.0;
const ROW: f64 = 46.0;
const MARGIN: f64 = 16.0;

/// The color of a node's box.
pub(crate) fn color(node: &GraphNode) -> &'static str {
    match (node.ops.as_slice(), node.needs_grad) {
        ([], true) => "#d8f0d0",
        ([], false) => "#e8e8e8",
        ([(op, 1)], _) if *op == node.name => "#ffffff",
        _ => "#d6e6fa",
    }
}

struct Box {
    lines: Vec<String>,
    width: f64,
    height: f64,
    /// Its middle, and its top.
    x: f64,
    y: f64,
}

/// The row of each node: one below the lowest that goes into it. What comes from later nodes, as where a layer is used again,
/// does not count.
fn rows(nodes: &[GraphNode]) -> Vec<Vec<usize>> {
    let mut row = vec![0; nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        for &input in node.inputs.iter().filter(|&&input| input < at) {
            row[at] = row[at].max(row[input] + 1);
        }
    }
    // What is given stands just above what uses it first.
    for (at, node) in nodes.iter().enumerate() {
        if node.inputs.is_empty() {
            let users = nodes
                .iter()
                .enumerate()
                .filter(|(_, user)| user.inputs.contains(&at));
            let lowest: Option<usize> = users.map(|(user, _)| row[user]).min();
            if let Some(lowest) = lowest {
                row[at] = lowest.saturating_sub(1);
            }
        }
    }
    let mut rows = vec![Vec::new(); row.iter().max().map_or(0, |most| most + 1)];
    for (at, &row) in row.iter().enumerate() {
        rows[row].push(at);
    }
    rows
}

/// Puts each node near the middle of those that it is joined to.
fn order(rows: &mut [Vec<usize>], nodes: &[GraphNode]) {
    let mut neighbors = vec![Vec::new(); nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        for &input in &node.inputs {
            neighbors[at].push(input);
            neighbors[input].push(at);
        }
    }
    let mut place = vec![0.0; nodes.len()];
    for sweep in 0..6 {
        let count = rows.len();
        for at in 0..count {
            let row = if sweep % 2 == 0 { at } else { count - 1 - at };
            let middle = |node: &usize| {
                let near: Vec<f64> = neighbors[*node].iter().map(|&other| place[other]).collect();
                match near.is_empty() {
                    true => place[*node],
                    false => near.iter().sum::<f64>() / near.len() as f64,
                }
            };
            let mut middles: Vec<(f64, usize)> =
                rows[row].iter().map(|node| (middle(node), *node)).collect();
            middles.sort_by(|a, b| a.0.total_cmp(&b.0));
            let wide = middles.len() as f64;
            for (index, &(_, node)) in middles.iter().enumerate() {
                place[node] = index as f64 - (wide - 1.0) / 2.0;
            }
            rows[row] = middles.into_iter().map(|(_, node)| node).collect();
        }
    }
}

/// The picture.
pub(crate) fn svg(nodes: &[GraphNode]) -> String {
    let mut rows = rows(nodes);
    order(&mut rows, nodes);
    let mut boxes: Vec<Box> = nodes
        .iter()
        .map(|node| {
            let lines = label(node);
            let letters = lines
                .iter()
                .map(|line| line.chars().count())
                .max()
                .unwrap_or(0);
            Box {
                width: (letters as f64 * 6.8 + 20.0).max(56.0),
                height: lines.len() as f64 * LINE + 12.0,
                lines,
                x: 0.0,
                y: 0.0,
            }
        })
        .collect();
    let row_width = |row: &Vec<usize>, boxes: &[Box]| {
        let widths = row.iter().map(|&at| boxes[at].width).sum::<f64>();
        widths + GAP * (row.len().max(1) - 1) as f64
    };
    let widest = rows
        .iter()
        .map(|row| row_width(row, &boxes))
        .fold(0.0, f64::max);
    // A way around for what goes back up.
    let back = nodes
        .iter()
        .enumerate()
        .any(|(at, node)| node.inputs.iter().any(|&input| input >= at));
    let width = widest + 2.0 * MARGIN + if back { 60.0 } else { 0.0 };
    let mut y = MARGIN;
    for row in &rows {
        let mut x = MARGIN + (widest - row_width(row, &boxes)) / 2.0;
        let mut tallest: f64 = 0.0;
        for &at in row {
            let place = &mut boxes[at];
            (place.x, place.y) = (x + place.width / 2.0, y);
            x += place.width + GAP;
            tallest = tallest.max(place.height);
        }
        y += tallest + ROW;
    }
    let height = (y - ROW + MARGIN).max(2.0 * MARGIN);
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" \
         markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#556\"/></marker></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
    );
    for (at, node) in nodes.iter().enumerate() {
        for (index, &input) in node.inputs.iter().enumerate() {
            let (from, to) = (&boxes[input], &boxes[at]);
            let spread = (index as f64 + 1.0) / (node.inputs.len() as f64 + 1.0) - 0.5;
            let (x1, y1) = (from.x, from.y + from.height);
            let (x2, y2) = (to.x + spread * to.width * 0.6, to.y);
            let path = if input < at {
                let bend = ((y2 - y1) / 2.0).max(14.0);
                format!(
                    "M{x1:.1} {y1:.1}C{x1:.1} {:.1} {x2:.1} {:.1} {x2:.1} {y2:.1}",
                    y1 + bend,
                    y2 - bend
                )
            } else {
                let (side, x1, x2) = (
                    width - 20.0,
                    from.x + from.width / 2.0,
                    to.x + to.width / 2.0,
                );
                let (y1, y2) = (from.y + from.height / 2.0, to.y + to.height / 2.0);
                format!("M{x1:.1} {y1:.1}C{side:.1} {y1:.1} {side:.1} {y2:.1} {x2:.1} {y2:.1}")
            };
            let dash = if input < at {
                ""
            } else {
                " stroke-dasharray=\"5 3\""
            };
            let _ = writeln!(
                out,
                "<path d=\"{path}\" fill=\"none\" stroke=\"#556\"{dash} marker-end=\"url(#tip)\"/>"
            );
        }
    }
    for (node, place) in nodes.iter().zip(&boxes) {
        let left = place.x - place.width / 2.0;
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"5\" fill=\"{}\" \
             stroke=\"#334\"/>",
            place.y,
            place.width,
            place.height,
            color(node)
        );
        for (index, line) in place.lines.iter().enumerate() {
            let style = match index {
                0 => "font-weight=\"bold\"",
                _ if index + 1 == place.lines.len() && !node.ops.is_empty() => {
                    "font-size=\"10\" fill=\"#667\""
                }
                _ => "",
            };
            let y = place.y + 6.0 + LINE * (index as f64 + 0.75);
            let text = escaped(line);
            let x = place.x;
            let _ = writeln!(
                out,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\" {style}>{text}</text>"
            );
        }
    }
    out + "</svg>\n"
}
