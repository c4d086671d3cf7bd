//! Formulas as ops: one implementation for every elementwise function.

use std::panic::Location;

use smallvec::SmallVec;
use wengert_tensor::kernels::{
    Input, Isa, Loop, MapFn, Mode, Output, Plain, Source, each, map, map_flat,
};
use wengert_tensor::{Float, Layout, Shape, ShapeError, View};

use crate::formula::lane::Lane;
use crate::formula::light::Two;
use crate::formula::pullback::{Pullback, flat_pullback, kinds, number_pullback, pullback};
use crate::formula::real::Real;
use crate::formula::traced::Traced;
use crate::formula::{Formula, Partial};
use crate::record::node::{FLAT, Id, List, MORE, NEEDS, NONE, Node, OpRef, Origin, Place, admit};
use crate::record::op::{Op, Shapes};
use crate::record::recording::{Recorder, refuse, refuse_full, refused};
use crate::record::tape::{Inner, Tape};
use crate::record::var::{Operand, Var};
use crate::walk::direct::Direct;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<T: Float> Tape<T> {
    /// Records an elementwise function of variables, which are broadcast to a common shape.
    ///
    /// # Panics
    /// If the shapes do not broadcast, or a variable is stale or of another tape.
    #[inline(always)]
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
        let first = formula.record(Recorder { inner, location }, ids);
        if first == NONE {
            refused(inner);
        }
        let epoch = inner.epoch;
        each(|m| Var::new(self, first + m as Id, epoch))
    }
}

/// Records a formula of nodes; returns its first result, or `NONE` where the shapes do not broadcast.
#[inline(always)]
pub fn record<T: Float, F: Formula<N, M>, const N: usize, const M: usize>(
    formula: F,
    recorder: Recorder<'_, T>,
    ids: [Id; N],
) -> Id {
    const {
        assert!(
            N > 0 && M > 0 && M < 256,
            "a formula has inputs, and some outputs"
        )
    };
    let Recorder { inner, location } = recorder;
    let list = &mut inner.list;
    let model = list.nodes[ids[0] as usize];
    let mut flags = 0;
    let mut flat = M == 1 && N <= 3;
    for id in &ids {
        let node = &list.nodes[*id as usize];
        flags |= node.flags;
        flat &= node.view == NONE && node.dims == model.dims && node.rank == model.rank;
    }
    let needs = if inner.recording { flags & NEEDS } else { 0 };
    if !flat {
        let Some((first, shape)) =
            broadcast_value(inner, F::NAME, &Value::<F, N, M>(formula), &ids)
        else {
            return NONE;
        };
        let op = inner.list.store(Elementwise::<F, N, M>(formula));
        let origin = inner.origin(location);
        return push_outputs::<T, M>(inner, op, &ids, needs, &shape, first, origin);
    }
    let start = if model.size == 1 {
        let Some(start) = list.alloc(list.used, 1) else {
            return refuse_full(inner, F::NAME);
        };
        let mut x = [T::ZERO; N];
        for k in 0..N {
            x[k] = list.number(ids[k]);
        }
        let mut y = [T::ZERO; M];
        Value::<F, N, M>(formula).call_into::<T, Plain>(x, [], [], &mut y);
        list.arena[start] = y[0];
        start
    } else {
        match flat_value(list, &Value::<F, N, M>(formula), &ids) {
            Some(start) => start,
            None => return refuse_full(inner, F::NAME),
        }
    };
    list.used = start + model.size as usize;
    // One by one: a copy of the whole is a load that waits for the stores just before it.
    let mut inputs = [0; 3];
    for (to, &id) in inputs.iter_mut().zip(&ids) {
        *to = id;
    }
    let node = Node {
        op: list.store(Elementwise::<F, N, M>(formula)),
        inputs,
        place: Place::Arena(start as u32),
        flags: needs | FLAT,
        arity: N as u8,
        output: 0,
        ..model
    };
    let origin = inner.origin(location);
    inner.list.push(node, origin)
}

