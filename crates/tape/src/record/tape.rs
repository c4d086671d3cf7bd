//! The tape: it records what is computed, and forgets it at a reset.

use std::panic::Location;

use wengert_tensor::{Float, Rng, Shape, Tensor, View, compile_here};

use crate::grad::ledger::Bin;
use crate::model::bind::{Binding, BindingMark};
use crate::record::guarded::Guarded;
use crate::record::names::Names;
use crate::record::node::{Id, Limit, List, Mark, NEEDS, NONE, Origin, Place, admit};
use crate::record::op::Op;
use crate::record::parts::PartRecord;
use crate::record::recording::{Recorder, Spare, or_panic, refuse_full, refused};
use crate::record::var::{Operand, Var};
use crate::walk::cotangents::Flow;
use crate::walk::planted_fault::Planted;

/// A define-by-run tape: operations on its variables are recorded, and differentiated backwards.
///
/// A tape belongs to one thread at a time (it is `Send` and not `Sync`); any number of tapes work
/// side by side. Its memory is used again after [`reset`](Tape::reset).
///
/// ```
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let tape = Tape::<f64>::new();
/// let x = tape.leaf(&Tensor::from([1.0, 2.0, 3.0]));
/// let y = (x * x).sum();
/// assert_eq!(y.item(), 14.0);
/// assert_eq!(y.backward().wrt(x).unwrap().to_vec(), [2.0, 4.0, 6.0]);
/// ```
///
/// A variable does not outlive a reset:
/// ```compile_fail,E0502
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
/// let mut tape = Tape::<f32>::new();
/// let x = tape.leaf(&Tensor::scalar(1.0));
/// tape.reset();
/// x.tanh();
/// ```
/// and a tape is not shared between threads:
/// ```compile_fail,E0277
/// use wengert_tape::Tape;
/// let tape = Tape::<f32>::new();
/// std::thread::scope(|s| { s.spawn(|| tape.stats()); });
/// ```
pub struct Tape<T: Float = f32> {
    pub(crate) inner: Guarded<Inner<T>>,
}

