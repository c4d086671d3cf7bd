//! Every panic and every error that the docs of this crate promise, provoked; see
//! `tests/tidy.rs` of the workspace for the rule that none is forgotten.

use wengert_nn::data::{Batches, idx, pad};
use wengert_nn::parallel::Workers;
use wengert_nn::rnn::{
    ForgetGate, LstmOptions, LstmVariant, LstmVariantCell, Merge, PackedSequence, RecurrentDropout,
    Stack, Stacking, State, Zoneout,
};
use wengert_nn::{
    Adam, BatchNorm, Bilinear, Dropout, Embedding, Flatten, Forward, Glu, GroupNorm, Gru, GruCell,
    LayerNorm, Linear, LogSoftmax, LstmState, PRelu, Residual, RmsNorm, Sgd, Softmax, Tanh,
    clip_by_global_norm, clip_by_value, init,
};
use wengert_tape::{Bind, Gradients, Tape, Var};
use wengert_tensor::{Rng, Tensor};

use crate::refusals::{Place, check_errors, check_panics, errors, panics};

fn rng() -> Rng {
    Rng::seed_from_u64(1)
}

/// A model of so many numbers.
fn model(leaves: usize) -> Vec<Tensor<f64>> {
    vec![Tensor::scalar(1.0); leaves]
}

/// The gradients of a model of so many numbers.
fn grads(leaves: usize) -> Gradients<Vec<Tensor<f64>>, f64> {
    Tape::new()
        .value_and_grad(&model(leaves), |_, m| m[0] * m[0])
        .1
}

/// An optimizer after a step of a model of two numbers.
fn adam() -> Adam<f64> {
    let mut adam = Adam::new(0.1);
    adam.step(&mut model(2), &grads(2));
    adam
}

/// As [`adam`].
fn sgd() -> Sgd<f64> {
    let mut sgd = Sgd::new(0.1).with_momentum(0.9);
    sgd.step(&mut model(2), &grads(2));
    sgd
}

/// Binds a layer and hands it over with ones of this shape.
macro_rules! forward {
    ($layer:expr, $shape:expr, $training:expr) => {{
        let tape = Tape::<f32>::new();
        tape.set_training($training);
        $layer.bind(&tape).forward(tape.ones($shape));
    }};
}

/// Binds a recurrent layer and runs `f` with it and ones of this shape.
macro_rules! recurrent {
    ($layer:expr, $shape:expr, |$rnn:ident, $x:ident| $run:expr) => {{
        let tape = Tape::<f32>::new();
        let ($rnn, $x) = ($layer.bind(&tape), tape.ones($shape));
        drop($run);
    }};
}

fn gru(layers: usize, bidirectional: bool) -> Gru {
    let stacking = Stacking {
        layers,
        bidirectional,
    };
    Gru::stacked(3, 2, stacking, &mut rng())
}

fn stack(layers: usize, bidirectional: bool) -> Stack<Gru> {
    let stacking = Stacking {
        layers,
        bidirectional,
    };
    let cell = |inputs, rng: &mut Rng| GruCell::new(inputs, 2, rng);
    Stack::new(3, 2, stacking, Merge::Sum, cell, &mut rng())
}

/// A state of a layer for so many sequences.
fn state<'t>(tape: &'t Tape<f32>, layers: usize, rows: usize) -> State<Var<'t, f32>> {
    State::of((0..layers).map(|_| tape.ones([rows, 2])))
}

/// Options that do not go together.
fn coupled_to_nothing() -> LstmOptions {
    LstmOptions {
        input_gate: false,
        forget_gate: ForgetGate::Coupled,
        ..LstmOptions::default()
    }
}

fn packed<'t>(x: Var<'t, f32>) -> PackedSequence<'t, f32> {
    PackedSequence::pack_padded(x, &[1, 2])
}

fn embedding(indices: &[i64]) {
    let tape = Tape::<f32>::new();
    let layer = Embedding::new(5, 2, &mut rng());
    layer.bind(&tape).forward(&Tensor::from(indices));
}

/// A form of rows of 3 and of 4 elements, of ones of these shapes.
macro_rules! bilinear {
    ($a:expr, $b:expr) => {{
        let tape = Tape::<f32>::new();
        let layer = Bilinear::new(3, 4, 2, &mut rng());
        layer.bind(&tape).forward(tape.ones($a), tape.ones($b));
    }};
}

