//! Products of rows with one matrix, `[…, I] · [I, O]`, and their pullback: what recurrent cells
//! spend their time in.

use smallvec::SmallVec;
use wengert_tensor::kernels::{Matrix, MatrixMut, matmul, matmul_from, sum};
use wengert_tensor::{Float, Layout, Shape, View, compile_here};

use crate::record::node::{ALIAS, Id, List, MORE, NEEDS, NONE, Node, Place, WANTED, narrow};
use crate::record::recording::{self, Recorder, Waiting};
use crate::record::var::Var;
use crate::walk::buffer_pool::Buffer;
use crate::walk::cotangents::Flow;

/// `[…, cols]` as one matrix with a row for every index of the outer axes.
#[track_caller]
pub(crate) fn flat<T: Float>(x: Var<'_, T>) -> Var<'_, T> {
    let shape = x.shape();
    let (&cols, outer) = shape.split_last().expect("a factor of a product has axes");
    if outer.len() == 1 {
        x
    } else {
        x.with_shape(&Shape::from([outer.iter().product(), cols]))
    }
}

/// Where the elements of a matrix lie in a storage.
#[derive(Clone, Copy)]
struct Sheet {
    offset: usize,
    rows: usize,
    cols: usize,
    row_stride: isize,
    col_stride: isize,
}

impl Sheet {
    fn row_major(rows: usize, cols: usize) -> Self {
        Sheet {
            offset: 0,
            rows,
            cols,
            row_stride: cols as isize,
            col_stride: 1,
        }
    }

    /// `[…, cols]` as a matrix with a row for every index of the outer axes; `None` where no
    /// strides say it.
    fn of(layout: &Layout) -> Option<Self> {
        let (&cols, outer) = layout.shape().split_last()?;
        let sheet = |layout: &Layout| Sheet {
            offset: layout.offset(),
            rows: layout.shape()[0],
            cols,
            row_stride: layout.strides()[0],
            col_stride: layout.strides()[1],
        };
        if outer.len() == 1 {
            return Some(sheet(layout));
        }
        let flat = Shape::from([outer.iter().product(), cols]);
        layout.reshaped(&flat).as_ref().map(sheet)
    }

    /// The same of a node's value.
    #[inline]
    fn of_node<T: Float>(list: &List<T>, id: Id) -> Option<Self> {
        let node = &list.nodes[id as usize];
        if node.view != NONE {
            return Self::of(&list.views[node.view as usize].layout);
        }
        let (&cols, outer) = node.dims[..node.rank as usize].split_last()?;
        let rows = outer.iter().map(|&dim| dim as usize).product();
        Some(Self::row_major(rows, cols as usize))
    }

    #[inline]
    fn read<T>(self, data: &[T]) -> Matrix<'_, T> {
        Matrix::new(
            data,
            self.offset,
            self.rows,
            self.cols,
            self.row_stride,
            self.col_stride,
        )
    }

    #[inline]
    fn write<T>(self, data: &mut [T]) -> MatrixMut<'_, T> {
        MatrixMut::new(
            data,
            self.offset,
            self.rows,
            self.cols,
            self.row_stride,
            self.col_stride,
        )
    }
}

/// What an op has beside a sum of products: other inputs, and other outputs, of the shape of one
/// of so many equal parts of the sum's columns.
#[derive(Clone, Copy)]
pub(crate) struct Beside {
    pub parts: usize,
    /// The number of the other inputs, which are the op's last.
    pub inputs: usize,
    pub outputs: usize,
    /// Whether the sum lies in memory of its own, which is used again and again and so stays in the
    /// caches, and not in the first output.
    pub apart: bool,
}

impl Beside {
    pub const NOTHING: Self = Beside {
        parts: 1,
        inputs: 0,
        outputs: 0,
        apart: false,
    };
}

/// What is made of the sum: it gets the sum, which is the first output if it does not lie apart, the
/// other outputs, the other inputs, and the number of the sum's columns.
pub(crate) type Finish<'f, T> = dyn FnMut(&mut [T], &mut [&mut [T]], &[&[T]], usize) + 'f;

