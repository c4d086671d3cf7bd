//! PyTorch's names and layouts: its numbers of `tests/golden`, loaded by its own names, and given back.

mod map;
mod round_trip;

use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use wengert_nn::attention::MultiHeadAttention;
use wengert_nn::files::torch::{self, Rule, TorchMap, TorchNames};
use wengert_nn::files::{self, LoadOptions};
use wengert_nn::rnn::{
    Activation, Cell, GruBiases, GruOptions, GruVariantCell, Layer, LstmOptions, LstmVariantCell,
    Stacking,
};
use wengert_nn::transformer::{TransformerDecoderLayer, TransformerEncoderLayer};
use wengert_nn::{
    BatchNorm, Bilinear, Conv1d, ConvTranspose1d, Embedding, Forward, GroupNorm, Gru, GruCell,
    LayerNorm, Linear, Lstm, LstmCell, LstmState, PRelu, Recurrent, Relu, SimpleRnn, SimpleRnnCell,
    State,
};
use wengert_tape::tree::Tree;
use wengert_tape::{Bind, Tape, Var};
use wengert_tensor::{Conv, Rng, Tensor};

use crate::book::{Book, agree};
use crate::common::{Folder, bits};

type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

fn array(x: &Tensor<f64>) -> (Dtype, Vec<usize>, Vec<u8>) {
    let data = x.iter().flat_map(f64::to_le_bytes).collect();
    (Dtype::F64, x.shape().to_vec(), data)
}

/// The bytes that `safetensors.torch.save_file` would write.
fn bytes(tensors: &Tensors) -> Vec<u8> {
    let views = tensors.iter().map(|(name, (dtype, shape, data))| {
        let view = TensorView::new(*dtype, shape.clone(), data).expect("a sound array");
        (name.as_str(), view)
    });
    safetensors::serialize(views, None).expect("a file")
}

fn arrays(bytes: &[u8]) -> Tensors {
    let file = SafeTensors::deserialize(bytes).expect("a sound file");
    let arrays = file.iter().map(|(name, view)| {
        let array = (view.dtype(), view.shape().to_vec(), view.data().to_vec());
        (name.to_owned(), array)
    });
    arrays.collect()
}

fn rng() -> Rng {
    Rng::seed_from_u64(3)
}

/// The state dict of a case.
fn state_dict(book: &Book, case: &str) -> Tensors {
    let entry = book.cases.iter().find(|entry| entry["case"] == case);
    let entry = entry.expect("a case");
    let names = |of: &str| {
        let names = entry[of].as_array().expect("a list").iter();
        let names = names.map(|name| name.as_str().expect("a name").to_owned());
        names.collect::<Vec<_>>()
    };
    let mut tensors = Tensors::new();
    for name in names("weights") {
        let x = book.get(case, &format!("weight.{name}"));
        tensors.insert(name, array(&x));
    }
    for name in names("buffers") {
        let key = format!("buffer.{name}");
        let array = match name == "num_batches_tracked" {
            true => {
                let count = book.index(case, &key);
                let data = count.iter().flat_map(i64::to_le_bytes).collect();
                (Dtype::I64, count.shape().to_vec(), data)
            }
            false => array(&book.get(case, &key)),
        };
        tensors.insert(name, array);
    }
    tensors
}

/// Loads a case into a model by PyTorch's names, and writes it again: every array comes back, but that
/// of two biases the first is their sum and the second 0.
fn there_and_back<M>(book: &Book, case: &str, mut model: M) -> M
where
    M: Tree<Tensor<f64>> + TorchNames + Clone,
{
    let map = TorchMap::of(&model);
    let there = state_dict(book, case);
    let report = map.load_from(&mut model, &bytes(&there)[..]);
    assert!(
        report
            .unwrap_or_else(|error| panic!("{case}: {error}"))
            .is_exact()
    );
    let mut written = Vec::new();
    map.save_to(&model, &mut written).expect("saved");
    let back = arrays(&written);
    assert!(back.keys().eq(there.keys()), "{case}");
    let same = |name: &str| back[name] == there[name];
    let one_bias = |name: &str| {
        let other = name.replace("bias_ih", "bias_hh");
        name.contains("bias_ih") && !same(&other)
    };
    let mut sums = 0;
    for name in there.keys().filter(|name| !same(name)) {
        if name == "num_batches_tracked" || name.contains("bias_hh") {
            assert!(back[name].2.iter().all(|&byte| byte == 0), "{case}/{name}");
            continue;
        }
        assert!(one_bias(name), "{case}/{name}");
        let numbers = |array: &(Dtype, Vec<usize>, Vec<u8>)| -> Vec<f64> {
            let (numbers, _) = array.2.as_chunks::<8>();
            numbers.iter().map(|&x| f64::from_le_bytes(x)).collect()
        };
        let (a, b) = (
            numbers(&there[name]),
            numbers(&there[&name.replace("_ih", "_hh")]),
        );
        let sum: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
        assert_eq!(numbers(&back[name]), sum, "{case}/{name}");
        sums += 1;
    }
    // What PyTorch's own names are in the other direction is loaded again, to the same bits.
    let mut again = model.clone();
    map.load_from(&mut again, &written[..]).expect("loaded");
    assert_eq!(bits(&again), bits(&model), "{case}, {sums} sums");
    model
}

