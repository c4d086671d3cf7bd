//! The feed-forward pieces: their derivatives against differences, their values against plain loops,
//! and their composition.

use wengert_nn::{
    BatchNorm, Bilinear, Celu, Dropout, Elu, Embedding, Flatten, Forward, Gelu, GeluTanh, Glu,
    GroupNorm, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LayerNorm, LeakyRelu, Linear,
    LogSigmoid, LogSoftmax, Mish, PRelu, Relu, Relu6, Residual, RmsNorm, Selu, Sigmoid, Silu,
    Softmax, Softplus, Softshrink, Softsign, Tanh, Tanhshrink,
};
use wengert_tape::check::check_model;
use wengert_tape::tree::TreeExt;
use wengert_tape::{Bind, Tape, Var};
use wengert_tensor::{Rng, Tensor};

fn rng() -> Rng {
    Rng::seed_from_u64(7)
}

fn normal<const N: usize>(shape: [usize; N], seed: u64) -> Tensor<f64> {
    Rng::seed_from_u64(seed).normal(shape, 0.0, 1.0)
}

/// The outputs weighed with fixed numbers, so that no two count the same.
fn weighed(y: Var<'_, f64>) -> Var<'_, f64> {
    let w: Tensor<f64> = Rng::seed_from_u64(9).normal(y.shape(), 0.0, 1.0);
    (y * &w).sum()
}

#[track_caller]
fn passes<R, E: std::fmt::Display>(result: Result<R, E>) {
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

#[track_caller]
fn close(a: &Tensor<f64>, b: &Tensor<f64>) {
    assert!(a.allclose(b, 1e-12, 1e-12), "{a} and {b}");
}

#[test]
fn rms_norm() {
    let mut layer = RmsNorm::new(4).cast::<f64>();
    layer.weight = normal([4], 1);
    let x = normal([2, 3, 4], 2);
    let tape = Tape::new();
    let y = layer.bind(&tape).forward(tape.constant(&x)).value();
    let plain = Tensor::from_fn([2, 3, 4], |at| {
        let row = |k: usize| x[[at[0], at[1], k]];
        let square: f64 = (0..4).map(|k| row(k) * row(k)).sum();
        row(at[2]) / (square / 4.0 + layer.epsilon).sqrt() * layer.weight[[at[2]]]
    });
    close(&y, &plain);
    passes(check_model(&(layer, x), |_, (l, x)| weighed(l.forward(x))));
}

#[test]
fn bilinear() {
    let layer = Bilinear::new(3, 4, 2, &mut rng()).cast::<f64>();
    let (a, b) = (normal([2, 5, 3], 1), normal([2, 5, 4], 2));
    let tape = Tape::new();
    let m = layer.bind(&tape);
    let y = m.forward(tape.constant(&a), tape.constant(&b)).value();
    let plain = Tensor::from_fn([2, 5, 2], |at| {
        let (n, t, o) = (at[0], at[1], at[2]);
        let mut sum = layer.bias.as_ref().map_or(0.0, |bias| bias[[o]]);
        for i in 0..3 {
            for j in 0..4 {
                sum += a[[n, t, i]] * layer.weight[[i, j, o]] * b[[n, t, j]];
            }
        }
        sum
    });
    close(&y, &plain);
    // A row alone, and no row.
    let (one, two) = (a.select(0, 1).select(0, 2), b.select(0, 1).select(0, 2));
    let row = m.forward(tape.constant(&one), tape.constant(&two)).value();
    close(&row, &plain.select(0, 1).select(0, 2));
    let none = m.forward(tape.zeros([0, 3]), tape.zeros([0, 4]));
    assert_eq!(none.shape(), [0, 2]);

    let model = (layer.clone(), a, b);
    passes(check_model(&model, |_, (l, a, b)| weighed(l.forward(a, b))));
    let model = (layer.without_bias(), one, two);
    passes(check_model(&model, |_, (l, a, b)| weighed(l.forward(a, b))));
}

#[test]
fn prelu() {
    let x = normal([3, 2], 3);
    for weight in [Tensor::from([0.3]), Tensor::from([0.3, -0.2])] {
        let layer = PRelu { weight };
        let tape = Tape::new();
        let y = layer.bind(&tape).forward(tape.constant(&x)).value();
        let plain = Tensor::from_fn([3, 2], |at| {
            let slope = layer.weight[[at[1] % layer.weight.size()]];
            let x = x[[at[0], at[1]]];
            if x > 0.0 { x } else { slope * x }
        });
        assert_eq!(y, plain);
        let model = (layer, x.clone());
        passes(check_model(&model, |_, (l, x)| weighed(l.forward(x))));
    }
    // One slope also of a scalar; at 0 the derivative in x is the slope, that in the slope 0.
    let tape = Tape::<f64>::new();
    let m = PRelu::new(1).cast::<f64>().bind(&tape);
    let x = tape.leaf(&Tensor::scalar(0.0));
    let bars = m.forward(x).backward();
    assert_eq!(bars.wrt(x).map(|bar| bar.item()), Some(0.25));
    assert_eq!(bars.wrt(m.weight).map(|bar| bar.item()), Some(0.0));
}

/// Every activation by its textbook formula, and its derivative by differences.
#[test]
fn activations() {
    fn check<L>(layer: &L, plain: impl Fn(f64) -> f64)
    where
        L: for<'t> Forward<'t, f64>,
    {
        // Not at a kink: those of all activations are at 0, ±0.6, ±1, ±3 and 6.
        let x = Tensor::from([-3.5, -1.25, -0.5, 0.25, 0.9, 2.5, 6.5]);
        let tape = Tape::new();
        close(&layer.forward(tape.constant(&x)).value(), &x.map(plain));
        passes(check_model(&x, |_, x| weighed(layer.forward(x))));
    }
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    check(&Relu, |x| if x > 0.0 { x } else { 0.0 });
    check(&Tanh, |x| 2.0 * sigmoid(2.0 * x) - 1.0);
    check(&Sigmoid, sigmoid);
    check(&Silu, |x| x * sigmoid(x));
    check(&GeluTanh, |x| {
        let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
        x * sigmoid(2.0 * u)
    });
    check(&Softplus, |x| (1.0 + x.exp()).ln());
    check(&LogSigmoid, |x| sigmoid(x).ln());
    check(
        &LeakyRelu::default(),
        |x| {
            if x > 0.0 { x } else { 0.01 * x }
        },
    );
    check(&LeakyRelu::new(0.3), |x| if x > 0.0 { x } else { 0.3 * x });
    check(&Elu::default(), |x| if x > 0.0 { x } else { x.exp() - 1.0 });
    check(&Elu::new(0.7), |x| {
        if x > 0.0 { x } else { 0.7 * (x.exp() - 1.0) }
    });
    check(&Celu::new(0.7), |x| {
        if x > 0.0 {
            x
        } else {
            0.7 * ((x / 0.7).exp() - 1.0)
        }
    });
    check(&Selu, |x| {
        let below = 1.6732632423543772 * (x.exp() - 1.0);
        1.0507009873554805 * if x > 0.0 { x } else { below }
    });
    // Φ by the integral of the density, by Simpson's rule.
    let density = |u: f64| (-u * u / 2.0).exp() / std::f64::consts::TAU.sqrt();
    check(&Gelu, |x| {
        let (n, h) = (2000, x / 2000.0);
        let weight = |k: usize| [2.0, 4.0][k % 2];
        let inner: f64 = (1..n).map(|k| weight(k) * density(k as f64 * h)).sum();
        x * (0.5 + h / 3.0 * (density(0.0) + inner + density(x)))
    });
    check(&Mish, |x| x * (1.0 + x.exp()).ln().tanh());
    check(&Hardtanh, |x| x.clamp(-1.0, 1.0));
    check(&Relu6, |x| x.clamp(0.0, 6.0));
    check(&Hardsigmoid, |x| ((x + 3.0) / 6.0).clamp(0.0, 1.0));
    check(&Hardswish, |x| x * ((x + 3.0) / 6.0).clamp(0.0, 1.0));
    check(&Softsign, |x| x / (1.0 + x.abs()));
    check(&Tanhshrink, |x| x - x.tanh());
    check(
        &Hardshrink::new(0.6),
        |x| if x.abs() > 0.6 { x } else { 0.0 },
    );
    check(&Softshrink::new(0.6), |x| {
        x.signum() * (x.abs() - 0.6).max(0.0)
    });
}

#[test]
fn gated_and_flattened() {
    let (x, tape) = (normal([2, 3, 4], 4), Tape::new());
    for axis in [-1, 2] {
        let sigmoid = x.slice(2, 2..).map(|x| 1.0 / (1.0 + (-x).exp()));
        let y = Glu::new(axis).forward(tape.constant(&x)).value();
        close(&y, &(&x.slice(2, ..2) * &sigmoid));
        passes(check_model(&x, |_, x| weighed(Glu::new(axis).forward(x))));
    }
    let shape = |start| Flatten::new(start).forward(tape.constant(&x)).shape();
    assert_eq!(shape(0), [24]);
    assert_eq!(shape(-2), [2, 12]);
    assert_eq!(shape(2), [2, 3, 4]);
    let flat = Flatten::default().forward(tape.constant(&x)).value();
    assert_eq!(flat, x.reshape(&[2, 12]));
}

#[test]
fn softmax() {
    let x = normal([2, 3], 4);
    let tape = Tape::new();
    for (axis, of) in [(-1, [0, 1]), (1, [0, 1]), (0, [1, 0])] {
        let share = Tensor::from_fn([2, 3], |at| {
            let sum: f64 = if of == [0, 1] {
                (0..3).map(|k| x[[at[0], k]].exp()).sum()
            } else {
                (0..2).map(|k| x[[k, at[1]]].exp()).sum()
            };
            x[[at[0], at[1]]].exp() / sum
        });
        let run = |layer: &dyn for<'t> Forward<'t, f64>| layer.forward(tape.constant(&x)).value();
        close(&run(&Softmax::new(axis)), &share);
        close(&run(&LogSoftmax::new(axis)), &share.map(f64::ln));
        passes(check_model(&x, |_, x| {
            weighed(Softmax::new(axis).forward(x) * LogSoftmax::new(axis).forward(x))
        }));
    }
    assert_eq!(Softmax::default(), Softmax::new(-1));
    assert_eq!(LogSoftmax::default(), LogSoftmax::new(-1));
}

#[test]
fn padding_is_zero_and_learns_nothing() {
    let mut layer = Embedding::new(5, 3, &mut rng()).cast::<f64>();
    layer = layer.with_padding(2);
    assert_eq!(layer.weight.to_rows()[2], [0.0; 3]);
    assert!(layer.weight.to_rows()[1].iter().all(|&x| x != 0.0));
    let words = Tensor::from([[0, 2, 3], [2, 2, 3]]);
    passes(check_model(&layer, |_, l| {
        weighed(l.forward(&words).tanh())
    }));

    // Whatever the row holds.
    layer.weight.as_mut_slice()[6..9].fill(f64::NAN);
    let tape = Tape::new();
    let m = layer.bind(&tape);
    let y = m.forward(&words);
    for (k, word) in words.iter().enumerate() {
        let row = y.value().reshape(&[6, 3]).to_rows()[k].clone();
        let wanted = &layer.weight.to_rows()[word as usize];
        assert_eq!(
            row,
            if word == 2 {
                vec![0.0; 3]
            } else {
                wanted.clone()
            }
        );
    }
    let bar = y.exp().sum().backward().of(&m).tree(&layer).weight;
    let row = |k: usize| bar.to_rows()[k].clone();
    assert_eq!(
        [row(1), row(2), row(4)],
        [[0.0; 3]; 3].map(|row| row.to_vec())
    );
    let twice: Vec<f64> = layer.weight.to_rows()[3]
        .iter()
        .map(|x| 2.0 * x.exp())
        .collect();
    close(&Tensor::from(row(3)), &Tensor::from(twice));
    // No padding among the words, and padding alone.
    let y = m.forward(&Tensor::from([0, 1])).value();
    assert_eq!(y, layer.weight.slice(0, ..2));
    assert_eq!(m.forward(&Tensor::scalar(2)).value().to_vec(), [0.0; 3]);
}

/// One leaf that is used twice has the sum of the gradients of two.
#[test]
fn tied_weights() {
    let tied = Embedding::new(4, 3, &mut rng()).cast::<f64>();
    let words = Tensor::from([1, 3, 1]);
    type Bound<'t> = Embedding<Var<'t, f64>>;
    fn logits<'t>(word: &Bound<'t>, out: &Bound<'t>, words: &Tensor<i64>) -> Var<'t, f64> {
        out.logits(word.forward(words).tanh())
    }
    let tape = Tape::new();
    let m = tied.bind(&tape);
    let y = logits(&m, &m, &words);
    let h = tied.weight.index_select(0, &words).map(f64::tanh);
    close(&y.value(), &h.matmul(&tied.weight.t()));
    let bars = y.square().sum().backward();
    let sum = bars.wrt(m.weight).expect("a gradient");
    let (a, b) = (tied.bind(&tape), tied.bind(&tape));
    let bars = logits(&a, &b, &words).square().sum().backward();
    let parts = [a.weight, b.weight].map(|leaf| bars.wrt(leaf).expect("a gradient"));
    close(&sum, &(&parts[0] + &parts[1]));
    passes(check_model(&tied, |_, m| weighed(logits(&m, &m, &words))));
    let vector = m.logits(m.weight.select(0, 0));
    assert_eq!(vector.shape(), [4]);
}

#[test]
fn compositions_run_in_order() {
    let mut rng = rng();
    let layers: [Linear<Tensor<f64>>; 3] =
        std::array::from_fn(|_| Linear::new(3, 3, &mut rng).cast());
    let x = normal([4, 3], 5);
    let tape = Tape::new();
    let (m, x) = (layers.bind(&tape), tape.constant(&x));
    let by_hand = m[2].forward(m[1].forward(m[0].forward(x)).tanh()).value();
    let same = |y: Var<'_, f64>| assert_eq!(y.value(), by_hand);
    let [a, b, c] = [m[0].clone(), m[1].clone(), m[2].clone()];
    same((&a, &b, Tanh, &c).forward(x));
    same((vec![&a, &b], Tanh, Some(&c)).forward(x));
    same(((&a, (&b, Tanh)), None::<Relu>, [&c], ()).forward(x));
    same(
        (
            &a,
            Box::new((&b, Tanh)),
            Vec::<Relu>::new(),
            &c,
            (),
            (),
            (),
            (),
        )
            .forward(x),
    );
    let boxes: [Box<dyn for<'t> Forward<'t, f64>>; 2] = [Box::new(Tanh), Box::new(Relu)];
    let y = boxes[..].forward(x);
    assert_eq!(y.value(), x.tanh().relu().value());
    // Twice the same layer is one leaf.
    let twice = (&a, &a).forward(x);
    assert_eq!(twice.value(), a.forward(a.forward(x)).value());
    let residual = Residual((&a, Tanh)).forward(x);
    assert_eq!(residual.value(), (x + a.forward(x).tanh()).value());
}

type Block<P> = (LayerNorm<P>, Residual<(Linear<P>, Silu)>, RmsNorm<P>);

#[test]
fn compositions_have_the_gradients_of_their_parts() {
    let mut rng = rng();
    let mut block = || -> Block<Tensor> {
        (
            LayerNorm::new(3),
            Residual((Linear::new(3, 3, &mut rng), Silu)),
            RmsNorm::new(3),
        )
    };
    let model = (
        vec![block(), block()],
        PRelu::new(3),
        Some(Bilinear::new(3, 3, 2, &mut Rng::seed_from_u64(1)).without_bias()),
    );
    assert_eq!(
        model.paths(),
        [
            "0.0.0.weight",
            "0.0.0.bias",
            "0.0.1.0.0.weight",
            "0.0.1.0.0.bias",
            "0.0.2.weight",
            "0.1.0.weight",
            "0.1.0.bias",
            "0.1.1.0.0.weight",
            "0.1.1.0.0.bias",
            "0.1.2.weight",
            "1.weight",
            "2.weight",
        ]
    );
    let model = (model.cast::<f64>(), normal([2, 3], 6));
    passes(check_model(&model, |_, ((blocks, prelu, form), x)| {
        let y = (blocks, prelu).forward(x);
        weighed(form.map_or(y, |form| form.forward(y, x)))
    }));
}

/// Training mode and state reach the parts.
#[test]
fn compositions_train_and_evaluate() {
    let mut model = (BatchNorm::new(2).cast::<f64>(), Dropout::new(0.5), Tanh);
    let x = Tensor::from([[1.0, 2.0], [3.0, 6.0]]);
    let mut tape = Tape::new();
    let still = tape.evaluate(&model, |t, m| m.forward(t.constant(&x)).value());
    assert!(still.iter().all(|x| x != 0.0));
    let x = Tensor::cat(&[&x; 16], 0);
    let (_, y, grads) = tape.value_and_grad_aux(&model, |t, m| {
        let y = m.forward(t.constant(&x));
        (y.sum(), y.value())
    });
    assert!(y.iter().any(|y| y == 0.0) && y.iter().any(|y| y != 0.0));
    grads.update_state(&mut model);
    close(&model.0.mean, &Tensor::from([0.2, 0.4]));
}

/// The axis of the channels makes no difference to a batch normalization.
#[test]
fn a_batch_norm_along_another_axis_is_the_same() {
    let x = normal([3, 4, 2, 5], 1);
    let layer = BatchNorm::new(4).cast::<f64>();
    let mut tape = Tape::new();
    for training in [true, false] {
        let mut run = |layer: BatchNorm<Tensor<f64>>, x: Tensor<f64>| {
            let mut layer = layer;
            let (_, y, grads) = tape.value_and_grad_aux(&layer, |t, layer| {
                let y = t.with_training(training, || layer.forward(t.constant(&x)));
                (weighed(y), y.value())
            });
            grads.update_state(&mut layer);
            (y, layer)
        };
        let (first, moved) = run(layer.clone().along(1), x.clone());
        let (last, moved_last) = run(layer.clone(), x.permute(&[0, 2, 3, 1]));
        close(&first.permute(&[0, 2, 3, 1]), &last);
        close(&moved.mean, &moved_last.mean);
        close(&moved.variance, &moved_last.variance);
        // From the end, the same axis.
        close(&run(layer.clone().along(-3), x.clone()).0, &first);
    }
}

/// One group is a layer normalization of the sample, as many as channels normalize each alone.
#[test]
fn group_norm_is_between_layer_and_instance_norm() {
    let x = normal([2, 4, 3], 1);
    let tape = Tape::new();
    let y = |groups: usize| {
        let layer = GroupNorm::new(groups, 4).cast::<f64>();
        layer.bind(&tape).forward(tape.constant(&x)).value()
    };
    let standard = |x: Tensor<f64>| tape.constant(&x).standardize(&[1], 1e-5).value();
    close(&y(1), &standard(x.reshape(&[2, 12])).reshape(&[2, 4, 3]));
    close(&y(4), &standard(x.reshape(&[8, 3])).reshape(&[2, 4, 3]));
    let halves = standard(x.reshape(&[4, 6])).reshape(&[2, 4, 3]);
    close(&y(2), &halves);
}
