//! What a rule asks for and gives is checked, in every reading, and so is what runs meanwhile.

use wengert_tape::{Custom, GradOptions, Op, Reverse, Shapes, Tangent, Tape, Var};
use wengert_tensor::{Shape, ShapeError, Tensor, View};

use crate::support::{caught, noise};

type ReverseRule = fn(&Reverse<'_, '_, f64>);
type TangentRule = fn(&Tangent<'_, '_, f64>);

/// An op with the value 2x and any rule.
fn odd(rule: ReverseRule) -> Custom<f64> {
    Custom::new("odd", |x| x[0].to_tensor().map(|x| x + x), rule)
}

/// The rule of `odd`.
fn right(rule: &Reverse<'_, '_, f64>) {
    rule.give(0, rule.cotangent() * 2.0);
}

/// A variable of a scope that has ended.
fn dead<'t>(tape: &'t Tape<f64>) -> Var<'t, f64> {
    let mut kept = None;
    tape.scope(|tape| kept = Some(tape.scalar(1.0)));
    kept.unwrap()
}

#[test]
fn a_reverse_rule_that_asks_or_gives_wrongly_is_named() {
    let rules: [(ReverseRule, &str); 15] = [
        (
            |r| drop(r.x(99)),
            "odd: its rule asks for input 99, but the op has 1 input, counted from 0",
        ),
        (
            |r| drop(r.x_shape(1)),
            "odd: its rule asks for input 1, but the op has 1 input, counted from 0",
        ),
        (
            |r| drop(r.needs(7)),
            "odd: its rule asks for input 7, but the op has 1 input, counted from 0",
        ),
        (
            |r| drop(r.y(1)),
            "odd: its rule asks for output 1, but the op has 1 output, counted from 0",
        ),
        (
            |r| drop(r.y_bar(99)),
            "odd: its rule asks for output 99, but the op has 1 output, counted from 0",
        ),
        (
            |r| r.give(99, r.cotangent()),
            "odd: its rule asks for input 99, but the op has 1 input, counted from 0",
        ),
        (
            |r| r.give_product(2, r.cotangent(), r.cotangent()),
            "odd: its rule asks for input 2, but the op has 1 input, counted from 0",
        ),
        (
            |r| r.give(0, r.cotangent().sum_axes(&[0], false)),
            "odd: its rule gives input 0 a variable that has the shape [3], which does not fit [2, 3]",
        ),
        (
            |r| r.give(0, r.tape().ones([3, 2])),
            "odd: its rule gives input 0 a variable that has the shape [3, 2], which does not fit [2, 3]",
        ),
        (
            |r| r.give(0, dead(r.tape())),
            "odd: its rule gives input 0 a variable that was made in a scope that has ended",
        ),
        (
            |r| r.give(0, Box::leak(Box::<Tape<f64>>::default()).ones([2, 3])),
            "odd: its rule gives input 0 a variable that belongs to another tape",
        ),
        (
            |r| drop(r.x(0).backward_with(&Tensor::ones([2, 3]))),
            "backward: this is inside the rule of `odd`, whose walk has not ended; use `grad`, or another tape",
        ),
        (
            |r| {
                r.tape()
                    .grad_with(
                        &[r.y(0)],
                        &[r.x(0)],
                        &[r.cotangent()],
                        GradOptions::default(),
                    )
                    .clear()
            },
            "odd: its rule differentiates what it is the rule of; a derivative inside a rule is taken of other values",
        ),
        (
            |r| drop(r.tape().tangent(r.y(0), &[(r.x(0), r.cotangent())])),
            "odd: its rule differentiates what it is the rule of; a derivative inside a rule is taken of other values",
        ),
        (
            |r| r.give(0, r.x(0) * r.tape().ones([2])),
            "mul: shapes do not broadcast: [2, 3] and [2]",
        ),
    ];
    for (rule, message) in rules {
        let tape = Tape::new();
        let x = tape.leaf(&noise(&[2, 3], 1));
        let y = tape.custom(&odd(rule), &[x]).sum();
        let z = tape.custom(&odd(right), &[x]).sum();
        for recorded in [false, true] {
            let caught = caught(|| {
                if recorded {
                    tape.grad(y, [x]);
                } else {
                    y.backward();
                }
            });
            assert_eq!(caught.message, message);
            // A walk knows no line of the user's.
            let walks = message.contains("differentiates");
            assert!(walks || caught.file.ends_with("rules.rs"), "{caught:?}");
            // And the tape goes on.
            let expected = Tensor::full([2, 3], 2.0);
            assert_eq!(z.backward().wrt(x).unwrap(), expected);
            assert_eq!(tape.grad(z, [x])[0].value(), expected);
        }
    }
}

