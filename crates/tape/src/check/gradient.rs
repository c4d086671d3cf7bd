//! The checker: rules against differences.

use wengert_tensor::{Rng, Shape, Tensor};

use super::differences::{Estimate, derivative, scaled, within};
use super::failure::{Failure, Mismatch, Report};
use super::subject::{Record, Recorded, Subject, pull, pull_recorded, record_leaves, site};
use crate::model::tree::{Path, Tree};
use crate::record::tape::Tape;
use crate::record::var::Var;

/// Compares derivatives with differences; its settings.
///
/// ```
/// use wengert_tape::check::Checker;
/// use wengert_tensor::Tensor;
///
/// let x = Tensor::from([0.3, -1.2, 2.0]);
/// let report = Checker::new().relative(1e-9).gradcheck(&[x], |x| (x[0] * x[0]).tanh())?;
/// assert_eq!(report.compared, 9);
/// assert!(report.greatest_error < 1e-9);
/// # Ok::<(), wengert_tape::check::Failure>(())
/// ```
#[derive(Clone, Debug)]
pub struct Checker {
    relative: f64,
    absolute: f64,
    step: f64,
    seed: u64,
    largest: usize,
    directions: usize,
    chance: f64,
    kinks: bool,
}

impl Default for Checker {
    fn default() -> Self {
        Self::new()
    }
}

impl Checker {
    /// The usual settings: tolerances of 1e-7 (relative) and 1e-9 (absolute) beyond the error bar
    /// of the differences, which take steps of 1e-3 of an element's size.
    pub fn new() -> Self {
        Checker {
            relative: 1e-7,
            absolute: 1e-9,
            step: 1e-3,
            seed: 0,
            largest: 1 << 14,
            directions: 8,
            chance: 1e-6,
            kinks: false,
        }
    }

    /// The tolerance relative to the derivative.
    pub fn relative(mut self, tolerance: f64) -> Self {
        self.relative = tolerance;
        self
    }

    /// The tolerance that does not depend on the derivative.
    pub fn absolute(mut self, tolerance: f64) -> Self {
        self.absolute = tolerance;
        self
    }

    /// The step of the differences, for elements of up to size 1 and relative to greater ones.
    pub fn step(mut self, step: f64) -> Self {
        self.step = step;
        self
    }

    /// The seed of random cotangents and directions.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The largest Jacobian, in elements, that is compared element by element. A larger one is
    /// compared along random directions.
    pub fn largest(mut self, elements: usize) -> Self {
        self.largest = elements;
        self
    }

    /// The number of random directions for large inputs.
    pub fn directions(mut self, directions: usize) -> Self {
        self.directions = directions.max(1);
        self
    }

    /// The chance with which an error of the size that [`Report::could_miss`] states goes unseen.
    pub fn chance(mut self, chance: f64) -> Self {
        self.chance = chance;
        self
    }

    /// Accepts that differences say nothing at some places, such as kinks, and counts them.
    pub fn kinks(mut self, accepted: bool) -> Self {
        self.kinks = accepted;
        self
    }

    /// Compares the Jacobian of a function by its reverse rules with differences.
    ///
    /// # Errors
    /// If they differ, or differences say nothing.
    pub fn gradcheck(
        &self,
        inputs: &[Tensor<f64>],
        f: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>,
    ) -> Result<Report, Failure> {
        self.gradcheck_all(inputs, |x| vec![f(x)])
    }

