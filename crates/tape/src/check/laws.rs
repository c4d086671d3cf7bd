//! The laws that every op keeps, tried on its samples.

mod layouts;
mod oracle;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert_tensor::{Float, Rng, Shape, Tensor};

use super::differences::{Estimate, within};
use super::gradient::{
    Checker, absolute_dot, analytic_jacobian, dot, numeric_jacobian, random_like,
};
use super::samples::{Bad, Case, Reference, Samples};
use super::subject::{Record, Recorded, Subject, pull, pull_recorded, record_leaves};
use crate::record::node::{Id, LEAF};
use crate::record::tape::Tape;
use crate::record::var::Var;
use crate::walk::reverse::output_count;
use layouts::{LayoutKind, other_layout};
pub(crate) use oracle::Oracle;

/// A law that an op breaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// The law.
    pub law: &'static str,
    /// The op and the case.
    pub case: String,
    /// What was found.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.case, self.law, self.detail)
    }
}

/// How far results may be apart that differ in the order of additions.
const ROUNDING: f64 = 1e-11;

/// Tries every law on the samples of an op, and returns those that it breaks.
///
/// - The shape rule gives the shapes of the values; the forward rule gives the same again.
/// - Bad programs are refused with their messages.
/// - Values are those of the plain reference.
/// - First and second derivatives are those of differences; the Hessian is symmetric.
/// - ⟨ȳ, J ẋ⟩ = ⟨Jᵀ ȳ, ẋ⟩, where J ẋ comes from the forward-mode rule.
/// - The gradient is linear in the cotangent and 0 for a cotangent of 0; what flows back twice
///   adds up; nothing else on the tape changes; twice the same gives the same bits, also where
///   every recycled buffer is first filled with NaN.
/// - Recorded and direct readings of the rule agree, and so do views and copies, and inputs that
///   are transposed, strided, stretched, or lie in the middle of others.
///
/// ```
/// use wengert_tape::check::{Samples, laws};
/// let samples = Samples::unary("tanh", |x| x.tanh()).reference1(f64::tanh);
/// assert_eq!(laws(&samples), []);
///
/// let wrong = Samples::unary("tanh", |x| x.tanh() * x.detach()).reference1(|x| x.tanh() * x);
/// assert!(laws(&wrong).iter().any(|violation| violation.law == "differences"));
/// ```
pub fn laws(samples: &Samples<f64>) -> Vec<Violation> {
    let mut book = Book::new(samples.name);
    book.at("samples");
    if samples.cases.is_empty() {
        book.note("samples", "the op has no case".into());
    }
    for case in &samples.cases {
        book.at(&case.label);
        book.guarded(|book| exact_laws(samples.reference.as_ref(), case, book));
        book.guarded(|book| differences(case, book));
    }
    for bad in &samples.bad {
        book.at(bad.message);
        refused(bad, &mut book);
    }
    book.at("single values");
    book.guarded(|book| single_values(samples, book));
    if !samples
        .cases
        .iter()
        .any(|case| names_in(case).contains(&samples.name))
    {
        book.note(
            "samples",
            format!("no case records the op `{}`", samples.name),
        );
    }
    book.violations
}

/// [`laws`] for one program and its inputs: a layer, a loss, or any other function.
///
/// ```
/// use wengert_tape::check::laws_of;
/// use wengert_tensor::Tensor;
/// let x = Tensor::from([[0.3, -1.2], [0.8, 2.0]]);
/// let violations = laws_of("softmax", &[x], true, |x| {
///     let e = x[0].exp();
///     vec![e / e.sum_axes(&[1], true)]
/// });
/// assert_eq!(violations, []);
/// ```
///
/// A program that is not `smooth` is not compared with differences.
pub fn laws_of(
    name: &'static str,
    inputs: &[Tensor<f64>],
    smooth: bool,
    program: impl for<'t> Fn(&[Var<'t, f64>]) -> Vec<Var<'t, f64>> + Send + Sync + 'static,
) -> Vec<Violation> {
    let case = Case {
        label: "a program".into(),
        inputs: inputs.to_vec(),
        program: std::sync::Arc::new(program),
    };
    let mut book = Book::new(name);
    book.at(&case.label);
    book.guarded(|book| exact_laws(None, &case, book));
    if smooth {
        book.guarded(|book| differences(&case, book));
    }
    book.violations
}

