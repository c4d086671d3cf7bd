//! What a walk back costs in counts that no machine changes: nodes that a recorded walk adds, and
//! buffers that a walk takes.

use wengert_tape::tree::Tree;
use wengert_tape::{GradOptions, Gradients, Tape, Var};
use wengert_tensor::Tensor;

use crate::support::{assert_close, noise};

/// How many nodes the recorded gradient of `f` takes.
fn recorded(x: &Tensor<f64>, f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>) -> usize {
    let tape = Tape::new();
    let x = tape.leaf(x);
    let y = f(x);
    let before = tape.stats().nodes;
    tape.grad(y, [x]);
    tape.stats().nodes - before
}

#[test]
fn a_cotangent_that_comes_once_takes_no_node() {
    for n in [1, 2, 7] {
        let nodes = recorded(&Tensor::scalar(0.5), |x| (0..n).fold(x, |y, _| -y));
        assert_eq!(nodes, n + 1, "the seed, and one node a rule");
    }
}

#[test]
fn what_comes_twice_is_added_once() {
    let nodes = |uses: usize| {
        recorded(&Tensor::scalar(0.5), move |x| {
            (1..uses).fold(-x, |sum, _| sum + -x)
        })
    };
    // A sum hands its cotangent on without a node; the rule of a negation is one.
    for uses in [1, 2, 5] {
        assert_eq!(nodes(uses), 1 + uses + (uses - 1), "{uses} uses");
    }
}

/// What flows back into views goes straight to their base, where one op writes all of it: a second
/// use of a view takes its rule's nodes and none to add it up.
#[test]
fn views_give_straight_to_their_base() {
    let nodes = |views: usize, uses: usize| {
        recorded(&noise(&[views, 3], 1), move |x| {
            let parts = x.unbind(0).into_iter();
            let terms = parts.flat_map(|part| (0..uses).map(move |_| part.tanh().sum()));
            terms.reduce(|sum, term| sum + term).unwrap()
        })
    };
    let (one, two) = (nodes(1, 1), nodes(2, 1));
    let each = two - one;
    for (views, uses) in [(1, 2), (2, 2), (3, 1), (2, 5), (4, 3)] {
        let expected = one + (views * uses - 1) * each;
        assert_eq!(nodes(views, uses), expected, "{views} views, {uses} uses");
    }
    // The same through a view of a view.
    let deep = |uses: usize| {
        recorded(&noise(&[4, 3], 1), move |x| {
            let part = x.slice(0, 1..3).t();
            let terms = (0..uses).map(|_| part.tanh().sum());
            terms.reduce(|sum, term| sum + term).unwrap()
        })
    };
    assert_eq!(deep(5) - deep(2), 3 * each);
}

/// What the walk before left goes back to the pool when the next begins, also the gradients that
/// nobody asked for: after the first steps a step takes no new buffer.
#[test]
fn a_step_leaves_its_buffers_to_the_next() {
    let mut tape = Tape::<f64>::new();
    let model = noise(&[5, 3], 1);
    let other = noise(&[5, 3], 2);
    let mut step = || {
        let grads = tape.value_and_grad(&model, |t, m| {
            // A leaf of its own, whose gradient the model has no place for.
            (m * t.leaf(&other) * m.t().t().detach()).tanh().sum()
        });
        drop(grads);
        tape.stats().pool_misses
    };
    let mut misses: Vec<u64> = (0..6).map(|_| step()).collect();
    let last = misses.split_off(3);
    assert!(last.iter().all(|&n| n == last[0]), "{misses:?} {last:?}");
}

/// Nor does a step see what another left: nodes have the same numbers after a reset.
#[test]
fn a_step_sees_no_cotangent_of_the_one_before() {
    let (model, other) = (noise(&[5, 3], 1), noise(&[5, 3], 2));
    let mut tape = Tape::<f64>::new();
    drop(tape.value_and_grad(&model, |t, m| (m * t.leaf(&other)).sum()));
    let (_, grads) = tape.value_and_grad(&model, |_, m| (m * m).tanh().sum());
    let (_, fresh) = Tape::new().value_and_grad(&model, |_, m: Var<'_, f64>| (m * m).tanh().sum());
    assert_eq!(grads.get(0), fresh.get(0));
}

/// The first cotangent of a node is its own, bit by bit, and not what it adds to 0.
#[test]
fn the_first_cotangent_is_copied() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([1.0, 2.0]));
    let bar = x.backward_with(&Tensor::from([-0.0, 0.0])).wrt(x).unwrap();
    let signs: Vec<bool> = bar.iter().map(f64::is_sign_negative).collect();
    assert_eq!(signs, [true, false]);
}

/// A rule that asks what is needed computes nothing for a constant, nor for a leaf that nobody wants.
#[test]
fn what_flows_into_a_constant_is_not_recorded() {
    let nodes = |constant: bool| {
        recorded(&noise(&[3, 3], 1), move |x| {
            let (tape, w) = (x.tape(), noise(&[3, 3], 2));
            let w = if constant {
                tape.constant(&w)
            } else {
                tape.leaf(&w)
            };
            x.matmul(w).sum()
        })
    };
    // The seed, the way back through the sum, and x̄ = ȳ wᵀ; a rule that computed w̄ = xᵀ ȳ as well
    // would add two.
    assert_eq!((nodes(true), nodes(false)), (5, 5));
}

