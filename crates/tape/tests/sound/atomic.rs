//! Recording is all or nothing: whatever panics, and wherever, the tape is what it was.

use std::cell::Cell;

use wengert_tape::{Custom, Formula, Op, Real, Reverse, Shapes, Stats, Tangent, Tape, Var};
use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};

use crate::support::caught;

/// What of a tape must not change.
fn state(stats: Stats) -> (usize, usize) {
    (stats.nodes, stats.bytes)
}

/// Two outputs, of which the second is longer than a cache line.
struct Two;
impl<T: Float> Op<T> for Two {
    fn name(&self) -> &'static str {
        "two"
    }
    fn shapes(&self, x: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok([x[0].clone(), Shape::from([20])].into_iter().collect())
    }
    fn forward(&self, x: &[View<'_, T>], y: &mut [&mut [T]]) {
        for (y, x) in y[0].iter_mut().zip(x[0].iter()) {
            *y = x + x;
        }
        y[1].fill(T::ONE);
    }
    fn reverse(&self, r: &Reverse<'_, '_, T>) {
        if let Some(bar) = r.y_bar(0) {
            r.give(0, bar * 2.0);
        }
    }
    fn tangent(&self, r: &Tangent<'_, '_, T>) {
        r.give(0, r.x_dot(0).unwrap() * 2.0);
    }
}

/// An op of one input whose rule records.
fn doubled() -> Custom<f64> {
    Custom::new(
        "doubled",
        |x| x[0].to_tensor().map(|x| x + x),
        |rule| rule.give(0, rule.cotangent() * 2.0),
    )
}

