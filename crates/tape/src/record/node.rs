//! The Wengert list: nodes in the order in which they were recorded, and where their values lie.
//!
//! Everything here is plain storage with safe accessors; it names no op and knows no derivative.

use std::panic::Location;

use smallvec::SmallVec;
use wengert_tensor::kernels::{move_long, prefer_huge_pages};
use wengert_tensor::{Float, Layout, Shape, ShapeError, Tensor, View};

use crate::record::inspect::{Moment, Observer};
use crate::record::op::{Op, Shapes};
use crate::record::op_store::OpStore;
use crate::walk::buffer_pool::Buffer;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

/// The number of a node.
pub(crate) type Id = u32;

/// "No entry" in a side table.
pub(crate) const NONE: u32 = u32::MAX;

/// One step of the program: an op, its inputs, and where its value lies. 64 bytes for every
/// element type, one line of the cache.
#[derive(Clone, Copy)]
pub(crate) struct Node<T: 'static> {
    pub op: OpRef<T>,
    /// The inputs, or `[start, len, 0]` of a run in `List::long_inputs`.
    pub inputs: [Id; 3],
    pub place: Place,
    /// The dimensions of a value of at most four axes.
    pub dims: [u32; 4],
    pub size: u32,
    /// The row of `List::views`, for values that are no plain row-major slice of four axes.
    pub view: u32,
    pub rank: u8,
    pub flags: u8,
    /// The number of inputs, or `LONG`.
    pub arity: u8,
    /// Which output of its op this node is.
    pub output: u8,
}

/// The arity of a node whose inputs lie in the side list.
pub(crate) const LONG: u8 = u8::MAX;

/// A gradient flows into this node.
pub(crate) const NEEDS: u8 = 1;
/// The node has no op: a leaf or a constant.
pub(crate) const LEAF: u8 = 2;
/// The node's cotangent lives in a region of its base's.
pub(crate) const ALIAS: u8 = 4;
/// The node's cotangent is kept apart, also for a view, because somebody asked for it.
pub(crate) const WANTED: u8 = 8;
/// Further outputs of the op follow this node.
pub(crate) const MORE: u8 = 16;
/// The node and its at most three inputs are plain and of one shape.
pub(crate) const FLAT: u8 = 32;

/// The op of a node. Ops without attributes are statics, the others lie in `List::ops`.
#[derive(Clone, Copy)]
pub(crate) enum OpRef<T: 'static> {
    Static(&'static dyn Op<T>),
    Stored(u32),
}

/// Where a value lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    /// From this element of the arena.
    Arena(u32),
    /// In this tensor outside.
    External(u32),
    /// In this buffer, lent for the time of one rule.
    Loan(u32),
}

/// A value's layout in its place, and the region that its cotangent takes in its base's.
#[derive(Clone)]
pub(crate) struct Viewed {
    pub layout: Layout,
    pub base: Id,
    pub region: Layout,
}

/// Whether the system has memory for so many elements. To ask costs nothing beside using it, and
/// where it has none, `vec!` would end the program.
fn can_have<T>(len: usize) -> bool {
    // A program that runs out at this size cannot go on anyway, and an allocator that has seen a block come
    // and go may keep the next of its size in a place that it does not give back.
    const SMALL: usize = 64 << 20;
    len.saturating_mul(size_of::<T>()) <= SMALL || Vec::<T>::new().try_reserve_exact(len).is_ok()
}

/// The place of the program that recorded a node.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    pub location: &'static Location<'static>,
    /// The row of the tape's names that was active.
    pub name: u32,
}

/// The op of a node that has none.
struct Leaf;