compile_here! {
    /// Records an op of y = Σ x w + b, without the detour over layouts if it can. Returns its first
    /// output, which the others follow, or `NONE` where its shape rule refuses.
    pub(crate) fn record<T>(
        recorder: &mut Recorder<'_, T>,
        waiting: &mut Waiting<'_, T>,
        ids: &[Id],
        beside: Beside,
        finish: &mut Finish<'_, T>,
    ) -> Id {
        match record_rows(recorder, waiting, ids, beside, finish) {
            NONE => recording::record(recorder, waiting, ids, false),
            first => first,
        }
    }
}

/// Returns `NONE` where an operand is not of the usual kind or does not fit, and the general way knows
/// what to do or to say.
fn record_rows<T: Float>(
    recorder: &mut Recorder<'_, T>,
    waiting: &mut Waiting<'_, T>,
    ids: &[Id],
    beside: Beside,
    finish: &mut Finish<'_, T>,
) -> Id {
    let Recorder { inner, location } = recorder;
    let summed = ids.len() - beside.inputs;
    let list = &mut inner.list;
    let model = list.nodes[ids[0] as usize];
    // The dimensions of more axes do not lie in the node.
    let last = match model.rank {
        rank @ 1..=4 => rank as usize - 1,
        _ => return NONE,
    };
    let cols = list.nodes[ids[1] as usize].dims[1];
    let parts = beside.parts as u32;
    let mut flags = 0;
    let mut factors: SmallVec<[(Sheet, Place); 12]> = SmallVec::new();
    for pair in ids[..summed].chunks(2) {
        let x = &list.nodes[pair[0] as usize];
        let fits = match pair.get(1) {
            Some(&w) => {
                let w = &list.nodes[w as usize];
                let rows = x.rank == model.rank && x.dims[..last] == model.dims[..last];
                let inner = w.rank == 2 && w.dims == [x.dims[last], cols, 0, 0];
                rows && inner
            }
            // Nearly every bias is a leaf, whose elements follow each other.
            None => x.rank == 1 && x.dims[0] == cols && x.view == NONE,
        };
        if !fits {
            return NONE;
        }
        for &id in pair {
            let node = &list.nodes[id as usize];
            flags |= node.flags;
            match Sheet::of_node(list, id) {
                Some(sheet) => factors.push((sheet, node.place)),
                None => return NONE,
            }
        }
    }
    let (mut dims, mut part) = (model.dims, model.dims);
    (dims[last], part[last]) = (cols, cols / parts);
    let mut fits = cols.is_multiple_of(parts);
    for &id in &ids[summed..] {
        let node = &list.nodes[id as usize];
        flags |= node.flags;
        fits &= node.view == NONE && node.rank == model.rank && node.dims == part;
    }
    if !fits {
        return NONE;
    }
    let rows: usize = dims[..last].iter().map(|&dim| dim as usize).product();
    let cols = cols as usize;
    // What has no room is refused by the general way.
    let Some(size) = rows
        .checked_mul(cols)
        .filter(|&size| size < u32::MAX as usize)
    else {
        return NONE;
    };
    let part_size = size / beside.parts;
    let Some(start) = list.alloc(list.used, size) else {
        return NONE;
    };
    let mut used = start + size;
    let mut starts: SmallVec<[usize; 4]> = SmallVec::new();
    for _ in 0..beside.outputs {
        let Some(start) = list.alloc(used, part_size) else {
            return NONE;
        };
        starts.push(start);
        used = start + part_size;
    }
    if !list.has_room(1 + beside.outputs, ids.len()) {
        return NONE;
    }
    let mut scratch = match beside.apart {
        true => inner.flow.pool.take(size),
        false => Buffer::default(),
    };
    {
        let (low, high) = list.arena.split_at_mut(start);
        let data = |place| match place {
            Place::Arena(start) => &low[start as usize..],
            Place::External(at) => list.externals[at as usize].storage(),
            Place::Loan(at) => &list.loans[at as usize][..],
        };
        let mut outputs: SmallVec<[&mut [T]; 5]> = SmallVec::new();
        let (first, mut high) = high.split_at_mut(size);
        let y = if beside.apart {
            outputs.push(first);
            &mut scratch[..]
        } else {
            first
        };
        let (pairs, bias) = factors.as_chunks::<2>();
        for (k, &[(x, x_place), (w, w_place)]) in pairs.iter().enumerate() {
            let sum = MatrixMut::row_major(y, rows, cols);
            let (x, w) = (x.read(data(x_place)), w.read(data(w_place)));
            let packs = &mut inner.flow.packs;
            let packed = packs.find(&list.nodes, (ids[2 * k + 1], false), &x, &w);
            let row = match bias {
                &[(bias, place)] if k == 0 => Some(&data(place)[bias.offset..][..cols]),
                _ => None,
            };
            match (row, packed) {
                (Some(row), Some(packed)) => packed.multiply_from(row, sum, x),
                (Some(row), None) => matmul_from(row, sum, x, w),
                (None, Some(packed)) => packed.multiply(sum, x, k > 0),
                (None, None) => matmul(sum, x, w, k > 0),
            }
        }
        let mut at = start + size;
        for &start in &starts {
            let (output, rest) = high.split_at_mut(start - at).1.split_at_mut(part_size);
            outputs.push(output);
            (high, at) = (rest, start + part_size);
        }
        let mut others: SmallVec<[&[T]; 4]> = SmallVec::new();
        for &id in &ids[summed..] {
            others.push(&data(list.nodes[id as usize].place)[..part_size]);
        }
        finish(y, &mut outputs, &others, cols);
    }
    inner.flow.pool.give(scratch);
    let mut needs = if inner.recording { flags & NEEDS } else { 0 };
    inner.list.used = used;
    let op = waiting.store(&mut inner.list);
    if beside.outputs > 0 {
        needs |= MORE;
    }
    let node = Node {
        op,
        place: Place::Arena(start as u32),
        dims,
        size: narrow(size),
        rank: model.rank,
        ..inner.list.blank(ids, needs)
    };
    let origin = inner.origin(location);
    let first = inner.list.push(node, origin);
    for (m, start) in starts.into_iter().enumerate() {
        let node = Node {
            place: Place::Arena(start as u32),
            dims: part,
            size: narrow(part_size),
            flags: node.flags & !MORE,
            output: m as u8 + 1,
            ..node
        };
        inner.list.push(node, origin);
    }
    first
}

