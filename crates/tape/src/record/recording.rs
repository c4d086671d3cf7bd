//! Recording: checks, value, node.
//!
//! What users call is a thin layer that knows their line; the work is done behind it, by functions
//! that are compiled once, in the crate that defines the op.

use std::panic::Location;

use smallvec::SmallVec;
use wengert_tensor::{Float, Layout, Shape, ShapeError, View, compile_here};

use crate::record::node::{Id, LONG, List, MORE, NEEDS, NONE, Node, OpRef, Place, WANTED};
use crate::record::op::Op;
use crate::record::tape::{Inner, Tape};
use crate::record::var::Var;

/// The outputs of an op.
pub type Outputs<'t, T> = SmallVec<[Var<'t, T>; 2]>;

/// The only output of an op.
pub(crate) trait One<V> {
    fn one(self) -> V;
}

impl<'t, T: Float> One<Var<'t, T>> for Outputs<'t, T> {
    #[track_caller]
    fn one(self) -> Var<'t, T> {
        assert_eq!(
            self.len(),
            1,
            "an op with several outputs is recorded with `apply_all`"
        );
        self[0]
    }
}

impl<T: Float> Tape<T> {
    /// Records an op with any number of inputs and outputs.
    ///
    /// # Panics
    /// If the op's shape rule refuses the inputs, or an input belongs to another tape or is stale.
    #[track_caller]
    pub fn apply_all<'t, O: Op<T>>(&'t self, op: O, inputs: &[Var<'t, T>]) -> Outputs<'t, T> {
        let location = Location::caller();
        let inner = &mut *self.inner.borrow_mut();
        let mut ids: SmallVec<[Id; 4]> = lend(&mut inner.spare.ids, inputs.len());
        // A closure would lose the caller's line.
        for x in inputs {
            ids.push(x.check(self, inner));
        }
        let mut first = NONE;
        op.hand_over(&mut |mut waiting| {
            first = record(&mut Recorder { inner, location }, &mut waiting, &ids)
        });
        take_back(&mut inner.spare.ids, ids);
        if first == NONE {
            refused(inner);
        }
        let end = inner.list.nodes.len() as Id;
        (first..end)
            .map(|id| Var::new(self, id, inner.epoch))
            .collect()
    }
}

/// Who records: the tape's state, and the user's line.
#[doc(hidden)]
pub struct Recorder<'a, T: Float> {
    pub(crate) inner: &'a mut Inner<T>,
    pub(crate) location: &'static Location<'static>,
}

compile_here! {
    /// Records the op that waits; returns its first output, or `NONE` where its shape rule refuses.
    pub(crate) fn record<T>(recorder: &mut Recorder<'_, T>, waiting: &mut Waiting<'_, T>, ids: &[Id]) -> Id {
        value_and_node(recorder, waiting, ids)
    }
}

