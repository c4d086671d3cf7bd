//! Tensors as text.

use std::fmt;

use super::Tensor;
use super::convert::{Wide, widen};
use crate::Element;

/// Beyond this number of elements the middle of each long axis is left out.
const SHOWN: usize = 1000;
/// Positions shown at each end of an axis whose middle is left out.
const EDGE: usize = 3;
/// Decimals of a floating-point number where the format names no precision.
const DECIMALS: usize = 4;

/// How the elements of one tensor are written, so that they line up.
enum Style {
    Plain,
    Fixed(usize),
    Scientific(usize),
}

impl Style {
    fn of<T: Element>(shown: &[T], precision: Option<usize>) -> Self {
        if !T::NAME.starts_with('f') {
            return Style::Plain;
        }
        if let Some(precision) = precision {
            return Style::Fixed(precision);
        }
        let mut decimals = 1;
        for &x in shown {
            let Wide::Real(x) = widen(x) else { continue };
            if !x.is_finite() || x == 0.0 {
                continue;
            }
            if !(1e-4..1e8).contains(&x.abs()) {
                return Style::Scientific(DECIMALS);
            }
            let text = format!("{x:.DECIMALS$}");
            let needed = text
                .trim_end_matches('0')
                .split('.')
                .nth(1)
                .map_or(0, str::len);
            decimals = decimals.max(needed);
        }
        Style::Fixed(decimals)
    }

    fn text<T: Element>(&self, x: T) -> String {
        match (self, widen(x)) {
            (Style::Fixed(decimals), _) => format!("{x:.decimals$}"),
            (Style::Scientific(decimals), Wide::Real(x)) => format!("{x:.decimals$e}"),
            _ => x.to_string(),
        }
    }
}

/// The positions of an axis that are shown; `None` stands for what is left out.
fn places(dim: usize, elide: bool) -> Vec<Option<usize>> {
    if !elide || dim <= 2 * EDGE {
        return (0..dim).map(Some).collect();
    }
    (0..EDGE)
        .map(Some)
        .chain([None])
        .chain((dim - EDGE..dim).map(Some))
        .collect()
}

/// Nested brackets with aligned columns, as NumPy writes them. A precision (`{:.3}`) sets the
/// decimals; without one there are at most four, or a power of ten where an element needs it. Of
/// more than 1000 elements three are shown at each end of an axis. A tensor without elements shows
/// its shape.
///
/// ```
/// use wengert_tensor::Tensor;
/// let x = Tensor::from([[1.0, -2.5], [10.0, 0.25]]);
/// assert_eq!(x.to_string(), "[[ 1.00, -2.50],\n [10.00,  0.25]]");
/// assert_eq!(format!("{:.1}", Tensor::scalar(1.0)), "1.0");
/// ```
impl<T: Element> fmt::Display for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.size() == 0 {
            return write!(f, "[] of shape {}", self.shape());
        }
        let elide = self.size() > SHOWN;
        let axes: Vec<Vec<Option<usize>>> =
            self.shape().iter().map(|&dim| places(dim, elide)).collect();
        let mut shown = Vec::new();
        self.gather_shown(&axes, 0, self.layout.offset() as isize, &mut shown);
        let style = Style::of(&shown, f.precision());
        let cells: Vec<String> = shown.iter().map(|&x| style.text(x)).collect();
        let width = cells
            .iter()
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0);
        let mut cells = cells.into_iter();
        write_axis(f, &axes, 0, width, &mut cells)
    }
}

impl<T: Element> Tensor<T> {
    fn gather_shown(&self, axes: &[Vec<Option<usize>>], depth: usize, at: isize, out: &mut Vec<T>) {
        let Some(places) = axes.get(depth) else {
            out.push(self.data[at as usize]);
            return;
        };
        for place in places.iter().flatten() {
            let at = at + *place as isize * self.layout.strides()[depth];
            self.gather_shown(axes, depth + 1, at, out);
        }
    }
}

fn write_axis(
    f: &mut fmt::Formatter<'_>,
    axes: &[Vec<Option<usize>>],
    depth: usize,
    width: usize,
    cells: &mut impl Iterator<Item = String>,
) -> fmt::Result {
    let Some(places) = axes.get(depth) else {
        return write!(f, "{:>width$}", cells.next().unwrap_or_default());
    };
    let inner = axes.len() - depth - 1;
    f.write_str("[")?;
    for (nth, place) in places.iter().enumerate() {
        if nth > 0 && inner == 0 {
            f.write_str(", ")?;
        } else if nth > 0 {
            // Blocks of rank n are n lines apart.
            write!(f, ",{}{}", "\n".repeat(inner), " ".repeat(depth + 1))?;
        }
        match place {
            Some(_) => write_axis(f, axes, depth + 1, width, cells)?,
            None => f.write_str("...")?,
        }
    }
    f.write_str("]")
}

/// The element type, the shape and the first elements.
///
/// ```
/// use wengert_tensor::Tensor;
/// let x = Tensor::from([[1.0_f32, 2.0], [3.0, 4.0]]);
/// assert_eq!(format!("{x:?}"), "Tensor<f32> [2, 2] [1.0, 2.0, 3.0, 4.0]");
/// ```
impl<T: Element> fmt::Debug for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const FIRST: usize = 8;
        write!(f, "Tensor<{}> {} [", T::NAME, self.shape())?;
        for (nth, x) in self.iter().take(FIRST).enumerate() {
            if nth > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{x:?}")?;
        }
        f.write_str(if self.size() > FIRST { ", ...]" } else { "]" })
    }
}