/// The number of columns of the matrix `w`.
pub(crate) fn columns<T: Float>(list: &List<T>, w: Id) -> usize {
    list.nodes[w as usize].dims[1] as usize
}

/// y = x w, or y += x w. Returns `false` if no strides can say that x is one matrix.
pub(crate) fn multiply<T: Float>(y: &mut [T], x: &View<'_, T>, w: &View<'_, T>, add: bool) -> bool {
    let (Some(x_rows), Some(w_rows)) = (Sheet::of(x.layout()), Sheet::of(w.layout())) else {
        return false;
    };
    let y = MatrixMut::row_major(y, x_rows.rows, w_rows.cols);
    matmul(y, x_rows.read(x.data()), w_rows.read(w.data()), add);
    true
}

/// The reverse rule of y = x w: adds ȳ wᵀ to the cotangent of `x` and xᵀ ȳ, over all rows, to
/// that of `w`. `y` is a node of the product's shape.
pub(crate) fn pull_product<T: Float>(
    list: &List<T>,
    flow: &mut Flow<T>,
    y: Id,
    y_bar: &[T],
    x: Id,
    w: Id,
) {
    let y_rows = Sheet::of_node(list, y).map(|y| Sheet::row_major(y.rows, y.cols));
    let y_view = || View::contiguous(y_bar, list.shape(y));
    let (x_rows, w_rows) = (Sheet::of_node(list, x), Sheet::of_node(list, w));
    if list.nodes[x as usize].flags & NEEDS != 0 {
        match (y_rows, w_rows, Target::of(list, x)) {
            (Some(y_rows), Some(w_rows), Some(target)) => {
                target.add(
                    list,
                    flow,
                    y_rows.read(y_bar),
                    w_rows.read(list.storage(w)).t(),
                    Some((w, true)),
                );
            }
            _ => flow.accumulate_product(list, x, &y_view(), &transposed(&list.view(w))),
        }
    }
    if list.nodes[w as usize].flags & NEEDS != 0 {
        match (y_rows, x_rows, Target::of(list, w)) {
            (Some(y_rows), Some(x_rows), Some(target)) => {
                target.add(
                    list,
                    flow,
                    x_rows.read(list.storage(x)).t(),
                    y_rows.read(y_bar),
                    None,
                );
            }
            _ => flow.accumulate_product(list, w, &transposed(&list.view(x)), &y_view()),
        }
    }
}