fn value_and_node<T: Float>(
    recorder: &mut Recorder<'_, T>,
    waiting: &mut Waiting<'_, T>,
    ids: &[Id],
) -> Id {
    let inner = &mut *recorder.inner;
    let op = waiting.op();
    let origin = inner.origin(recorder.location);
    let needs = if inner.recording { inner.needs(ids) } else { 0 };

    // A view shares its input's storage and its base's cotangent.
    let source = ids
        .first()
        .filter(|_| !inner.plain)
        .map(|&id| inner.list.layout(id));
    let view = source.as_ref().and_then(|layout| op.view(layout));
    if let Some(Ok(layout)) = view {
        let whole = inner.list.is_whole(ids[0]);
        let (base, region) = if whole {
            (ids[0], Some(layout.clone()))
        } else {
            let (base, region) = inner.list.region(ids[0]);
            (base, op.view(&region).and_then(Result::ok))
        };
        if let Some(region) = region {
            let node = Node {
                place: inner.list.nodes[ids[0] as usize].place,
                op: waiting.store(&mut inner.list),
                ..inner.list.blank(ids, needs)
            };
            return inner
                .list
                .push_shaped(node, layout, Some((base, region)), origin);
        }
    }

    let mut input_shapes: SmallVec<[Shape; 4]> = lend(&mut inner.spare.shapes, ids.len());
    input_shapes.extend(ids.iter().map(|&id| inner.list.shape(id)));
    let shapes = match op.shapes(&input_shapes) {
        Ok(shapes) => shapes,
        Err(error) => return refuse(inner, ids, &error),
    };
    take_back(&mut inner.spare.shapes, input_shapes);

    // A stretched input shares the storage and collects its cotangent on its own.
    if let Some(layout) = source.as_ref().and_then(|layout| op.share(layout)) {
        let node = Node {
            place: inner.list.nodes[ids[0] as usize].place,
            op: waiting.store(&mut inner.list),
            ..inner.list.blank(ids, needs)
        };
        return inner.list.push_shaped(node, layout, None, origin);
    }

    let mut starts: SmallVec<[usize; 2]> = SmallVec::new();
    for shape in &shapes {
        starts.push(inner.list.alloc(shape.size()));
    }
    let (list, spare) = (&mut inner.list, &mut inner.spare);
    let first = starts.first().copied().unwrap_or(list.used);
    {
        // An output always lies after its inputs, so one split separates them.
        let mut layouts: SmallVec<[Layout; 4]> = lend(&mut spare.layouts, ids.len());
        layouts.extend(ids.iter().map(|&id| list.layout(id)));
        let (low, mut high) = list.arena.split_at_mut(first);
        // Not by `lend`: behind a reference, the lifetime could not be shortened.
        let mut views: SmallVec<[View<'_, T>; 4]> = match ids.len() {
            0..=4 => SmallVec::new(),
            _ => SmallVec::from_vec(std::mem::take(&mut spare.views)),
        };
        views.extend(ids.iter().zip(layouts.drain(..)).map(|(&id, layout)| {
            let data: &[T] = match list.nodes[id as usize].place {
                Place::Arena(start) => &low[start as usize..],
                Place::External(at) => list.externals[at as usize].storage(),
                Place::Loan(at) => &list.loans[at as usize],
            };
            View::new(data, layout)
        }));
        take_back(&mut spare.layouts, layouts);
        let mut outputs: SmallVec<[&mut [T]; 2]> = SmallVec::new();
        let mut at = first;
        for (&start, shape) in starts.iter().zip(&shapes) {
            let (_, rest) = high.split_at_mut(start - at);
            let (output, rest) = rest.split_at_mut(shape.size());
            outputs.push(output);
            high = rest;
            at = start + shape.size();
        }
        op.forward(&views, &mut outputs);
        if views.spilled() {
            // An empty list has no lifetime; this collects into the memory of the old one.
            views.clear();
            spare.views = views
                .into_vec()
                .into_iter()
                .map(|_| unreachable!())
                .collect();
        }
    }
    let op = waiting.store(list);
    let count = shapes.len();
    let template = list.blank(ids, needs);
    let first = list.nodes.len() as Id;
    for (m, (shape, start)) in shapes.iter().zip(starts).enumerate() {
        let node = Node {
            op,
            place: Place::Arena(start as u32),
            output: m as u8,
            flags: needs | if m == 0 && count > 1 { MORE } else { 0 },
            ..template
        };
        let layout = Layout::contiguous(shape.clone());
        list.push_shaped(node, layout, None, origin);
    }
    first
}

/// An op that waits to be stored, behind a pointer, so that recording is compiled once for all ops.
#[doc(hidden)]
pub struct Waiting<'a, T: Float>(&'a mut dyn Wait<T>);

impl<'a, T: Float> Waiting<'a, T> {
    #[inline]
    pub(crate) fn new<O: Op<T>>(op: &'a mut Option<O>) -> Self {
        Waiting(op)
    }

    pub(crate) fn op(&self) -> &dyn Op<T> {
        self.0.op()
    }