/// Tries values and first derivatives in `f32` against those in `f64`.
pub fn laws_f32(samples: &Samples<f32>, wide: &Samples<f64>) -> Vec<Violation> {
    let mut book = Book::new(samples.name);
    if samples.cases.len() != wide.cases.len() {
        book.note("f32", "not as many cases as in f64".into());
    }
    for (case, wide) in samples.cases.iter().zip(&wide.cases) {
        book.at(&format!("{} (f32)", case.label));
        book.guarded(|book| narrow_laws(case, wide, book));
    }
    book.violations
}

/// Values and gradients of every case, to be compared between instruction sets.
#[doc(hidden)]
pub fn readings(samples: &Samples<f64>) -> Vec<(String, Vec<Tensor<f64>>)> {
    let read = |case: &Case<f64>| {
        let tape = Tape::new();
        let recorded = record_case(&tape, case);
        let mut all: Vec<_> = recorded.outputs.iter().map(|y| y.value()).collect();
        let y_bars = cotangents(&recorded, 1);
        all.extend(pull(&tape, &recorded.outputs, &y_bars, &recorded.inputs));
        let v = random_like(&mut Rng::seed_from_u64(5), shapes(&recorded.inputs));
        let (bars, second) = recorded_bars(&tape, &recorded, &y_bars, &v);
        all.extend(bars);
        all.extend(second);
        (case.label.clone(), all)
    };
    samples.cases.iter().map(read).collect()
}

/// The first difference between two lists of tensors beyond rounding.
#[doc(hidden)]
pub fn apart(a: &[Tensor<f64>], b: &[Tensor<f64>], tolerance: f64) -> Option<String> {
    if a.len() != b.len() {
        return Some(format!("{} tensors beside {}", a.len(), b.len()));
    }
    a.iter()
        .zip(b)
        .enumerate()
        .find_map(|(k, (a, b))| Some(format!("tensor {k}: {}", far(a, b, tolerance)?)))
}

/// Violations as they come.
struct Book {
    op: &'static str,
    case: String,
    violations: Vec<Violation>,
}

impl Book {
    fn new(op: &'static str) -> Self {
        Book {
            op,
            case: String::new(),
            violations: Vec::new(),
        }
    }

    fn at(&mut self, label: &str) {
        self.case = format!("{} ({label})", self.op);
    }

    fn note(&mut self, law: &'static str, detail: String) {
        let case = self.case.clone();
        self.violations.push(Violation { law, case, detail });
    }

    /// Notes the first pair that is farther apart than rounding.
    fn same(&mut self, law: &'static str, a: &[Tensor<f64>], b: &[Tensor<f64>]) {
        if let Some(detail) = apart(a, b, ROUNDING) {
            self.note(law, detail);
        }
    }

    fn bitwise(&mut self, law: &'static str, a: &[Tensor<f64>], b: &[Tensor<f64>]) {
        let bits = |x: &[Tensor<f64>]| -> Vec<u64> {
            x.iter()
                .flat_map(|x| x.to_vec())
                .map(f64::to_bits)
                .collect()
        };
        if bits(a) != bits(b) {
            let detail = apart(a, b, 0.0).unwrap_or_else(|| "the sign of a zero or a NaN".into());
            self.note(law, detail);
        }
    }

    /// Runs a law; a panic is a violation too.
    fn guarded(&mut self, law: impl FnOnce(&mut Self)) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| law(self))) {
            self.note("panic", message(&*payload));
        }
    }
}

