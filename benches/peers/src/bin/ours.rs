//! Workloads W1 to W5 on the ordinary tape with the ordinary layers.
//!
//! `W5-50-composed` is W5-50 out of single ops instead of the fused gates.

use wengert::nn::LstmState;
use wengert::nn::parallel::{Shard, Workers, split};
use wengert::prelude::*;
use wengert_peers::measure::Bench;

fn main() {
    let bench = Bench::from_args();
    let threads = bench.threads();
    for size in [1, 64, 1024] {
        bench.run(&format!("W1-{size}"), || chain(size));
    }
    bench.run("W2", scalars);
    bench.run("W3", || classify(threads));
    bench.run("W4", || recurrent(threads, simple, [10, 25, 1]));
    bench.run("W5-50", || recurrent(threads, |rng| gated(50, rng), LONG));
    bench.run("W5-128", || recurrent(threads, |rng| gated(128, rng), LONG));
    bench.run("W5-50-composed", || recurrent(threads, composed, LONG));
}

/// \[B, T, I\] of W5.
const LONG: [usize; 3] = [100, 200, 2];

fn simple(rng: &mut Rng) -> Simple {
    Simple {
        rnn: SimpleRnn::new(1, 20, rng),
        head: Linear::new(20, 1, rng),
    }
}

fn gated(hidden: usize, rng: &mut Rng) -> Gated {
    Gated {
        rnn: Lstm::new(2, hidden, rng),
        head: Linear::new(hidden, 1, rng),
    }
}

fn composed(rng: &mut Rng) -> Composed {
    Composed {
        cell: LstmCell::new(2, 50, rng),
        head: Linear::new(50, 1, rng),
    }
}

/// A step of training, which returns the loss.
type Step = Box<dyn FnMut() -> f64>;

/// W1: a thousand elementwise ops on so many numbers.
fn chain(size: usize) -> Step {
    let [x, a, b] = [0.5, 1.01, 0.01].map(|value| Tensor::<f32>::full([size], value));
    let mut tape = Tape::new();
    Box::new(move || {
        let loss = {
            let (a, b) = (tape.constant(&a), tape.constant(&b));
            let x0 = tape.leaf(&x);
            let mut x = x0;
            for op in 0..1000 {
                x = match op % 3 {
                    0 => x * a,
                    1 => x + b,
                    _ => x.tanh(),
                };
            }
            let loss = x.sum();
            std::hint::black_box(loss.backward());
            loss.item()
        };
        tape.reset();
        f64::from(loss)
    })
}

/// W2: a network 2-16-16-1 whose every number is a node.
fn scalars() -> Step {
    let mut rng = Rng::seed_from_u64(1);
    let weights: Vec<Tensor<f64>> = (0..337).map(|_| rng.uniform([], -0.5, 0.5)).collect();
    let mut tape = Tape::<f64>::new();
    Box::new(move || {
        let loss = {
            // As a model is bound: before the first op.
            let weights: Vec<_> = weights.iter().map(|weight| tape.leaf(weight)).collect();
            let mut weights = weights.into_iter();
            let mut next = || weights.next().expect("337 weights");
            let mut values = vec![tape.scalar(0.3), tape.scalar(-0.7)];
            for (outputs, last) in [(16, false), (16, false), (1, true)] {
                let layer = (0..outputs).map(|_| {
                    let mut sum = next();
                    for &value in &values {
                        sum += next() * value;
                    }
                    if last { sum } else { sum.tanh() }
                });
                values = layer.collect();
            }
            let error = values[0] - tape.scalar(1.0);
            let loss = error * error;
            std::hint::black_box(loss.backward());
            loss.item()
        };
        tape.reset();
        loss
    })
}

#[derive(Tree, Clone)]
struct Mlp<P = Tensor> {
    layers: [Linear<P>; 4],
}