/// The outputs of a model of one input.
fn check<M>(
    book: &Book,
    case: &str,
    model: M,
    run: impl for<'t> Fn(&'t Tape<f64>, &M::With<Var<'t, f64>>) -> Var<'t, f64>,
) where
    M: Tree<Tensor<f64>> + TorchNames + Clone,
{
    let model = there_and_back(book, case, model);
    let tape = Tape::new();
    tape.set_training(false);
    let bound = tape.bind(&model);
    let y = run(&tape, &bound).value();
    agree(case, "output", &y, &book.get(case, "output.output"));
}

#[test]
fn layers_by_their_own_names() {
    let book = Book::open("layers");
    for (case, config) in book.of("linear") {
        let mut layer = Linear::new(4, 3, &mut rng());
        if config["bias"] == false {
            layer = layer.without_bias();
        }
        let x = book.get(case, "input.x");
        check(&book, case, layer.cast::<f64>(), |t, m| {
            m.forward(t.constant(&x))
        });
    }
    let x = book.get("layer_norm-0", "input.x");
    check(
        &book,
        "layer_norm-0",
        LayerNorm::new(5).cast::<f64>(),
        |t, m| m.forward(t.constant(&x)),
    );
    let words = book.index("embedding-0", "fixed.index").clone();
    let table = Embedding::new(7, 3, &mut rng()).cast::<f64>();
    check(&book, "embedding-0", table, |_, m| m.forward(&words));
    let x = book.get("batch_norm_1d-1", "input.x");
    check(
        &book,
        "batch_norm_1d-1",
        BatchNorm::new(4).cast::<f64>(),
        |t, m| m.forward(t.constant(&x)),
    );
    there_and_back(&book, "batch_norm_1d-0", BatchNorm::new(4).cast::<f64>());
    there_and_back(&book, "batch_norm_2d-0", BatchNorm::new(3).cast::<f64>());
}

type Get<'a> = &'a dyn Fn(&str) -> Tensor<f64>;

/// Runs a recurrent layer over a case, from its initial state if it has one.
macro_rules! recurrent {
    ($book:expr, $kind:expr, $model:expr, $start:expr) => {{
        let mut count = 0;
        for (case, config) in $book.of($kind) {
            let number = |name: &str| config[name].as_u64().unwrap_or(1) as usize;
            let stacking = Stacking {
                layers: number("layers"),
                bidirectional: config["bidirectional"] == true,
            };
            let model = $model(number("input"), number("hidden"), stacking);
            let model = there_and_back(&$book, case, model.cast::<f64>());
            let order = |x: Tensor<f64>| match config["batch_first"] == true {
                true => x,
                false => x.transpose(0, 1),
            };
            let x = order($book.get(case, "input.x"));
            let directions = 1 + usize::from(stacking.bidirectional);
            let get = |name: &str| $book.get(case, name);
            let start = $start(&get, stacking.layers * directions, directions);
            let tape = Tape::new();
            let (rnn, x, start) = tape.bind(&(model, x, start));
            let (outputs, _) = rnn.run(x, start);
            let expected = order($book.get(case, "output.output"));
            agree(case, "output", &outputs.value(), &expected);
            count += 1;
        }
        count
    }};
}