/// The logits of a value of this shape.
macro_rules! logits {
    ($shape:expr) => {{
        let tape = Tape::<f32>::new();
        let layer = Embedding::new(5, 2, &mut rng());
        layer.bind(&tape).logits(tape.ones($shape));
    }};
}

/// A state of no layer.
fn no_state<'t>() -> State<LstmState<Var<'t, f64>>> {
    State {
        cells: Default::default(),
        directions: 1,
    }
}

fn workers(rows: usize, f: for<'t> fn(&'t Tape<f64>, Var<'t, f64>) -> Var<'t, f64>) {
    let mut workers = Workers::new(1, 2);
    workers.value_and_grad(&Tensor::scalar(1.0), rows, move |tape, m, _| f(tape, m));
}

#[test]
fn layers() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Dropout::new": Dropout::new(1.5) => "dropout: 1.5 is no probability";
            "Dropout::new": Dropout::new(f64::NAN) => "dropout: NaN is no probability";
            "Dropout::forward": Dropout { p: 2.0 }.forward(Tape::<f32>::new().ones([2])) => "dropout: 2 is no probability";
            "Embedding::forward": embedding(&[0, -1]) => "embedding: the index -1 is negative";
            "Embedding::forward": embedding(&[5]) => "index 5 is out of range for axis 0 of [5, 2]";
            "Linear::forward": forward!(Linear::new(3, 2, &mut rng()), [4, 5], false) => "affine: inner sizes differ: [4, 5] x [3, 2]";
            "BatchNorm::forward": forward!(BatchNorm::new(3), [4, 1], false) => "batch norm: rows of 3 features are expected, the shape is [4, 1]";
            "BatchNorm::forward": forward!(BatchNorm::new(1), [4, 3], false) => "batch norm: rows of 1 features are expected, the shape is [4, 3]";
            "BatchNorm::forward": forward!(BatchNorm::new(3), [4, 1], true) => "batch norm: rows of 3 features are expected, the shape is [4, 1]";
            "BatchNorm::forward": forward!(BatchNorm::new(3), [3], false) => "batch norm: rows of 3 features are expected, the shape is [3]";
            "BatchNorm::forward": forward!(BatchNorm::new(3).along(1), [4, 2, 3], false) => "batch norm: 3 features along axis 1 are expected, the shape is [4, 2, 3]";
            "BatchNorm::forward": forward!(BatchNorm::new(3).along(2), [4, 3], false) => "batch norm: 3 features along axis 2 are expected, the shape is [4, 3]";
            "BatchNorm::forward": forward!(BatchNorm::new(3).along(1), [1, 3, 1], true) => "batch norm: more than one value of each feature is needed in training, the shape is [1, 3, 1]";
            "GroupNorm::new": GroupNorm::new(2, 3) => "group norm: 3 channels do not make up 2 equal groups";
            "GroupNorm::new": GroupNorm::new(0, 3) => "group norm: 3 channels do not make up 0 equal groups";
            "GroupNorm::forward": forward!(GroupNorm::new(2, 4), [2, 3, 4], false) => "group_norm: 3 channels are not 2 equal groups";
            "GroupNorm::forward": forward!(GroupNorm::new(2, 4), [2, 2, 3], false) => "group_norm: the weight has the shape [4], not [2]";
            "GroupNorm::forward": forward!(GroupNorm::new(2, 4), [4], false) => "axis 1 is out of range for the shape [4]";
            "BatchNorm::forward": forward!(BatchNorm::new(3), [1, 3], true) => "batch norm: more than one value of each feature is needed in training, the shape is [1, 3]";
            "LayerNorm::forward": forward!(LayerNorm::new(3), [4, 1], false) => "layer_norm: the weight has the shape [3], not [1]";
            "LayerNorm::forward": forward!(LayerNorm::new(1), [4, 3], false) => "layer_norm: the weight has the shape [1], not [3]";
            "RmsNorm::forward": forward!(RmsNorm::new(1), [4, 3], false) => "rms_norm: the weight has the shape [1], not [3]";
            "RmsNorm::forward": forward!(RmsNorm::new(3), [], false) => "rms_norm: a scalar has no last axis";
            "PRelu::forward": forward!(PRelu::new(3), [3, 4], false) => "prelu: rows of 3 features are expected, the shape is [3, 4]";
            "PRelu::forward": forward!(PRelu::new(3), [], false) => "prelu: rows of 3 features are expected, the shape is []";
            "Bilinear::forward": bilinear!([2, 4], [2, 3]) => "bilinear: rows of 3 and of 4 elements are expected, the shapes are [2, 4] and [2, 3]";
            "Bilinear::forward": bilinear!([2, 3], [1, 4]) => "bilinear: rows of 3 and of 4 elements are expected, the shapes are [2, 3] and [1, 4]";
            "Bilinear::forward": bilinear!([3], [1, 4]) => "the shapes are [3] and [1, 4]";
            "Bilinear::forward": bilinear!([], []) => "the shapes are [] and []";
            "Embedding::with_padding": Embedding::new(5, 2, &mut rng()).with_padding(5) => "embedding: the index 5 of padding is not below 5";
            "Embedding::logits": logits!([4, 3]) => "affine: inner sizes differ: [4, 3] x [2, 5]";
            "Flatten::forward": forward!((Flatten::new(1),), [4], false) => "axis 1 is out of range";
            "Glu::forward": forward!((Glu::new(-1),), [4, 3], false) => "glu";
            "Softmax::forward": forward!((Softmax::new(1),), [4], false) => "axis 1 is out of range";
            "LogSoftmax::forward": forward!((LogSoftmax::new(1),), [4], false) => "axis 1 is out of range";
            "Residual::forward": forward!(Residual(Linear::new(3, 1, &mut rng())), [4, 3], false) => "residual: the layer makes [4, 1] of [4, 3], which are not added";
            "Forward::forward": forward!((Tanh, vec![(Some(Linear::new(3, 2, &mut rng())), Tanh)]), [4, 5], false) => "affine: inner sizes differ: [4, 5] x [3, 2]";
            "Forward::forward": forward!([Box::new(Residual((Tanh, Linear::new(3, 1, &mut rng()))))], [4, 3], false) => "residual: the layer makes [4, 1] of [4, 3], which are not added";
            "init::uniform": init::uniform::<f64>([2], -1.0, &mut rng()) => "uniform: no numbers from 1 to -1";
            "init::uniform": init::uniform::<f64>([2], f64::INFINITY, &mut rng()) => "uniform: no numbers from -inf to inf";
            "init::normal": init::normal::<f64>([2], -1.0, &mut rng()) => "normal: -1 is no standard deviation";
            "init::normal": init::normal::<f64>([2], f64::NAN, &mut rng()) => "normal: NaN is no standard deviation";
        },
    );
}

