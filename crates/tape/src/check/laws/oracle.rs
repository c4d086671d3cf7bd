//! First derivatives by means that do not use the reverse rules.

use wengert_tensor::{Rng, Tensor};

use super::book::{Book, ROUNDING};
use super::reading::{concat, cotangents, shapes, values};
use crate::check::differences::{Estimate, within};
use crate::check::gradient::{absolute_dot, analytic_jacobian, dot, numeric_jacobian, random_like};
use crate::check::samples::Case;
use crate::check::subject::{Record, Recorded, Subject, pull, record_leaves};
use crate::record::tape::Tape;

/// What the first derivatives of a case are by means that do not use the reverse rules.
pub(crate) struct Oracle {
    y_bars: Vec<Tensor<f64>>,
    /// What flows back into the inputs from elsewhere.
    more: Vec<Tensor<f64>>,
    /// Every element of ȳᵀJ plus `more`, by differences.
    numeric: Vec<Estimate>,
    /// Directions, and ⟨ȳ, J ẋ⟩ + ⟨more, ẋ⟩ by forward mode.
    directions: Vec<(Vec<Tensor<f64>>, f64)>,
}

impl Oracle {
    /// Computes it, and compares the whole Jacobian on the way.
    pub(super) fn new(subject: &Subject<'_>, book: &mut Book) -> Self {
        let mut tape = Tape::new();
        let jacobian = numeric_jacobian(subject, 1e-3, &mut tape);
        tape.reset();
        let recorded = (subject.record)(&tape, &subject.inputs);
        for (row, analytic) in analytic_jacobian(&tape, &recorded).iter().enumerate() {
            for (column, analytic) in analytic.iter().enumerate() {
                let Estimate { value, bar } = jacobian[column][row];
                let detail = |what: &str| {
                    format!(
                        "{what}: ∂y{row}/∂x{column} is {analytic}, by differences {value} ± {bar:.1e}"
                    )
                };
                if !within(bar, 1e-5 * (1.0 + value.abs())) {
                    book.note("differences", detail("a kink or a pole is too near"));
                    break;
                }
                if !within(
                    (analytic - value).abs(),
                    1e-9 * (1.0 + value.abs()) + 2.0 * bar,
                ) {
                    book.note("differences", detail("wrong"));
                    break;
                }
            }
        }
        let y_bars = cotangents(&recorded, 1);
        let mut rng = Rng::seed_from_u64(7);
        let more = random_like(&mut rng, shapes(&recorded.inputs));
        let weights: Vec<f64> = y_bars.iter().flat_map(Tensor::to_vec).collect();
        let added = more.iter().flat_map(Tensor::to_vec);
        let contract = |(column, more): (&Vec<Estimate>, f64)| {
            let pairs = || column.iter().zip(&weights);
            Estimate {
                value: more + pairs().map(|(d, w)| d.value * w).sum::<f64>(),
                bar: pairs().map(|(d, w)| d.bar * w.abs()).sum(),
            }
        };
        let numeric = jacobian.iter().zip(added).map(contract).collect();
        let directions = (0..2).map(|_| {
            let x_dots = random_like(&mut rng, shapes(&recorded.inputs));
            let moved: Vec<_> = recorded
                .inputs
                .iter()
                .zip(&x_dots)
                .map(|(x, x_dot)| (*x, tape.constant(x_dot)))
                .collect();
            let y_dots = values(&tape.tangents(&recorded.outputs, &moved));
            let product = dot(&y_bars, &y_dots) + dot(&more, &x_dots);
            (x_dots, product)
        });
        let directions = directions.collect();
        Oracle {
            y_bars,
            more,
            numeric,
            directions,
        }
    }

    /// The oracle of a case whose laws hold.
    pub fn of(case: &Case<f64>) -> Self {
        let record: Record<'_> = &|tape, x| {
            tape.set_rng(Rng::seed_from_u64(0));
            record_leaves(tape, x, |x| (case.program)(x))
        };
        let subject = Subject {
            names: Vec::new(),
            inputs: case.inputs.clone(),
            record,
        };
        Oracle::new(&subject, &mut Book::new::<f64>("", case.location))
    }

    /// The first law that the direct reading breaks, where something else flows into the inputs.
    pub fn first_order(
        &self,
        tape: &Tape<f64>,
        recorded: &Recorded<'_>,
    ) -> Option<(&'static str, String)> {
        let Recorded { inputs, outputs } = recorded;
        let ys = concat(outputs, inputs);
        let bars = pull(tape, &ys, &concat(&self.y_bars, &self.more), inputs);
        for (x_dots, product) in &self.directions {
            let found = dot(&bars, x_dots);
            let size = absolute_dot(&bars, x_dots);
            if !within((found - product).abs(), ROUNDING * (1.0 + size)) {
                let law = "⟨ȳ, J ẋ⟩ = ⟨Jᵀ ȳ, ẋ⟩";
                return Some((
                    law,
                    format!("{product} by forward mode, {found} by the rules"),
                ));
            }
        }
        let elements = bars
            .iter()
            .flat_map(Tensor::to_vec)
            .zip(&self.numeric)
            .enumerate();
        for (at, (found, Estimate { value, bar })) in elements {
            if !within(
                (found - value).abs(),
                1e-8 * (1.0 + value.abs()) + 2.0 * bar,
            ) {
                let detail = format!("element {at} is {found}, by differences {value} ± {bar:.1e}");
                return Some(("differences", detail));
            }
        }
        None
    }
}
