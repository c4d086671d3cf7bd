//! Activations as layers without parameters, to stand between others.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::Float;

macro_rules! activations {
    ($($(#[$doc:meta])* $name:ident: $method:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Tree, Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name;

        impl $name {
            /// The function of every element.
            #[track_caller]
            pub fn forward<'t, T: Float>(&self, x: Var<'t, T>) -> Var<'t, T> {
                x.$method()
            }
        }
    )* };
}

activations! {
    /// max(x, 0), with derivative 0 at 0.
    ///
    /// ```
    /// use wengert_nn::Relu;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Relu.forward(tape.scalar(-2.0)).item(), 0.0);
    /// ```
    Relu: relu;
    /// tanh x.
    ///
    /// ```
    /// use wengert_nn::Tanh;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Tanh.forward(tape.scalar(0.0)).item(), 0.0);
    /// ```
    Tanh: tanh;
    /// 1 / (1 + e⁻ˣ).
    ///
    /// ```
    /// use wengert_nn::Sigmoid;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Sigmoid.forward(tape.scalar(0.0)).item(), 0.5);
    /// ```
    Sigmoid: sigmoid;
    /// x / (1 + e⁻ˣ), also known as swish.
    ///
    /// Source: Elfwing, Uchibe and Doya 2018, *Sigmoid-weighted linear units*.
    ///
    /// ```
    /// use wengert_nn::Silu;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Silu.forward(tape.scalar(0.0)).item(), 0.0);
    /// ```
    Silu: silu;
    /// ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))), the fast form of the Gaussian error linear unit:
    /// PyTorch's `GELU(approximate="tanh")`.
    ///
    /// Source: Hendrycks and Gimpel 2016, *Gaussian error linear units*.
    ///
    /// ```
    /// use wengert_nn::GeluTanh;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(GeluTanh.forward(tape.scalar(20.0)).item(), 20.0);
    /// ```
    GeluTanh: gelu_tanh;
    /// ln(1 + eˣ), without overflow.
    ///
    /// Source: Dugas et al. 2001, *Incorporating second-order functional knowledge for better option
    /// pricing*.
    ///
    /// ```
    /// use wengert_nn::Softplus;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Softplus.forward(tape.scalar(1000.0)).item(), 1000.0);
    /// ```
    Softplus: softplus;
    /// ln(1 / (1 + e⁻ˣ)), without overflow.
    ///
    /// ```
    /// use wengert_nn::LogSigmoid;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(LogSigmoid.forward(tape.scalar(-1000.0)).item(), -1000.0);
    /// ```
    LogSigmoid: log_sigmoid;
    /// x Φ(x), the Gaussian error linear unit, where Φ is the distribution function of the normal
    /// distribution. [`GeluTanh`] is its fast form.
    ///
    /// Source: Hendrycks and Gimpel 2016, *Gaussian error linear units*.
    ///
    /// ```
    /// use wengert_nn::Gelu;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Gelu.forward(tape.scalar(20.0)).item(), 20.0);
    /// ```
    Gelu: gelu;
    /// [`Elu`] with the scale and the α that keep mean 0 and variance 1 from layer to layer.
    ///
    /// Source: Klambauer et al. 2017, *Self-normalizing neural networks*.
    ///
    /// ```
    /// use wengert_nn::Selu;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Selu.forward(tape.scalar(0.0)).item(), 0.0);
    /// ```
    Selu: selu;
    /// x tanh(ln(1 + eˣ)).
    ///
    /// Source: Misra 2020, *Mish: a self regularized non-monotonic activation function*.
    ///
    /// ```
    /// use wengert_nn::Mish;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Mish.forward(tape.scalar(0.0)).item(), 0.0);
    /// ```
    Mish: mish;
    /// x, cut off at −1 and 1; [`Var::clamp`] takes other bounds.
    ///
    /// ```
    /// use wengert_nn::Hardtanh;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Hardtanh.forward(tape.scalar(-3.0)).item(), -1.0);
    /// ```
    Hardtanh: hardtanh;
    /// x, cut off at 0 and 6.
    ///
    /// Source: Krizhevsky 2010, *Convolutional deep belief networks on CIFAR-10*.
    ///
    /// ```
    /// use wengert_nn::Relu6;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Relu6.forward(tape.scalar(7.0)).item(), 6.0);
    /// ```
    Relu6: relu6;
    /// x / 6 + ½, cut off at 0 and 1.
    ///
    /// ```
    /// use wengert_nn::Hardsigmoid;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Hardsigmoid.forward(tape.scalar(3.0)).item(), 1.0);
    /// ```
    Hardsigmoid: hardsigmoid;
    /// x times [`Hardsigmoid`].
    ///
    /// Source: Howard et al. 2019, *Searching for MobileNetV3*.
    ///
    /// ```
    /// use wengert_nn::Hardswish;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Hardswish.forward(tape.scalar(4.0)).item(), 4.0);
    /// ```
    Hardswish: hardswish;
    /// x / (1 + |x|).
    ///
    /// ```
    /// use wengert_nn::Softsign;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Softsign.forward(tape.scalar(-1.0)).item(), -0.5);
    /// ```
    Softsign: softsign;
    /// x − tanh x.
    ///
    /// ```
    /// use wengert_nn::Tanhshrink;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Tanhshrink.forward(tape.scalar(0.0)).item(), 0.0);
    /// ```
    Tanhshrink: tanhshrink;
}

