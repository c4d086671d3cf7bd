//! An activation of one's own, written once: Mish, x · tanh(softplus(x)) (Misra 2019). The same
//! text runs as a vector kernel, as its own derivative, and as a recording to be differentiated
//! again; no derivative is written.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use wengert::check::{gradcheck, gradgradcheck};
use wengert::prelude::*;

#[derive(Clone, Copy)]
struct Mish;

#[formula]
impl Formula<1, 1> for Mish {
    const NAME: &'static str = "mish";

    fn eval<R: Real>(&self, [x]: [R; 1]) -> [R; 1] {
        // log(1 + eˣ) without overflow.
        let softplus = x.max(0.0) + (1.0 + (-x.abs()).exp()).ln();
        [x * softplus.tanh()]
    }
}

fn mish<'t, T: Float>(x: Var<'t, T>) -> Var<'t, T> {
    let [y] = x.tape().formula(Mish, [x]);
    y
}

fn main() {
    let mut tape = Tape::<f64>::new();
    let x = Tensor::from([-1000.0, -1.0, 0.5, 1000.0]);
    let y = tape.evaluate(&x, |_, x| mish(x).value());
    println!("mish({x}) = {y}");
    let known = -(1.0 + (-1f64).exp()).ln().tanh();
    assert_eq!(y[[3]], 1000.0);
    assert!((y[[1]] - known).abs() < 1e-15);

    let x = Tensor::from([-3.0, -0.5, 0.7, 4.0]);
    let first = gradcheck(std::slice::from_ref(&x), |x| mish(x[0]));
    println!(
        "first derivative:  {}",
        first.expect("it follows from the value")
    );
    let second = gradgradcheck(&[x], |x| mish(x[0]));
    println!("second derivative: {}", second.expect("so does this one"));
}