/// The values of the only output of plain operands of one shape. Returns where they start; `None` if
/// the tape is full.
fn flat_value<T: Float, const N: usize, const M: usize>(
    list: &mut List<T>,
    value: &dyn Loop<T, N, 0, 0, M>,
    ids: &[Id; N],
) -> Option<usize> {
    let size = list.nodes[ids[0] as usize].size as usize;
    let start = list.alloc(list.used, size)?;
    let (low, high) = list.arena.split_at_mut(start);
    let mut sources = [Source::Slice(&[][..]); N];
    for k in 0..N {
        sources[k] = Source::Slice(match list.nodes[ids[k] as usize].place {
            Place::Arena(start) => &low[start as usize..start as usize + size],
            Place::External(at) => &list.externals[at as usize].storage()[..size],
            Place::Loan(at) => &list.loans[at as usize][..size],
        });
    }
    let outputs = [(0, Mode::Write); M];
    map_flat(
        value,
        size,
        sources,
        [],
        [],
        outputs,
        &mut [&mut high[..size]],
    );
    Some(start)
}

/// The general case: the values of any number of outputs over any layouts. Returns where they
/// start, one after the other, and their shape; `None` where the shapes do not broadcast or the tape
/// is full.
fn broadcast_value<T: Float, const N: usize, const M: usize>(
    inner: &mut Inner<T>,
    name: &'static str,
    value: &dyn Loop<T, N, 0, 0, M>,
    ids: &[Id; N],
) -> Option<(usize, Shape)> {
    let shapes: [Shape; N] = each(|k| inner.list.shape(ids[k]));
    let checked = broadcast_all(name, &shapes).and_then(|shape| Ok((admit(name, &shape)?, shape)));
    let (size, shape) = match checked {
        Ok(checked) => checked,
        Err(error) => {
            refuse(inner, ids, &error);
            return None;
        }
    };
    let list = &mut inner.list;
    // The outputs follow each other in one run, so that one buffer holds them.
    let all = size.saturating_mul(M);
    let first = match list.alloc(list.used, all) {
        Some(first) if list.has_room(M, N) => first,
        _ => {
            refuse_full(inner, name);
            return None;
        }
    };
    let layouts: [Layout; N] = each(|k| list.layout(ids[k]));
    let output_layouts: [Layout; M] = each(|m| Layout::contiguous_at(shape.clone(), m * size));
    let (low, high) = list.arena.split_at_mut(first);
    let inputs: [Input<'_, T>; N] = each(|k| Input {
        source: Source::Slice(match list.nodes[ids[k] as usize].place {
            Place::Arena(start) => &low[start as usize..],
            Place::External(at) => list.externals[at as usize].storage(),
            Place::Loan(at) => &list.loans[at as usize],
        }),
        layout: &layouts[k],
    });
    let outputs = each(|m| Output {
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
        &mut [&mut high[..all]],
    );
    list.used = first + all;
    Some((first, shape))
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
        forward_of(F::NAME, &Value::<F, N, M>(self.0), inputs, outputs);
    }

    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let (x, y, y_bars) = flowing_back(rule);
        let partials = self.0.partials(x, y);
        let x_bars = pulled(&partials, &y_bars, &|k| rule.needs(k));
        for (k, x_bar) in x_bars.into_iter().enumerate() {
            if let Some(x_bar) = x_bar {
                rule.give(k, x_bar.on(rule.tape()));
            }
        }
    }

    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        let (x, y, x_dots) = flowing_on(rule);
        let partials = self.0.partials(x, y);
        for (m, y_dot) in pushed(&partials, &x_dots).into_iter().enumerate() {
            if let Some(y_dot) = y_dot {
                rule.give(m, y_dot.on(rule.tape()));
            }
        }
    }

    fn direct(&self, direct: &mut Direct<'_, T>) -> bool {
        let kinds = kinds::<T, F, N, M>(self.0);
        let node = &direct.list.nodes[direct.id as usize];
        if node.flags & FLAT == 0 {
            pullback(&Pullback::<F, N, M>(self.0), kinds, direct);
        } else if node.size == 1 {
            number_pullback(self.0, kinds[0], direct);
        } else {
            flat_pullback(&Pullback::<F, N, M>(self.0), kinds[0], direct);
        }
        true
    }
}

