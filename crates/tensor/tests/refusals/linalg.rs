//! Products over any axes, and linear algebra.

use wengert_tensor::einsum::Plan;
use wengert_tensor::kernels::linalg::{
    self, Factors, Matrices, Triangle, matrix, solution, square,
};
use wengert_tensor::{Shape, Tensor};

use crate::refusals::{Place, check_errors, check_panics, errors, panics};

/// Ones of this shape: matrices of rank 1.
fn x(dims: &[usize]) -> Tensor<f64> {
    Tensor::ones(dims)
}

fn none() -> [Tensor<f64>; 0] {
    []
}

fn shape(dims: &[usize]) -> Shape {
    Shape::new(dims)
}

fn of(dims: &[usize]) -> Matrices {
    Matrices::read(&x(dims).view())
}

/// Two matrices, the second of which is singular and not positive definite.
fn two() -> Tensor<f64> {
    Tensor::stack(&[Tensor::eye(2), Tensor::from([[1.0, 2.0], [2.0, 4.0]])], 0)
}

const LOWER: Triangle = Triangle {
    upper: false,
    unit: false,
};

#[test]
fn products() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Tensor::einsum": Tensor::einsum("ij,jk", &[x(&[2, 3]), x(&[4, 5])]) => "einsum: `j` is 3 long and 4 long in \"ij,jk\" of [2, 3] and [4, 5]";
            "Tensor::einsum": Tensor::einsum("i", &none()) => "einsum: 1 terms for 0 operands in \"i\" of ";
            "Tensor::dot": x(&[2]).dot(&x(&[3])) => "dot: no vectors of one length: [2] and [3]";
            "Tensor::dot": x(&[2, 2]).dot(&x(&[2, 2])) => "dot: no vectors of one length: [2, 2] and [2, 2]";
            "Tensor::outer": x(&[2]).outer(&x(&[2, 2])) => "outer: no vectors: [2] and [2, 2]";
            "Tensor::tensordot": x(&[2, 3]).tensordot(&x(&[2, 3]), &[1], &[0]) => "tensordot: axes of lengths [3] and [2]: [2, 3] x [2, 3]";
            "Tensor::tensordot": x(&[2, 3]).tensordot(&x(&[3]), &[2], &[0]) => "tensordot: axis 2 is out of range for the shape [2, 3]";
            "Tensor::tensordot": x(&[2, 2]).tensordot(&x(&[2, 2]), &[1, 1], &[0, 1]) => "tensordot: axis 1 is named twice for the shape [2, 2]";
            "Tensor::cross": x(&[2]).cross(&x(&[2]), 0) => "cross: axis -1 is not 3 long: [2] and [2]";
            "Tensor::cross": x(&[3]).cross(&x(&[3]), 1) => "cross: axis 1 is out of range for the shape [3]";
            "Tensor::cross": x(&[2, 3]).cross(&x(&[4, 3]), -1) => "cross: shapes do not broadcast: [2, 3] and [4, 3]";
            "Tensor::multi_dot": Tensor::multi_dot(&none()) => "multi_dot: there is no matrix";
            "Tensor::multi_dot": Tensor::multi_dot(&[x(&[2])]) => "multi_dot: [2], number 0, is no matrix";
            "Tensor::multi_dot": Tensor::multi_dot(&[x(&[2, 3]), x(&[3]), x(&[3, 1])]) => "multi_dot: [3], number 1, is no matrix";
            "Tensor::multi_dot": Tensor::multi_dot(&[x(&[2, 3]), x(&[2, 3])]) => "multi_dot: inner sizes differ: [2, 3] x [2, 3]";
        },
    );
    check_errors(errors! {
        "Plan::new": Plan::new("ij,jk->ik", &[shape(&[2, 3])]) => "einsum: 2 terms for 1 operands in \"ij,jk->ik\" of [2, 3]";
        "Plan::new": Plan::new("ij", &[shape(&[2, 3, 4])]) => "einsum: `ij` does not name the axes of [2, 3, 4] in \"ij\" of [2, 3, 4]";
        "Plan::new": Plan::new("ijk...", &[shape(&[2, 3])]) => "einsum: `ijk...` does not name the axes of [2, 3]";
        "Plan::new": Plan::new("i.", &[shape(&[2])]) => "einsum: `.` is no letter in \"i.\" of [2]";
        "Plan::new": Plan::new("i->j", &[shape(&[2])]) => "einsum: `j` stands in no operand in \"i->j\" of [2]";
        "Plan::new": Plan::new("ij->ii", &[shape(&[2, 2])]) => "einsum: `i` stands twice in the result";
        "Plan::new": Plan::new("......", &[shape(&[2])]) => "einsum: `......` has two ellipses";
        "Plan::new": Plan::new("ii", &[shape(&[2, 3])]) => "einsum: `i` is 2 long and 3 long in \"ii\" of [2, 3]";
        "Plan::new": Plan::new("...,...", &[shape(&[2]), shape(&[3])]) => "einsum: `...` is 2 long and 3 long";
        "Plan::new": Plan::new("->i->", &[shape(&[])]) => "einsum: `-` is no letter";
    });
}

