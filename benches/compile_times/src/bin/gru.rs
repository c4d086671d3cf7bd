//! A recurrent layer, a head, a loss and an optimizer: learns the mean of a sequence.

use wengert::prelude::*;

#[derive(Tree, Clone)]
struct Model<P = Tensor> {
    rnn: Gru<P>,
    head: Linear<P>,
}

impl<'t> Model<Var<'t>> {
    fn predict(&self, x: Var<'t>) -> Var<'t> {
        self.head.forward(self.rnn.last(x, None).h())
    }
}

fn main() {
    let mut rng = Rng::seed_from_u64(1);
    let mut model: Model = Model {
        rnn: Gru::new(1, 50, &mut rng),
        head: Linear::new(50, 1, &mut rng),
    };
    let mut adam = Adam::new(1e-3);
    let mut tape = Tape::new();
    let start = std::time::Instant::now();
    let mut last = 0.0;
    for _ in 0..200 {
        let x: Tensor = rng.uniform([32, 20, 1], -1.0, 1.0);
        let y = x.mean_axes(&[1], false);
        let (loss, grads) = tape.value_and_grad(&model, |t, m| mse(m.predict(t.constant(&x)), &y));
        adam.step(&mut model, &grads);
        last = loss;
    }
    println!(
        "loss {last:.5}, {:.3} ms a step",
        start.elapsed().as_secs_f64() * 1e3 / 200.0
    );
}
