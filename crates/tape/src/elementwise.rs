//! Formulas as ops: one implementation for every elementwise function.

use std::panic::Location;

use smallvec::SmallVec;
use wengert_tensor::kernels::{
    Input, Isa, Loop, MapFn, Mode, Output, Plain, Source, map, map_flat,
};
use wengert_tensor::{Float, Layout, Shape, ShapeError, View};

use crate::direct::Direct;
use crate::flow::Flow;
use crate::formula::{Formula, Kind, Partial};
use crate::lane::Lane;
use crate::node::{ALIAS, Id, List, MORE, NEEDS, NONE, Node, OpRef, Origin, Place, WANTED};
use crate::op::{Op, Shapes};
use crate::real::Real;
use crate::record::refuse;
use crate::reverse::Reverse;
use crate::tangent::Tangent;
use crate::tape::{Inner, Tape};
use crate::traced::Traced;
use crate::var::{Operand, Var};

impl<T: Float> Tape<T> {
    /// Records an elementwise function of variables, which are broadcast to a common shape.
    ///
    /// # Panics
    /// If the shapes do not broadcast, or a variable is stale or of another tape.
    #[track_caller]
    pub fn formula<'t, F, const N: usize, const M: usize>(
        &'t self,
        formula: F,
        x: [Var<'t, T>; N],
    ) -> [Var<'t, T>; M]
    where
        F: Formula<N, M>,
    {
        let location = Location::caller();
        let inner = &mut *self.inner.borrow_mut();
        let mut ids = [0; N];
        for k in 0..N {
            ids[k] = x[k].check(self, inner);
        }
        let list = &mut inner.list;
        let model = list.nodes[ids[0] as usize];
        let mut flags = 0;
        let mut same = true;
        for id in ids {
            let node = &list.nodes[id as usize];
            flags |= node.flags;
            same &= node.view == NONE && node.dims == model.dims && node.rank == model.rank;
        }
        if !same || M != 1 || N > 3 {
            let needs = if inner.recording { flags & NEEDS } else { 0 };
            let (first, shape) = broadcast_value(inner, F::NAME, &Value::<F, N, M>(formula), ids);
            let op = inner.list.store(Elementwise::<F, N, M>(formula));
            let origin = inner.origin(location);
            let id = push_outputs::<T, M>(inner, op, &ids, needs, &shape, first, origin);
            return std::array::from_fn(|m| Var::new(self, id + m as Id, inner.epoch));
        }
        let size = model.size as usize;
        let start = list.alloc(size);
        {
            let (low, high) = list.arena.split_at_mut(start);
            let mut sources = [Source::Slice(&[][..]); N];
            for k in 0..N {
                sources[k] = Source::Slice(match list.nodes[ids[k] as usize].place {
                    Place::Arena(start) => &low[start as usize..start as usize + size],
                    Place::External(at) => &list.externals[at as usize].storage()[..size],
                    Place::Loan(at) => &list.loans[at as usize][..size],
                });
            }
            let f = Value::<F, N, M>(formula);
            let outputs = [(0, Mode::Write); M];
            map_flat(&f, size, sources, [], [], outputs, &mut [&mut high[..size]]);
        }
        let mut inputs = [0; 3];
        inputs[..N].copy_from_slice(&ids);
        let node = Node {
            op: list.store(Elementwise::<F, N, M>(formula)),
            inputs,
            place: Place::Arena(start as u32),
            flags: if inner.recording { flags & NEEDS } else { 0 },
            arity: N as u8,
            output: 0,
            ..model
        };
        let origin = inner.origin(location);
        let id = inner.list.push(node, origin);
        [Var::new(self, id, inner.epoch); M]
    }
}

/// The general case: the values of any number of outputs over any layouts. Returns where they
/// start, one after the other, and their shape.
#[track_caller]
fn broadcast_value<T: Float, const N: usize, const M: usize>(
    inner: &mut Inner<T>,
    name: &'static str,
    value: &dyn Loop<T, N, 0, 0, M>,
    ids: [Id; N],
) -> (usize, Shape) {
    let shapes: [Shape; N] = ids.map(|id| inner.list.shape(id));
    let shape = match broadcast_all(name, &shapes) {
        Ok(shape) => shape,
        Err(error) => refuse(inner, &ids, &error),
    };
    let list = &mut inner.list;
    let size = shape.size();
    // The outputs follow each other in one run, so that one buffer holds them.
    let first = list.alloc(size * M);
    let layouts = ids.map(|id| list.layout(id));
    let output_layouts: [Layout; M] =
        std::array::from_fn(|m| Layout::contiguous_at(shape.clone(), m * size));
    let (low, high) = list.arena.split_at_mut(first);
    let inputs: [Input<'_, T>; N] = std::array::from_fn(|k| Input {
        source: Source::Slice(match list.nodes[ids[k] as usize].place {
            Place::Arena(start) => &low[start as usize..],
            Place::External(at) => list.externals[at as usize].storage(),
            Place::Loan(at) => &list.loans[at as usize],
        }),
        layout: &layouts[k],
    });
    let outputs = std::array::from_fn(|m| Output {
        buffer: 0,
        layout: &output_layouts[m],
        mode: Mode::Write,
    });
    map(
        value,
        &shape,
        inputs,
        [],
        [],
        outputs,
        &mut [&mut high[..size * M]],
    );
    (first, shape)
}