    /// [`gradcheck`](Checker::gradcheck) of a function with several outputs.
    ///
    /// # Errors
    /// As `gradcheck`.
    pub fn gradcheck_all(
        &self,
        inputs: &[Tensor<f64>],
        f: impl for<'t> Fn(&[Var<'t, f64>]) -> Vec<Var<'t, f64>>,
    ) -> Result<Report, Failure> {
        let record: Record<'_> = &|tape, x| record_leaves(tape, x, &f);
        self.first(&subject(inputs, record))
    }

    /// Compares second derivatives with differences: [`gradcheck`](Checker::gradcheck) of x and ȳ
    /// ↦ x̄ with a random cotangent ȳ, and the symmetry of the Hessian.
    ///
    /// # Errors
    /// If they differ, the Hessian is not symmetric, or differences say nothing.
    pub fn gradgradcheck(
        &self,
        inputs: &[Tensor<f64>],
        f: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>,
    ) -> Result<Report, Failure> {
        self.gradgradcheck_all(inputs, |x| vec![f(x)])
    }

    /// [`gradgradcheck`](Checker::gradgradcheck) of a function with several outputs.
    ///
    /// # Errors
    /// As `gradgradcheck`.
    pub fn gradgradcheck_all(
        &self,
        inputs: &[Tensor<f64>],
        f: impl for<'t> Fn(&[Var<'t, f64>]) -> Vec<Var<'t, f64>>,
    ) -> Result<Report, Failure> {
        let record: Record<'_> = &|tape, x| record_leaves(tape, x, &f);
        let subject = subject(inputs, record);
        self.symmetric(&subject)?;
        self.second(&subject)
    }

    /// Checks that the Hessian of the outputs, weighted at random, is symmetric: uᵀHv = vᵀHu for
    /// random u and v, to rounding.
    ///
    /// # Errors
    /// If it is not.
    pub fn hessian_symmetry(
        &self,
        inputs: &[Tensor<f64>],
        f: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>,
    ) -> Result<(), Failure> {
        let record: Record<'_> = &|tape, x| record_leaves(tape, x, |x| vec![f(x)]);
        self.symmetric(&subject(inputs, record))
    }

    /// [`gradcheck`](Checker::gradcheck) of a function of a model, with respect to every leaf that
    /// is no state. Failures name the leaf's path.
    ///
    /// `f` runs many times on tapes whose generators are seeded alike, so that it may draw.
    ///
    /// ```
    /// use wengert_tape::check::Checker;
    /// use wengert_tensor::Tensor;
    /// let model = vec![Tensor::from([1.0, -2.0]), Tensor::scalar(0.5)];
    /// let report = Checker::new().check_model(&model, |_, m| (m[0] * m[1]).sigmoid().sum())?;
    /// assert_eq!(report.compared, 3);
    /// # Ok::<(), wengert_tape::check::Failure>(())
    /// ```
    ///
    /// # Errors
    /// As `gradcheck`.
    pub fn check_model<M>(
        &self,
        model: &M,
        f: impl for<'t> Fn(&'t Tape<f64>, M::With<Var<'t, f64>>) -> Var<'t, f64>,
    ) -> Result<Report, Failure>
    where
        M: Tree<Tensor<f64>, With<Tensor<f64>> = M>,
    {
        let mut names = Vec::new();
        let mut inputs = Vec::new();
        model.visit_leaves(&mut Path::new(), &mut |path, leaf: &Tensor<f64>| {
            if !path.is_state() {
                names.push(format!("`{path}`"));
                inputs.push(leaf.clone());
            }
        });
        let record: Record<'_> = &|tape, x| {
            let mut leaves = x.iter();
            let moved = model.map_leaves(&mut Path::new(), &mut |path, leaf: &Tensor<f64>| {
                if path.is_state() {
                    Some(leaf)
                } else {
                    leaves.next()
                }
                .unwrap_or(leaf)
                .clone()
            });
            tape.set_rng(Rng::seed_from_u64(self.seed));
            let bound = tape.bind(&moved);
            // Before `f` runs, which may bind what is not to be checked.
            let inputs = tape.trained_vars();
            let outputs = vec![f(tape, bound)];
            Recorded { inputs, outputs }
        };
        self.first(&Subject {
            names,
            inputs,
            record,
        })
    }

    /// First derivatives.
    pub(crate) fn first(&self, subject: &Subject<'_>) -> Result<Report, Failure> {
        let mut tape = Tape::new();
        let columns: usize = subject.inputs.iter().map(Tensor::size).sum();
        let rows = subject.values(&mut tape, &subject.inputs).len();
        if rows * columns > self.largest {
            return self.projected(subject, &mut tape);
        }
        let numeric = numeric_jacobian(subject, self.step, &mut tape);
        tape.reset();
        let recorded = (subject.record)(&tape, &subject.inputs);
        let analytic = analytic_jacobian(&tape, &recorded);
        let mut report = Report::default();
        let shapes: Vec<Shape> = recorded.outputs.iter().map(|y| y.shape()).collect();
        for (row, analytic) in analytic.iter().enumerate() {
            let mut column = 0;
            for (name, x) in subject.names.iter().zip(&subject.inputs) {
                for element in 0..x.size() {
                    let (analytic, numeric) = (analytic[column], numeric[column][row]);
                    column += 1;
                    let Some(verdict) = self.judge(analytic, numeric, &mut report) else {
                        continue;
                    };
                    let (output, at) = locate(&shapes, row);
                    let (input, index) = (name.clone(), unravel(x.shape(), element));
                    let output_index = unravel(&shapes[output], at);
                    let mismatch = Box::new(Mismatch {
                        input,
                        index,
                        output,
                        output_index,
                        analytic,
                        numeric: numeric.value,
                        bar: numeric.bar,
                        site: site(recorded.outputs[output]),
                    });
                    return Err(match verdict {
                        Verdict::Wrong => Failure::Wrong(mismatch),
                        Verdict::Vague => Failure::Vague(mismatch),
                    });
                }
            }
        }
        Ok(report)
    }

    /// Compares two derivatives; `None` if they agree.
    fn judge(&self, analytic: f64, numeric: Estimate, report: &mut Report) -> Option<Verdict> {
        let error = (analytic - numeric.value).abs();
        let tolerance = self.absolute + self.relative * numeric.value.abs();
        // With a wider bar the comparison is worth nothing.
        if !within(numeric.bar, 0.01 * (1.0 + numeric.value.abs())) {
            report.vague += 1;
            return if self.kinks {
                None
            } else {
                Some(Verdict::Vague)
            };
        }
        report.compared += 1;
        report.greatest_error = report.greatest_error.max(error);
        report.greatest_bar = report.greatest_bar.max(numeric.bar);
        if within(error, tolerance + 2.0 * numeric.bar) {
            None
        } else {
            Some(Verdict::Wrong)
        }
    }

    /// First derivatives along random directions, of the outputs weighted at random.
    fn projected(&self, subject: &Subject<'_>, tape: &mut Tape<f64>) -> Result<Report, Failure> {
        let mut rng = Rng::seed_from_u64(self.seed);
        let (y_bars, bars, site) = {
            tape.reset();
            let Recorded { inputs, outputs } = (subject.record)(tape, &subject.inputs);
            let y_bars = random_like(&mut rng, outputs.iter().map(|y| y.shape()));
            let bars = pull(tape, &outputs, &y_bars, &inputs);
            (y_bars, bars, outputs.last().map(|&y| site(y)))
        };
        let Some(site) = site else {
            return Ok(Report::default());
        };
        let weights: Vec<f64> = y_bars.iter().flat_map(Tensor::to_vec).collect();
        let size = subject
            .inputs
            .iter()
            .flat_map(|x| x.iter())
            .fold(0.0, |most: f64, x| most.max(x.abs()));
        let columns: usize = subject.inputs.iter().map(Tensor::size).sum();
        let norm = dot(&bars, &bars).sqrt();
        let mut report = Report::default();
        let mut seen: f64 = 0.0;
        for direction in 0..self.directions {
            let v: Vec<Tensor<f64>> = subject
                .inputs
                .iter()
                .map(|x| rng.normal(x.shape(), 0.0, 1.0))
                .collect();
            let along = |t: f64| {
                let moved = subject
                    .inputs
                    .iter()
                    .zip(&v)
                    .map(|(x, v)| x.zip_map(v, |x, v| x + t * v));
                let moved: Vec<_> = moved.collect();
                let values = subject.values(tape, &moved);
                vec![values.iter().zip(&weights).map(|(y, w)| y * w).sum()]
            };
            // Every element moves, so the step shrinks with their number.
            let step = scaled(self.step, size) / (columns as f64).sqrt().log2().ceil().exp2();
            let numeric = derivative(along, step, size)[0];
            let analytic = dot(&bars, &v);
            let tolerance = self.absolute + self.relative * norm;
            let error = (analytic - numeric.value).abs();
            report.compared += 1;
            report.greatest_error = report.greatest_error.max(error);
            report.greatest_bar = report.greatest_bar.max(numeric.bar);
            seen = seen.max(tolerance + 2.0 * numeric.bar);
            if !within(error, tolerance + 2.0 * numeric.bar) {
                return Err(Failure::WrongDirection {
                    direction,
                    inputs: subject.names.join(", "),
                    analytic,
                    numeric: numeric.value,
                    bar: numeric.bar,
                    site,
                });
            }
        }
        // An error e of the gradient shows along a direction v as e·v, which is normal with the
        // standard deviation |e|. It stays below b with a probability of at most √(2/π) b/|e|,
        // and does so in all of K directions with the chance c at |e| = √(2/π) b c^(−1/K), or less.
        let unseen = std::f64::consts::FRAC_2_PI.sqrt() * 2.0 * seen;
        let unseen = unseen * self.chance.powf(-1.0 / self.directions as f64);
        report.could_miss = Some(unseen / norm.max(f64::MIN_POSITIVE));
        Ok(report)
    }

    /// Second derivatives: the first ones of the recorded reverse rules.
    pub(crate) fn second(&self, subject: &Subject<'_>) -> Result<Report, Failure> {
        let shapes: Vec<Shape> = {
            let tape = Tape::new();
            let recorded = (subject.record)(&tape, &subject.inputs);
            recorded.outputs.iter().map(|y| y.shape()).collect()
        };
        let mut rng = Rng::seed_from_u64(self.seed);
        let y_bars = random_like(&mut rng, shapes.iter().cloned());
        let arity = subject.inputs.len();
        let record: Record<'_> = &|tape, x| {
            let Recorded {
                mut inputs,
                outputs,
            } = (subject.record)(tape, &x[..arity]);
            let y_bars: Vec<_> = x[arity..].iter().map(|y_bar| tape.leaf(y_bar)).collect();
            let x_bars = pull_recorded(tape, &outputs, &y_bars, &inputs);
            inputs.extend(y_bars);
            Recorded {
                inputs,
                outputs: x_bars,
            }
        };
        let cotangents = (0..shapes.len()).map(|m| format!("the cotangent of output {m}"));
        self.first(&Subject {
            names: subject.names.iter().cloned().chain(cotangents).collect(),
            inputs: subject.inputs.iter().cloned().chain(y_bars).collect(),
            record,
        })
    }

    /// uᵀHv = vᵀHu.
    pub(crate) fn symmetric(&self, subject: &Subject<'_>) -> Result<(), Failure> {
        let tape = Tape::new();
        let mut rng = Rng::seed_from_u64(self.seed.wrapping_add(1));
        let Recorded { inputs, outputs } = (subject.record)(&tape, &subject.inputs);
        let Some(&last) = outputs.last() else {
            return Ok(());
        };
        let y_bars = random_like(&mut rng, outputs.iter().map(|y| y.shape()));
        let constants: Vec<_> = y_bars.iter().map(|y_bar| tape.constant(y_bar)).collect();
        let bars = pull_recorded(&tape, &outputs, &constants, &inputs);
        let shapes: Vec<Shape> = inputs.iter().map(|x| x.shape()).collect();
        let u = random_like(&mut rng, shapes.iter().cloned());
        let v = random_like(&mut rng, shapes.iter().cloned());
        let hu = pull(&tape, &bars, &u, &inputs);
        let hv = pull(&tape, &bars, &v, &inputs);
        let (uhv, vhu) = (dot(&u, &hv), dot(&v, &hu));
        let size = absolute_dot(&u, &hv) + absolute_dot(&v, &hu);
        if (uhv - vhu).abs() <= 1e-11 * (1.0 + size) {
            return Ok(());
        }
        Err(Failure::Asymmetric {
            uhv,
            vhu,
            site: site(last),
        })
    }
}

