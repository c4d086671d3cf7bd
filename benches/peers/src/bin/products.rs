//! The matrix products of a step of W3 and of W5, through our kernels and by bare calls at the same shapes:
//! what the detour over strides, checks and small shapes costs, or saves. The weights of W5 come again
//! in every time step, so ours are packed, as they are on a tape.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml --bin products`

use std::hint::black_box;
use std::time::Instant;

use wengert::tensor::kernels::{self, MatrixMut, Packed, matmul};
use wengert_peers::bare::{self, multiply};

/// y ← y + a b, of so many rows, terms and columns, where one of the factors may be transposed.
struct Product {
    name: &'static str,
    rows: usize,
    terms: usize,
    cols: usize,
    transposed: [bool; 2],
    /// Whether b comes again and again.
    again: bool,
}

const ROUNDS: usize = 15;
const CALLS: usize = 100;

const PLAIN: [bool; 2] = [false, false];
const FIRST: [bool; 2] = [true, false];
const SECOND: [bool; 2] = [false, true];

fn main() {
    let product = |name, rows, terms, cols, transposed| Product {
        name,
        rows,
        terms,
        cols,
        transposed,
        again: false,
    };
    let again = |product| Product {
        again: true,
        ..product
    };
    report(
        "W3",
        &[
            product("x W1", 200, 784, 200, PLAIN),
            product("h W2", 200, 200, 200, PLAIN),
            product("h W4", 200, 200, 10, PLAIN),
            product("dW4", 200, 200, 10, FIRST),
            product("dh4", 200, 10, 200, SECOND),
            product("dW2", 200, 200, 200, FIRST),
            product("dh2", 200, 200, 200, SECOND),
            product("dW1", 784, 200, 200, FIRST),
        ],
    );
    for hidden in [50, 128] {
        let gates = 4 * hidden;
        report(
            &format!("W5-{hidden}"),
            &[
                product("x Wx", 100, 2, gates, PLAIN),
                again(product("h Wh", 100, hidden, gates, PLAIN)),
                product("dWx", 2, 100, gates, FIRST),
                product("dWh", hidden, 100, gates, FIRST),
                again(product("dh", 100, gates, hidden, SECOND)),
            ],
        );
    }
}

/// A line for each product, and one for all.
fn report(workload: &str, products: &[Product]) {
    let line = |name: &str, ours: f64, bare: f64| {
        let ratio = ours / bare;
        println!("{workload:6} {name:4} ours {ours:7.2} us, bare {bare:7.2} us, ratio {ratio:.2}");
    };
    let (mut all_ours, mut all_bare) = (0.0, 0.0);
    for product in products {
        let (ours, bare) = product.measure();
        (all_ours, all_bare) = (all_ours + ours, all_bare + bare);
        line(product.name, ours, bare);
    }
    line("all", all_ours, all_bare);
}

impl Product {
    /// Microseconds a call: ours and bare, medians of interleaved rounds.
    fn measure(&self) -> (f64, f64) {
        let (m, k, n) = (self.rows, self.terms, self.cols);
        let (a, b) = (vec![0.01f32; m * k], vec![0.01f32; k * n]);
        let mut y = vec![0.0f32; m * n];
        let [ta, tb] = self.transposed;
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        let mut packed = Packed::default();
        let again = self.again && Packed::pays(&ours_of(&a, m, k, ta), &ours_of(&b, k, n, tb));
        if again {
            packed.pack(ours_of(&b, k, n, tb));
        }
        for _ in 0..ROUNDS {
            ours.push(timed(|| {
                let (y, a) = (MatrixMut::row_major(&mut y, m, n), ours_of(&a, m, k, ta));
                match again {
                    true => packed.multiply(y, a, true),
                    false => matmul(y, a, ours_of(&b, k, n, tb), true),
                }
            }));
            bare.push(timed(|| {
                multiply(&mut y, bare_of(&a, m, k, ta), bare_of(&b, k, n, tb), true);
            }));
        }
        black_box(&y);
        (median(ours), median(bare))
    }
}

/// A matrix for our kernel, stored as its transpose where that is wanted.
fn ours_of(data: &[f32], rows: usize, cols: usize, transposed: bool) -> kernels::Matrix<'_, f32> {
    if transposed {
        kernels::Matrix::row_major(data, cols, rows).t()
    } else {
        kernels::Matrix::row_major(data, rows, cols)
    }
}

/// The same for the bare call.
fn bare_of(data: &[f32], rows: usize, cols: usize, transposed: bool) -> bare::Matrix<'_> {
    if transposed {
        bare::Matrix::rows(data, cols, rows).t()
    } else {
        bare::Matrix::rows(data, rows, cols)
    }
}

/// Microseconds a call.
fn timed(mut call: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..CALLS {
        call();
    }
    start.elapsed().as_secs_f64() * 1e6 / CALLS as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