/// Adds the nodes of `M` outputs that follow each other from `first`; returns the first node.
fn push_outputs<T: Float, const M: usize>(
    inner: &mut Inner<T>,
    op: OpRef<T>,
    ids: &[Id],
    needs: u8,
    shape: &Shape,
    first: usize,
    origin: Origin,
) -> Id {
    let template = inner.list.blank(ids, needs);
    let id = inner.list.nodes.len() as Id;
    for m in 0..M {
        let node = Node {
            op,
            place: Place::Arena((first + m * shape.size()) as u32),
            output: m as u8,
            flags: needs | if m == 0 && M > 1 { MORE } else { 0 },
            ..template
        };
        inner
            .list
            .push_shaped(node, Layout::contiguous(shape.clone()), None, origin);
    }
    id
}

/// The common shape of all operands.
fn broadcast_all(op: &'static str, shapes: &[Shape]) -> Result<Shape, ShapeError> {
    let mut common = shapes[0].clone();
    for shape in &shapes[1..] {
        common = Shape::broadcast(op, &common, shape)?;
    }
    Ok(common)
}

/// The op of a formula.
pub(crate) struct Elementwise<F, const N: usize, const M: usize>(pub F);

impl<T: Float, F: Formula<N, M>, const N: usize, const M: usize> Op<T> for Elementwise<F, N, M> {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(SmallVec::from_elem(broadcast_all(F::NAME, inputs)?, M))
    }

    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let shape = inputs
            .iter()
            .skip(1)
            .fold(inputs[0].shape().clone(), |common, x| {
                Shape::broadcast(F::NAME, &common, x.shape()).expect("the shape rule checked")
            });
        let x: [Input<'_, T>; N] = std::array::from_fn(|k| Input {
            source: Source::Slice(inputs[k].data()),
            layout: inputs[k].layout(),
        });
        let layout = Layout::contiguous(shape.clone());
        let y = std::array::from_fn(|m| Output {
            buffer: m,
            layout: &layout,
            mode: Mode::Write,
        });
        map(&Value::<F, N, M>(self.0), &shape, x, [], [], y, outputs);
    }

    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let x: [Traced<'_, T>; N] = std::array::from_fn(|k| Traced::Var(rule.x(k)));
        let y: [Traced<'_, T>; M] = std::array::from_fn(|m| Traced::Var(rule.y(m)));
        let partials = self.0.partials(x, y);
        for k in 0..N {
            if !rule.needs(k) {
                continue;
            }
            let mut x_bar: Option<Traced<'_, T>> = None;
            for (m, partials) in partials.iter().enumerate() {
                let Some(y_bar) = rule.y_bar(m) else { continue };
                if let Some(term) = partials[k].times(Traced::Var(y_bar)) {
                    x_bar = Some(x_bar.map_or(term, |sum| sum + term));
                }
            }
            if let Some(x_bar) = x_bar {
                rule.give(k, x_bar.on(rule.tape()));
            }
        }
    }

    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        let x: [Traced<'_, T>; N] = std::array::from_fn(|k| Traced::Var(rule.x(k)));
        let y: [Traced<'_, T>; M] = std::array::from_fn(|m| Traced::Var(rule.y(m)));
        let partials = self.0.partials(x, y);
        for (m, partials) in partials.iter().enumerate() {
            for (k, partial) in partials.iter().enumerate() {
                let Some(x_dot) = rule.x_dot(k) else { continue };
                if let Some(term) = partial.times(Traced::Var(x_dot)) {
                    rule.give(m, term.on(rule.tape()));
                }
            }
        }
    }

    fn direct(&self, direct: &mut Direct<'_, T>) -> bool {
        if M == 1 && scalar_pullback(self.0, direct) {
            return true;
        }
        let kinds = kinds::<T, F, N, M>(self.0);
        let f = Pullback::<F, N, M>(self.0);
        if M != 1 || !flat_pullback(&f, kinds[0], direct) {
            pullback(&f, kinds, direct);
        }
        true
    }
}

/// The value of a formula as a kernel.
#[derive(Clone, Copy)]
struct Value<F, const N: usize, const M: usize>(F);

impl<F: Formula<N, M>, const N: usize, const M: usize> MapFn<N, 0, 0, M> for Value<F, N, M> {
    #[inline(always)]
    fn call<T: Float, I: Isa>(&self, x: [T; N], b: [T; 0], c: [T; 0]) -> [T; M] {
        let mut y = [T::ZERO; M];
        self.call_into::<T, I>(x, b, c, &mut y);
        y
    }

    #[inline(always)]
    fn call_into<T: Float, I: Isa>(&self, x: [T; N], _: [T; 0], _: [T; 0], y: &mut [T; M]) {
        let results = self.0.eval(lanes::<T, I, N>(x));
        for m in 0..M {
            y[m] = results[m].0;
        }
    }
}

/// Numbers as lanes. A loop, since a closure is not sure to be inlined into a kernel.
#[inline(always)]
fn lanes<T: Float, I: Isa, const K: usize>(x: [T; K]) -> [Lane<T, I>; K] {
    let mut lanes = [Lane::new(T::ZERO); K];
    for k in 0..K {
        lanes[k] = Lane::new(x[k]);
    }
    lanes
}

/// The pullback of a formula as a kernel: of the inputs, the outputs and their cotangents.
#[derive(Clone, Copy)]
struct Pullback<F, const N: usize, const M: usize>(F);

impl<F: Formula<N, M>, const N: usize, const M: usize> MapFn<N, M, M, N> for Pullback<F, N, M> {
    #[inline(always)]
    fn call<T: Float, I: Isa>(&self, x: [T; N], y: [T; M], y_bar: [T; M]) -> [T; N] {
        let mut x_bar = [T::ZERO; N];
        self.call_into::<T, I>(x, y, y_bar, &mut x_bar);
        x_bar
    }

    #[inline(always)]
    fn call_into<T: Float, I: Isa>(&self, x: [T; N], y: [T; M], y_bar: [T; M], x_bar: &mut [T; N]) {
        let partials = self.0.partials(lanes::<T, I, N>(x), lanes::<T, I, M>(y));
        for k in 0..N {
            let mut sum = None;
            for m in 0..M {
                if let Some(term) = partials[m][k].times(Lane::<T, I>::new(y_bar[m])) {
                    sum = Some(match sum {
                        Some(sum) => sum + term,
                        None => term,
                    });
                }
            }
            x_bar[k] = match sum {
                Some(sum) => sum.0,
                None => T::ZERO,
            };
        }
    }
}

/// Which partial derivatives are constants; known when the formula is compiled.
#[inline(always)]
fn kinds<T: Float, F: Formula<N, M>, const N: usize, const M: usize>(f: F) -> [[Kind; N]; M] {
    let one = Lane::<T, Plain>::new(T::ONE);
    let partials = f.partials([one; N], [one; M]);
    let mut kinds = [[Partial::Zero; N]; M];
    for m in 0..M {
        for k in 0..N {
            kinds[m][k] = partials[m][k].kind();
        }
    }
    kinds
}

/// The pullback of one number. Returns `false` if an operand is more than that.
fn scalar_pullback<T: Float, F: Formula<N, M>, const N: usize, const M: usize>(
    f: F,
    direct: &mut Direct<'_, T>,
) -> bool {
    let list = direct.list;
    let Some(ids) = plain_operands::<T, N>(list, direct.id) else {
        return false;
    };
    if list.nodes[direct.id as usize].size != 1 {
        return false;
    }
    let Flow { bars, pool, .. } = &mut *direct.flow;
    let Some(y_bar) = bars[direct.id as usize].take() else {
        return true;
    };
    let kinds = kinds::<T, F, N, M>(f)[0];
    let mut x = [T::ZERO; N];
    for k in 0..N {
        x[k] = list.plain(ids[k])[0];
    }
    let y = [list.plain(direct.id)[0]; M];
    let mut x_bar = [T::ZERO; N];
    Pullback::<F, N, M>(f).call_into::<T, Plain>(x, y, [y_bar[0]; M], &mut x_bar);
    let mut own = Some(y_bar);
    for k in 0..N {
        if list.nodes[ids[k] as usize].flags & NEEDS == 0 || kinds[k] == Partial::Zero {
            continue;
        }
        match &mut bars[ids[k] as usize] {
            Some(sum) => sum[0] += x_bar[k],
            empty => {
                let mut first = own.take().unwrap_or_else(|| pool.take(1));
                first[0] = x_bar[k];
                *empty = Some(first);
            }
        }
    }
    if let Some(y_bar) = own {
        pool.give(y_bar);
    }
    true
}

/// The inputs of a node, if it and they are plain and of one shape.
#[inline]
fn plain_operands<T: Float, const N: usize>(list: &List<T>, id: Id) -> Option<[Id; N]> {
    let node = &list.nodes[id as usize];
    if node.view != NONE || N > 3 {
        return None;
    }
    let mut ids = [0; N];
    ids.copy_from_slice(&node.inputs[..N]);
    for id in ids {
        let input = &list.nodes[id as usize];
        if input.view != NONE || input.dims != node.dims || input.rank != node.rank {
            return None;
        }
    }
    Some(ids)
}

/// The pullback where every operand is plain and of the output's shape. Works in the cotangent's
/// own buffer where that is free. Returns `false` if the operands are not so.
fn flat_pullback<T: Float, const N: usize, const M: usize>(
    f: &dyn Loop<T, N, M, M, N>,
    kinds: [Kind; N],
    direct: &mut Direct<'_, T>,
) -> bool {
    let list = direct.list;
    let Some(ids) = plain_operands::<T, N>(list, direct.id) else {
        return false;
    };
    let Some(mut y_bar) = direct.flow.bars[direct.id as usize].take() else {
        return true;
    };
    let size = list.nodes[direct.id as usize].size as usize;
    let Flow { bars, pool, .. } = &mut *direct.flow;

    // Where each input's share goes: buffer 0 is the cotangent's own, buffer k + 1 input k's.
    let mut buffers: [Vec<T>; N] = [const { Vec::new() }; N];
    let mut target = [(0, Mode::Skip); N];
    let mut own: Option<Id> = None;
    for k in 0..N {
        let id = ids[k];
        if list.nodes[id as usize].flags & NEEDS == 0 || kinds[k] == Partial::Zero {
            continue;
        }
        if let Some(first) = (0..k).find(|&j| ids[j] == id && target[j].1 != Mode::Skip) {
            target[k] = (target[first].0, Mode::Add);
        } else if let Some(sum) = bars[id as usize].take() {
            buffers[k] = sum;
            target[k] = (k + 1, Mode::Add);
        } else if own.is_none() {
            own = Some(id);
            target[k] = (0, Mode::Write);
        } else {
            buffers[k] = pool.take(size);
            target[k] = (k + 1, Mode::Write);
        }
    }
    // A cotangent that is passed on unchanged in its own buffer needs no kernel.
    let moved = N == 1 && kinds[0] == Partial::One && target[0] == (0, Mode::Write);
    if !moved && target.iter().any(|(_, mode)| *mode != Mode::Skip) {
        let mut x = [Source::Slice(&[][..]); N];
        for k in 0..N {
            x[k] = Source::Slice(list.plain(ids[k]));
        }
        let y = [Source::Slice(list.plain(direct.id)); M];
        let g = [Source::Buffer(0); M];
        // One buffer more than there are inputs: the array is as long as formulas get here.
        let mut slices: [&mut [T]; 4] = [&mut y_bar, &mut [], &mut [], &mut []];
        for (slice, buffer) in slices[1..].iter_mut().zip(&mut buffers) {
            *slice = buffer;
        }
        map_flat(f, size, x, y, g, target, &mut slices);
    }
    for (k, buffer) in buffers.into_iter().enumerate() {
        if target[k].0 == k + 1 {
            bars[ids[k] as usize] = Some(buffer);
        }
    }
    match own {
        Some(id) => bars[id as usize] = Some(y_bar),
        None => pool.give(y_bar),
    }
    true
}

/// The pullback of any formula over any layouts: into the regions of the bases' cotangents where
/// the shapes agree, and through a buffer that is summed down where an input was broadcast.
fn pullback<T: Float, const N: usize, const M: usize>(
    f: &dyn Loop<T, N, M, M, N>,
    kinds: [[Kind; N]; M],
    direct: &mut Direct<'_, T>,
) {
    let (list, id) = (direct.list, direct.id);
    let flow = &mut *direct.flow;
    let shape = list.shape(id);
    let size = shape.size();
    let ids: [Id; N] = std::array::from_fn(|k| list.inputs(id)[k]);
    let contiguous = Layout::contiguous(shape.clone());

    let mut targets = Targets {
        buffers: SmallVec::new(),
        bases: SmallVec::new(),
    };
    let mut regions: [Layout; N] = std::array::from_fn(|_| contiguous.clone());
    let mut target = [(0, Mode::Skip); N];
    let mut broadcast = [false; N];
    let is_zero = |k: usize| kinds.iter().all(|row| row[k] == Partial::Zero);
    let parts = if (0..N).any(is_zero) {
        None
    } else {
        filled_by(list, flow, &ids)
    };
    for k in 0..N {
        if list.nodes[ids[k] as usize].flags & NEEDS == 0 || is_zero(k) {
            continue;
        }
        if list.shape(ids[k]) != shape {
            broadcast[k] = true;
            target[k] = (targets.push(None, flow.pool.take(size)), Mode::Write);
            continue;
        }
        let (base, region) = list.region(ids[k]);
        target[k] = if parts == Some(base) {
            targets.part(list, flow, base)
        } else {
            targets.find(list, flow, base, &region)
        };
        regions[k] = region;
    }

    let y_bars: [Option<Vec<T>>; M] = std::array::from_fn(|m| flow.bars[id as usize + m].take());
    if target.iter().any(|(_, mode)| *mode != Mode::Skip) {
        let layouts = ids.map(|id| list.layout(id));
        let x: [Input<'_, T>; N] = std::array::from_fn(|k| Input {
            source: Source::Slice(list.storage(ids[k])),
            layout: &layouts[k],
        });
        let y_layouts: [Layout; M] = std::array::from_fn(|m| list.layout(id + m as Id));
        let y: [Input<'_, T>; M] = std::array::from_fn(|m| Input {
            source: Source::Slice(list.storage(id + m as Id)),
            layout: &y_layouts[m],
        });
        let scalar = Layout::contiguous(Shape::scalar());
        let zero = [T::ZERO];
        let g: [Input<'_, T>; M] = std::array::from_fn(|m| match &y_bars[m] {
            Some(bar) => Input {
                source: Source::Slice(bar),
                layout: &contiguous,
            },
            None => Input {
                source: Source::Slice(&zero),
                layout: &scalar,
            },
        });
        let outputs = std::array::from_fn(|k| Output {
            buffer: target[k].0,
            layout: &regions[k],
            mode: target[k].1,
        });
        let mut slices: SmallVec<[&mut [T]; 8]> =
            targets.buffers.iter_mut().map(Vec::as_mut_slice).collect();
        map(f, &shape, x, y, g, outputs, &mut slices);
    }
    for (k, _) in broadcast
        .iter()
        .enumerate()
        .filter(|(_, broadcast)| **broadcast)
    {
        let full = std::mem::take(&mut targets.buffers[target[k].0]);
        targets.restore(flow);
        flow.accumulate(list, ids[k], &View::contiguous(&full, shape.clone()));
        flow.pool.give(full);
    }
    targets.restore(flow);
    for bar in y_bars.into_iter().flatten() {
        flow.pool.give(bar);
    }
}

