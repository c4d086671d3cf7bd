//! The laws that hold to rounding, also at kinks.

use wengert_tensor::{Rng, Shape, Tensor};

use super::book::{Book, apart};
use super::layouts::{LayoutKind, other_layout};
use super::reading::{Plain, concat, cotangents, record_case, recorded_bars, shapes, values};
use crate::check::gradient::random_like;
use crate::check::samples::{Case, Reference};
use crate::check::subject::{Recorded, pull, pull_recorded};
use crate::record::node::{Id, LEAF};
use crate::record::tape::Tape;
use crate::walk::reverse::output_count;

/// The laws that hold to rounding.
pub(super) fn exact_laws(reference: Option<&Reference>, case: &Case<f64>, book: &mut Book) {
    let tape = Tape::new();
    let recorded = record_case(&tape, case);
    replay(&tape, book);
    let y = values(&recorded.outputs);
    if let Some(reference) = reference {
        let plain = reference(&case.inputs);
        if let Some(detail) = apart(&y, &plain, 1e-12) {
            book.note("value", detail);
        }
    }

    let y_bars = cotangents(&recorded, 1);
    let bars = pull(&tape, &recorded.outputs, &y_bars, &recorded.inputs);
    let v = random_like(&mut Rng::seed_from_u64(5), shapes(&recorded.inputs));
    let (recorded_bars, hv) = recorded_bars(&tape, &recorded, &y_bars, &v);
    book.same("recorded and direct readings agree", &recorded_bars, &bars);
    let plain = Plain {
        y,
        y_bars,
        bars,
        v,
        hv,
    };
    one_walk(case, &plain, book);
    memory(case, &plain, book);
    forward_over_reverse(case, &plain, book);
    without_views(case, &plain, book);
    same_leaf_twice(case, book);
    for layout in LayoutKind::ALL {
        other_layout(case, layout, &plain, book);
    }
}

/// The shape rule and the forward rule, once more for every node.
fn replay(tape: &Tape<f64>, book: &mut Book) {
    let list = &tape.inner.borrow().list;
    let mut id: Id = 0;
    while (id as usize) < list.nodes.len() {
        let count = output_count(list, id);
        if list.nodes[id as usize].flags & LEAF == 0 {
            let inputs: Vec<Shape> = list.inputs(id).iter().map(|&at| list.shape(at)).collect();
            let outputs: Vec<Shape> = (0..count as Id).map(|m| list.shape(id + m)).collect();
            let name = list.op(id).name();
            match list.op(id).shapes(&inputs) {
                Ok(shapes) if shapes.as_slice() == outputs.as_slice() => {}
                found => {
                    let detail = format!("`{name}`: {found:?} for values of {outputs:?}");
                    book.note("the shape rule gives the value's shape", detail);
                }
            }
            let views: Vec<_> = list.inputs(id).iter().map(|&at| list.view(at)).collect();
            let mut again: Vec<_> = outputs
                .iter()
                .map(|shape| vec![f64::NAN; shape.size()])
                .collect();
            let mut slices: Vec<&mut [f64]> = again.iter_mut().map(Vec::as_mut_slice).collect();
            list.op(id).forward(&views, &mut slices);
            for (m, (again, shape)) in again.into_iter().zip(outputs).enumerate() {
                let again = Tensor::from_vec(again, shape).expect("as many as the shape says");
                let value = list.view(id + m as Id).to_tensor();
                book.bitwise("the forward rule gives the same again", &[again], &[value]);
            }
        }
        id += count as Id;
    }
}

/// What one walk back keeps and leaves alone.
fn one_walk(case: &Case<f64>, plain: &Plain, book: &mut Book) {
    let tape = Tape::new();
    let recorded = record_case(&tape, case);
    let Recorded { inputs, outputs } = &recorded;
    let all = || {
        let list = &tape.inner.borrow().list;
        (0..list.nodes.len() as Id)
            .map(|id| list.view(id).to_tensor())
            .collect::<Vec<_>>()
    };
    let before = all();
    let given = plain.y_bars.clone();
    let bars = pull(&tape, outputs, &given, inputs);
    book.bitwise("twice the same gives the same", &bars, &plain.bars);
    book.bitwise("the cotangent is unchanged", &given, &plain.y_bars);
    book.bitwise("values are unchanged", &all(), &before);

    // Linear in the cotangent.
    let other = cotangents(&recorded, 2);
    let sum: Vec<_> = given
        .iter()
        .zip(&other)
        .map(|(a, b)| a.zip_map(b, |a, b| 0.75 * a - 2.5 * b))
        .collect();
    let other_bars = pull(&tape, outputs, &other, inputs);
    let expected: Vec<_> = bars
        .iter()
        .zip(&other_bars)
        .map(|(a, b)| a.zip_map(b, |a, b| 0.75 * a - 2.5 * b))
        .collect();
    book.same(
        "linear in the cotangent",
        &pull(&tape, outputs, &sum, inputs),
        &expected,
    );
    let zeros: Vec<_> = given.iter().map(|bar| Tensor::zeros(bar.shape())).collect();
    let none: Vec<_> = inputs.iter().map(|x| Tensor::zeros(x.shape())).collect();
    if let Some(detail) = apart(&pull(&tape, outputs, &zeros, inputs), &none, 0.0) {
        book.note("a cotangent of 0 gives 0", detail);
    }

    // Each output on its own, and all at once.
    if outputs.len() > 1 {
        let mut total = none;
        for (y, y_bar) in outputs.iter().zip(&given) {
            let part = pull(&tape, &[*y], std::slice::from_ref(y_bar), inputs);
            for (total, part) in total.iter_mut().zip(&part) {
                *total = total.zip_map(part, |a, b| a + b);
            }
        }
        book.same("outputs add up", &total, &bars);
    }

    // What was there before is added to: the leaves are outputs too.
    let more = random_like(&mut Rng::seed_from_u64(3), shapes(inputs));
    let (ys, y_bars) = (concat(outputs, inputs), concat(&given, &more));
    let expected: Vec<_> = bars
        .iter()
        .zip(&more)
        .map(|(a, b)| a.zip_map(b, |a, b| a + b))
        .collect();
    book.same(
        "an input used twice adds up",
        &pull(&tape, &ys, &y_bars, inputs),
        &expected,
    );
}

