//! `slogdet`: logarithms of determinants.
//!
//! - shape: a\[…, n, n\] → y\[…\]
//! - value: y = ln |det a|, and its sign as a constant; `logdet` is NaN where the sign is −1
//! - rule: ā = ȳ a⁻ᵀ
//! - edges: −∞ with sign 0 at a singular matrix, where the gradient is NaN; that of no rows is 0. The determinant
//!   itself may be out of range. Computed in `f64` for `f32` too
//! - source: Giles 2008, Collected matrix derivative results, 2.2.4

use std::sync::Arc;

use wengert_tensor::kernels::linalg::{Factors, Matrices, square};
use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};

use super::cholesky::{positive, positive_plain};
use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::ops::ready::{factors, identity, lead, over_matrix};
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::record::var::Var;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<'t, T: Float> Var<'t, T> {
    /// The sign of the determinant, 0 for a singular matrix, and the logarithm of its size, which does not
    /// leave the range of the type where the determinant does. The sign is a constant.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let a = tape.leaf(&Tensor::from([[0.0, 2.0], [0.5, 0.0]]));
    /// let (sign, log) = a.slogdet();
    /// assert_eq!((sign.item(), log.item()), (-1.0, 0.0));
    /// assert_eq!(log.backward().wrt(a).unwrap(), Tensor::from([[0.0, 0.5], [2.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// If it is not square.
    #[track_caller]
    pub fn slogdet(self) -> (Self, Self) {
        or_panic(square("slogdet", &self.shape()));
        let factors = factors(self);
        let signs = factors.slogdet().0;
        let mut next = signs.into_iter();
        let sign = |_: &[usize]| T::from_f64(next.next().unwrap_or_default());
        let sign = self.tape().constant(&Tensor::from_fn(lead(&self.shape()), sign));
        (sign, self.tape().apply(Slogdet { factors, signed: false }, [self]))
    }

    /// The logarithm of the determinant: −∞ for a singular matrix, NaN for a negative determinant.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let a = tape.leaf(&Tensor::from([[2.0, 7.0], [0.0, 0.5]]));
    /// assert_eq!(a.logdet().item(), 0.0);
    /// ```
    ///
    /// # Panics
    /// If it is not square.
    #[track_caller]
    pub fn logdet(self) -> Self {
        or_panic(square("logdet", &self.shape()));
        let factors = factors(self);
        self.tape().apply(Slogdet { factors, signed: true }, [self])
    }
}

/// The factors are those of the value that the matrix has when the op is recorded.
#[derive(Clone)]
struct Slogdet {
    factors: Arc<Factors>,
    /// Whether a negative determinant has no logarithm.
    signed: bool,
}

impl Slogdet {
    #[track_caller]
    fn slope<'t, T: Float>(&self, a: Var<'t, T>) -> Var<'t, T> {
        a.solve_by(identity(a), self.factors.clone(), true)
    }
}

impl<T: Float> Op<T> for Slogdet {
    compiled_here!(op Slogdet);

    fn name(&self) -> &'static str {
        "slogdet"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        square("slogdet", &inputs[0])?;
        Ok(Shapes::from_elem(lead(&inputs[0]), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let (signs, logs) = Factors::new(Matrices::read(&inputs[0])).slogdet();
        for ((y, sign), log) in outputs[0].iter_mut().zip(signs).zip(logs) {
            *y = T::from_f64(if self.signed && sign < 0.0 { f64::NAN } else { log });
        }
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let y_bar = over_matrix(rule.cotangent());
        rule.give(0, Var::absorb(y_bar, self.slope(rule.x(0))));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(a_dot) = rule.x_dot(0) {
            let terms = Var::absorb(a_dot, self.slope(rule.x(0)));
            rule.give(0, terms.sum_axes(&[-2, -1], false));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    use super::solve::regular;
    Samples::new("slogdet")
        .case("a matrix", &[&[3, 3]], |x| {
            let (sign, log) = regular(x[0]).flip(&[0]).slogdet();
            vec![sign * log, log]
        })
        .gives(|x| {
            let d = plain::det(&plain::shifted(&x[0], 4.0)).map(|d| -d);
            vec![d.map(|d| d.signum() * d.abs().ln()), d.map(|d| d.abs().ln())]
        })
        .case("a batch", &[&[2, 3, 3]], |x| vec![regular(x[0]).slogdet().1])
        .gives(|x| vec![plain::det(&plain::shifted(&x[0], 4.0)).map(|d| d.abs().ln())])
        .case("logdet", &[&[3, 3]], |x| vec![positive(x[0]).logdet()])
        .gives(|x| vec![plain::det(&positive_plain(&x[0])).map(f64::ln)])
        .case("one number", &[&[1, 1]], |x| vec![regular(x[0]).logdet()])
        .gives(|x| vec![Tensor::scalar((x[0].item() + 4.0).ln())])
        .case("nothing", &[&[2, 0, 0]], |x| vec![x[0].slogdet().1])
        .gives(|_| vec![Tensor::zeros([2])])
        .bad(&[&[2, 3]], "slogdet: [2, 3] is no square matrix", |x| vec![x[0].slogdet().1])
        .bad(&[&[3]], "logdet: [3] is no square matrix", |x| vec![x[0].logdet()])
}