/// The base whose cotangent, not there yet, is filled by the inputs' regions without a gap or an
/// overlap, as that of the gates of a recurrent cell is: it is written and needs no zeros.
fn filled_by<T: Float>(list: &List<T>, flow: &Flow<T>, ids: &[Id]) -> Option<Id> {
    let views = ids.iter().filter_map(|&id| {
        let node = &list.nodes[id as usize];
        let simple = node.flags & (ALIAS | WANTED | NEEDS) == ALIAS | NEEDS;
        simple.then(|| &list.views[node.view as usize])
    });
    let base = views.clone().next()?.base;
    if flow.bars[base as usize].is_some() || ids.contains(&base) {
        return None;
    }
    let size = list.nodes[base as usize].size as usize;
    let parts = views.filter(|view| view.base == base);
    let mut offsets: SmallVec<[usize; 8]> = SmallVec::new();
    let mut model: Option<&Layout> = None;
    for view in parts {
        let region = &view.region;
        let model = *model.get_or_insert(region);
        // Equal parts side by side along the inner of two axes.
        if region.shape() != model.shape() || region.strides() != model.strides() {
            return None;
        }
        offsets.push(region.offset());
    }
    let region = model?;
    let (shape, strides) = (region.shape(), region.strides());
    offsets.sort_unstable();
    let tiles = shape.rank() == 2
        && strides[1] == 1
        && strides[0] as usize == shape[1] * offsets.len()
        && shape.size() * offsets.len() == size
        && offsets
            .iter()
            .enumerate()
            .all(|(at, offset)| *offset == at * shape[1]);
    tiles.then_some(base)
}

