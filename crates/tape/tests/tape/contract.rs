//! Products over any axes and functions of matrices that are made of ops: values beside `Tensor`'s, which has
//! other tests, and derivatives by the laws.

use wengert_tape::check::laws_of;
use wengert_tape::{Tape, Var};
use wengert_tensor::{Rng, Tensor};

fn random(seed: u64, dims: &[usize]) -> Tensor<f64> {
    Rng::seed_from_u64(seed).normal(dims, 0.0, 1.0)
}

/// 6 on the diagonal: added to a matrix, it makes it one of full rank, however its rows are stretched.
fn shift(m: usize, n: usize) -> Tensor<f64> {
    Tensor::from_fn([m, n], |at| if at[0] == at[1] { 6.0 } else { 0.0 })
}

#[track_caller]
fn near(found: &Tensor<f64>, expected: &Tensor<f64>) {
    assert_eq!(found.shape(), expected.shape());
    assert!(found.allclose(expected, 1e-12, 1e-12), "{found} {expected}");
}

const EQUATIONS: [(&str, &[&[usize]]); 16] = [
    ("ij,jk->ik", &[&[2, 3], &[3, 2]]),
    ("bij,bkj->bik", &[&[2, 1, 3], &[2, 2, 3]]),
    ("ij->ji", &[&[2, 3]]),
    ("ij->j", &[&[2, 3]]),
    ("ii->i", &[&[3, 3]]),
    ("iij->j", &[&[2, 2, 3]]),
    ("i,j->ij", &[&[2], &[3]]),
    ("i,i->", &[&[3], &[3]]),
    ("ij,ij->i", &[&[2, 3], &[2, 3]]),
    ("bij,j,bi->b", &[&[2, 2, 3], &[3], &[2, 2]]),
    ("ij,jk,kl->il", &[&[2, 3], &[3, 2], &[2, 2]]),
    ("...ij,jk->...ik", &[&[2, 2, 3], &[3, 2]]),
    ("...,...->...", &[&[2, 1], &[3]]),
    ("ij,ij->ij", &[&[2, 3], &[1, 3]]),
    ("iz,zj->ij", &[&[2, 0], &[0, 2]]),
    (",i->i", &[&[], &[2]]),
];

#[test]
fn equations_keep_the_laws() {
    for (equation, shapes) in EQUATIONS {
        let x: Vec<Tensor<f64>> = shapes
            .iter()
            .zip(1..)
            .map(|(dims, k)| random(k, dims))
            .collect();
        let tape = Tape::new();
        let vars: Vec<_> = x.iter().map(|x| tape.leaf(x)).collect();
        near(
            &Var::einsum(equation, &vars).value(),
            &Tensor::einsum(equation, &x),
        );
        let violations = laws_of("einsum", &x, true, move |x| vec![Var::einsum(equation, x)]);
        assert_eq!(violations, [], "{equation}");
    }
}

/// The value of a function of variables is that of the same function of tensors, and it keeps the laws.
macro_rules! twins {
    ($($name:literal, $shapes:expr, |$x:ident| $var:expr, |$y:ident| $tensor:expr;)*) => {
        $({
            let (name, shapes): (&'static str, &[&[usize]]) = ($name, $shapes);
            let x: Vec<Tensor<f64>> = shapes.iter().zip(1..).map(|(dims, k)| random(k, dims)).collect();
            let tape = Tape::new();
            let vars: Vec<_> = x.iter().map(|x| tape.leaf(x)).collect();
            let $x = &vars;
            let found = $var.value();
            let $y = &x;
            near(&found, &$tensor);
            assert_eq!(laws_of(name, &x, true, |$x| vec![$var]), []);
        })*
    };
}

#[test]
fn functions_of_matrices_keep_the_laws() {
    twins! {
        "dot", &[&[4], &[4]], |x| x[0].dot(x[1]), |x| x[0].dot(&x[1]);
        "outer", &[&[2], &[3]], |x| x[0].outer(x[1]), |x| x[0].outer(&x[1]);
        "tensordot", &[&[2, 3, 2], &[2, 2]], |x| x[0].tensordot(x[1], &[2, 0], &[0, 1]),
            |x| x[0].tensordot(&x[1], &[2, 0], &[0, 1]);
        "kron", &[&[2, 3], &[2]], |x| x[0].kron(x[1]), |x| x[0].kron(&x[1]);
        "cross", &[&[2, 3], &[3]], |x| x[0].cross(x[1], -1), |x| x[0].cross(&x[1], -1);
        "multi_dot", &[&[2], &[2, 3], &[3, 1], &[1, 2]], |x| Var::multi_dot(x), |x| Tensor::multi_dot(x);
        "linear", &[&[2, 3], &[2, 3], &[2]], |x| x[0].linear(x[1], Some(x[2])),
            |x| x[0].matmul(&x[1].t()) + &x[2];
        "bilinear", &[&[2, 2], &[2, 3], &[2, 2, 3], &[2]], |x| x[0].bilinear(x[1], x[2], Some(x[3])),
            |x| Tensor::einsum("bi,oij,bj->bo", &[&x[0], &x[2], &x[1]]) + &x[3];
        "matrix_power", &[&[2, 3, 3]], |x| x[0].matrix_power(5), |x| x[0].matrix_power(5);
        "matrix_power", &[&[2, 2]], |x| (x[0] + &shift(2, 2)).matrix_power(-2), |x| (&x[0] + shift(2, 2)).matrix_power(-2);
        "matrix_exp", &[&[2, 2, 2]], |x| x[0].matrix_exp(), |x| x[0].matrix_exp();
        "matrix_exp", &[&[3, 3]], |x| (x[0] * 5.0).matrix_exp() * 1e-4, |x| (&x[0] * 5.0).matrix_exp() * 1e-4;
        "lstsq", &[&[2, 4, 2], &[2, 4, 1]], |x| (x[0] + &shift(4, 2)).lstsq(x[1]), |x| (&x[0] + shift(4, 2)).lstsq(&x[1]);
        "lstsq", &[&[2, 3], &[2]], |x| (x[0] + &shift(2, 3)).lstsq(x[1]), |x| (&x[0] + shift(2, 3)).lstsq(&x[1]);
    }
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&random(1, &[2, 3, 3]));
    assert_eq!(x.matrix_power(0).value().select(0, 1), Tensor::eye(3));
    assert_eq!(tape.zeros([2, 0, 0]).matrix_exp().shape(), [2, 0, 0]);
}

/// The derivative of the exponential along itself: d/dt exp(t a) = a exp(t a).
#[test]
fn the_exponential_solves_its_equation() {
    for size in [0.1, 3.0, 30.0] {
        let a = random(5, &[4, 4]) * size * 0.25;
        let (y, y_dot) = Tape::new().jvp(&a, &a, |_, a| a.matrix_exp());
        let expected = a.matmul(&y);
        let most = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        assert!(y_dot.max_abs_diff(&expected) <= 1e-12 * most * (1.0 + size));
    }
}

/// Neither the coefficients nor the halvings leave the range of the narrow type.
#[test]
fn exponentials_in_single_precision() {
    let a: Tensor<f32> = Tensor::from([[1.0, 20.0], [-20.0, 1.0]]);
    let tape = Tape::<f32>::new();
    let y = tape.leaf(&a).matrix_exp().value();
    let (s, c) = 20.0_f64.sin_cos();
    let e = 1.0_f64.exp();
    let expected = Tensor::from([[e * c, e * s], [-e * s, e * c]]).cast::<f32>();
    assert!(y.allclose(&expected, 1e-4, 1e-5), "{y} {expected}");
}