#[test]
fn recurrent() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Recurrent::stacked": Gru::stacked(3, 2, Stacking { layers: 0, bidirectional: false }, &mut rng()) => "a recurrent layer has at least one layer";
            "Recurrent::run": recurrent!(gru(1, false), [4, 3], |rnn, x| rnn.run(x, None)) => "a sequence has the axes [batch, time, features], this one the shape [4, 3]";
            "Recurrent::run": recurrent!(gru(1, false), [4, 5, 3], |rnn, x| { let (_, state) = gru(2, false).bind(x.tape()).run(x, None); rnn.run(x, Some(state)) }) => "the state has 2 cells in 1 directions, the layer 1 layers in 1";
            "Recurrent::last": recurrent!(gru(1, false), [4, 3], |rnn, x| rnn.last(x, None)) => "a sequence has the axes [batch, time, features], this one the shape [4, 3]";
            "Recurrent::last": recurrent!(gru(1, true), [4, 5, 3], |rnn, x| { let state = gru(2, false).bind(x.tape()).last(x, None); rnn.last(x, Some(state)) }) => "the state has 2 cells in 1 directions, the layer 1 layers in 2";
            "Recurrent::step": recurrent!(gru(1, true), [4, 3], |rnn, x| { let state = rnn.initial(x); rnn.step(x, &state) }) => "step: a layer that also runs backward needs the whole sequence";
            "Recurrent::step": recurrent!(gru(1, false), [4, 3], |rnn, x| { let state = gru(2, false).bind(x.tape()).initial(x); rnn.step(x, &state) }) => "the state has 2 cells in 1 directions, the layer 1 layers in 1";
            "Recurrent::run_packed": recurrent!(gru(1, false), [2, 5, 3], |rnn, x| { let state = state(x.tape(), 2, 2); rnn.run_packed(&packed(x), Some(state)) }) => "the state has 2 cells in 1 directions, the layer 1 layers in 1";
            "Recurrent::run_packed": recurrent!(gru(1, false), [2, 5, 3], |rnn, x| { let state = state(x.tape(), 1, 3); rnn.run_packed(&packed(x), Some(state)) }) => "a state of the shape [3, 2] is not one of 2 sequences";
            "Recurrent::last_packed": recurrent!(gru(1, false), [2, 5, 3], |rnn, x| { let state = state(x.tape(), 1, 3); rnn.last_packed(&packed(x), Some(state)) }) => "a state of the shape [3, 2] is not one of 2 sequences";
            "Recurrent::run_lengths": recurrent!(gru(1, false), [2, 5, 3], |rnn, x| { let state = state(x.tape(), 1, 3); rnn.run_lengths(x, &[4, 1], Some(state)) }) => "a state of the shape [3, 2] is not one of 2 sequences";
            "Recurrent::run_lengths": recurrent!(gru(1, false), [2, 5, 3], |rnn, x| rnn.run_lengths(x, &[4, 6], None)) => "a sequence of length 6 is not in 5 steps";
            "PackedSequence::pack_padded": recurrent!(gru(1, false), [2, 5], |_rnn, x| PackedSequence::pack_padded(x, &[4, 1])) => "a sequence has the axes [batch, time, features], this one the shape [2, 5]";
            "PackedSequence::pack_padded": recurrent!(gru(1, false), [2, 5, 3], |_rnn, x| PackedSequence::pack_padded(x, &[4])) => "there are 1 lengths for 2 sequences";
            "PackedSequence::pack_padded": recurrent!(gru(1, false), [2, 5, 3], |_rnn, x| PackedSequence::pack_padded(x, &[4, 6])) => "a sequence of length 6 is not in 5 steps";
            "PackedSequence::pack": PackedSequence::<f32>::pack(&[]) => "cat: there is nothing to join";
            "PackedSequence::pack": recurrent!(gru(1, false), [2, 5, 3], |_rnn, x| PackedSequence::pack(&[x])) => "a sequence alone has the axes [time, features], this one the shape [2, 5, 3]";
            "PackedSequence::pack": recurrent!(gru(1, false), [2, 5], |_rnn, x| PackedSequence::pack(&[x, x.t()])) => "cat: [2, 5] and [5, 2] differ beside axis 0";
            "PackedSequence::map": recurrent!(gru(1, false), [2, 5, 3], |_rnn, x| packed(x).map(|x| x.slice(0, 1..))) => "packed sequences of the shape [3, 3] cannot become [2, 3]";
            "State::index_select": recurrent!(gru(1, false), [2, 5, 3], |_rnn, x| state(x.tape(), 1, 3).index_select(&Tensor::from([3]))) => "index_select: index 3 is out of range for axis 0 of [3, 2]";
            "RecurrentDropout::with_inputs": RecurrentDropout::new(()).with_inputs(1.5) => "dropout: 1.5 is no probability";
            "RecurrentDropout::with_hidden": RecurrentDropout::new(()).with_hidden(1.5) => "dropout: 1.5 is no probability";
            "RecurrentDropout::with_candidate": RecurrentDropout::new(()).with_candidate(1.5) => "dropout: 1.5 is no probability";
            "Recurrent::with_variational_dropout": gru(1, false).with_variational_dropout(0.5, -1.0) => "dropout: -1 is no probability";
            "Recurrent::with_variational_dropout": gru(1, false).with_variational_dropout(1.5, 0.5) => "dropout: 1.5 is no probability";
            "Recurrent::with_recurrent_dropout": gru(1, false).with_recurrent_dropout(-1.0) => "dropout: -1 is no probability";
            "Zoneout::new": Zoneout::new((), 0.5, 2.0) => "zoneout: 2 is no probability";
            "Recurrent::with_zoneout": gru(1, false).with_zoneout(f64::NAN, 0.5) => "zoneout: NaN is no probability";
            "LstmVariantCell::with_options": LstmVariantCell::with_options(3, 2, coupled_to_nothing(), &mut rng()) => "a forget gate cannot be coupled to an input gate that is not there";
            "LstmVariant::with_options": LstmVariant::with_options(3, 2, coupled_to_nothing(), &mut rng()) => "a forget gate cannot be coupled to an input gate that is not there";
            "LstmVariant::stacked_with_options": LstmVariant::stacked_with_options(3, 2, coupled_to_nothing(), Stacking { layers: 1, bidirectional: true }, &mut rng()) => "a forget gate cannot be coupled to an input gate that is not there";
            "Stack::new": stack(0, false) => "a recurrent layer has at least one layer";
            "Stack::with_dropout": stack(1, false).with_dropout(-0.5) => "dropout: -0.5 is no probability";
            "Stack::run": recurrent!(stack(1, false), [4, 3], |rnn, x| rnn.run(x, None)) => "a sequence has the axes [batch, time, features], this one the shape [4, 3]";
            "Stack::run": recurrent!(stack(1, false), [2, 5, 3], |rnn, x| { let state = state(x.tape(), 2, 2); rnn.run(x, Some(state)) }) => "the state has 2 cells in 1 directions, the layer 1 layers in 1";
            "Stack::run_merged": recurrent!(stack(1, true), [4, 3], |rnn, x| rnn.run_merged(x, None, |a, b| a * b)) => "a sequence has the axes [batch, time, features], this one the shape [4, 3]";
            "Stack::run_packed": recurrent!(stack(1, false), [2, 5, 3], |rnn, x| { let state = state(x.tape(), 1, 3); rnn.run_packed(&packed(x), Some(state)) }) => "a state of the shape [3, 2] is not one of 2 sequences";
            "Stack::run_lengths": recurrent!(stack(1, false), [2, 5, 3], |rnn, x| rnn.run_lengths(x, &[4, 6], None)) => "a sequence of length 6 is not in 5 steps";
            "Stack::step": recurrent!(stack(1, true), [4, 3], |rnn, x| { let state = rnn.initial(x); rnn.step(x, &state) }) => "step: a layer that also runs backward needs the whole sequence";
            "Stack::step": recurrent!(stack(1, false), [2, 3], |rnn, x| { let state = state(x.tape(), 2, 2); rnn.step(x, &state) }) => "the state has 2 cells in 1 directions, the layer 1 layers in 1";
            "State::h": no_state().h() => "the state has no layer";
            "State::c": no_state().c() => "the state has no layer";
        },
    );
}

