//! `choose`: one of two elements by a comparison of two others.
//!
//! - shape: a\[s\], b\[t\], x\[u\], y\[v\] → z\[all broadcast\]
//! - value: z = x where a < b (or a = b), y elsewhere, also where a or b is NaN
//! - rule: x̄ = z̄ where x was taken, ȳ = z̄ where y was; a and b have none
//! - edges: the slope is that of the element that was taken
//! - source: the subgradient policy of this library

use wengert_tensor::{Float, Tensor};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::formula::{Formula, Partial};
use crate::formula::real::Real;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// `yes` where `a < b`, `no` elsewhere. No gradient flows into `a` and `b`.
    ///
    /// ```
    /// use wengert_tape::{Tape, Var};
    /// let tape = Tape::<f64>::new();
    /// let [one, two] = [1.0, 2.0].map(|x| tape.scalar(x));
    /// assert_eq!(Var::select_less(one, two, one, two).item(), 1.0);
    /// ```
    #[track_caller]
    pub fn select_less(a: Self, b: Self, yes: Self, no: Self) -> Self {
        let [z] = a.tape().formula(Less, [a, b, yes, no]);
        z
    }

    /// `yes` where `a == b`, `no` elsewhere. No gradient flows into `a` and `b`.
    #[track_caller]
    pub fn select_equal(a: Self, b: Self, yes: Self, no: Self) -> Self {
        let [z] = a.tape().formula(Equal, [a, b, yes, no]);
        z
    }
}

macro_rules! choose {
    ($name:ident, $text:literal, $method:ident) => {
        #[doc = concat!("The formula of `", $text, "`.")]
        #[derive(Clone, Copy)]
        struct $name;

        impl Formula<4, 1> for $name {
            compiled_here!(formula $name, 4);

            const NAME: &'static str = $text;
            #[inline(always)]
            fn eval<R: Real>(&self, [a, b, x, y]: [R; 4]) -> [R; 1] {
                [R::$method(a, b, x, y)]
            }
            #[inline(always)]
            fn partials<R: Real>(&self, [a, b, _, _]: [R; 4], _: [R; 1]) -> [[Partial<R>; 4]; 1] {
                let (zero, one) = (R::lit(0.0), R::lit(1.0));
                let x = Partial::Value(R::$method(a, b, one, zero));
                let y = Partial::Value(R::$method(a, b, zero, one));
                [[Partial::Zero, Partial::Zero, x, y]]
            }
        }
    };
}
choose!(Less, "select_less", select_less);
choose!(Equal, "select_equal", select_equal);

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::new("select_less")
        .case("mixed", &[&[3, 4], &[3, 4], &[3, 4], &[3, 4]], |x| {
            vec![Var::select_less(x[0].detach(), x[1].detach(), x[2], x[3])]
        })
        .case("broadcast", &[&[3, 1], &[4], &[3, 4], &[]], |x| {
            vec![Var::select_less(x[0].detach(), x[1].detach(), x[2], x[3])]
        })
        .reference(|x| {
            let [a, b, yes, no] = [0, 1, 2, 3].map(|k| plain::expanded(&x[k], &[3, 4]));
            vec![Tensor::from_fn([3, 4], |at| {
                let at = [at[0], at[1]];
                if a[at] < b[at] { yes[at] } else { no[at] }
            })]
        })
}
