//! A line search for the strong Wolfe conditions.

/// A point along the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    /// t, how far it is from the start.
    pub size: f64,
    pub loss: f64,
    /// The derivative of the loss along the line.
    pub slope: f64,
}

impl Point {
    fn is_finite(&self) -> bool {
        self.loss.is_finite() && self.slope.is_finite()
    }
}

/// c₁ and c₂.
const DECREASE: f64 = 1e-4;
const CURVATURE: f64 = 0.9;

/// A point that fulfills the strong Wolfe conditions, or after so many evaluations the best one with
/// a sufficient decrease; the start, if there is none. The first size that it tries is `size`.
///
/// Source: Nocedal and Wright 2006, *Numerical optimization*, algorithms 3.5 and 3.6, and equation
/// 3.59 for the cubic.
pub(super) fn search(
    start: Point,
    size: f64,
    evaluations: usize,
    look: &mut dyn FnMut(f64) -> Point,
) -> Point {
    let fulfills = |point: &Point| {
        let bound = start.loss + DECREASE * point.size * start.slope;
        point.is_finite() && point.loss <= bound
    };
    let is_flat = |point: &Point| point.slope.abs() <= -CURVATURE * start.slope;
    let (mut low, mut size, mut left) = (start, size, evaluations);
    // Ever further, until a minimum lies between two points.
    let mut high = loop {
        if left == 0 {
            return low;
        }
        left -= 1;
        let point = look(size);
        if !fulfills(&point) || (low.size > 0.0 && point.loss >= low.loss) {
            break point;
        }
        if is_flat(&point) {
            return point;
        }
        if point.slope >= 0.0 {
            let before = low;
            low = point;
            break before;
        }
        let further = minimum(&low, &point).unwrap_or(2.0 * size);
        low = point;
        size = further.clamp(1.1 * size, 10.0 * size);
    };
    // The two always enclose a point that will do, and `low` is the lower one.
    while left > 0 {
        left -= 1;
        let (from, to) = (low.size, high.size);
        let margin = 0.1 * (to - from).abs();
        let (least, most) = (from.min(to) + margin, from.max(to) - margin);
        let middle = 0.5 * (from + to);
        let size = match minimum(&low, &high) {
            Some(size) if high.is_finite() => size.clamp(least, most),
            _ => middle,
        };
        if size == from || size == to || margin < 1e-16 * to.abs() {
            break;
        }
        let point = look(size);
        if !fulfills(&point) || point.loss >= low.loss {
            high = point;
            continue;
        }
        if is_flat(&point) {
            return point;
        }
        if point.slope * (high.size - low.size) >= 0.0 {
            high = low;
        }
        low = point;
    }
    low
}

/// Where the cubic through two points and their slopes has its minimum.
fn minimum(a: &Point, b: &Point) -> Option<f64> {
    let d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.size - b.size);
    let square = d1 * d1 - a.slope * b.slope;
    let d2 = (b.size - a.size).signum() * square.sqrt();
    let size = b.size - (b.size - a.size) * (b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2);
    size.is_finite().then_some(size)
}
