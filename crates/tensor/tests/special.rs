//! Functions that are computed one number at a time, beside numbers that were computed with hundreds of
//! digits (`tests/golden/special.txt`), and what they make of infinities, zeros and NaN.

use wengert_tensor::{Pad, Tensor};

const TABLE: &str = include_str!("../../../tests/golden/special.txt");

/// The places and values of a function.
fn lines(name: &str) -> Vec<[f64; 2]> {
    let mut lines = Vec::new();
    let mut inside = false;
    for line in TABLE.lines() {
        let numbers: Vec<f64> = line.split(' ').filter_map(|x| x.parse().ok()).collect();
        match numbers[..] {
            [x, y, _] if inside => lines.push([x, y]),
            [] => inside = line == name,
            _ => {}
        }
    }
    assert!(lines.len() > 25, "{name} has too few places");
    lines
}

macro_rules! functions {
    ($($name:ident($($attribute:literal)?) $ulps:literal of $floor:literal;)*) => { $({
        let table = lines(stringify!($name));
        let places = Tensor::from(table.iter().map(|line| line[0]).collect::<Vec<f64>>());
        let found = places.$name($($attribute)?).to_vec();
        // What `f32` makes of it is the result of its own places, rounded once.
        let narrow = places.cast::<f32>();
        let wide = narrow.cast::<f64>().$name($($attribute)?).to_vec();
        let narrow = narrow.$name($($attribute)?).to_vec();
        for (k, (&found, &[x, y])) in found.iter().zip(&table).enumerate() {
            let near = found == y || (found - y).abs() <= $ulps * f64::EPSILON * y.abs().max($floor);
            assert!(near, "{}({x:e}) = {found:e}, not {y:e}", stringify!($name));
            let same = narrow[k] == wide[k] as f32 || narrow[k].is_nan() && wide[k].is_nan();
            assert!(same, "{} in `f32` at {x:e}", stringify!($name));
        }
    })* };
}

#[test]
fn functions_of_one_number() {
    functions! {
        sin() 1.0 of 0.0;
        cos() 1.0 of 0.0;
        tan() 1.0 of 0.0;
        asin() 1.0 of 0.0;
        acos() 1.0 of 0.0;
        atan() 1.0 of 0.0;
        sinh() 1.0 of 0.0;
        cosh() 1.0 of 0.0;
        asinh() 2.0 of 0.0;
        acosh() 3.0 of 0.0;
        atanh() 2.0 of 0.0;
        log2() 1.0 of 0.0;
        log10() 1.0 of 0.0;
        exp2() 1.0 of 1e-300;
        cbrt() 1.0 of 0.0;
        logit() 2.0 of 0.0;
        erf() 1.0 of 1e-300;
        erfc() 3.0 of 1e-290;
        erfinv() 4.0 of 1e-300;
        ln_gamma() 2.0 of 1.0;
        digamma() 5.0 of 1.0;
        polygamma(1) 20.0 of 0.0;
        i0() 8.0 of 0.0;
        i0e() 8.0 of 0.0;
        i1() 8.0 of 1e-300;
        i1e() 8.0 of 1e-300;
        sinc() 4.0 of 1.0;
    }
}