#[test]
fn gradients_are_combined_element_by_element() {
    let model = (noise(&[3], 1), noise(&[2], 2));
    // What lies in memory that is used again does not count, of whatever shape it is.
    for old in [
        (noise(&[3], 3), noise(&[2], 4)),
        (noise(&[2], 3), noise(&[5], 4)),
    ] {
        let mut tape = Tape::<f64>::new();
        drop(tape.value_and_grad(&old, |_, (a, b)| (a * a).sum() + (b * b).sum()));
        let (_, one) = tape.value_and_grad(&model, |_, (a, _)| (a * a).sum());
        let (_, two) = tape.value_and_grad(&model, |_, (a, b)| a.sum() + (b * b).sum());
        assert!(!one.is_empty() && one.len() == 2);
        let combined = |mut first: Gradients<_, f64>, second: &_| {
            first.combine(0.25, second, 0.5);
            (first.tree(&model), first.unreached().to_vec())
        };
        // b is unreached by the first alone, and counts as 0 there.
        let ((a, b), unreached) = combined(one, &two);
        assert_close(&a, &model.0.map(|x| 0.25 * 2.0 * x + 0.5), 1e-15);
        assert_close(&b, &model.1.map(|x| 0.5 * 2.0 * x), 1e-15);
        assert!(unreached.is_empty(), "{unreached:?}");
        let (_, one) = tape.value_and_grad(&model, |_, (a, _)| (a * a).sum());
        let ((a, b), _) = combined(two, &one);
        assert_close(&a, &model.0.map(|x| 0.25 + 0.5 * 2.0 * x), 1e-15);
        assert_close(&b, &model.1.map(|x| 0.25 * 2.0 * x), 1e-15);
    }
}

/// Both readings add what flows into a region in one order, so that they agree bit by bit.
#[test]
fn both_readings_add_in_one_order() {
    for terms in [[1e16, 1.0, -1e16], [1.0, 1e16, -1e16], [1e16, -1e16, 1.0]] {
        let tape = Tape::<f64>::new();
        let x = tape.leaf(&Tensor::from([1.0, 2.0]));
        let part = x.slice(0, ..1);
        let sum = terms.map(|c| part * c);
        let y = (sum[0] + sum[1] + sum[2]).sum();
        let eager = y.backward().wrt(x).unwrap();
        let [recorded] = tape.grad(y, [x]);
        assert_eq!(recorded.value(), eager, "{terms:?}");
    }
}

#[test]
fn a_scaled_gradient_is_scaled() {
    let model = (noise(&[3], 1), noise(&[2], 2));
    let (_, mut grads) = Tape::new().value_and_grad(&model, |_, (a, b): (Var<'_, f64>, _)| {
        (a * a).sum() + b.sum()
    });
    grads.scale(-0.5);
    let (a, b) = grads.tree(&model);
    assert_close(&a, &model.0.map(|x| -x), 1e-15);
    assert_eq!(b.to_vec(), [-0.5, -0.5]);
}

/// How many buffers a walk back takes.
fn taken(x: &Tensor<f64>, f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>) -> u64 {
    let tape = Tape::new();
    let y = f(tape.leaf(x));
    let count = || tape.stats().pool_hits + tape.stats().pool_misses;
    let before = count();
    drop(y.backward());
    count() - before
}

/// A view has no buffer of its own: what flows back into it is added to its base's.
#[test]
fn a_view_takes_no_buffer() {
    let buffers = |views: usize, uses: usize| {
        taken(&noise(&[views, 3], 1), move |x| {
            let parts = x.unbind(0).into_iter();
            let terms = parts.flat_map(|part| (0..uses).map(move |_| part.sum()));
            terms.reduce(|sum, term| sum + term).unwrap()
        })
    };
    assert_eq!(buffers(6, 1), buffers(1, 6));
    assert_eq!(buffers(2, 3), buffers(3, 2));
}

/// Buffers go back when a `Backward` is dropped: later walks take no new one.
#[test]
fn a_dropped_backward_hands_its_buffers_on() {
    let mut tape = Tape::<f64>::new();
    let x = noise(&[5, 3], 1);
    let mut misses = || {
        let leaf = tape.leaf(&x);
        drop((leaf * leaf).tanh().sum().backward());
        let misses = tape.stats().pool_misses;
        tape.reset();
        misses
    };
    let first: Vec<u64> = (0..3).map(|_| misses()).collect();
    assert_eq!(misses(), first[2], "{first:?}");
}

/// A view whose gradient is asked for gives it on to its base as any view does.
#[test]
fn a_wanted_view_gives_to_its_base_too() {
    let nodes = |views: usize, wanted: bool| {
        let tape = Tape::<f64>::new();
        let x = tape.leaf(&noise(&[views, 3], 1));
        let parts = x.unbind(0);
        let terms = parts.iter().map(|part| part.tanh().sum());
        let y = terms.reduce(|sum, term| sum + term).unwrap();
        let mut inputs = vec![x];
        if wanted {
            inputs.extend(&parts);
        }
        let before = tape.stats().nodes;
        let options = GradOptions {
            create_graph: true,
            ..GradOptions::default()
        };
        tape.grad_with(&[y], &inputs, &[], options);
        tape.stats().nodes - before
    };
    for views in 1..4 {
        assert_eq!(nodes(views, true), nodes(views, false), "{views} views");
    }
}

/// State that one step set is not that of the next.
#[test]
fn new_state_is_that_of_its_step() {
    #[derive(Tree, Clone)]
    struct Counted<P = Tensor<f64>> {
        weight: P,
        #[tree(state)]
        seen: P,
    }
    let model = Counted {
        weight: Tensor::from([1.0]),
        seen: Tensor::from([0.0]),
    };
    let mut tape = Tape::<f64>::new();
    let (_, grads) = tape.value_and_grad(&model, |t, m| {
        t.set_state(m.seen, m.seen + 1.0);
        m.weight.sum()
    });
    assert_eq!(grads.state(1).unwrap().to_vec(), [1.0]);
    let (_, grads) = tape.value_and_grad(&model, |_, m| (m.weight * m.weight).sum());
    assert_eq!(grads.state(1), None);
}