/// The whole state of a tape.
pub(crate) struct Inner<T: Float> {
    pub list: List<T>,
    pub flow: Flow<T>,
    pub binding: Binding<T>,
    /// Whether gradients flow through what is recorded.
    pub recording: bool,
    /// The mode that the user has set, in every face.
    pub training: Option<bool>,
    /// Whether a step of training is running, which trains where the user has set no mode.
    pub in_step: bool,
    /// The nodes whose rules run now, the innermost last, and their ops' names.
    pub running: Vec<(Id, &'static str)>,
    /// The generator; `None` while it is lent to a closure.
    pub rng: Option<Rng>,
    /// The epoch of the innermost scope, and of those around it. No two scopes between two resets
    /// have the same.
    pub epoch: u32,
    pub outer_epochs: Vec<u32>,
    /// How many nodes there were when each of the open scopes began.
    pub scope_starts: Vec<Id>,
    pub last_epoch: u32,
    /// The last epoch that there can be.
    pub epoch_limit: u32,
    /// Names given with `named`.
    pub names: Names,
    /// The parts that have ended.
    pub parts: Vec<PartRecord>,
    pub planted: Option<Planted>,
    /// Whether a backward pass looks for what is not finite.
    pub anomaly: bool,
    /// The first of it, where it is noted instead of refused.
    pub note: Option<crate::record::inspect::Note>,
    /// Whether views are copied and fast paths left out.
    pub plain: bool,
    /// Where the buffers of dropped gradients wait.
    pub bin: Bin<T>,
    /// Why the op that is being recorded was refused.
    pub refusal: Option<String>,
    /// Memory to list the inputs of an op in.
    pub spare: Spare<T>,
}

compile_here! {
    fn constant_here<T>(
        recorder: Recorder<'_, T>,
        name: &'static str,
        shape: &Shape,
        fill: &mut dyn FnMut(&mut [T]),
    ) -> Id {
        let Recorder { inner, location } = recorder;
        let origin = inner.origin(location);
        let size = shape.size();
        let Some(start) = inner.list.alloc(inner.list.used, size) else {
            return refuse_full(inner, name);
        };
        fill(&mut inner.list.arena[start..start + size]);
        inner.list.used = start + size;
        inner.list.push_value(shape, Place::Arena(start as u32), 0, origin)
    }

    fn tensor_here<T>(
        recorder: Recorder<'_, T>,
        name: &'static str,
        tensor: &Tensor<T>,
        flags: u8,
    ) -> Id {
        let Recorder { inner, location } = recorder;
        let origin = inner.origin(location);
        // A value of a cache line or less is cheaper to copy than to hold.
        let size = tensor.size();
        if size <= 16 {
            let Some(start) = inner.list.alloc(inner.list.used, size) else {
                return refuse_full(inner, name);
            };
            match &mut inner.list.arena[start..start + size] {
                [number] => *number = tensor.storage()[tensor.layout().offset()],
                place => wengert_tensor::kernels::copy(&tensor.view(), place),
            }
            inner.list.used = start + size;
            let place = Place::Arena(start as u32);
            return inner.list.push_value(tensor.shape(), place, flags, origin);
        }
        if !inner.list.has_room(1, 0) {
            return refuse_full(inner, name);
        }
        inner.list.externals.push(tensor.clone());
        let place = Place::External(inner.list.externals.len() as u32 - 1);
        inner.list.push_leaf(tensor.layout().clone(), place, flags, origin)
    }

    fn close_scope<T>(inner: &mut Inner<T>, list: Mark, binding: BindingMark, names: usize) {
        let beyond = |part: &PartRecord| part.nodes.end > list.nodes;
        while inner.parts.last().is_some_and(beyond) {
            inner.parts.pop();
        }
        inner.list.release(list);
        inner.binding.release(binding);
        inner.names.truncate(names);
        inner.flow.packs.forget(list.nodes);
        inner.epoch = inner.outer_epochs.pop().unwrap_or(0);
        inner.scope_starts.pop();
    }

    fn forget_all<T>(inner: &mut Inner<T>) {
        inner.forget_all();
    }

    fn fresh<T>() -> Inner<T> {
        Inner::fresh()
    }
}

impl<T: Float> Default for Tape<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Float> Tape<T> {
    /// An empty tape whose mode nobody has set, with the generator seeded with 0.
    ///
    /// [`value_and_grad`](Tape::value_and_grad) and its sisters then train, and everything else
    /// evaluates: see [`set_training`](Tape::set_training).
    pub fn new() -> Self {
        Tape {
            inner: Guarded::new(fresh()),
        }
    }

    /// Forgets everything that was recorded and keeps the memory for the next step. No variable
    /// survives: the borrow checker sees to it.
    pub fn reset(&mut self) {
        forget_all(self.inner.get_mut());
    }

    /// A variable that gradients flow into. A small tensor is copied, a large one is shared until
    /// the reset.
    ///
    /// # Panics
    /// If the tensor has more than [`MAX_RANK`](crate::MAX_RANK) axes or 2³² elements or more, or the
    /// tape is full.
    #[track_caller]
    pub fn leaf(&self, tensor: &Tensor<T>) -> Var<'_, T> {
        self.push_tensor("leaf", tensor, NEEDS)
    }

