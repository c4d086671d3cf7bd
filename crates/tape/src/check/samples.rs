//! Samples of an op: what the laws are tried on.

use std::panic::Location;
use std::sync::Arc;

use wengert_tensor::{Float, Rng, Shape, Tensor};

use crate::record::var::Var;

/// A program over variables, with any number of outputs.
pub type Program<T> = Arc<dyn for<'t> Fn(&[Var<'t, T>]) -> Vec<Var<'t, T>> + Send + Sync>;

/// What the outputs should be, computed plainly and slowly in `f64`.
pub type Reference = Arc<dyn Fn(&[Tensor<f64>]) -> Vec<Tensor<f64>> + Send + Sync>;

/// The samples of one op.
pub struct Samples<T: Float> {
    /// The op's name, as its node has it.
    pub name: &'static str,
    /// Programs that work.
    pub cases: Vec<Case<T>>,
    /// Programs that must be refused.
    pub bad: Vec<Bad<T>>,
    /// The plain value, for cases that have none of their own.
    pub reference: Option<Reference>,
    /// Single values: of an input, the output.
    pub values: Vec<(f64, f64)>,
    program: Option<Program<T>>,
    domain: (f64, f64),
    kinks: Vec<f64>,
    seed: u64,
    /// Where the samples begin.
    pub location: &'static Location<'static>,
}

/// A program and its inputs.
#[derive(Clone)]
pub struct Case<T: Float> {
    /// What is special about it.
    pub label: String,
    /// The inputs.
    pub inputs: Vec<Tensor<T>>,
    /// The program.
    pub program: Program<T>,
    /// Its plain value, if it is not that of all cases.
    pub reference: Option<Reference>,
    /// Where it is written.
    pub location: &'static Location<'static>,
}

/// A program that must panic with a message that contains `message`.
#[derive(Clone)]
pub struct Bad<T: Float> {
    /// The inputs.
    pub inputs: Vec<Tensor<T>>,
    /// The program.
    pub program: Program<T>,
    /// A part of the message.
    pub message: &'static str,
    /// Where it is written.
    pub location: &'static Location<'static>,
}

impl<T: Float> Samples<T> {
    /// No samples yet of the op `name`; inputs are drawn from \[−2, 2\].
    #[track_caller]
    pub fn new(name: &'static str) -> Self {
        Samples {
            name,
            cases: Vec::new(),
            bad: Vec::new(),
            reference: None,
            values: Vec::new(),
            program: None,
            domain: (-2.0, 2.0),
            kinks: Vec::new(),
            seed: 0,
            location: Location::caller(),
        }
    }

