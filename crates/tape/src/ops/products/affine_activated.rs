//! `affine_activated`: products with matrices and a bias, through functions of the columns.
//!
//! - shape: x_k\[…, I_k\], w_k\[I_k, O\], b\[O\] → y\[…, O\]; the outer axes of all x_k are the same
//! - value: y = φ(Σ_k x_k w_k + b), where φ has its own function for each of equal parts of the columns
//! - rule: that of `affine`, from z̄ = ȳ φ′, where φ′ is a function of y
//! - edges: those of the functions; the sum before them is not stored
//! - source: Graves 2012, Supervised Sequence Labelling with Recurrent Neural Networks, 4.6

use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};

use super::affine;
use crate::formula::activations::{self, Activations};
use crate::check::{Samples, plain};
use crate::walk::direct::Direct;
use crate::record::op::{Op, Shapes};
use crate::walk::reverse::Reverse;
use crate::formula::affine_rows::{self, Beside};
use crate::walk::tangent::Tangent;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// [`affine`](Var::affine), then a function of each of equal parts of the columns: a layer with
    /// its activation, or all gates of a recurrent cell, in one value.
    ///
    /// Only the results are kept, and the way back computes no function again: the slope of each
    /// follows from its value.
    ///
    /// ```
    /// use wengert_tape::{Tape, Var, ops::{Sigmoid, Tanh}};
    /// let tape = Tape::<f64>::new();
    /// let (x, w) = (tape.ones([7, 3]), tape.zeros([3, 4]));
    /// let y = Var::affine_activated(&[(x, w)], Some(tape.zeros([4])), (Sigmoid, Tanh));
    /// let [gate, value] = y.chunk(-1);
    /// assert_eq!(gate.shape(), [7, 2]);
    /// assert_eq!(gate.value().get(&[0, 0]), Some(0.5));
    /// assert_eq!(value.value().get(&[0, 0]), Some(0.0));
    /// ```
    ///
    /// # Panics
    /// As [`affine`](Var::affine) does, and if the columns are not so many equal parts.
    #[track_caller]
    pub fn affine_activated<A: Activations>(
        products: &[(Self, Self)],
        bias: Option<Self>,
        functions: A,
    ) -> Self {
        let beside = Beside {
            parts: A::PARTS,
            ..Beside::NOTHING
        };
        affine::record(AffineActivated(functions), products, bias, &[], beside, &mut |y, _, _, cols| { activations::apply(functions, y, cols) })
    }
}

const NAME: &str = "affine_activated";

/// The inputs are those of `affine`.
#[derive(Clone, Copy)]
struct AffineActivated<A>(A);

