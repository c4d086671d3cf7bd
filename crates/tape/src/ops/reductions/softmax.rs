//! `softmax`: exponentials divided by their sum along an axis.
//!
//! - shape: x\[s\] → y\[s\]
//! - value: y = eˣ / Σ eˣ along the axis, without overflow
//! - rule: x̄ = y (ȳ − Σ y ȳ)
//! - edges: everywhere smooth; elements −∞ are masked: y is 0 there with gradient 0; so it is
//!   throughout where all are masked; elements +∞ share equally, and the others are 0; a row whose
//!   cotangents are all 0 has gradient 0, also where it is NaN
//! - source: Bridle 1990, Probabilistic interpretation of feedforward classification network outputs

use wengert_tensor::kernels::{softmax, softmax_pullback};
use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};

use super::amax::shares;
use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::walk::direct::Direct;
use crate::record::attributes::AxisSet;
use crate::record::node::{ALIAS, List, NEEDS};
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// eˣ / Σ eˣ along `axis`: numbers from 0 to 1 with sum 1. Off by at most 2 units in the last place,
    /// and by the distance from the greatest logit more, since that distance is rounded; so is
    /// the gradient, also where a probability rounds to 1.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([7.0, 7.0, f64::NEG_INFINITY]));
    /// assert_eq!(x.softmax(-1).value().to_vec(), [0.5, 0.5, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn softmax(self, axis: isize) -> Self {
        let at = or_panic(self.shape().axis("softmax", axis));
        self.tape().apply(Softmax { axis: at }, [self])
    }
}

#[derive(Clone, Copy)]
struct Softmax {
    axis: usize,
}

impl Softmax {
    /// y (z − Σ y z): the derivative is its own transpose.
    #[track_caller]
    fn derivative<'t, T: Float>(self, y: Var<'t, T>, z: Var<'t, T>) -> Var<'t, T> {
        let y = alive(y, z, self.axis);
        let z = from_greatest(z, y, self.axis);
        y * (z - (y * z).sum_axes(&[self.axis as isize], true))
    }
}

impl<T: Float> Op<T> for Softmax {
    compiled_here!(op Softmax);

    fn name(&self) -> &'static str {
        "softmax"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        inputs[0].axis("softmax", self.axis as isize)?;
        Ok(Shapes::from_elem(inputs[0].clone(), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        softmax(&inputs[0], self.axis, outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        rule.give(0, self.derivative(rule.y(0), rule.cotangent()));
    }
    fn direct(&self, direct: &mut Direct<'_, T>) -> bool {
        in_place(direct, |y, shape, bar| {
            softmax_pullback(shape, self.axis, y, bar);
        })
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(x_dot) = rule.x_dot(0) {
            rule.give(0, self.derivative(rule.y(0), x_dot));
        }
    }
}

/// `p`, and zeros in the rows along `axis` that are NaN and beside which all of `z` is 0, so that every
/// product with them is 0, in every order.
#[track_caller]
pub(in crate::ops) fn alive<'t, T: Float>(p: Var<'t, T>, z: Var<'t, T>, axis: usize) -> Var<'t, T> {
    if !p.any(T::is_nan) {
        return p;
    }
    let [zero, one] = [0.0, 1.0].map(|value| p.tape().scalar(value));
    let sum = |x: Var<'t, T>| x.detach().sum_axes(&[axis as isize], true);
    // Only NaN differs from itself.
    let p_sum = sum(p);
    let count = Var::select_equal(p_sum, p_sum, one, sum(z.detach().abs()));
    Var::select_equal(count, zero, zero, p)
}

/// `z`, less that of the greatest `p` along `axis` if a p is nearly 1. What is subtracted from all of a
/// row comes to nothing beside probabilities; what p rounded away is multiplied by 0 then.
#[track_caller]
pub(in crate::ops) fn from_greatest<'t, T: Float>(
    z: Var<'t, T>,
    p: Var<'t, T>,
    axis: usize,
) -> Var<'t, T> {
    if !p.any(|p| p.to_f64() > 0.9) {
        return z;
    }
    let greatest = p.detach().amax(&[axis as isize], true);
    let shares = shares(p, greatest, AxisSet::of(&[axis]));
    z - Var::absorb(shares, z).sum_axes(&[axis as isize], true)
}

/// Turns the cotangent of the only output into that of the only input, of the same shape, in its
/// own buffer. `pull` gets the output's value and the cotangent.
pub(in crate::ops) fn in_place<T: Float>(
    direct: &mut Direct<'_, T>,
    pull: impl FnOnce(&[T], &Shape, &mut [T]),
) -> bool {
    let (list, flow, id): (&List<T>, _, _) = (direct.list, &mut *direct.flow, direct.id);
    let Some(mut bar) = flow.bars[id as usize].take() else {
        return true;
    };
    let shape = list.shape(id);
    pull(&list.storage(id)[..bar.len()], &shape, &mut bar);
    let input = list.inputs(id)[0];
    let flags = list.nodes[input as usize].flags;
    if flags & (NEEDS | ALIAS) == NEEDS && flow.bars[input as usize].is_none() {
        flow.bars[input as usize] = Some(bar);
    } else {
        flow.accumulate(list, input, &View::contiguous(&bar, shape));
        flow.pool.give(bar);
    }
    true
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    let value = |x: &Tensor<f64>, axis| {
        plain::along(x, axis, |line| {
            let most = line.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = line.iter().map(|x| (x - most).exp()).sum();
            line.iter().map(|x| (x - most).exp() / sum).collect()
        })
    };
    Samples::new("softmax")
        .case("inner", &[&[3, 4]], |x| vec![x[0].softmax(-1)])
        .gives(move |x| vec![value(&x[0], 1)])
        .case("outer", &[&[3, 4]], |x| vec![x[0].softmax(0)])
        .gives(move |x| vec![value(&x[0], 0)])
        .case("middle", &[&[2, 3, 5]], |x| vec![x[0].softmax(1)])
        .gives(move |x| vec![value(&x[0], 1)])
        .case("wide", &[&[2, 37]], |x| {
            vec![x[0].softmax(1), x[0].softmax(0)]
        })
        .gives(move |x| vec![value(&x[0], 1), value(&x[0], 0)])
        .case("of a slice", &[&[3, 6]], |x| {
            vec![x[0].slice(1, 1..4).t().softmax(0)]
        })
        .gives(move |x| {
            let part = plain::permuted(&plain::sliced(&x[0], 1, 1, 3, 1), &[1, 0]);
            vec![value(&part, 0)]
        })
        .case("one", &[&[3, 1]], |x| vec![x[0].softmax(1)])
        .gives(move |x| vec![value(&x[0], 1)])
        .case("no rows", &[&[0, 3]], |x| {
            vec![x[0].softmax(1), x[0].softmax(0)]
        })
        .gives(move |x| vec![value(&x[0], 1), value(&x[0], 0)])
        .case("large", &[&[2, 3]], |x| vec![(x[0] * 300.0).softmax(1)])
        .gives(move |x| vec![value(&x[0].map(|x| x * 300.0), 1)])
        .bad(
            &[&[2, 3]],
            "softmax: axis 2 is out of range for the shape [2, 3]",
            |x| vec![x[0].softmax(2)],
        )
}