impl<T: Float> Op<T> for Leaf {
    fn name(&self) -> &'static str {
        "leaf"
    }
    fn shapes(&self, _: &[Shape]) -> Result<Shapes, ShapeError> {
        Err(ShapeError::new("leaf", "a leaf is not computed"))
    }
    fn forward(&self, _: &[View<'_, T>], _: &mut [&mut [T]]) {}
    fn reverse(&self, _: &Reverse<'_, '_, T>) {}
    fn tangent(&self, _: &Tangent<'_, '_, T>) {}
}

/// The elements of a cache line, or of two.
const LINE: usize = 16;

/// The greatest number of axes of a value on a tape. A [`Tensor`] may have more.
///
/// An op whose value would have more panics with its name and the shape.
pub const MAX_RANK: usize = 8;

/// The most nodes of a tape, and the most elements of its values: what 32 bits can number.
const MOST: usize = u32::MAX as usize;

/// The size of a shape that a value on a tape can have. Whatever comes onto a tape passes here
/// before anything else is changed.
///
/// # Errors
/// If it has more than [`MAX_RANK`] axes or 2³² elements or more, or an axis is that long.
#[inline]
pub(crate) fn admit(op: &'static str, shape: &Shape) -> Result<usize, ShapeError> {
    let size = shape.checked_size();
    match size {
        Some(size)
            if size < MOST && shape.rank() <= MAX_RANK && shape.iter().all(|&dim| dim < MOST) =>
        {
            Ok(size)
        }
        _ => Err(too_large(op, shape)),
    }
}

#[cold]
#[inline(never)]
fn too_large(op: &'static str, shape: &Shape) -> ShapeError {
    let rank = shape.rank();
    let reason = if rank > MAX_RANK {
        format!("a value on a tape has at most {MAX_RANK} axes, the shape {shape} has {rank}")
    } else {
        format!(
            "the shape {shape} is too large for a value on a tape, which has less than 2^32 elements"
        )
    };
    ShapeError::new(op, reason)
}

/// A length of an admitted shape, as the list stores it.
#[inline]
pub(crate) fn narrow(len: usize) -> u32 {
    debug_assert!(len <= MOST, "every shape was admitted");
    len as u32
}

/// The list and the storage of its values.
pub(crate) struct List<T: Float> {
    pub nodes: Vec<Node<T>>,
    pub origins: Vec<Origin>,
    pub long_inputs: Vec<Id>,
    pub views: Vec<Viewed>,
    pub ops: OpStore<T>,
    pub arena: Vec<T>,
    /// How many elements after the start of a cache line the arena begins.
    shift: usize,
    pub used: usize,
    /// How much of the arena may be used.
    open: usize,
    pub limit: Limit,
    pub externals: Vec<Tensor<T>>,
    pub loans: Vec<Buffer<T>>,
    /// Whoever is told what begins. While there is one, nothing of the arena is open, so that every
    /// request for space passes [`grow`](List::grow), and recording asks no question of its own.
    pub observer: Option<Observer>,
}

/// How much a tape can hold.
#[derive(Clone, Copy)]
pub(crate) struct Limit {
    pub nodes: usize,
    pub elements: usize,
}

/// How long the parts of a list are, to come back to it.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    pub nodes: usize,
    long_inputs: usize,
    views: usize,
    ops: usize,
    used: usize,
    externals: usize,
}

impl<T: Float> Default for List<T> {
    fn default() -> Self {
        List {
            nodes: Vec::new(),
            origins: Vec::new(),
            long_inputs: Vec::new(),
            views: Vec::new(),
            ops: OpStore::default(),
            arena: Vec::new(),
            shift: 0,
            used: 0,
            open: 0,
            limit: Limit {
                nodes: MOST,
                elements: MOST,
            },
            externals: Vec::new(),
            loans: Vec::new(),
            observer: None,
        }
    }
}