#[test]
fn recurrent_layers_by_their_own_names() {
    let book = Book::open("layers");
    /// What a tensor of all layers and directions holds for each.
    fn parts(get: Get<'_>, name: &str, count: usize) -> Vec<Tensor<f64>> {
        let all = get(name);
        (0..count as isize).map(|k| all.select(0, k)).collect()
    }
    fn h0(get: Get<'_>, count: usize, directions: usize) -> Option<State<Tensor<f64>>> {
        let cells = parts(get, "input.h0", count).into_iter().collect();
        Some(State { cells, directions })
    }
    fn both(
        get: Get<'_>,
        count: usize,
        directions: usize,
    ) -> Option<State<LstmState<Tensor<f64>>>> {
        let pairs = parts(get, "input.h0", count)
            .into_iter()
            .zip(parts(get, "input.c0", count));
        let cells = pairs.map(|(h, c)| LstmState { h, c }).collect();
        Some(State { cells, directions })
    }
    fn none(_: Get<'_>, _: usize, _: usize) -> Option<State<LstmState<Tensor<f64>>>> {
        None
    }
    let rnn = |inputs, hidden, stacking| SimpleRnn::stacked(inputs, hidden, stacking, &mut rng());
    assert_eq!(recurrent!(book, "rnn_tanh", rnn, h0), 4);
    let gru = |inputs, hidden, stacking| Gru::stacked(inputs, hidden, stacking, &mut rng());
    assert_eq!(recurrent!(book, "gru", gru, h0), 4);
    let lstm = |inputs, hidden, stacking| Lstm::stacked(inputs, hidden, stacking, &mut rng());
    assert_eq!(recurrent!(book, "lstm", lstm, both), 4);
    let projected = |inputs, hidden, _| {
        let options = LstmOptions {
            projection: Some(2),
            ..LstmOptions::default()
        };
        let cell = LstmVariantCell::with_options(inputs, hidden, options, &mut rng());
        Recurrent::of([cell])
    };
    assert_eq!(recurrent!(book, "lstm_projection", projected, none), 1);
    // With relu it is the program's to say so.
    let relu = |inputs, hidden, stacking| {
        let mut rnn = SimpleRnn::stacked(inputs, hidden, stacking, &mut rng());
        for layer in &mut rnn.layers {
            let cells = std::iter::once(&mut layer.forward).chain(&mut layer.backward);
            cells.for_each(|cell| cell.activation = Activation::Relu);
        }
        rnn
    };
    assert_eq!(recurrent!(book, "rnn_relu", relu, h0), 4);
    for kind in ["lstm_lengths-0", "gru_lengths-0", "rnn_lengths-0"] {
        let two = Stacking {
            layers: 2,
            bidirectional: true,
        };
        match kind {
            "lstm_lengths-0" => drop(there_and_back(&book, kind, lstm(3, 4, two).cast::<f64>())),
            "gru_lengths-0" => drop(there_and_back(&book, kind, gru(3, 4, two).cast::<f64>())),
            _ => drop(there_and_back(&book, kind, rnn(3, 4, two).cast::<f64>())),
        }
    }
}

#[test]
fn cells_by_their_own_names() {
    let book = Book::open("layers");
    let tape = Tape::new();
    let get = |case: &str, name: &str| tape.constant(&book.get(case, name));
    let cell = LstmCell::new(3, 4, &mut rng()).cast::<f64>();
    let cell = there_and_back(&book, "lstm_cell-0", cell);
    let start = LstmState {
        h: get("lstm_cell-0", "input.h"),
        c: get("lstm_cell-0", "input.c"),
    };
    let end = tape.bind(&cell).step(get("lstm_cell-0", "input.x"), start);
    agree(
        "lstm_cell-0",
        "h",
        &end.h.value(),
        &book.get("lstm_cell-0", "output.h"),
    );
    agree(
        "lstm_cell-0",
        "c",
        &end.c.value(),
        &book.get("lstm_cell-0", "output.c"),
    );
    let cell = GruCell::new(3, 4, &mut rng()).cast::<f64>();
    let cell = there_and_back(&book, "gru_cell-0", cell);
    let (x, h) = (get("gru_cell-0", "input.x"), get("gru_cell-0", "input.h"));
    let end = tape.bind(&cell).step(x, h).value();
    agree("gru_cell-0", "h", &end, &book.get("gru_cell-0", "output.h"));
    let cell = SimpleRnnCell::new(3, 4, &mut rng()).cast::<f64>();
    let cell = there_and_back(&book, "rnn_cell-0", cell);
    let (x, h) = (get("rnn_cell-0", "input.x"), get("rnn_cell-0", "input.h"));
    let end = tape.bind(&cell).step(x, h).value();
    agree("rnn_cell-0", "h", &end, &book.get("rnn_cell-0", "output.h"));
    let options = GruOptions {
        reset_after: true,
        biases: GruBiases::Double,
    };
    let cell = GruVariantCell::with_options(3, 4, options, &mut rng());
    there_and_back(&book, "gru_cell-0", cell.cast::<f64>());
}

