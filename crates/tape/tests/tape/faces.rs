//! `backward`, `grad` with all that it can be asked, and the switches.

use wengert_tape::{Bind, GradOptions, Tape, Unused};
use wengert_tensor::Tensor;

use crate::support::{assert_close, caught, noise};

#[test]
fn backward_twice_gives_the_same() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&noise(&[3, 4], 1));
    let w = tape.leaf(&noise(&[4, 2], 2));
    let y = (x.matmul(w).tanh() * x.slice(1, ..2)).sum();
    let first = y.backward();
    let second = y.backward();
    for leaf in [x, w] {
        assert_eq!(first.wrt(leaf).unwrap(), second.wrt(leaf).unwrap());
    }
    let longer = (y * y).backward().wrt(x).unwrap();
    assert_close(
        &longer,
        &first.wrt(x).unwrap().map(|bar| 2.0 * y.item() * bar),
        1e-14,
    );
}

#[test]
fn backward_with_a_seed() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&noise(&[3], 1));
    let seed = noise(&[3], 2);
    let bar = (x * x).backward_with(&seed).wrt(x).unwrap();
    assert_close(&bar, &x.value().zip_map(&seed, |x, s| 2.0 * x * s), 1e-15);
    // A strided seed counts by its elements.
    let y = x.reshape(&[3, 1]) * &Tensor::ones([3, 2]);
    let seed = noise(&[2, 3], 3).t();
    let bar = y.backward_with(&seed).wrt(x).unwrap();
    assert_close(&bar, &seed.sum_axes(&[1], false), 1e-15);
    let wrong = caught(|| drop(x.backward_with(&Tensor::ones([2]))));
    assert_eq!(
        wrong.message,
        "backward_with: the seed has the shape [2], the value [3]"
    );
}

#[test]
fn what_cannot_be_differentiated_says_so() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([1.0, 2.0]));
    let c = tape.scalar(1.0);
    assert!(
        caught(|| drop(x.backward()))
            .message
            .contains("a loss has one element")
    );
    assert!(
        caught(|| drop(c.backward()))
            .message
            .contains("no leaf leads to this value")
    );
    let y = x * x;
    let back = y.sum().backward();
    assert!(
        caught(|| drop(back.wrt(y)))
            .message
            .contains("`retain_grad`")
    );
    assert!(
        caught(|| drop(back.wrt(c)))
            .message
            .contains("it is a constant")
    );
}

#[test]
fn retained_gradients() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([1.0, 2.0, 3.0]));
    let y = (x * x).retain_grad();
    let part = y.slice(0, 1..).retain_grad();
    let z = (part * part).sum() + y.sum();
    let back = z.backward();
    assert_eq!(back.wrt(part).unwrap().to_vec(), [8.0, 18.0]);
    assert_eq!(back.wrt(y).unwrap().to_vec(), [1.0, 9.0, 19.0]);
    assert_eq!(back.wrt(x).unwrap().to_vec(), [2.0, 36.0, 114.0]);
    // Asking does not change what is computed, nor does asking again.
    let again = z.backward();
    assert_eq!(again.wrt(part).unwrap().to_vec(), [8.0, 18.0]);
    assert_eq!(again.wrt(x).unwrap(), back.wrt(x).unwrap());
}

#[test]
fn a_gradient_that_does_not_arrive_is_none() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::scalar(1.0));
    let other = tape.leaf(&Tensor::scalar(1.0));
    let later = x * x;
    let unused = tape.leaf(&Tensor::scalar(1.0));
    let back = later.backward();
    assert!(back.wrt(other).is_none());
    assert!(back.wrt(unused).is_none());
}

#[test]
fn no_grad_and_detach_cut() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::scalar(3.0));
    let cut = tape.no_grad(|| x * x);
    assert!(!cut.needs_grad());
    assert_eq!((cut * x).backward().wrt(x).unwrap().item(), 9.0);
    assert!((x * x).needs_grad(), "recording goes on afterwards");
    let detached = (x * x).detach();
    assert!(!detached.needs_grad());
    assert_eq!((detached * x).backward().wrt(x).unwrap().item(), 9.0);
    // A detached view sees the same elements.
    let m = tape.leaf(&noise(&[3, 4], 1));
    let part = m.t().slice(0, 1..3);
    assert_eq!(part.detach().value(), part.value());
    let inner = tape.no_grad(|| tape.no_grad(|| x * x) * x);
    assert!(!inner.needs_grad());
    let _ = caught(|| tape.no_grad(|| panic!("inside")));
    assert!((x * x).needs_grad(), "a panic does not leave the switch on");
}

