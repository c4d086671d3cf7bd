//! `prelu`: the rectifier whose slope below 0 is learned.
//!
//! - shape: x\[b, c, …\], a\[c\] or a\[\] → y\[b, c, …\]
//! - value: y = x above 0, a x below
//! - rule: x̄ = ȳ above 0, ȳ a below; ā = ȳ x below 0, 0 above
//! - edges: at 0 the slope in x is a, that in a is 0; NaN stays
//! - source: He et al. 2015, Delving Deep into Rectifiers

use wengert_tensor::{Float, Tensor};

use crate::check::Samples;
use crate::formula::light::light;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// Each element above 0, and `alpha` times the element below. A list of slopes has one for each
    /// channel, which is axis 1.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[-1.0, -1.0], [3.0, -2.0]]));
    /// let y = x.prelu(&Tensor::from([0.5, 0.25]));
    /// assert_eq!(y.value(), Tensor::from([[-0.5, -0.25], [3.0, -0.5]]));
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast so.
    #[track_caller]
    pub fn prelu(self, alpha: impl Operand<'t, T>) -> Self {
        let mut alpha = alpha.on(self.tape());
        let rank = self.rank();
        if alpha.rank() == 1 && rank > 2 {
            let mut dims = vec![1; rank - 1];
            dims[0] = -1;
            alpha = alpha.reshape(&dims);
        }
        let [y] = self.tape().formula(Prelu {}, [self, alpha]);
        y
    }
}

light! {
    /// The formula of `prelu`.
    formula<2> Prelu {}, "prelu", in_lanes,
    |_, [x, a]| R::select_less(R::lit(0.0), x, x, a * x),
    partials |[x, a], _| {
        let zero = R::lit(0.0);
        [R::select_less(zero, x, R::lit(1.0), a), R::select_less(zero, x, zero, x)]
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let below = |x: f64, a: f64| if x > 0.0 { x } else { a * x };
    Samples::new("prelu")
        .case("a slope for each channel", &[&[2, 3, 2], &[3]], |x| vec![x[0].prelu(x[1])])
        .apart_from(0.0)
        .gives(move |x| {
            vec![Tensor::from_fn([2, 3, 2], |at| below(x[0][[at[0], at[1], at[2]]], x[1][[at[1]]]))]
        })
        .case("one slope", &[&[3, 4], &[]], |x| vec![x[0].prelu(x[1])])
        .case("as many as elements", &[&[5], &[5]], |x| vec![x[0].prelu(x[1])])
        .reference2(below)
        .bad(&[&[2, 3], &[2]], "prelu", |x| vec![x[0].prelu(x[1])])
}
