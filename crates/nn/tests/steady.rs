//! Every documented form of the training loop, ten thousand steps long: its memory stays as it is
//! after the first steps. One test, for the heap is that of the whole process.

mod counting;

use std::hint::black_box;

use counting::held;
use wengert_nn::parallel::{Shard, Workers};
use wengert_nn::rnn::State;
use wengert_nn::{Adam, BatchNorm, Dropout, Gru, GruCell, Linear, Sgd, clip_by_global_norm};
use wengert_tape::tree::Tree;
use wengert_tape::{Bind, GradOptions, Tape, Values, Var};
use wengert_tensor::{Rng, Tensor};

const WARM: usize = 100;
const STEPS: usize = 10_000;

/// Runs a loop, whose step returns the bytes that its tape holds: later it never holds more than in
/// early steps. Which thread takes which shard is chance, so that a loop on threads has some slack.
#[track_caller]
fn steady(name: &str, slack: isize, mut step: impl FnMut(usize) -> usize) {
    let mut most = [isize::MIN; 2];
    for k in 0..STEPS {
        let now = [step(k) as isize, held()];
        for (most, now) in most.iter_mut().zip(now) {
            if k < WARM {
                *most = now.max(*most);
            }
            assert!(
                now - *most <= slack,
                "{name}, step {k}: {most} bytes became {now}"
            );
        }
    }
}

/// The bytes of a tape that a reset does not free.
fn kept(tape: &Tape) -> usize {
    let stats = tape.stats();
    stats.pool_bytes + stats.packed_bytes
}

#[derive(Tree, Clone)]
struct Net<P = Tensor> {
    first: Linear<P>,
    norm: BatchNorm<P>,
    dropout: Dropout,
    last: Linear<P>,
    scale: P,
}

impl<'t> Net<Var<'t>> {
    fn forward(&self, x: Var<'t>) -> Var<'t> {
        let h = self.norm.forward(self.first.forward(x)).tanh();
        self.last.forward(self.dropout.forward(h)) * self.scale
    }

    fn loss(&self, x: &Tensor) -> Var<'t> {
        let y = self.forward(self.scale.tape().constant(x));
        (y * y).mean()
    }
}

fn net() -> Net {
    let mut rng = Rng::seed_from_u64(1);
    Net {
        first: Linear::new(3, 5, &mut rng),
        norm: BatchNorm::new(5),
        dropout: Dropout::new(0.2),
        last: Linear::new(5, 3, &mut rng),
        scale: Tensor::from([1.0, 2.0, 3.0]),
    }
}

/// A batch \[4, 3\].
fn batch() -> Tensor {
    Rng::seed_from_u64(2).normal([4, 3], 0.0, 1.0)
}

#[test]
fn every_form_of_the_loop_holds_its_memory() {
    closed_style();
    open_style();
    derivatives();
    beside_the_model();
    odd_steps();
    threads();
}

fn closed_style() {
    let (x, mut model, mut tape) = (batch(), net(), Tape::new());
    let (mut adam, mut sgd) = (Adam::new(1e-3), Sgd::new(1e-3).with_momentum(0.9));
    steady("value_and_grad", 0, |_| {
        let (_, mut grads) = tape.value_and_grad(&model, |_, m| m.loss(&x));
        clip_by_global_norm(&mut grads, 1.0);
        adam.step(&mut model, &grads);
        kept(&tape)
    });
    steady("value_and_grad_where", 0, |_| {
        let head = |path: &str| path.starts_with("last");
        let (_, grads) = tape.value_and_grad_where(&model, head, |_, m| m.loss(&x));
        sgd.step(&mut model, &grads);
        kept(&tape)
    });
    steady("value_and_grad_aux", 0, |_| {
        let (_, aux, grads) = tape.value_and_grad_aux(&model, |_, m| (m.loss(&x), m.scale.value()));
        black_box(aux);
        adam.step(&mut model, &grads);
        kept(&tape)
    });
    steady("evaluate", 0, |_| {
        black_box(tape.evaluate(&model, |t, m| m.forward(t.constant(&x)).value()));
        kept(&tape)
    });
    steady("accumulated gradients", 0, |_| {
        let (_, mut sum) = tape.value_and_grad(&model, |_, m| m.loss(&x));
        for _ in 0..2 {
            let (_, grads) = tape.value_and_grad(&model, |_, m| m.loss(&x));
            sum.combine(1.0, &grads, 1.0);
        }
        adam.step(&mut model, &sum);
        kept(&tape)
    });
}

fn open_style() {
    let (x, mut model, mut tape, mut adam) = (batch(), net(), Tape::new(), Adam::new(1e-3));
    tape.set_training(true);
    steady("backward().of", 0, |_| {
        let m = model.bind(&tape);
        let grads = m.loss(&x).backward().of(&m);
        tape.reset();
        adam.step(&mut model, &grads);
        kept(&tape)
    });
    steady("backward().of of two parts, twice", 0, |_| {
        let m = model.bind(&tape);
        let loss = m.loss(&x);
        for _ in 0..2 {
            let back = loss.backward();
            black_box((back.of(&m.first), back.of(&[m.scale, m.scale])));
        }
        tape.reset();
        kept(&tape)
    });
    steady("backward().wrt", 0, |_| {
        let m = model.bind(&tape);
        let y = m.forward(tape.constant(&x)).retain_grad();
        let back = y.sum().backward();
        black_box((back.wrt(y), back.wrt(m.last.weight)));
        drop(back);
        tape.reset();
        kept(&tape)
    });
    steady("backward_with", 0, |_| {
        let m = model.bind(&tape);
        let grads = m.forward(tape.constant(&x)).backward_with(&x).of(&m);
        tape.reset();
        adam.step(&mut model, &grads);
        kept(&tape)
    });
    let m = model.bind(&tape);
    let mut state = x.clone();
    let nodes = tape.stats().nodes;
    steady("a scope a step, without a reset", 0, |_| {
        state = tape.scope(|t| t.no_grad(|| m.forward(t.constant(&state)).tanh().value()));
        assert_eq!(tape.stats().nodes, nodes);
        kept(&tape)
    });
}