#[test]
fn attention_by_its_own_names() {
    let book = Book::open("layers");
    let case = "multihead_attention-0";
    let [q, k, v] = ["q", "k", "v"].map(|name| book.get(case, &format!("input.{name}")));
    let layer = MultiHeadAttention::new(8, 2, &mut rng()).cast::<f64>();
    check(&book, case, layer, |t, m| {
        let inputs = [&q, &k, &v].map(|x| t.constant(x));
        m.forward(inputs[0], inputs[1], inputs[2], None).context
    });
    for (case, config) in book.of("transformer_encoder_layer") {
        let x = book.get(case, "input.x");
        let mut layer = TransformerEncoderLayer::new(8, 2, 16, &mut rng());
        if config["norm_first"] == true {
            layer = layer.with_norm_first();
        }
        check(&book, case, layer.cast::<f64>(), |t, m| {
            m.forward(t.constant(&x), None)
        });
    }
    for (case, config) in book.of("transformer_decoder_layer") {
        let (x, memory) = (book.get(case, "input.x"), book.get(case, "input.memory"));
        let mut layer = TransformerDecoderLayer::new(8, 2, 16, &mut rng());
        if config["norm_first"] == true {
            layer = layer.with_norm_first();
        }
        check(&book, case, layer.cast::<f64>(), |t, m| {
            m.forward(t.constant(&x), t.constant(&memory), None)
        });
    }
}

/// Keys and values of another width than queries have matrices of their own.
#[test]
fn attention_of_several_widths() {
    let rng = &mut rng();
    let mut layer = MultiHeadAttention::new(4, 2, rng);
    layer.key = Linear::new(3, 4, rng);
    layer.value = Linear::new(5, 4, rng);
    let map = TorchMap::of(&layer);
    let mut written = Vec::new();
    map.save_to(&layer, &mut written).expect("saved");
    let back = arrays(&written);
    assert_eq!(back["k_proj_weight"].1, [4, 3]);
    assert_eq!(back["v_proj_weight"].1, [4, 5]);
    assert_eq!(back["in_proj_bias"].1, [12]);
    let mut other = layer.clone();
    other.key.weight = Tensor::zeros([3, 4]);
    map.load_from(&mut other, &written[..]).expect("loaded");
    assert_eq!(bits(&other), bits(&layer));
}

/// A small network over series, [batch, channels, time].
fn convolutions(rng: &mut Rng) -> (Conv1d, BatchNorm, Relu, ConvTranspose1d, GroupNorm) {
    (
        Conv1d::new(5, 6, 3, Conv::new().padding(1), rng),
        BatchNorm::new(6).along(1),
        Relu,
        ConvTranspose1d::new(6, 4, 3, Conv::new().stride(2), rng).without_bias(),
        GroupNorm::new(2, 4),
    )
}

/// Convolutions have PyTorch's names and layouts.
#[test]
fn convolutions_by_their_own_names() {
    let model = convolutions(&mut rng()).cast::<f64>();
    let mut written = Vec::new();
    TorchMap::of(&model)
        .save_to(&model, &mut written)
        .expect("saved");
    let arrays = arrays(&written);
    let shapes: Vec<(&str, &[usize])> = arrays
        .iter()
        .map(|(name, (_, shape, _))| (name.as_str(), &shape[..]))
        .collect();
    let expected: [(&str, &[usize]); 10] = [
        ("0.bias", &[6]),
        ("0.weight", &[6, 5, 3]),
        ("1.bias", &[6]),
        ("1.num_batches_tracked", &[]),
        ("1.running_mean", &[6]),
        ("1.running_var", &[6]),
        ("1.weight", &[6]),
        ("3.weight", &[6, 4, 3]),
        ("4.bias", &[4]),
        ("4.weight", &[4]),
    ];
    assert_eq!(shapes, expected);
    let mut other = convolutions(&mut Rng::seed_from_u64(2)).cast::<f64>();
    let report = TorchMap::of(&other).load_from(&mut other, &written[..]);
    assert!(report.expect("loaded").is_exact());
    assert_eq!(bits(&other), bits(&model));
}
