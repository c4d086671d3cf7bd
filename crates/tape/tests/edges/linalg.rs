//! Matrices without a factor or a derivative: what is refused, what is shared, what is NaN.

use wengert_tape::{Tape, Var};
use wengert_tensor::{Rng, Tensor};

use crate::{INF, NAN, assert_close};

fn random(seed: u64, dims: &[usize]) -> Tensor<f64> {
    Rng::seed_from_u64(seed).normal(dims, 0.0, 1.0)
}

fn all_nan(x: &Tensor<f64>) -> bool {
    x.iter().all(f64::is_nan)
}

/// The gradient of a function of a matrix.
fn gradient(x: &Tensor<f64>, f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>) -> Tensor<f64> {
    let tape = Tape::new();
    let x = tape.leaf(x);
    let y = f(x);
    let direct = y.backward().wrt(x).expect("x is reached");
    let [recorded] = tape.grad(y, [x]);
    assert_close(
        &direct.to_vec(),
        &recorded.value().to_vec(),
        1e-12,
        "both readings",
    );
    direct
}

/// The second derivative along a direction, by reverse over reverse.
fn second(
    x: &Tensor<f64>,
    v: &Tensor<f64>,
    f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>,
) -> Tensor<f64> {
    let tape = Tape::new();
    let x = tape.leaf(x);
    let [bar] = tape.grad(f(x), [x]);
    let [second] = tape.grad((bar * v).sum(), [x]);
    second.value()
}

/// A determinant is a polynomial: its derivatives at singular matrices are those of the polynomial.
#[test]
fn determinants_of_singular_matrices() {
    // Of a matrix of two rows: (a d − b c), whose gradient is [[d, −c], [−b, a]].
    for a in [
        [[1.0, 2.0], [2.0, 4.0]],
        [[0.0, 3.0], [0.0, 0.0]],
        [[0.0, 0.0], [0.0, 0.0]],
    ] {
        let bar = gradient(&Tensor::from(a), |x| x.det());
        let expected = [a[1][1], -a[1][0], -a[0][1], a[0][0]];
        assert_close(&bar.to_vec(), &expected, 1e-14, "the gradient");
        let v = Tensor::from([[1.0, 0.5], [-2.0, 3.0]]);
        let twice = second(&Tensor::from(a), &v, |x| x.det());
        assert_close(
            &twice.to_vec(),
            &[3.0, 2.0, -0.5, 1.0],
            1e-14,
            "the second derivative",
        );
    }
    // Of three rows: the cofactors, and along v those of the sum less those of both, at every rank.
    let cofactors = |a: &Tensor<f64>| {
        Tensor::from_fn([3, 3], |at| {
            let [i, j, k, l] = [
                (at[0] + 1) % 3,
                (at[0] + 2) % 3,
                (at[1] + 1) % 3,
                (at[1] + 2) % 3,
            ];
            a[[i, k]] * a[[j, l]] - a[[i, l]] * a[[j, k]]
        })
    };
    for rank in 0..=3 {
        let a = random(1, &[3, rank]).matmul(&random(2, &[rank, 3]));
        let v = random(3, &[3, 3]);
        let bar = gradient(&a, |x| x.det());
        assert_close(
            &bar.to_vec(),
            &cofactors(&a).to_vec(),
            1e-13,
            "the cofactors",
        );
        let expected = cofactors(&(&a + &v)) - cofactors(&a) - cofactors(&v);
        let twice = second(&a, &v, |x| x.det());
        assert_close(
            &twice.to_vec(),
            &expected.to_vec(),
            1e-12,
            "their derivative",
        );
    }
    // All of them in one batch.
    let of_rank = |rank: usize| random(1, &[3, rank]).matmul(&random(2, &[rank, 3]));
    let all = Tensor::stack(&[3, 1, 0, 2, 1, 3].map(of_rank), 0).reshape(&[2, 3, 3, 3]);
    let bar = gradient(&all, |x| x.det().sum()).reshape(&[6, 3, 3]);
    for (k, rank) in [3, 1, 0, 2, 1, 3].into_iter().enumerate() {
        let (found, expected) = (bar.select(0, k as isize), cofactors(&of_rank(rank)));
        assert_close(&found.to_vec(), &expected.to_vec(), 1e-13, "one of a batch");
    }
    // Of rank n − 3 the first and the second derivative are 0, and the third is not.
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::zeros([3, 3]));
    let mut y = x.det();
    for k in 0..3 {
        [y] = tape.grad(y, [x]);
        assert_eq!(y.value(), Tensor::zeros([3, 3]), "order {}", k + 1);
        if k < 2 {
            y = y.select(0, k).select(0, k);
        }
        if k == 1 {
            let [third] = tape.grad(y, [x]);
            assert_close(
                &third.value().to_vec(),
                &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
                1e-15,
                "the third derivative",
            );
            break;
        }
    }
    // A matrix that is nearly singular, where half of the digits of its inverse are lost.
    let near = Tensor::from([[1.0, 1.0], [1.0, 1.0 + 1e-12]]);
    let bar = gradient(&near, |x| x.det());
    assert_close(
        &bar.to_vec(),
        &[1.0 + 1e-12, -1.0, -1.0, 1.0],
        1e-15,
        "nearly singular",
    );
}

