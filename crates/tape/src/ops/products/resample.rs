//! `resample`: sums along an axis with fixed weights, few for each result; means of windows and interpolation.
//!
//! - shape: x\[…, n, …\] → y\[…, m, …\]
//! - value: y_i = Σ_j w_ij x_j along the axis, with a constant sparse matrix w
//! - rule: x̄_j = Σ_i w_ij ȳ_i, the same with the transposed matrix
//! - edges: everywhere smooth; an element of weight 0 is not read, so that an infinity beside the place that is
//!   asked for does no harm
//! - source: a product with a constant matrix

use std::sync::Arc;

use wengert_tensor::kernels::product::{Taps, tap};
use wengert_tensor::{Float, Pool, Shape, ShapeError, Tensor, View};

use super::conv::elements;
use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::record::op::{Op, Shapes};
use crate::record::var::Var;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<'t, T: Float> Var<'t, T> {
    /// The sums along an axis that a sparse matrix says.
    #[track_caller]
    pub(crate) fn resampled(self, axis: usize, taps: Taps) -> Self {
        let back = Arc::new(taps.transposed());
        let taps = Arc::new(taps);
        self.tape().apply(Resample { axis, taps, back }, [self])
    }
}

#[derive(Clone)]
struct Resample {
    axis: usize,
    taps: Arc<Taps>,
    /// The transposed matrix.
    back: Arc<Taps>,
}

impl<T: Float> Op<T> for Resample {
    compiled_here!(op Resample);

    fn name(&self) -> &'static str {
        "resample"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        let mut shape = inputs[0].clone();
        shape.dims_mut()[self.axis] = self.taps.outputs();
        Ok(Shapes::from_elem(shape, 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let inner = inputs[0].shape()[self.axis + 1..].iter().product();
        tap(&self.taps, inner, &elements(&inputs[0]), outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let (axis, taps, back) = (self.axis, self.back.clone(), self.taps.clone());
        let bar = rule.cotangent();
        rule.give(0, bar.tape().apply(Resample { axis, taps, back }, [bar]));
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(dot) = rule.x_dot(0) {
            rule.give(0, dot.tape().apply(self.clone(), [dot]));
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    Samples::new("resample")
        .case("means along the last axis", &[&[2, 7]], |x| {
            vec![x[0].avg_pool1d(Pool::new(3).stride(2))]
        })
        .gives(|x| {
            let mean = |at: &[usize]| (0..3).map(|k| x[0][[at[0], 2 * at[1] + k]]).sum::<f64>() / 3.0;
            vec![Tensor::from_fn([2, 3], mean)]
        })
        .case("means over two axes", &[&[1, 3, 4, 4]], |x| {
            vec![x[0].avg_pool2d(Pool::new(2).stride(2).padding(1).without_padding())]
        })
        .gives(|x| {
            vec![Tensor::from_fn([1, 3, 3, 3], |at| {
                let held = |place: usize| (2 * place).saturating_sub(1)..(2 * place + 1).min(4);
                let mut terms = Vec::new();
                for i in held(at[2]) {
                    terms.extend(held(at[3]).map(|j| x[0][[0, at[1], i, j]]));
                }
                terms.iter().sum::<f64>() / terms.len() as f64
            })]
        })
        .case("repeated", &[&[3, 2]], |x| {
            let taps = Taps::new(3, (0..6).map(|row| [(row / 2, 1.0)]));
            vec![x[0].resampled(0, taps) * 2.0]
        })
        .gives(|x| vec![plain::pick(&x[0].map(|x| 2.0 * x), &[6, 2], |at| vec![at[0] / 2, at[1]])])
        .case("of a transpose", &[&[4, 3]], |x| {
            let taps = Taps::new(3, [vec![(0, 0.5), (2, -2.0)], vec![], vec![(1, 3.0), (1, 1.0)]]);
            vec![x[0].t().resampled(0, taps)]
        })
        .gives(|x| {
            vec![Tensor::from_fn([3, 4], |at| match at[0] {
                0 => 0.5 * x[0][[at[1], 0]] - 2.0 * x[0][[at[1], 2]],
                1 => 0.0,
                _ => 4.0 * x[0][[at[1], 1]],
            })]
        })
        .case("nothing", &[&[0, 4]], |x| vec![x[0].avg_pool1d(Pool::new(2))])
        .gives(|_| vec![Tensor::zeros([0, 2])])
}
