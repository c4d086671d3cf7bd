//! Functions of single elements, as formulas.
//!
//! Errors are the greatest that `tests/edges/ranges.rs` meets from the least number of the type to the
//! greatest, in units in the last place (ulp) of the true result.

use wengert_tensor::Float;

use crate::compiled_here;
use crate::formula::real::Real;
use crate::formula::{Formula, Partial};
use crate::record::var::{Operand, Var};

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
    /// x ln y, and 0 where x = 0, also where y is 0 or NaN. The slope in x is ln y; that in y is x / y,
    /// and 0 where x = 0.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(0.0).xlogy(0.0).item(), 0.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn xlogy(self, y: impl Operand<'t, T>) -> Self {
        let [z] = self.tape().formula(Xlogy, [self, y.on(self.tape())]);
        z
    }
}

/// The formula of [`Var::xlogy`].
#[derive(Clone, Copy, Debug)]
pub struct Xlogy;

impl Formula<2, 1> for Xlogy {
    compiled_here!(formula Xlogy, 2);

    const NAME: &'static str = "xlogy";
    #[inline(always)]
    fn eval<R: Real>(&self, [x, y]: [R; 2]) -> [R; 1] {
        [x.absorb(y.ln())]
    }
    #[inline(always)]
    fn partials<R: Real>(&self, [x, y]: [R; 2], _: [R; 1]) -> [[Partial<R>; 2]; 1] {
        let in_y = R::select_equal(x, R::lit(0.0), R::lit(0.0), x / y);
        [[Partial::Value(y.ln()), Partial::Value(in_y)]]
    }
}

/// x, or the bound of that size that it lies beyond; NaN stays.
#[inline(always)]
fn within<R: Real>(x: R, bound: f64) -> R {
    let (low, high) = (R::lit(-bound), R::lit(bound));
    let x = R::select_less(x, low, low, x);
    R::select_less(high, x, high, x)
}

/// ln(1 + eˣ).
#[inline(always)]
fn softplus<R: Real>(x: R) -> R {
    x.max(R::lit(0.0)) + (-x.abs()).exp().ln_1p()
}
