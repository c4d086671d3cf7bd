//! What PyTorch calls the parts of every layer that it has.

use smallvec::{Array, SmallVec};
use wengert_tensor::{Float, Tensor};

use super::map::TorchMap;
use super::rule::Rule;
use crate::attention::MultiHeadAttention;
use crate::files::value::Value;
use crate::rnn::{
    ForgetGate, GruBiases, GruCell, GruVariantCell, LstmCell, LstmVariantCell, Recurrent,
    SimpleRnnCell,
};
use crate::transformer::{TransformerDecoderLayer, TransformerEncoderLayer};
use crate::{
    AvgPool1d, AvgPool2d, AvgPool3d, BatchNorm, Bilinear, Celu, Conv1d, Conv2d, Conv3d,
    ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, Dropout, Elu, Embedding, Flatten, Gelu,
    GeluTanh, Glu, GroupNorm, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LayerNorm, LeakyRelu,
    Linear, LogSigmoid, LogSoftmax, MaxPool1d, MaxPool2d, MaxPool3d, Mish, PRelu, Relu, Relu6,
    RmsNorm, Selu, Sigmoid, Silu, Softmax, Softplus, Softshrink, Softsign, Tanh, Tanhshrink,
};

/// A layer or a model that knows what its leaves are called in PyTorch.
///
/// A model says it of its parts, in its own words: see the [module](super). A layer of one's own
/// [`add`](TorchMap::add)s a [`Rule`] for each leaf.
pub trait TorchNames {
    /// Adds every leaf to the map.
    fn torch_names(&self, names: &mut TorchMap);
}

/// A cell, whose arrays have the layer and the direction at the end of their names.
pub trait TorchCell {
    /// Adds every leaf to the map, by a name that ends with `suffix`: `_l0_reverse`, or nothing for a
    /// cell by itself.
    fn torch_cell(&self, suffix: &str, names: &mut TorchMap);
}

/// Layers whose leaves are the same there.
macro_rules! same {
    ($($layer:ident: $($leaf:ident)*;)*) => { $(
        impl<P> TorchNames for $layer<P> {
            fn torch_names(&self, names: &mut TorchMap) {
                $(names.add(stringify!($leaf), Rule::of(stringify!($leaf)));)*
            }
        }
    )* };
}

same! {
    Embedding: weight;
    PRelu: weight;
    LayerNorm: weight bias;
    GroupNorm: weight bias;
    RmsNorm: weight;
}

/// Layers of a weight as it is there, and a bias if there is one.
macro_rules! convolutions {
    ($($layer:ident)*) => { $(
        impl<P> TorchNames for $layer<P> {
            fn torch_names(&self, names: &mut TorchMap) {
                names.add("weight", Rule::of("weight"));
                if self.bias.is_some() {
                    names.add("bias", Rule::of("bias"));
                }
            }
        }
    )* };
}

convolutions! {
    Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d
}

impl<P> TorchNames for Linear<P> {
    fn torch_names(&self, names: &mut TorchMap) {
        names.add("weight", Rule::of("weight").transposed());
        if self.bias.is_some() {
            names.add("bias", Rule::of("bias"));
        }
    }
}

impl<P> TorchNames for Bilinear<P> {
    fn torch_names(&self, names: &mut TorchMap) {
        names.add("weight", Rule::of("weight").permuted(&[1, 2, 0]));
        if self.bias.is_some() {
            names.add("bias", Rule::of("bias"));
        }
    }
}

impl<P> TorchNames for BatchNorm<P> {
    fn torch_names(&self, names: &mut TorchMap) {
        names.add("weight", Rule::of("weight"));
        names.add("bias", Rule::of("bias"));
        names.add("mean", Rule::of("running_mean"));
        names.add("variance", Rule::of("running_var"));
        // The momentum is a number here, and nothing depends on the count.
        let count = Value::I64(Tensor::scalar(0));
        names.add_constant("num_batches_tracked", count);
    }
}

/// Cells stand for themselves, too.
macro_rules! cells {
    ($($cell:ty, [$($generics:tt)*];)*) => { $(
        impl<$($generics)*> TorchNames for $cell {
            fn torch_names(&self, names: &mut TorchMap) {
                self.torch_cell("", names);
            }
        }
    )* };
}

