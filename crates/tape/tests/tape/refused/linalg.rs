//! Products over any axes, and linear algebra.

use wengert_tape::{Tape, Var};
use wengert_tensor::Tensor;

use super::{pair, with};
use crate::refusals::{Place, check_errors, check_panics, errors, panics};

/// Hands `f` three leaves of these shapes, all 1.
fn three(shapes: [&[usize]; 3], f: for<'t> fn(Var<'t, f64>, Var<'t, f64>, Var<'t, f64>)) {
    let tape = Tape::new();
    let [x, y, z] = shapes.map(|dims| tape.leaf(&Tensor::ones(dims)));
    f(x, y, z);
}

/// What becomes of two matrices, the second of which is singular and not positive definite.
fn of_two<E>(f: for<'t> fn(Var<'t, f64>) -> Result<Var<'t, f64>, E>) -> Result<(), E> {
    let second = Tensor::from([[1.0, 2.0], [2.0, 4.0]]);
    of(&Tensor::stack(&[Tensor::eye(2), second], 0), f)
}

/// What becomes of a matrix of zeros.
fn of_zero<E>(f: for<'t> fn(Var<'t, f64>) -> Result<Var<'t, f64>, E>) -> Result<(), E> {
    of(&Tensor::zeros([2, 2]), f)
}

fn of<E>(x: &Tensor<f64>, f: for<'t> fn(Var<'t, f64>) -> Result<Var<'t, f64>, E>) -> Result<(), E> {
    let tape = Tape::new();
    let x = tape.leaf(x);
    let nodes = tape.stats().nodes;
    let result = f(x).map(drop);
    if result.is_err() {
        assert_eq!(
            tape.stats().nodes,
            nodes,
            "a refusal leaves the tape as it was"
        );
    }
    result
}

#[test]
fn products() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Var::einsum": pair(&[2, 3], &[4, 5], |x, y| drop(Var::einsum("ij,jk", &[x, y]))) => "einsum: `j` is 3 long and 4 long in \"ij,jk\" of [2, 3] and [4, 5]";
            "Var::einsum": with(&[2, 3], |x| drop(Var::einsum("ijk", &[x]))) => "einsum: `ijk` does not name the axes of [2, 3] in \"ijk\" of [2, 3]";
            "Var::dot": pair(&[2], &[3], |x, y| drop(x.dot(y))) => "dot: no vectors of one length: [2] and [3]";
            "Var::outer": pair(&[2], &[], |x, y| drop(x.outer(y))) => "outer: no vectors: [2] and []";
            "Var::tensordot": pair(&[2, 3], &[2, 3], |x, y| drop(x.tensordot(y, &[1], &[0]))) => "tensordot: axes of lengths [3] and [2]: [2, 3] x [2, 3]";
            "Var::tensordot": pair(&[2, 3], &[3], |x, y| drop(x.tensordot(y, &[2], &[0]))) => "tensordot: axis 2 is out of range for the shape [2, 3]";
            "Var::tensordot": pair(&[2, 2], &[2, 2], |x, y| drop(x.tensordot(y, &[1, 1], &[0, 1]))) => "tensordot: axis 1 is named twice for the shape [2, 2]";
            "Var::kron": pair(&[1; 5], &[1; 5], |x, y| drop(x.kron(y))) => "reshape: ";
            "Var::cross": pair(&[2], &[2], |x, y| drop(x.cross(y, 0))) => "cross: axis -1 is not 3 long: [2] and [2]";
            "Var::cross": pair(&[3], &[3], |x, y| drop(x.cross(y, 1))) => "cross: axis 1 is out of range for the shape [3]";
            "Var::cross": pair(&[2, 3], &[4, 3], |x, y| drop(x.cross(y, -1))) => "cross: shapes do not broadcast: [2, 3] and [4, 3]";
            "Var::multi_dot": with(&[], |_| drop(Var::<f64>::multi_dot(&[]))) => "multi_dot: there is no matrix";
            "Var::multi_dot": with(&[2], |x| drop(Var::multi_dot(&[x]))) => "multi_dot: [2], number 0, is no matrix";
            "Var::multi_dot": with(&[2, 3], |x| drop(Var::multi_dot(&[x, x]))) => "multi_dot: inner sizes differ: [2, 3] x [2, 3]";
            "Var::linear": pair(&[2, 3], &[4, 2], |x, w| drop(x.linear(w, None))) => "affine: ";
            "Var::linear": pair(&[2, 3], &[3], |x, w| drop(x.linear(w, None))) => "axis -2 is out of range for the shape [3]";
            "Var::bilinear": three([&[7, 3], &[7, 5], &[2, 5, 3]], |x, y, w| drop(x.bilinear(y, w, None))) => "bilinear: a weight of shape [2, 5, 3] does not fit [7, 3] and [7, 5]";
            "Var::bilinear": three([&[7, 3], &[6, 5], &[2, 3, 5]], |x, y, w| drop(x.bilinear(y, w, None))) => "bilinear: a weight of shape [2, 3, 5] does not fit [7, 3] and [6, 5]";
            "Var::bilinear": three([&[3], &[5], &[3, 5]], |x, y, w| drop(x.bilinear(y, w, None))) => "bilinear: a weight of shape [3, 5] does not fit [3] and [5]";
        },
    );
}