enum Verdict {
    Wrong,
    Vague,
}

/// [`Checker::gradcheck`] with the usual settings.
///
/// ```
/// use wengert_tape::check::gradcheck;
/// use wengert_tensor::Tensor;
/// let (a, b) = (Tensor::from([[1.0, 2.0], [3.0, 4.0]]), Tensor::from([0.5, -0.5]));
/// assert!(gradcheck(&[a, b], |x| x[0].matmul(x[1]).tanh()).is_ok());
///
/// // A wrong derivative is found: the factor 2 is hidden from the tape.
/// let wrong = gradcheck(&[Tensor::scalar(3.0)], |x| x[0] * x[0].detach());
/// let message = wrong.unwrap_err().to_string();
/// assert!(message.starts_with("the derivative of output 0[] by input 0[] is 3 by the rules and 6"));
/// ```
///
/// # Errors
/// If the rules and differences disagree, or differences say nothing.
pub fn gradcheck(
    inputs: &[Tensor<f64>],
    f: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>,
) -> Result<Report, Failure> {
    Checker::new().gradcheck(inputs, f)
}

/// [`Checker::gradgradcheck`] with the usual settings.
///
/// ```
/// use wengert_tape::check::gradgradcheck;
/// use wengert_tensor::Tensor;
/// let x = Tensor::from([0.3, -1.2]);
/// assert!(gradgradcheck(&[x.clone()], |x| x[0].exp() * x[0]).is_ok());
/// assert!(gradgradcheck(&[x], |x| x[0].exp() * x[0].exp().detach()).is_err());
/// ```
///
/// # Errors
/// If the rules and differences disagree, the Hessian is not symmetric, or differences say nothing.
pub fn gradgradcheck(
    inputs: &[Tensor<f64>],
    f: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>,
) -> Result<Report, Failure> {
    Checker::new().gradgradcheck(inputs, f)
}