    /// A value that no gradient flows into.
    ///
    /// # Panics
    /// As [`leaf`](Tape::leaf).
    #[track_caller]
    pub fn constant(&self, tensor: &Tensor<T>) -> Var<'_, T> {
        self.push_tensor("constant", tensor, 0)
    }

    /// A scalar that no gradient flows into.
    ///
    /// # Panics
    /// If the tape is full.
    #[track_caller]
    pub fn scalar(&self, value: f64) -> Var<'_, T> {
        self.filled("scalar", &Shape::scalar(), value)
    }

    /// Zeros that no gradient flows into.
    ///
    /// # Panics
    /// If the shape has more than [`MAX_RANK`](crate::MAX_RANK) axes or 2³² elements or more, or the
    /// tape is full.
    #[track_caller]
    pub fn zeros(&self, shape: impl Into<Shape>) -> Var<'_, T> {
        self.filled("zeros", &shape.into(), 0.0)
    }

    /// Ones that no gradient flows into.
    ///
    /// # Panics
    /// As [`zeros`](Tape::zeros).
    #[track_caller]
    pub fn ones(&self, shape: impl Into<Shape>) -> Var<'_, T> {
        self.filled("ones", &shape.into(), 1.0)
    }

    /// One value everywhere, that no gradient flows into.
    ///
    /// # Panics
    /// As [`zeros`](Tape::zeros).
    #[doc(alias = "fill")]
    #[track_caller]
    pub fn full(&self, shape: impl Into<Shape>, value: f64) -> Var<'_, T> {
        self.filled("full", &shape.into(), value)
    }

    #[track_caller]
    fn filled(&self, name: &'static str, shape: &Shape, value: f64) -> Var<'_, T> {
        self.constant_with(name, shape, |out| out.fill(T::from_f64(value)))
    }

    /// A constant whose row-major elements are written by `fill`, for a function of this name. If
    /// `fill` panics, nothing has happened.
    #[track_caller]
    pub(crate) fn constant_with(
        &self,
        name: &'static str,
        shape: &Shape,
        mut fill: impl FnMut(&mut [T]),
    ) -> Var<'_, T> {
        let location = Location::caller();
        or_panic(admit(name, shape));
        let inner = &mut *self.inner.borrow_mut_for(name);
        match constant_here(Recorder { inner, location }, name, shape, &mut fill) {
            NONE => refused(inner),
            id => Var::new(self, id, inner.epoch),
        }
    }

    /// What `operand` stands for on this tape: a variable itself, a tensor or a number a constant.
    #[track_caller]
    pub fn var_of<'t>(&'t self, operand: impl Operand<'t, T>) -> Var<'t, T> {
        operand.on(self)
    }

    #[track_caller]
    pub(crate) fn push_tensor(
        &self,
        name: &'static str,
        tensor: &Tensor<T>,
        flags: u8,
    ) -> Var<'_, T> {
        let location = Location::caller();
        or_panic(admit(name, tensor.shape()));
        let inner = &mut *self.inner.borrow_mut();
        match tensor_here(Recorder { inner, location }, name, tensor, flags) {
            NONE => refused(inner),
            id => Var::new(self, id, inner.epoch),
        }
    }

    /// Records a user's own op, or any other.
    ///
    /// # Panics
    /// As [`apply_all`](Tape::apply_all), and if the op has not exactly one output.
    #[track_caller]
    pub fn apply<'t, O: Op<T>, const N: usize>(
        &'t self,
        op: O,
        inputs: [Var<'t, T>; N],
    ) -> Var<'t, T> {
        self.record(op, &inputs, true)[0]
    }

    /// Runs `f` and forgets what it recorded: a variable made inside is stale afterwards, and
    /// using it panics. What `f` computes comes out as tensors and numbers.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::scalar(3.0));
    /// let nodes = tape.stats().nodes;
    /// let square = tape.scope(|_| (x * x).item());
    /// assert_eq!((square, tape.stats().nodes), (9.0, nodes));
    /// ```
    ///
    /// A model that is bound inside, a name and a state that is set are forgotten as well. What has
    /// to outlive the scope, as the state of a network that generates for long, comes out as
    /// tensors and goes in again as constants.
    ///
    /// # Panics
    /// If 2³² scopes were opened since the last reset.
    #[track_caller]
    pub fn scope<'t, R>(&'t self, f: impl FnOnce(&'t Tape<T>) -> R) -> R {
        struct Close<'t, T: Float>(&'t Tape<T>, Mark, BindingMark, usize);
        impl<T: Float> Drop for Close<'_, T> {
            fn drop(&mut self) {
                // While a panic unwinds, the code that panicked may still hold the borrow.
                if let Some(mut inner) = self.0.inner.free() {
                    close_scope(&mut inner, self.1, self.2, self.3);
                }
            }
        }
        let close = {
            let inner = &mut *self.inner.borrow_mut();
            let limit = inner.epoch_limit;
            assert!(
                inner.last_epoch < limit,
                "scope: {limit} scopes were opened since the last reset, and their variables must \
                 not be confused: reset the tape"
            );
            inner.last_epoch += 1;
            let outer = std::mem::replace(&mut inner.epoch, inner.last_epoch);
            inner.outer_epochs.push(outer);
            inner.scope_starts.push(inner.list.nodes.len() as Id);
            let (binding, names) = (inner.binding.mark(), inner.names.len());
            Close(self, inner.list.mark(), binding, names)
        };
        let _close = close;
        f(self)
    }

    /// Runs `f` without recording gradients: nothing flows back through what it computes.
    ///
    /// Values are recorded as ever, and take memory until the reset. A program that computes for
    /// long without gradients, such as one that generates text, puts each of its steps into a
    /// [`scope`](Tape::scope), which forgets them.
    pub fn no_grad<R>(&self, f: impl FnOnce() -> R) -> R {
        self.with(
            |inner| std::mem::replace(&mut inner.recording, false),
            f,
            |inner, was| {
                inner.recording = was;
            },
        )
    }

    /// Runs `f` under a name, which errors inside it mention.
    pub fn named<R>(&self, name: &str, f: impl FnOnce() -> R) -> R {
        self.with(
            |inner| inner.names.enter(name),
            f,
            |inner, outer| inner.names.active = outer,
        )
    }

    /// Changes the state for the time of `f`, also when `f` panics.
    fn with<R, S: Copy>(
        &self,
        enter: impl FnOnce(&mut Inner<T>) -> S,
        f: impl FnOnce() -> R,
        leave: fn(&mut Inner<T>, S),
    ) -> R {
        struct Leave<'t, T: Float, S: Copy>(&'t Tape<T>, S, fn(&mut Inner<T>, S));
        impl<T: Float, S: Copy> Drop for Leave<'_, T, S> {
            fn drop(&mut self) {
                if let Some(mut inner) = self.0.inner.free() {
                    (self.2)(&mut inner, self.1);
                }
            }
        }
        let state = enter(&mut self.inner.borrow_mut());
        let _leave = Leave(self, state, leave);
        f()
    }

    /// Whether dropout drops and batch norm uses the batch now.
    pub fn training(&self) -> bool {
        let inner = self.inner.borrow();
        inner.training.unwrap_or(inner.in_step)
    }

    /// Sets the mode that holds from now on, whatever the tape is asked to do, until it is set
    /// again; `None` leaves it to the face, as on a new tape:
    ///
    /// | face | mode |
    /// |---|---|
    /// | [`value_and_grad`](Tape::value_and_grad), `value_and_grad_where`, `value_and_grad_aux` | training |
    /// | [`evaluate`](Tape::evaluate) | evaluation |
    /// | `jvp`, `vjp`, `hvp`, `jacobian`, `hessian` | evaluation |
    /// | the open style: [`bind`](Tape::bind), ops, [`backward`](Var::backward) | evaluation |
    ///
    /// A loop in the open style that trains therefore begins with `tape.set_training(true)`.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let mut tape = Tape::<f64>::new();
    /// let x = Tensor::scalar(1.0);
    /// tape.value_and_grad(&x, |t, x| { assert!(t.training()); x * x });
    /// let y = tape.evaluate(&x, |t, x| { assert!(!t.training()); x.item() });
    /// tape.set_training(false);
    /// tape.value_and_grad(&x, |t, x| { assert!(!t.training()); x * x });
    /// ```
    pub fn set_training(&self, training: impl Into<Option<bool>>) {
        self.inner.borrow_mut().training = training.into();
    }

    /// Runs `f` in one mode, and returns to the mode before: a teacher that is not to drop anything
    /// while its pupil is trained.
    ///
    /// ```
    /// let tape = wengert_tape::Tape::<f64>::new();
    /// tape.set_training(true);
    /// assert!(!tape.with_training(false, || tape.training()));
    /// assert!(tape.training());
    /// ```
    pub fn with_training<R>(&self, training: bool, f: impl FnOnce() -> R) -> R {
        self.with(
            |inner| inner.training.replace(training),
            f,
            |inner, was| inner.training = was,
        )
    }

    /// Runs the function of a step of training.
    pub(crate) fn in_step<R>(&self, f: impl FnOnce() -> R) -> R {
        self.with(
            |inner| std::mem::replace(&mut inner.in_step, true),
            f,
            |inner, was| inner.in_step = was,
        )
    }

    /// The variable of a node, in the scope that is open now.
    #[inline]
    pub(crate) fn var(&self, id: Id) -> Var<'_, T> {
        Var::new(self, id, self.inner.borrow().epoch)
    }

    #[inline]
    pub(crate) fn var_in(
        &self,
        inner: &mut Inner<T>,
        push: impl FnOnce(&mut List<T>) -> Id,
    ) -> Var<'_, T> {
        let id = push(&mut inner.list);
        Var::new(self, id, inner.epoch)
    }

    /// Sets how much the tape can hold and how many scopes there can be: a switch for tests.
    #[doc(hidden)]
    pub fn set_limits(&self, nodes: usize, elements: usize, scopes: u32) {
        let inner = &mut *self.inner.borrow_mut();
        inner.list.set_limit(Limit { nodes, elements });
        inner.epoch_limit = scopes;
    }

    /// Fills every recycled buffer with NaN before it is used again: a switch for tests.
    #[doc(hidden)]
    pub fn poison(&self) {
        self.inner.borrow_mut().flow.pool.poison = true;
    }

    /// Plants a mistake in the reverse rule of every op of one name: a switch for tests.
    #[doc(hidden)]
    pub fn plant(&self, planted: Option<Planted>) {
        let inner = &mut *self.inner.borrow_mut();
        inner.planted = planted;
        inner.flow.spoiled = 0;
    }

    /// How often the planted mistake changed what a rule gave.
    #[doc(hidden)]
    pub fn spoiled(&self) -> u64 {
        self.inner.borrow().flow.spoiled
    }

    /// From now on every op runs by its forward and its reverse rule alone: views are copied, and
    /// no fast path is taken. A switch for tests.
    #[doc(hidden)]
    pub fn plain(&self) {
        self.inner.borrow_mut().plain = true;
    }
}