// What follows is the same for all formulas, and compiled for none.

/// The values of a formula, into row-major outputs.
fn forward_of<T: Float, const N: usize, const M: usize>(
    name: &'static str,
    value: &dyn Loop<T, N, 0, 0, M>,
    inputs: &[View<'_, T>],
    outputs: &mut [&mut [T]],
) {
    let mut shape = inputs[0].shape().clone();
    for x in &inputs[1..] {
        shape = Shape::broadcast(name, &shape, x.shape()).expect("the shape rule checked");
    }
    let x: [Input<'_, T>; N] = each(|k| Input {
        source: Source::Slice(inputs[k].data()),
        layout: inputs[k].layout(),
    });
    let layout = Layout::contiguous(shape.clone());
    let y = each(|m| Output {
        buffer: m,
        layout: &layout,
        mode: Mode::Write,
    });
    map(value, &shape, x, [], [], y, outputs);
}

type Recorded<'t, T, const K: usize> = [Traced<'t, T>; K];
type Flowing<'t, T, const K: usize> = [Option<Traced<'t, T>>; K];

/// The inputs, the results and their cotangents, for a rule that is recorded.
fn flowing_back<'t, T: Float, const N: usize, const M: usize>(
    rule: &Reverse<'t, '_, T>,
) -> (Recorded<'t, T, N>, Recorded<'t, T, M>, Flowing<'t, T, M>) {
    let x = each(|k| Traced::Var(rule.x(k)));
    let y = each(|m| Traced::Var(rule.y(m)));
    let y_bars = each(|m| rule.y_bar(m).map(Traced::Var));
    (x, y, y_bars)
}

/// The inputs, the results and the inputs' tangents.
fn flowing_on<'t, T: Float, const N: usize, const M: usize>(
    rule: &Tangent<'t, '_, T>,
) -> (Recorded<'t, T, N>, Recorded<'t, T, M>, Flowing<'t, T, N>) {
    let x = each(|k| Traced::Var(rule.x(k)));
    let y = each(|m| Traced::Var(rule.y(m)));
    let x_dots = each(|k| rule.x_dot(k).map(Traced::Var));
    (x, y, x_dots)
}

