//! An op of one's own: y solves y⁵ + y = x. The value is found by Newton's method; the reverse rule
//! is the theorem of implicit functions, dy/dx = 1 / (5 y⁴ + 1), and knows nothing of how y was
//! found. As the rule is written with ops, the second derivative follows from it.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use wengert::check::{gradcheck, gradgradcheck};
use wengert::prelude::*;
use wengert::tape::Custom;

fn solve(x: f64) -> f64 {
    let mut y = 0.0;
    for _ in 0..100 {
        y -= (f64::powi(y, 5) + y - x) / (5.0 * f64::powi(y, 4) + 1.0);
    }
    y
}

fn main() {
    let quintic = Custom::<f64>::new(
        "quintic",
        |x| x[0].to_tensor().map(solve),
        |rule| {
            let square = rule.y(0) * rule.y(0);
            rule.give(0, rule.cotangent() / (5.0 * square * square + 1.0));
        },
    );

    let x = Tensor::from([2.0, 34.0, -0.3]);
    let tape = Tape::new();
    let at = tape.leaf(&x);
    let y = tape.custom(&quintic, &[at]);
    println!(
        "y(2) = {:.6}, y(34) = {:.6}",
        y.value()[[0]],
        y.value()[[1]]
    );
    assert!((y.value()[[0]] - 1.0).abs() < 1e-12 && (y.value()[[1]] - 2.0).abs() < 1e-12);

    let first = gradcheck(std::slice::from_ref(&x), |x| {
        x[0].tape().custom(&quintic, x)
    });
    println!("first derivative:  {}", first.expect("the rule is right"));
    let second = gradgradcheck(&[x], |x| x[0].tape().custom(&quintic, x));
    println!(
        "second derivative: {}",
        second.expect("so is the derivative of the rule")
    );
}