fn derivatives() {
    let (x, model, mut tape) = (batch(), net(), Tape::new());
    steady("grad and grad_with", 0, |_| {
        let m = model.bind(&tape);
        let [bar] = tape.grad(m.loss(&x), [m.scale]);
        let penalty = (bar * bar).sum();
        let inputs = [m.first.weight, m.scale];
        black_box(tape.grad_with(&[penalty], &inputs, &[], GradOptions::default()));
        black_box(penalty.backward().of(&m));
        tape.reset();
        kept(&tape)
    });
    steady("jvp, vjp, hvp", 0, |_| {
        black_box(tape.jvp(&model, &model, |_, m| m.loss(&x)));
        black_box(tape.vjp(&model, &x, |t, m| m.forward(t.constant(&x))));
        black_box(tape.hvp(&model, &model, |_, m| m.loss(&x)));
        kept(&tape)
    });
    let at = Tensor::from([0.5, 1.5]);
    steady("jacobian, hessian", 0, |_| {
        black_box(tape.jacobian(&at, |_, x| x * x));
        black_box(tape.hessian(&at, |_, x| (x * x * x).sum()));
        kept(&tape)
    });
}

fn beside_the_model() {
    let (x, mut model, mut tape, mut adam) = (batch(), net(), Tape::new(), Adam::new(1e-3));
    let mut rng = Rng::seed_from_u64(3);
    let mut cell = GruCell::new(3, 3, &mut rng);
    let mut sgd = Sgd::new(1e-3);
    let mut carried: Option<State<Tensor>> = None;
    let rnn = Gru::new(3, 4, &mut rng);
    let sequence = x.unsqueeze(0);
    steady("carried state", 0, |_| {
        let (_, state, grads) = tape.value_and_grad_aux(&rnn, |t, rnn| {
            let start = t.bind_where(&carried, |_| false);
            let state = rnn.last(t.constant(&sequence), start);
            (state.h().sum(), state.value())
        });
        carried = Some(state);
        black_box(grads);
        kept(&tape)
    });
    let teacher = net();
    steady("a teacher and two models on one tape", 0, |_| {
        let (_, grads) = tape.value_and_grad(&model, |t, m| {
            let wanted = t.with_training(false, || {
                let teacher = t.bind_where(&teacher, |_| false);
                teacher.forward(t.constant(&x))
            });
            let error = m.forward(t.constant(&x)) - wanted;
            (error * error).mean()
        });
        adam.step(&mut model, &grads);
        let (_, grads) = tape.value_and_grad(&cell, |t, cell| {
            use wengert_nn::rnn::Cell;
            cell.step(t.constant(&x), t.zeros([4, 3])).sum()
        });
        sgd.step(&mut cell, &grads);
        kept(&tape)
    });
}

fn odd_steps() {
    let (x, mut model, mut tape, mut adam) = (batch(), net(), Tape::new(), Adam::new(1e-3));
    steady("replaced gradients", 0, |_| {
        let (_, mut grads) = tape.value_and_grad(&model, |_, m| m.loss(&x));
        for bar in grads.iter_mut() {
            *bar = &*bar * 0.5;
        }
        adam.step(&mut model, &grads);
        kept(&tape)
    });
    let mut last = None;
    steady("gradients that are kept for a step", 0, |_| {
        let (_, grads) = tape.value_and_grad(&model, |_, m| m.loss(&x));
        last = grads.get(0).cloned();
        kept(&tape)
    });
    drop(last);
    // The lengths come round within the first steps.
    steady("steps of different lengths", 0, |k| {
        let (_, grads) = tape.value_and_grad(&model, |t, m| {
            let x = t.constant(&x.slice(0, ..2 + k % 3));
            (0..1 + k % 7).fold(x, |x, _| m.forward(x).tanh()).sum()
        });
        adam.step(&mut model, &grads);
        kept(&tape)
    });
    steady("names that never come again", 0, |k| {
        let (_, grads) = tape.value_and_grad(&model, |t, m| {
            t.named(&format!("step {k:06}"), || t.named("loss", || m.loss(&x)))
        });
        black_box(grads);
        kept(&tape)
    });
}

fn threads() {
    let (x, mut model, mut adam) = (batch(), net(), Adam::new(1e-3));
    let mut workers = Workers::new(2, 2);
    fn loss<'t>(m: &Net<Var<'t>>, x: &Tensor, shard: &Shard) -> Var<'t> {
        m.loss(&x.slice(0, &shard.rows))
    }
    steady("workers", 1 << 16, |_| {
        let x = x.clone();
        let (_, grads) = workers.value_and_grad(&model, 4, move |_, m, rows| loss(&m, &x, rows));
        adam.step(&mut model, &grads);
        0
    });
    steady("workers, where and aux", 1 << 16, |_| {
        let (one, two) = (x.clone(), x.clone());
        let head = |path: &str| path.starts_with("last");
        let (_, grads) =
            workers.value_and_grad_where(&model, 4, head, move |_, m, rows| loss(&m, &one, rows));
        adam.step(&mut model, &grads);
        let (_, scales, _) = workers.value_and_grad_aux(&model, 4, move |_, m, rows| {
            (loss(&m, &two, rows), m.scale.value())
        });
        black_box(scales);
        0
    });
}
