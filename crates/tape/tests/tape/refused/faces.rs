//! The faces of differentiation, and the gradients that they return.

use wengert_tape::{Bind, GradOptions, Gradients, Tape};
use wengert_tensor::Tensor;

use super::{pair, with};
use crate::refusals::{Place, check_panics, panics};

fn tape() -> Tape<f64> {
    Tape::new()
}

fn x(dims: &[usize]) -> Tensor<f64> {
    Tensor::ones(dims)
}

/// The gradients of a model of two numbers, of which the loss reaches both.
fn grads() -> Gradients<Vec<Tensor<f64>>, f64> {
    let model = vec![x(&[]), x(&[])];
    tape().value_and_grad(&model, |_, m| m[0] * m[1]).1
}

fn three() -> Vec<Tensor<f64>> {
    vec![x(&[]), x(&[]), x(&[])]
}

#[test]
fn walks_back() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Var::backward": with(&[2], |x| drop(x.backward())) => "backward: a loss has one element, this value has the shape [2]";
            "Var::backward": with(&[], |x| drop(x.detach().backward())) => "backward: no leaf leads to this value";
            "Var::backward_with": with(&[2], |x| drop(x.backward_with(&Tensor::ones([3])))) => "backward_with: the seed has the shape [3], the value [2]";
            "Var::backward_with": with(&[2], |x| drop(x.detach().backward_with(&Tensor::ones([2])))) => "backward: no leaf leads to this value";
            "Tape::grad": with(&[2], |x| drop(x.tape().grad(x, [x]))) => "grad: output 0 is [2] and has no seed";
            "Tape::grad": with(&[], |x| drop(x.tape().grad(x, [x.detach()]))) => "grad: input 0 is a constant";
            "Tape::grad": pair(&[], &[], |x, y| drop(x.tape().grad(x.tanh(), [x, y]))) => "grad: no output depends on input 1";
            "Tape::grad_with": pair(&[2], &[3], |x, y| drop(x.tape().grad_with(&[x], &[x], &[y], GradOptions::default()))) => "grad: seed 0 is [3], its output [2]";
            "Tape::grad_with": pair(&[2], &[2], |x, y| drop(x.tape().grad_with(&[x], &[x], &[y, y], GradOptions::default()))) => "grad: 2 seeds for 1 outputs";
            "Tape::grad_with": with(&[2], |x| drop(x.tape().grad_with(&[x], &[x], &[], GradOptions::default()))) => "grad: output 0 is [2] and has no seed";
            "Backward::wrt": with(&[], |x| drop((x * 2.0).backward().wrt(x.detach()))) => "no gradient flows into this variable: it is a constant";
            "Backward::wrt": with(&[], |x| { let y = x * 2.0; drop(y.tanh().backward().wrt(y)) }) => "the gradient of an intermediate value is not kept: ask for it with `retain_grad`";
            "Backward::of": with(&[], |x| drop((x * 2.0).backward().of(&x))) => "is no leaf of a bound model";
        },
    );
}

#[test]
fn functions() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Tape::value_and_grad": tape().value_and_grad(&x(&[2]), |_, x| x * x) => "value_and_grad: a loss has one element, this one has the shape [2]";
            "Tape::value_and_grad": tape().value_and_grad(&x(&[]), |t, _| t.scalar(1.0)) => "the loss does not depend on any trained leaf of the model";
            "Tape::value_and_grad_where": tape().value_and_grad_where(&x(&[2]), |_| true, |_, x| x * x) => "value_and_grad: a loss has one element, this one has the shape [2]";
            "Tape::value_and_grad_aux": tape().value_and_grad_aux::<_, Tensor<f64>>(&x(&[2]), |_, x| (x * x, x.value())) => "value_and_grad: a loss has one element, this one has the shape [2]";
            "Tape::evaluate": tape().evaluate::<_, Tensor<f64>>(&x(&[2]), |_, x| x.reshape(&[3]).value()) => "reshape: [2] does not fill [3]";
            "Tape::jvp": tape().jvp(&x(&[2]), &x(&[3]), |_, x| x * x) => "tangent: input 0 is [2], its tangent [3]";
            "Tape::jvp": tape().jvp(&three(), &vec![x(&[])], |_, m| m[0] * m[1] * m[2]) => "tangent: 3 leaves move, the direction has 1";
            "Tape::vjp": tape().vjp(&x(&[2]), &x(&[3]), |_, x| x * x) => "vjp: the cotangent has the shape [3], the value [2]";
            "Tape::hvp": tape().hvp(&x(&[2]), &x(&[2]), |_, x| x * x) => "grad: output 0 is [2] and has no seed";
            "Tape::hvp": tape().hvp(&x(&[2]), &x(&[3]), |_, x| (x * x).sum()) => "tangent: input 0 is [2], its tangent [3]";
            "Tape::jacobian": tape().jacobian(&x(&[2]), |_, x| x.reshape(&[3])) => "reshape: [2] does not fill [3]";
            "Tape::hessian": tape().hessian(&x(&[2]), |_, x| x * x) => "grad: output 0 is [2] and has no seed";
            "Tape::tangent": pair(&[2], &[3], |x, y| drop(x.tape().tangent(x, &[(x, y)]))) => "tangent: input 0 is [2], its tangent [3]";
            "Tape::tangents": pair(&[2], &[3], |x, y| drop(x.tape().tangents(&[x], &[(x, x), (x, y)]))) => "tangent: input 1 is [2], its tangent [3]";
        },
    );
}

#[test]
fn gradients() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Gradients::get": grads().get(7) => "gradients: there are 2 leaves, counted from 0, and none is number 7";
            "Gradients::rows": grads().rows(2) => "gradients: there are 2 leaves, counted from 0, and none is number 2";
            "Gradients::state": grads().state(2) => "gradients: there are 2 leaves, counted from 0, and none is number 2";
            "Gradients::by_path": grads().by_path(&three()) => "by_path: there are gradients of 2 leaves, the model has 3";
            "Gradients::tree": grads().tree(&three()) => "tree: there are gradients of 2 leaves, the model has 3";
            "Gradients::tree": grads().tree(&vec![x(&[])]) => "tree: there are gradients of 2 leaves, the model has 1";
            "Gradients::combine": grads().combine(1.0, &tape().value_and_grad(&three(), |_, m| m[0] * m[1] * m[2]).1, 1.0) => "combine: gradients of 2 leaves beside those of 3";
            "Gradients::update_state": grads().update_state(&mut three()) => "update_state: there are gradients of 2 leaves, the model has 3";
            "Gradients::update_state": grads().update_state(&mut vec![x(&[])]) => "update_state: there are gradients of 2 leaves, the model has 1";
            "Tape::set_state": with(&[], |x| { let m = Tensor::<f64>::scalar(1.0).bind(x.tape()); x.tape().set_state(m, x) }) => "set_state: the variable is no state leaf of a bound model";
        },
    );
}