/// [`Checker::check_model`] with the usual settings.
///
/// # Errors
/// If the rules and differences disagree, or differences say nothing.
pub fn check_model<M>(
    model: &M,
    f: impl for<'t> Fn(&'t Tape<f64>, M::With<Var<'t, f64>>) -> Var<'t, f64>,
) -> Result<Report, Failure>
where
    M: Tree<Tensor<f64>, With<Tensor<f64>> = M>,
{
    Checker::new().check_model(model, f)
}

fn subject<'a>(inputs: &[Tensor<f64>], record: Record<'a>) -> Subject<'a> {
    Subject {
        names: (0..inputs.len()).map(|k| format!("input {k}")).collect(),
        inputs: inputs.to_vec(),
        record,
    }
}

/// One column an element of an input, with one estimate an element of an output.
pub(crate) fn numeric_jacobian(
    subject: &Subject<'_>,
    step: f64,
    tape: &mut Tape<f64>,
) -> Vec<Vec<Estimate>> {
    let mut moved = subject.inputs.clone();
    let mut columns = Vec::new();
    for (k, x) in subject.inputs.iter().enumerate() {
        moved[k] = x.contiguous();
        for (element, at) in x.iter().enumerate() {
            let move_to = |t: f64| {
                moved[k].as_mut_slice()[element] = at + t;
                subject.values(tape, &moved)
            };
            columns.push(derivative(move_to, scaled(step, at.abs()), at.abs()));
            moved[k].as_mut_slice()[element] = at;
        }
    }
    columns
}

