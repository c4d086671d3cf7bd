//! A recorded walk goes where it was asked to and nowhere else, and what choices of rows give stays as
//! small as they are. Counts that no machine changes: rules that run, nodes, and bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wengert_tape::{GradOptions, Op, Reverse, Shapes, Tangent, Tape, Unused, Var};
use wengert_tensor::{Shape, ShapeError, Tensor, View};

use crate::support::{assert_close, noise};

/// y = 2x, which counts how often its rule runs.
#[derive(Clone)]
struct Twice(Arc<AtomicUsize>);

impl Op<f64> for Twice {
    fn name(&self) -> &'static str {
        "twice"
    }
    fn shapes(&self, x: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok([x[0].clone()].into())
    }
    fn forward(&self, x: &[View<'_, f64>], y: &mut [&mut [f64]]) {
        for (y, x) in y[0].iter_mut().zip(x[0].iter()) {
            *y = 2.0 * x;
        }
    }
    fn reverse(&self, rule: &Reverse<'_, '_, f64>) {
        self.0.fetch_add(1, Ordering::Relaxed);
        rule.give(0, rule.cotangent() * 2.0);
    }
    fn tangent(&self, rule: &Tangent<'_, '_, f64>) {
        rule.give(0, rule.y(0));
    }
}

/// A chain of `before` steps, a value in the middle, and `after` steps: the rules that run for the
/// gradient by the value in the middle, and the nodes that are recorded.
fn by_the_middle(before: usize, after: usize) -> (usize, usize) {
    let count = Arc::new(AtomicUsize::new(0));
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&noise(&[3], 1));
    let step = |h| tape.apply(Twice(count.clone()), [h]) * x;
    let middle = (0..before).fold(x, |h, _| step(h));
    let y = (0..after).fold(middle, |h, _| step(h)).sum();
    let nodes = tape.stats().nodes;
    let [bar] = tape.grad(y, [middle]);
    let recorded = tape.stats().nodes - nodes;
    // Where nothing is before, the value is x itself, which every step has too.
    let times = if before == 0 { after + 1 } else { 1 };
    let slope = |x: f64| times as f64 * (2.0 * x).powi(after as i32);
    let slope = x.value().map(slope);
    assert_close(&bar.value(), &slope, 1e-14);
    (count.load(Ordering::Relaxed), recorded)
}

#[test]
fn only_what_lies_between_is_visited() {
    for after in [1, 2, 5] {
        let (rules, nodes) = by_the_middle(0, after);
        // By x itself, through both factors.
        assert_eq!(rules, after);
        let few = by_the_middle(1, after);
        assert_eq!(few.0, after, "the rules of the {after} steps after it");
        assert!(few.1 < nodes, "{few:?}: the other factor is not wanted");
        for before in [10, 1000] {
            assert_eq!(by_the_middle(before, after), few, "{before} steps before");
        }
    }
}

/// A penalty on the slope in the inputs: what flows into the weights is not asked for.
#[test]
fn weights_beside_the_way_cost_what_constants_do() {
    let cost = |leaves: bool| {
        let tape = Tape::<f64>::new();
        let x = tape.leaf(&noise(&[4, 5], 1));
        let weight = |seed| {
            let w = noise(&[5, 5], seed);
            if leaves {
                tape.leaf(&w)
            } else {
                tape.constant(&w)
            }
        };
        let (a, b) = (weight(2), weight(3));
        let y = (x.matmul(a).tanh().matmul(b) * b.select(0, 0) / (b * b).sum()).tanh();
        let before = tape.stats();
        let [bar] = tape.grad((y * y).sum(), [x]);
        let after = tape.stats();
        let (nodes, bytes) = (after.nodes - before.nodes, after.bytes - before.bytes);
        (nodes, bytes, bar.value())
    };
    assert_eq!(cost(true), cost(false));
}

