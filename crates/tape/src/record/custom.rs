//! Ops by closures, for those who need no type of their own.

use std::sync::{Arc, Mutex, PoisonError};

use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};

use crate::record::op::{Op, Shapes};
use crate::record::tape::Tape;
use crate::record::var::Var;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

type Forward<T> = dyn Fn(&[View<'_, T>]) -> Tensor<T> + Send + Sync;
type Backward<T> = dyn Fn(&Reverse<'_, '_, T>) + Send + Sync;
type Along<T> = dyn Fn(&Tangent<'_, '_, T>) + Send + Sync;

/// An op by closures: the value, the reverse rule, and the forward-mode rule if there is one.
///
/// It is recorded with [`Tape::custom`], as often as one likes. The rules are written with ordinary
/// ops on variables, as those of an [`Op`] are, and hold for derivatives of any order. An op with
/// attributes, several outputs or a shape rule of its own implements [`Op`] instead.
///
/// ```
/// use wengert_tape::{Custom, Tape};
/// use wengert_tensor::Tensor;
///
/// /// y = x³
/// let cube = Custom::<f64>::new(
///     "cube",
///     |x| x[0].to_tensor().map(|x| x * x * x),
///     |rule| rule.give(0, rule.cotangent() * rule.x(0) * rule.x(0) * 3.0),
/// );
///
/// let tape = Tape::new();
/// let x = tape.leaf(&Tensor::scalar(2.0));
/// let y = tape.custom(&cube, &[x]);
/// assert_eq!(y.item(), 8.0);
/// let [slope] = tape.grad(y, [x]);
/// let [curvature] = tape.grad(slope, [x]);
/// assert_eq!((slope.item(), curvature.item()), (12.0, 12.0));
/// ```
pub struct Custom<T: Float = f32> {
    name: &'static str,
    forward: Arc<Forward<T>>,
    reverse: Arc<Backward<T>>,
    tangent: Option<Arc<Along<T>>>,
}

impl<T: Float> Clone for Custom<T> {
    fn clone(&self) -> Self {
        Custom {
            name: self.name,
            forward: self.forward.clone(),
            reverse: self.reverse.clone(),
            tangent: self.tangent.clone(),
        }
    }
}

impl<T: Float> Custom<T> {
    /// An op with the value `forward`, which also decides on the shape, and the reverse rule
    /// `reverse`, which gives every input its share of the cotangent (see [`Reverse`]).
    pub fn new(
        name: &'static str,
        forward: impl Fn(&[View<'_, T>]) -> Tensor<T> + Send + Sync + 'static,
        reverse: impl Fn(&Reverse<'_, '_, T>) + Send + Sync + 'static,
    ) -> Self {
        Custom {
            name,
            forward: Arc::new(forward),
            reverse: Arc::new(reverse),
            tangent: None,
        }
    }

    /// The same op with a forward-mode rule (see [`Tangent`]). Without one, forward mode through
    /// this op panics.
    ///
    /// ```
    /// use wengert_tape::{Custom, Tape};
    /// use wengert_tensor::Tensor;
    /// let double = Custom::<f64>::new(
    ///     "double",
    ///     |x| x[0].to_tensor().map(|x| x + x),
    ///     |rule| rule.give(0, rule.cotangent() * 2.0),
    /// )
    /// .tangent(|rule| {
    ///     if let Some(x_dot) = rule.x_dot(0) {
    ///         rule.give(0, x_dot * 2.0);
    ///     }
    /// });
    /// let (x, x_dot) = (Tensor::scalar(3.0), Tensor::scalar(1.0));
    /// let (y, y_dot) = Tape::new().jvp(&x, &x_dot, |tape, x| tape.custom(&double, &[x]));
    /// assert_eq!((y.item(), y_dot.item()), (6.0, 2.0));
    /// ```
    pub fn tangent(self, rule: impl Fn(&Tangent<'_, '_, T>) + Send + Sync + 'static) -> Self {
        Custom {
            tangent: Some(Arc::new(rule)),
            ..self
        }
    }
}

impl<T: Float> Tape<T> {
    /// Records an op by closures. The result has the shape of the tensor that its `forward` returns.
    ///
    /// # Panics
    /// If an input belongs to another tape or is stale, the tape is full, or `forward` panics or
    /// uses this tape. The tape is then as it was.
    #[track_caller]
    pub fn custom<'t>(&'t self, op: &Custom<T>, inputs: &[Var<'t, T>]) -> Var<'t, T> {
        let value = {
            let inner = self.inner.borrow_for(op.name);
            let mut views = Vec::with_capacity(inputs.len());
            for x in inputs {
                views.push(inner.view(x.check(self, &inner)));
            }
            (op.forward)(&views)
        };
        let op = Recorded {
            op: op.clone(),
            shape: value.shape().clone(),
            value: Mutex::new(Some(value)),
        };
        self.record(op, inputs, true)[0]
    }
}

/// An op by closures on a tape.
struct Recorded<T: Float> {
    op: Custom<T>,
    shape: Shape,
    /// The value that decided on the shape, until it is written down.
    value: Mutex<Option<Tensor<T>>>,
}

impl<T: Float> Op<T> for Recorded<T> {
    fn name(&self) -> &'static str {
        self.op.name
    }
    fn shapes(&self, _: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(self.shape.clone(), 1))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let waiting = self
            .value
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let value = waiting.unwrap_or_else(|| (self.op.forward)(inputs));
        wengert_tensor::kernels::copy(&value.view(), outputs[0]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        (self.op.reverse)(rule);
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        match &self.op.tangent {
            Some(along) => along(rule),
            None => panic!(
                "the custom op `{}` has no forward-mode rule: give it one with `Custom::tangent`",
                self.op.name
            ),
        }
    }
}
