//! The laws that every op keeps, tried on its samples.
//!
//! `exact` has the laws that hold to rounding, `layouts` the one of them that inputs may lie in
//! storage in any way, `oracle` first derivatives by other means than the reverse rules, `narrow`
//! the laws in `f32`. `reading` runs a case, and `book` keeps what was found.

mod book;
mod exact;
mod layouts;
mod narrow;
mod oracle;
mod reading;

use std::panic::Location;
use std::sync::Arc;

use wengert_tensor::{Rng, Tensor};

use super::gradient::Checker;
use super::refusal::refusal;
use super::samples::{Bad, Case, Samples};
use super::subject::{Record, Subject, record_leaves};
use super::violation::Violation;
use crate::record::tape::Tape;
use crate::record::var::Var;
use book::{Book, far};
use exact::exact_laws;
use narrow::narrow_laws;
use reading::names_in;

pub use book::apart;
pub(crate) use oracle::Oracle;
pub use reading::readings;
pub(crate) use reading::record_case;

/// Tries every law on the samples of an op, and returns those that it breaks.
///
/// - The shape rule gives the shapes of the values; the forward rule gives the same again.
/// - Bad programs are refused with their messages.
/// - Every case says what its plain value is, and the values are those.
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
#[track_caller]
pub fn laws(samples: &Samples<f64>) -> Vec<Violation> {
    let mut book = Book::new::<f64>(samples.name, samples.location);
    book.at_line("samples", samples.location);
    if samples.cases.is_empty() {
        book.note("samples", "the op has no case".into());
    }
    for case in &samples.cases {
        book.at(case);
        let reference = case.reference.as_ref().or(samples.reference.as_ref());
        if reference.is_none() {
            let detail = "no `reference` says what the value should be, so that a wrong value \
                          with the derivative of a wrong value would pass";
            book.note("a plain value is given", detail.into());
        }
        book.guarded(|book| exact_laws(reference, case, book));
        book.guarded(|book| differences(case, book));
    }
    for bad in &samples.bad {
        book.at_line(bad.message, bad.location);
        refused(bad, &mut book);
    }
    book.at_line("single values", samples.location);
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
#[track_caller]
pub fn laws_of(
    name: &'static str,
    inputs: &[Tensor<f64>],
    smooth: bool,
    program: impl for<'t> Fn(&[Var<'t, f64>]) -> Vec<Var<'t, f64>> + Send + Sync + 'static,
) -> Vec<Violation> {
    let location = Location::caller();
    let case = Case {
        label: "a program".into(),
        inputs: inputs.to_vec(),
        program: Arc::new(program),
        reference: None,
        location,
    };
    let mut book = Book::new::<f64>(name, location);
    book.at(&case);
    book.guarded(|book| exact_laws(None, &case, book));
    if smooth {
        book.guarded(|book| differences(&case, book));
    }
    book.violations
}

/// Tries values and first derivatives in `f32` against those in `f64`.
pub fn laws_f32(samples: &Samples<f32>, wide: &Samples<f64>) -> Vec<Violation> {
    let mut book = Book::new::<f32>(samples.name, samples.location);
    if samples.cases.len() != wide.cases.len() {
        book.note("f32", "not as many cases as in f64".into());
    }
    for (case, wide) in samples.cases.iter().zip(&wide.cases) {
        book.at(case);
        book.guarded(|book| narrow_laws(case, wide, book));
    }
    book.violations
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

/// A bad program panics, with the message that its sample gives.
fn refused(bad: &Bad<f64>, book: &mut Book) {
    let law = "a bad program is refused with its message";
    let refused = refusal(|| {
        let tape = Tape::new();
        record_leaves(&tape, &bad.inputs, |x| (bad.program)(x));
    });
    match refused {
        Ok(()) => book.note(law, "it was accepted".into()),
        Err(panic) if !panic.message.contains(bad.message) => {
            book.note(law, format!("it says: {panic}"));
        }
        Err(_) => {}
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
