//! `Forward`: what layers of one value have in common, and their composition.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::Float;

use super::{
    AvgPool1d, AvgPool2d, AvgPool3d, BatchNorm, Celu, Conv1d, Conv2d, Conv3d, ConvTranspose1d,
    ConvTranspose2d, ConvTranspose3d, Dropout, Elu, Flatten, Gelu, GeluTanh, Glu, GroupNorm,
    Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LayerNorm, LeakyRelu, Linear, LogSigmoid,
    LogSoftmax, MaxPool1d, MaxPool2d, MaxPool3d, Mish, PRelu, Relu, Relu6, RmsNorm, Selu, Sigmoid,
    Silu, Softmax, Softplus, Softshrink, Softsign, Tanh, Tanhshrink,
};

/// A layer, or a composition of layers, that makes one value of one value.
///
/// Every layer here of that kind has it, beside its own method of the same name, and so have
/// tuples of up to eight layers, lists, arrays, boxes, options and references: their parts run one
/// after the other, and an empty one returns its input. All of these are trees, so that a model is
/// written without a struct, and its leaves are called by their places.
///
/// ```
/// use wengert_nn::{Adam, Dropout, Forward, Linear, Residual, RmsNorm, Tanh};
/// use wengert_tape::Tape;
/// use wengert_tape::tree::TreeExt;
/// use wengert_tensor::{Rng, Tensor};
///
/// let mut rng = Rng::seed_from_u64(1);
/// let block = |rng: &mut Rng| Residual((RmsNorm::new(8), Linear::new(8, 8, rng), Tanh));
/// let mut model = (
///     Linear::new(2, 8, &mut rng),
///     vec![block(&mut rng), block(&mut rng)],
///     Dropout::new(0.0),
///     Linear::new(8, 1, &mut rng),
/// );
/// assert_eq!(model.paths()[2], "1.0.0.0.weight");
///
/// // Exclusive or.
/// let x = Tensor::from([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
/// let y = Tensor::from([[0.0], [1.0], [1.0], [0.0]]);
/// let (mut tape, mut adam) = (Tape::new(), Adam::new(0.02));
/// let mut last = 1.0;
/// for _ in 0..100 {
///     let (loss, grads) = tape.value_and_grad(&model, |t, m| {
///         (m.forward(t.constant(&x)) - &y).square().mean()
///     });
///     adam.step(&mut model, &grads);
///     last = loss;
/// }
/// assert!(last < 0.01);
/// ```
///
/// A layer of one's own joins in with one method:
///
/// ```
/// use wengert_nn::{Forward, Relu};
/// use wengert_tape::{Tape, Var, tree};
/// use wengert_tensor::Float;
///
/// #[derive(tree::Tree)]
/// struct Half;
///
/// impl<'t, T: Float> Forward<'t, T> for Half {
///     fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
///         x / 2.0
///     }
/// }
///
/// let tape = Tape::<f64>::new();
/// assert_eq!((Relu, Half).forward(tape.scalar(3.0)).item(), 1.5);
/// ```
pub trait Forward<'t, T: Float> {
    /// The layer's value at `x`.
    ///
    /// # Panics
    /// Where the layer's own method does, and so does a composition where one of its parts does.
    #[track_caller]
    fn forward(&self, x: Var<'t, T>) -> Var<'t, T>;
}

/// Layers of parameters that have a method `forward` of their own.
macro_rules! layers {
    ($($name:ident)*) => { $(
        impl<'t, T: Float> Forward<'t, T> for $name<Var<'t, T>> {
            #[track_caller]
            fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
                $name::forward(self, x)
            }
        }
    )* };
}
layers!(Linear BatchNorm LayerNorm GroupNorm RmsNorm PRelu);
layers!(Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d);

/// The same of layers without parameters.
macro_rules! leafless {
    ($($name:ident)*) => { $(
        impl<'t, T: Float> Forward<'t, T> for $name {
            #[track_caller]
            fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
                $name::forward(self, x)
            }
        }
    )* };
}
leafless!(Dropout Relu Tanh Sigmoid Silu GeluTanh Softplus LogSigmoid);
leafless!(LeakyRelu Elu Softmax LogSoftmax);
leafless!(Gelu Selu Mish Hardtanh Relu6 Hardsigmoid Hardswish Softsign Tanhshrink);
leafless!(Celu Hardshrink Softshrink Glu Flatten);
leafless!(MaxPool1d MaxPool2d MaxPool3d AvgPool1d AvgPool2d AvgPool3d);

macro_rules! tuples {
    ($(($($layer:ident $at:tt),*))*) => { $(
        impl<'t, T: Float, $($layer: Forward<'t, T>),*> Forward<'t, T> for ($($layer,)*) {
            #[track_caller]
            fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
                $(let x = self.$at.forward(x);)*
                x
            }
        }
    )* };
}
tuples! {
    ()
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}

/// What goes through a list item by item.
macro_rules! lists {
    ($([$($generics:tt)*] $list:ty;)*) => { $(
        impl<'t, T: Float, L: Forward<'t, T>, $($generics)*> Forward<'t, T> for $list {
            #[track_caller]
            fn forward(&self, mut x: Var<'t, T>) -> Var<'t, T> {
                // A closure would hide the caller's line.
                for layer in self {
                    x = layer.forward(x);
                }
                x
            }
        }
    )* };
}
lists! {
    [] Vec<L>;
    [] [L];
    [const N: usize] [L; N];
}

impl<'t, T: Float, L: Forward<'t, T>> Forward<'t, T> for Option<L> {
    #[track_caller]
    fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        match self {
            Some(layer) => layer.forward(x),
            None => x,
        }
    }
}

/// What stands for one layer.
macro_rules! stand_ins {
    ($($holder:ty;)*) => { $(
        impl<'t, T: Float, L: Forward<'t, T> + ?Sized> Forward<'t, T> for $holder {
            #[track_caller]
            fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
                (**self).forward(x)
            }
        }
    )* };
}
stand_ins! {
    &L;
    Box<L>;
}

/// A layer, or a composition of layers, beside a way around it: y = x + f(x).
///
/// Source: He, Zhang, Ren and Sun 2016, *Deep residual learning for image recognition*, equation 1.
///
/// ```
/// use wengert_nn::{Relu, Residual};
/// use wengert_tape::Tape;
/// let tape = Tape::<f64>::new();
/// assert_eq!(Residual(Relu).forward(tape.scalar(3.0)).item(), 6.0);
/// ```
#[derive(Tree, Clone, Debug, Default)]
pub struct Residual<L>(
    /// f.
    pub L,
);

impl<L> Residual<L> {
    /// y = x + f(x).
    ///
    /// # Panics
    /// If f changes the shape.
    #[track_caller]
    pub fn forward<'t, T: Float>(&self, x: Var<'t, T>) -> Var<'t, T>
    where
        L: Forward<'t, T>,
    {
        let y = self.0.forward(x);
        let (shape, found) = (x.shape(), y.shape());
        // One that broadcasts would be added in silence.
        assert!(
            shape == found,
            "residual: the layer makes {found} of {shape}, which are not added"
        );
        x + y
    }
}

impl<'t, T: Float, L: Forward<'t, T>> Forward<'t, T> for Residual<L> {
    #[track_caller]
    fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        Residual::forward(self, x)
    }
}