type Record = for<'t> fn(&'t Tape<f64>, [Var<'t, f64>; 4]) -> Var<'t, f64>;

/// Every kind of recording over a number, a vector, a matrix and a long vector, and whether it takes
/// elements.
const RECORDINGS: &[(&str, bool, Record)] = &[
    ("a number", true, |_, [s, ..]| s.tanh()),
    ("flat", true, |_, [_, v, ..]| v.tanh()),
    ("an attribute", true, |_, [_, v, ..]| v * 3.0),
    ("broadcast", true, |_, [s, v, ..]| s + v),
    ("four inputs", true, |t, [s, v, ..]| {
        let [y] = t.formula(Four, [s, v, v, s]);
        y
    }),
    ("a reduction", true, |_, [_, _, m, _]| m.sum()),
    ("a product", true, |_, [_, _, m, _]| m.matmul(m)),
    ("a general product", true, |_, [_, _, m, _]| {
        m.t().unsqueeze(0).matmul(m.unsqueeze(0))
    }),
    ("an affine map", true, |_, [_, _, m, _]| {
        Var::affine(&[(m, m), (m, m)], None)
    }),
    ("joined", true, |_, [_, v, ..]| Var::stack(&[v; 6], 0)),
    ("a view", false, |_, [_, _, m, _]| m.t()),
    ("a view of a view", false, |_, [_, _, m, _]| {
        m.t().slice(0, 1..)
    }),
    ("stretched", false, |_, [_, v, ..]| v.expand([5, 3])),
    ("a copy", true, |_, [_, _, m, _]| m.t().contiguous()),
    ("detached", false, |_, [_, v, ..]| v.detach()),
    ("two outputs", true, |t, [_, v, ..]| {
        t.apply_all(Two, &[v])[0]
    }),
    ("closures", true, |t, [_, v, ..]| t.custom(&doubled(), &[v])),
    ("a small leaf", true, |t, _| {
        t.leaf(&Tensor::from([1.0, 2.0]))
    }),
    ("a large leaf", false, |t, _| t.leaf(&Tensor::ones([40]))),
    ("a constant", true, |t, _| t.ones([4])),
    ("noise", true, |t, _| t.sample([4], |rng| rng.unit())),
    ("one-hot", true, |t, _| t.one_hot(&Tensor::from([1, 0]), 2)),
    ("chosen", true, |_, [_, v, ..]| {
        v.index_select(0, &Tensor::from([2, 0]))
    }),
    ("activated", true, |_, [_, _, m, _]| m.softmax(1)),
    ("sorted", true, |_, [_, _, _, l]| l.sort(0, true).0),
];

#[derive(Clone, Copy)]
struct Four;
impl Formula<4, 1> for Four {
    const NAME: &'static str = "four";
    #[inline(always)]
    fn eval<R: Real>(&self, [a, b, c, d]: [R; 4]) -> [R; 1] {
        [a * b + c * d]
    }
}

fn inputs(tape: &Tape<f64>) -> [Var<'_, f64>; 4] {
    [
        tape.leaf(&Tensor::scalar(0.5)),
        tape.leaf(&Tensor::from([0.1, 0.2, 0.3])),
        tape.leaf(&Tensor::from([[0.1, 0.2], [0.3, 0.4]])),
        tape.leaf(&crate::support::noise(&[40], 3)),
    ]
}

#[test]
fn a_full_tape_is_what_it_was() {
    for &(name, elements, record) in RECORDINGS {
        let fresh = Tape::new();
        let expected = record(&fresh, inputs(&fresh)).value();
        for full_of_nodes in [true, false] {
            if !full_of_nodes && !elements {
                continue;
            }
            let tape = Tape::new();
            let x = inputs(&tape);
            let before = tape.stats();
            // What a recording does in several steps is tried at each of them.
            for room in 0.. {
                assert!(room < 8, "{name}: never finished");
                let limit = tape.stats().nodes + room;
                let (nodes, most) = if full_of_nodes {
                    (limit, usize::MAX)
                } else {
                    (usize::MAX, room)
                };
                tape.set_limits(nodes, most, u32::MAX);
                let Some(full) = crate::support::attempt(|| drop(record(&tape, x))) else {
                    break;
                };
                assert!(
                    full.message.contains(": the tape is full: it has "),
                    "{name}: {full:?}"
                );
                if !full_of_nodes {
                    break;
                }
            }
            tape.set_limits(usize::MAX, usize::MAX, u32::MAX);
            let (used, values) = (tape.stats(), x.map(|x| x.value()));
            assert!(used.nodes >= before.nodes, "{name}");
            let again = record(&tape, x).value();
            assert!(again == expected || name == "noise", "{name}");
            for (x, value) in x.iter().zip(values) {
                assert_eq!(x.value(), value, "{name}: a value was written over");
            }
        }
    }
}

#[test]
fn one_recording_on_a_full_tape_changes_nothing() {
    for &(name, elements, record) in RECORDINGS {
        if name.contains("view of a view") || name.contains("general product") || name == "a copy" {
            continue; // several recordings
        }
        let tape = Tape::new();
        let x = inputs(&tape);
        let _ = x[1].tanh();
        let before = tape.stats();
        for by_nodes in [true, false] {
            if !by_nodes && !elements {
                continue;
            }
            let (nodes, most) = if by_nodes {
                (before.nodes, usize::MAX)
            } else {
                (usize::MAX, 0)
            };
            tape.set_limits(nodes, most, u32::MAX);
            let full = caught(|| drop(record(&tape, x)));
            assert!(
                full.message.contains("the tape is full"),
                "{name}: {full:?}"
            );
            assert!(full.file.ends_with("atomic.rs"), "{name}: {full:?}");
            assert_eq!(state(tape.stats()), state(before), "{name}");
            tape.set_limits(usize::MAX, usize::MAX, u32::MAX);
        }
    }
}

thread_local! {
    static ARMED: Cell<bool> = const { Cell::new(false) };
}

fn go_off() {
    assert!(!ARMED.with(Cell::get), "boom");
}

/// Panics while it is armed, in one of its faces.
#[derive(Clone, Copy)]
struct Bomb {
    face: &'static str,
}

impl Bomb {
    fn at(&self, face: &str) {
        if self.face == face {
            go_off();
        }
    }
}

impl<T: Float> Op<T> for Bomb {
    fn name(&self) -> &'static str {
        "bomb"
    }
    fn shapes(&self, x: &[Shape]) -> Result<Shapes, ShapeError> {
        self.at("shapes");
        Ok([x[0].clone()].into())
    }
    fn forward(&self, x: &[View<'_, T>], y: &mut [&mut [T]]) {
        for (y, x) in y[0].iter_mut().zip(x[0].iter()) {
            *y = x * x;
        }
        self.at("forward");
    }
    fn reverse(&self, r: &Reverse<'_, '_, T>) {
        let bar = r.cotangent() * r.x(0);
        self.at("reverse");
        r.give(0, bar * 2.0);
    }
    fn tangent(&self, r: &Tangent<'_, '_, T>) {
        let dot = r.x_dot(0).unwrap() * r.x(0);
        self.at("tangent");
        r.give(0, dot * 2.0);
    }
    fn view(
        &self,
        _: &wengert_tensor::Layout,
    ) -> Option<Result<wengert_tensor::Layout, ShapeError>> {
        self.at("view");
        None
    }
    fn share(&self, _: &wengert_tensor::Layout) -> Option<wengert_tensor::Layout> {
        self.at("share");
        None
    }
}

/// Runs `f` while the bombs are armed; it must go off.
fn armed(f: impl FnOnce()) {
    ARMED.with(|armed| armed.set(true));
    let boom = caught(f);
    ARMED.with(|armed| armed.set(false));
    assert_eq!(boom.message, "boom");
}

#[test]
fn a_panic_in_an_op_of_the_users_changes_nothing() {
    for face in ["shapes", "forward", "view", "share"] {
        for inputs in [1, 6] {
            let tape = Tape::<f64>::new();
            let x = tape.leaf(&Tensor::from([1.0, 2.0]));
            let record = || tape.apply_all(Bomb { face }, &vec![x; inputs])[0];
            let before = tape.stats();
            armed(|| drop(record()));
            assert_eq!(state(tape.stats()), state(before), "{face}");
            let y = record();
            assert_eq!(
                (y.value().to_vec(), x.value().to_vec()),
                (vec![1.0, 4.0], vec![1.0, 2.0])
            );
        }
    }
}

#[test]
fn a_panic_in_a_rule_leaves_the_tape_as_it_was() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([1.0, 2.0]));
    for face in ["reverse", "tangent"] {
        let y = (tape.apply(Bomb { face }, [x.tanh()]) * x).sum();
        let derivatives = || {
            let back = y.backward().wrt(x).unwrap();
            let [recorded] = tape.grad(y, [x]);
            let along = tape.tangent(y, &[(x, tape.ones([2]))]);
            (back, recorded.value(), along.item())
        };
        let before = derivatives();
        if face == "reverse" {
            let stats = tape.stats();
            armed(|| drop(y.backward()));
            assert_eq!(state(tape.stats()), state(stats));
            armed(|| drop(tape.grad(y, [x])));
        } else {
            armed(|| drop(tape.tangent(y, &[(x, tape.ones([2]))])));
        }
        assert!((x * 2.0).needs_grad(), "it records");
        assert_eq!(derivatives(), before, "{face}");
    }
}

