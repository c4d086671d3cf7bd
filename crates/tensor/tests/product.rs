//! Matrix products of any rank against plain loops.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use wengert_tensor::{Rng, Shape, Tensor};

/// c_ij = Σ_k a_ik b_kj over broadcast batch axes, element by element.
fn plain(a: &Tensor<f64>, b: &Tensor<f64>) -> Tensor<f64> {
    let shape = a.shape().matmul(b.shape()).unwrap();
    let rank = shape.rank();
    let mut a_shape = Shape::new(&shape[..rank - 2]);
    a_shape.push(a.shape()[a.rank() - 2]);
    a_shape.push(a.shape()[a.rank() - 1]);
    let mut b_shape = Shape::new(&shape[..rank - 2]);
    b_shape.push(b.shape()[b.rank() - 2]);
    b_shape.push(b.shape()[b.rank() - 1]);
    let (a, b) = (a.expand(&a_shape), b.expand(&b_shape));
    Tensor::from_fn(&shape, |index| {
        let (batch, place) = index.split_at(rank - 2);
        (0..a_shape[rank - 1])
            .map(|k| {
                let at = |i: usize, j: usize| -> Vec<isize> {
                    batch
                        .iter()
                        .copied()
                        .chain([i, j])
                        .map(|x| x as isize)
                        .collect()
                };
                a.get(&at(place[0], k)).unwrap() * b.get(&at(k, place[1])).unwrap()
            })
            .sum()
    })
}

proptest! {
    #[test]
    fn products_agree_with_loops(
        n in 0usize..5,
        k in 0usize..5,
        m in 0usize..5,
        batch in proptest::collection::vec((1usize..4, 0usize..3), 0..3),
        transposed in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let mut rng = Rng::seed_from_u64(seed);
        // Each batch axis is whole on both sides, or of length 1 on one.
        let side = |one: usize| batch.iter().map(move |&(len, short)| if short == one { 1 } else { len });
        let a_shape: Shape = side(1).chain([n, k]).collect();
        let b_shape: Shape = if transposed { side(2).chain([m, k]).collect() } else { side(2).chain([k, m]).collect() };
        let a: Tensor<f64> = rng.uniform(&a_shape, -1.0, 1.0);
        let b: Tensor<f64> = rng.uniform(&b_shape, -1.0, 1.0);
        let b = if transposed { b.t() } else { b };
        prop_assert!(a.matmul(&b).allclose(&plain(&a, &b), 1e-13, 1e-13));
    }
}

#[test]
fn wrong_shapes_are_named() {
    let refusal = |a: &[usize], b: &[usize]| {
        Shape::new(a)
            .matmul(&Shape::new(b))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refusal(&[3, 4], &[5, 6]),
        "matmul: inner sizes differ: [3, 4] x [5, 6]"
    );
    assert_eq!(
        refusal(&[], &[2]),
        "matmul: a scalar is no matrix: [] x [2]"
    );
    assert_eq!(
        refusal(&[2, 3, 4], &[3, 4, 5]),
        "matmul: batch axes do not broadcast: [2, 3, 4] x [3, 4, 5]"
    );
}
