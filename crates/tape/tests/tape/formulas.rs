//! `#[formula]` on formulas of the user's.

use wengert_tape::{Formula, Real, Tape, Var, formula};

use crate::support::{assert_close, noise};

#[derive(Clone, Copy)]
struct Swish {
    beta: f64,
}

#[formula]
impl Formula<1, 1> for Swish {
    const NAME: &'static str = "swish";
    fn eval<R: Real>(&self, [x]: [R; 1]) -> [R; 1] {
        [x * (x * R::lit(self.beta) * 2.0).sigmoid() + gap(x) - 1.0 * x + x]
    }
}

/// 0, by a long way round.
#[formula]
fn gap<R: Real>(x: R) -> R {
    0.5 * (x + x) - x
}

#[derive(Clone, Copy)]
struct Polar;

#[formula]
impl Formula<2, 2> for Polar {
    const NAME: &'static str = "polar";
    fn eval<R: Real>(&self, [x, y]: [R; 2]) -> [R; 2] {
        let square = x * x + y * y + 1.0;
        [
            square.sqrt(),
            R::select_less(x, 0.0 * y, -x / square, x * 2.0),
        ]
    }
}

/// The sum of products of neighbors: as many inputs as one may like.
#[derive(Clone, Copy)]
struct Neighbors;

#[formula]
impl Formula<11, 9> for Neighbors {
    const NAME: &'static str = "neighbors";
    fn eval<R: Real>(&self, x: [R; 11]) -> [R; 9] {
        let mut y = [R::lit(0.0); 9];
        for m in 0..9 {
            y[m] = x[m] * x[m + 1] + x[m + 2];
        }
        y
    }
}

#[test]
fn many_inputs_and_outputs() {
    let tape = Tape::<f64>::new();
    let x: [_; 11] = std::array::from_fn(|k| tape.leaf(&noise(&[3, 7], 1 + k as u64)));
    let y: [_; 9] = tape.formula(Neighbors, x);
    let other: [_; 9] = std::array::from_fn(|m| x[m] * x[m + 1] + x[m + 2]);
    let weights = noise(&[9, 3, 7], 20);
    let weighed = |y: &[_]| (Var::stack(y, 0) * &weights).sum();
    let (custom, composed) = (weighed(&y), weighed(&other));
    assert_close(&custom.value(), &composed.value(), 1e-13);
    let (a, b) = (tape.grad(custom, x), tape.grad(composed, x));
    let back = custom.backward();
    for k in 0..11 {
        assert_close(&a[k].value(), &b[k].value(), 1e-13);
        assert_close(&back.wrt(x[k]).unwrap(), &b[k].value(), 1e-13);
    }
}

#[test]
fn a_formula_with_literals() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&noise(&[40], 1));
    let [y] = tape.formula(Swish { beta: 0.75 }, [x]);
    let composed = x * (1.5 * x).sigmoid();
    assert_close(&y.value(), &composed.value(), 1e-15);
    let (a, b) = (tape.grad(y.sum(), [x]), tape.grad(composed.sum(), [x]));
    assert_close(&a[0].value(), &b[0].value(), 1e-14);
    assert_close(&y.sum().backward().wrt(x).unwrap(), &b[0].value(), 1e-14);
    let (a, b) = (tape.grad(a[0].sum(), [x]), tape.grad(b[0].sum(), [x]));
    assert_close(&a[0].value(), &b[0].value(), 1e-13);
}

#[test]
fn two_inputs_and_two_outputs() {
    let tape = Tape::<f64>::new();
    let (x, y) = (tape.leaf(&noise(&[3, 5], 1)), tape.leaf(&noise(&[5], 2)));
    let [r, s] = tape.formula(Polar, [x, y]);
    let square = x * x + y * y + 1.0;
    let other = (-x / square).where_(&x.lt(0.0), x * 2.0);
    let (custom, composed) = ((r * s).sum(), (square.sqrt() * other).sum());
    assert_close(&custom.value(), &composed.value(), 1e-14);
    let (a, b) = (tape.grad(custom, [x, y]), tape.grad(composed, [x, y]));
    let back = custom.backward();
    for (k, leaf) in [x, y].into_iter().enumerate() {
        assert_close(&a[k].value(), &b[k].value(), 1e-13);
        assert_close(&back.wrt(leaf).unwrap(), &b[k].value(), 1e-13);
    }
    // One output alone.
    let bar = r.sum().backward().wrt(x).unwrap();
    assert_close(&bar, &(x / square.sqrt()).value(), 1e-14);
    let [bar] = tape.grad(s.sum(), [x]);
    let [expected] = tape.grad(other.sum(), [x]);
    assert_close(&bar.value(), &expected.value(), 1e-14);
}
