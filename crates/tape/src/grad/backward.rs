//! The faces of the walk back: `backward`, and `grad` with everything it can be asked.

use std::cell::RefCell;

use wengert_tensor::kernels::each;
use wengert_tensor::{Float, Tensor, compile_here};

use crate::grad::gradients::Backward;
use crate::record::node::{Id, NEEDS, WANTED};
use crate::record::tape::Tape;
use crate::record::var::Var;
use crate::walk::recorded_cotangents::Contributions;
use crate::walk::reverse::{walk, walk_recorded};

impl<'t, T: Float> Var<'t, T> {
    /// Walks back from this value, which must be one number, to every leaf.
    ///
    /// What was recorded is differentiated as it was recorded: in this open style dropout and batch
    /// norm evaluate, unless [`Tape::set_training`] said otherwise before they ran.
    ///
    /// # Panics
    /// If it has not exactly one element, or no leaf leads to it.
    #[track_caller]
    pub fn backward(self) -> Backward<'t, T> {
        let shape = self.shape();
        assert!(
            shape.size() == 1,
            "backward: a loss has one element, this value has the shape {shape}; \
             use `backward_with` to say what flows back into each"
        );
        self.tape()
            .walk_from(self.checked_needed(), &mut |seed| seed.fill(T::ONE));
        Backward::take(self.tape())
    }

    /// Walks back with `seed`, of this value's shape, as its cotangent.
    ///
    /// # Panics
    /// If the shapes differ, or no leaf leads to this value.
    #[track_caller]
    pub fn backward_with(self, seed: &Tensor<T>) -> Backward<'t, T> {
        let shape = self.shape();
        assert!(
            seed.shape() == &shape,
            "backward_with: the seed has the shape {}, the value {shape}",
            seed.shape()
        );
        self.tape().walk_from(self.checked_needed(), &mut |bar| {
            wengert_tensor::kernels::copy(&seed.view(), bar);
        });
        Backward::take(self.tape())
    }

    /// Keeps this value's gradient in a backward pass, where a leaf's is kept anyway.
    #[track_caller]
    pub fn retain_grad(self) -> Self {
        let inner = &mut *self.tape().inner.borrow_mut();
        let id = self.check(self.tape(), inner);
        inner.list.want(&[id], true);
        self
    }

    #[track_caller]
    fn checked_needed(self) -> Id {
        let id = self.checked();
        let needs = self.tape().inner.borrow().list.nodes[id as usize].flags & NEEDS != 0;
        assert!(
            needs,
            "backward: no leaf leads to this value, so there is nothing to differentiate"
        );
        id
    }
}

/// What happens to an input of [`Tape::grad_with`] that the outputs do not depend on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unused {
    /// A panic that names it, because a gradient that silently is not there is the worst of bugs.
    #[default]
    Panic,
    /// Zeros.
    Zeros,
}

/// How [`Tape::grad_with`] differentiates.
#[derive(Clone, Copy, Debug, Default)]
pub struct GradOptions {
    /// Whether the gradients can be differentiated again.
    pub create_graph: bool,
    /// What happens to an input that the outputs do not depend on.
    pub unused: Unused,
}

/// What a call of [`Tape::grad_with`] has changed on the tape, until it ends, also by a panic.
struct Wanted<'t, T: Float> {
    tape: &'t Tape<T>,
    was_recording: bool,
    marked: Vec<Id>,
}

impl<T: Float> Drop for Wanted<'_, T> {
    fn drop(&mut self) {
        if let Some(mut inner) = self.tape.inner.free() {
            inner.recording = self.was_recording;
            inner.list.want(&self.marked, false);
        }
    }
}

/// A walk back that has not ended: when a panic ends it, nothing of it is left.
struct Unfinished<'t, T: Float>(&'t Tape<T>, bool);

impl<T: Float> Drop for Unfinished<'_, T> {
    fn drop(&mut self) {
        if self.1
            && let Some(mut inner) = self.0.inner.free()
        {
            inner.flow.clear();
            inner.flow.fault = None;
        }
    }
}

impl<T: Float> Tape<T> {
    /// The gradients of a number with respect to `inputs`, as variables that can be differentiated
    /// again. Only what lies between the two is visited: leaves beside the way cost what constants do.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::scalar(0.5));
    /// let y = x.tanh();
    /// let [dy] = tape.grad(y, [x]);
    /// let [ddy] = tape.grad(dy, [x]);
    /// let t = 0.5f64.tanh();
    /// assert!((ddy.item() + 2.0 * t * (1.0 - t * t)).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// If `output` has not one element, an input is a constant, or `output` does not depend on it.
    #[track_caller]
    pub fn grad<'t, const N: usize>(
        &'t self,
        output: Var<'t, T>,
        inputs: [Var<'t, T>; N],
    ) -> [Var<'t, T>; N] {
        let options = GradOptions {
            create_graph: true,
            unused: Unused::Panic,
        };
        let bars = self.grad_with(&[output], &inputs, &[], options);
        each(|k| bars[k])
    }