fn message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
        .to_owned()
}

/// How `a` differs from `b` beyond `tolerance · (1 + max |b|)`. NaN equals NaN.
fn far(a: &Tensor<f64>, b: &Tensor<f64>, tolerance: f64) -> Option<String> {
    if a.shape() != b.shape() {
        return Some(format!("the shape {} beside {}", a.shape(), b.shape()));
    }
    let most = b
        .iter()
        .filter(|b| b.is_finite())
        .fold(0.0, |most: f64, b| most.max(b.abs()));
    let within = |a: f64, b: f64| {
        a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= tolerance * (1.0 + most)
    };
    let mut pairs = a.iter().zip(b.iter()).enumerate();
    let (at, (a, b)) = pairs.find(|(_, (a, b))| !within(*a, *b))?;
    Some(format!("element {at} is {a} beside {b}"))
}

fn shapes<T: Float>(vars: &[Var<'_, T>]) -> Vec<Shape> {
    vars.iter().map(|var| var.shape()).collect()
}

fn values<T: Float>(vars: &[Var<'_, T>]) -> Vec<Tensor<T>> {
    vars.iter().map(|var| var.value()).collect()
}

pub(crate) fn record_case<'t, T: Float>(tape: &'t Tape<T>, case: &Case<T>) -> Recorded<'t, T> {
    tape.set_rng(Rng::seed_from_u64(0));
    record_leaves(tape, &case.inputs, |x| (case.program)(x))
}

fn cotangents(recorded: &Recorded<'_>, seed: u64) -> Vec<Tensor<f64>> {
    random_like(&mut Rng::seed_from_u64(seed), shapes(&recorded.outputs))
}

/// The names of the ops that a case records.
pub(crate) fn names_in(case: &Case<f64>) -> Vec<&'static str> {
    let named = catch_unwind(AssertUnwindSafe(|| {
        let tape = Tape::new();
        record_case(&tape, case);
        let list = &tape.inner.borrow().list;
        let mut names: Vec<&'static str> = Vec::new();
        for id in 0..list.nodes.len() as Id {
            let name = list.op(id).name();
            if list.nodes[id as usize].flags & LEAF == 0 && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }));
    named.unwrap_or_default()
}

/// Everything that differentiates one case in a plain way, to compare other ways with.
struct Plain {
    y: Vec<Tensor<f64>>,
    y_bars: Vec<Tensor<f64>>,
    /// Jᵀȳ by the direct reading.
    bars: Vec<Tensor<f64>>,
    /// A direction, and the Hessian of ⟨ȳ, f⟩ along it.
    v: Vec<Tensor<f64>>,
    hv: Vec<Tensor<f64>>,
}