#[test]
fn seeds_of_grad() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&noise(&[3], 1));
    let (y, z) = (x * x, x.tanh());
    let (s, r) = (tape.leaf(&noise(&[3], 2)), tape.leaf(&noise(&[3], 3)));
    let options = GradOptions {
        create_graph: true,
        ..Default::default()
    };
    let bar = tape.grad_with(&[y, z], &[x], &[s, r], options)[0];
    let expected = 2.0 * x * s + (1.0 - z * z) * r;
    assert_close(&bar.value(), &expected.value(), 1e-15);
    // The seeds are variables too.
    let by_seed = tape.grad_with(&[bar.sum()], &[s], &[], options)[0];
    assert_close(&by_seed.value(), &(2.0 * x).value(), 1e-15);
    // One output twice counts twice.
    let twice = tape.grad_with(&[y, y], &[x], &[s, s], options)[0];
    assert_close(&twice.value(), &(4.0 * x * s).value(), 1e-15);
    assert!(
        caught(|| drop(tape.grad_with(&[y], &[x], &[s, r], options)))
            .message
            .contains("2 seeds")
    );
    assert!(
        caught(|| drop(tape.grad_with(&[y], &[x], &[], options)))
            .message
            .contains("no seed")
    );
    let short = tape.ones([2]);
    assert_eq!(
        caught(|| drop(tape.grad_with(&[y], &[x], &[short], options))).message,
        "grad: seed 0 is [2], its output [3]"
    );
}

#[test]
fn without_create_graph_the_gradients_are_constants() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::scalar(2.0));
    let bar = tape.grad_with(&[x * x * x], &[x], &[], GradOptions::default())[0];
    assert_eq!(bar.item(), 12.0);
    assert!(!bar.needs_grad());
    assert!((x * x).needs_grad(), "recording goes on afterwards");
}

#[test]
fn policies_for_unused_inputs() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&noise(&[2], 1));
    let unused = tape.leaf(&noise(&[3, 2], 2));
    let y = (x * x).sum();
    let later = tape.leaf(&noise(&[4], 3));
    for input in [unused, later] {
        let zeros = GradOptions {
            unused: Unused::Zeros,
            ..Default::default()
        };
        let bars = tape.grad_with(&[y], &[x, input], &[], zeros);
        assert_eq!(bars[1].value(), Tensor::zeros(input.shape()));
        let refused = caught(|| drop(tape.grad(y, [x, input])));
        assert_eq!(refused.message, "grad: no output depends on input 1");
    }
    let constant = caught(|| drop(tape.grad(y, [tape.scalar(1.0)])));
    assert_eq!(constant.message, "grad: input 0 is a constant");
    // A refusal leaves the tape as it was, and points at the line of who asked.
    let (refused, line) = (
        caught(|| drop(tape.grad_with(&[y], &[x, unused], &[], GradOptions::default()))),
        line!() - 1,
    );
    assert!(refused.message.ends_with("input 1"));
    assert!(
        refused.file.ends_with("faces.rs") && refused.line == line,
        "{refused:?}"
    );
    assert!((x * x).needs_grad());
    assert_eq!(tape.grad(y, [x])[0].value(), (2.0 * x).value());
}

#[test]
fn a_view_and_its_base_at_once() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&noise(&[4, 3], 1));
    let view = x.t().slice(1, 1..3);
    let y = (view * view * view).sum() + (x * x).sum();
    let [by_x, by_view] = tape.grad(y, [x, view]);
    assert_close(&by_view.value(), &(3.0 * view * view).value(), 1e-14);
    let alone = tape.grad(y, [x])[0];
    assert_close(&by_x.value(), &alone.value(), 1e-15);
    assert_close(&by_x.value(), &y.backward().wrt(x).unwrap(), 1e-14);
    // An intermediate value between them, and second order through the view.
    let [second] = tape.grad(by_view.sum(), [view]);
    assert_close(&second.value(), &(6.0 * view).value(), 1e-14);
    let [second] = tape.grad((by_view * by_view).sum(), [x]);
    let expected = tape.grad((9.0 * view * view * view * view).sum(), [x])[0];
    assert_close(&second.value(), &expected.value(), 1e-13);
}

