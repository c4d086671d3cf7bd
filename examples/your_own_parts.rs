//! A recurrent cell, an attention score and a loss of your own: each is its formula, and nobody writes
//! a derivative. The checker compares the gradients of a model made of them with differences, and then
//! the model learns to read pairs such as `c 3 a 7 f 0 h 3` and, when asked for `a`, to say `7`.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use wengert::check::Checker;
use wengert::nn::attention::Score;
use wengert::nn::rnn::{Cell, NewCell, Recurrent};
use wengert::prelude::*;

/// A cell: h′ = h + σ(a) (tanh([x; h] W + b) − h), where every unit learns its own pace σ(a).
#[derive(Tree, Clone)]
struct LeakyCell<P = Tensor> {
    linear: Linear<P>,
    pace: P,
}

impl<'t, T: Float> Cell<'t, T> for LeakyCell<Var<'t, T>> {
    type State = Var<'t, T>;

    fn initial(&self, x: Var<'t, T>) -> Var<'t, T> {
        x.tape().zeros([x.dim(0), self.pace.dim(0)])
    }

    fn step(&self, x: Var<'t, T>, h: Var<'t, T>) -> Var<'t, T> {
        let new = self.linear.forward(Var::cat(&[x, h], 1)).tanh();
        h + self.pace.sigmoid() * (new - h)
    }
}

/// Makes layers of the cell, as of every cell: stacked, in both directions, over any lengths.
impl NewCell for LeakyCell {
    fn new(inputs: usize, hidden: usize, rng: &mut Rng) -> Self {
        LeakyCell {
            linear: Linear::new(inputs + hidden, hidden, rng),
            pace: rng.uniform([hidden], 0.0, 2.0),
        }
    }
}

/// An attention score: −‖q W + b − k‖². A query attends to the keys that it comes near.
#[derive(Tree, Clone)]
struct DistanceScore<P = Tensor>(Linear<P>);

impl<'t, T: Float> Score<'t, T> for DistanceScore<Var<'t, T>> {
    fn compare(&self, queries: Var<'t, T>, keys: Var<'t, T>) -> Var<'t, T> {
        let apart = self.0.forward(queries).unsqueeze(-2) - keys.unsqueeze(-3);
        -apart.square().sum_axes(&[-1], false)
    }
}

/// A loss: −(1 − p)² ln p, the focal loss of Lin et al. 2017, which cares little for what is known.
fn focal_loss<'t, T: Float>(logits: Var<'t, T>, targets: &Tensor<i64>) -> Var<'t, T> {
    let ln_p = logits.log_softmax(-1).gather(-1, &targets.unsqueeze(-1));
    -((1.0 - ln_p.exp()).square() * ln_p).mean()
}

#[derive(Tree, Clone)]
struct Model<P = Tensor> {
    words: Embedding<P>,
    rnn: Recurrent<LeakyCell<P>>,
    score: DistanceScore<P>,
    head: Linear<P>,
}

/// The words 0 to 9 are the digits, and 10 to 17 the letters.
fn model(hidden: usize, rng: &mut Rng) -> Model {
    Model {
        words: Embedding::new(18, hidden, rng),
        rnn: Recurrent::new(hidden, hidden, rng),
        score: DistanceScore(Linear::new(hidden, hidden, rng)),
        head: Linear::new(hidden, 10, rng),
    }
}

impl<'t, T: Float> Model<Var<'t, T>> {
    /// Words \[B, 9\], of which the last is the question → scores of the digits \[B, 10\].
    fn answer(&self, words: &Tensor<i64>) -> Var<'t, T> {
        let x = self.words.forward(words);
        let (pairs, question) = (x.slice(1, ..-1), x.slice(1, -1..));
        let (states, _) = self.rnn.run(pairs, None);
        let attended = self.score.attend(question, states, states, None);
        self.head.forward(attended.context.squeeze(1))
    }
}

/// Words \[B, 9\], four letters with digits and one of these letters, and the answers \[B\].
fn draw(batch: usize, rng: &mut Rng) -> (Tensor<i64>, Tensor<i64>) {
    let (mut words, mut answers) = (Tensor::zeros([batch, 9]), Tensor::zeros([batch]));
    let rows = words.as_mut_slice().chunks_exact_mut(9);
    for (row, answer) in rows.zip(answers.as_mut_slice()) {
        for (pair, letter) in row.chunks_exact_mut(2).zip(rng.permutation(8)) {
            pair.copy_from_slice(&[10 + letter as i64, rng.int(0..10)]);
        }
        let asked = 2 * rng.below(4);
        (row[8], *answer) = (row[asked], row[asked + 1]);
    }
    (words, answers)
}

fn main() {
    let mut rng = Rng::seed_from_u64(1);
    let (small, (words, answers)) = (model(3, &mut rng).cast::<f64>(), draw(2, &mut rng));
    let report = Checker::new().check_model(&small, |_, m| focal_loss(m.answer(&words), &answers));
    println!("gradients: {}", report.expect("the checker agrees"));

    let (mut model, mut adam, mut tape) = (model(32, &mut rng), Adam::new(3e-3), Tape::new());
    for _ in 0..1500 {
        let (words, answers) = draw(32, &mut rng);
        let (_, grads) = tape.value_and_grad(&model, |_, m| focal_loss(m.answer(&words), &answers));
        adam.step(&mut model, &grads);
    }
    let (words, answers) = draw(1000, &mut rng);
    let said = tape.evaluate(&model, |_, m| m.answer(&words).argmax(-1));
    let right = said.eq(&answers).count();
    println!("{right} of 1000 new questions answered rightly");
    assert!(right > 950);
}