impl<T: Float> Inner<T> {
    fn fresh() -> Self {
        Inner {
            list: List::default(),
            flow: Flow::default(),
            binding: Binding::default(),
            recording: true,
            training: None,
            in_step: false,
            running: Vec::new(),
            rng: Some(Rng::seed_from_u64(0)),
            epoch: 0,
            outer_epochs: Vec::new(),
            scope_starts: Vec::new(),
            last_epoch: 0,
            epoch_limit: u32::MAX,
            names: Names::default(),
            parts: Vec::new(),
            planted: None,
            anomaly: false,
            note: None,
            plain: false,
            bin: Bin::default(),
            refusal: None,
            spare: Spare::default(),
        }
    }

    fn forget_all(&mut self) {
        self.list.clear();
        self.flow.clear();
        self.flow.packs.forget(0);
        self.binding.clear();
        self.names.clear();
        self.parts.clear();
        self.recording = true;
        self.in_step = false;
        self.epoch = 0;
        self.outer_epochs.clear();
        self.scope_starts.clear();
        self.last_epoch = 0;
    }

    #[inline]
    pub fn origin(&self, location: &'static Location<'static>) -> Origin {
        Origin {
            location,
            name: self.names.active,
        }
    }

    /// Whether the scope of this epoch has not ended.
    pub fn is_open(&self, epoch: u32) -> bool {
        epoch == self.epoch || self.outer_epochs.contains(&epoch)
    }

    /// The epochs of the open scopes, and how many nodes there were when they began.
    pub fn scopes(&self) -> impl Iterator<Item = (u32, Id)> {
        let inner = self.outer_epochs.iter().skip(1).chain([&self.epoch]);
        inner.copied().zip(self.scope_starts.iter().copied())
    }

    /// Panics if the list cannot take one node more.
    #[inline]
    #[track_caller]
    pub fn assert_room(&mut self, name: &'static str) {
        if !self.list.has_room(1, 0) {
            refuse_full(self, name);
            refused(self);
        }
    }

    /// The view of a node's value.
    pub fn view(&self, id: Id) -> View<'_, T> {
        self.list.view(id)
    }
}
