//! Elementary and special functions over the whole range of exponents, beside numbers that were computed
//! with hundreds of digits (`tests/golden/make_special.py`): the value and the slope in every reading, in
//! both types. The bounds are those that the docs state, in units in the last place.

use wengert_tape::{Tape, Var};
use wengert_tensor::{Float, Tensor};

use crate::ranges::{error, lines_of, unit};

const TABLE: &str = include_str!("../../../../tests/golden/special.txt");

/// A function, the greatest errors of its value and its slope, and the number in whose last place these are
/// counted where the result is less.
struct Row<T: Float> {
    name: &'static str,
    function: for<'t> fn(Var<'t, T>) -> Var<'t, T>,
    bounds: [f64; 2],
    floor: f64,
}

macro_rules! rows {
    ($($name:ident($($attribute:literal)?) $bounds:expr, of $floor:expr;)*) => {
        [$(Row {
            name: stringify!($name),
            function: |x| x.$name($($attribute)?),
            bounds: $bounds,
            floor: $floor,
        }),*]
    };
}

fn rows<T: Float>() -> [Row<T>; 33] {
    rows! {
        sin() [1.0, 1.0], of 0.0;
        cos() [1.0, 1.0], of 0.0;
        tan() [1.0, 3.0], of 0.0;
        asin() [1.0, 2.0], of 0.0;
        acos() [1.0, 2.0], of 0.0;
        atan() [1.0, 2.0], of 0.0;
        sinh() [1.0, 1.0], of 0.0;
        cosh() [1.0, 1.0], of 0.0;
        asinh() [2.0, 2.0], of 0.0;
        acosh() [3.0, 2.0], of 0.0;
        atanh() [2.0, 2.0], of 0.0;
        log2() [1.0, 2.0], of 0.0;
        log10() [1.0, 2.0], of 0.0;
        exp2() [1.0, 2.0], of 0.0;
        cbrt() [1.0, 4.0], of 0.0;
        logit() [2.0, 2.0], of 0.0;
        erf() [1.0, 3.0], of 0.0;
        erfc() [3.0, 3.0], of 0.0;
        erfinv() [4.0, 40.0], of 0.0;
        ln_gamma() [2.0, 5.0], of 1.0;
        digamma() [5.0, 20.0], of 1.0;
        polygamma(1) [20.0, 20.0], of 0.0;
        i0() [8.0, 8.0], of 0.0;
        i0e() [8.0, 8.0], of 0.1;
        i1() [8.0, 12.0], of 0.0;
        i1e() [8.0, 12.0], of 0.1;
        sinc() [4.0, 8.0], of 1.0;
        selu() [3.0, 3.0], of 0.0;
        // The rounding of the exponent is multiplied by it.
        celu(1.5) [3.0, 400.0], of 0.0;
        mish() [5.0, 8.0], of 1.0;
        gelu() [4.0, 8.0], of 1.0;
        softsign() [1.0, 3.0], of 0.0;
        tanhshrink() [4.0, 6.0], of 0.0;
    }
}

fn check<T: Float>() {
    let mut wrong = String::new();
    for row in rows::<T>() {
        let lines = lines_of::<T>(TABLE, row.name);
        let tape = Tape::<T>::new();
        let places: Vec<T> = lines.iter().map(|line| T::from_f64(line[0])).collect();
        let x = tape.leaf(&Tensor::from(places));
        let y = (row.function)(x);
        let direct = y.sum().backward().wrt(x).expect("reached").to_vec();
        let [recorded] = tape.grad(y.sum(), [x]);
        let ones = tape.constant(&Tensor::<T>::ones(x.shape()));
        let forward = tape.tangent(y, &[(x, ones)]).value().to_vec();
        let readings = [
            ("value", y.value().to_vec(), 0),
            ("slope", direct, 1),
            ("recorded slope", recorded.value().to_vec(), 1),
            ("forward slope", forward, 1),
        ];
        for (reading, found, order) in readings {
            let off = |(&found, line): (&T, &[f64; 3])| {
                let exact = line[1 + order];
                let error = if exact.abs() < row.floor {
                    (found.to_f64() - exact).abs() / unit::<T>(row.floor)
                } else {
                    error(found, exact)
                };
                (error, line[0])
            };
            let worst = found.iter().zip(&lines).map(off);
            let worst = worst.fold((0.0, 0.0), |worst, next| {
                if next.0 > worst.0 || next.0.is_nan() {
                    next
                } else {
                    worst
                }
            });
            let report = format!(
                "{} {} {reading}: {:.2} at {:e}",
                T::NAME,
                row.name,
                worst.0,
                worst.1
            );
            eprintln!("{report}");
            if worst.0.is_nan() || worst.0 > row.bounds[order] {
                wrong += &format!("{report}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "beyond their bounds:\n{wrong}");
}

#[test]
fn in_single_precision() {
    check::<f32>();
}

#[test]
fn in_double_precision() {
    check::<f64>();
}