/// What is asked for: leaves, values in the middle, views of them, outputs of an op with several, the
/// result itself. All of it at once and one by one gives what a walk over everything gives.
#[test]
fn whatever_is_asked_for_comes_out_as_from_the_whole_walk() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&noise(&[4, 3], 1));
    let w = tape.leaf(&noise(&[3, 3], 2));
    let h = x.matmul(w).tanh();
    let row = h.select(0, 1);
    let part = h.slice(0, 1..3).t();
    let (sorted, _) = (h * h).sort(0, false);
    let rows = sorted.rows(&Tensor::from([[3, 0], [3, 3]]));
    let picked = rows.gather(1, &Tensor::from([[[0, 1, 1]], [[1, 1, 0]]]));
    let mixed = part.matmul(h.slice(0, ..2)) * row + picked.sum_axes(&[0, 1], false);
    let y = (mixed * mixed + sorted.index_select(0, &Tensor::from([0, 0, 2]))).sum();
    let asked = [x, w, h, row, part, sorted, rows, picked, mixed, y];
    for var in asked {
        var.retain_grad();
    }
    let back = y.backward();
    let whole = asked.map(|var| back.wrt(var).unwrap());
    drop(back);
    let options = GradOptions {
        create_graph: true,
        unused: Unused::Panic,
    };
    let close = |var: &Var<'_, f64>, bar: &Tensor<f64>| assert_close(&var.value(), bar, 1e-13);
    let all = tape.grad_with(&[y], &asked, &[], options);
    all.iter()
        .zip(&whole)
        .for_each(|(var, bar)| close(var, bar));
    for (var, bar) in asked.iter().zip(&whole) {
        close(&tape.grad(y, [*var])[0], bar);
        close(&tape.grad(y, [*var, y])[0], bar);
    }
}

/// What lies behind the output, or beside it, is unused and no more.
#[test]
fn what_the_output_does_not_depend_on_is_unused() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&noise(&[3], 1));
    let beside = x * 2.0;
    let y = (x * x).sum();
    let behind = y * beside;
    let options = GradOptions {
        create_graph: false,
        unused: Unused::Zeros,
    };
    for asked in [&[beside, behind][..], &[behind], &[beside]] {
        for bar in tape.grad_with(&[y], asked, &[], options) {
            assert_eq!(bar.value().to_vec(), [0.0; 3]);
        }
    }
    let bars = tape.grad_with(&[y, behind.sum()], &[beside, x], &[], options);
    let (t, slope) = (x.value(), y.item());
    assert_close(&bars[0].value(), &t.map(|_| slope), 1e-15);
    let sum: f64 = t.iter().sum();
    assert_close(
        &bars[1].value(),
        &t.map(|x| 2.0 * x + 4.0 * x * sum + 2.0 * slope),
        1e-14,
    );
}

/// What the second order through look-ups in a table takes: the bytes of the recorded gradient, and
/// of the buffers of the walk over it.
fn look_ups(words: usize, times: usize, elements: bool) -> [usize; 2] {
    let tape = Tape::<f64>::new();
    let table = tape.leaf(&noise(&[words, 2], 1));
    let mut y = tape.scalar(0.0);
    for k in 0..times {
        let word = (7 * k % words) as i64;
        let row = if elements {
            table.gather(0, &Tensor::from([[word, 1]]))
        } else {
            table.rows(&Tensor::from([word]))
        };
        y += (row * row * row).sum();
    }
    let before = tape.stats().bytes;
    let [bar] = tape.grad(y, [table]);
    let bytes = tape.stats().bytes - before;
    let second = (bar * bar).sum().backward().wrt(table).unwrap();
    let t = table.value();
    let expected = if elements {
        // Every look-up takes the second column of row 1.
        let n = times as f64;
        let first = |i: usize| (0..times).filter(|k| 7 * k % words == i).count() as f64;
        Tensor::from_fn([words, 2], |at| {
            let uses = [first(at[0]), if at[0] == 1 { n } else { 0.0 }][at[1]];
            36.0 * uses * uses * t[[at[0], at[1]]].powi(3)
        })
    } else {
        let uses = |i: usize| (0..times).filter(|k| 7 * k % words == i).count() as f64;
        Tensor::from_fn([words, 2], |at| {
            36.0 * uses(at[0]).powi(2) * t[[at[0], at[1]]].powi(3)
        })
    };
    assert_close(&second, &expected, 1e-12);
    [bytes, tape.stats().pool_bytes]
}

