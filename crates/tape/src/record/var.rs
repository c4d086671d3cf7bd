//! The handle of a value on a tape.

use std::fmt;

use wengert_tensor::{Float, Shape, Tensor, compile_here};

use crate::record::node::{Id, NEEDS};
use crate::record::recording::{Recorder, or_panic};
use crate::record::tape::{Inner, Tape};

/// A value on a tape. It is `Copy`, 16 bytes, and every operation on it is recorded.
///
/// Operands of the operators are variables, `&Tensor` (a constant) and `f64` literals, on either
/// side, for every element type.
///
/// ```
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f32>::new();
/// let x = tape.leaf(&Tensor::from([0.0f32, 1.0]));
/// let y = 1.0 - 2.0 * x.tanh() / &Tensor::from([1.0f32, 2.0]);
/// assert_eq!(y.shape(), [2]);
/// ```
pub struct Var<'t, T: Float = f32> {
    tape: &'t Tape<T>,
    id: Id,
    epoch: u32,
}

impl<T: Float> Clone for Var<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: Float> Copy for Var<'_, T> {}

impl<'t, T: Float> Var<'t, T> {
    #[inline]
    pub(crate) fn new(tape: &'t Tape<T>, id: Id, epoch: u32) -> Self {
        Var { tape, id, epoch }
    }

    /// The tape that it is on.
    #[inline]
    pub fn tape(self) -> &'t Tape<T> {
        self.tape
    }

    #[inline]
    pub(crate) fn id(self) -> Id {
        self.id
    }

    /// Checks that this variable is alive on the tape `inner` of `tape`.
    // Called, it would have the variable go through memory, and wait for it there.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn check(self, tape: &Tape<T>, inner: &Inner<T>) -> Id {
        if !std::ptr::eq(self.tape, tape) {
            mixed();
        }
        if self.epoch != inner.epoch {
            self.check_outer(inner);
        }
        self.id
    }

    /// Whether this variable was made in a scope that is still open.
    #[inline]
    pub(crate) fn is_alive(self, inner: &Inner<T>) -> bool {
        inner.is_open(self.epoch)
    }

    /// What is wrong with this variable on the tape `inner` of `tape`, if anything is.
    pub(crate) fn fault(self, tape: &Tape<T>, inner: &Inner<T>) -> Option<&'static str> {
        match std::ptr::eq(self.tape, tape) {
            false => Some("belongs to another tape"),
            true if !self.is_alive(inner) => Some("was made in a scope that has ended"),
            true => None,
        }
    }

    /// Checks that this variable was made in a scope around the innermost.
    #[inline(never)]
    #[track_caller]
    fn check_outer(self, inner: &Inner<T>) {
        if !self.is_alive(inner) {
            stale();
        }
    }

    /// The node's number, checked.
    #[track_caller]
    pub(crate) fn checked(self) -> Id {
        self.check(self.tape, &self.tape.inner.borrow())
    }

    /// The shape.
    ///
    /// # Panics
    /// If the variable was made in a scope that has ended.
    #[track_caller]
    pub fn shape(self) -> Shape {
        let inner = self.tape.inner.borrow();
        shape_of(&inner, self.check(self.tape, &inner))
    }

    /// The number of axes.
    #[track_caller]
    pub fn rank(self) -> usize {
        let inner = self.tape.inner.borrow();
        inner.list.nodes[self.check(self.tape, &inner) as usize].rank as usize
    }

    /// The length of an axis; −1 is the innermost.
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn dim(self, axis: isize) -> usize {
        let shape = self.shape();
        let at = or_panic(shape.axis("dim", axis));
        shape[at]
    }

    /// The number of elements.
    #[track_caller]
    pub fn size(self) -> usize {
        self.shape().size()
    }

    /// A copy of the value.
    #[track_caller]
    pub fn value(self) -> Tensor<T> {
        let inner = self.tape.inner.borrow();
        value_of(&inner, self.check(self.tape, &inner))
    }

    /// The only element.
    ///
    /// # Panics
    /// If there is not exactly one.
    #[track_caller]
    pub fn item(self) -> T {
        let inner = self.tape.inner.borrow();
        let id = self.check(self.tape, &inner);
        if inner.list.nodes[id as usize].size != 1 {
            let shape = inner.list.shape(id);
            drop(inner);
            panic!("item: a value of shape {shape} has not exactly one element");
        }
        number_of(&inner, id)
    }

    /// Whether an element is so.
    #[track_caller]
    pub(crate) fn any(self, is: fn(T) -> bool) -> bool {
        let inner = self.tape.inner.borrow();
        any_of(&inner, self.check(self.tape, &inner), is)
    }

    /// Whether a gradient flows into it.
    #[track_caller]
    pub fn needs_grad(self) -> bool {
        let inner = self.tape.inner.borrow();
        inner.list.nodes[self.check(self.tape, &inner) as usize].flags & NEEDS != 0
    }

    /// The same value, which no gradient flows through.
    #[track_caller]
    pub fn detach(self) -> Self {
        let location = std::panic::Location::caller();
        let inner = &mut *self.tape.inner.borrow_mut();
        let id = self.check(self.tape, inner);
        inner.assert_room("detach");
        let id = detach(Recorder { inner, location }, id);
        Var::new(self.tape, id, inner.epoch)
    }
}