    /// Samples of a function of one value, over every kind of shape.
    #[track_caller]
    pub fn unary(
        name: &'static str,
        f: impl for<'t> Fn(Var<'t, T>) -> Var<'t, T> + Send + Sync + 'static,
    ) -> Self {
        let program: Program<T> = Arc::new(move |x| vec![f(x[0])]);
        let mut samples = Samples::new(name);
        samples.program = Some(program.clone());
        for shape in [&[][..], &[5], &[3, 4], &[2, 1, 3, 2], &[0, 3], &[37]] {
            samples.push(&format!("{shape:?}"), &[shape], program.clone());
        }
        samples
    }

    /// Samples of a function of two values, over shapes that agree and shapes that broadcast.
    #[track_caller]
    pub fn binary(
        name: &'static str,
        f: impl for<'t> Fn(Var<'t, T>, Var<'t, T>) -> Var<'t, T> + Send + Sync + 'static,
    ) -> Self {
        let program: Program<T> = Arc::new(move |x| vec![f(x[0], x[1])]);
        let mut samples = Samples::new(name);
        let pairs: [(&[usize], &[usize]); 8] = [
            (&[3, 4], &[3, 4]),
            (&[3, 4], &[4]),
            (&[3, 1], &[1, 4]),
            (&[2, 1, 4], &[5, 1]),
            (&[], &[3]),
            (&[], &[]),
            (&[0, 3], &[3]),
            (&[37], &[37]),
        ];
        for (x, y) in pairs {
            samples.push(&format!("{x:?} and {y:?}"), &[x, y], program.clone());
        }
        samples
    }

    /// Adds a program over inputs of the given shapes.
    #[track_caller]
    pub fn case(
        mut self,
        label: &str,
        shapes: &[&[usize]],
        program: impl for<'t> Fn(&[Var<'t, T>]) -> Vec<Var<'t, T>> + Send + Sync + 'static,
    ) -> Self {
        self.push(label, shapes, Arc::new(program));
        self
    }

    /// Adds a program that must be refused with a message that contains `message`.
    #[track_caller]
    pub fn bad(
        mut self,
        shapes: &[&[usize]],
        message: &'static str,
        program: impl for<'t> Fn(&[Var<'t, T>]) -> Vec<Var<'t, T>> + Send + Sync + 'static,
    ) -> Self {
        let inputs = shapes.iter().map(|shape| Tensor::ones(*shape)).collect();
        self.bad.push(Bad {
            inputs,
            program: Arc::new(program),
            message,
            location: Location::caller(),
        });
        self
    }

    /// Draws the inputs from \[low, high\] instead.
    pub fn on(mut self, low: f64, high: f64) -> Self {
        self.domain = (low, high);
        self.redraw()
    }

    /// Keeps the inputs away from a kink, where differences say nothing.
    pub fn apart_from(mut self, kink: f64) -> Self {
        self.kinks.push(kink);
        self.redraw()
    }

    /// The plain value of a function of one number.
    pub fn reference1(self, f: fn(f64) -> f64) -> Self {
        self.reference(move |x| vec![x[0].map(f)])
    }

    /// The plain value of a function of two numbers.
    pub fn reference2(self, f: fn(f64, f64) -> f64) -> Self {
        self.reference(move |x| vec![x[0].zip_map(&x[1], f)])
    }

    /// The plain value of every case that does not say its own: computed slowly, by loops over
    /// elements or in closed form, and with nothing that the op uses.
    pub fn reference(
        mut self,
        f: impl Fn(&[Tensor<f64>]) -> Vec<Tensor<f64>> + Send + Sync + 'static,
    ) -> Self {
        self.reference = Some(Arc::new(f));
        self
    }

    /// The plain value of the case that was added last.
    ///
    /// ```
    /// use wengert_tape::check::{Samples, laws};
    /// use wengert_tensor::Tensor;
    /// let samples = Samples::new("sum")
    ///     .case("all", &[&[3, 4]], |x| vec![x[0].sum()])
    ///     .gives(|x| vec![Tensor::scalar(x[0].iter().sum())])
    ///     .case("rows", &[&[3, 4]], |x| vec![x[0].sum_axes(&[1], false)])
    ///     .gives(|x| vec![Tensor::from_fn([3], |i| (0..4).map(|j| x[0][[i[0], j]]).sum())]);
    /// assert_eq!(laws(&samples), []);
    /// ```
    ///
    /// # Panics
    /// If there is no case.
    #[track_caller]
    pub fn gives(
        mut self,
        f: impl Fn(&[Tensor<f64>]) -> Vec<Tensor<f64>> + Send + Sync + 'static,
    ) -> Self {
        match self.cases.last_mut() {
            Some(case) => case.reference = Some(Arc::new(f)),
            None => panic!("gives: there is no case whose value this could be"),
        }
        self
    }

    /// Values at single points.
    pub fn values(mut self, values: &[(f64, f64)]) -> Self {
        self.values.extend_from_slice(values);
        self
    }

    /// The program of one number, for [`values`](Samples::values).
    pub fn program(&self) -> Option<&Program<T>> {
        self.program.as_ref()
    }

    #[track_caller]
    fn push(&mut self, label: &str, shapes: &[&[usize]], program: Program<T>) {
        let inputs = shapes
            .iter()
            .map(|shape| self.draw(&Shape::new(shape)))
            .collect();
        self.cases.push(Case {
            label: label.to_owned(),
            inputs,
            program,
            reference: None,
            location: Location::caller(),
        });
    }

    fn draw(&mut self, shape: &Shape) -> Tensor<T> {
        self.seed += 1;
        self.drawn(shape, self.seed)
    }

    /// Inputs as those of the cases, of any shape.
    pub(super) fn drawn(&self, shape: &Shape, seed: u64) -> Tensor<T> {
        let mut rng = Rng::seed_from_u64(seed);
        let (low, high) = self.domain;
        let gap = (high - low) / 20.0;
        Tensor::from_fn(shape, |_| {
            loop {
                let x = low + (high - low) * rng.unit();
                if self.kinks.iter().all(|kink| (x - kink).abs() > gap) {
                    return T::from_f64(x);
                }
            }
        })
    }

    fn redraw(mut self) -> Self {
        self.seed = 0;
        let mut cases = std::mem::take(&mut self.cases);
        for case in &mut cases {
            for input in &mut case.inputs {
                *input = self.draw(&input.shape().clone());
            }
        }
        self.cases = cases;
        self
    }
}
