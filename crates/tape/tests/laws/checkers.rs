//! Each checker passes what is right and fails what is wrong.

use wengert_tape::check::{
    Checker, Failure, Samples, check_model, gradcheck, gradgradcheck, kept, laws, laws_f32,
    laws_of, refusal,
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

fn samples(reverse: f64, tangent: f64) -> Samples<f64> {
    Samples::unary("cube", cube(reverse, tangent)).reference1(|x| x * x * x)
}

#[test]
fn the_laws_see_wrong_ops() {
    assert_eq!(broken(samples(1.0, 1.0)), [""; 0]);
    let value = broken(samples(1.0, 1.0).reference1(|x| x * x));
    assert_eq!(value, ["value"]);
    let tangent = broken(samples(1.0, 1.001));
    assert!(tangent.contains(&"⟨ȳ, J ẋ⟩ = ⟨Jᵀ ȳ, ẋ⟩"), "{tangent:?}");
    let reverse = broken(samples(1.001, 1.001));
    assert!(reverse.contains(&"differences"), "{reverse:?}");
    let name = broken(Samples::unary("square", cube(1.0, 1.0)).reference1(|x| x * x * x));
    assert_eq!(name, ["samples"]);
    assert_eq!(broken(Samples::new("nothing")), ["samples"]);
    let refused = broken(samples(1.0, 1.0).bad(&[&[2]], "no", |x| x.to_vec()));
    assert_eq!(refused, ["a bad program is refused with its message"]);
    let panics = Samples::new("cube").case("panics", &[&[2]], |_| panic!("on purpose"));
    let panics = broken(panics.reference(|x| x.to_vec()));
    assert_eq!(panics, ["panic", "samples"]);
    let single = broken(samples(1.0, 1.0).values(&[(2.0, 9.0)]));
    assert_eq!(single, ["value"]);
}

#[test]
fn a_case_without_a_plain_value_is_seen() {
    let law = "a plain value is given";
    assert_eq!(broken(Samples::unary("cube", cube(1.0, 1.0))), [law]);
    // One case that says its value does not speak for the others.
    let one = || Samples::new("cube").case("one", &[&[2]], |x| vec![cube(1.0, 1.0)(x[0])]);
    let two = || one().gives(|x| vec![x[0].map(|x| x * x * x)]);
    let three = two().case("two", &[&[3]], |x| vec![cube(1.0, 1.0)(x[0])]);
    assert_eq!(broken(one()), [law]);
    assert_eq!(broken(two()), [""; 0]);
    let violations = laws(&three);
    assert_eq!((violations.len(), violations[0].case.as_str()), (1, "two"));
    // What a case says itself counts more than what is said for all.
    assert_eq!(broken(two().reference1(|x| x)), [""; 0]);
    assert_eq!(
        broken(one().gives(|x| x.to_vec()).reference1(|x| x * x * x)),
        ["value"]
    );
}

/// The first line says everything that is needed to go there, and no line is said twice.
#[test]
fn a_report_begins_with_op_law_element_and_line() {
    let line = line!() + 1;
    let wrong = Samples::unary("cube", cube(1.0, 1.0)).reference1(|x| x * x);
    let report = kept(laws(&wrong)).unwrap_err().to_string();
    let place = format!("{}:{line}:", file!());
    let first = report.lines().next().unwrap();
    assert!(
        first.starts_with(&format!(
            "`cube` breaks the law \"value\" in f64 at {place}"
        )),
        "{report}"
    );
    assert!(first.ends_with("case \"[]\""), "{report}");
    // Six shapes, one of them empty: five wrong cases in three lines.
    assert_eq!(report.lines().count(), 3, "{report}");
    assert!(report.ends_with("and so in 4 more cases"), "{report}");

    let line = line!() + 3;
    let two = Samples::new("cube")
        .case("right", &[&[2]], |x| vec![cube(1.0, 1.0)(x[0])])
        .case("wrong", &[&[2]], |x| vec![cube(1.0, 1.0)(x[0]) * 2.0])
        .bad(&[&[2]], "not so", |x| x.to_vec())
        .reference1(|x| x * x * x);
    let broken = kept(laws(&two)).unwrap_err();
    let lines: Vec<u32> = broken
        .violations()
        .iter()
        .map(|v| v.location.line())
        .collect();
    assert_eq!(lines, [line, line + 1], "{broken}");
    assert_eq!(format!("{broken:?}"), broken.to_string());

    fn narrow<T: Float>(value: f64) -> Samples<T> {
        Samples::unary("cube", move |x| cube(1.0, 1.0)(x) * value)
    }
    let report = kept(laws_f32(&narrow(1.0), &narrow(2.0))).unwrap_err();
    assert!(
        report.to_string().contains("\"value in f32\" in f32 at "),
        "{report}"
    );
}

#[test]
fn a_long_report_stops_and_says_of_what() {
    let wrong = laws(&samples(1.001, 1.0)).into_iter().next().unwrap();
    let ops = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n",
    ];
    let many = ops.map(|op| wengert_tape::check::Violation {
        op,
        ..wrong.clone()
    });
    let report = kept(many).unwrap_err().to_string();
    assert!(report.starts_with("`a` breaks"), "{report}");
    assert!(report.ends_with("\nand 2 more laws, of m, n"), "{report}");
    assert!(kept([]).is_ok());
}

/// What the laws expect to panic prints nothing: a run of this binary in which a law fails shows
/// the law first. What panics elsewhere at the same time is printed all the same.
#[test]
fn expected_panics_print_nothing() {
    let this = std::env::current_exe().expect("the path of this test");
    let run = |name: &str| {
        let mut command = std::process::Command::new(&this);
        command.args([
            name,
            "--exact",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ]);
        let output = command
            .env("RUST_BACKTRACE", "0")
            .output()
            .expect("it runs");
        assert!(!output.status.success(), "{name} should fail");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let report = run("checkers::fails_with_a_report");
    assert!(
        report.starts_with("Error: `cube` breaks the law \"value\" in f64 at "),
        "{report}"
    );
    assert!(!report.contains("panicked"), "{report}");
    let thread = run("checkers::fails_in_another_thread");
    assert!(
        thread.contains("panicked") && thread.contains("heard"),
        "{thread}"
    );
    assert!(thread.contains("of this thread"), "{thread}");
    assert!(!thread.contains("unheard"), "{thread}");
}

#[test]
#[ignore = "fails on purpose, for `expected_panics_print_nothing`"]
fn fails_with_a_report() -> Result<(), wengert_tape::check::Broken> {
    let wrong = samples(1.0, 1.0).reference1(|x| x * x);
    kept(laws(&wrong.bad(&[&[2]], "unheard", |_| panic!("unheard"))))
}

#[test]
#[ignore = "fails on purpose, for `expected_panics_print_nothing`"]
fn fails_in_another_thread() {
    let outcome = refusal(|| {
        std::thread::scope(|scope| {
            let other = scope.spawn(|| panic!("heard"));
            assert!(other.join().is_err());
        });
        panic!("unheard");
    });
    assert_eq!(outcome.unwrap_err().message, "unheard");
    panic!("of this thread");
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
