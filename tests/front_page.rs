//! The program that the design promises, as it stands there: generic in the element, with the
//! closure and with the open style.

use wengert::prelude::*;

#[derive(Tree, Clone)]
struct Adder<P = Tensor> {
    rnn: Lstm<P>,
    head: Linear<P>,
}

impl<'t, T: Float> Adder<Var<'t, T>> {
    fn predict(&self, x: Var<'t, T>) -> Var<'t, T> {
        let (_, state) = self.rnn.run(x, None);
        self.head.forward(state.h())
    }
}

/// Sequences \[8, 6, 2\] and the sums \[8, 1\] of their last two numbers.
fn batches<T: Float>(count: usize, rng: &mut Rng) -> Vec<(Tensor<T>, Tensor<T>)> {
    let batch = |_| {
        let x: Tensor<T> = rng.uniform([8, 6, 2], 0.0, 1.0);
        let last = x.select(1, -1);
        let y = last.slice(1, 0..1) + last.slice(1, 1..2);
        (x, y)
    };
    (0..count).map(batch).collect()
}

fn model<T: Float>(rng: &mut Rng) -> Adder<Tensor<T>> {
    Adder {
        rnn: Lstm::new(2, 10, rng),
        head: Linear::new(10, 1, rng),
    }
}

#[test]
fn the_front_page_learns() {
    let mut rng = Rng::seed_from_u64(1);
    let mut model = Adder {
        rnn: Lstm::new(2, 10, &mut rng),
        head: Linear::new(10, 1, &mut rng),
    };
    let mut adam = Adam::new(1e-2);
    let mut tape = Tape::new();
    let mut losses = Vec::new();
    let batches: Vec<(Tensor, Tensor)> = batches(300, &mut rng);
    for (x, y) in batches {
        let (loss, grads) = tape.value_and_grad(&model, |t, m| mse(m.predict(t.constant(&x)), &y));
        assert!(grads.unreached().is_empty());
        adam.step(&mut model, &grads);
        losses.push(loss);
    }
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    let (first, last) = (mean(&losses[..10]), mean(&losses[290..]));
    assert!(last < 0.1 * first, "the loss went from {first} to {last}");
}

#[test]
fn both_styles_give_the_same_gradients() {
    let mut rng = Rng::seed_from_u64(2);
    let model: Adder<Tensor<f64>> = model(&mut rng);
    let (x, y) = batches(1, &mut rng).remove(0);
    let mut tape = Tape::<f64>::new();
    let (closed_loss, closed) =
        tape.value_and_grad(&model, |t, m| mse(m.predict(t.constant(&x)), &y));
    let m = model.bind(&tape);
    let loss = mse(m.predict(tape.constant(&x)), &y);
    let open = loss.backward().of(&m);
    assert_eq!(loss.item(), closed_loss);
    assert_eq!(open.len(), closed.len());
    for at in 0..open.len() {
        assert_eq!(open.get(at), closed.get(at), "leaf {at}");
    }
}

#[test]
fn paths_name_every_parameter() {
    let model: Adder = model(&mut Rng::seed_from_u64(3));
    let paths = model.paths();
    assert!(paths.iter().any(|path| path == "head.weight"), "{paths:?}");
    assert!(
        paths.iter().any(|path| path.starts_with("rnn.")),
        "{paths:?}"
    );
    let grown: Adder = model.map_tree(|_, leaf| leaf * 2.0);
    assert_eq!(grown.head.weight, &model.head.weight * 2.0);
}
