//! Recording: checks, value, node.

use std::panic::Location;

use smallvec::SmallVec;
use wengert_tensor::{Float, Layout, Shape, ShapeError, View};

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
        self.record(&mut Pending(Some(op)), inputs)
    }

    /// The same behind a pointer, so that it is compiled once for all ops.
    #[track_caller]
    fn record<'t>(&'t self, pending: &mut dyn Pend<T>, inputs: &[Var<'t, T>]) -> Outputs<'t, T> {
        let location = Location::caller();
        let inner = &mut *self.inner.borrow_mut();
        let op = pending.op();
        let mut ids: SmallVec<[Id; 4]> = lend(&mut inner.spare.ids, inputs.len());
        // A closure would lose the caller's line.
        for x in inputs {
            ids.push(x.check(self, inner));
        }
        let origin = inner.origin(location);
        let needs = if inner.recording {
            inner.needs(&ids)
        } else {
            0
        };

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
                    op: pending.store(&mut inner.list),
                    ..inner.list.blank(&ids, needs)
                };
                return SmallVec::from_elem(
                    self.var_in(inner, |list| {
                        list.push_shaped(node, layout, Some((base, region)), origin)
                    }),
                    1,
                );
            }
        }

        let mut input_shapes: SmallVec<[Shape; 4]> = lend(&mut inner.spare.shapes, ids.len());
        input_shapes.extend(ids.iter().map(|&id| inner.list.shape(id)));
        let shapes = match op.shapes(&input_shapes) {
            Ok(shapes) => shapes,
            Err(error) => refuse(inner, &ids, &error),
        };
        take_back(&mut inner.spare.shapes, input_shapes);

        // A stretched input shares the storage and collects its cotangent on its own.
        if let Some(layout) = source.as_ref().and_then(|layout| op.share(layout)) {
            let node = Node {
                place: inner.list.nodes[ids[0] as usize].place,
                op: pending.store(&mut inner.list),
                ..inner.list.blank(&ids, needs)
            };
            let shared = self.var_in(inner, |list| list.push_shaped(node, layout, None, origin));
            return SmallVec::from_elem(shared, 1);
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
        let op = pending.store(list);
        let count = shapes.len();
        let template = list.blank(&ids, needs);
        let mut vars = Outputs::new();
        for (m, (shape, start)) in shapes.iter().zip(starts).enumerate() {
            let node = Node {
                op,
                place: Place::Arena(start as u32),
                output: m as u8,
                flags: needs | if m == 0 && count > 1 { MORE } else { 0 },
                ..template
            };
            let layout = Layout::contiguous(shape.clone());
            vars.push(self.var_in(inner, |list| list.push_shaped(node, layout, None, origin)));
        }
        take_back(&mut inner.spare.ids, ids);
        vars
    }
}

/// An op that is going to be stored.
struct Pending<O>(Option<O>);

trait Pend<T: Float> {
    fn op(&self) -> &dyn Op<T>;
    fn store(&mut self, list: &mut List<T>) -> OpRef<T>;
}

impl<T: Float, O: Op<T>> Pend<T> for Pending<O> {
    fn op(&self) -> &dyn Op<T> {
        self.0.as_ref().expect("an op is stored after its last use")
    }
    fn store(&mut self, list: &mut List<T>) -> OpRef<T> {
        list.store(self.0.take().expect("an op is stored once"))
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

/// Panics with a shape error, and with the names of the parameters and layers concerned.
#[cold]
#[track_caller]
pub(crate) fn refuse<T: Float>(inner: &Inner<T>, ids: &[Id], error: &ShapeError) -> ! {
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