impl<'t> Mlp<Var<'t>> {
    fn loss(&self, x: Var<'t>, labels: &Tensor<i64>) -> Var<'t> {
        let mut h = self.layers[0].forward(x);
        for layer in &self.layers[1..] {
            h = layer.forward(h.relu());
        }
        cross_entropy(h, labels)
    }
}

/// W3: a network 784-200-200-200-10 on 200 images.
fn classify(threads: usize) -> Step {
    let mut rng = Rng::seed_from_u64(1);
    let sizes = [784, 200, 200, 200, 10];
    let mut model: Mlp = Mlp {
        layers: std::array::from_fn(|k| Linear::new(sizes[k], sizes[k + 1], &mut rng)),
    };
    let x: Tensor = rng.uniform([200, 784], -0.5, 0.5);
    let labels = Tensor::<i64>::from((0..200).map(|row| row % 10).collect::<Vec<i64>>());
    let mut sgd = Sgd::new(0.01);
    let mut gradients = Differentiator::new(threads, 200);
    Box::new(move || {
        let (x, labels) = (x.clone(), labels.clone());
        let (loss, grads) = gradients.of(&model, move |t, model, shard| {
            model.loss(t.constant(&part(&x, shard)), &part(&labels, shard))
        });
        sgd.step(&mut model, &grads);
        f64::from(loss)
    })
}

/// A network that reads a sequence and predicts a number.
trait Reader: Tree<Tensor, With<Tensor> = Self> + Clone + Send + Sync + 'static {
    /// x \[B, T, I\] → \[B, 1\]
    fn predict<'t>(model: &Self::With<Var<'t>>, x: Var<'t>) -> Var<'t>;
}

#[derive(Tree, Clone)]
struct Simple<P = Tensor> {
    rnn: SimpleRnn<P>,
    head: Linear<P>,
}

impl Reader for Simple {
    fn predict<'t>(model: &Simple<Var<'t>>, x: Var<'t>) -> Var<'t> {
        model.head.forward(model.rnn.last(x, None).h())
    }
}

#[derive(Tree, Clone)]
struct Gated<P = Tensor> {
    rnn: Lstm<P>,
    head: Linear<P>,
}

impl Reader for Gated {
    fn predict<'t>(model: &Gated<Var<'t>>, x: Var<'t>) -> Var<'t> {
        model.head.forward(model.rnn.last(x, None).h())
    }
}

/// [`Gated`] out of single ops instead of the fused gates.
#[derive(Tree, Clone)]
struct Composed<P = Tensor> {
    cell: LstmCell<P>,
    head: Linear<P>,
}

impl Reader for Composed {
    fn predict<'t>(model: &Composed<Var<'t>>, x: Var<'t>) -> Var<'t> {
        let zeros = x.tape().zeros([x.dim(0), model.cell.wh.dim(0)]);
        let mut state = LstmState { h: zeros, c: zeros };
        for step in 0..x.dim(1) {
            state = model.cell.step_composed(x.select(1, step as isize), state);
        }
        model.head.forward(state.h)
    }
}

/// W4 and W5: a model that reads x of this shape, and Adam.
fn recurrent<M: Reader>(
    threads: usize,
    make: impl FnOnce(&mut Rng) -> M,
    shape: [usize; 3],
) -> Step {
    let mut rng = Rng::seed_from_u64(1);
    let mut model = make(&mut rng);
    let x: Tensor = rng.uniform(shape, 0.0, 1.0);
    let y: Tensor = rng.uniform([shape[0], 1], 0.0, 1.0);
    let mut adam = Adam::new(1e-3);
    let mut gradients = Differentiator::new(threads, shape[0]);
    Box::new(move || {
        let (x, y) = (x.clone(), y.clone());
        let (loss, grads) = gradients.of(&model, move |t, model, shard| {
            mse(
                M::predict(model, t.constant(&part(&x, shard))),
                &part(&y, shard),
            )
        });
        adam.step(&mut model, &grads);
        f64::from(loss)
    })
}

/// The rows of a shard.
fn part<E: Element>(x: &Tensor<E>, shard: &Shard) -> Tensor<E> {
    x.slice(0, &shard.rows)
}

/// One tape, or a tape a thread.
enum Differentiator {
    One(Box<Tape>, Shard),
    Many(Box<Workers>, usize),
}

impl Differentiator {
    fn new(threads: usize, rows: usize) -> Self {
        match threads {
            1 => {
                let whole = split(rows, 1).remove(0);
                Differentiator::One(Box::default(), whole)
            }
            _ => Differentiator::Many(Box::new(Workers::new(threads, threads)), rows),
        }
    }

    fn of<M>(
        &mut self,
        model: &M,
        loss: impl for<'t> Fn(&'t Tape, &M::With<Var<'t>>, &Shard) -> Var<'t> + Send + Sync + 'static,
    ) -> (f32, Gradients<M>)
    where
        M: Tree<Tensor> + Clone + Send + Sync + 'static,
    {
        match self {
            Differentiator::One(tape, whole) => {
                tape.value_and_grad(model, |t, model| loss(t, &model, whole))
            }
            Differentiator::Many(workers, rows) => {
                workers.value_and_grad(model, *rows, move |t, model, shard| loss(t, &model, shard))
            }
        }
    }
}