compile_here! {
    fn shape_of<T>(inner: &Inner<T>, id: Id) -> Shape {
        inner.list.shape(id)
    }

    fn value_of<T>(inner: &Inner<T>, id: Id) -> Tensor<T> {
        inner.view(id).to_tensor()
    }

    fn any_of<T>(inner: &Inner<T>, id: Id, is: fn(T) -> bool) -> bool {
        let view = inner.list.view(id);
        match view.as_slice() {
            Some(slice) => slice.iter().any(|&x| is(x)),
            None => view.iter().any(is),
        }
    }

    fn number_of<T>(inner: &Inner<T>, id: Id) -> T {
        let at = inner.list.layout(id).offset();
        inner.list.storage(id)[at]
    }

    fn detach<T>(recorder: Recorder<'_, T>, id: Id) -> Id {
        let Recorder { inner, location } = recorder;
        let origin = inner.origin(location);
        let place = inner.list.nodes[id as usize].place;
        inner.list.push_leaf(inner.list.layout(id), place, 0, origin)
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn mixed() -> ! {
    panic!("variables of different tapes meet in one operation")
}

#[cold]
#[inline(never)]
#[track_caller]
fn stale() -> ! {
    panic!("a variable is used after the scope that it was made in has ended")
}

impl<T: Float> fmt::Debug for Var<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Var {} {:?}", self.id, self.value())
    }
}

/// What can stand beside a variable: a variable, a `&Tensor`, or an `f64` literal.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand beside a `Var<{T}>`",
    label = "not an operand",
    note = "operands are `Var<{T}>`, `&Tensor<{T}>` and `f64` literals such as `2.0`"
)]
pub trait Operand<'t, T: Float>: Copy {
    /// The operand as a variable of `tape`; a tensor or a number becomes a constant.
    #[track_caller]
    fn on(self, tape: &'t Tape<T>) -> Var<'t, T>;

    /// The number, if it is one: ops then keep it as an attribute.
    fn literal(self) -> Option<f64> {
        None
    }
}

impl<'t, T: Float> Operand<'t, T> for Var<'t, T> {
    #[inline]
    fn on(self, _: &'t Tape<T>) -> Var<'t, T> {
        self
    }
}

impl<'t, T: Float> Operand<'t, T> for &Tensor<T> {
    #[track_caller]
    fn on(self, tape: &'t Tape<T>) -> Var<'t, T> {
        tape.constant(self)
    }
}

impl<'t, T: Float> Operand<'t, T> for f64 {
    #[track_caller]
    fn on(self, tape: &'t Tape<T>) -> Var<'t, T> {
        tape.scalar(self)
    }
    #[inline]
    fn literal(self) -> Option<f64> {
        Some(self)
    }
}
