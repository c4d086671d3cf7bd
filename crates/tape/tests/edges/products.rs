//! `affine` and `matmul`: the direct reading, the recorded one and differences agree.

use wengert_tape::{Tape, Var, ops};
use wengert_tensor::{Rng, Tensor};

#[test]
fn direct_and_recorded_products_agree() {
    for row in ops::ALL.iter().filter(|row| ["affine", "matmul"].contains(&row.name)) {
        for case in (row.samples)().cases {
            for fill in [false, true] {
                let tape = Tape::<f64>::new();
                if fill {
                    tape.poison();
                }
                let x: Vec<Var<'_, f64>> = case.inputs.iter().map(|x| tape.leaf(x)).collect();
                let y = (case.program)(&x);
                let mut loss = tape.scalar(0.0);
                for (k, y) in y.iter().enumerate() {
                    let mut rng = Rng::seed_from_u64(k as u64);
                    let c = Tensor::from_fn(y.shape(), |_| rng.unit() - 0.3);
                    loss = loss + (*y * &c + *y * *y).sum();
                }
                let recorded = tape.grad_with(&[loss], &x, &[], Default::default());
                let direct = loss.backward();
                for (x, recorded) in x.iter().zip(recorded) {
                    let direct = direct.wrt(*x).expect("reached");
                    let recorded = recorded.value();
                    assert!(
                        direct.allclose(&recorded, 1e-12, 1e-12),
                        "{} {}: {direct:?} {recorded:?}",
                        row.name,
                        case.label
                    );
                }
            }
        }
    }
}
