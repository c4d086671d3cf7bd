//! `where_`: one of two elements by a mask.
//!
//! - shape: mask\[s\], x\[t\], y\[u\] → z\[all broadcast\]
//! - value: z = x where the mask is true, y elsewhere
//! - rule: x̄ = z̄ where the mask is true, ȳ = z̄ elsewhere
//! - edges: an element that was not taken gets exactly 0, whatever it is
//! - source: elementary calculus

use wengert_tensor::{Float, Tensor};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::formula::{Formula, Partial};
use crate::formula::real::Real;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// This value where the mask is true, `other` elsewhere.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 2.0]));
    /// let y = x.where_(&Tensor::from([true, false]), 0.0);
    /// assert_eq!(y.value().to_vec(), [1.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[doc(alias = "where")]
    #[track_caller]
    pub fn where_(self, mask: &Tensor<bool>, other: impl Operand<'t, T>) -> Self {
        let tape = self.tape();
        // The mask lies on the tape as numbers, so that it takes part in broadcasting.
        let mask = tape.constant_with("where_", mask.shape(), |out| {
            for (out, yes) in out.iter_mut().zip(mask.iter()) {
                *out = if yes { T::ONE } else { T::ZERO };
            }
        });
        let [z] = tape.formula(Where, [mask, self, other.on(tape)]);
        z
    }

    /// `value` where the mask is true, this value elsewhere.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 2.0]));
    /// let y = x.masked_fill(&Tensor::from([true, false]), f64::NEG_INFINITY);
    /// assert_eq!(y.value().to_vec(), [f64::NEG_INFINITY, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn masked_fill(self, mask: &Tensor<bool>, value: impl Operand<'t, T>) -> Self {
        value.on(self.tape()).where_(mask, self)
    }
}

/// The formula of `where_`.
#[derive(Clone, Copy)]
struct Where;

impl Formula<3, 1> for Where {
    compiled_here!(formula Where, 3);

    const NAME: &'static str = "where_";
    #[inline(always)]
    fn eval<R: Real>(&self, [mask, x, y]: [R; 3]) -> [R; 1] {
        [R::select_equal(mask, R::lit(0.0), y, x)]
    }
    #[inline(always)]
    fn partials<R: Real>(&self, [mask, _, _]: [R; 3], _: [R; 1]) -> [[Partial<R>; 3]; 1] {
        [[Partial::Zero, Partial::Value(mask), Partial::Value(R::lit(1.0) - mask)]]
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let mask = || Tensor::from_fn([3, 4], |at| (at[0] + at[1]) % 2 == 0);
    Samples::new("where_")
        .case("same shape", &[&[3, 4], &[3, 4]], move |x| vec![x[0].where_(&mask(), x[1])])
        .case("broadcast", &[&[3, 1], &[4]], move |x| vec![x[0].where_(&mask(), x[1])])
        .case("scalar", &[&[], &[2, 3, 4]], move |x| vec![x[0].where_(&mask(), x[1])])
        .reference(|x| {
            let shape: &[usize] = if x[1].rank() == 3 { &[2, 3, 4] } else { &[3, 4] };
            let [x, y] = [&x[0], &x[1]].map(|x| plain::expanded(x, shape));
            vec![Tensor::from_fn(shape, |at| {
                let yes = (at[at.len() - 2] + at[at.len() - 1]) % 2 == 0;
                plain::at(if yes { &x } else { &y }, at)
            })]
        })
}