    pub(crate) fn store(&mut self, list: &mut List<T>) -> OpRef<T> {
        self.0.store(list)
    }
}

trait Wait<T: Float> {
    fn op(&self) -> &dyn Op<T>;
    fn store(&mut self, list: &mut List<T>) -> OpRef<T>;
}

impl<T: Float, O: Op<T>> Wait<T> for Option<O> {
    fn op(&self) -> &dyn Op<T> {
        self.as_ref().expect("an op is stored after its last use")
    }
    fn store(&mut self, list: &mut List<T>) -> OpRef<T> {
        list.store(self.take().expect("an op is stored once"))
    }
}

/// Memory for what is listed while an op with many inputs is recorded.
pub(crate) struct Spare<T: 'static> {
    ids: Vec<Id>,
    shapes: Vec<Shape>,
    layouts: Vec<Layout>,
    views: Vec<View<'static, T>>,
}

impl<T> Default for Spare<T> {
    fn default() -> Self {
        Spare {
            ids: Vec::new(),
            shapes: Vec::new(),
            layouts: Vec::new(),
            views: Vec::new(),
        }
    }
}

/// An empty list, in spare memory if it will be long.
#[inline]
fn lend<X, const N: usize>(spare: &mut Vec<X>, len: usize) -> SmallVec<[X; N]> {
    if len <= N {
        SmallVec::new()
    } else {
        SmallVec::from_vec(std::mem::take(spare))
    }
}

/// Keeps the memory of a long list.
#[inline]
fn take_back<X, const N: usize>(spare: &mut Vec<X>, list: SmallVec<[X; N]>) {
    if list.spilled() {
        *spare = list.into_vec();
        spare.clear();
    }
}

impl<T: Float> Inner<T> {
    #[inline]
    pub fn needs(&self, ids: &[Id]) -> u8 {
        ids.iter()
            .fold(0, |flags, &id| flags | self.list.nodes[id as usize].flags)
            & NEEDS
    }
}

impl<T: Float> List<T> {
    /// A node with its inputs and flags, and the rest to be filled in.
    pub fn blank(&mut self, ids: &[Id], flags: u8) -> Node<T> {
        let mut inputs = [0; 3];
        let mut arity = ids.len() as u8;
        if ids.len() <= 3 {
            inputs[..ids.len()].copy_from_slice(ids);
        } else {
            inputs = [self.long_inputs.len() as Id, ids.len() as Id, 0];
            self.long_inputs.extend_from_slice(ids);
            arity = LONG;
        }
        debug_assert!(flags & WANTED == 0);
        Node {
            op: OpRef::Stored(NONE),
            inputs,
            place: Place::Arena(0),
            dims: [0; 4],
            size: 0,
            view: NONE,
            rank: 0,
            flags,
            arity,
            output: 0,
        }
    }
}

/// Keeps the message of a shape error, with the names of the parameters and layers concerned, for
/// [`refused`], which knows the user's line.
#[cold]
#[inline(never)]
pub(crate) fn refuse<T: Float>(inner: &mut Inner<T>, ids: &[Id], error: &ShapeError) -> Id {
    let mut message = error.to_string();
    let paths: Vec<String> = ids
        .iter()
        .filter_map(|&id| inner.binding.describe(inner, id))
        .collect();
    if !paths.is_empty() {
        message += &format!(" (with {})", paths.join(", "));
    }
    let path = inner.names.path(inner.names.active);
    if !path.is_empty() {
        message += &format!(" (in {path})");
    }
    inner.refusal = Some(message);
    NONE
}

/// Panics with the message that [`refuse`] kept.
#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn refused<T: Float>(inner: &mut Inner<T>) -> ! {
    let message = inner.refusal.take().unwrap_or_default();
    panic!("{message}")
}

/// The value, or a panic at the caller's line. A closure would lose that line.
#[track_caller]
pub(crate) fn or_panic<V, E: std::fmt::Display>(result: Result<V, E>) -> V {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