impl<T: Float, A: Activations> Op<T> for AffineActivated<A> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        let shapes = affine::shapes(NAME, inputs)?;
        activations::part_shape::<A>(NAME, &shapes[0])?;
        Ok(shapes)
    }

    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        affine::forward(inputs, outputs[0]);
        activations::apply(self.0, outputs[0], inputs[1].shape()[1]);
    }

    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let sum_bar = activations::chain(self.0, rule.y(0), rule.cotangent());
        affine::reverse(rule, rule.arity(), sum_bar);
    }

    fn direct(&self, direct: &mut Direct<'_, T>) -> bool {
        let id = direct.id;
        let Some(mut bar) = direct.flow.bars[id as usize].take() else {
            return true;
        };
        let cols = affine_rows::columns(direct.list, direct.list.inputs(id)[1]);
        activations::pull_back(self.0, direct.list.plain(id), &mut bar, cols);
        affine::pull(direct, direct.list.inputs(id).len(), bar);
        true
    }

    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(dot) = affine::tangent(rule, rule.arity()) {
            rule.give(0, activations::chain(self.0, rule.y(0), dot));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    use crate::ops::{Exp, Relu, Sigmoid, Tanh};
    // Each of equal parts of the columns through its own function.
    let parts = |sum: &Tensor<f64>, functions: &[fn(f64) -> f64]| {
        let last = sum.rank() - 1;
        let cols = sum.shape()[last] / functions.len();
        Tensor::from_fn(sum.shape(), |at| functions[at[last] / cols](plain::at(sum, at)))
    };
    let sigmoid: fn(f64) -> f64 = |x| 1.0 / (1.0 + (-x).exp());
    Samples::new(NAME)
        .case("one function", &[&[3, 4], &[4, 2], &[2]], |x| {
            vec![Var::affine_activated(&[(x[0], x[1])], Some(x[2]), (Tanh,))]
        })
        .gives(move |x| vec![parts(&plain::affine(&[(&x[0], &x[1])], Some(&x[2])), &[f64::tanh])])
        .case("a gate and a value", &[&[3, 4], &[4, 6], &[3, 1], &[1, 6], &[6]], |x| {
            let products = [(x[0], x[1]), (x[2], x[3])];
            vec![Var::affine_activated(&products, Some(x[4]), (Sigmoid, Tanh))]
        })
        .gives(move |x| {
            let sum = plain::affine(&[(&x[0], &x[1]), (&x[2], &x[3])], Some(&x[4]));
            vec![parts(&sum, &[sigmoid, f64::tanh])]
        })
        .case("wide parts", &[&[3, 2], &[2, 68], &[68]], |x| {
            let gates = (Sigmoid, Sigmoid, Tanh, Sigmoid);
            vec![Var::affine_activated(&[(x[0], x[1])], Some(x[2]), gates)]
        })
        .gives(move |x| {
            let gates = [sigmoid, sigmoid, f64::tanh, sigmoid];
            vec![parts(&plain::affine(&[(&x[0], &x[1])], Some(&x[2])), &gates)]
        })
        .case("outer axes, no bias", &[&[2, 3, 4], &[4, 6]], |x| {
            vec![Var::affine_activated(&[(x[0], x[1])], None, (Exp, Tanh, Sigmoid))]
        })
        .gives(move |x| {
            let sum = plain::affine(&[(&x[0], &x[1])], None);
            vec![parts(&sum, &[f64::exp, f64::tanh, sigmoid])]
        })
        .case("a row", &[&[4], &[4, 2], &[2]], |x| {
            vec![Var::affine_activated(&[(x[0], x[1])], Some(x[2]), (Sigmoid,))]
        })
        .gives(move |x| vec![parts(&plain::affine(&[(&x[0], &x[1])], Some(&x[2])), &[sigmoid])])
        .case("away from the kink", &[&[3, 2], &[2, 4], &[4]], |x| {
            // |x w| < 9 everywhere.
            let bias = x[2] + 20.0;
            vec![Var::affine_activated(&[(x[0], x[1])], Some(bias), (Relu, Relu))]
        })
        .gives(move |x| {
            let relu: fn(f64) -> f64 = |x| x.max(0.0);
            let bias = x[2].map(|x| x + 20.0);
            let sum = plain::affine(&[(&x[0], &x[1])], Some(&bias));
            vec![parts(&sum, &[relu, relu])]
        })
        .case("slices, used twice", &[&[3, 5, 4], &[8, 2], &[2]], |x| {
            let (step, w) = (x[0].select(1, 2), x[1].slice(0, 2..6));
            let y = Var::affine_activated(&[(step, w), (step, w)], Some(x[2]), (Tanh, Sigmoid));
            vec![y, y * y]
        })
        .gives(move |x| {
            let step = plain::pick(&x[0], &[3, 4], |at| vec![at[0], 2, at[1]]);
            let w = plain::sliced(&x[1], 0, 2, 4, 1);
            let sum = plain::affine(&[(&step, &w), (&step, &w)], Some(&x[2]));
            let y = parts(&sum, &[f64::tanh, sigmoid]);
            let square = y.map(|y| y * y);
            vec![y, square]
        })
        .case("no rows", &[&[0, 4], &[4, 2], &[2]], |x| {
            vec![Var::affine_activated(&[(x[0], x[1])], Some(x[2]), (Tanh, Sigmoid))]
        })
        .gives(|_| vec![Tensor::zeros([0, 2])])
        .bad(
            &[&[3, 4], &[5, 6]],
            "affine_activated: inner sizes differ: [3, 4] x [5, 6]",
            |x| vec![Var::affine_activated(&[(x[0], x[1])], None, (Tanh,))],
        )
        .bad(
            &[&[3, 4], &[4, 7]],
            "affine_activated: 7 columns are not 2 equal parts",
            |x| vec![Var::affine_activated(&[(x[0], x[1])], None, (Sigmoid, Tanh))],
        )
}
