//! PyTorch's names and layouts: its numbers of `tests/golden`, loaded by its own names, and given back.

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

/// The parts of a model stand under its own names, and are numbered where PyTorch numbers them.
#[test]
fn names_of_containers() {
    let rng = &mut rng();
    let model = (
        (
            Linear::new(3, 4, rng),
            Relu,
            Linear::new(4, 2, rng).without_bias(),
        ),
        vec![PRelu::new(2)],
        Some(Box::new(Bilinear::new(2, 3, 4, rng))),
    );
    let mut map = TorchMap::new();
    map.part("", "module", &model);
    let names = [
        "module.0.0.bias",
        "module.0.0.weight",
        "module.0.2.weight",
        "module.1.0.weight",
        "module.2.bias",
        "module.2.weight",
    ];
    assert_eq!(map.names(), names);
    let mut written = Vec::new();
    map.save_to(&model, &mut written).expect("saved");
    let back = arrays(&written);
    assert_eq!(back["module.0.0.weight"].1, [4, 3]);
    assert_eq!(back["module.2.weight"].1, [4, 2, 3]);
    let mut other = model.clone();
    other.0.0 = Linear::new(3, 4, rng);
    map.load_from(&mut other, &written[..]).expect("loaded");
    assert_eq!(bits(&other), bits(&model));
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

#[test]
fn users_extend_the_map() {
    // Gates in another order, axes in another, and something of one's own.
    let model = (
        Tensor::from([[1.0_f64, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        Tensor::from_fn([2, 3, 4], |i| (100 * i[0] + 10 * i[1] + i[2]) as f64),
        Tensor::from([0.5_f64, 2.0]),
    );
    let mut map = TorchMap::new();
    map.below("", "net", |map| {
        map.add(
            "0",
            Rule::of("gates")
                .blocks(1, &[2, 0, 1])
                .transposed()
                .transposed(),
        );
        map.add("1", Rule::of("kernel").permuted(&[2, 0, 1]));
        map.add("2", Rule::of("log_scale").with(|x| x.exp(), |x| x.ln()));
        map.add_constant("steps", files::Value::of(&Tensor::from([3i64])));
    });
    let mut written = Vec::new();
    map.save_to(&model, &mut written).expect("saved");
    let back = arrays(&written);
    let gates = Tensor::from([[2.0, 3.0, 1.0], [5.0, 6.0, 4.0]]);
    assert_eq!(back["net.gates"], array(&gates));
    // Here axis 0 is their axis 2.
    assert_eq!(back["net.kernel"].1, [3, 4, 2]);
    assert_eq!(back["net.kernel"], array(&model.1.permute(&[1, 2, 0])));
    assert_eq!(back["net.log_scale"], array(&model.2.ln()));
    assert_eq!(back["net.steps"].0, Dtype::I64);
    let mut other = (
        Tensor::zeros([2, 3]),
        Tensor::zeros([2, 3, 4]),
        Tensor::zeros([2]),
    );
    map.load_from(&mut other, &written[..]).expect("loaded");
    assert_eq!((&other.0, &other.1), (&model.0, &model.1));
    assert!(other.2.allclose(&model.2, 0.0, 1e-15));
}

#[test]
fn what_does_not_fit_is_named() {
    let folder = Folder::new();
    let path = folder.join("a.safetensors");
    let model = Lstm::new(3, 4, &mut rng()).cast::<f64>();
    let there = |change: &dyn Fn(&mut Tensors)| {
        let mut written = Vec::new();
        TorchMap::of(&model)
            .save_to(&model, &mut written)
            .expect("saved");
        let mut tensors = arrays(&written);
        change(&mut tensors);
        std::fs::write(&path, bytes(&tensors)).expect("a file");
        let mut other = Lstm::new(3, 4, &mut Rng::seed_from_u64(9)).cast::<f64>();
        let before = bits(&other);
        let error = torch::load(&mut other, &path)
            .expect_err("a refusal")
            .to_string();
        assert_eq!(bits(&other), before);
        error
    };
    let error = there(&|all| drop(all.remove("bias_hh_l0")));
    assert!(
        error.ends_with("the file does not have `bias_ih_l0` and `bias_hh_l0`"),
        "{error}"
    );
    let error = there(&|all| {
        let more = all["bias_hh_l0"].clone();
        all.insert("bias_hh_l1".to_owned(), more);
    });
    assert!(
        error.ends_with("the model does not have `bias_hh_l1`"),
        "{error}"
    );
    let error = there(&|all| all.get_mut("weight_ih_l0").expect("weights").1 = vec![3, 16]);
    let says = "`layers.0.forward.wx` is f64 [3, 16] in the model and f64 [16, 3] in the file";
    assert!(error.ends_with(says), "{error}");
    let error = there(&|all| all.get_mut("weight_ih_l0").expect("weights").1 = vec![48]);
    assert!(
        error.contains("(not of 2 axes) f64 [48] in the file"),
        "{error}"
    );
    let error = there(&|all| all.get_mut("bias_ih_l0").expect("a bias").1 = vec![4, 4]);
    assert!(
        error.contains("(a sum of [4, 4] and [16]) f64 [4, 4] in the file"),
        "{error}"
    );

    let attention = MultiHeadAttention::new(4, 2, &mut rng());
    let mut written = Vec::new();
    let map = TorchMap::of(&attention);
    map.save_to(&attention, &mut written).expect("saved");
    let mut tensors = arrays(&written);
    tensors.get_mut("in_proj_weight").expect("weights").1 = vec![16, 3];
    let error = map.load_from(&mut attention.clone(), &bytes(&tensors)[..]);
    let error = error.expect_err("a refusal").to_string();
    assert!(
        error.contains("(not 3 equal parts) f32 [16, 3] in the file"),
        "{error}"
    );

    // Leaves without a name, parts that are not all there, names that are taken.
    let relative = MultiHeadAttention::new(4, 2, &mut rng()).with_relative(3);
    let error = torch::save(&relative, &path)
        .expect_err("a refusal")
        .to_string();
    assert!(
        error.contains("`relative.table` has no name in PyTorch"),
        "{error}"
    );
    let peepholes = LstmOptions::of_1997();
    let cell = LstmVariantCell::with_options(2, 2, peepholes, &mut rng());
    let error = torch::save(&cell, &path)
        .expect_err("a refusal")
        .to_string();
    assert!(error.contains("`wx` has no name in PyTorch"), "{error}");
    let pair = (Tensor::<f32>::zeros([2]), Tensor::<f32>::zeros([3]));
    let refuse = |rules: [Rule; 2], says: &str| {
        let mut map = TorchMap::new();
        let [first, second] = rules;
        map.add("0", first);
        map.add("1", second);
        let error = map.save_to(&pair, std::io::sink()).expect_err("a refusal");
        assert_eq!(error.to_string(), says);
    };
    refuse([Rule::of("a"), Rule::of("a")], "two leaves are called `a`");
    let parts = [Rule::part_of("a", 0, 3), Rule::part_of("a", 1, 3)];
    refuse(parts, "the parts of `a` are not all there, or differ");
    let parts = [Rule::part_of("a", 0, 2), Rule::part_of("a", 1, 2)];
    refuse(parts, "the parts of `a` are not all there, or differ");
    let odd = [Rule::of("a"), Rule::of("b").transposed()];
    refuse(odd, "`1` is f32 [3], which is not of 2 axes");
    let odd = [Rule::of("a").blocks(0, &[0, 0]), Rule::of("b")];
    refuse(odd, "`0` is f32 [2], which is not to be ordered by [0, 0]");
}

/// Options are those of any other file.
#[test]
fn options_count_here_too() {
    let folder = Folder::new();
    let path = folder.join("a.safetensors");
    let model = (Linear::new(2, 3, &mut rng()),);
    torch::save(&model, &path).expect("saved");
    let mut more = (Linear::new(2, 3, &mut rng()), Linear::new(3, 1, &mut rng()));
    let map = TorchMap::of(&more);
    assert!(map.load(&mut more, &path).is_err());
    let options = LoadOptions::new().allow_missing();
    let report = map.load_with(options, &mut more, &path).expect("loaded");
    assert_eq!(report.missing, ["1.weight", "1.bias"]);
    assert_eq!(more.0.weight, model.0.weight);
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
fn round_trip() {
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
