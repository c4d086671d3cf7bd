//! Ops of the user's: by closures, and by a type.

use wengert_tape::check::{Samples, kept, laws};
use wengert_tape::{Custom, Op, Reverse, Shapes, Tangent, Tape};
use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};

use crate::support::{assert_close, caught, noise};

/// z = x · exp(y) for a matrix and a vector.
fn scaled() -> Custom<f64> {
    Custom::<f64>::new(
        "scaled",
        |x| {
            x[0].to_tensor()
                .zip_map(&x[1].to_tensor(), |x, y| x * y.exp())
        },
        |rule| {
            let z_bar = rule.cotangent();
            if rule.needs(0) {
                rule.give(0, z_bar * rule.x(1).exp());
            }
            if rule.needs(1) {
                rule.give(1, z_bar * rule.y(0));
            }
        },
    )
}

#[test]
fn closures_make_an_op_of_any_order() {
    let tape = Tape::new();
    let (x, y) = (tape.leaf(&noise(&[3, 2], 1)), tape.leaf(&noise(&[2], 2)));
    let custom = (tape.custom(&scaled(), &[x.t().t(), y]) * x).sum();
    let composed = (x * y.exp() * x).sum();
    assert_close(&custom.value(), &composed.value(), 1e-14);
    let (a, b) = (tape.grad(custom, [x, y]), tape.grad(composed, [x, y]));
    let (back, expected) = (custom.backward(), composed.backward());
    for (k, leaf) in [x, y].into_iter().enumerate() {
        assert_close(&a[k].value(), &b[k].value(), 1e-14);
        assert_close(
            &back.wrt(leaf).unwrap(),
            &expected.wrt(leaf).unwrap(),
            1e-14,
        );
        let (a, b) = (
            tape.grad((a[k] * a[k]).sum(), [x, y]),
            tape.grad((b[k] * b[k]).sum(), [x, y]),
        );
        assert_close(&a[0].value(), &b[0].value(), 1e-13);
        assert_close(&a[1].value(), &b[1].value(), 1e-13);
    }
}

#[test]
fn forward_mode_needs_its_own_closure() {
    let (x, x_dot) = (
        (noise(&[2], 1), noise(&[2], 2)),
        (noise(&[2], 3), noise(&[2], 4)),
    );
    let mut tape = Tape::new();
    let refused =
        caught(|| drop(tape.jvp(&x, &x_dot, |tape, (x, y)| tape.custom(&scaled(), &[x, y]))));
    assert_eq!(
        refused.message,
        "the custom op `scaled` has no forward-mode rule: give it one with `Custom::tangent`"
    );
    let whole = scaled().tangent(|rule| {
        if let Some(x_dot) = rule.x_dot(0) {
            rule.give(0, x_dot * rule.x(1).exp());
        }
        if let Some(y_dot) = rule.x_dot(1) {
            rule.give(0, y_dot * rule.y(0));
        }
    });
    let (_, custom) = tape.jvp(&x, &x_dot, |tape, (x, y)| tape.custom(&whole, &[x, y]));
    let (_, composed) = tape.jvp(&x, &x_dot, |_, (x, y)| x * y.exp());
    assert_close(&custom, &composed, 1e-15);
}

#[test]
fn a_custom_op_is_named_in_reports() {
    let mut fresh = Tape::new();
    let _ = fresh.value_and_grad(&Tensor::from([800.0]), |tape, y| {
        let z = tape.custom(&scaled(), &[tape.ones([1]), y]);
        assert_eq!(tape.first_non_finite().unwrap().op, "scaled");
        z.sum()
    });
    // Its closures are let go with the reset.
    let kept = std::sync::Arc::new(());
    let inside = kept.clone();
    let op = Custom::<f64>::new("kept", |x| x[0].to_tensor(), move |_| drop(inside.clone()));
    fresh.evaluate(&Tensor::scalar(1.0), |tape, x| {
        tape.custom(&op, &[x]).item()
    });
    drop(op);
    fresh.reset();
    assert_eq!(std::sync::Arc::strong_count(&kept), 1);
}

/// (x + y, x · y): a type with two outputs.
struct SumAndProduct;

impl<T: Float> Op<T> for SumAndProduct {
    fn name(&self) -> &'static str {
        "sum_and_product"
    }
    fn shapes(&self, x: &[Shape]) -> Result<Shapes, ShapeError> {
        if x[0] != x[1] {
            return Err(ShapeError::new(
                "sum_and_product",
                format!("{} and {}", x[0], x[1]),
            ));
        }
        Ok(Shapes::from_elem(x[0].clone(), 2))
    }
    fn forward(&self, x: &[View<'_, T>], y: &mut [&mut [T]]) {
        for (k, (a, b)) in x[0].iter().zip(x[1].iter()).enumerate() {
            y[0][k] = a + b;
            y[1][k] = a * b;
        }
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        if let Some(sum_bar) = rule.y_bar(0) {
            rule.give(0, sum_bar);
            rule.give(1, sum_bar);
        }
        if let Some(product_bar) = rule.y_bar(1) {
            rule.give(0, product_bar * rule.x(1));
            rule.give(1, product_bar * rule.x(0));
        }
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        for k in 0..2 {
            if let Some(dot) = rule.x_dot(k) {
                rule.give(0, dot);
                rule.give(1, dot * rule.x(1 - k));
            }
        }
    }
}

