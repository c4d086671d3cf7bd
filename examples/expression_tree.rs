//! A tree-shaped LSTM evaluates expressions such as `(7-(2+(9-4)))`. Each has a shape of its own,
//! and the network follows it by plain recursion: what runs is what is differentiated. The cell is
//! the binary tree-LSTM of Tai, Socher and Manning 2015, with weights for each operator.
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

use wengert::prelude::*;

enum Expression {
    Digit(usize),
    /// Operator 0 adds, 1 subtracts.
    Apply(usize, Box<[Expression; 2]>),
}
use Expression::{Apply, Digit};

impl Expression {
    fn random(depth: usize, rng: &mut Rng) -> Self {
        if depth == 0 || rng.coin(0.2) {
            return Digit(rng.below(10));
        }
        let sides = [Self::random(depth - 1, rng), Self::random(depth - 1, rng)];
        Apply(rng.below(2), Box::new(sides))
    }

    /// Its value, and how it is written.
    fn read(&self) -> (f64, String) {
        match self {
            Digit(digit) => (*digit as f64, digit.to_string()),
            Apply(op, sides) => {
                let [(a, left), (b, right)] = sides.each_ref().map(Self::read);
                let (value, sign) = [(a + b, '+'), (a - b, '-')][*op];
                (value, format!("({left}{sign}{right})"))
            }
        }
    }
}

#[derive(Tree, Clone)]
struct Evaluator<P = Tensor> {
    /// What each digit puts into h and c: [10, 2 H].
    digits: P,
    /// For each operator, from both h to the gates: [2 H, 5 H].
    operators: [Linear<P>; 2],
    head: Linear<P>,
}

impl<'t> Evaluator<Var<'t>> {
    /// h and c of an expression, each [H].
    fn state(&self, expression: &Expression) -> [Var<'t>; 2] {
        match expression {
            Digit(digit) => self.digits.select(0, *digit as isize).chunk(0),
            Apply(op, sides) => {
                let [[h0, c0], [h1, c1]] = sides.each_ref().map(|side| self.state(side));
                let gates = self.operators[*op].forward(Var::cat(&[h0, h1], 0));
                let [i, f0, f1, o, g] = gates.chunk(0);
                let c = i.sigmoid() * g.tanh() + f0.sigmoid() * c0 + f1.sigmoid() * c1;
                [o.sigmoid() * c.tanh(), c]
            }
        }
    }

    fn value(&self, expression: &Expression) -> Var<'t> {
        10.0 * self.head.forward(self.state(expression)[0])
    }

    /// The mean squared error over a batch.
    fn loss(&self, batch: &[Expression]) -> Var<'t> {
        let errors: Vec<_> = batch.iter().map(|e| self.value(e) - e.read().0).collect();
        Var::cat(&errors, 0).square().mean()
    }
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (hidden, steps) = (24, if quick { 300 } else { 1500 });
    let mut rng = Rng::seed_from_u64(1);
    let mut model = Evaluator {
        digits: rng.normal([10, 2 * hidden], 0.0, 0.3),
        operators: [(); 2].map(|_| Linear::new(2 * hidden, 5 * hidden, &mut rng)),
        head: Linear::new(hidden, 1, &mut rng),
    };
    let mut draw = || Expression::random(3, &mut rng);
    let test: Vec<_> = (0..500).map(|_| draw()).collect();
    let (mut adam, mut tape) = (Adam::new(3e-3), Tape::new());
    for _ in 0..steps {
        let batch: Vec<_> = (0..32).map(|_| draw()).collect();
        let (_, grads) = tape.value_and_grad(&model, |_, m| m.loss(&batch));
        adam.step(&mut model, &grads);
    }
    for expression in &test[..5] {
        let (value, text) = expression.read();
        let y = tape.evaluate(&model, |_, m| m.value(expression).item());
        println!("{text} = {value}, read as {y:.1}");
    }
    let values = Tensor::from_fn([500], |at| test[at[0]].read().0);
    let guess = values.var(&[0], 0, false).item();
    let error = tape.evaluate(&model, |_, m| m.loss(&test).item());
    println!("squared error {error:.3}, of the best constant guess {guess:.3}");
    assert!(f64::from(error) < guess / 20.0);
}
