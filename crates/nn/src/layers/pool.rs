//! Pooling as layers without parameters, to stand between others.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Pool};

macro_rules! pools {
    ($($(#[$doc:meta])* $name:ident: $method:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Tree, Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name {
            /// The windows.
            pub pool: Pool,
        }

        impl $name {
            /// A layer with these windows: their size, or a [`Pool`] that says more.
            pub fn new(pool: impl Into<Pool>) -> Self {
                $name { pool: pool.into() }
            }

            /// One number for each window.
            ///
            /// # Panics
            /// If the value has not so many axes, or the windows do not fit them.
            #[track_caller]
            pub fn forward<'t, T: Float>(&self, x: Var<'t, T>) -> Var<'t, T> {
                x.$method(self.pool)
            }
        }
    )* };
}

pools! {
    /// The greatest element of each window along the last axis; elements that tie share the gradient.
    ///
    /// ```
    /// use wengert_nn::MaxPool1d;
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::new();
    /// let x = tape.constant(&Tensor::from([1.0, 4.0, 2.0, 3.0]));
    /// assert_eq!(MaxPool1d::new(2).forward(x).value().to_vec(), [4.0, 3.0]);
    /// ```
    MaxPool1d: max_pool1d;
    /// The greatest element of each window over the last two axes; elements that tie share the gradient.
    ///
    /// Source: LeCun et al. 1998, *Gradient-based learning applied to document recognition*.
    ///
    /// ```
    /// use wengert_nn::MaxPool2d;
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Pool;
    /// let tape = Tape::<f64>::new();
    /// let layer = MaxPool2d::new(Pool::new(3).stride(2).padding(1));
    /// assert_eq!(layer.forward(tape.ones([5, 8, 28, 28])).shape(), [5, 8, 14, 14]);
    /// ```
    MaxPool2d: max_pool2d;
    /// The greatest element of each window over the last three axes; elements that tie share the gradient.
    ///
    /// ```
    /// use wengert_nn::MaxPool3d;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(MaxPool3d::new(2).forward(tape.ones([8, 4, 4, 4])).shape(), [8, 2, 2, 2]);
    /// ```
    MaxPool3d: max_pool3d;
    /// The mean of each window along the last axis.
    ///
    /// ```
    /// use wengert_nn::AvgPool1d;
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::new();
    /// let x = tape.constant(&Tensor::from([1.0, 4.0, 2.0, 3.0]));
    /// assert_eq!(AvgPool1d::new(2).forward(x).value().to_vec(), [2.5, 2.5]);
    /// ```
    AvgPool1d: avg_pool1d;
    /// The mean of each window over the last two axes.
    ///
    /// ```
    /// use wengert_nn::AvgPool2d;
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Pool;
    /// let tape = Tape::<f64>::new();
    /// let whole = AvgPool2d::new(Pool::adaptive(1));
    /// assert_eq!(whole.forward(tape.ones([5, 8, 7, 7])).shape(), [5, 8, 1, 1]);
    /// ```
    AvgPool2d: avg_pool2d;
    /// The mean of each window over the last three axes.
    ///
    /// ```
    /// use wengert_nn::AvgPool3d;
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(AvgPool3d::new(4).forward(tape.ones([8, 4, 4, 4])).shape(), [8, 1, 1, 1]);
    /// ```
    AvgPool3d: avg_pool3d;
}
