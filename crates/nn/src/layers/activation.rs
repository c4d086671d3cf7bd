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
}