cells! {
    SimpleRnnCell<P, F>, [P, F];
    LstmCell<P>, [P];
    LstmVariantCell<P>, [P];
    GruCell<P>, [P];
    GruVariantCell<P>, [P];
}

/// The weights of a cell.
fn weights(suffix: &str, names: &mut TorchMap) {
    names.add("wx", Rule::of(format!("weight_ih{suffix}")).transposed());
    names.add("wh", Rule::of(format!("weight_hh{suffix}")).transposed());
}

/// One bias, where PyTorch adds two.
fn bias(suffix: &str, names: &mut TorchMap) {
    let both = [format!("bias_ih{suffix}"), format!("bias_hh{suffix}")];
    names.add("bias", Rule::sum(both));
}

fn two_biases(suffix: &str, names: &mut TorchMap) {
    names.add("bias_x", Rule::of(format!("bias_ih{suffix}")));
    names.add("bias_h", Rule::of(format!("bias_hh{suffix}")));
}

impl<P, F> TorchCell for SimpleRnnCell<P, F> {
    fn torch_cell(&self, suffix: &str, names: &mut TorchMap) {
        weights(suffix, names);
        bias(suffix, names);
    }
}

impl<P> TorchCell for LstmCell<P> {
    fn torch_cell(&self, suffix: &str, names: &mut TorchMap) {
        weights(suffix, names);
        bias(suffix, names);
    }
}

/// Only with all gates, as PyTorch's; peepholes and norms have no name there.
impl<P> TorchCell for LstmVariantCell<P> {
    fn torch_cell(&self, suffix: &str, names: &mut TorchMap) {
        let options = &self.options;
        let gates = options.input_gate && options.output_gate;
        if !gates || options.forget_gate != ForgetGate::Learned {
            return;
        }
        weights(suffix, names);
        if self.bias.is_some() {
            bias(suffix, names);
        }
        if self.projection.is_some() {
            names.add(
                "projection",
                Rule::of(format!("weight_hr{suffix}")).transposed(),
            );
        }
    }
}

impl<P> TorchCell for GruCell<P> {
    fn torch_cell(&self, suffix: &str, names: &mut TorchMap) {
        weights(suffix, names);
        two_biases(suffix, names);
    }
}

/// Only with the reset gate after the product, and with two biases or none, as PyTorch's.
impl<P> TorchCell for GruVariantCell<P> {
    fn torch_cell(&self, suffix: &str, names: &mut TorchMap) {
        match (self.options.reset_after, self.options.biases) {
            (true, GruBiases::Double) => {
                weights(suffix, names);
                two_biases(suffix, names);
            }
            (true, GruBiases::None) => weights(suffix, names),
            _ => {}
        }
    }
}

impl<C: TorchCell> TorchNames for Recurrent<C> {
    fn torch_names(&self, names: &mut TorchMap) {
        for (at, layer) in self.layers.iter().enumerate() {
            let path = format!("layers.{at}.forward");
            let suffix = format!("_l{at}");
            names.below(&path, "", |names| layer.forward.torch_cell(&suffix, names));
            if let Some(cell) = &layer.backward {
                let path = format!("layers.{at}.backward");
                let suffix = format!("_l{at}_reverse");
                names.below(&path, "", |names| cell.torch_cell(&suffix, names));
            }
        }
    }
}

/// Queries, keys and values of one width are in one matrix there, and those of several in three. Relative
/// positions have no name there.
impl<T: Float> TorchNames for MultiHeadAttention<Tensor<T>> {
    fn torch_names(&self, names: &mut TorchMap) {
        let parts = [
            ("query", "q_proj_weight", &self.query),
            ("key", "k_proj_weight", &self.key),
            ("value", "v_proj_weight", &self.value),
        ];
        let like = self.query.weight.shape();
        let one = parts.iter().all(|(.., part)| part.weight.shape() == like);
        for (at, (path, name, part)) in parts.into_iter().enumerate() {
            let weight = match one {
                true => Rule::part_of("in_proj_weight", at, 3),
                false => Rule::of(name),
            };
            names.add(&format!("{path}.weight"), weight.transposed());
            if part.bias.is_some() {
                let bias = Rule::part_of("in_proj_bias", at, 3);
                names.add(&format!("{path}.bias"), bias);
            }
        }
        names.part("output", "out_proj", &self.output);
    }
}

