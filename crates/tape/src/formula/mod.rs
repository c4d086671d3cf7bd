//! Elementwise functions, written once and read in every way.
//!
//! A formula is one text over an abstract number, a [`Real`]. `lane`, `dual` and `traced` are its
//! three readings: value, derivative, record. `elementwise` makes an op of a formula, `pullback` is
//! its fast rule. `light` makes ops that cost the compiler little, of formulas that are seldom in the
//! middle of a program. `shapes` has parts of formulas. `activations` and `affine_rows` serve the ops that join a formula with a product.

/// A loop over the places of a short array, written out. A formula is a vector loop only when nothing in
/// it is a loop: the compiler optimizes a crate's parts before it joins them, and leaves what it has
/// not unrolled by then.
macro_rules! for_each {
    ($k:ident in $K:ident $body:block) => {
        for_each!(@ $k $K $body 0 1 2 3 4 5 6 7);
        if const { $K > 8 } {
            for $k in 8..$K $body
        }
    };
    // The same of places that are seldom more than two, as those of results. The compiler unrolls a third and a
    // fourth by itself: formulas with so many results were measured to be vector code.
    (few $k:ident in $K:ident $body:block) => {
        for_each!(@ $k $K $body 0 1);
        if const { $K > 2 } {
            for $k in 2..$K $body
        }
    };
    (@ $k:ident $K:ident $body:block $($at:literal)*) => { $(
        if const { $K > $at } {
            let $k = $at;
            $body
        }
    )* };
}
pub(crate) mod activations;
pub(crate) mod affine_rows;
pub(crate) mod dual;
pub(crate) mod elementwise;
pub(crate) mod lane;
pub(crate) mod light;
pub(crate) mod pullback;
pub(crate) mod real;
pub(crate) mod shapes;
pub(crate) mod traced;

use wengert_tensor::Float;

use crate::formula::dual::Dual;
use crate::formula::real::Real;
use crate::record::recording::Recorder;

/// An elementwise function of `N` numbers with `M` results.
///
/// The value is computed in vector lanes, the derivatives of any order follow from the same text.
/// Mark `eval` with `#[inline(always)]` (the [`formula`](macro@crate::formula) attribute does it):
/// without it the loops around it are no vector code, and thirty times slower.
///
/// ```
/// use wengert_tape::{Formula, Real, Tape};
/// use wengert_tensor::Tensor;
///
/// /// x · sigmoid(βx)
/// #[derive(Clone, Copy)]
/// struct Swish { beta: f64 }
/// impl Formula<1, 1> for Swish {
///     const NAME: &'static str = "swish";
///     #[inline(always)]
///     fn eval<R: Real>(&self, [x]: [R; 1]) -> [R; 1] {
///         [x * (x * R::lit(self.beta)).sigmoid()]
///     }
/// }
///
/// let tape = Tape::<f64>::new();
/// let x = tape.leaf(&Tensor::from([0.0, 1.0]));
/// let [y] = tape.formula(Swish { beta: 1.0 }, [x]);
/// let grads = y.sum().backward();
/// assert_eq!(grads.wrt(x).unwrap().to_vec()[0], 0.5);
/// ```
pub trait Formula<const N: usize, const M: usize>: Copy + Send + Sync + 'static {
    /// The name, as in errors and drawings.
    const NAME: &'static str;
    /// The values.
    fn eval<R: Real>(&self, x: [R; N]) -> [R; M];

    /// The partial derivative of every result with respect to every input, where the results are
    /// `y`. By default they follow from [`eval`](Formula::eval) by duals; a primitive overrides
    /// this to make use of `y`.
    #[inline(always)]
    fn partials<R: Real>(&self, x: [R; N], _y: [R; M]) -> [[Partial<R>; N]; M] {
        let mut duals = [Dual::<R, N>::lit(0.0); N];
        for_each!(k in N {
            duals[k] = Dual::input(x[k], k);
        });
        let y = self.eval(duals);
        let mut partials = [[Partial::Zero; N]; M];
        for_each!(few m in M {
            for_each!(k in N {
                if let Some(partial) = y[m].partials[k] {
                    partials[m][k] = Partial::Value(partial);
                }
            });
        });
        partials
    }

    /// Records the formula of nodes, and returns the first of its results; see
    /// [`compiled_here`](crate::compiled_here).
    #[doc(hidden)]
    #[inline(always)]
    fn record<T: Float>(self, recorder: Recorder<'_, T>, ids: [u32; N]) -> u32 {
        elementwise::record::<T, Self, N, M>(self, recorder, ids)
    }
}

/// A partial derivative. The constants that cost nothing to multiply with have names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Partial<R> {
    /// 0 everywhere.
    Zero,
    /// 1 everywhere.
    One,
    /// −1 everywhere.
    MinusOne,
    /// Any other value.
    Value(R),
}

impl<R: Real> Partial<R> {
    /// The product with a cotangent or a tangent; `None` where it is 0 everywhere.
    #[inline(always)]
    pub fn times(self, bar: R) -> Option<R> {
        match self {
            Partial::Zero => None,
            Partial::One => Some(bar),
            Partial::MinusOne => Some(-bar),
            Partial::Value(slope) => Some(bar.absorb(slope)),
        }
    }
}

/// What is left of a partial derivative when its value is forgotten.
pub(crate) type Kind = Partial<()>;

impl<R> Partial<R> {
    #[inline(always)]
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Partial::Zero => Partial::Zero,
            Partial::One => Partial::One,
            Partial::MinusOne => Partial::MinusOne,
            Partial::Value(_) => Partial::Value(()),
        }
    }
}
