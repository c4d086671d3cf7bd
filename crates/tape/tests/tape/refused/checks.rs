//! The checkers: what they return of a function whose rules are wrong.

use wengert_tape::check::{
    Checker, Samples, check_model, gradcheck, gradgradcheck, kept, laws, refusal,
};
use wengert_tape::{Custom, Tape, Var};
use wengert_tensor::Tensor;

use crate::refusals::{Place, check_errors, check_panics, errors, panics};

fn at() -> Vec<Tensor<f64>> {
    vec![Tensor::from([0.5, -1.5])]
}

fn two() -> Vec<Tensor<f64>> {
    vec![Tensor::from([0.5, -1.5]), Tensor::from([2.0, 0.75])]
}

/// x², of which the tape sees x · c.
fn first_wrong<'t>(x: Var<'t, f64>) -> Var<'t, f64> {
    (x * x.detach()).sum()
}

/// x² whose first derivative is right and whose second is not.
fn second_wrong<'t>(x: Var<'t, f64>) -> Var<'t, f64> {
    let square = Custom::<f64>::new(
        "square",
        |x| x[0].to_tensor().map(|x| x * x),
        |rule| rule.give(0, rule.cotangent() * rule.x(0).detach() * 2.0),
    );
    x.tape().custom(&square, &[x]).sum()
}

/// x · y, of whose mixed derivatives one is missing.
fn asymmetric<'t>(x: Var<'t, f64>, y: Var<'t, f64>) -> Var<'t, f64> {
    let product = Custom::<f64>::new(
        "product",
        |x| x[0].to_tensor().zip_map(&x[1].to_tensor(), |x, y| x * y),
        |rule| {
            rule.give(0, rule.cotangent() * rule.x(1));
            rule.give(1, rule.cotangent() * rule.x(0).detach());
        },
    );
    x.tape().custom(&product, &[x, y]).sum()
}

fn model<'t>(_: &'t Tape<f64>, m: Vec<Var<'t, f64>>) -> Var<'t, f64> {
    first_wrong(m[0])
}

#[test]
fn wrong_rules() {
    check_errors(errors! {
        "check::gradcheck": gradcheck(&at(), |x| first_wrong(x[0])) => "the derivative of output 0[] by input 0[0] is 0.5 by the rules and 1";
        "check::gradcheck": gradcheck(&[Tensor::from([0.0])], |x| x[0].sqrt().sum()) => "";
        "check::gradgradcheck": gradgradcheck(&at(), |x| second_wrong(x[0])) => "";
        "check::gradgradcheck": gradgradcheck(&two(), |x| asymmetric(x[0], x[1])) => "symmetric";
        "check::check_model": check_model(&at(), model) => "the derivative of output 0[] by `0`[0] is 0.5 by the rules and 1";
        "Checker::gradcheck": Checker::new().gradcheck(&at(), |x| first_wrong(x[0])) => "is 0.5 by the rules and 1";
        "Checker::gradcheck_all": Checker::new().gradcheck_all(&at(), |x| vec![x[0], first_wrong(x[0])]) => "the derivative of output 1[] by input 0[0] is 0.5 by the rules and 1";
        "Checker::gradgradcheck": Checker::new().gradgradcheck(&at(), |x| second_wrong(x[0])) => "";
        "Checker::gradgradcheck_all": Checker::new().gradgradcheck_all(&at(), |x| vec![second_wrong(x[0])]) => "";
        "Checker::hessian_symmetry": Checker::new().hessian_symmetry(&two(), |x| asymmetric(x[0], x[1])) => "symmetric";
        "Checker::check_model": Checker::new().check_model(&at(), model) => "the derivative of output 0[] by `0`[0] is 0.5 by the rules and 1";
        "check::kept": kept(laws(&Samples::unary("square", first_wrong))) => "`square` breaks the law";
        "check::refusal": refusal(|| assert!(at().is_empty(), "not so")) => "not so";
    });
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Samples::gives": Samples::<f64>::new("nothing").gives(|x| x.to_vec()) => "gives: there is no case whose value this could be";
        },
    );
}

#[test]
fn laws_and_samples() {
    check_errors(errors! {
        "check::kept": kept(laws(&Samples::unary("tanh", |x| x.tanh()).reference1(f64::sin))) => "`tanh` breaks the law";
        "check::refusal": refusal(|| Tensor::<f64>::zeros([2]).item()).map_err(|refused| refused.message) => "item: [2] has 2 elements, not one";
    });
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Samples::gives": Samples::<f64>::new("sum").gives(|x| vec![x[0].clone()]) => "gives: there is no case whose value this could be";
        },
    );
}