    /// The gradients of Σ ⟨seed, output⟩ with respect to `inputs`, which may be any values on the
    /// tape. Without seeds every output must be a number, and is seeded with 1.
    ///
    /// # Panics
    /// If the seeds do not fit the outputs, an input is a constant, or by the policy for unused
    /// inputs.
    #[track_caller]
    pub fn grad_with<'t>(
        &'t self,
        outputs: &[Var<'t, T>],
        inputs: &[Var<'t, T>],
        seeds: &[Var<'t, T>],
        options: GradOptions,
    ) -> Vec<Var<'t, T>> {
        assert!(
            seeds.is_empty() || seeds.len() == outputs.len(),
            "grad: {} seeds for {} outputs",
            seeds.len(),
            outputs.len()
        );
        let mut last = 0;
        let was_recording = {
            let inner = &mut *self.inner.borrow_mut();
            for (k, y) in outputs.iter().enumerate() {
                let id = y.check(self, inner);
                last = last.max(id);
                let shape = inner.list.shape(id);
                match seeds.get(k) {
                    Some(seed) => {
                        let found = inner.list.shape(seed.check(self, inner));
                        assert!(
                            found == shape,
                            "grad: seed {k} is {found}, its output {shape}"
                        );
                    }
                    None => assert!(
                        shape.size() == 1,
                        "grad: output {k} is {shape} and has no seed"
                    ),
                }
            }
            for (k, x) in inputs.iter().enumerate() {
                let id = x.check(self, inner);
                let flags = inner.list.nodes[id as usize].flags;
                assert!(flags & NEEDS != 0, "grad: input {k} is a constant");
            }
            std::mem::replace(&mut inner.recording, options.create_graph)
        };
        // Before anything is given: what is given to a view of an input stops there.
        let wanted = Wanted {
            tape: self,
            was_recording,
            marked: self.want(inputs),
        };
        let bars = between_here(self, inputs, last);
        for (k, &y) in outputs.iter().enumerate() {
            let seed = match seeds.get(k) {
                Some(&seed) => seed,
                None => self.ones(y.shape()),
            };
            give_here(&bars, self, y.id(), seed);
        }
        walk_recorded_here(self, last, &bars);
        let mut unused = None;
        let mut result = Vec::with_capacity(inputs.len());
        for (k, x) in inputs.iter().enumerate() {
            let within = x.id() <= last;
            let total = if within {
                total_here(&bars, self, x.id())
            } else {
                None
            };
            result.push(total.unwrap_or_else(|| {
                unused.get_or_insert(k);
                self.zeros(x.shape())
            }));
        }
        drop(wanted);
        if let (Some(k), Unused::Panic) = (unused, options.unused) {
            panic!("grad: no output depends on input {k}");
        }
        result
    }

    /// Marks values whose cotangents are to be kept apart; returns those that were not marked.
    fn want(&self, inputs: &[Var<'_, T>]) -> Vec<Id> {
        let inner = &mut *self.inner.borrow_mut();
        let mut marked: Vec<Id> = inputs.iter().map(|x| x.id()).collect();
        marked.retain(|&id| inner.list.nodes[id as usize].flags & WANTED == 0);
        inner.list.want(&marked, true);
        marked
    }

    /// Walks back from node `id`, whose cotangent `fill` writes.
    #[track_caller]
    pub(crate) fn walk_from(&self, id: Id, fill: &mut dyn FnMut(&mut [T])) {
        self.assert_no_rule();
        walk_from_here(self, id, false, fill);
    }

    /// [`walk_from`](Tape::walk_from) where what flows into tables by look-ups alone may stay rows,
    /// which only [`collect`](Tape::collect) sees.
    #[track_caller]
    pub(crate) fn walk_leaving_rows(&self, id: Id, fill: &mut dyn FnMut(&mut [T])) {
        self.assert_no_rule();
        walk_from_here(self, id, true, fill);
    }

    #[track_caller]
    fn assert_no_rule(&self) {
        if let Some((_, name)) = self.inner.borrow().running.last() {
            panic!(
                "backward: this is inside the rule of `{name}`, whose walk has not ended; use \
                 `grad`, or another tape"
            );
        }
    }

    fn seed_and_walk(&self, id: Id, rows: bool, fill: &mut dyn FnMut(&mut [T])) {
        self.check_values();
        let mut unfinished = Unfinished(self, true);
        {
            let inner = &mut *self.inner.borrow_mut();
            inner.flow.start(id as usize + 1);
            // What looks at every rule sees what it gives to the whole.
            let watched = inner.planted.is_some() || inner.plain || inner.anomaly;
            inner.flow.rows.allowed = rows && !watched;
            let size = inner.list.nodes[id as usize].size as usize;
            let mut seed = inner.flow.pool.take(size);
            fill(&mut seed);
            let shape = inner.list.shape(id);
            let list = &inner.list;
            inner
                .flow
                .accumulate(list, id, &wengert_tensor::View::contiguous(&seed, shape));
            inner.flow.pool.give(seed);
        }
        walk(self, id);
        unfinished.1 = false;
    }
}

compile_here! {
    fn walk_from_here<T>(tape: &Tape<T>, id: Id, rows: bool, fill: &mut dyn FnMut(&mut [T])) {
        tape.seed_and_walk(id, rows, fill);
    }

    fn between_here<'t, T>(tape: &'t Tape<T>, inputs: &[Var<'t, T>], last: Id) -> RefCell<Contributions> {
        let inputs = inputs.iter().map(|x| x.id());
        RefCell::new(Contributions::between(&tape.inner.borrow().list, inputs, last))
    }

    fn walk_recorded_here<T>(tape: &Tape<T>, last: Id, bars: &RefCell<Contributions>) {
        walk_recorded(tape, last, bars);
    }

    fn total_here<'t, T>(bars: &RefCell<Contributions>, tape: &'t Tape<T>, id: Id) -> Option<Var<'t, T>> {
        Contributions::total(bars, tape, id)
    }

    fn give_here<'t, T>(bars: &RefCell<Contributions>, tape: &'t Tape<T>, id: Id, bar: Var<'t, T>) {
        Contributions::give(bars, tape, id, bar);
    }
}
