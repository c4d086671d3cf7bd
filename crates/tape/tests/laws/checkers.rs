//! Each checker passes what is right and fails what is wrong.

use wengert_tape::check::{
    Checker, Failure, Samples, check_model, gradcheck, gradgradcheck, laws, laws_of,
};
use wengert_tape::{Op, Reverse, Shapes, Tangent, Tape, Var};
use wengert_tensor::{Float, Rng, Shape, ShapeError, Tensor, View};

/// y = x³, with what its rules say of the slope given as a factor beside the true one.
#[derive(Clone, Copy)]
struct Cube {
    reverse: f64,
    tangent: f64,
}

impl<T: Float> Op<T> for Cube {
    fn name(&self) -> &'static str {
        "cube"
    }
    fn shapes(&self, x: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok([x[0].clone()].into())
    }
    fn forward(&self, x: &[View<'_, T>], y: &mut [&mut [T]]) {
        for (y, x) in y[0].iter_mut().zip(x[0].iter()) {
            *y = x * x * x;
        }
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let x = rule.x(0);
        rule.give(0, rule.cotangent() * x * x * (3.0 * self.reverse));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            let x = rule.x(0);
            rule.give(0, x_dot * x * x * (3.0 * self.tangent));
        }
    }
}

fn cube<T: Float>(reverse: f64, tangent: f64) -> impl for<'t> Fn(Var<'t, T>) -> Var<'t, T> {
    move |x| x.tape().apply(Cube { reverse, tangent }, [x])
}

fn x() -> Tensor<f64> {
    Tensor::from([[0.5, -1.5, 2.0], [1.0, 0.25, -0.75]])
}

#[test]
fn gradcheck_names_what_is_wrong() {
    let right = gradcheck(&[x()], |x| cube(1.0, 1.0)(x[0])).unwrap();
    assert_eq!(
        (right.compared, right.vague, right.could_miss),
        (36, 0, None)
    );
    let wrong = gradcheck(&[x()], |x| cube(1.001, 1.0)(x[0])).unwrap_err();
    let Failure::Wrong(wrong) = wrong else {
        panic!("{wrong}")
    };
    assert_eq!((wrong.input.as_str(), wrong.output), ("input 0", 0));
    assert_eq!(
        (&wrong.index[..], &wrong.output_index[..]),
        (&[0, 0][..], &[0, 0][..])
    );
    assert!((wrong.analytic - 0.75 * 1.001).abs() < 1e-12);
    assert!((wrong.numeric - 0.75).abs() <= wrong.bar && wrong.bar < 1e-10);
    assert_eq!(wrong.site.op, "cube");
    assert!(wrong.site.location.file().ends_with("checkers.rs"));
}

#[test]
fn gradcheck_sees_one_wrong_element() {
    let mask = Tensor::from([[false, false, false], [false, true, false]]);
    let wrong = gradcheck(&[x()], |x| {
        let y = x[0] * x[0];
        y.where_(&mask, x[0] * x[0].detach()) * 1.0 + 0.0 * y
    });
    assert!(wrong.is_err());
}

#[test]
fn gradcheck_says_where_differences_say_nothing() {
    let at_kink = [Tensor::from([0.0])];
    let vague = gradcheck(&at_kink, |x| x[0].relu()).unwrap_err();
    assert!(matches!(vague, Failure::Vague(_)), "{vague}");
    let allowed = Checker::new()
        .kinks(true)
        .gradcheck(&at_kink, |x| x[0].relu())
        .unwrap();
    assert_eq!((allowed.compared, allowed.vague), (0, 1));
}

#[test]
fn a_nan_is_a_failure() {
    // The value is right, and the derivative 0 · ∞ by a rule that does not absorb.
    let wrong = gradcheck(&[Tensor::scalar(2.0)], |x| {
        let infinite = x[0].tape().scalar(f64::INFINITY);
        x[0] + cube(f64::INFINITY, 1.0)(x[0]).relu() * infinite.detach() * 0.0
    });
    assert!(wrong.is_err());
}

#[test]
fn large_inputs_are_compared_along_directions() {
    let mut rng = Rng::seed_from_u64(4);
    let big: Tensor<f64> = rng.normal([200, 200], 0.0, 1.0);
    let report = gradcheck(std::slice::from_ref(&big), |x| cube(1.0, 1.0)(x[0]).sum()).unwrap();
    assert_eq!(report.compared, 8);
    let missed = report.could_miss.unwrap();
    assert!(missed < 1e-4, "{report}");
    let wrong = gradcheck(&[big], |x| cube(1.001, 1.0)(x[0]).sum()).unwrap_err();
    assert!(matches!(wrong, Failure::WrongDirection { .. }), "{wrong}");
}

#[test]
fn gradgradcheck_sees_second_order_alone() {
    assert!(gradgradcheck(&[x()], |x| cube(1.0, 1.0)(x[0])).is_ok());
    // The first derivative is right, the second hidden.
    fn hidden<'t>(x: Var<'t, f64>) -> Var<'t, f64> {
        let slope = (2.0 * x).detach();
        let value = (x * x).detach();
        value + slope * (x - x.detach())
    }
    assert!(gradcheck(&[x()], |x| hidden(x[0])).is_ok());
    assert!(gradgradcheck(&[x()], |x| hidden(x[0])).is_err());
    assert!(gradgradcheck(&[x()], |x| x[0].exp() * x[0].exp().detach()).is_err());
}

