//! Points on a plane that belong to classes.

use std::f64::consts::PI;

use wengert::prelude::*;

/// Points around centers, as many at each, and the number of its center for each.
pub fn clouds(centers: &[[f64; 2]], each: usize, rng: &mut Rng) -> (Tensor<f64>, Tensor<i64>) {
    let noise: Tensor<f64> = rng.normal([each * centers.len(), 2], 0.0, 1.0);
    let x = Tensor::from_fn(noise.shape(), |at| {
        centers[at[0] / each][at[1]] + noise[[at[0], at[1]]]
    });
    (
        x,
        Tensor::from_fn([each * centers.len()], |at| (at[0] / each) as i64),
    )
}

/// Two half circles that reach into each other, with noise, in random order.
pub fn moons(count: usize, rng: &mut Rng) -> (Tensor<f64>, Tensor<f64>) {
    let half = count / 2;
    let order = rng.permutation(count);
    let noise: Tensor<f64> = rng.normal([count, 2], 0.0, 0.3);
    let x = Tensor::from_fn([count, 2], |at| {
        let (moon, place) = (order[at[0]] / half, order[at[0]] % half);
        let (y, x) = (PI * place as f64 / (half - 1) as f64).sin_cos();
        let clean = if moon == 0 {
            [x, y]
        } else {
            [1.0 - x, 0.5 - y]
        };
        clean[at[1]] + noise[[at[0], at[1]]]
    });
    (
        x,
        Tensor::from_fn([count, 1], |at| (order[at[0]] / half) as f64),
    )
}