/// Recycled memory holds anything.
fn memory(case: &Case<f64>, plain: &Plain, book: &mut Book) {
    let law = "recycled memory may hold anything";
    let mut tape = Tape::new();
    tape.poison();
    for _ in 0..2 {
        let recorded = record_case(&tape, case);
        book.bitwise(law, &values(&recorded.outputs), &plain.y);
        let bars = pull(&tape, &recorded.outputs, &plain.y_bars, &recorded.inputs);
        book.bitwise(law, &bars, &plain.bars);
        let (_, hv) = recorded_bars(&tape, &recorded, &plain.y_bars, &plain.v);
        book.bitwise(law, &hv, &plain.hv);
        tape.reset();
        tape.inner.get_mut().list.arena.fill(f64::NAN);
    }
}

/// The Hessian by reverse over reverse is that by forward over reverse.
fn forward_over_reverse(case: &Case<f64>, plain: &Plain, book: &mut Book) {
    let tape = Tape::new();
    let Recorded { inputs, outputs } = record_case(&tape, case);
    let constants: Vec<_> = plain
        .y_bars
        .iter()
        .map(|y_bar| tape.constant(y_bar))
        .collect();
    let bars = pull_recorded(&tape, &outputs, &constants, &inputs);
    let moved: Vec<_> = inputs
        .iter()
        .zip(&plain.v)
        .map(|(x, v)| (*x, tape.constant(v)))
        .collect();
    let dots = tape.tangents(&bars, &moved);
    book.same(
        "forward over reverse is reverse over reverse",
        &values(&dots),
        &plain.hv,
    );
}

/// The same where every op runs by its forward and its reverse rule alone.
fn without_views(case: &Case<f64>, plain: &Plain, book: &mut Book) {
    let tape = Tape::new();
    tape.plain();
    let recorded = record_case(&tape, case);
    book.same(
        "copies give the value of views",
        &values(&recorded.outputs),
        &plain.y,
    );
    let bars = pull(&tape, &recorded.outputs, &plain.y_bars, &recorded.inputs);
    book.same("the reverse rule alone gives the same", &bars, &plain.bars);
    let (bars, hv) = recorded_bars(&tape, &recorded, &plain.y_bars, &plain.v);
    book.same("the recorded rule alone gives the same", &bars, &plain.bars);
    book.same("the rule alone gives the same Hessian", &hv, &plain.hv);
}

/// One leaf as two inputs gets what two leaves get together.
fn same_leaf_twice(case: &Case<f64>, book: &mut Book) {
    for k in 1..case.inputs.len() {
        let Some(j) = (0..k).find(|&j| case.inputs[j].shape() == case.inputs[k].shape()) else {
            continue;
        };
        let mut apart = case.clone();
        apart.inputs[k] = apart.inputs[j].clone();
        let tape = Tape::new();
        let two = record_case(&tape, &apart);
        let y_bars = cotangents(&two, 1);
        let two_bars = pull(&tape, &two.outputs, &y_bars, &two.inputs);
        let sum = two_bars[j].zip_map(&two_bars[k], |a, b| a + b);

        let tape = Tape::new();
        tape.set_rng(Rng::seed_from_u64(0));
        let mut inputs: Vec<_> = apart.inputs.iter().map(|x| tape.leaf(x)).collect();
        inputs[k] = inputs[j];
        let outputs = (case.program)(&inputs);
        let one = pull(&tape, &outputs, &y_bars, &[inputs[j]]);
        book.same("one leaf as two inputs", &one, std::slice::from_ref(&sum));
        let constants: Vec<_> = y_bars.iter().map(|y_bar| tape.constant(y_bar)).collect();
        let one = values(&pull_recorded(&tape, &outputs, &constants, &[inputs[j]]));
        book.same("one leaf as two inputs, recorded", &one, &[sum]);
    }
}