#[test]
fn training() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Adam::step": Adam::new(0.1).step(&mut model(3), &grads(2)) => "there are gradients of 2 leaves, and none of `2`";
            "Adam::step": Adam::new(0.1).step(&mut model(1), &grads(2)) => "there are gradients of 2 leaves, the model has 1";
            "Adam::step": adam().step(&mut model(1), &grads(1)) => "it is the optimizer of another model";
            "Adam::step": adam().step(&mut model(3), &grads(3)) => "it is the optimizer of another model";
            "Sgd::step": Sgd::new(0.1).step(&mut model(3), &grads(2)) => "there are gradients of 2 leaves, and none of `2`";
            "Sgd::step": sgd().step(&mut model(1), &grads(1)) => "it is the optimizer of another model";
            "Sgd::step": sgd().step(&mut model(3), &grads(3)) => "it is the optimizer of another model";
            "Adam::new": Adam::<f64>::new(-1.0) => "Adam: the learning rate is -1, and has to be at least 0 and finite";
            "Adam::with_betas": Adam::<f64>::new(0.1).with_betas(1.0, 0.5) => "Adam: the first beta is 1, and has to be at least 0 and less than 1";
            "Adam::with_betas": Adam::<f64>::new(0.1).with_betas(0.5, f64::NAN) => "Adam: the second beta is NaN, and has to be at least 0 and less than 1";
            "Adam::with_epsilon": Adam::<f64>::new(0.1).with_epsilon(-1.0) => "Adam: the epsilon is -1, and has to be at least 0 and finite";
            "Adam::with_weight_decay": Adam::<f64>::new(0.1).with_weight_decay(-1.0) => "Adam: the weight decay is -1, and has to be at least 0 and finite";
            "Adam::with_decoupled_weight_decay": Adam::<f64>::new(0.1).with_decoupled_weight_decay(f64::INFINITY) => "Adam: the weight decay is inf, and has to be at least 0 and finite";
            "Adam::step": { let mut adam = adam(); adam.learning_rate = f64::NAN; adam.step(&mut model(2), &grads(2)) } => "Adam: the learning rate is NaN, and has to be at least 0 and finite";
            "Sgd::new": Sgd::<f64>::new(f64::NAN) => "Sgd: the learning rate is NaN, and has to be at least 0 and finite";
            "Sgd::with_momentum": Sgd::<f64>::new(0.1).with_momentum(-0.5) => "Sgd: the momentum is -0.5, and has to be at least 0 and finite";
            "Sgd::with_nesterov": Sgd::<f64>::new(0.1).with_nesterov(-0.5) => "Sgd: the momentum is -0.5, and has to be at least 0 and finite";
            "Sgd::with_weight_decay": Sgd::<f64>::new(0.1).with_weight_decay(-1.0) => "Sgd: the weight decay is -1, and has to be at least 0 and finite";
            "clip_by_value": clip_by_value(&mut grads(1), -1.0) => "clip_by_value: -1 is no bound";
            "clip_by_value": clip_by_value(&mut grads(1), f64::NAN) => "clip_by_value: NaN is no bound";
            "clip_by_global_norm": clip_by_global_norm(&mut grads(1), -1.0) => "clip_by_global_norm: -1 is no bound";
            "clip_by_global_norm": clip_by_global_norm(&mut grads(1), f64::NAN) => "clip_by_global_norm: NaN is no bound";
            "Batches::shuffled": Batches::shuffled(3, 0, &mut rng()) => "batches: a batch has at least one row";
            "Batches::in_order": Batches::in_order(3, 0) => "batches: a batch has at least one row";
            "Batches::by_length": Batches::by_length(&[1, 2], 0, &mut rng()) => "batches: a batch has at least one row";
            "Workers::new": Workers::<f64>::new(0, 1) => "workers: 0 threads for 1 shards";
            "Workers::new": Workers::<f64>::new(1, 0) => "workers: 1 threads for 0 shards";
            "Workers::value_and_grad_where": Workers::new(1, 2).value_and_grad_where(&model(1), 0, |_| true, |_, m, _| m[0]) => "workers: a batch without rows has no mean";
            "Workers::value_and_grad_aux": Workers::new(1, 2).value_and_grad_aux::<_, Tensor<f64>>(&model(1), 0, |_, m, _| (m[0], m[0].value())) => "workers: a batch without rows has no mean";
            "Workers::value_and_grad": Workers::new(1, 2).value_and_grad(&model(1), 4, |t, _, _| t.scalar(1.0)) => "the loss does not depend on any trained leaf of the model";
            "Workers::value_and_grad": Workers::new(1, 2).value_and_grad(&model(1), 0, |_, m, _| m[0]) => "workers: a batch without rows has no mean";
        },
    );
    // What a shard says comes from its own line, or from the step's.
    check_panics(
        file!(),
        Place::Anywhere,
        panics! {
            "Workers::value_and_grad": workers(4, |_, _| panic!("a shard is tired")) => "a shard is tired";
            "Workers::value_and_grad": workers(4, |_, m| m.expand([2])) => "a loss has one element, this one has the shape [2]";
        },
    );
}