/// Adds ȳ, summed over all rows, to the cotangent of the bias.
pub(crate) fn pull_bias<T: Float>(
    list: &List<T>,
    flow: &mut Flow<T>,
    y: Id,
    y_bar: &[T],
    bias: Id,
) {
    let node = &list.nodes[bias as usize];
    if flow.fault.is_some() || node.flags & (ALIAS | NEEDS) != NEEDS {
        flow.accumulate(list, bias, &View::contiguous(y_bar, list.shape(y)));
        return;
    }
    let cols = node.size as usize;
    let rows = Shape::from([y_bar.len() / cols.max(1), cols]);
    let y_bar = View::contiguous(y_bar, rows);
    match &mut flow.bars[bias as usize] {
        Some(total) => sum(&y_bar, &[0], total, true),
        empty => {
            let mut first = flow.pool.take(node.size as usize);
            sum(&y_bar, &[0], &mut first, false);
            *empty = Some(first);
        }
    }
}

/// The place in a base's cotangent that belongs to a node.
struct Target {
    base: Id,
    /// Whether it is all of the base's.
    whole: bool,
    sheet: Sheet,
}

impl Target {
    #[inline]
    fn of<T: Float>(list: &List<T>, id: Id) -> Option<Self> {
        if list.nodes[id as usize].flags & (ALIAS | WANTED) != ALIAS {
            let rows = Sheet::of_node(list, id)?;
            return Some(Target {
                base: id,
                whole: true,
                sheet: Sheet::row_major(rows.rows, rows.cols),
            });
        }
        let (base, region) = list.region(id);
        Some(Target {
            base,
            whole: false,
            sheet: Sheet::of(&region)?,
        })
    }

    /// Adds a · b, where b may be the value of a node, transposed or not.
    fn add<T: Float>(
        &self,
        list: &List<T>,
        flow: &mut Flow<T>,
        a: Matrix<'_, T>,
        b: Matrix<'_, T>,
        factor: Option<(Id, bool)>,
    ) {
        let first = self.whole && flow.bars[self.base as usize].is_none();
        if first {
            let size = list.nodes[self.base as usize].size as usize;
            flow.bars[self.base as usize] = Some(flow.pool.take(size));
        } else {
            flow.whole(list, self.base);
        }
        let Flow { bars, packs, .. } = flow;
        let bar = bars[self.base as usize].as_mut().expect("just made");
        let sum = self.sheet.write(bar);
        match factor.and_then(|factor| packs.find(&list.nodes, factor, &a, &b)) {
            Some(packed) => packed.multiply(sum, a, !first),
            None => matmul(sum, a, b, !first),
        }
    }
}

/// The last two axes exchanged.
pub(crate) fn transposed<'a, T: Float>(view: &View<'a, T>) -> View<'a, T> {
    let layout = view.layout().transposed(-2, -1);
    view.with_layout(layout.expect("a factor of a product has two axes"))
}
