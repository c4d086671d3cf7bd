//! Derivatives by differences, with their own error bar.

/// A derivative and how far it can be off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Estimate {
    pub value: f64,
    pub bar: f64,
}

/// Whether an error is small enough; NaN is not.
pub(crate) fn within(error: f64, bound: f64) -> bool {
    error <= bound
}

/// How many unit roundings the values of a function may be off.
const NOISE: f64 = 16.0 * f64::EPSILON;

/// The derivatives at 0 of the values of `f`, a function of one number, by central differences.
///
/// The value is the six-point formula, whose error is of the sixth order in the step. The bar is
/// its distance from the four-point formula, plus the sixth difference, which is half the jump of
/// the slope at a kink in the middle, plus what rounding does to the values and to an argument of
/// the given `size`. Where a bar stays loose, near a pole or a kink, smaller steps are
/// tried, and the estimate with the smallest bar is kept.
pub(crate) fn derivative(
    mut f: impl FnMut(f64) -> Vec<f64>,
    step: f64,
    size: f64,
) -> Vec<Estimate> {
    let mut best: Vec<Estimate> = Vec::new();
    let middle = f(0.0);
    for level in 0..4 {
        let h = step / f64::from(1 << (4 * level));
        let [a, b] = [f(h), f(-h)];
        let [c, d] = [f(2.0 * h), f(-2.0 * h)];
        let [e, g] = [f(3.0 * h), f(-3.0 * h)];
        let most = a
            .iter()
            .chain(&b)
            .fold(0.0, |most: f64, x| most.max(x.abs()));
        let mut loose = false;
        for k in 0..a.len() {
            let (one, two, three) = (a[k] - b[k], c[k] - d[k], e[k] - g[k]);
            let six = (45.0 * one - 9.0 * two + three) / (60.0 * h);
            let four = (8.0 * one - two) / (12.0 * h);
            let (near, far) = (a[k] + b[k], e[k] + g[k]);
            let sixth = far - 6.0 * (c[k] + d[k]) + 15.0 * near - 20.0 * middle[k];
            let rounding = (NOISE * most + f64::EPSILON * size * six.abs()) / h;
            let bar = (six - four).abs() + sixth.abs() / (12.0 * h) + rounding;
            loose |= !within(bar, 1e-7 * (1.0 + six.abs()));
            let new = Estimate {
                value: six,
                bar: if bar.is_nan() { f64::INFINITY } else { bar },
            };
            match best.get_mut(k) {
                Some(old) if new.bar < old.bar => *old = new,
                Some(_) => {}
                None => best.push(new),
            }
        }
        if !loose {
            break;
        }
    }
    best
}

/// A step that suits an argument of the given size, a power of two so that arguments round little.
pub(crate) fn scaled(step: f64, size: f64) -> f64 {
    (step * size.max(1.0)).log2().round().exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_holds_and_is_small() {
        let functions: [(fn(f64) -> f64, f64, f64); 4] = [
            (f64::exp, 0.5, 0.5f64.exp()),
            (f64::ln, 0.01, 100.0),
            (f64::sin, 100.0, 100f64.cos()),
            (|x| 1.0 / x, 1e-3, -1e6),
        ];
        for (f, x, slope) in functions {
            let [d] = derivative(|t| vec![f(x + t)], scaled(1e-3, x), x)[..] else {
                panic!()
            };
            assert!((d.value - slope).abs() <= d.bar, "{d:?} beside {slope}");
            assert!(d.bar <= 1e-5 * slope.abs(), "{d:?} beside {slope}");
        }
    }

    #[test]
    fn a_kink_has_a_wide_bar() {
        for at in [0.0, 1e-9, 1e-3] {
            let d = derivative(|t| vec![(t - at).max(0.0)], 1e-3, 0.0)[0];
            assert!(at > 1e-4 || d.bar > 0.1, "{d:?} at {at}");
            assert!(d.value.abs() <= 2.0 * d.bar, "{d:?} at {at}");
        }
    }
}