#[test]
fn look_ups_in_a_table_cost_what_was_looked_up() {
    for elements in [false, true] {
        let more = |words: usize| {
            let (few, many) = (look_ups(words, 4, elements), look_ups(words, 64, elements));
            [many[0] - few[0], many[1] - few[1]]
        };
        let small = more(100);
        assert!(small[0] > 0);
        // Sixty look-ups more take as much, whatever the size of the table, but for the place of the
        // first value in a cache line.
        let large = more(10_000);
        let same = small.iter().zip(&large).all(|(a, b)| a.abs_diff(*b) <= 128);
        assert!(same, "{small:?} became {large:?}, elements: {elements}");
        // And the gradient is one value of the table's size.
        let [bytes, _] = look_ups(10_000, 64, elements);
        let table = 10_000 * 2 * size_of::<f64>();
        assert!((table..table + table / 2).contains(&bytes), "{bytes}");
    }
}

/// In buffers a look-up adds to its rows of the table in place, also through a view of the table:
/// there is no room for a second one.
#[test]
fn look_ups_in_a_part_of_a_table_take_no_second_table() {
    let tape = Tape::<f64>::new();
    let words = 1000;
    let table = tape.leaf(&noise(&[words, 2], 1));
    tape.set_limits(usize::MAX, 500, u32::MAX);
    let part = table.slice(0, 10..);
    let row = part.rows(&Tensor::from([3, 3]));
    let element = part.gather(0, &Tensor::from([[3, 4]]));
    let y = (row * row).sum() + (element * element * element).sum();
    let bar = y.backward().wrt(table).unwrap();
    let t = table.value();
    let expected = Tensor::from_fn([words, 2], |at| {
        let x = t[[at[0], at[1]]];
        let twice = if at[0] == 13 { 4.0 * x } else { 0.0 };
        let cubed = if at == [13, 0] || at == [14, 1] {
            3.0 * x * x
        } else {
            0.0
        };
        twice + cubed
    });
    assert_close(&bar, &expected, 1e-14);
}

/// The same table as a matrix, as the last layer of a language model has it, and a view of it.
#[test]
fn look_ups_beside_other_uses_add_up() {
    let tape = Tape::<f64>::new();
    let table = tape.leaf(&noise(&[5, 3], 1));
    let f = |table: Var<'_, f64>| -> f64 { loss(table).item() };
    fn loss<'t>(table: Var<'t, f64>) -> Var<'t, f64> {
        let words = table.rows(&Tensor::from([4, 0, 4]));
        let view = table.slice(0, 1..).rows(&Tensor::from([[0, 3]]));
        let scores = words.matmul(table.t()).tanh();
        let column = table.t().index_select(0, &Tensor::from([2, 2]));
        (scores * scores).sum() + (view * view * view).sum() + column.select(1, 3).exp().sum()
    }
    let y = loss(table);
    let [bar] = tape.grad(y, [table]);
    assert_close(&bar.value(), &y.backward().wrt(table).unwrap(), 1e-14);
    let [second] = tape.grad((bar * &noise(&[5, 3], 9)).sum(), [table]);
    // By central differences of the gradient along the direction.
    let direction = noise(&[5, 3], 9);
    let at = |h: f64| {
        let tape = Tape::<f64>::new();
        let moved = table.value().zip_map(&direction, |x, d| x + h * d);
        let table = tape.leaf(&moved);
        assert!(f(table).is_finite());
        loss(table).backward().wrt(table).unwrap()
    };
    let h = 1e-5;
    let differences = at(h).zip_map(&at(-h), |a, b| (a - b) / (2.0 * h));
    assert_close(&second.value(), &differences, 1e-8);
}
