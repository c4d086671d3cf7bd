//! Layers of windows: their gradients, their batches, and how they start.

use wengert_nn::{
    AvgPool2d, Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, Forward,
    MaxPool2d, Tanh,
};
use wengert_tape::check::check_model;
use wengert_tape::tree::{Tree, TreeExt};
use wengert_tape::{Bind, Tape, Var};
use wengert_tensor::{Conv, Pool, Rng, Tensor};

fn rng() -> Rng {
    Rng::seed_from_u64(3)
}

/// The outputs weighed with fixed numbers, so that no two count the same.
fn weigh(y: Var<'_, f64>) -> Var<'_, f64> {
    let w: Tensor<f64> = Rng::seed_from_u64(9).normal(y.shape(), 0.0, 1.0);
    (y.tanh() * &w).sum()
}

/// Checks a layer's gradients against differences, and a batch of two against two batches of one.
macro_rules! checked {
    ($layer:expr, $shape:expr) => {{
        let layer = $layer.cast::<f64>();
        let x: Tensor<f64> = rng().normal($shape, 0.0, 1.0);
        let model = (layer.clone(), x.clone());
        if let Err(failure) = check_model(&model, |_, (l, x)| weigh(l.forward(x))) {
            panic!("{failure}");
        }
        let run = |x: &Tensor<f64>| {
            let tape = Tape::new();
            let m = layer.bind(&tape);
            let y = m.forward(tape.constant(x));
            let grads = (y * y).sum().backward().of(&m);
            (y.value(), grads.tree(&layer).leaves())
        };
        let (y, bars) = run(&x);
        let (a, a_bars) = run(&x.slice(0, ..1));
        let (b, b_bars) = run(&x.slice(0, 1..2));
        assert!(y.allclose(&Tensor::cat(&[&a, &b], 0), 1e-12, 1e-12));
        assert_eq!(run(&x.select(0, 0)).0.shape(), &y.shape()[1..]);
        for ((bar, a), b) in bars.iter().zip(&a_bars).zip(&b_bars) {
            assert!(bar.allclose(&(a + b), 1e-12, 1e-12));
        }
    }};
}

#[test]
fn gradients_and_batches() {
    let set = Conv::new().stride(2).padding(1).groups(2);
    checked!(Conv1d::new(2, 4, 3, set, &mut rng()), [2, 2, 5]);
    checked!(Conv2d::new(2, 2, [2, 3], set, &mut rng()), [2, 2, 4, 3]);
    checked!(
        Conv3d::new(2, 2, 2, set, &mut rng()).without_bias(),
        [2, 2, 3, 2, 2]
    );
    checked!(ConvTranspose1d::new(2, 4, 3, set, &mut rng()), [2, 2, 3]);
    checked!(ConvTranspose2d::new(2, 2, 3, set, &mut rng()), [2, 2, 2, 3]);
    checked!(
        ConvTranspose3d::new(2, 2, 3, set, &mut rng()).without_bias(),
        [2, 2, 2, 2, 1]
    );
}

/// PyTorch's bounds: 1 over the root of the inputs of an output, and for a transposed layer, whose weight is
/// turned round, of the second axis and the kernel.
#[test]
fn layers_start_as_those_of_pytorch() {
    let bound = |weight: &Tensor, bias: &Option<Tensor>, fan: f64| {
        let k = 1.0 / fan.sqrt();
        for x in [weight, bias.as_ref().unwrap()] {
            let most = x
                .iter()
                .fold(0.0_f64, |most, x| most.max(f64::from(x).abs()));
            assert!(most <= k && most > 0.9 * k, "{most} of {k}");
        }
    };
    let grouped = Conv::new().groups(4);
    let layer = Conv2d::new(8, 64, [3, 5], grouped, &mut rng());
    assert_eq!(layer.weight.shape(), &[64, 2, 3, 5]);
    bound(&layer.weight, &layer.bias, 30.0);
    let layer = ConvTranspose1d::new(8, 64, 3, grouped, &mut rng());
    assert_eq!(layer.weight.shape(), &[8, 16, 3]);
    bound(&layer.weight, &layer.bias, 48.0);
}

#[derive(Tree, Clone)]
struct Net<P = Tensor> {
    first: Conv2d<P>,
    second: Conv2d<P>,
    head: Conv2d<P>,
}

/// Rows and columns of light on a dark image, told apart by a small network.
#[test]
fn a_network_of_windows_learns() {
    let image = |at: &[usize], column: bool, line: usize| {
        let light = if column { at[1] == line } else { at[0] == line };
        f32::from(u8::from(light))
    };
    let images: Vec<Tensor> = (0..16)
        .map(|case| Tensor::from_fn([1, 8, 8], |at| image(&at[1..], case % 2 == 1, case / 2)))
        .collect();
    let x = Tensor::stack(&images.iter().collect::<Vec<_>>(), 0);
    let y = Tensor::from_fn([16], |at| if at[0] % 2 == 1 { 1.0_f32 } else { -1.0 });
    let rng = &mut rng();
    let mut net = Net {
        first: Conv2d::new(1, 4, 3, Conv::new().padding(1), rng),
        second: Conv2d::new(4, 4, 3, Conv::new().padding(1), rng),
        head: Conv2d::new(4, 1, 1, Conv::new(), rng),
    };
    let (mut tape, mut adam) = (Tape::new(), wengert_nn::Adam::new(0.02));
    let mut last = f64::INFINITY;
    for _ in 0..120 {
        let (loss, grads) = tape.value_and_grad(&net, |t, net| {
            let features = (net.first, Tanh, MaxPool2d::new(2), net.second, Tanh);
            let whole = (features, AvgPool2d::new(Pool::adaptive(1)), net.head);
            let found = whole.forward(t.constant(&x)).reshape(&[-1]);
            (found - &y).square().mean()
        });
        adam.step(&mut net, &grads);
        last = f64::from(loss);
    }
    assert!(last < 0.1, "{last}");
}