#[test]
fn a_product_that_does_not_fit_is_named() {
    let rules: [(ReverseRule, &str); 3] = [
        (
            |r| r.give_product(0, r.cotangent(), r.cotangent()),
            "odd: its rule gives input 0 a product that cannot be: matmul: inner sizes differ: [2, 3] x [2, 3]",
        ),
        (
            |r| r.give_product(0, r.cotangent(), r.cotangent().t()),
            "odd: its rule gives input 0 a product of the shape [2, 2], which does not fit [2, 3]",
        ),
        (
            |r| r.give_product(0, r.cotangent(), dead(r.tape())),
            "odd: its rule gives input 0 a product of a variable that was made in a scope that has ended",
        ),
    ];
    for (rule, message) in rules {
        let tape = Tape::new();
        let x = tape.leaf(&noise(&[2, 3], 1));
        let y = tape.custom(&odd(rule), &[x]).sum();
        assert_eq!(caught(|| drop(y.backward())).message, message);
        assert!(
            caught(|| drop(tape.grad(y, [x])))
                .file
                .ends_with("rules.rs")
        );
    }
}

#[test]
fn a_tangent_rule_that_asks_or_gives_wrongly_is_named() {
    let rules: [(TangentRule, &str); 9] = [
        (
            |r| drop(r.x(9)),
            "odd: its rule asks for input 9, but the op has 1 input, counted from 0",
        ),
        (
            |r| drop(r.x_dot(1)),
            "odd: its rule asks for input 1, but the op has 1 input, counted from 0",
        ),
        (
            |r| drop(r.y(1)),
            "odd: its rule asks for output 1, but the op has 1 output, counted from 0",
        ),
        (
            |r| drop(r.y_shape(3)),
            "odd: its rule asks for output 3, but the op has 1 output, counted from 0",
        ),
        (
            |r| r.give(1, r.x(0)),
            "odd: its rule asks for output 1, but the op has 1 output, counted from 0",
        ),
        (
            |r| r.give(0, r.tape().ones([2])),
            "odd: its rule gives output 0 a variable that has the shape [2], which does not fit [2, 3]",
        ),
        (
            |r| r.give(0, dead(r.tape())),
            "odd: its rule gives output 0 a variable that was made in a scope that has ended",
        ),
        (
            |r| r.give(0, Box::leak(Box::<Tape<f64>>::default()).ones([2, 3])),
            "odd: its rule gives output 0 a variable that belongs to another tape",
        ),
        (
            |r| drop(r.tape().tangent(r.y(0), &[(r.x(0), r.x(0))])),
            "odd: its rule differentiates what it is the rule of; a derivative inside a rule is taken of other values",
        ),
    ];
    for (rule, message) in rules {
        let tape = Tape::new();
        let x = tape.leaf(&noise(&[2, 3], 1));
        let y = tape.custom(&odd(right).tangent(rule), &[x]).sum();
        let caught = caught(|| drop(tape.tangent(y, &[(x, tape.ones([2, 3]))])));
        assert_eq!(caught.message, message);
        let walks = message.contains("differentiates");
        assert!(walks || caught.file.ends_with("rules.rs"), "{caught:?}");
        // The op is back in its place.
        assert_eq!(y.backward().wrt(x).unwrap(), Tensor::full([2, 3], 2.0));
    }
}

/// An op without attributes, which the list does not store.
struct Selfish;
impl Op<f64> for Selfish {
    fn name(&self) -> &'static str {
        "selfish"
    }
    fn shapes(&self, x: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok([x[0].clone()].into())
    }
    fn forward(&self, x: &[View<'_, f64>], y: &mut [&mut [f64]]) {
        wengert_tensor::kernels::copy(&x[0], y[0]);
    }
    fn reverse(&self, r: &Reverse<'_, '_, f64>) {
        let [bar] = r.tape().grad(r.y(0), [r.x(0)]);
        r.give(0, bar);
    }
    fn tangent(&self, r: &Tangent<'_, '_, f64>) {
        r.give(0, r.tape().tangent(r.y(0), &[(r.x(0), r.x(0))]));
    }
}

#[test]
fn a_rule_that_differentiates_itself_is_named_and_does_not_end_the_stack() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::scalar(1.0));
    let y = tape.apply(Selfish, [x]);
    let message = "selfish: its rule differentiates what it is the rule of; a derivative inside a \
                   rule is taken of other values";
    assert_eq!(caught(|| drop(y.backward())).message, message);
    assert_eq!(caught(|| drop(tape.grad(y, [x]))).message, message);
    assert_eq!(caught(|| drop(tape.tangent(y, &[(x, x)]))).message, message);
}

#[test]
fn a_rule_may_differentiate_other_values() {
    // x ↦ x² whose slope is found by a derivative of its own.
    let squared = Custom::<f64>::new(
        "squared",
        |x| x[0].to_tensor().map(|x| x * x),
        |rule| {
            let inner = Tape::<f64>::new();
            let x = inner.leaf(&rule.x(0).value());
            let slope = (x * x).sum().backward().wrt(x).unwrap();
            rule.give(0, rule.cotangent() * &slope);
        },
    );
    let tape = Tape::new();
    let x = tape.leaf(&noise(&[4], 5));
    let y = tape.custom(&squared, &[x]).sum();
    assert_eq!(y.backward().wrt(x).unwrap(), x.value() * 2.0);
}

