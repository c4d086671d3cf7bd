//! `max_pool`: the greatest element of each window.
//!
//! - shape: x\[…, n…\] → y\[…, k…\], a window for each place, over one, two or three of the last axes
//! - value: y_i = max x over window i; NaN if one is
//! - rule: x̄ is the sum over the windows of ȳ / m where x is the greatest of m equal elements, 0 elsewhere
//! - edges: smooth where each window has one greatest element; elements that tie share equally; padding holds
//!   nothing; the gradient of a window with NaN is NaN, but 0 where the cotangent is
//! - source: LeCun et al. 1998, Gradient-based learning applied to document recognition; the subgradient policy
//!   of this library

use std::sync::Arc;

use wengert_tensor::kernels::{self, Windows};
use wengert_tensor::{Float, Pool, Shape, ShapeError, Tensor, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::ops::products::conv::elements;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::record::var::Var;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<'t, T: Float> Var<'t, T> {
    /// The greatest element of each window along the last axis; NaN if one is. Elements that tie share the
    /// gradient.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::{Pool, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 4.0, 2.0, 3.0]));
    /// let y = x.max_pool1d(Pool::new(2));
    /// assert_eq!(y.value(), Tensor::from([4.0, 3.0]));
    /// assert_eq!(y.sum().backward().wrt(x).unwrap().to_vec(), [0.0, 1.0, 0.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If there are not so many axes, or the windows do not fit them.
    #[doc(alias = "adaptive_max_pool1d")]
    #[track_caller]
    pub fn max_pool1d(self, pool: impl Into<Pool>) -> Self {
        pooled("max_pool1d", 1, self, pool.into())
    }

    /// The greatest element of each window over the last two axes; NaN if one is. Elements that tie share
    /// the gradient.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::{Pool, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([[1.0, 4.0, 2.0], [3.0, 0.0, 5.0]]));
    /// let y = x.max_pool2d(Pool::new(2).stride(1));
    /// assert_eq!(y.value(), Tensor::from([[4.0, 5.0]]));
    /// ```
    ///
    /// # Panics
    /// If there are not so many axes, or the windows do not fit them.
    #[doc(alias = "adaptive_max_pool2d")]
    #[doc(alias = "reduce_window")]
    #[track_caller]
    pub fn max_pool2d(self, pool: impl Into<Pool>) -> Self {
        pooled("max_pool2d", 2, self, pool.into())
    }

    /// The greatest element of each window over the last three axes; NaN if one is. Elements that tie share
    /// the gradient.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Pool;
    /// let tape = Tape::<f64>::new();
    /// assert_eq!(tape.ones([5, 4, 4, 4]).max_pool3d(Pool::new(2)).shape(), [5, 2, 2, 2]);
    /// ```
    ///
    /// # Panics
    /// If there are not so many axes, or the windows do not fit them.
    #[doc(alias = "adaptive_max_pool3d")]
    #[track_caller]
    pub fn max_pool3d(self, pool: impl Into<Pool>) -> Self {
        pooled("max_pool3d", 3, self, pool.into())
    }
}

#[track_caller]
fn pooled<'t, T: Float>(op: &'static str, dims: usize, x: Var<'t, T>, pool: Pool) -> Var<'t, T> {
    let windows = or_panic(pool.windows(op, dims, &x.shape()));
    let op = MaxPool {
        shape: windows.shape,
        axes: Arc::new(windows.axes),
        face: Face::Greatest,
    };
    x.tape().apply(op, [x])
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Face {
    /// Of x: the greatest element of each window.
    Greatest,
    /// Of what is given to the windows, x and y: each number shared by the greatest elements.
    Shared,
    /// Of what is given to the elements, x and y: the mean over the greatest elements of each window.
    Mean,
}

/// The shape is that of the windows.
#[derive(Clone)]
struct MaxPool {
    shape: Shape,
    axes: Arc<[Windows; 3]>,
    face: Face,
}

impl MaxPool {
    /// Another face, linear in what is given, of this op's x and y.
    #[track_caller]
    fn linear<'t, T: Float>(
        &self,
        face: Face,
        given: Var<'t, T>,
        x: Var<'t, T>,
        y: Var<'t, T>,
    ) -> Var<'t, T> {
        let op = MaxPool {
            face,
            ..self.clone()
        };
        given.tape().apply(op, [given, x.detach(), y.detach()])
    }
}

impl<T: Float> Op<T> for MaxPool {
    compiled_here!(op MaxPool);

