//! The laws in `f32`: values and first derivatives beside those in `f64`.

use wengert_tensor::Tensor;

use super::book::{Book, apart};
use super::reading::{cotangents, record_case, values};
use crate::check::samples::Case;
use crate::check::subject::{pull, pull_recorded};
use crate::record::tape::Tape;

pub(super) fn narrow_laws(case: &Case<f32>, wide: &Case<f64>, book: &mut Book) {
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