#[test]
fn logarithms_of_determinants() {
    let singular = Tensor::from([[1.0, 2.0], [2.0, 4.0]]);
    let two = Tensor::stack(&[&singular, &Tensor::from([[2.0, 0.0], [0.0, 4.0]])], 0);
    for f in [
        (|x| x.slogdet().1) as for<'t> fn(Var<'t, f64>) -> Var<'t, f64>,
        |x| x.logdet(),
    ] {
        let tape = Tape::new();
        let x = tape.leaf(&two);
        let y = f(x);
        assert_eq!(y.value().to_vec(), [-INF, 8.0_f64.ln()]);
        let bar = y.sum().backward().wrt(x).expect("x is reached");
        assert!(all_nan(&bar.select(0, 0)));
        assert_eq!(bar.select(0, 1), Tensor::from([[0.5, 0.0], [0.0, 0.25]]));
        // Nothing flows into the singular one: its gradient is 0.
        let bar = y.select(0, 1).backward().wrt(x).expect("x is reached");
        assert_eq!(bar.select(0, 0), Tensor::zeros([2, 2]));
    }
    let negative = Tensor::from([[0.0, 1.0], [1.0, 0.0]]);
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&negative);
    assert!(x.logdet().item().is_nan());
    assert_eq!((x.slogdet().0.item(), x.slogdet().1.item()), (-1.0, 0.0));
    assert_eq!((tape.leaf(&singular).slogdet().0).item(), 0.0);
}

/// Only what is not in the triangle may be anything.
#[test]
fn triangles_read_nothing_else() {
    let a = Tensor::from([[2.0, NAN], [1.0, 4.0]]);
    let bar = gradient(&a, |x| {
        x.triangular_solve(&Tensor::from([2.0, 9.0]), false, false)
            .sum()
    });
    assert_close(
        &bar.to_vec(),
        &[-0.375, 0.0, -0.25, -0.5],
        1e-15,
        "the lower triangle",
    );
    let a = Tensor::from([[NAN, 3.0], [INF, NAN]]);
    let bar = gradient(&a, |x| {
        x.triangular_solve(&Tensor::from([2.0, 9.0]), true, true)
            .sum()
    });
    assert_close(
        &bar.to_vec(),
        &[0.0, -9.0, 0.0, 0.0],
        1e-15,
        "ones on the diagonal",
    );
}

/// The gradient is symmetric, whichever triangle carries the numbers.
#[test]
fn symmetric_functions_have_symmetric_gradients() {
    let x = random(4, &[3, 3]);
    let spd = x.matmul(&x.t()) + Tensor::eye(3);
    let weight = random(5, &[3, 3]);
    for f in [
        (|x| x.cholesky()) as for<'t> fn(Var<'t, f64>) -> Var<'t, f64>,
        |x| x.eigh().1,
        |x| x.eigvalsh().unsqueeze(0),
    ] {
        let weight = weight.clone();
        let bar = gradient(&spd, move |x| {
            let y = f(x);
            (y * &weight.slice(0, ..y.dim(0))).sum()
        });
        assert!(bar.max_abs_diff(&bar.t()) < 1e-13);
    }
}