/// The laws that hold to rounding.
fn exact_laws(reference: Option<&Reference>, case: &Case<f64>, book: &mut Book) {
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

/// First and second derivatives beside differences.
fn differences(case: &Case<f64>, book: &mut Book) {
    let record: Record<'_> = &|tape, x| {
        tape.set_rng(Rng::seed_from_u64(0));
        record_leaves(tape, x, |x| (case.program)(x))
    };
    let subject = Subject {
        names: (0..case.inputs.len())
            .map(|k| format!("input {k}"))
            .collect(),
        inputs: case.inputs.clone(),
        record,
    };
    if let Err(failure) = Checker::new().second(&subject) {
        book.note("second differences", failure.to_string());
    }
    if let Err(failure) = Checker::new().symmetric(&subject) {
        book.note("the Hessian is symmetric", failure.to_string());
    }
    let oracle = Oracle::new(&subject, book);
    let tape = Tape::new();
    let recorded = record_case(&tape, case);
    if let Some(complaint) = oracle.first_order(&tape, &recorded) {
        book.note(complaint.0, complaint.1);
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

/// The recorded gradients, and their derivative along `v`.
fn recorded_bars(
    tape: &Tape<f64>,
    recorded: &Recorded<'_>,
    y_bars: &[Tensor<f64>],
    v: &[Tensor<f64>],
) -> (Vec<Tensor<f64>>, Vec<Tensor<f64>>) {
    let Recorded { inputs, outputs } = recorded;
    // The variables are of the tape's lifetime, which the caller's `recorded` shortened.
    let y_bars: Vec<_> = y_bars.iter().map(|y_bar| tape.constant(y_bar)).collect();
    let (inputs, outputs) = (on(tape, inputs), on(tape, outputs));
    let bars = pull_recorded(tape, &outputs, &y_bars, &inputs);
    let hv = pull(tape, &bars, v, &inputs);
    (values(&bars), hv)
}

fn on<'t>(tape: &'t Tape<f64>, vars: &[Var<'_, f64>]) -> Vec<Var<'t, f64>> {
    vars.iter().map(|var| tape.var(var.id())).collect()
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

fn concat<X: Clone>(a: &[X], b: &[X]) -> Vec<X> {
    a.iter().chain(b).cloned().collect()
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

fn refused(bad: &Bad<f64>, book: &mut Book) {
    let law = "a bad program is refused with its message";
    let refused = catch_unwind(AssertUnwindSafe(|| {
        let tape = Tape::new();
        record_leaves(&tape, &bad.inputs, |x| (bad.program)(x));
    }));
    match refused {
        Ok(()) => book.note(law, "it was accepted".into()),
        Err(payload) => {
            let message = message(&*payload);
            if !message.contains(bad.message) {
                book.note(law, format!("the message is `{message}`"));
            }
        }
    }
}

fn single_values(samples: &Samples<f64>, book: &mut Book) {
    let Some(program) = samples.program().filter(|_| !samples.values.is_empty()) else {
        if !samples.values.is_empty() {
            book.note("value", "values are only for ops of one input".into());
        }
        return;
    };
    for &(at, expected) in &samples.values {
        let tape = Tape::new();
        let y = program(&[tape.leaf(&Tensor::scalar(at))])[0].value();
        if let Some(detail) = far(&y, &Tensor::scalar(expected), 1e-15) {
            book.note("value", format!("at {at}: {detail}"));
        }
    }
}

fn narrow_laws(case: &Case<f32>, wide: &Case<f64>, book: &mut Book) {
    let inputs: Vec<Tensor<f64>> = case.inputs.iter().map(|x| x.cast()).collect();
    let wide = Case {
        inputs,
        ..wide.clone()
    };
    let tape = Tape::new();
    let expected = record_case(&tape, &wide);
    let narrow_tape = Tape::new();
    let found = record_case(&narrow_tape, case);
    let check = |book: &mut Book, law, found: &[Tensor<f32>], expected: &[Tensor<f64>]| {
        let found: Vec<Tensor<f64>> = found.iter().map(|x| x.cast()).collect();
        if let Some(detail) = apart(&found, expected, 2e-5) {
            book.note(law, detail);
        }
    };
    check(
        book,
        "value in f32",
        &values(&found.outputs),
        &values(&expected.outputs),
    );
    let narrow_bars: Vec<Tensor<f32>> = cotangents(&expected, 1).iter().map(|x| x.cast()).collect();
    let y_bars: Vec<Tensor<f64>> = narrow_bars.iter().map(|x| x.cast()).collect();
    let bars = pull(&tape, &expected.outputs, &y_bars, &expected.inputs);
    let found_bars = pull(&narrow_tape, &found.outputs, &narrow_bars, &found.inputs);
    check(book, "gradient in f32", &found_bars, &bars);
    let constants: Vec<_> = narrow_bars
        .iter()
        .map(|bar| narrow_tape.constant(bar))
        .collect();
    let recorded = pull_recorded(&narrow_tape, &found.outputs, &constants, &found.inputs);
    check(book, "recorded gradient in f32", &values(&recorded), &bars);
}