#[test]
fn a_walk_that_panicked_leaves_no_gradient() {
    // What flowed before the panic must not be the gradient of a loss that reaches nothing.
    let mut tape = Tape::<f64>::new();
    let model = vec![Tensor::from([1.0, 2.0]), Tensor::scalar(3.0)];
    let (_, grads) = tape.value_and_grad(&model, |tape, m| {
        let y = (tape.apply(Bomb { face: "reverse" }, [m[0]]) * m[1]).sum();
        armed(|| drop(y.backward()));
        m[1].tanh()
    });
    assert!(grads.get(0).is_none());
    assert_eq!(grads.unreached(), ["0"]);
}

#[test]
fn a_panic_in_what_fills_a_value_changes_nothing() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([1.0, 2.0]));
    let before = tape.stats();
    let state_of_rng = tape.draw(|rng| rng.state());
    armed(|| {
        let mut count = 0;
        tape.sample([3], |rng| {
            count += 1;
            if count == 2 {
                go_off();
            }
            rng.unit()
        });
    });
    assert_eq!(state(tape.stats()), state(before));
    assert_eq!(tape.draw(|rng| rng.state()), state_of_rng);
    armed(|| tape.draw(|_| go_off()));
    assert_eq!(tape.draw(|rng| rng.state()), state_of_rng);
    armed(|| {
        drop(tape.custom(
            &Custom::new(
                "late",
                |_| {
                    go_off();
                    unreachable!()
                },
                |_| (),
            ),
            &[x],
        ))
    });
    assert_eq!(state(tape.stats()), state(before));
    assert_eq!(x.value().to_vec(), [1.0, 2.0]);
}