/// Equal eigenvalues share what flows into them.
#[test]
fn equal_eigenvalues() {
    let turn = random(6, &[4, 4]).qr().0;
    let values = [1.0, 2.0, 2.0, 5.0];
    let d = Tensor::from_fn(
        [4, 4],
        |at| if at[0] == at[1] { values[at[0]] } else { 0.0 },
    );
    let a = turn.matmul(&d).matmul(&turn.t());
    let projector = |k: std::ops::Range<usize>| {
        let v = turn.slice(1, k);
        v.matmul(&v.t())
    };
    // One of the equal ones, a function of all alike, and one that is apart.
    let bar = gradient(&a, |x| x.eigvalsh().select(0, 1));
    assert_close(
        &bar.to_vec(),
        &(projector(1..3) * 0.5).to_vec(),
        1e-13,
        "one of two",
    );
    let bar = gradient(&a, |x| x.eigvalsh().exp().sum());
    assert_close(
        &bar.to_vec(),
        &a.matrix_exp().to_vec(),
        1e-12,
        "a function of all",
    );
    let bar = gradient(&a, |x| x.eigvalsh().select(0, 3));
    assert_close(&bar.to_vec(), &projector(3..4).to_vec(), 1e-13, "one apart");
    // The vectors that are apart have a derivative, those of the equal ones have none.
    let bar = gradient(&a, |x| x.eigh().1.select(1, 3).square().sum());
    assert!(bar.iter().all(|x| x.abs() < 1e-12));
    let bar = gradient(&a, |x| x.eigh().1.select(1, 1).sum());
    assert!(all_nan(&bar));
    // Nothing is left out in silence: a function of the matrix by equal values and vectors is NaN, too.
    let bar = gradient(&a, |x| {
        let (values, v) = x.eigh();
        (v * values.exp().unsqueeze(-2))
            .matmul(v.t())
            .select(0, 0)
            .select(0, 1)
    });
    assert!(all_nan(&bar));
    // Forward mode agrees.
    let along = random(7, &[4, 4]);
    let (_, dot) = Tape::new().jvp(&a, &along, |_, x| x.eigvalsh().exp().sum());
    let expected = (a.matrix_exp() * &along).sum().item();
    assert!((dot.item() - expected).abs() < 1e-11 * expected.abs());
    // All are equal: the identity, and zeros.
    for scale in [1.0, 0.0] {
        let bar = gradient(&(Tensor::eye(3) * scale), |x| x.eigvalsh().select(0, 2));
        assert_close(
            &bar.to_vec(),
            &(Tensor::<f64>::eye(3) / 3.0).to_vec(),
            1e-15,
            "the identity",
        );
    }
}

#[test]
fn equal_and_vanishing_singular_values() {
    let (p, q) = (random(8, &[4, 3]).qr().0, random(9, &[3, 3]).qr().0);
    let of = |values: [f64; 3]| {
        let d = Tensor::from_fn(
            [3, 3],
            |at| if at[0] == at[1] { values[at[0]] } else { 0.0 },
        );
        p.matmul(&d).matmul(&q.t())
    };
    let outer = |k: std::ops::Range<usize>| p.slice(1, k.clone()).matmul(&q.slice(1, k).t());
    let bar = gradient(&of([5.0, 2.0, 2.0]), |x| x.svdvals().select(0, 1));
    assert_close(
        &bar.to_vec(),
        &(outer(1..3) * 0.5).to_vec(),
        1e-13,
        "one of two",
    );
    // The sum of all: a vanishing one has slope 0.
    let bar = gradient(&of([5.0, 2.0, 0.0]), |x| x.svdvals().sum());
    assert_close(
        &bar.to_vec(),
        &outer(0..2).to_vec(),
        1e-13,
        "the nuclear norm",
    );
    let bar = gradient(&Tensor::zeros([2, 3]), |x| x.svdvals().sum());
    assert_eq!(bar, Tensor::zeros([2, 3]));
    let (_, dot) = Tape::new().jvp(&of([5.0, 2.0, 0.0]), &outer(0..3), |_, x| x.svdvals().sum());
    assert!((dot.item() - 2.0).abs() < 1e-13);
    // Vectors of equal values, and of a vanishing one beside a longer side.
    assert!(all_nan(&gradient(&of([5.0, 2.0, 2.0]), |x| x
        .svd()
        .0
        .select(1, 1)
        .sum())));
    assert!(all_nan(&gradient(&of([5.0, 2.0, 0.0]), |x| x
        .svd()
        .0
        .select(1, 2)
        .sum())));
    let bar = gradient(&of([5.0, 2.0, 0.0]), |x| {
        x.svd().0.select(1, 0).square().sum()
    });
    assert!(bar.iter().all(|x| x.abs() < 1e-13));
    // A product of all three that is the matrix itself has its gradient where values are apart.
    let weight = random(10, &[4, 3]);
    let bar = gradient(&of([5.0, 2.0, 1.0]), |x| {
        let (u, s, vt) = x.svd();
        ((u * s).matmul(vt) * &weight).sum()
    });
    assert_close(&bar.to_vec(), &weight.to_vec(), 1e-12, "the matrix itself");
}