impl<T: Float> List<T> {
    /// Space for the `len` elements of a node behind the first `from`, which are [`used`](List::used)
    /// or those before it; returns its start, or `None` if the tape is full. It is not used before
    /// the node is pushed: until then nothing has happened to the list. Offsets survive the growth
    /// of the arena.
    #[inline]
    pub fn alloc(&mut self, from: usize, len: usize) -> Option<usize> {
        // Larger values start at a cache line, or registers are filled from two.
        let start = if len >= LINE {
            (from + self.shift).next_multiple_of(LINE) - self.shift
        } else {
            from
        };
        if start + len > self.open && !self.grow(start + len) {
            return None;
        }
        (self.nodes.len() < self.limit.nodes).then_some(start)
    }

    /// Whether the list can take so many nodes, which have so many inputs.
    #[inline]
    pub fn has_room(&self, nodes: usize, inputs: usize) -> bool {
        self.nodes.len() + nodes <= self.limit.nodes && self.long_inputs.len() + inputs <= MOST
    }

    /// Sets how much the list can hold: a switch for tests.
    pub fn set_limit(&mut self, limit: Limit) {
        self.limit = Limit {
            nodes: limit.nodes.min(MOST),
            elements: limit.elements.min(MOST),
        };
        self.open();
    }

    /// Opens as much of the arena as may be used, and nothing while somebody looks.
    pub fn open(&mut self) {
        let open = self.arena.len().min(self.limit.elements);
        self.open = if self.observer.is_some() { 0 } else { open };
    }