#[test]
fn of_two_numbers() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let pair = |x: f64, y: f64| (Tensor::scalar(x), Tensor::scalar(y));
    let (x, y) = pair(-1.0, 3.0);
    assert_eq!((x.remainder(&y).item(), x.fmod(&y).item()), (2.0, -1.0));
    assert_eq!((y.hypot(4.0).item(), y.copysign(&x).item()), (5.0, -3.0));
    assert!(x.remainder(0.0).item().is_nan() && x.fmod(0.0).item().is_nan());
    assert!(
        Tensor::<f64>::scalar(6.0)
            .remainder(-3.0)
            .item()
            .is_sign_negative()
    );
    let (x, y) = pair(-inf, -inf);
    assert_eq!(
        (x.logaddexp(&y).item(), x.logaddexp2(&y).item()),
        (-inf, -inf)
    );
    assert_eq!(
        Tensor::scalar(1000.0).logaddexp(1000.0).item(),
        1000.0 + 2.0_f64.ln()
    );
    assert!(x.logaddexp(nan).item().is_nan());
    let zero = Tensor::scalar(0.0);
    assert_eq!(
        (zero.xlogy(nan).item(), zero.xlog1py(-1.0).item()),
        (0.0, 0.0)
    );
    assert_eq!(zero.atan2(-0.0).item(), std::f64::consts::PI);
    let bounds = Tensor::from([[0.0], [2.0]]);
    let x = Tensor::from([-1.0, 1.0, nan]);
    assert_eq!(
        x.clamp(&bounds, 1.5).slice(1, ..2).to_rows(),
        [[0.0, 1.0], [1.5, 1.5]]
    );
    assert!(x.clamp(&bounds, 1.5).slice(1, 2..).is_nan().all());
    assert_eq!(
        Tensor::from([1e17, 3.0]).lerp(3.0, 1.0),
        Tensor::from([3.0, 3.0])
    );
    assert_eq!(
        Tensor::from([1e17, 3.0]).lerp(3.0, 0.0),
        Tensor::from([1e17, 3.0])
    );
    let x = Tensor::from([nan, -inf, inf, -2.0]);
    assert_eq!(
        x.nan_to_num(1.0, 2.0, 3.0),
        Tensor::from([1.0, 2.0, 3.0, -2.0])
    );
    let x = Tensor::from([-2.75, 2.5, 3.5, -0.5]);
    assert_eq!(x.trunc(), Tensor::from([-2.0, 2.0, 3.0, 0.0]));
    assert_eq!(x.fract(), Tensor::from([-0.75, 0.5, 0.5, -0.5]));
    assert_eq!(x.round_ties_even(), Tensor::from([-3.0, 2.0, 4.0, 0.0]));
    // To the left of 0 the recurrence and the reflection lead.
    let x = Tensor::<f64>::from([-0.5, -30.5]);
    assert!((x.digamma()[[1]] - 3.434_030_554_207_563).abs() < 1e-14);
    assert!((x.polygamma(1)[[1]] - 9.837_349_132_820_685).abs() < 1e-14);
    assert!((x.polygamma(1)[[0]] - 8.934_802_200_544_679).abs() < 1e-14);
}

#[test]
fn elements_in_other_places() {
    let x = Tensor::<i64>::arange(6).reshape(&[2, 3]);
    assert_eq!(x.movedim(1, 0), x.t());
    assert_eq!(x.diagonal(1, 0, 1), Tensor::from([1, 5]));
    assert_eq!(x.diagonal(-1, 0, 1), Tensor::from([3]));
    assert_eq!(x.diagonal(3, 0, 1).size(), 0);
    assert_eq!(
        x.unfold(1, 2, 1).select(0, 1),
        Tensor::from([[3, 4], [4, 5]])
    );
    assert_eq!(x.roll(-1, 1), Tensor::from([[1, 2, 0], [4, 5, 3]]));
    assert_eq!(x.roll(7, -1), x.roll(1, 1));
    assert_eq!(x.repeat(&[1, 2]).shape(), &[2, 6]);
    assert_eq!(x.repeat(&[0, 2]).shape(), &[0, 6]);
    assert_eq!(
        x.repeat_interleave(2, 0).select(1, 0),
        Tensor::from([0, 0, 3, 3])
    );
    assert_eq!(x.masked_select(&x.gt(3)), Tensor::from([4, 5]));
    let x = Tensor::from([1.0, 2.0, 3.0]);
    let padded = |pad| x.pad(&[(4, 2)], pad).to_vec();
    assert_eq!(
        padded(Pad::Reflect),
        [1.0, 2.0, 3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0]
    );
    assert_eq!(
        padded(Pad::Replicate),
        [1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 3.0, 3.0, 3.0]
    );
    assert_eq!(
        padded(Pad::Circular),
        [3.0, 1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 1.0, 2.0]
    );
    assert_eq!(padded(Pad::Constant(0.5))[..5], [0.5, 0.5, 0.5, 0.5, 1.0]);
    assert_eq!(
        Tensor::from([7.0]).pad(&[(1, 1)], Pad::Reflect).to_vec(),
        [7.0; 3]
    );
}
