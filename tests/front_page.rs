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
        let y = last.slice(1, ..1) + last.slice(1, 1..);
        (x, y)
    };
    (0..count).map(batch).collect()
}

fn model<T: Float>(rng: &mut Rng) -> Adder<Tensor<T>> {
    Adder {
        rnn: Lstm::new(2, 10, rng),
        head: Linear::new(10, 1, rng),
    }
    .cast()
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

#[test]
fn the_prelude_has_what_its_functions_need() {
    let mut rng = Rng::seed_from_u64(1);
    let both = Stacking {
        layers: 2,
        bidirectional: true,
    };
    // No type is written for the usual case, `f32`.
    let rnn = Lstm::stacked(2, 3, both, &mut rng);
    let heads = vec![
        Linear::new(6, 1, &mut rng),
        Linear::new(6, 1, &mut rng).without_bias(),
    ];
    let simple = SimpleRnn::new(2, 3, &mut rng).with_activation(Activation::Relu);
    let model = (rnn, heads, simple);
    let x = rng.normal([4, 5, 2], 0.0, 1.0);
    let targets = Tensor::from([[1.0], [0.0], [1.0], [1.0]]);
    let mut tape = Tape::new();
    let (loss, carried, grads) = tape.value_and_grad_aux(&model, |t, (rnn, heads, simple)| {
        let x = t.constant(&x);
        let state = rnn.last(x, None);
        let mut logits = heads[0].forward(state.h());
        logits += heads[1].forward(state.h()).clamp(-1.0, 1.0);
        logits *= simple.last(x, None).h().sum_axes(&[1], true).max(0.1);
        let loss = bce_with_logits(logits, &targets, Reduction::Sum);
        (loss, state.value())
    });
    let carried: State<LstmState<Tensor>> = carried;
    assert!(loss > 0.0 && carried.cells.len() == 4 && grads.unreached().is_empty());

    // What is evaluated comes out as whatever the program wants to know.
    let (mask, rows, best) = tape.evaluate(&model, |t, (rnn, heads, _)| {
        let start = t.bind_where(&carried, |_| false);
        let y = heads[0].forward(rnn.last(t.constant(&x), Some(start)).h());
        (y.gt(0.0), y.dim(0), y.argmax(0))
    });
    assert_eq!(
        (mask.shape(), rows, best.size()),
        (&Shape::from([4, 1]), 4, 1)
    );
    let wide = model.cast::<f64>();
    let mut tape = Tape::new();
    let y = tape.evaluate(&wide, |t, (_, heads, _)| {
        heads[1].forward(t.ones([1, 6])).item()
    });
    let narrow = model.1[1].weight.sum().item();
    assert!((y - f64::from(narrow)).abs() < 1e-6);
}