/// The cotangents of the inputs of a formula that need one, from those of its results, recorded.
pub(crate) fn pulled<'t, T: Float, const N: usize, const M: usize>(
    partials: &[[Partial<Traced<'t, T>>; N]; M],
    y_bars: &[Option<Traced<'t, T>>; M],
    needs: &dyn Fn(usize) -> bool,
) -> [Option<Traced<'t, T>>; N] {
    each(|k| {
        if !needs(k) {
            return None;
        }
        let terms = (0..M).filter_map(|m| partials[m][k].times(y_bars[m]?));
        terms.reduce(|sum, term| sum + term)
    })
}

/// The tangents of a formula's results from those of its inputs, recorded.
pub(crate) fn pushed<'t, T: Float, const N: usize, const M: usize>(
    partials: &[[Partial<Traced<'t, T>>; N]; M],
    x_dots: &[Option<Traced<'t, T>>; N],
) -> [Option<Traced<'t, T>>; M] {
    each(|m| {
        let terms = (0..N).filter_map(|k| partials[m][k].times(x_dots[k]?));
        terms.reduce(|sum, term| sum + term)
    })
}

/// The values of a formula in lanes.
#[inline(always)]
pub(crate) fn values<T: Float, I: Isa, F: Formula<N, M>, const N: usize, const M: usize>(
    formula: F,
    x: [T; N],
) -> [T; M] {
    let results = formula.eval(lanes::<T, I, N>(x));
    let mut y = [T::ZERO; M];
    for m in 0..M {
        y[m] = results[m].0;
    }
    y
}

/// The value of a formula as a kernel.
#[derive(Clone, Copy)]
pub(crate) struct Value<F, const N: usize, const M: usize>(pub F);

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
        for_each!(few m in M {
            y[m] = results[m].0;
        });
    }
}

/// Numbers as lanes. A loop, since a closure is not sure to be inlined into a kernel.
#[inline(always)]
pub(crate) fn lanes<T: Float, I: Isa, const K: usize>(x: [T; K]) -> [Lane<T, I>; K] {
    let mut lanes = [Lane::new(T::ZERO); K];
    for_each!(k in K {
        lanes[k] = Lane::new(x[k]);
    });
    lanes
}

impl<'t, T: Float> Var<'t, T> {
    /// An elementary function of every element.
    #[inline(always)]
    #[track_caller]
    pub fn elementary<E: crate::Elementary>(self, function: E) -> Self {
        let [y] = self.tape().formula(Unary(function), [self]);
        y
    }

    /// A function of two numbers of every two elements, broadcast.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[inline(always)]
    #[track_caller]
    pub fn pair<P: crate::Pair>(self, other: impl Operand<'t, T>, function: P) -> Self {
        let [z] = self
            .tape()
            .formula(Two(function), [self, other.on(self.tape())]);
        z
    }

    /// A function of two operands; a literal becomes an attribute of the op.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn binary<F: Binary>(self, formula: F, other: impl Operand<'t, T>) -> Self {
        let [y] = match other.literal() {
            Some(literal) => self.tape().formula(WithRight(formula, literal), [self]),
            None => self.tape().formula(formula, [self, other.on(self.tape())]),
        };
        y
    }

    /// The same with the literal on the left.
    #[inline]
    #[track_caller]
    pub(crate) fn binary_left<F: Binary>(self, literal: f64, formula: F) -> Self {
        let [y] = self.tape().formula(WithLeft(literal, formula), [self]);
        y
    }
}

/// A formula of two numbers that an operator is made of: either number may be a literal, which is then
/// a part of the op. [`compiled_here!(binary …)`](crate::compiled_here) implements it.
pub(crate) trait Binary: Formula<2, 1> {
    fn record_with_right<T: Float>(
        self,
        literal: f64,
        recorder: Recorder<'_, T>,
        ids: [Id; 1],
    ) -> Id;
    fn record_with_left<T: Float>(
        self,
        literal: f64,
        recorder: Recorder<'_, T>,
        ids: [Id; 1],
    ) -> Id;
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
    #[inline(always)]
    fn record<T: Float>(self, recorder: Recorder<'_, T>, ids: [Id; 1]) -> Id {
        self.0.record(recorder, ids)
    }
}

/// A formula of two numbers whose second is a literal.
#[derive(Clone, Copy)]
pub(crate) struct WithRight<F>(pub F, pub f64);

impl<F: Binary> Formula<1, 1> for WithRight<F> {
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
    #[inline(always)]
    fn record<T: Float>(self, recorder: Recorder<'_, T>, ids: [Id; 1]) -> Id {
        self.0.record_with_right(self.1, recorder, ids)
    }
}

/// A formula of two numbers whose first is a literal.
#[derive(Clone, Copy)]
pub(crate) struct WithLeft<F>(pub f64, pub F);

impl<F: Binary> Formula<1, 1> for WithLeft<F> {
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
    #[inline(always)]
    fn record<T: Float>(self, recorder: Recorder<'_, T>, ids: [Id; 1]) -> Id {
        self.1.record_with_left(self.0, recorder, ids)
    }
}