#[test]
fn a_type_makes_an_op_with_several_outputs() {
    let tape = Tape::<f64>::new();
    let (x, y) = (tape.leaf(&noise(&[3], 1)), tape.leaf(&noise(&[3], 2)));
    let outputs = tape.apply_all(SumAndProduct, &[x, y]);
    let custom = (outputs[0] * outputs[1]).sum();
    let composed = ((x + y) * (x * y)).sum();
    let (back, expected) = (custom.backward(), composed.backward());
    assert_close(&back.wrt(x).unwrap(), &expected.wrt(x).unwrap(), 1e-15);
    let (a, b) = (tape.grad(custom, [x, y]), tape.grad(composed, [x, y]));
    let (a, b) = (
        tape.grad((a[0] * a[1]).sum(), [x]),
        tape.grad((b[0] * b[1]).sum(), [x]),
    );
    assert_close(&a[0].value(), &b[0].value(), 1e-14);
    for m in 0..2 {
        let bar = outputs[m].backward_with(&Tensor::ones([3])).wrt(x).unwrap();
        let expected = if m == 0 { Tensor::ones([3]) } else { y.value() };
        assert_eq!(bar, expected);
    }
    let refused = caught(|| drop(tape.apply_all(SumAndProduct, &[x, tape.ones([2])])));
    assert_eq!(refused.message, "sum_and_product: [3] and [2]");
    let several = caught(|| drop(tape.apply(SumAndProduct, [x, y])));
    assert!(
        several
            .message
            .contains("an op with several outputs is recorded with `apply_all`")
    );
}

#[test]
fn a_rule_that_panics_leaves_the_tape_as_it_was() {
    let fragile = Custom::<f64>::new(
        "fragile",
        |x| x[0].to_tensor(),
        |rule| {
            let bar = rule.cotangent();
            assert!(bar.item() < 2.0, "too steep");
            rule.give(0, bar * 1.0);
        },
    );
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::scalar(3.0));
    let y = tape.custom(&fragile, &[x]);
    for graph in [false, true] {
        let steep = y * 5.0;
        caught(|| {
            if graph {
                tape.grad(steep, [x]);
            } else {
                steep.backward();
            }
        });
        // It still records, and the op's rule is still there.
        let again = y * y / 6.0;
        assert!(again.needs_grad());
        assert_eq!(again.backward().wrt(x).unwrap().item(), 1.0);
        let [slope] = tape.grad(again, [x]);
        assert_eq!((slope.item(), slope.needs_grad()), (1.0, true));
    }
}

/// Of x, eˣ and e²ˣ, whose rule reads both outputs.
struct Powers;

impl<T: Float> Op<T> for Powers {
    fn name(&self) -> &'static str {
        "powers"
    }
    fn shapes(&self, x: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(x[0].clone(), 2))
    }
    fn forward(&self, x: &[View<'_, T>], y: &mut [&mut [T]]) {
        let [one, two] = y else {
            unreachable!("two outputs")
        };
        for ((one, two), x) in one.iter_mut().zip(two.iter_mut()).zip(x[0].iter()) {
            *one = T::from_f64(x.to_f64().exp());
            *two = *one * *one;
        }
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        for m in 0..2 {
            if let Some(y_bar) = rule.y_bar(m) {
                rule.give(0, y_bar * rule.y(m) * (m + 1) as f64);
            }
        }
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            for m in 0..2 {
                rule.give(m, x_dot * rule.y(m) * (m + 1) as f64);
            }
        }
    }
}

#[test]
fn a_rule_reads_its_second_output() {
    let samples = Samples::<f64>::new("powers")
        .case("both", &[&[3]], |x| {
            x[0].tape().apply_all(Powers, x).to_vec()
        })
        .gives(|x| vec![x[0].map(f64::exp), x[0].map(|x| (2.0 * x).exp())])
        .case("the second alone", &[&[2, 2]], |x| {
            vec![x[0].tape().apply_all(Powers, x)[1]]
        })
        .gives(|x| vec![x[0].map(|x| (2.0 * x).exp())]);
    kept(laws(&samples)).unwrap();
    let tape = Tape::new();
    let x = tape.leaf(&Tensor::from([0.5]));
    let [one, two] = tape.apply_all(Powers, &[x])[..] else {
        unreachable!("two outputs")
    };
    let [bar] = tape.grad((one * two).sum(), [x]);
    assert!((bar.item() - 3.0 * 1.5f64.exp()).abs() < 1e-12);
}
