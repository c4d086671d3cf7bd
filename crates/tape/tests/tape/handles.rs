//! Handles that do not fit: the panic names the trouble, and the user's line.

use wengert_tape::tree::Tree;
use wengert_tape::{Bind, Custom, GradOptions, Op, Reverse, Shapes, Tangent, Tape, Var};
use wengert_tensor::{Shape, ShapeError, Tensor, View};

use crate::support::caught;

/// Asserts that the panic points at a line of this file.
#[track_caller]
fn here(caught: &crate::support::Caught, line: u32) {
    assert!(
        caught.file.ends_with("handles.rs"),
        "{caught:?} points elsewhere"
    );
    assert_eq!(caught.line, line, "{caught:?}");
}

#[test]
fn a_variable_of_an_ended_scope_is_stale() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::scalar(0.5));
    let mut kept = None;
    tape.scope(|_| kept = Some(x.tanh()));
    let kept = kept.unwrap();
    // Another value takes its place; the number of the node alone would not tell.
    let _ = x.exp();
    let uses: [(&str, fn(Var<'_, f64>), u32); 8] = [
        ("unary", |x| drop(x.tanh()), line!()),
        ("binary", |x| drop(x * 2.0), line!()),
        ("reduction", |x| drop(x.sum()), line!()),
        ("view", |x| drop(x.reshape(&[1])), line!()),
        ("value", |x| drop(x.value()), line!()),
        ("item", |x| drop(x.item()), line!()),
        ("backward", |x| drop(x.backward()), line!()),
        ("shape", |x| drop(x.shape()), line!()),
    ];
    for (name, f, line) in uses {
        let caught = caught(|| f(kept));
        let message = "a variable is used after the scope that it was made in has ended";
        assert_eq!(caught.message, message, "{name}");
        here(&caught, line);
    }
    assert_eq!(x.exp().item(), 0.5f64.exp(), "the outer variable lives");
}

#[test]
fn a_stale_variable_is_found_in_the_next_scope_too() {
    let tape = Tape::<f64>::new();
    let mut kept = None;
    tape.scope(|tape| kept = Some(tape.scalar(1.0)));
    let caught = caught(|| tape.scope(|tape| drop(tape.scalar(2.0) + kept.unwrap())));
    assert!(caught.message.contains("after the scope"));
}

#[test]
fn an_outer_variable_lives_in_nested_scopes() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::scalar(2.0));
    let y = tape.scope(|tape| {
        let y = x * x;
        tape.scope(|_| (x * y).item())
    });
    assert_eq!(y, 8.0);
}

#[test]
fn variables_of_two_tapes_do_not_mix() {
    let (a, b) = (Tape::<f64>::new(), Tape::<f64>::new());
    let (x, y) = (a.scalar(1.0), b.scalar(2.0));
    let message = "variables of different tapes meet in one operation";
    let custom = Custom::<f64>::new("copy", |x| x[0].to_tensor(), |_| ());
    let (m, n) = (x.expand([1, 1]), y.expand([1, 1]));
    let options = GradOptions::default();
    let uses: [(&dyn Fn(), u32); 10] = [
        (&|| drop(x + y), line!()),
        (&|| drop(m.matmul(n)), line!()),
        (&|| drop(Var::stack(&[x, y], 0)), line!()),
        (&|| drop(a.apply_all(Pass, &[y])), line!()),
        (&|| drop(a.custom(&custom, &[x, y])), line!()),
        (&|| drop(a.grad(x, [y])), line!()),
        (&|| drop(a.grad_with(&[y], &[], &[], options)), line!()),
        (&|| drop(a.grad_with(&[x], &[x], &[y], options)), line!()),
        (&|| drop(a.tangent(y, &[])), line!()),
        (&|| drop(a.tangent(x, &[(y, x)])), line!()),
    ];
    for (f, line) in uses {
        let caught = caught(f);
        assert_eq!(caught.message, message);
        here(&caught, line);
    }
}

/// An op that does nothing.
struct Pass;

impl Op<f64> for Pass {
    fn name(&self) -> &'static str {
        "pass"
    }
    fn shapes(&self, x: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok([x[0].clone()].into())
    }
    fn forward(&self, _: &[View<'_, f64>], _: &mut [&mut [f64]]) {}
    fn reverse(&self, _: &Reverse<'_, '_, f64>) {}
    fn tangent(&self, _: &Tangent<'_, '_, f64>) {}
}

#[derive(Tree)]
struct Linear<P = Tensor<f64>> {
    weight: P,
}

#[derive(Tree)]
struct Model<P = Tensor<f64>> {
    head: Linear<P>,
}

#[test]
fn a_wrong_shape_names_the_parameter_and_the_layer() {
    let model = Model {
        head: Linear {
            weight: Tensor::zeros([5, 6]),
        },
    };
    let tape = Tape::<f64>::new();
    let m = model.bind(&tape);
    let x = tape.zeros([3, 4]);
    let (plain, line) = (caught(|| drop(x.matmul(m.head.weight))), line!());
    assert_eq!(
        plain.message,
        "matmul: inner sizes differ: [3, 4] x [5, 6] (with `head.weight` [5, 6])"
    );
    here(&plain, line);
    let named = caught(|| {
        tape.named("decoder", || {
            tape.named("head", || drop(x.matmul(m.head.weight)))
        });
    });
    assert_eq!(
        named.message,
        "matmul: inner sizes differ: [3, 4] x [5, 6] (with `head.weight` [5, 6]) (in decoder/head)"
    );
    // The name ends with its closure, also by a panic.
    let after = caught(|| drop(x.matmul(x)));
    assert_eq!(after.message, "matmul: inner sizes differ: [3, 4] x [3, 4]");
}

#[test]
fn a_wrong_shape_of_a_view_or_a_vector_names_what_the_user_has() {
    let tape = Tape::<f64>::new();
    let x = tape.zeros([3, 4]);
    let v = tape.zeros([5]);
    let vector = caught(|| drop(x.matmul(v)));
    assert_eq!(vector.message, "matmul: inner sizes differ: [3, 4] x [5]");
    let sum = caught(|| drop(x + v));
    assert_eq!(sum.message, "add: shapes do not broadcast: [3, 4] and [5]");
}

#[test]
fn every_kind_of_refusal_points_at_the_users_line() {
    let uses: [(fn(Var<'_, f64>), u32); 14] = [
        (|x| drop(x + x.t()), line!()),
        (|x| drop(x.sum_axes(&[2], false)), line!()),
        (|x| drop(x.reshape(&[5])), line!()),
        (|x| drop(x.permute(&[0, 0])), line!()),
        (|x| drop(x.transpose(0, 3)), line!()),
        (|x| drop(x.expand([5, 5])), line!()),
        (|x| drop(x.slice(3, ..)), line!()),
        (|x| drop(x.select(0, 9)), line!()),
        (|x| drop(x.dim(7)), line!()),
        (|x| drop(x.gather(1, &Tensor::from([[7]]))), line!()),
        (|x| drop(x.index_select(4, &Tensor::from([7]))), line!()),
        (|x| drop(x.argmax(4)), line!()),
        (|x| drop(x.sort(4, true)), line!()),
        (|x| drop(x.backward()), line!()),
    ];
    for (f, line) in uses {
        let tape = Tape::new();
        let x = tape.leaf(&Tensor::zeros([2, 3]));
        here(&caught(|| f(x)), line);
    }
}