/// The buffers that one kernel writes, each once, and the nodes that they belong to.
struct Targets<T> {
    buffers: SmallVec<[Vec<T>; 8]>,
    bases: SmallVec<[Option<Id>; 8]>,
}

impl<T: Float> Targets<T> {
    fn push(&mut self, base: Option<Id>, buffer: Vec<T>) -> usize {
        self.buffers.push(buffer);
        self.bases.push(base);
        self.buffers.len() - 1
    }

    /// The buffer of a base's cotangent, and whether its region is written or added to.
    fn find(
        &mut self,
        list: &List<T>,
        flow: &mut Flow<T>,
        base: Id,
        region: &Layout,
    ) -> (usize, Mode) {
        if let Some(at) = self.bases.iter().position(|other| *other == Some(base)) {
            return (at, Mode::Add);
        }
        if let Some(sum) = flow.bars[base as usize].take() {
            return (self.push(Some(base), sum), Mode::Add);
        }
        let size = list.nodes[base as usize].size as usize;
        if region.size() == size && region.is_contiguous() {
            return (self.push(Some(base), flow.pool.take(size)), Mode::Write);
        }
        (self.push(Some(base), flow.pool.zeros(size)), Mode::Add)
    }

    /// The buffer of a base's cotangent that is going to be filled, and that its part is written.
    fn part(&mut self, list: &List<T>, flow: &mut Flow<T>, base: Id) -> (usize, Mode) {
        if let Some(at) = self.bases.iter().position(|other| *other == Some(base)) {
            return (at, Mode::Write);
        }
        let size = list.nodes[base as usize].size as usize;
        (self.push(Some(base), flow.pool.take(size)), Mode::Write)
    }

