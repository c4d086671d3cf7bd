//! The pullback of formulas, straight from buffers into buffers.

use smallvec::SmallVec;
use wengert_tensor::kernels::{
    Input, Isa, Loop, MapFn, Mode, Output, Plain, Source, each, map, map_flat,
};
use wengert_tensor::{Float, Layout, Shape, View};

use crate::formula::elementwise::lanes;
use crate::formula::lane::Lane;
use crate::formula::{Formula, Kind, Partial};
use crate::record::node::{ALIAS, Id, List, NEEDS, WANTED};
use crate::walk::buffer_pool::Buffer;
use crate::walk::cotangents::Flow;
use crate::walk::direct::Direct;

/// The pullback of a formula as a kernel: of the inputs, the outputs and their cotangents.
#[derive(Clone, Copy)]
pub(crate) struct Pullback<F, const N: usize, const M: usize>(pub F);

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
        for_each!(k in N {
            let mut sum = None;
            for_each!(few m in M {
                if let Some(term) = partials[m][k].times(Lane::<T, I>::new(y_bar[m])) {
                    sum = Some(match sum {
                        Some(sum) => sum + term,
                        None => term,
                    });
                }
            });
            x_bar[k] = match sum {
                Some(sum) => sum.0,
                None => T::ZERO,
            };
        });
    }
}

