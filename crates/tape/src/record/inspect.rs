//! Looking at a tape: what it holds, and where a number stopped being one.

use std::panic::Location;

use wengert_tensor::{Float, Shape, Tensor};

use crate::model::tree::Tree;
use crate::record::node::{Id, LEAF, NEEDS, Place};
use crate::record::tape::{Inner, Tape};
use crate::record::var::Var;

/// What a tape holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Nodes recorded since the reset.
    pub nodes: usize,
    /// Bytes of nodes and values recorded since the reset; what waits to be used again, and
    /// tensors outside that the tape shares, are not counted.
    pub bytes: usize,
    /// Bytes of cotangent buffers that wait to be used again.
    pub pool_bytes: usize,
    /// Bytes of the packed copies of matrices that were the right factor of several products.
    pub packed_bytes: usize,
    /// Requests for a buffer that a waiting one served.
    pub pool_hits: u64,
    /// Requests for a buffer that had to be allocated.
    pub pool_misses: u64,
}

/// A node that holds an infinity or a NaN.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NonFinite {
    /// The op.
    pub op: &'static str,
    /// Where the program recorded it.
    pub location: &'static Location<'static>,
    /// The names of the parts of the program around it; empty outside of [`Tape::named`].
    pub path: String,
    /// Its shape.
    pub shape: Shape,
    /// The first value that is not finite.
    pub value: f64,
    /// The ops and shapes of its inputs.
    pub inputs: Vec<(&'static str, Shape)>,
    /// Whether it is a cotangent that the op's reverse rule made, and not its value.
    pub backward: bool,
}

/// The first value or cotangent that was not finite, if there was one.
#[derive(Debug, Default)]
pub struct Note(Option<NonFinite>);

impl std::fmt::Display for NonFinite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rule = if self.backward {
            "the reverse rule of "
        } else {
            ""
        };
        write!(f, "{rule}{} {} at {}", self.op, self.shape, self.location)?;
        if !self.path.is_empty() {
            write!(f, " in {}", self.path)?;
        }
        write!(f, " made {}", self.value)?;
        for (k, (op, shape)) in self.inputs.iter().enumerate() {
            write!(f, "{} {op} {shape}", if k == 0 { " from" } else { "," })?;
        }
        Ok(())
    }
}

/// What begins, for an observer of a tape ([`Tape::observe`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Moment {
    /// The value of this node, and of those that come of the same op, is computed or copied.
    Value(usize),
    /// The reverse rule of the op that made this node runs.
    Rule(usize),
}

/// Whoever is told of the moments of a tape.
pub(crate) type Observer = Box<dyn FnMut(Moment) + Send>;

/// A node of a tape, as [`Tape::records`] tells of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Record {
    /// The op; `leaf` for what was not computed.
    pub op: &'static str,
    /// The nodes that went into it.
    pub inputs: Vec<usize>,
    /// Which output of its op it is.
    pub output: usize,
    /// Its shape.
    pub shape: Shape,
    /// Where the program recorded it.
    pub location: &'static Location<'static>,
    /// The names of the parts of the program around it; empty outside of [`Tape::named`].
    pub path: String,
    /// The path of the leaf of a bound model that it is.
    pub leaf: Option<String>,
    /// Whether a gradient flows into it.
    pub needs_grad: bool,
    /// The bytes that its value takes on the tape; 0 if it shows another one, or a tensor outside.
    pub bytes: usize,
}