#[test]
fn with_respect_to_an_intermediate_value() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&noise(&[3], 1));
    let h = x.tanh();
    let y = (h * h * x).sum();
    let [by_h, by_x] = tape.grad(y, [h, x]);
    assert_close(&by_h.value(), &(2.0 * h * x).value(), 1e-15);
    let expected = h * h + 2.0 * h * x * (1.0 - h * h);
    assert_close(&by_x.value(), &expected.value(), 1e-14);
    // The output itself, and one input asked for twice.
    let [by_y, a, b] = tape.grad(y, [y, x, x]);
    assert_eq!(by_y.item(), 1.0);
    assert_eq!(a.value(), b.value());
}

#[test]
fn an_open_model_with_two_bindings() {
    let tape = Tape::<f64>::new();
    let (first, second) = (
        vec![Tensor::scalar(2.0)],
        vec![Tensor::scalar(3.0), Tensor::scalar(5.0)],
    );
    let (a, b) = (first.bind(&tape), second.bind(&tape));
    let back = (a[0] * b[0] * b[0]).backward();
    let (of_a, of_b) = (back.of(&a), back.of(&b));
    assert_eq!(of_a.get(0).unwrap().item(), 9.0);
    assert_eq!(of_b.get(0).unwrap().item(), 12.0);
    assert_eq!(of_b.unreached(), ["1"]);
}

#[test]
fn an_anomaly_is_named_where_it_begins() {
    let tape = Tape::<f64>::new();
    tape.detect_anomaly(true);
    let x = tape.leaf(&Tensor::from([0.0, 1.0]));
    // The value is finite, its slope is not.
    let steep = x.sqrt().sum();
    let slope = caught(|| drop(steep.backward())).message;
    assert!(
        slope.starts_with("anomaly: the reverse rule of "),
        "{slope}"
    );
    // A value that is not finite is named before anything is walked, also if no gradient shows it.
    let infinite = x.ln();
    let value = caught(|| drop((infinite.detach().sum() + x.sum()).backward())).message;
    assert!(
        value.starts_with("anomaly: ") && value.contains("ln"),
        "{value}"
    );
    assert!(!value.contains("reverse rule"), "{value}");
    tape.detect_anomaly(false);
    assert_eq!(steep.backward().wrt(x).unwrap()[[0]], f64::INFINITY);
}

/// Of several views whose gradients are asked for at once, each gets what flows into its own views.
#[test]
fn gradients_of_several_views_that_are_sliced_further() {
    let tape = Tape::<f64>::new();
    let [x, y] = [1, 2].map(|seed| tape.leaf(&noise(&[3, 2], seed)));
    let (a, b) = (x.t(), y.t());
    let z = (a.slice(1, 1..) * b.slice(1, ..2)).sum() + b.slice(0, 1..).sum();
    let [a_bar, b_bar, x_bar, y_bar] = tape.grad(z, [a, b, x, y]);
    let (a_value, b_value) = (a.value(), b.value());
    let a_expected = Tensor::from_fn([2, 3], |at| match at[1] {
        0 => 0.0,
        k => b_value[[at[0], k - 1]],
    });
    let b_expected = Tensor::from_fn([2, 3], |at| {
        let product = if at[1] < 2 {
            a_value[[at[0], at[1] + 1]]
        } else {
            0.0
        };
        product + at[0] as f64
    });
    assert_eq!(a_bar.value(), a_expected);
    assert_eq!(b_bar.value(), b_expected);
    assert_eq!(x_bar.value(), a_expected.t());
    assert_eq!(y_bar.value(), b_expected.t());
    // The marks are gone afterwards, and a walk in buffers says the same.
    let eager = z.backward();
    assert_eq!(eager.wrt(y).unwrap(), b_expected.t());
}