/// Which partial derivatives are constants; known when the formula is compiled.
#[inline(always)]
pub(crate) fn kinds<T: Float, F: Formula<N, M>, const N: usize, const M: usize>(
    f: F,
) -> [[Kind; N]; M] {
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

/// The pullback of one number, of a flat node with its inputs.
#[inline(always)]
pub(crate) fn number_pullback<T: Float, F: Formula<N, M>, const N: usize, const M: usize>(
    f: F,
    kinds: [Kind; N],
    direct: &mut Direct<'_, T>,
) {
    let list = direct.list;
    let node = &list.nodes[direct.id as usize];
    let Flow { bars, pool, .. } = &mut *direct.flow;
    let Some(bar) = bars[direct.id as usize].take() else {
        return;
    };
    let y_bar = bar[0];
    pool.give(bar);
    let mut x = [T::ZERO; N];
    let mut y = [T::ZERO; M];
    let mut x_bar = [T::ZERO; N];
    if kinds.contains(&Partial::Value(())) {
        for k in 0..N {
            x[k] = list.number(node.inputs[k]);
        }
        y = [list.number(direct.id); M];
    }
    Pullback::<F, N, M>(f).call_into::<T, Plain>(x, y, [y_bar; M], &mut x_bar);
    for k in 0..N {
        let id = node.inputs[k] as usize;
        if kinds[k] == Partial::Zero || list.nodes[id].flags & NEEDS == 0 {
            continue;
        }
        match &mut bars[id] {
            Some(sum) => sum[0] += x_bar[k],
            empty => *empty = Some(Buffer::One([x_bar[k]])),
        }
    }
}

/// The pullback of a flat node. Works in the cotangent's own buffer where that is free.
pub(crate) fn flat_pullback<T: Float, const N: usize, const M: usize>(
    f: &dyn Loop<T, N, M, M, N>,
    kinds: [Kind; N],
    direct: &mut Direct<'_, T>,
) {
    let list = direct.list;
    let node = &list.nodes[direct.id as usize];
    let mut target = [(0, Mode::Skip); N];
    let mut only = None;
    for k in 0..N {
        let needs = list.nodes[node.inputs[k] as usize].flags & NEEDS != 0;
        if needs && kinds[k] != Partial::Zero {
            if only.is_some() {
                return shared_pullback(f, kinds, direct);
            }
            only = Some(k);
            target[k] = (0, Mode::Write);
        }
    }
    let Flow { bars, pool, .. } = &mut *direct.flow;
    let (low, high) = bars.split_at_mut(direct.id as usize);
    let Some(y_bar) = &mut high[0] else {
        return;
    };
    let Some(k) = only else {
        pool.give(std::mem::take(y_bar));
        high[0] = None;
        return;
    };
    let x_bar = &mut low[node.inputs[k] as usize];
    if x_bar.is_some() {
        return shared_pullback(f, kinds, direct);
    }
    // A cotangent that is passed on unchanged needs no kernel.
    if kinds[k] != Partial::One {
        let (x, y, g) = flat_operands(list, direct.id);
        map_flat(f, node.size as usize, x, y, g, target, &mut [y_bar]);
    }
    *x_bar = high[0].take();
}

/// The operands of a flat node's pullback; the cotangent is buffer 0.
#[inline(always)]
fn flat_operands<T: Float, const N: usize, const M: usize>(
    list: &List<T>,
    id: Id,
) -> ([Source<'_, T>; N], [Source<'_, T>; M], [Source<'_, T>; M]) {
    let mut x = [Source::Slice(&[][..]); N];
    for k in 0..N {
        x[k] = Source::Slice(list.plain(list.nodes[id as usize].inputs[k]));
    }
    (
        x,
        [Source::Slice(list.plain(id)); M],
        [Source::Buffer(0); M],
    )
}

/// The same where several inputs have a share, or the only one has a cotangent already.
#[inline(never)]
fn shared_pullback<T: Float, const N: usize, const M: usize>(
    f: &dyn Loop<T, N, M, M, N>,
    kinds: [Kind; N],
    direct: &mut Direct<'_, T>,
) {
    let list = direct.list;
    let node = &list.nodes[direct.id as usize];
    let Flow { bars, pool, .. } = &mut *direct.flow;
    let Some(mut y_bar) = bars[direct.id as usize].take() else {
        return;
    };
    let size = node.size as usize;

    // Where each input's share goes: buffer 0 is the cotangent's own, buffer k + 1 input k's.
    let mut buffers = [const { Buffer::Many(Vec::new()) }; N];
    let mut target = [(0, Mode::Skip); N];
    let mut own: Option<Id> = None;
    for k in 0..N {
        let id = node.inputs[k];
        if kinds[k] == Partial::Zero || list.nodes[id as usize].flags & NEEDS == 0 {
            continue;
        }
        let same = |j: &usize| node.inputs[*j] == id && target[*j].1 != Mode::Skip;
        if let Some(first) = (0..k).find(same) {
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
    let (x, y, g) = flat_operands(list, direct.id);
    // One buffer more than there are inputs: the array is as long as formulas get here.
    let mut slices: [&mut [T]; 4] = [&mut y_bar, &mut [], &mut [], &mut []];
    for (slice, buffer) in slices[1..].iter_mut().zip(&mut buffers) {
        *slice = buffer;
    }
    map_flat(f, size, x, y, g, target, &mut slices);
    for (k, buffer) in buffers.into_iter().enumerate() {
        if target[k].0 == k + 1 {
            bars[node.inputs[k] as usize] = Some(buffer);
        }
    }
    match own {
        Some(id) => bars[id as usize] = Some(y_bar),
        None => pool.give(y_bar),
    }
}

/// The pullback of any formula over any layouts: into the regions of the bases' cotangents where
/// the shapes agree, and through a buffer that is summed down where an input was broadcast.
pub(crate) fn pullback<T: Float, const N: usize, const M: usize>(
    f: &dyn Loop<T, N, M, M, N>,
    kinds: [[Kind; N]; M],
    direct: &mut Direct<'_, T>,
) {
    let (list, id) = (direct.list, direct.id);
    let flow = &mut *direct.flow;
    let shape = list.shape(id);
    let size = shape.size();
    let ids: [Id; N] = each(|k| list.inputs(id)[k]);
    let contiguous = Layout::contiguous(shape.clone());

    let mut targets = Targets {
        buffers: SmallVec::new(),
        bases: SmallVec::new(),
    };
    let mut regions: [Layout; N] = each(|_| contiguous.clone());
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
            // What another input's region adds to must not be written over afterwards.
            let alone = || {
                (0..N).all(|j| {
                    let gives = list.nodes[ids[j] as usize].flags & NEEDS != 0 && !is_zero(j);
                    ids[j] == ids[k] || !gives || list.region(ids[j]).0 != base
                })
            };
            targets.find(list, flow, base, &region, alone)
        };
        regions[k] = region;
    }

    let y_bars: [Option<Buffer<T>>; M] = each(|m| flow.bars[id as usize + m].take());
    if target.iter().any(|(_, mode)| *mode != Mode::Skip) {
        let layouts: [Layout; N] = each(|k| list.layout(ids[k]));
        let x: [Input<'_, T>; N] = each(|k| Input {
            source: Source::Slice(list.storage(ids[k])),
            layout: &layouts[k],
        });
        let y_layouts: [Layout; M] = each(|m| list.layout(id + m as Id));
        let y: [Input<'_, T>; M] = each(|m| Input {
            source: Source::Slice(list.storage(id + m as Id)),
            layout: &y_layouts[m],
        });
        let scalar = Layout::contiguous(Shape::scalar());
        let zero = [T::ZERO];
        let g: [Input<'_, T>; M] = each(|m| match &y_bars[m] {
            Some(bar) => Input {
                source: Source::Slice(bar),
                layout: &contiguous,
            },
            None => Input {
                source: Source::Slice(&zero),
                layout: &scalar,
            },
        });
        let outputs = each(|k| Output {
            buffer: target[k].0,
            layout: &regions[k],
            mode: target[k].1,
        });
        let mut slices: SmallVec<[&mut [T]; 8]> = targets
            .buffers
            .iter_mut()
            .map(|buffer| &mut **buffer)
            .collect();
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
    buffers: SmallVec<[Buffer<T>; 8]>,
    bases: SmallVec<[Option<Id>; 8]>,
}

impl<T: Float> Targets<T> {
    fn push(&mut self, base: Option<Id>, buffer: Buffer<T>) -> usize {
        self.buffers.push(buffer);
        self.bases.push(base);
        self.buffers.len() - 1
    }

    /// The buffer of a base's cotangent, and whether its region is written or added to. A region
    /// that covers the base is written, if the base has no other region among the inputs.
    fn find(
        &mut self,
        list: &List<T>,
        flow: &mut Flow<T>,
        base: Id,
        region: &Layout,
        alone: impl FnOnce() -> bool,
    ) -> (usize, Mode) {
        if let Some(at) = self.bases.iter().position(|other| *other == Some(base)) {
            return (at, Mode::Add);
        }
        if let Some(sum) = flow.bars[base as usize].take() {
            return (self.push(Some(base), sum), Mode::Add);
        }
        let size = list.nodes[base as usize].size as usize;
        if list.is_all(base, region) && alone() {
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
        for (base, buffer) in self.bases.iter_mut().zip(&mut self.buffers) {
            if let Some(base) = base.take() {
                flow.bars[base as usize] = Some(std::mem::take(buffer));
            }
        }
    }
}