impl<T: Float> Tape<T> {
    /// Everything that was recorded since the reset, in order: a graph, in which a node's inputs come
    /// before it.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 2.0]));
    /// let _ = (x * x).sum();
    /// let records = tape.records();
    /// let ops: Vec<_> = records.iter().map(|record| record.op).collect();
    /// assert_eq!(ops, ["leaf", "mul", "sum"]);
    /// assert_eq!((&records[1].inputs[..], records[1].bytes), (&[0, 0][..], 16));
    /// ```
    #[doc(alias("jaxpr", "trace", "graph"))]
    pub fn records(&self) -> Vec<Record> {
        let inner = self.inner.borrow();
        let list = &inner.list;
        let record = |id: Id| {
            let node = &list.nodes[id as usize];
            let inputs = list.inputs(id);
            let origin = list.origins[id as usize];
            let shows = inputs
                .first()
                .is_some_and(|&first| list.nodes[first as usize].place == node.place);
            let own = matches!(node.place, Place::Arena(_)) && !shows;
            let bound = (node.flags & LEAF != 0).then(|| inner.binding.find(id));
            Record {
                op: list.op(id).name(),
                inputs: inputs.iter().map(|&input| input as usize).collect(),
                output: usize::from(node.output),
                shape: list.shape(id),
                location: origin.location,
                path: inner.names.path(origin.name),
                leaf: bound.flatten().map(|at| inner.binding.path(at).to_owned()),
                needs_grad: node.flags & NEEDS != 0,
                bytes: if own {
                    node.size as usize * size_of::<T>()
                } else {
                    0
                },
            }
        };
        (0..list.nodes.len() as Id).map(record).collect()
    }

    /// From now on tells `observer` what begins: each value that takes memory on this tape, and each
    /// reverse rule of a walk that is not recorded. The numbers are places in [`records`](Tape::records).
    ///
    /// The tape has no clock; an observer that has one measures. It is called in the middle of the
    /// tape's work and must not use it. Views and large tensors from outside are recorded without a
    /// word. The observer stays over a reset, until another comes or
    /// [`stop_observing`](Tape::stop_observing) is called. A tape without one pays nothing: every
    /// value asks the arena whether there is room anyway, and while somebody looks, the arena says no.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use wengert_tape::{Moment, Tape};
    /// use wengert_tensor::Tensor;
    /// let seen = Arc::new(Mutex::new(Vec::new()));
    /// let tell = Arc::clone(&seen);
    /// let tape = Tape::<f64>::new();
    /// tape.observe(move |moment| tell.lock().unwrap().push(moment));
    /// let x = tape.leaf(&Tensor::scalar(3.0));
    /// (x * x).backward();
    /// let expected = [Moment::Value(0), Moment::Value(1), Moment::Rule(1)];
    /// assert_eq!(*seen.lock().unwrap(), expected);
    /// ```
    #[doc(alias("profiler", "hook"))]
    pub fn observe(&self, observer: impl FnMut(Moment) + Send + 'static) {
        self.set_observer(Some(Box::new(observer)));
    }

    /// Tells nobody any more.
    pub fn stop_observing(&self) {
        self.set_observer(None);
    }

    fn set_observer(&self, observer: Option<Observer>) {
        let list = &mut self.inner.borrow_mut().list;
        list.observer = observer;
        list.open();
    }

    /// What the tape holds now.
    pub fn stats(&self) -> Stats {
        let inner = self.inner.borrow();
        Stats {
            nodes: inner.list.nodes.len(),
            bytes: inner.list.bytes(),
            pool_bytes: inner.flow.pool.bytes(),
            packed_bytes: inner.flow.packs.bytes(),
            pool_hits: inner.flow.pool.hits,
            pool_misses: inner.flow.pool.misses,
        }
    }

    /// The first recorded node whose value is infinite or NaN.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// let tape = Tape::<f64>::new();
    /// let _ = tape.scalar(-1.0).ln() + 1.0;
    /// assert_eq!(tape.first_non_finite().unwrap().op, "ln");
    /// ```
    pub fn first_non_finite(&self) -> Option<NonFinite> {
        let inner = self.inner.borrow();
        (0..inner.list.nodes.len() as Id).find_map(|id| {
            let value = inner.list.view(id).iter().find(|x| !x.is_finite())?;
            Some(inner.non_finite(id, value, false))
        })
    }