    /// Makes the arena reach to `end`, and tells whoever looks. Returns `false` if it cannot.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, end: usize) -> bool {
        if let Some(observer) = &mut self.observer {
            observer(Moment::Value(self.nodes.len()));
        }
        if end > self.limit.elements {
            return false;
        }
        if end <= self.arena.len() {
            return true;
        }
        let mut len = end.next_power_of_two().max(1 << 10);
        if !can_have::<T>(len) {
            len = end;
            if !can_have::<T>(len) {
                return false;
            }
        }
        // Zeros from the system take no memory before they are touched.
        let mut arena = vec![T::ZERO; len];
        prefer_huge_pages(&mut arena);
        move_long(&mut self.arena, &mut arena);
        self.arena = arena;
        self.shift = self.arena.as_ptr().addr() / size_of::<T>() % LINE;
        self.open();
        true
    }

    /// Adds a node and returns its number. Whoever pushes has asked for the room.
    #[inline]
    pub fn push(&mut self, node: Node<T>, origin: Origin) -> Id {
        let id = self.nodes.len();
        debug_assert!(self.has_room(1, 0));
        self.nodes.push(node);
        self.origins.push(origin);
        id as Id
    }

    /// Adds a node without an op: a leaf, a constant, or a value that a rule is lent.
    #[inline]
    pub fn push_value(&mut self, shape: &[usize], place: Place, flags: u8, origin: Origin) -> Id {
        if shape.len() > 4 {
            let layout = Layout::contiguous(Shape::new(shape));
            return self.push_leaf(layout, place, flags, origin);
        }
        let mut dims = [0; 4];
        let mut size = 1;
        for (to, &from) in dims.iter_mut().zip(shape) {
            *to = narrow(from);
            size *= from;
        }
        let node = Node {
            op: OpRef::Static(&Leaf),
            inputs: [0; 3],
            place,
            dims,
            size: narrow(size),
            view: NONE,
            rank: shape.len() as u8,
            flags: flags | LEAF,
            arity: 0,
            output: 0,
        };
        self.push(node, origin)
    }

    /// The same with a layout of its own.
    pub fn push_leaf(&mut self, layout: Layout, place: Place, flags: u8, origin: Origin) -> Id {
        let node = Node {
            op: OpRef::Static(&Leaf),
            inputs: [0; 3],
            place,
            dims: [0; 4],
            size: 0,
            view: NONE,
            rank: 0,
            flags: flags | LEAF,
            arity: 0,
            output: 0,
        };
        self.push_shaped(node, layout, None, origin)
    }

    /// Adds a node with its shape and layout filled in. `region` is the base and the region of a
    /// view; other nodes are their own base.
    pub fn push_shaped(
        &mut self,
        mut node: Node<T>,
        layout: Layout,
        region: Option<(Id, Layout)>,
        origin: Origin,
    ) -> Id {
        let shape = layout.shape();
        node.size = narrow(shape.size());
        node.rank = narrow(shape.rank()) as u8;
        node.view = NONE;
        for (dim, &from) in node.dims.iter_mut().zip(shape.iter()) {
            *dim = narrow(from);
        }
        let plain = shape.rank() <= 4 && layout.offset() == 0 && layout.is_contiguous();
        if region.is_some() || !plain {
            node.view = self.views.len() as u32;
            let (base, region) = match region {
                Some((base, region)) => {
                    node.flags |= ALIAS;
                    (base, region)
                }
                None => (self.nodes.len() as Id, Layout::contiguous(shape.clone())),
            };
            self.views.push(Viewed {
                layout,
                base,
                region,
            });
        }
        self.push(node, origin)
    }

    /// Stores an op. One without attributes takes no space and is never dropped.
    #[inline]
    pub fn store<O: Op<T>>(&mut self, op: O) -> OpRef<T> {
        if size_of::<O>() == 0 {
            return OpRef::Static(Box::leak(Box::new(op)));
        }
        OpRef::Stored(self.ops.put(op))
    }

    /// The inputs of a node.
    #[inline]
    pub fn inputs(&self, id: Id) -> &[Id] {
        let node = &self.nodes[id as usize];
        if node.arity == LONG {
            let [start, len, _] = node.inputs;
            &self.long_inputs[start as usize..(start + len) as usize]
        } else {
            &node.inputs[..node.arity as usize]
        }
    }

    pub fn shape(&self, id: Id) -> Shape {
        let node = &self.nodes[id as usize];
        if node.view != NONE {
            return self.views[node.view as usize].layout.shape().clone();
        }
        Shape::of_at_most_four(node.dims.map(|dim| dim as usize), node.rank as usize)
    }

    /// The layout of a node's value in its place.
    pub fn layout(&self, id: Id) -> Layout {
        let node = &self.nodes[id as usize];
        if node.view != NONE {
            return self.views[node.view as usize].layout.clone();
        }
        Layout::contiguous(self.shape(id))
    }

    /// The storage that a node's layout refers to.
    #[inline]
    pub fn storage(&self, id: Id) -> &[T] {
        let node = &self.nodes[id as usize];
        self.storage_at(node.place)
    }

    #[inline]
    pub fn storage_at(&self, place: Place) -> &[T] {
        match place {
            Place::Arena(start) => &self.arena[start as usize..self.used],
            Place::External(at) => self.externals[at as usize].storage(),
            Place::Loan(at) => &self.loans[at as usize],
        }
    }

    /// The value of a plain node.
    #[inline(always)]
    pub fn plain(&self, id: Id) -> &[T] {
        let node = &self.nodes[id as usize];
        let (start, size) = (node.place, node.size as usize);
        match start {
            Place::Arena(start) => &self.arena[start as usize..start as usize + size],
            _ => &self.storage_at(start)[..size],
        }
    }

    /// The value of a plain node of one element.
    #[inline(always)]
    pub fn number(&self, id: Id) -> T {
        match self.nodes[id as usize].place {
            Place::Arena(start) => self.arena[start as usize],
            place => self.storage_at(place)[0],
        }
    }

    /// The value of a node.
    pub fn view(&self, id: Id) -> View<'_, T> {
        View::new(self.storage(id), self.layout(id))
    }

    /// The base of a node and the region that the node's cotangent takes in the base's.
    ///
    /// A view whose cotangent is wanted apart is a base of its own.
    #[inline]
    pub fn region(&self, id: Id) -> (Id, Layout) {
        let node = &self.nodes[id as usize];
        if node.flags & (ALIAS | WANTED) == ALIAS {
            let row = &self.views[node.view as usize];
            return (row.base, row.region.clone());
        }
        (id, Layout::contiguous(self.shape(id)))
    }

    /// Whether a region is all of its base, in row-major order: what is first to go there is written
    /// and needs no zeros.
    #[inline]
    pub fn is_all(&self, base: Id, region: &Layout) -> bool {
        let size = self.nodes[base as usize].size as usize;
        region.size() == size && region.is_contiguous()
    }

    /// Says of some nodes whether their cotangents are wanted apart.
    pub fn want(&mut self, ids: &[Id], wanted: bool) {
        let mut changed: SmallVec<[Id; 8]> = SmallVec::new();
        for &id in ids {
            let flags = &mut self.nodes[id as usize].flags;
            let before = *flags;
            *flags = if wanted {
                before | WANTED
            } else {
                before & !WANTED
            };
            if *flags != before && before & ALIAS != 0 {
                changed.push(id);
            }
        }
        if !changed.is_empty() {
            self.place_views_after(&changed);
        }
    }

    /// Finds the bases and regions of the views after nodes whose own bases have changed: the view
    /// ops are applied again. Where one does not apply to the region of its input as it did to the
    /// value, its view is a base of its own.
    #[cold]
    fn place_views_after(&mut self, changed: &[Id]) {
        let first = changed.iter().copied().min().unwrap_or(NONE);
        let mut moved = vec![false; self.nodes.len().saturating_sub(first as usize)];
        for &id in changed {
            moved[(id - first) as usize] = true;
        }
        for id in first + 1..self.nodes.len() as Id {
            if self.nodes[id as usize].flags & ALIAS == 0 {
                continue;
            }
            let input = self.inputs(id)[0];
            if input < first || !moved[(input - first) as usize] {
                continue;
            }
            moved[(id - first) as usize] = true;
            let (base, region) = self.region(input);
            let (base, region) = match self.op(id).view(&region) {
                Some(Ok(region)) => (base, region),
                _ => (id, Layout::contiguous(self.shape(id))),
            };
            let row = self.nodes[id as usize].view as usize;
            (self.views[row].base, self.views[row].region) = (base, region);
        }
    }

    /// Whether a node's value lies row by row from the start of its place, and its cotangent is its
    /// own: a layout of the one is then one of the other.
    pub fn is_whole(&self, id: Id) -> bool {
        self.nodes[id as usize].view == NONE
    }

    /// The op of a node.
    #[inline]
    pub fn op(&self, id: Id) -> &dyn Op<T> {
        match self.nodes[id as usize].op {
            OpRef::Static(op) => op,
            OpRef::Stored(at) => self.ops.get(at),
        }
    }

    pub fn mark(&self) -> Mark {
        Mark {
            nodes: self.nodes.len(),
            long_inputs: self.long_inputs.len(),
            views: self.views.len(),
            ops: self.ops.len(),
            used: self.used,
            externals: self.externals.len(),
        }
    }

    /// Forgets everything that was recorded after the mark.
    pub fn release(&mut self, mark: Mark) {
        self.nodes.truncate(mark.nodes);
        self.origins.truncate(mark.nodes);
        self.long_inputs.truncate(mark.long_inputs);
        self.views.truncate(mark.views);
        self.ops.truncate(mark.ops);
        self.used = mark.used;
        self.externals.truncate(mark.externals);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.release(Mark {
            nodes: 0,
            long_inputs: 0,
            views: 0,
            ops: 0,
            used: 0,
            externals: 0,
        });
        self.loans.clear();
    }

    /// The bytes of the list and its values, not counting what waits to be used again.
    pub fn bytes(&self) -> usize {
        self.nodes.len() * (size_of::<Node<T>>() + size_of::<Origin>())
            + self.long_inputs.len() * size_of::<Id>()
            + self.views.len() * size_of::<Viewed>()
            + self.ops.len() * size_of::<Box<dyn Op<T>>>()
            + self.used * size_of::<T>()
    }
}
