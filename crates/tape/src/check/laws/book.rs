//! The book of violations, and how two results are compared.

use std::panic::Location;

use wengert_tensor::{Float, Tensor};

use crate::check::refusal::refusal;
use crate::check::samples::Case;
use crate::check::violation::Violation;

/// How far results may be apart that differ in the order of additions.
pub(super) const ROUNDING: f64 = 1e-11;

/// Violations as they come.
pub(super) struct Book {
    op: &'static str,
    element: &'static str,
    case: String,
    location: &'static Location<'static>,
    pub violations: Vec<Violation>,
}

impl Book {
    /// An empty book for an op whose elements are of type `T`.
    pub fn new<T: Float>(op: &'static str, location: &'static Location<'static>) -> Self {
        Book {
            op,
            element: std::any::type_name::<T>(),
            case: String::new(),
            location,
            violations: Vec::new(),
        }
    }

    /// What is noted from now on is about this case.
    pub fn at<T: Float>(&mut self, case: &Case<T>) {
        self.at_line(&case.label, case.location);
    }

    /// What is noted from now on is about what stands in this line.
    pub fn at_line(&mut self, label: &str, location: &'static Location<'static>) {
        label.clone_into(&mut self.case);
        self.location = location;
    }

    pub fn note(&mut self, law: &'static str, detail: String) {
        self.violations.push(Violation {
            op: self.op,
            law,
            element: self.element,
            case: self.case.clone(),
            location: self.location,
            detail,
        });
    }

    /// Notes the first pair that is farther apart than rounding.
    pub fn same(&mut self, law: &'static str, a: &[Tensor<f64>], b: &[Tensor<f64>]) {
        if let Some(detail) = apart(a, b, ROUNDING) {
            self.note(law, detail);
        }
    }

    pub fn bitwise(&mut self, law: &'static str, a: &[Tensor<f64>], b: &[Tensor<f64>]) {
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
    pub fn guarded(&mut self, law: impl FnOnce(&mut Self)) {
        if let Err(panic) = refusal(|| law(self)) {
            self.note("panic", panic.to_string());
        }
    }
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

/// How `a` differs from `b` beyond `tolerance · (1 + max |b|)`. NaN equals NaN.
pub(super) fn far(a: &Tensor<f64>, b: &Tensor<f64>, tolerance: f64) -> Option<String> {
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
