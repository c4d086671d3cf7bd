//! W4 to W6: recurrent layers.

use wengert::nn::LstmState;
use wengert::nn::rnn::{LightGru, LstmOptions, LstmVariant, Peepholes};
use wengert::prelude::*;
use wengert_peers::measure::Bench;

use crate::train::{Step, part, with_adam};

/// \[B, T, I\] of W5 and W6.
const LONG: [usize; 3] = [100, 200, 2];

pub fn run(bench: &Bench, threads: usize) {
    bench.run("W4", || {
        let make = |rng: &mut Rng| Simple {
            rnn: SimpleRnn::new(1, 20, rng),
            head: Linear::new(20, 1, rng),
        };
        training(threads, make, [10, 25, 1])
    });
    for hidden in [50, 128] {
        bench.run(&format!("W5-{hidden}"), || {
            let make = |rng: &mut Rng| Memory {
                rnn: Lstm::new(2, hidden, rng),
                head: Linear::new(hidden, 1, rng),
            };
            training(threads, make, LONG)
        });
        bench.run(&format!("W6-{hidden}"), || {
            let make = |rng: &mut Rng| Gated {
                rnn: Gru::new(2, hidden, rng),
                head: Linear::new(hidden, 1, rng),
            };
            training(threads, make, LONG)
        });
    }
    bench.run("W5-50-composed", || {
        let make = |rng: &mut Rng| Composed {
            cell: LstmCell::new(2, 50, rng),
            head: Linear::new(50, 1, rng),
        };
        training(threads, make, LONG)
    });
    bench.run("W5-50-peephole", || {
        let options = LstmOptions {
            peepholes: Peepholes::Diagonal,
            ..LstmOptions::default()
        };
        let make = |rng: &mut Rng| Peephole {
            rnn: LstmVariant::with_options(2, 50, options, rng),
            head: Linear::new(50, 1, rng),
        };
        training(threads, make, LONG)
    });
    bench.run("W5-50-light", || {
        let make = |rng: &mut Rng| Light {
            rnn: LightGru::new(2, 50, rng),
            head: Linear::new(50, 1, rng),
        };
        training(threads, make, LONG)
    });
}

/// A network that reads a sequence and predicts a number.
trait Reader: Tree<Tensor, With<Tensor> = Self> + Clone + Send + Sync + 'static {
    /// x \[B, T, I\] → \[B, 1\]
    fn predict<'t>(model: &Self::With<Var<'t>>, x: Var<'t>) -> Var<'t>;
}

macro_rules! readers {
    ($($name:ident: $rnn:ident),*) => { $(
        #[derive(Tree, Clone)]
        struct $name<P = Tensor> {
            rnn: $rnn<P>,
            head: Linear<P>,
        }

        impl Reader for $name {
            fn predict<'t>(model: &$name<Var<'t>>, x: Var<'t>) -> Var<'t> {
                model.head.forward(model.rnn.last(x, None).h())
            }
        }
    )* };
}

readers!(Simple: SimpleRnn, Memory: Lstm, Gated: Gru, Peephole: LstmVariant, Light: LightGru);

/// [`Memory`] out of single ops instead of the fused gates.
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

/// Steps of a model that reads x of this shape.
fn training<M: Reader>(
    threads: usize,
    make: impl FnOnce(&mut Rng) -> M,
    shape: [usize; 3],
) -> Step {
    let mut rng = Rng::seed_from_u64(1);
    let model = make(&mut rng);
    let x: Tensor = rng.uniform(shape, 0.0, 1.0);
    let y: Tensor = rng.uniform([shape[0], 1], 0.0, 1.0);
    with_adam(threads, shape[0], model, move |t, model, shard| {
        mse(
            M::predict(model, t.constant(&part(&x, shard))),
            &part(&y, shard),
        )
    })
}
