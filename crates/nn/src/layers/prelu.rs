//! `PRelu`: a rectifier whose slope below 0 is learned.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Tensor};

/// x above 0 and a x below, with a learned slope a for each feature, or one for all.
///
/// x is \[…, C\], a \[C\], or \[1\] for values of any shape; the derivative in x at 0 is a.
///
/// a starts at 0.25.
///
/// Source: He, Zhang, Ren and Sun 2015, *Delving deep into rectifiers*, equation 1.
///
/// ```
/// use wengert_nn::PRelu;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Tensor;
///
/// let layer = PRelu::new(1);
/// let tape = Tape::new();
/// let y = layer.bind(&tape).forward(tape.constant(&Tensor::from([-4.0, 4.0])));
/// assert_eq!(y.value().to_vec(), [-1.0, 4.0]);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct PRelu<P = Tensor> {
    /// a \[C\] or \[1\].
    pub weight: P,
}

impl PRelu {
    /// A slope for each of so many features, in `f32`, or with 1 one slope for all;
    /// [`cast`](wengert_tape::Bind::cast) makes it a layer in `f64`.
    pub fn new(features: usize) -> Self {
        PRelu {
            weight: Tensor::full([features], 0.25),
        }
    }
}

impl<'t, T: Float> PRelu<Var<'t, T>> {
    /// The function of every element.
    ///
    /// # Panics
    /// If there is more than one slope and the last axis of `x` is not C long.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        let (shape, slopes) = (x.shape(), self.weight.size());
        assert!(
            slopes == 1 || shape.last() == Some(&slopes),
            "prelu: rows of {slopes} features are expected, the shape is {shape}"
        );
        let _part = x.tape().part("prelu");
        let slope = if slopes == 1 {
            self.weight.reshape(&[])
        } else {
            self.weight
        };
        Var::select_less(x.tape().scalar(0.0), x, x, x * slope)
    }
}
