//! Functions of single elements, as formulas.
//!
//! Errors are the greatest that `tests/edges/ranges.rs` meets from the least number of the type to the
//! greatest, in units in the last place (ulp) of the true result.

use wengert_tensor::Float;

use crate::compiled_here;
use crate::formula::real::Real;
use crate::formula::shapes::{softplus, within};
use crate::formula::{Formula, Partial};
use crate::record::var::Var;

/// Declares formulas of one number, each with the method that records it.
macro_rules! formulas {
    ($(
        $(#[$doc:meta])*
        $method:ident($($attribute:ident),*) = $name:ident, |$this:ident, $x:ident| $value:expr
        $(, slope |$y:ident| $slope:expr)?;
    )*) => {
        $(
            #[doc = concat!("The formula of [`Var::", stringify!($method), "`].")]
            #[derive(Clone, Copy, Debug)]
            pub struct $name {
                $(
                    #[doc = concat!("The attribute `", stringify!($attribute), "`.")]
                    pub $attribute: f64,
                )*
            }

            impl Formula<1, 1> for $name {
                compiled_here!(formula $name, 1);

                const NAME: &'static str = stringify!($method);
                #[inline(always)]
                fn eval<R: Real>(&self, [$x]: [R; 1]) -> [R; 1] {
                    let $this = self;
                    let _ = $this;
                    [$value]
                }
                $(
                    #[inline(always)]
                    fn partials<R: Real>(&self, [$x]: [R; 1], [$y]: [R; 1]) -> [[Partial<R>; 1]; 1] {
                        let $this = self;
                        let _ = ($this, $y);
                        [[Partial::Value($slope)]]
                    }
                )?
            }
        )*

        impl<'t, T: Float> Var<'t, T> {
            $(
                $(#[$doc])*
                #[track_caller]
                pub fn $method(self, $($attribute: f64),*) -> Self {
                    let [y] = self.tape().formula($name { $($attribute),* }, [self]);
                    y
                }
            )*
        }
    };
}

formulas! {
    /// x². Off by at most ½ ulp, as its slope.
    square() = Square, |_this, x| x * x;

    /// 1 / x. Off by at most ½ ulp, its slope by 1.5.
    #[doc(alias = "reciprocal")]
    recip() = Recip, |_this, x| R::lit(1.0) / x;

    /// 1 / √x. Off by at most 1.6 ulp, its slope by 2.1.
    rsqrt() = Rsqrt, |_this, x| R::lit(1.0) / x.sqrt(), slope |y| R::lit(-0.5) * y / x;

    /// x sigmoid(x), also known as swish.
    ///
    /// Far out it is 0 and x with slopes 0 and 1, also at ±∞. It is off by at most 4 ulp, as its slope is
    /// of the greater of its terms; where sigmoid(x) is subnormal, by ½ |x|.
    ///
    /// Source: Elfwing, Uchibe and Doya 2018, Sigmoid-Weighted Linear Units.
    silu() = Silu, |_this, x| x.sigmoid().absorb(x), slope |_y| {
        let s = x.sigmoid();
        // Farther out s or 1 − s is 0, and no infinity may stand beside it.
        s + s * within(x, 1000.0) * (R::lit(1.0) - s)
    };

    /// ln(1 + eˣ), without overflow, and with all digits where it is small. Off by at most 2 ulp, as its
    /// slope.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(1000.0).softplus().item(), 1000.0);
    /// ```
    ///
    /// Source: Dugas et al. 2001, Incorporating second-order functional knowledge.
    softplus() = Softplus, |_this, x| softplus(x), slope |_y| x.sigmoid();

    /// ln sigmoid(x), without overflow, and with all digits where it is small. Off by at most 2 ulp, as
    /// its slope.
    log_sigmoid() = LogSigmoid, |_this, x| -softplus(-x), slope |_y| (-x).sigmoid();

    /// x above 0 and `slope` · x below; the derivative at 0 is `slope`.
    ///
    /// Source: Maas, Hannun and Ng 2013, Rectifier Nonlinearities Improve Acoustic Models.
    leaky_relu(negative_slope) = LeakyRelu, |this, x| {
        R::select_less(R::lit(0.0), x, x, x * R::lit(this.negative_slope))
    };

    /// x above 0 and α (eˣ − 1) below, also where that is x but for a rounding. Off by at most 2.1 ulp,
    /// its slope by 1.1.
    ///
    /// Source: Clevert, Unterthiner and Hochreiter 2016, Exponential Linear Units.
    elu(alpha) = Elu, |this, x| {
        // The exponential of what is not taken must not overflow.
        let low = x.min(R::lit(0.0));
        R::select_less(R::lit(0.0), x, x, R::lit(this.alpha) * low.exp_m1())
    }, slope |_y| {
        // y + α would have no digits left far to the left.
        let low = x.min(R::lit(0.0));
        R::select_less(R::lit(0.0), x, R::lit(1.0), R::lit(this.alpha) * low.exp())
    };

    /// ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))), the fast form of the Gaussian error linear unit.
    ///
    /// Far out it is 0 and x with slopes 0 and 1, also at ±∞. It is off by at most 4 ulp for x > −1. To
    /// the left it falls like e^v with v = 2√(2/π) (x + 0.044715 x³), and is off by ½ |v| ulp more.
    ///
    /// Source: Hendrycks and Gimpel 2016, Gaussian Error Linear Units.
    gelu_tanh() = GeluTanh, |_this, x| {
        let [inner, _] = GeluTanh::inner(x);
        inner.sigmoid().absorb(x)
    }, slope |_y| {
        let [inner, near] = GeluTanh::inner(x);
        let gate = inner.sigmoid();
        let slope = R::lit(2.0 * GeluTanh::ROOT) * (R::lit(1.0) + R::lit(3.0 * GeluTanh::CUBE) * (near * near));
        gate + gate * (R::lit(1.0) - gate) * (near * slope)
    };
}

impl GeluTanh {
    /// √(2/π)
    const ROOT: f64 = std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2;
    const CUBE: f64 = 0.044715;

    /// v = 2 √(2/π) (x + 0.044715 x³), where ½ (1 + tanh(v / 2)) = sigmoid(v) has all its digits; and x,
    /// but not so far out that a power of it overflows: the gate is 0 or 1 there.
    #[inline(always)]
    fn inner<R: Real>(x: R) -> [R; 2] {
        let near = within(x, 30.0);
        let cube = near * near * near;
        [
            R::lit(2.0 * Self::ROOT) * (near + R::lit(Self::CUBE) * cube),
            near,
        ]
    }
}

impl<'t, T: Float> Var<'t, T> {
    /// The first half along `axis`, times the logistic function of the second: the gated linear unit.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[3.0, 0.0]]));
    /// assert_eq!(x.glu(-1).value(), Tensor::from([[1.5]]));
    /// ```
    ///
    /// Source: Dauphin et al. 2017, Language Modeling with Gated Convolutional Networks.
    ///
    /// # Panics
    /// If the axis is out of range, or its length is odd.
    #[track_caller]
    pub fn glu(self, axis: isize) -> Self {
        let len = self.dim(axis);
        assert!(
            len.is_multiple_of(2),
            "glu: {len} elements are not two equal parts"
        );
        self.slice(axis, ..len / 2) * self.slice(axis, len / 2..).sigmoid()
    }
}