#[test]
fn the_hessian_of_a_wrong_rule_is_not_symmetric() {
    let two = [Tensor::from([1.0, 2.0]), Tensor::from([0.5, -1.0])];
    let checker = Checker::new();
    assert!(
        checker
            .hessian_symmetry(&two, |x| (x[0] * x[1]).tanh())
            .is_ok()
    );
    // ∂/∂x₀ = x₁², and ∂/∂x₁ = 0.
    let wrong = checker.hessian_symmetry(&two, |x| {
        x[0] * (x[1] * x[1]).detach() + x[0].detach() * x[1]
    });
    assert!(wrong.is_ok(), "no second derivative at all is symmetric");
    let wrong = checker.hessian_symmetry(&two, |x| x[0].tape().apply(Lopsided, [x[0], x[1]]));
    assert!(matches!(wrong, Err(Failure::Asymmetric { .. })));
}

/// x₀ x₁², whose rule for x₁ forgets the 2.
struct Lopsided;

impl<T: Float> Op<T> for Lopsided {
    fn name(&self) -> &'static str {
        "lopsided"
    }
    fn shapes(&self, x: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok([x[0].clone()].into())
    }
    fn forward(&self, x: &[View<'_, T>], y: &mut [&mut [T]]) {
        for (y, (a, b)) in y[0].iter_mut().zip(x[0].iter().zip(x[1].iter())) {
            *y = a * b * b;
        }
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let (a, b, y_bar) = (rule.x(0), rule.x(1), rule.cotangent());
        rule.give(0, y_bar * b * b);
        rule.give(1, y_bar * a * b);
    }
    fn tangent(&self, _: &Tangent<'_, '_, T>) {}
}

#[test]
fn check_model_names_the_leaf() {
    let model = (
        vec![Tensor::from([1.0, 2.0]), Tensor::from([0.5, -1.0])],
        Tensor::scalar(0.3),
    );
    let report = check_model(&model, |_, (w, b)| (w[0] * w[1] + b).tanh().sum()).unwrap();
    assert_eq!(report.compared, 5);
    let wrong = check_model(&model, |_, (w, b)| {
        (w[0] * cube(0.999, 1.0)(w[1]) + b).sum()
    });
    let Err(Failure::Wrong(wrong)) = wrong else {
        panic!("{wrong:?}")
    };
    assert_eq!((wrong.input.as_str(), wrong.index), ("`0.1`", vec![0]));
}

#[test]
fn a_model_may_draw() {
    let model = Tensor::from([1.0, 2.0]);
    let report = check_model(&model, |tape: &Tape<f64>, x| {
        let noise: Tensor<f64> = tape.draw(|rng| rng.normal([2], 0.0, 1.0));
        (x * &noise).tanh().sum()
    });
    assert_eq!(report.unwrap().compared, 2);
}

fn broken(samples: Samples<f64>) -> Vec<&'static str> {
    let mut laws: Vec<&str> = laws(&samples)
        .into_iter()
        .map(|violation| violation.law)
        .collect();
    laws.sort_unstable();
    laws.dedup();
    laws
}

#[test]
fn the_laws_see_wrong_ops() {
    assert_eq!(
        broken(Samples::unary("cube", cube(1.0, 1.0)).reference1(|x| x * x * x)),
        [""; 0]
    );
    let value = broken(Samples::unary("cube", cube(1.0, 1.0)).reference1(|x| x * x));
    assert_eq!(value, ["value"]);
    let tangent = broken(Samples::unary("cube", cube(1.0, 1.001)));
    assert!(tangent.contains(&"⟨ȳ, J ẋ⟩ = ⟨Jᵀ ȳ, ẋ⟩"), "{tangent:?}");
    let reverse = broken(Samples::unary("cube", cube(1.001, 1.001)));
    assert!(reverse.contains(&"differences"), "{reverse:?}");
    let name = broken(Samples::unary("square", cube(1.0, 1.0)));
    assert_eq!(name, ["samples"]);
    assert_eq!(broken(Samples::new("nothing")), ["samples"]);
    let refused = broken(Samples::unary("cube", cube(1.0, 1.0)).bad(&[&[2]], "no", |x| x.to_vec()));
    assert_eq!(refused, ["a bad program is refused with its message"]);
    let panics = broken(Samples::new("cube").case("panics", &[&[2]], |_| panic!("on purpose")));
    assert_eq!(panics, ["panic", "samples"]);
    let single = broken(Samples::unary("cube", cube(1.0, 1.0)).values(&[(2.0, 9.0)]));
    assert_eq!(single, ["value"]);
}

/// Inputs of one op that are views of one value keep the laws, however they overlap.
#[test]
fn views_of_one_value_meet() {
    let mut rng = Rng::seed_from_u64(9);
    for n in [2, 3, 9] {
        let x: [Tensor<f64>; 1] = [rng.uniform([n, n], 0.5, 1.5)];
        let reversed = laws_of("x and its transpose", &x, n < 9, |x| vec![x[0] * x[0].t()]);
        assert_eq!(reversed, []);
        let thrice = laws_of("both, added", &x, n < 9, |x| {
            let y = x[0].t();
            vec![y / (x[0] + y.t() * y), y, x[0] - y]
        });
        assert_eq!(thrice, []);
        let n = n as isize;
        let shifted = laws_of("overlapping slices", &x, n < 9, move |x| {
            vec![
                x[0].slice(0, ..n - 1) * x[0].slice(0, 1..),
                x[0].slice(1, 1..),
            ]
        });
        assert_eq!(shifted, []);
        let same = laws_of("a product with itself", &x, n < 9, |x| {
            vec![x[0].matmul(x[0].t()), x[0].matmul(x[0])]
        });
        assert_eq!(same, []);
    }
}