    /// Puts the buffers back where they belong.
    fn restore(&mut self, flow: &mut Flow<T>) {
        for (base, buffer) in self.bases.iter().zip(&mut self.buffers) {
            if let Some(base) = base
                && buffer.capacity() > 0
            {
                flow.bars[*base as usize] = Some(std::mem::take(buffer));
            }
        }
    }
}

impl<'t, T: Float> Var<'t, T> {
    /// An elementary function of every element.
    #[inline]
    #[track_caller]
    pub fn elementary<E: crate::Elementary>(self, function: E) -> Self {
        let [y] = self.tape().formula(Unary(function), [self]);
        y
    }

    /// A function of two operands; a literal becomes an attribute of the op.
    #[inline]
    #[track_caller]
    pub(crate) fn binary<F: Formula<2, 1>>(self, formula: F, other: impl Operand<'t, T>) -> Self {
        let [y] = match other.literal() {
            Some(literal) => self.tape().formula(WithRight(formula, literal), [self]),
            None => self.tape().formula(formula, [self, other.on(self.tape())]),
        };
        y
    }

    /// The same with the literal on the left.
    #[inline]
    #[track_caller]
    pub(crate) fn binary_left<F: Formula<2, 1>>(self, literal: f64, formula: F) -> Self {
        let [y] = self.tape().formula(WithLeft(literal, formula), [self]);
        y
    }
}

