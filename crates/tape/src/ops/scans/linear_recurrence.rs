//! `linear_recurrence`: a linear recurrence along an axis.
//!
//! - shape: a\[s\], x\[s\] → h\[s\]
//! - value: h_t = a_t h_(t−1) + x_t along the axis, where h before the first is 0
//! - rule: x̄_t = h̄_t + a_(t+1) x̄_(t+1), the recurrence in the other direction, and ā_t = x̄_t h_(t−1)
//! - edges: everywhere smooth; a state or a cotangent of exactly 0 stays 0 in the derivatives, whatever the
//!   factor; what is not finite stays so to the end of its line
//! - source: Martin and Cundy 2018, Parallelizing Linear Recurrent Neural Nets over Sequence Length

use wengert_tensor::kernels::{self, Recurrence};
use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::record::var::{Operand, Var};
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<'t, T: Float> Var<'t, T> {
    /// h_t = a_t h_(t−1) + x_t along `axis`, where h before the first is 0: a leaky sum, a discounted return,
    /// the state of a linear recurrent layer, and all of it one node. The factors a stretch to the shape.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 1.0, 1.0]));
    /// let h = x.linear_recurrence(0.5, 0);
    /// assert_eq!(h.value(), Tensor::from([1.0, 1.5, 1.75]));
    /// assert_eq!(h.sum().backward().wrt(x).unwrap(), Tensor::from([1.75, 1.5, 1.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, or the factors do not stretch to the shape.
    #[doc(alias = "associative_scan")]
    #[doc(alias = "lfilter")]
    #[track_caller]
    pub fn linear_recurrence(self, factors: impl Operand<'t, T>, axis: isize) -> Self {
        let shape = self.shape();
        let axis = or_panic(shape.axis("linear_recurrence", axis));
        let a = factors.on(self.tape()).expand(&shape);
        let how = Recurrence {
            reverse: false,
            late: false,
            absorb: false,
        };
        recurrence(a, self, axis, how)
    }
}

#[track_caller]
pub(in crate::ops) fn recurrence<'t, T: Float>(
    a: Var<'t, T>,
    b: Var<'t, T>,
    axis: usize,
    how: Recurrence,
) -> Var<'t, T> {
    a.tape().apply(LinearRecurrence { axis, how }, [a, b])
}

/// What is added up on the way back: x̄_t = h̄_t + a_(t+1) x̄_(t+1).
#[track_caller]
pub(in crate::ops) fn pulled<'t, T: Float>(
    a: Var<'t, T>,
    h_bar: Var<'t, T>,
    axis: usize,
    reverse: bool,
) -> Var<'t, T> {
    let how = Recurrence {
        reverse: !reverse,
        late: true,
        absorb: true,
    };
    recurrence(a, h_bar, axis, how)
}

/// How a tangent goes on: ḣ_t = a_t ḣ_(t−1) + ẋ_t.
#[track_caller]
pub(in crate::ops) fn pushed<'t, T: Float>(
    a: Var<'t, T>,
    x_dot: Var<'t, T>,
    axis: usize,
    reverse: bool,
) -> Var<'t, T> {
    let how = Recurrence {
        reverse,
        late: false,
        absorb: true,
    };
    recurrence(a, x_dot, axis, how)
}

/// Each element's neighbor before it along the axis, or behind it if `back` is set; `fill` where there is none.
#[track_caller]
pub(in crate::ops) fn neighbors<T: Float>(
    x: Var<'_, T>,
    axis: usize,
    back: bool,
    fill: f64,
) -> Var<'_, T> {
    let mut border = x.shape();
    let len = border[axis];
    if len == 0 {
        return x;
    }
    border.dims_mut()[axis] = 1;
    let border = x.tape().scalar(fill).expand(border);
    let axis = axis as isize;
    match back {
        false => Var::cat(&[border, x.slice(axis, ..len - 1)], axis),
        true => Var::cat(&[x.slice(axis, 1..), border], axis),
    }
}

/// The recurrence of b by the factors a.
#[derive(Clone, Copy)]
struct LinearRecurrence {
    axis: usize,
    how: Recurrence,
}

