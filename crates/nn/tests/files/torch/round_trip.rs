//! Weights to PyTorch and back, with PyTorch itself.

use super::*;

/// The function, of this type of model.
fn of_model<M, F: Fn(&M) -> Tensor>(_: &M, f: F) -> F {
    f
}

/// One case of the round trip with PyTorch itself: loads what it wrote, checks its outputs, and writes
/// another model with the outputs of that.
macro_rules! round_trip {
    ($folder:expr, $name:expr, $model:expr, |$t:ident, $m:ident, $x:ident| $run:expr) => {{
        let path = |what: &str| $folder.join(format!("{}.{what}.safetensors", $name));
        let mut input = [Tensor::<f32>::zeros([2, 5, 8])];
        files::load(&mut input, path("input")).expect("an input");
        let mut model = $model;
        let compute = of_model(&model, |model| {
            let $t = Tape::<f32>::new();
            let ($m, $x) = ($t.bind(model), $t.constant(&input[0]));
            $run.value()
        });
        // Other weights than PyTorch's, which it has to load.
        torch::save(&model, path("ours")).expect("saved");
        let outputs = [compute(&model)];
        files::save(&outputs, path("ours.output")).expect("saved");
        torch::load(&mut model, path("theirs")).expect("loaded");
        let outputs = compute(&model);
        let mut expected = [Tensor::<f32>::zeros(outputs.shape())];
        files::load(&mut expected, path("theirs.output")).expect("an output");
        let scale = expected[0]
            .iter()
            .fold(1.0_f32, |most, x| most.max(x.abs()));
        let error = outputs.iter().zip(expected[0].iter());
        let error = error.fold(0.0_f32, |most, (a, b)| most.max((a - b).abs())) / scale;
        println!("{:<28} {error:.1e}", $name);
        assert!(error <= 1e-6, "{}: {error}", $name);
    }};
}

/// What `tests/golden/round_trip.py` runs.
#[test]
#[ignore = "run by tests/golden/round_trip.py, with PyTorch"]
fn with_pytorch() {
    let Some(folder) = std::env::var_os("WENGERT_ROUND_TRIP") else {
        return println!("skipped: run tests/golden/round_trip.py");
    };
    let (folder, rng) = (std::path::PathBuf::from(folder), &mut rng());
    let two = Stacking {
        layers: 2,
        bidirectional: true,
    };
    let projected = LstmOptions {
        projection: Some(3),
        ..LstmOptions::default()
    };
    let relu = || {
        let mut rnn = SimpleRnn::new(8, 6, &mut Rng::seed_from_u64(5));
        rnn.layers[0].forward.activation = Activation::Relu;
        rnn
    };
    round_trip!(folder, "linear", Linear::new(8, 3, rng), |t, m, x| m
        .forward(x));
    let words = Tensor::from([[1, 4, 0], [6, 2, 2]]);
    round_trip!(
        folder,
        "embedding",
        Embedding::new(7, 8, rng),
        |t, m, _x| m.forward(&words)
    );
    let mlp = (Linear::new(8, 6, rng), Relu, Linear::new(6, 2, rng));
    round_trip!(folder, "sequential", mlp, |t, m, x| {
        m.2.forward(m.1.forward(m.0.forward(x)))
    });
    round_trip!(folder, "layer_norm", LayerNorm::new(8), |t, m, x| m
        .forward(x));
    let mut norm = BatchNorm::new(8);
    (norm.mean, norm.variance) = (rng.normal([8], 0.0, 1.0), rng.uniform([8], 0.5, 2.0));
    round_trip!(folder, "batch_norm", norm, |t, m, x| m.forward(x));
    let mut convolved = convolutions(rng);
    convolved.1.mean = rng.normal([6], 0.0, 1.0);
    round_trip!(folder, "convolutions", convolved, |t, m, x| {
        Forward::forward(&m, x)
    });
    round_trip!(
        folder,
        "rnn",
        SimpleRnn::stacked(8, 6, two, rng),
        |t, m, x| m.run(x, None).0
    );
    round_trip!(folder, "rnn_relu", relu(), |t, m, x| m.run(x, None).0);
    round_trip!(folder, "gru", Gru::stacked(8, 6, two, rng), |t, m, x| m
        .run(x, None)
        .0);
    round_trip!(folder, "lstm", Lstm::stacked(8, 6, two, rng), |t, m, x| m
        .run(x, None)
        .0);
    let cell = |inputs, rng: &mut Rng| LstmVariantCell::with_options(inputs, 6, projected, rng);
    let lstm = Recurrent {
        layers: [8, 6]
            .into_iter()
            .map(|inputs| Layer {
                forward: cell(inputs, rng),
                backward: Some(cell(inputs, rng)),
            })
            .collect(),
    };
    round_trip!(folder, "lstm_projection", lstm, |t, m, x| m.run(x, None).0);
    let attention = MultiHeadAttention::new(8, 2, rng);
    round_trip!(folder, "multihead_attention", attention, |t, m, x| m
        .forward(x, x, x, None)
        .context);
    for first in [false, true] {
        let order = if first { "first" } else { "last" };
        let mut layer = TransformerEncoderLayer::new(8, 2, 16, rng);
        let mut decoder = TransformerDecoderLayer::new(8, 2, 16, rng);
        if first {
            layer = layer.with_norm_first();
            decoder = decoder.with_norm_first();
        }
        let name = format!("encoder_norm_{order}");
        round_trip!(folder, name, layer, |t, m, x| m.forward(x, None));
        let name = format!("decoder_norm_{order}");
        round_trip!(folder, name, decoder, |t, m, x| m.forward(x, x, None));
    }
}