#[test]
fn linear_algebra() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Tensor::cholesky": x(&[2, 3]).cholesky() => "cholesky: [2, 3] is no square matrix";
            "Tensor::cholesky": two().cholesky() => "cholesky: the matrix [1] of the batch is not positive definite: pivot 1 is 0";
            "Tensor::try_cholesky": x(&[2]).try_cholesky() => "cholesky: [2] is no square matrix";
            "Tensor::cholesky_solve": x(&[2, 3]).cholesky_solve(&x(&[2])) => "triangular_solve: [2, 3] is no square matrix";
            "Tensor::cholesky_solve": x(&[2, 2]).cholesky_solve(&x(&[3])) => "triangular_solve: sizes differ: [2, 2] and [3]";
            "Tensor::cholesky_solve": (x(&[2, 2]) - 1.0).cholesky_solve(&x(&[2])) => "triangular_solve: the matrix is singular: pivot 0 is 0";
            "Tensor::solve": x(&[2, 3]).solve(&x(&[2])) => "solve: [2, 3] is no square matrix";
            "Tensor::solve": two().solve(&x(&[2])) => "solve: the matrix [1] of the batch is singular: pivot 1 is 0";
            "Tensor::try_solve": x(&[2, 2]).try_solve(&x(&[3, 2])) => "solve: sizes differ: [2, 2] and [3, 2]";
            "Tensor::try_solve": x(&[2, 2]).try_solve(&x(&[])) => "solve: sizes differ: [2, 2] and []";
            "Tensor::try_solve": x(&[3, 2, 2]).try_solve(&x(&[4, 2, 1])) => "solve: batch axes do not broadcast: [3, 2, 2] and [4, 2, 1]";
            "Tensor::triangular_solve": (x(&[2, 2]) - 1.0).triangular_solve(&x(&[2]), true, false) => "triangular_solve: the matrix is singular: pivot 0 is 0";
            "Tensor::try_triangular_solve": x(&[2, 3]).try_triangular_solve(&x(&[2]), true, false) => "triangular_solve: [2, 3] is no square matrix";
            "Tensor::inverse": two().inverse() => "inverse: the matrix [1] of the batch is singular: pivot 1 is 0";
            "Tensor::try_inverse": x(&[2, 3]).try_inverse() => "inverse: [2, 3] is no square matrix";
            "Tensor::det": x(&[2, 3]).det() => "det: [2, 3] is no square matrix";
            "Tensor::slogdet": x(&[2, 3]).slogdet() => "slogdet: [2, 3] is no square matrix";
            "Tensor::logdet": x(&[2, 3]).logdet() => "logdet: [2, 3] is no square matrix";
            "Tensor::qr": x(&[2]).qr() => "qr: [2] is no matrix";
            "Tensor::eigh": x(&[2, 3]).eigh() => "eigh: [2, 3] is no square matrix";
            "Tensor::eigvalsh": x(&[2, 3]).eigvalsh() => "eigvalsh: [2, 3] is no square matrix";
            "Tensor::svd": x(&[2]).svd() => "svd: [2] is no matrix";
            "Tensor::svdvals": x(&[2]).svdvals() => "svdvals: [2] is no matrix";
            "Tensor::pinv": x(&[2]).pinv() => "pinv: [2] is no matrix";
            "Tensor::lstsq": x(&[2]).lstsq(&x(&[2])) => "lstsq: [2] is no matrix";
            "Tensor::lstsq": x(&[3, 2]).lstsq(&x(&[3])) => "lstsq: the matrix has not full rank: pivot 1 is 0 to rounding";
            "Tensor::lstsq": Tensor::<f64>::eye(2).lstsq(&x(&[3])) => "matmul: inner sizes differ: [2, 2] x [3, 1]";
            "Tensor::matrix_power": x(&[2, 3]).matrix_power(2) => "matrix_power: [2, 3] is no square matrix";
            "Tensor::matrix_power": x(&[2, 2]).matrix_power(-2) => "inverse: the matrix is singular: pivot 1 is 0";
            "Tensor::matrix_exp": x(&[2, 3]).matrix_exp() => "matrix_exp: [2, 3] is no square matrix";
        },
    );
    check_errors(errors! {
        "Tensor::try_cholesky": (-Tensor::<f64>::eye(2)).try_cholesky() => "cholesky: the matrix is not positive definite: pivot 0 is -1";
        "Tensor::try_solve": two().try_solve(&x(&[2])) => "solve: the matrix [1] of the batch is singular: pivot 1 is 0";
        "Tensor::try_triangular_solve": (x(&[2, 2]) - 1.0).try_triangular_solve(&x(&[2]), true, false) => "triangular_solve: the matrix is singular: pivot 0 is 0";
        "Tensor::try_inverse": two().expand([3, 2, 2, 2]).try_inverse() => "inverse: the matrix [0, 1] of the batch is singular: pivot 1 is 0";
    });
}

#[test]
fn kernels() {
    check_panics(
        file!(),
        Place::Anywhere,
        panics! {
            "Matrices::read": Matrices::read(&x(&[2]).view()) => "[2] is no matrix";
            "Matrices::write": of(&[2, 2]).write(&mut [0.0; 3]) => "matrices do not fill their place";
        },
    );
    check_errors(errors! {
        "linalg::solution": solution("solve", &shape(&[2, 2]), &shape(&[3])) => "solve: sizes differ: [2, 2] and [3]";
        "linalg::square": square("det", &shape(&[2, 3])) => "det: [2, 3] is no square matrix";
        "linalg::matrix": matrix("qr", &shape(&[2])) => "qr: [2] is no matrix";
        "linalg::cholesky": linalg::cholesky("cholesky", of(&[2, 2])) => "cholesky: the matrix is not positive definite: pivot 1 is 0";
        "Factors::check": Factors::new(of(&[3, 2, 2])).check("solve") => "solve: the matrix [0] of the batch is singular: pivot 1 is 0";
        "Matrices::check_triangles": Matrices::read(&Tensor::<f64>::zeros([1, 1]).view()).check_triangles("triangular_solve", LOWER) => "triangular_solve: the matrix is singular: pivot 0 is 0";
        "Matrices::full_rank": Matrices::read(&Tensor::<f64>::zeros([1, 1]).view()).full_rank("lstsq", 1e-16) => "lstsq: the matrix has not full rank: pivot 0 is 0 to rounding";
    });
}