impl<T: Float> TorchNames for TransformerEncoderLayer<Tensor<T>> {
    fn torch_names(&self, names: &mut TorchMap) {
        names.part("attention", "self_attn", &self.attention);
        names.part("feed_forward.first", "linear1", &self.feed_forward.first);
        names.part("feed_forward.second", "linear2", &self.feed_forward.second);
        let around = [&self.around_attention, &self.around_feed_forward];
        names.part("around_attention.norm", "norm1", &around[0].norm);
        names.part("around_feed_forward.norm", "norm2", &around[1].norm);
    }
}

impl<T: Float> TorchNames for TransformerDecoderLayer<Tensor<T>> {
    fn torch_names(&self, names: &mut TorchMap) {
        names.part("attention", "self_attn", &self.attention);
        names.part("memory_attention", "multihead_attn", &self.memory_attention);
        names.part("feed_forward.first", "linear1", &self.feed_forward.first);
        names.part("feed_forward.second", "linear2", &self.feed_forward.second);
        let norms = [
            ("around_attention.norm", &self.around_attention.norm),
            (
                "around_memory_attention.norm",
                &self.around_memory_attention.norm,
            ),
            ("around_feed_forward.norm", &self.around_feed_forward.norm),
        ];
        for (at, (path, norm)) in norms.into_iter().enumerate() {
            names.part(path, &format!("norm{}", at + 1), norm);
        }
    }
}

/// Layers without leaves, which `Sequential` counts.
macro_rules! without_leaves {
    ($($layer:ident)*) => { $(
        impl TorchNames for $layer {
            fn torch_names(&self, _: &mut TorchMap) {}
        }
    )* };
}

without_leaves! {
    Celu Gelu Glu Hardshrink Hardsigmoid Hardswish Hardtanh Mish Relu6 Selu Softshrink Softsign Tanhshrink
    Flatten Dropout Elu GeluTanh LeakyRelu LogSigmoid LogSoftmax Relu Sigmoid Silu Softmax Softplus Tanh
    AvgPool1d AvgPool2d AvgPool3d MaxPool1d MaxPool2d MaxPool3d
}

/// Parts that are numbered, as those of `ModuleList` and `Sequential`.
fn numbered<'a, L: TorchNames + 'a>(parts: impl IntoIterator<Item = &'a L>, names: &mut TorchMap) {
    for (at, part) in parts.into_iter().enumerate() {
        names.part(&at.to_string(), &at.to_string(), part);
    }
}

impl<L: TorchNames> TorchNames for Vec<L> {
    fn torch_names(&self, names: &mut TorchMap) {
        numbered(self, names);
    }
}

impl<L: TorchNames, const N: usize> TorchNames for [L; N] {
    fn torch_names(&self, names: &mut TorchMap) {
        numbered(self, names);
    }
}

impl<A: Array<Item: TorchNames>> TorchNames for SmallVec<A> {
    fn torch_names(&self, names: &mut TorchMap) {
        numbered(self, names);
    }
}

impl<L: TorchNames> TorchNames for Option<L> {
    fn torch_names(&self, names: &mut TorchMap) {
        if let Some(layer) = self {
            layer.torch_names(names);
        }
    }
}

impl<L: TorchNames + ?Sized> TorchNames for Box<L> {
    fn torch_names(&self, names: &mut TorchMap) {
        (**self).torch_names(names);
    }
}

macro_rules! tuple {
    ($($part:ident $at:tt),*) => {
        impl<$($part: TorchNames),*> TorchNames for ($($part,)*) {
            fn torch_names(&self, names: &mut TorchMap) {
                $(names.part(stringify!($at), stringify!($at), &self.$at);)*
            }
        }
    };
}

tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
