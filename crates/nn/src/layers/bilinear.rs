//! `Bilinear`: a form of two inputs, linear in each.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Rng, Tensor};

use crate::init;

/// A form of two inputs, linear in each: yₒ = Σᵢⱼ x₁ᵢ Aᵢⱼₒ x₂ⱼ + bₒ.
///
/// x₁ is \[…, I\], x₂ \[…, J\], A \[I, J, O\], b \[O\], y \[…, O\]. PyTorch's `Bilinear` has its A as
/// \[O, I, J\]: `permute(&[1, 2, 0])` makes that this one.
///
/// A and b start uniform in (−k, k) with k = 1/√I, as PyTorch's `Bilinear` does.
///
/// Source: Tenenbaum and Freeman 2000, *Separating style and content with bilinear models*,
/// equation 1.
///
/// ```
/// use wengert_nn::Bilinear;
/// use wengert_tape::{Bind, Tape};
/// use wengert_tensor::Tensor;
///
/// // The product of two complex numbers.
/// let layer: Bilinear = Bilinear {
///     weight: Tensor::from([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [-1.0, 0.0]]]),
///     bias: None,
/// };
/// let tape = Tape::new();
/// let [a, b] = [[1.0, 2.0], [3.0, 4.0]].map(|x| tape.constant(&Tensor::from(x)));
/// assert_eq!(layer.bind(&tape).forward(a, b).value().to_vec(), [-5.0, 10.0]);
/// ```
#[derive(Tree, Clone, Debug)]
pub struct Bilinear<P = Tensor> {
    /// A \[I, J, O\].
    pub weight: P,
    /// b \[O\], if there is one.
    pub bias: Option<P>,
}

impl Bilinear {
    /// A layer of rows of `first` and of `second` elements with a bias, in `f32`;
    /// [`cast`](wengert_tape::Bind::cast) makes it one in `f64`.
    pub fn new(first: usize, second: usize, outputs: usize, rng: &mut Rng) -> Self {
        let k = 1.0 / (first.max(1) as f64).sqrt();
        Bilinear {
            weight: init::uniform([first, second, outputs], k, rng),
            bias: Some(init::uniform([outputs], k, rng)),
        }
    }
}

impl<P> Bilinear<P> {
    /// The layer without its bias.
    pub fn without_bias(mut self) -> Self {
        self.bias = None;
        self
    }
}

impl<'t, T: Float> Bilinear<Var<'t, T>> {
    /// yₒ = Σᵢⱼ x₁ᵢ Aᵢⱼₒ x₂ⱼ + bₒ.
    ///
    /// # Panics
    /// If the last axis of `x1` is not I long, that of `x2` not J, or the axes before them differ.
    #[track_caller]
    pub fn forward(&self, x1: Var<'t, T>, x2: Var<'t, T>) -> Var<'t, T> {
        let (a, b, weight) = (x1.shape(), x2.shape(), self.weight.shape());
        let (inputs, width, outputs) = (weight[0], weight[1], weight[2]);
        let fits = a.rank() > 0
            && a.rank() == b.rank()
            && a[..a.rank() - 1] == b[..b.rank() - 1]
            && [a[a.rank() - 1], b[b.rank() - 1]] == [inputs, width];
        assert!(
            fits,
            "bilinear: rows of {inputs} and of {width} elements are expected, the shapes are {a} \
             and {b}"
        );
        let _part = x1.tape().part("bilinear");
        let rows: usize = a[..a.rank() - 1].iter().product();
        let [rows, inputs, width, outputs] = [rows, inputs, width, outputs].map(|n| n as isize);
        // All rows of x₁ in one product, then each row of x₂ with its own matrix.
        let flat = self.weight.reshape(&[inputs, width * outputs]);
        let forms = x1.reshape(&[rows, inputs]).matmul(flat);
        let forms = forms.reshape(&[rows, width, outputs]);
        let y = x2.reshape(&[rows, 1, width]).matmul(forms);
        let mut shape = [0; wengert_tape::MAX_RANK];
        for (to, &from) in shape.iter_mut().zip(&a[..]) {
            *to = from as isize;
        }
        shape[a.rank() - 1] = outputs;
        let y = y.reshape(&shape[..a.rank()]);
        self.bias.map_or(y, |bias| y + bias)
    }
}