#[test]
fn a_panic_in_a_formula_changes_nothing() {
    #[derive(Clone, Copy)]
    struct Fragile;
    impl Formula<2, 1> for Fragile {
        const NAME: &'static str = "fragile";
        #[inline(always)]
        fn eval<R: Real>(&self, [a, b]: [R; 2]) -> [R; 1] {
            go_off();
            [a * b]
        }
    }
    let tape = Tape::<f64>::new();
    let shapes: [&[usize]; 3] = [&[], &[3], &[2, 3]];
    for (a, b) in shapes.iter().flat_map(|a| shapes.map(|b| (a, b))) {
        let (a, b) = (
            tape.leaf(&Tensor::full(*a, 2.0)),
            tape.leaf(&Tensor::full(b, 3.0)),
        );
        let record = || tape.formula(Fragile, [a, b]);
        let before = tape.stats();
        armed(|| drop(record()));
        assert_eq!(state(tape.stats()), state(before));
        let [y] = record();
        assert!(y.value().to_vec().iter().all(|y| *y == 6.0));
    }
}

#[test]
fn an_op_refused_for_its_outputs_is_not_recorded() {
    struct Many(usize);
    impl Op<f64> for Many {
        fn name(&self) -> &'static str {
            "many"
        }
        fn shapes(&self, _: &[Shape]) -> Result<Shapes, ShapeError> {
            Ok(Shapes::from_elem(Shape::scalar(), self.0))
        }
        fn forward(&self, x: &[View<'_, f64>], y: &mut [&mut [f64]]) {
            for (m, y) in y.iter_mut().enumerate() {
                y[0] = m as f64 * x[0].data()[0];
            }
        }
        fn reverse(&self, r: &Reverse<'_, '_, f64>) {
            for m in 0..self.0 {
                if let Some(bar) = r.y_bar(m) {
                    r.give(0, bar * m as f64);
                }
            }
        }
        fn tangent(&self, _: &Tangent<'_, '_, f64>) {}
    }
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::scalar(2.0));
    let before = tape.stats();
    for (count, message) in [
        (0, "many: the shape rule gives no output"),
        (
            300,
            "many: the shape rule gives 300 outputs, an op has at most 256",
        ),
    ] {
        assert_eq!(
            caught(|| drop(tape.apply_all(Many(count), &[x]))).message,
            message
        );
        assert_eq!(state(tape.stats()), state(before));
    }
    let several = caught(|| drop(tape.apply(Many(2), [x])));
    assert_eq!(
        several.message,
        "many: an op with several outputs is recorded with `apply_all`"
    );
    assert_eq!(state(tape.stats()), state(before));
    let y = tape.apply_all(Many(256), &[x]);
    assert_eq!((y.len(), y[255].item()), (256, 510.0));
    let sum = y[255] + y[3] * y[2];
    assert_eq!(
        sum.backward().wrt(x).unwrap().item(),
        255.0 + 2.0 * 3.0 * 4.0 - 0.0
    );
}

#[test]
fn a_view_beyond_its_input_is_refused() {
    struct Beyond;
    impl Op<f64> for Beyond {
        fn name(&self) -> &'static str {
            "beyond"
        }
        fn shapes(&self, x: &[Shape]) -> Result<Shapes, ShapeError> {
            Ok([x[0].clone()].into())
        }
        fn forward(&self, _: &[View<'_, f64>], _: &mut [&mut [f64]]) {}
        fn reverse(&self, _: &Reverse<'_, '_, f64>) {}
        fn tangent(&self, _: &Tangent<'_, '_, f64>) {}
        fn view(
            &self,
            x: &wengert_tensor::Layout,
        ) -> Option<Result<wengert_tensor::Layout, ShapeError>> {
            Some(Ok(x.clone().moved(1)))
        }
    }
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([1.0, 2.0]));
    let _secret = tape.scalar(42.0);
    let before = tape.stats();
    let refused = caught(|| drop(tape.apply(Beyond, [x])));
    assert!(
        refused.message.starts_with("beyond: the view"),
        "{refused:?}"
    );
    assert!(
        refused.message.ends_with("leads beyond its input"),
        "{refused:?}"
    );
    assert_eq!(state(tape.stats()), state(before));
}