#[test]
fn files() {
    const LABELS: [u8; 10] = [0, 0, 8, 1, 0, 0, 0, 2, 7, 9];
    const IMAGES: [u8; 17] = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 255];
    check_errors(errors! {
        "data::pad": pad::<f32>(&[], 0.0) => "pad: there is no sequence";
        "data::pad": pad(&[Tensor::<f32>::scalar(1.0)], 0.0) => "pad: a sequence has no axis";
        "data::pad": pad(&[Tensor::<f32>::ones([2, 3]), Tensor::ones([2, 4])], 0.0) => "pad: [2, 3] and [2, 4] differ beside the first axis";
        "idx::read": idx::read(&b"\x1f\x8b\x08\x00"[..]) => "this is gzip: decompress it first";
        "idx::read": idx::read(&LABELS[..9]) => "the file ends in the data, after 1 of 2 bytes";
        "idx::read": idx::read(&[&LABELS[..], &[1]].concat()[..]) => "the file goes on after the 2 bytes that [2] elements take";
        "idx::images": idx::images::<f64>(&LABELS[..]) => "images have 3 axes, the file has [2]";
        "idx::labels": idx::labels(&IMAGES[..]) => "labels have 1 axes, the file has [1, 1, 1]";
        "idx::images_and_labels": idx::images_and_labels::<f64>(&IMAGES[..], &LABELS[..]) => "there are 1 images and 2 labels";
        "Reader::read": idx::Reader::new().with_limit(1).read(&LABELS[..]) => "[2] elements take 2 bytes, and 1 are allowed";
        "Reader::images": idx::Reader::new().with_limit(7).images::<f64>(&IMAGES[..]) => "[1, 1, 1] elements take 8 bytes, and 7 are allowed";
        "Reader::labels": idx::Reader::new().with_limit(15).labels(&LABELS[..]) => "[2] elements take 16 bytes, and 15 are allowed";
        "Reader::images_and_labels": idx::Reader::new().with_limit(15).images_and_labels::<f64>(&IMAGES[..], &LABELS[..]) => "[2] elements take 16 bytes, and 15 are allowed";
    });
}