#[test]
fn linear_algebra() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Var::cholesky": with(&[2, 3], |x| drop(x.cholesky())) => "cholesky: [2, 3] is no square matrix";
            "Var::cholesky": with(&[2, 2], |x| drop(x.cholesky())) => "cholesky: the matrix is not positive definite: pivot 1 is 0";
            "Var::try_cholesky": with(&[2], |x| drop(x.try_cholesky())) => "cholesky: [2] is no square matrix";
            "Var::cholesky_solve": pair(&[2, 3], &[2], |x, b| drop(x.cholesky_solve(b))) => "triangular_solve: [2, 3] is no square matrix";
            "Var::cholesky_solve": pair(&[2, 2], &[3], |x, b| drop(x.cholesky_solve(b))) => "triangular_solve: sizes differ: [2, 2] and [3]";
            "Var::cholesky_solve": pair(&[2, 2], &[2], |x, b| drop((x * 0.0).cholesky_solve(b))) => "triangular_solve: the matrix is singular: pivot 0 is 0";
            "Var::solve": pair(&[2, 3], &[2], |x, b| drop(x.solve(b))) => "solve: [2, 3] is no square matrix";
            "Var::solve": pair(&[2, 2], &[2], |x, b| drop(x.solve(b))) => "solve: the matrix is singular: pivot 1 is 0";
            "Var::try_solve": pair(&[2, 2], &[3, 2], |x, b| drop(x.try_solve(b))) => "solve: sizes differ: [2, 2] and [3, 2]";
            "Var::try_solve": pair(&[3, 2, 2], &[4, 2, 1], |x, b| drop(x.try_solve(b))) => "solve: batch axes do not broadcast: [3, 2, 2] and [4, 2, 1]";
            "Var::triangular_solve": pair(&[2, 2], &[2], |x, b| drop((x * 0.0).triangular_solve(b, true, false))) => "triangular_solve: the matrix is singular: pivot 0 is 0";
            "Var::try_triangular_solve": pair(&[2, 3], &[2], |x, b| drop(x.try_triangular_solve(b, true, false))) => "triangular_solve: [2, 3] is no square matrix";
            "Var::inverse": with(&[2, 2], |x| drop(x.inverse())) => "inverse: the matrix is singular: pivot 1 is 0";
            "Var::try_inverse": with(&[2, 3], |x| drop(x.try_inverse())) => "inverse: [2, 3] is no square matrix";
            "Var::det": with(&[2, 3], |x| drop(x.det())) => "det: [2, 3] is no square matrix";
            "Var::slogdet": with(&[2, 3], |x| drop(x.slogdet())) => "slogdet: [2, 3] is no square matrix";
            "Var::logdet": with(&[2, 3], |x| drop(x.logdet())) => "logdet: [2, 3] is no square matrix";
            "Var::qr": with(&[2], |x| drop(x.qr())) => "qr: [2] is no matrix";
            "Var::eigh": with(&[2, 3], |x| drop(x.eigh())) => "eigh: [2, 3] is no square matrix";
            "Var::eigvalsh": with(&[2, 3], |x| drop(x.eigvalsh())) => "eigvalsh: [2, 3] is no square matrix";
            "Var::svd": with(&[2], |x| drop(x.svd())) => "svd: [2] is no matrix";
            "Var::svdvals": with(&[2], |x| drop(x.svdvals())) => "svdvals: [2] is no matrix";
            "Var::pinv": with(&[2], |x| drop(x.pinv())) => "pinv: [2] is no matrix";
            "Var::lstsq": pair(&[2], &[2], |x, b| drop(x.lstsq(b))) => "lstsq: [2] is no matrix";
            "Var::lstsq": pair(&[3, 2], &[3], |x, b| drop(x.lstsq(b))) => "lstsq: the matrix has not full rank: pivot 1 is 0 to rounding";
            "Var::lstsq": pair(&[2, 1], &[3], |x, b| drop(x.lstsq(b))) => "matmul: inner sizes differ: [1, 2] x [3, 1]";
            "Var::matrix_power": with(&[2, 3], |x| drop(x.matrix_power(2))) => "matrix_power: [2, 3] is no square matrix";
            "Var::matrix_power": with(&[2, 2], |x| drop(x.matrix_power(-2))) => "inverse: the matrix is singular: pivot 1 is 0";
            "Var::matrix_exp": with(&[2, 3], |x| drop(x.matrix_exp())) => "matrix_exp: [2, 3] is no square matrix";
        },
    );
    check_errors(errors! {
        "Var::try_cholesky": of_two(|x| x.try_cholesky()) => "cholesky: the matrix [1] of the batch is not positive definite: pivot 1 is 0";
        "Var::try_solve": of_two(|x| x.try_solve(x)) => "solve: the matrix [1] of the batch is singular: pivot 1 is 0";
        "Var::try_triangular_solve": of_zero(|x| x.try_triangular_solve(x, true, false)) => "triangular_solve: the matrix is singular: pivot 0 is 0";
        "Var::try_inverse": of_two(|x| x.try_inverse()) => "inverse: the matrix [1] of the batch is singular: pivot 1 is 0";
    });
}