impl LinearRecurrence {
    /// What stands before each element on the way, 0 before the first.
    #[track_caller]
    fn before<T: Float>(self, x: Var<'_, T>) -> Var<'_, T> {
        neighbors(x, self.axis, self.how.reverse, 0.0)
    }

    /// What stands behind each element on the way, 0 behind the last.
    #[track_caller]
    fn behind<T: Float>(self, x: Var<'_, T>) -> Var<'_, T> {
        neighbors(x, self.axis, !self.how.reverse, 0.0)
    }
}

impl<T: Float> Op<T> for LinearRecurrence {
    compiled_here!(op LinearRecurrence);

    fn name(&self) -> &'static str {
        "linear_recurrence"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(inputs[1].clone(), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        kernels::recurrence(&inputs[0], &inputs[1], self.axis, self.how, outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let (axis, how) = (self.axis, self.how);
        let back = Recurrence {
            reverse: !how.reverse,
            late: !how.late,
            absorb: true,
        };
        let b_bar = recurrence(rule.x(0), rule.cotangent(), axis, back);
        if rule.needs(0) {
            let (bar, h) = match how.late {
                false => (b_bar, self.before(rule.y(0))),
                true => (self.behind(b_bar), rule.y(0)),
            };
            // Where h is a cotangent, it is h whose 0 stays 0.
            let a_bar = if how.absorb { Var::absorb(h, bar) } else { Var::absorb(bar, h) };
            rule.give(0, a_bar);
        }
        rule.give(1, b_bar);
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        let of_a = rule.x_dot(0).map(|a_dot| match self.how.late {
            false => Var::absorb(a_dot, self.before(rule.y(0))),
            true => self.before(Var::absorb(a_dot, rule.y(0))),
        });
        let dots = [of_a, rule.x_dot(1)].into_iter().flatten();
        if let Some(dot) = dots.reduce(|a, b| a + b) {
            let how = Recurrence {
                absorb: true,
                ..self.how
            };
            rule.give(0, recurrence(rule.x(0), dot, self.axis, how));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    // Each element with all before it, by the product of the factors between.
    let value = |a: &Tensor<f64>, x: &Tensor<f64>, axis: usize| {
        vec![Tensor::from_fn(x.shape(), |at| {
            let on_line = |k: usize| {
                let mut at = at.to_vec();
                at[axis] = k;
                at
            };
            let part = |from: usize| {
                let factors = (from + 1..=at[axis]).map(|k| plain::at(a, &on_line(k)));
                plain::at(x, &on_line(from)) * factors.product::<f64>()
            };
            (0..=at[axis]).map(part).sum()
        })]
    };
    let how = |reverse, late| Recurrence {
        reverse,
        late,
        absorb: true,
    };
    let flipped = |x: &Tensor<f64>| plain::along(x, 1, |line| line.iter().rev().copied().collect());
    // With each factor one place further, as the recurrence without `late` wants it.
    let moved = |x: &Tensor<f64>| {
        plain::along(x, 1, |line| [&[0.0][..], &line[..line.len() - 1]].concat())
    };
    Samples::new("linear_recurrence")
        .case("a line", &[&[5], &[5]], |x| vec![x[1].linear_recurrence(x[0], 0)])
        .gives(move |x| value(&x[0], &x[1], 0))
        .case("inner", &[&[3, 4], &[3, 4]], |x| vec![x[1].linear_recurrence(x[0], -1)])
        .gives(move |x| value(&x[0], &x[1], 1))
        .case("outer, wide", &[&[3, 10], &[3, 10]], |x| vec![x[1].linear_recurrence(x[0], 0)])
        .gives(move |x| value(&x[0], &x[1], 0))
        .case("stretched factors", &[&[3, 1], &[2, 3, 2]], |x| {
            vec![x[1].linear_recurrence(x[0], 1)]
        })
        .gives(move |x| value(&plain::expanded(&x[0], &[2, 3, 2]), &x[1], 1))
        .case("a number", &[&[4]], |x| vec![x[0].linear_recurrence(0.5, 0)])
        .gives(move |x| value(&Tensor::full([4], 0.5), &x[0], 0))
        .case("from the end", &[&[2, 4], &[2, 4]], move |x| {
            vec![recurrence(x[0], x[1], 1, how(true, false))]
        })
        .gives(move |x| vec![flipped(&value(&flipped(&x[0]), &flipped(&x[1]), 1)[0])])
        .case("factors of the element before", &[&[2, 4], &[2, 4]], move |x| {
            vec![recurrence(x[0], x[1], 1, how(false, true))]
        })
        .gives(move |x| value(&moved(&x[0]), &x[1], 1))
        .case("both", &[&[2, 4], &[2, 4]], move |x| {
            vec![recurrence(x[0], x[1], 1, how(true, true))]
        })
        .gives(move |x| {
            vec![flipped(&value(&moved(&flipped(&x[0])), &flipped(&x[1]), 1)[0])]
        })
        .case("nothing", &[&[2, 0], &[2, 0]], |x| vec![x[1].linear_recurrence(x[0], 1)])
        .gives(|x| vec![x[1].clone()])
        .bad(&[&[2]], "linear_recurrence: axis 1 is out of range for the shape [2]", |x| {
            vec![x[0].linear_recurrence(1.0, 1)]
        })
        .bad(&[&[3], &[2]], "expand: [3] does not stretch to [2]", |x| {
            vec![x[1].linear_recurrence(x[0], 0)]
        })
}