/// Declares layers with one number that is no parameter, and its usual value.
macro_rules! settings {
    ($(
        $(#[$doc:meta])*
        $name:ident: $method:ident($(#[$about:meta])* $setting:ident = $usual:expr);
    )*) => { $(
        $(#[$doc])*
        #[derive(Tree, Clone, Copy, Debug, PartialEq)]
        pub struct $name {
            $(#[$about])*
            pub $setting: f64,
        }

        impl $name {
            #[doc = concat!("A layer with this `", stringify!($setting), "`.")]
            pub fn new($setting: f64) -> Self {
                $name { $setting }
            }

            /// The function of every element.
            #[track_caller]
            pub fn forward<'t, T: Float>(&self, x: Var<'t, T>) -> Var<'t, T> {
                x.$method(self.$setting)
            }
        }

        impl Default for $name {
            #[doc = concat!("The usual one: ", stringify!($usual), ".")]
            fn default() -> Self {
                $name { $setting: $usual }
            }
        }
    )* };
}

settings! {
    /// x above 0 and `negative_slope` · x below; the derivative at 0 is `negative_slope`, which is
    /// 0.01 by default.
    ///
    /// Source: Maas, Hannun and Ng 2013, *Rectifier nonlinearities improve neural network acoustic
    /// models*.
    ///
    /// ```
    /// use wengert_nn::LeakyRelu;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(LeakyRelu::new(0.5).forward(tape.scalar(-3.0)).item(), -1.5);
    /// ```
    LeakyRelu: leaky_relu(
        /// The slope below 0.
        negative_slope = 0.01
    );
    /// x above 0 and α (eˣ − 1) below; α is 1 by default.
    ///
    /// Source: Clevert, Unterthiner and Hochreiter 2016, *Fast and accurate deep network learning
    /// by exponential linear units*.
    ///
    /// ```
    /// use wengert_nn::Elu;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Elu::new(2.0).forward(tape.scalar(-1000.0)).item(), -2.0);
    /// ```
    Elu: elu(
        /// α.
        alpha = 1.0
    );
    /// x above 0 and α (eˣᐟᵅ − 1) below, whose slope at 0 is 1 for every α; α is 1 by default.
    ///
    /// Source: Barron 2017, *Continuously differentiable exponential linear units*.
    ///
    /// ```
    /// use wengert_nn::Celu;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Celu::new(2.0).forward(tape.scalar(-1000.0)).item(), -2.0);
    /// ```
    Celu: celu(
        /// α.
        alpha = 1.0
    );
    /// x where it is farther than λ from 0, and 0 elsewhere; λ is ½ by default.
    ///
    /// ```
    /// use wengert_nn::Hardshrink;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Hardshrink::new(1.0).forward(tape.scalar(-3.0)).item(), -3.0);
    /// ```
    Hardshrink: hardshrink(
        /// λ.
        lambda = 0.5
    );
    /// x moved towards 0 by λ, which is not negative, and 0 nearer than that; λ is ½ by default.
    ///
    /// ```
    /// use wengert_nn::Softshrink;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Softshrink::new(1.0).forward(tape.scalar(-3.0)).item(), -2.0);
    /// ```
    Softshrink: softshrink(
        /// λ.
        lambda = 0.5
    );
}

/// Declares layers along an axis.
macro_rules! along_an_axis {
    ($($(#[$doc:meta])* $name:ident: $method:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Tree, Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name {
            /// The axis, counted from the end where it is negative.
            pub axis: isize,
        }

        impl $name {
            /// A layer along this axis.
            pub fn new(axis: isize) -> Self {
                $name { axis }
            }

            /// The function of every stretch along the axis.
            ///
            /// # Panics
            /// If the value has no such axis, or not one that is right for the function.
            #[track_caller]
            pub fn forward<'t, T: Float>(&self, x: Var<'t, T>) -> Var<'t, T> {
                x.$method(self.axis)
            }
        }

        impl Default for $name {
            /// The last axis.
            fn default() -> Self {
                $name { axis: -1 }
            }
        }
    )* };
}

along_an_axis! {
    /// eˣ over the sum of all eˣ along an axis, by default the last.
    ///
    /// Source: Bridle 1990, *Probabilistic interpretation of feedforward classification network
    /// outputs*.
    ///
    /// ```
    /// use wengert_nn::Softmax;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(Softmax::default().forward(tape.zeros([4])).value().to_vec(), [0.25; 4]);
    /// ```
    Softmax: softmax;
    /// ln [`Softmax`], without overflow.
    ///
    /// ```
    /// use wengert_nn::LogSoftmax;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(LogSoftmax::new(0).forward(tape.zeros([1])).value().to_vec(), [0.0]);
    /// ```
    LogSoftmax: log_softmax;
    /// The first half along an axis, by default the last, times the [`Sigmoid`] of the second: a gated
    /// linear unit.
    ///
    /// Source: Dauphin et al. 2017, *Language modeling with gated convolutional networks*.
    ///
    /// ```
    /// use wengert_nn::Glu;
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.constant(&Tensor::from([3.0, 0.0]));
    /// assert_eq!(Glu::default().forward(x).value().to_vec(), [1.5]);
    /// ```
    Glu: glu;
}
