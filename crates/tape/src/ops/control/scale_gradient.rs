//! `scale_gradient`: a value whose gradient is scaled.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = x
//! - rule: x̄ = f ȳ, where f is the factor; forward mode scales as well
//! - edges: the value is unchanged, NaN included; a second derivative is scaled as often as it passes
//! - source: Ganin and Lempitsky 2015, Unsupervised Domain Adaptation by Backpropagation

use wengert_tensor::Float;

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// The same value, whose gradient is `factor` times that which flows back into it. No difference of
    /// values agrees with it.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::scalar(2.0));
    /// let y = x.square().scale_gradient(0.5);
    /// assert_eq!(y.item(), 4.0);
    /// assert_eq!(y.backward().wrt(x).unwrap().item(), 2.0);
    /// ```
    #[track_caller]
    pub fn scale_gradient(self, factor: f64) -> Self {
        let [y] = self.tape().formula(ScaleGradient { factor }, [self]);
        y
    }
}

light! {
    /// The formula of `scale_gradient`.
    formula<1> ScaleGradient { factor }, "scale_gradient", in_lanes,
    |this, [x]| x,
    partials |[_], _| [R::lit(this.factor)]
}

impl<'t, T: Float> Var<'t, T> {
    /// The same value, whose gradient is −`factor` times that which flows back into it: what is before it
    /// learns to hinder what is behind it.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::scalar(2.0));
    /// let y = x.reverse_gradient(1.0);
    /// assert_eq!((y.item(), y.backward().wrt(x).unwrap().item()), (2.0, -1.0));
    /// ```
    #[doc(alias = "gradient_reversal")]
    #[track_caller]
    pub fn reverse_gradient(self, factor: f64) -> Self {
        self.scale_gradient(-factor)
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::unary("scale_gradient", |x| x.scale_gradient(1.0)).reference1(|x| x)
}