#[test]
fn the_first_of_several_cotangents_may_be_missing() {
    struct Pair;
    impl Op<f64> for Pair {
        fn name(&self) -> &'static str {
            "pair"
        }
        fn shapes(&self, x: &[Shape]) -> Result<Shapes, ShapeError> {
            Ok(Shapes::from_elem(x[0].clone(), 2))
        }
        fn forward(&self, _: &[View<'_, f64>], y: &mut [&mut [f64]]) {
            y.iter_mut().for_each(|y| y.fill(1.0));
        }
        fn reverse(&self, r: &Reverse<'_, '_, f64>) {
            r.give(0, r.cotangent());
        }
        fn tangent(&self, _: &Tangent<'_, '_, f64>) {}
    }
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::scalar(1.0));
    let y = tape.apply_all(Pair, &[x]);
    assert_eq!(y[0].backward().wrt(x).unwrap().item(), 1.0);
    let message = "pair: its rule asks for the cotangent of its only output, but it has several, and \
                   nothing flows back into the first: see `y_bar`";
    assert_eq!(caught(|| drop(y[1].backward())).message, message);
}

thread_local! {
    static LEAKED: &'static Tape<f64> = Box::leak(Box::default());
}

#[test]
fn a_value_that_is_computed_with_its_own_tape_is_refused() {
    let greedy = Custom::<f64>::new(
        "greedy",
        |x| {
            LEAKED.with(|tape| drop(tape.scalar(1.0)));
            x[0].to_tensor()
        },
        |_| (),
    );
    let message = "the tape is in use: `greedy` is being computed, and what computes it cannot use \
                   the same tape";
    LEAKED.with(|tape| {
        let x = tape.leaf(&Tensor::scalar(2.0));
        let before = tape.stats();
        assert_eq!(caught(|| drop(tape.custom(&greedy, &[x]))).message, message);
        struct Greedy;
        impl Op<f64> for Greedy {
            fn name(&self) -> &'static str {
                "greedy"
            }
            fn shapes(&self, x: &[Shape]) -> Result<Shapes, ShapeError> {
                Ok([x[0].clone()].into())
            }
            fn forward(&self, _: &[View<'_, f64>], _: &mut [&mut [f64]]) {
                LEAKED.with(|tape| drop(tape.scalar(1.0)));
            }
            fn reverse(&self, _: &Reverse<'_, '_, f64>) {}
            fn tangent(&self, _: &Tangent<'_, '_, f64>) {}
        }
        let refused = caught(|| drop(tape.apply(Greedy, [x])));
        assert_eq!(refused.message, message);
        assert!(refused.file.ends_with("rules.rs"), "{refused:?}");
        let message = message.replace("greedy", "sample");
        let nested = caught(|| drop(tape.sample([2], |_| tape.sample([1], |_| 0.0).item())));
        assert_eq!(nested.message, message);
        assert_eq!((tape.stats(), x.item()), (before, 2.0));
        assert_eq!((x * x).backward().wrt(x).unwrap().item(), 4.0);
    });
}

#[test]
fn a_draw_has_the_generator_and_nothing_else() {
    let tape = Tape::<f64>::new();
    let noise = tape.draw(|rng| tape.scalar(rng.unit()) * 2.0);
    assert!(
        (0.0..2.0).contains(&noise.item()),
        "the tape records meanwhile"
    );
    let busy = ": the tape's generator is in use by a `draw` that has not ended";
    let rng = || wengert_tensor::Rng::seed_from_u64(1);
    let uses: [(&str, &dyn Fn()); 3] = [
        ("draw", &|| tape.draw(|_| ())),
        ("sample", &|| drop(tape.sample([1], |rng| rng.unit()))),
        ("set_rng", &|| drop(tape.set_rng(rng()))),
    ];
    for (name, f) in uses {
        let refused = caught(|| tape.draw(|_| f()));
        assert_eq!(refused.message, format!("{name}{busy}"));
        assert!(refused.file.ends_with("rules.rs"), "{refused:?}");
        tape.draw(|rng| rng.unit());
    }
}

#[test]
fn values_of_one_rule_are_not_those_of_the_next() {
    // What a rule computes is forgotten when it ends, and the next rule's values get the same
    // numbers: a factor that was packed for one must not serve the other.
    let through = Custom::<f64>::new(
        "through",
        |x| x[0].to_tensor(),
        |rule| {
            let bar = (rule.cotangent() * 1.0).t();
            rule.give(0, rule.x(1).matmul(bar).t());
        },
    );
    let tape = Tape::new();
    let identity = tape.constant(&Tensor::eye(8));
    let mut loss = tape.scalar(0.0);
    let mut leaves = Vec::new();
    for k in 0..5 {
        let (x, w) = (tape.leaf(&noise(&[8, 8], k)), noise(&[8, 8], 10 + k));
        loss += (tape.custom(&through, &[x, identity]) * &w).sum();
        leaves.push((x, w));
    }
    let back = loss.backward();
    for (x, w) in leaves {
        assert_eq!(back.wrt(x).unwrap(), w);
    }
}
