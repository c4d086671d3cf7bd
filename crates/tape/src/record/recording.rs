//! Recording: checks, value, node.
//!
//! What users call is a thin layer that knows their line; the work is done behind it, by functions
//! that are compiled once, in the crate that defines the op.

use std::ops::Range;
use std::panic::Location;

use smallvec::SmallVec;
use wengert_tensor::{Float, Layout, Shape, ShapeError, View, compile_here};

use crate::record::node::{
    Id, LONG, List, MORE, NEEDS, NONE, Node, OpRef, Place, WANTED, admit, narrow,
};
use crate::record::op::Op;
use crate::record::tape::{Inner, Tape};
use crate::record::var::Var;

/// The outputs of an op.
pub type Outputs<'t, T> = SmallVec<[Var<'t, T>; 2]>;

/// The most outputs of an op: a node has a byte to say which it is.
const MOST_OUTPUTS: usize = 1 << 8;

impl<T: Float> Tape<T> {
    /// Records an op with any number of inputs and outputs.
    ///
    /// # Panics
    /// If the op's shape rule refuses the inputs, an input belongs to another tape or is stale, the op
    /// has no output or more than 256, the tape is full, or what computes the value uses the tape. A
    /// panic leaves the tape as it was.
    #[track_caller]
    pub fn apply_all<'t, O: Op<T>>(&'t self, op: O, inputs: &[Var<'t, T>]) -> Outputs<'t, T> {
        self.record(op, inputs, false)
    }

    /// Records an op, which may have to have a single output.
    #[track_caller]
    pub(crate) fn record<'t, O: Op<T>>(
        &'t self,
        op: O,
        inputs: &[Var<'t, T>],
        single: bool,
    ) -> Outputs<'t, T> {
        let location = Location::caller();
        let inner = &mut *self.inner.borrow_mut_for(op.name());
        let mut ids: SmallVec<[Id; 4]> = lend(&mut inner.spare.ids, inputs.len());
        // A closure would lose the caller's line.
        for x in inputs {
            ids.push(x.check(self, inner));
        }
        let mut first = NONE;
        op.hand_over(&mut |mut waiting| {
            first = record(
                &mut Recorder { inner, location },
                &mut waiting,
                &ids,
                single,
            )
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

/// What recording needs: the tape's state, and the user's line.
#[doc(hidden)]
pub struct Recorder<'a, T: Float> {
    pub(crate) inner: &'a mut Inner<T>,
    pub(crate) location: &'static Location<'static>,
}

compile_here! {
    /// Records the op that waits; returns its first output, or `NONE` where it is refused.
    pub(crate) fn record<T>(
        recorder: &mut Recorder<'_, T>,
        waiting: &mut Waiting<'_, T>,
        ids: &[Id],
        single: bool,
    ) -> Id {
        value_and_node(recorder, waiting, ids, single)
    }
}

/// All or nothing: whatever can be refused, and all of the user's code, comes before the first change
/// of the list.
fn value_and_node<T: Float>(
    recorder: &mut Recorder<'_, T>,
    waiting: &mut Waiting<'_, T>,
    ids: &[Id],
    single: bool,
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
            // A value that is no view fills its place from the first element on.
            let own = match whole {
                true => 0..inner.list.nodes[ids[0] as usize].size as usize,
                false => source.as_ref().map(Layout::reach).unwrap_or_default(),
            };
            if let Err(error) = admit_view(op, &layout, own) {
                return refuse(inner, ids, &error);
            }
            if !inner.list.has_room(1, ids.len()) {
                return refuse_full(inner, op.name());
            }
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
    let shapes = op.shapes(&input_shapes);
    take_back(&mut inner.spare.shapes, input_shapes);
    let checked = shapes.and_then(|shapes| Ok((admit_all(op, &shapes, single)?, shapes)));
    let (sizes, shapes) = match checked {
        Ok(outputs) => outputs,
        Err(error) => return refuse(inner, ids, &error),
    };
    if !inner.list.has_room(shapes.len(), ids.len()) {
        return refuse_full(inner, op.name());
    }

    // A stretched input shares the storage and collects its cotangent on its own.
    if let Some(layout) = source.as_ref().and_then(|layout| op.share(layout)) {
        let own = source.as_ref().map(Layout::reach).unwrap_or_default();
        if let Err(error) = admit_view(op, &layout, own) {
            return refuse(inner, ids, &error);
        }
        let node = Node {
            place: inner.list.nodes[ids[0] as usize].place,
            op: waiting.store(&mut inner.list),
            ..inner.list.blank(ids, needs)
        };
        return inner.list.push_shaped(node, layout, None, origin);
    }

    let mut starts: SmallVec<[usize; 2]> = SmallVec::new();
    let mut used = inner.list.used;
    for &size in &sizes {
        let Some(start) = inner.list.alloc(used, size) else {
            return refuse_full(inner, op.name());
        };
        starts.push(start);
        used = start + size;
    }
    let (list, spare) = (&mut inner.list, &mut inner.spare);
    let first = starts[0];
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
        for (&start, &size) in starts.iter().zip(&sizes) {
            let (_, rest) = high.split_at_mut(start - at);
            let (output, rest) = rest.split_at_mut(size);
            outputs.push(output);
            high = rest;
            at = start + size;
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
    list.used = used;
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

/// The sizes of an op's outputs, which may have to be a single one.
fn admit_all<T: Float>(
    op: &dyn Op<T>,
    shapes: &[Shape],
    single: bool,
) -> Result<SmallVec<[usize; 2]>, ShapeError> {
    let count = shapes.len();
    if count == 1 || (!single && (1..=MOST_OUTPUTS).contains(&count)) {
        return shapes.iter().map(|shape| admit(op.name(), shape)).collect();
    }
    let reason = match count {
        0 => "the shape rule gives no output".to_owned(),
        2..=MOST_OUTPUTS => "an op with several outputs is recorded with `apply_all`".to_owned(),
        _ => format!("the shape rule gives {count} outputs, an op has at most {MOST_OUTPUTS}"),
    };
    Err(ShapeError::new(op.name(), reason))
}

/// Checks the layout through which an op shows its input: it leads to elements of the input alone,
/// which lie within `own`.
fn admit_view<T: Float>(
    op: &dyn Op<T>,
    layout: &Layout,
    own: Range<usize>,
) -> Result<(), ShapeError> {
    admit(op.name(), layout.shape())?;
    let reach = layout.reach();
    if reach.is_empty() || (reach.start >= own.start && reach.end <= own.end) {
        return Ok(());
    }
    let reason = format!("the view {layout:?} leads beyond its input");
    Err(ShapeError::new(op.name(), reason))
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
            inputs = [narrow(self.long_inputs.len()), narrow(ids.len()), 0];
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

/// Keeps the message that there is no room for what an op makes, for [`refused`].
#[cold]
#[inline(never)]
pub(crate) fn refuse_full<T: Float>(inner: &mut Inner<T>, op: &'static str) -> Id {
    let (list, limit) = (&inner.list, inner.list.limit);
    let (nodes, elements) = (list.nodes.len(), list.used);
    let reason = format!(
        "the tape is full: it has {nodes} nodes of at most {}, and {elements} elements of at most {}",
        limit.nodes, limit.elements,
    );
    refuse(inner, &[], &ShapeError::new(op, reason))
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