    /// Switches the search for anomalies on or off. While it is on, a backward pass panics at the
    /// first recorded value that is not finite, and at the first op whose reverse rule makes a
    /// cotangent that is not finite, with the op, its place in the source and its inputs.
    ///
    /// ```should_panic
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// tape.detect_anomaly(true);
    /// let x = tape.leaf(&Tensor::scalar(0.0));
    /// x.sqrt().backward(); // the slope of the root at 0 is infinite
    /// ```
    pub fn detect_anomaly(&self, on: bool) {
        self.inner.borrow_mut().anomaly = on;
    }

    /// Computes a loss and its gradients, as [`value_and_grad_where`](Tape::value_and_grad_where) does,
    /// and gives the first value that is not finite, or else the first op whose reverse rule makes a
    /// cotangent that is not finite.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let x = Tensor::<f64>::from([0.0]);
    /// let found = Tape::new().first_anomaly(&x, |_| true, |_, x| x.sqrt().sum()).unwrap();
    /// assert_eq!((found.op, found.value, found.backward), ("sqrt", f64::INFINITY, true));
    /// assert!(Tape::new().first_anomaly(&x, |_| true, |_, x| x.exp().sum()).is_none());
    /// ```
    pub fn first_anomaly<M: Tree<Tensor<T>>>(
        &mut self,
        model: &M,
        trained: impl Fn(&str) -> bool,
        f: impl for<'t> FnOnce(&'t Tape<T>, M::With<Var<'t, T>>) -> Var<'t, T>,
    ) -> Option<NonFinite> {
        /// The tape, which does not look for anomalies for ever if `f` panics.
        struct Looking<'t, T: Float>(&'t mut Tape<T>, bool);
        impl<T: Float> Drop for Looking<'_, T> {
            fn drop(&mut self) {
                if let Some(mut inner) = self.0.inner.free() {
                    (inner.anomaly, inner.note) = (self.1, None);
                }
            }
        }
        let before = self.inner.borrow().anomaly;
        let looking = Looking(self, before);
        {
            let mut inner = looking.0.inner.borrow_mut();
            (inner.anomaly, inner.note) = (true, Some(Note::default()));
        }
        looking.0.step_of_part(model, trained, |t, m| (f(t, m), ()));
        let note = looking.0.inner.borrow_mut().note.take();
        note.and_then(|note| note.0)
    }

    /// Notes a recorded value that is not finite, or panics, while anomalies are searched for.
    pub(crate) fn check_values(&self) {
        if self.inner.borrow().anomaly
            && let Some(found) = self.first_non_finite()
        {
            self.inner.borrow_mut().tell(found);
        }
    }
}

impl<T: Float> Inner<T> {
    fn non_finite(&self, id: Id, value: T, backward: bool) -> NonFinite {
        let list = &self.list;
        let op = |id: Id| list.op(id).name();
        let origin = list.origins[id as usize];
        NonFinite {
            op: op(id),
            location: origin.location,
            path: self.names.path(origin.name),
            shape: list.shape(id),
            value: value.to_f64(),
            inputs: list
                .inputs(id)
                .iter()
                .map(|&id| (op(id), list.shape(id)))
                .collect(),
            backward,
        }
    }

    /// Notes the rule of node `id`, or panics, if it left a cotangent of an input that is not finite.
    pub fn check_cotangents(&mut self, id: Id) {
        let bar = |&input: &Id| {
            let base = self.list.region(input).0;
            let bar = self.flow.bars.get(base as usize)?.as_ref()?;
            bar.iter().find(|x| !x.is_finite()).copied()
        };
        if let Some(value) = self.list.inputs(id).iter().find_map(bar) {
            let found = self.non_finite(id, value, true);
            self.tell(found);
        }
    }

    /// Notes what is not finite, unless something was noted before, or panics.
    fn tell(&mut self, found: NonFinite) {
        match &mut self.note {
            Some(note) => {
                note.0.get_or_insert(found);
            }
            None => panic!("anomaly: {found}"),
        }
    }
}
