//! Matrices that are the right factor of several products, which the tape packs.

use wengert_tape::{Tape, Var};
use wengert_tensor::{Rng, Tensor};

/// x f f f, where f is w or its transpose, once by the op that packs and once as a batch of one
/// matrix, which it does not, with their gradients.
fn both<'t>(x: Var<'t, f64>, w: Var<'t, f64>, transposed: bool) -> [[Tensor<f64>; 3]; 2] {
    let factor = if transposed { w.t() } else { w };
    let batch = factor.unsqueeze(0);
    let packs = |x: Var<'t, f64>| Var::affine(&[(x, factor)], None);
    let plain = |x: Var<'t, f64>| x.matmul(batch);
    let y = plain(plain(plain(x.unsqueeze(0)))).squeeze(0);
    [packs(packs(packs(x))), y].map(|y| {
        let grads = y.sum().backward();
        [y.value(), grads.wrt(x).unwrap(), grads.wrt(w).unwrap()]
    })
}

fn agree([packed, plain]: [[Tensor<f64>; 3]; 2]) {
    for (packed, plain) in packed.iter().zip(&plain) {
        assert!(packed.allclose(plain, 1e-12, 1e-12));
    }
}

#[test]
fn a_packed_factor_is_the_factor() {
    let mut rng = Rng::seed_from_u64(1);
    let mut tape = Tape::new();
    // Not packed at all, packed where it is transposed, and packed always.
    for [rows, size] in [[2, 3], [5, 9], [7, 18], [40, 50], [33, 130]] {
        for _ in 0..3 {
            let x: Tensor<f64> = rng.normal([rows, size], 0.0, 1.0);
            let w: Tensor<f64> = rng.normal([size, size], 0.0, 0.1);
            for transposed in [false, true] {
                agree(both(tape.leaf(&x), tape.leaf(&w), transposed));
            }
            tape.reset();
        }
    }
}

#[test]
fn what_comes_twice_is_packed_and_kept_for_the_next_step() {
    let mut tape = Tape::<f64>::new();
    let mut kept = Vec::new();
    for products in [1, 2, 2, 5] {
        let w = tape.leaf(&Tensor::full([9, 9], 0.1));
        let mut y = tape.leaf(&Tensor::full([5, 9], 0.1));
        for _ in 0..products {
            y = Var::affine(&[(y, w)], None);
        }
        drop(y.sum().backward());
        kept.push(tape.stats().packed_bytes);
        tape.reset();
    }
    // A copy of 9 rows of 9 elements at least, in no more than twice as many of 16 and a cache line.
    assert_eq!(kept[0], 0);
    assert!((9 * 9 * 8..9 * 32 * 8).contains(&kept[1]), "{kept:?}");
    assert_eq!([kept[2], kept[3]], [kept[1]; 2]);
}

#[test]
fn what_a_scope_packed_ends_with_it() {
    let mut rng = Rng::seed_from_u64(1);
    let tape = Tape::new();
    let x: Tensor<f64> = rng.normal([40, 50], 0.0, 1.0);
    for _ in 0..3 {
        // The same number of a node, and another matrix.
        let w: Tensor<f64> = rng.normal([50, 50], 0.0, 0.1);
        tape.scope(|tape| agree(both(tape.leaf(&x), tape.leaf(&w), false)));
    }
}
