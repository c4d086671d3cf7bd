//! `lerp`: the point between two.
//!
//! - shape: x\[s\], y\[t\], w\[u\] → z\[all broadcast\]
//! - value: z = x + w (y − x), exact where w is 0 or 1
//! - rule: x̄ = z̄ (1 − w), ȳ = z̄ w, w̄ = z̄ (y − x)
//! - edges: all reals, smooth; w may lie outside \[0, 1\]
//! - source: elementary calculus

use wengert_tensor::Float;

use crate::check::{Samples, plain};
use crate::formula::light::light;
use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// The point between this and `end` at `weight`: this at 0, `end` at 1, both exactly.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.scalar(10.0).lerp(20.0, 0.25).item(), 12.5);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn lerp(self, end: impl Operand<'t, T>, weight: impl Operand<'t, T>) -> Self {
        let tape = self.tape();
        let [z] = tape.formula(Lerp {}, [self, end.on(tape), weight.on(tape)]);
        z
    }
}

light! {
    /// The formula of `lerp`.
    formula<3> Lerp {}, "lerp", in_lanes,
    |_, [x, y, w]| {
        let from_end = y - (R::lit(1.0) - w) * (y - x);
        R::select_less(w, R::lit(0.5), x + w * (y - x), from_end)
    },
    partials |[x, y, w], _| [R::lit(1.0) - w, w, y - x]
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::new("lerp")
        .case("alike", &[&[3, 4], &[3, 4], &[3, 4]], |x| vec![x[0].lerp(x[1], x[2])])
        .case("broadcast", &[&[3, 1], &[4], &[]], |x| vec![x[0].lerp(x[1], x[2])])
        .on(0.1, 0.9)
        .reference(|x| {
            let [x, y, w] = [0, 1, 2].map(|k| plain::expanded(&x[k], &[3, 4]));
            vec![x.zip_map(&w, |x, w| x * (1.0 - w)).zip_map(&y.zip_map(&w, |y, w| y * w), |a, b| a + b)]
        })
}