    fn name(&self) -> &'static str {
        match self.face {
            Face::Greatest => "max_pool",
            Face::Shared => "max_pool_shared",
            Face::Mean => "max_pool_mean",
        }
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        let shape = match self.face {
            Face::Shared => &inputs[1],
            _ => &self.shape,
        };
        Ok(Shapes::from_elem(shape.clone(), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let (given, out) = (elements(&inputs[0]), &mut *outputs[0]);
        if self.face == Face::Greatest {
            return kernels::max_windows(&self.axes, &given, out);
        }
        let [x, y] = [elements(&inputs[1]), elements(&inputs[2])];
        if self.face == Face::Shared {
            out.fill(T::ZERO);
            kernels::add_to_greatest(&self.axes, &given, &x, &y, out);
        } else {
            kernels::mean_at_greatest(&self.axes, &given, &x, &y, out);
        }
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let bar = rule.cotangent();
        rule.give(0, match self.face {
            Face::Greatest => self.linear(Face::Shared, bar, rule.x(0), rule.y(0)),
            Face::Shared => self.linear(Face::Mean, bar, rule.x(1), rule.x(2)),
            Face::Mean => self.linear(Face::Shared, bar, rule.x(1), rule.x(2)),
        });
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        if let Some(dot) = rule.x_dot(0) {
            rule.give(0, match self.face {
                Face::Greatest => self.linear(Face::Mean, dot, rule.x(0), rule.y(0)),
                face => self.linear(face, dot, rule.x(1), rule.x(2)),
            });
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    // The greatest of the elements of a plane that a window holds: size, stride and padding.
    let value = |x: &Tensor<f64>, y: &[usize], [size, stride, padding, dilation]: [usize; 4]| {
        let dims = y.len() - 1;
        let window = |at: &[usize]| {
            let mut best = f64::NEG_INFINITY;
            for place in plain::indices(&vec![size; dims]) {
                let mut from = vec![at[0] as isize];
                for axis in 0..dims {
                    let place = at[1 + axis] * stride + place[axis] * dilation;
                    from.push(place as isize - padding as isize);
                }
                if from[1..].iter().all(|&at| at >= 0) {
                    best = best.max(x.get(&from).unwrap_or(best));
                }
            }
            best
        };
        vec![Tensor::from_fn(y, window)]
    };
    Samples::new("max_pool")
        .case("one axis", &[&[2, 7]], |x| vec![x[0].max_pool1d(Pool::new(3).stride(2))])
        .gives(move |x| value(&x[0], &[2, 3], [3, 2, 0, 1]))
        .case("two axes, with padding", &[&[2, 4, 5]], |x| {
            vec![x[0].max_pool2d(Pool::new(3).stride(2).padding(1))]
        })
        .gives(move |x| value(&x[0], &[2, 2, 3], [3, 2, 1, 1]))
        .case("dilated, with a rest", &[&[1, 6, 7]], |x| {
            vec![x[0].max_pool2d(Pool::new(2).stride(3).dilation(3).ceil())]
        })
        .gives(move |x| value(&x[0], &[1, 2, 2], [2, 3, 0, 3]))
        .case("three axes", &[&[2, 2, 3, 2]], |x| vec![x[0].max_pool3d(Pool::new(2).stride(1))])
        .gives(move |x| value(&x[0], &[2, 1, 2, 1], [2, 1, 0, 1]))
        .case("so many windows", &[&[2, 5]], |x| vec![x[0].max_pool1d(Pool::adaptive(2))])
        .gives(move |x| value(&x[0], &[2, 2], [3, 2, 0, 1]))
        .case("no planes", &[&[0, 4]], |x| vec![x[0].max_pool1d(Pool::new(2))])
        .gives(|_| vec![Tensor::zeros([0, 2])])
        .bad(&[&[3, 4]], "max_pool2d: a window over 5 places is longer than 3 with the padding: axis 0 of [3, 4]", |x| {
            vec![x[0].max_pool2d(Pool::new(5))]
        })
        .bad(&[&[4]], "max_pool2d: [4] has no 2 axes to pool over", |x| {
            vec![x[0].max_pool2d(Pool::new(2))]
        })
        .bad(&[&[4]], "max_pool1d: a padding of 2 is more than half of a window over 2 places: axis 0 of [4]", |x| {
            vec![x[0].max_pool1d(Pool::new(2).padding(2))]
        })
}