/// One row an element of an output, by one walk back each.
pub(crate) fn analytic_jacobian(tape: &Tape<f64>, recorded: &Recorded<'_>) -> Vec<Vec<f64>> {
    let Recorded { inputs, outputs } = recorded;
    let mut rows = Vec::new();
    for y in outputs {
        let mut y_bar = Tensor::zeros(y.shape());
        for element in 0..y_bar.size() {
            y_bar.as_mut_slice()[element] = 1.0;
            let bars = pull(tape, &[*y], std::slice::from_ref(&y_bar), inputs);
            rows.push(bars.iter().flat_map(Tensor::to_vec).collect());
            y_bar.as_mut_slice()[element] = 0.0;
        }
    }
    rows
}

/// Random tensors, none of whose elements is small or like another.
pub(crate) fn random_like(
    rng: &mut Rng,
    shapes: impl IntoIterator<Item = Shape>,
) -> Vec<Tensor<f64>> {
    let mut draw = |_: &[usize]| {
        let size = 0.25 + 1.5 * rng.unit();
        if rng.coin(0.5) { size } else { -size }
    };
    shapes
        .into_iter()
        .map(|shape| Tensor::from_fn(shape, &mut draw))
        .collect()
}

/// ⟨a, b⟩ over all tensors.
pub(crate) fn dot(a: &[Tensor<f64>], b: &[Tensor<f64>]) -> f64 {
    let pairs = a.iter().zip(b).flat_map(|(a, b)| a.iter().zip(b.iter()));
    pairs.map(|(a, b)| a * b).sum()
}

/// Σ |a b| over all tensors: how large rounding can be.
pub(crate) fn absolute_dot(a: &[Tensor<f64>], b: &[Tensor<f64>]) -> f64 {
    let pairs = a.iter().zip(b).flat_map(|(a, b)| a.iter().zip(b.iter()));
    pairs.map(|(a, b)| (a * b).abs()).sum()
}

/// The tensor and the element in it that element `at` of all of them is.
fn locate(shapes: &[Shape], mut at: usize) -> (usize, usize) {
    for (k, shape) in shapes.iter().enumerate() {
        if at < shape.size() {
            return (k, at);
        }
        at -= shape.size();
    }
    (shapes.len(), at)
}

/// The index of the row-major element `at`.
fn unravel(shape: &Shape, mut at: usize) -> Vec<usize> {
    let mut index = vec![0; shape.rank()];
    for (to, &dim) in index.iter_mut().zip(shape.iter()).rev() {
        (*to, at) = (at % dim, at / dim);
    }
    index
}