/// An elementary function as a formula.
#[derive(Clone, Copy)]
pub(crate) struct Unary<E>(pub E);

impl<E: crate::Elementary> Formula<1, 1> for Unary<E> {
    const NAME: &'static str = E::NAME;
    #[inline(always)]
    fn eval<R: Real>(&self, [x]: [R; 1]) -> [R; 1] {
        [x.apply(self.0)]
    }
    #[inline(always)]
    fn partials<R: Real>(&self, [x]: [R; 1], [y]: [R; 1]) -> [[Partial<R>; 1]; 1] {
        [[Partial::Value(self.0.slope(x, y))]]
    }
}

/// A formula of two numbers whose second is a literal.
#[derive(Clone, Copy)]
struct WithRight<F>(F, f64);

impl<F: Formula<2, 1>> Formula<1, 1> for WithRight<F> {
    const NAME: &'static str = F::NAME;
    #[inline(always)]
    fn eval<R: Real>(&self, [x]: [R; 1]) -> [R; 1] {
        self.0.eval([x, R::lit(self.1)])
    }
    #[inline(always)]
    fn partials<R: Real>(&self, [x]: [R; 1], y: [R; 1]) -> [[Partial<R>; 1]; 1] {
        let [[x_partial, _]] = self.0.partials([x, R::lit(self.1)], y);
        [[x_partial]]
    }
}

/// A formula of two numbers whose first is a literal.
#[derive(Clone, Copy)]
struct WithLeft<F>(f64, F);

impl<F: Formula<2, 1>> Formula<1, 1> for WithLeft<F> {
    const NAME: &'static str = F::NAME;
    #[inline(always)]
    fn eval<R: Real>(&self, [x]: [R; 1]) -> [R; 1] {
        self.1.eval([R::lit(self.0), x])
    }
    #[inline(always)]
    fn partials<R: Real>(&self, [x]: [R; 1], y: [R; 1]) -> [[Partial<R>; 1]; 1] {
        let [[_, x_partial]] = self.1.partials([R::lit(self.0), x], y);
        [[x_partial]]
    }
}