#[test]
fn dependent_columns() {
    let a = Tensor::from([[1.0, 2.0], [2.0, 4.0], [0.0, 0.0]]);
    let tape = Tape::new();
    let x = tape.leaf(&a);
    let (q, r) = x.qr();
    assert_close(
        &q.matmul(r).value().to_vec(),
        &a.to_vec(),
        1e-15,
        "the product",
    );
    assert_close(
        &q.t().matmul(q).value().to_vec(),
        &[1.0, 0.0, 0.0, 1.0],
        1e-15,
        "the columns",
    );
    let zeros = Tensor::zeros([3, 2]);
    assert!(gradient(&zeros, |x| x.qr().1.sum()).iter().any(f64::is_nan));
    let (q, _) = zeros.qr();
    assert_close(
        &q.t().matmul(&q).to_vec(),
        &[1.0, 0.0, 0.0, 1.0],
        1e-15,
        "of nothing",
    );
    // The pseudoinverse has the derivative along matrices of its rank.
    let bar = gradient(&a, |x| x.pinv().square().sum());
    assert!(bar.iter().all(f64::is_finite));
    // |a⁺|² = 1 / σ², and d(1 / σ²) = −2 / σ³ u vᵀ.
    let expected = Tensor::from([[1.0, 2.0], [2.0, 4.0], [0.0, 0.0]]) * (-2.0 / 625.0);
    assert_close(&bar.to_vec(), &expected.to_vec(), 1e-14, "of the same rank");
    assert_eq!(gradient(&zeros, |x| x.pinv().sum()), zeros);
}

/// What is not finite makes its matrix NaN, and what flows there, and no other.
#[test]
fn values_that_are_not_finite() {
    type Function = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;
    let good = random(11, &[2, 2]);
    let good = good.matmul(&good.t()) + Tensor::eye(2);
    let table: [(&str, Function); 9] = [
        ("inverse", |x| x.inverse()),
        ("cholesky", |x| x.cholesky()),
        ("det", |x| x.det()),
        ("logdet", |x| x.logdet()),
        ("qr", |x| x.qr().0),
        ("eigh", |x| x.eigh().1),
        ("svd", |x| x.svd().0),
        ("svdvals", |x| x.svdvals()),
        ("pinv", |x| x.pinv()),
    ];
    for (name, f) in table {
        for bad in [NAN, INF] {
            let spoiled = Tensor::from([[bad, 1.0], [1.0, 2.0]]);
            let tape = Tape::new();
            let x = tape.leaf(&Tensor::stack(&[&spoiled, &good], 0));
            let y = f(x);
            assert!(all_nan(&y.value().select(0, 0)), "{name}");
            let alone = tape.leaf(&good);
            let expected = f(alone);
            assert_eq!(y.value().select(0, 1), expected.value(), "{name}");
            let bar = y.sum().backward().wrt(x).expect("x is reached");
            let other = expected.sum().backward().wrt(alone).expect("it is reached");
            assert_close(&bar.select(0, 1).to_vec(), &other.to_vec(), 1e-12, name);
            assert!(bar.select(0, 0).iter().any(f64::is_nan), "{name}");
        }
    }
}
