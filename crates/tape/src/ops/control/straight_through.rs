//! `straight_through`: a value with the gradient of another.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = f(x)
//! - rule: x̄ = ȳ, whatever f; forward mode as well
//! - edges: f may be anything that keeps the shape; NaN stays. No gradient flows into what f uses
//! - source: Bengio, Léonard and Courville 2013, Estimating or Propagating Gradients Through Stochastic
//!   Neurons

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The value of `f`, such as a rounding, and the gradient of the value itself, as if `f` did
    /// nothing.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::scalar(2.75));
    /// let y = x.straight_through(|x| x.floor());
    /// assert_eq!((y.item(), y.backward().wrt(x).unwrap().item()), (2.0, 1.0));
    /// ```
    ///
    /// # Panics
    /// If `f` changes the shape.
    #[doc(alias = "ste")]
    #[track_caller]
    pub fn straight_through(self, f: impl FnOnce(Self) -> Self) -> Self {
        let y = f(self).detach();
        let (shape, found) = (self.shape(), y.shape());
        assert!(
            shape == found,
            "straight_through: the function makes the shape {found} of {shape}"
        );
        let [y] = self.tape().formula(StraightThrough {}, [self, y]);
        y
    }
}

light! {
    /// The formula of `straight_through`.
    formula<2> StraightThrough {}, "straight_through", in_lanes,
    |_, [_, y]| y,
    partials |[_, _], _| [R::lit(1.0), R::lit(0.0)]
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("straight_through", |x| x.straight_through(|x| x))
        .reference1(|x| x)
        .bad(&[&[2]], "straight_through: the function makes the shape [] of [2]", |x| {
            vec![x[0].straight_through(|x| x.sum())]
        })
}
