//! Formulas as ops whose loops cost the compiler little: for functions that a program calls now and then.
//!
//! A formula of `elementwise` is compiled for two types and three instruction sets, forward and back,
//! and takes about a second of the compiler. A light one is two plain loops over a few `f64`: its
//! values, and what flows back. One op, [`LightOp`], serves all light formulas: it brings a chunk of
//! operands of any type and layout to the loops and takes the results away, so that results in `f32` are
//! rounded once. The rule over variables is the formula's own, as everywhere.

use std::marker::PhantomData;

use smallvec::SmallVec;
use wengert_tensor::kernels::{Isa, Kernel, Plain, dispatch};
use wengert_tensor::{
    Float, Layout, Positions, Shape, ShapeError, View, compile_here, of_this_float,
};

use crate::formula::elementwise::Unary;
use crate::formula::lane::Lane;
use crate::formula::real::{Pair, Real};
use crate::formula::traced::Traced;
use crate::formula::{Formula, Partial};
use crate::record::node::{Id, NEEDS};
use crate::record::op::{Op, Shapes};
use crate::record::recording::{self, Recorder, Waiting};
use crate::walk::direct::Direct;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

/// The numbers that a loop takes at a time.
const CHUNK: usize = 64;
/// The most inputs of a light formula.
const MOST: usize = 3;

type Chunk = [f64; CHUNK];
type Attributes = [f64; 3];
type Value = fn(&Attributes, &[Chunk; MOST], &mut Chunk, usize);
type Pull = fn(&Attributes, &[Chunk; MOST], &Chunk, &Chunk, &mut [Chunk; MOST], usize);
type Partials<T> = for<'t> fn(
    &Attributes,
    &[Traced<'t, T>],
    Traced<'t, T>,
) -> [Option<Partial<Traced<'t, T>>>; MOST];

/// What a light formula is besides its text: its attributes as numbers.
pub trait Attributed: Copy {
    /// The attributes.
    fn attributes(self) -> Attributes;
    /// The formula with these attributes.
    fn with(attributes: Attributes) -> Self;
}

impl<E: Attributed> Attributed for Unary<E> {
    #[inline(always)]
    fn attributes(self) -> Attributes {
        self.0.attributes()
    }
    #[inline(always)]
    fn with(attributes: Attributes) -> Self {
        Unary(E::with(attributes))
    }
}

/// A function of two numbers as a formula.
#[derive(Clone, Copy)]
pub(crate) struct Two<P>(pub P);

impl<P: Attributed> Attributed for Two<P> {
    #[inline(always)]
    fn attributes(self) -> Attributes {
        self.0.attributes()
    }
    #[inline(always)]
    fn with(attributes: Attributes) -> Self {
        Two(P::with(attributes))
    }
}

impl<P: Pair> Formula<2, 1> for Two<P> {
    const NAME: &'static str = P::NAME;
    #[inline(always)]
    fn eval<R: Real>(&self, [x, y]: [R; 2]) -> [R; 1] {
        [x.apply_two(y, self.0)]
    }
    #[inline(always)]
    fn partials<R: Real>(&self, [x, y]: [R; 2], [z]: [R; 1]) -> [[Partial<R>; 2]; 1] {
        let [by_x, by_y] = self.0.slopes(x, y, z);
        [[Partial::Value(by_x), Partial::Value(by_y)]]
    }
    #[inline(always)]
    fn record<T: Float>(self, recorder: Recorder<'_, T>, ids: [Id; 2]) -> Id {
        self.0.record(recorder, ids)
    }
}

/// What is compiled of a light formula.
pub struct Light {
    name: &'static str,
    arity: usize,
    value: Value,
    pull: Pull,
    narrow: Partials<f32>,
    wide: Partials<f64>,
}

impl Light {
    /// A formula of calls, one number after the other.
    pub const fn called<F: Formula<N, 1> + Attributed, const N: usize>() -> Self {
        Self::of::<F, N>(values::<Plain, F, N>, pulls::<Plain, F, N>)
    }

    /// A formula of arithmetic, exponentials and logarithms, whose loops are vector code.
    pub const fn in_lanes<F: Formula<N, 1> + Attributed, const N: usize>() -> Self {
        Self::of::<F, N>(
            |attributes, x, y, len| {
                dispatch(Values::<F, N>(attributes, x, y, len, PhantomData));
            },
            |attributes, x, y, y_bar, x_bar, len| {
                dispatch(Pulls::<F, N>(
                    attributes,
                    x,
                    y,
                    y_bar,
                    x_bar,
                    len,
                    PhantomData,
                ));
            },
        )
    }

    const fn of<F: Formula<N, 1> + Attributed, const N: usize>(value: Value, pull: Pull) -> Self {
        Light {
            name: F::NAME,
            arity: N,
            value,
            pull,
            narrow: partials::<f32, F, N>,
            wide: partials::<f64, F, N>,
        }
    }
}

struct Values<'a, F, const N: usize>(
    &'a Attributes,
    &'a [Chunk; MOST],
    &'a mut Chunk,
    usize,
    PhantomData<F>,
);

impl<F: Formula<N, 1> + Attributed, const N: usize> Kernel for Values<'_, F, N> {
    const UP_TO_AVX2: bool = true;
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        values::<I, F, N>(self.0, self.1, self.2, self.3);
    }
}

struct Pulls<'a, F, const N: usize>(
    &'a Attributes,
    &'a [Chunk; MOST],
    &'a Chunk,
    &'a Chunk,
    &'a mut [Chunk; MOST],
    usize,
    PhantomData<F>,
);

impl<F: Formula<N, 1> + Attributed, const N: usize> Kernel for Pulls<'_, F, N> {
    const UP_TO_AVX2: bool = true;
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        pulls::<I, F, N>(self.0, self.1, self.2, self.3, self.4, self.5);
    }
}

/// The values of a chunk.
#[inline(always)]
fn values<I: Isa, F: Formula<N, 1> + Attributed, const N: usize>(
    attributes: &Attributes,
    x: &[Chunk; MOST],
    y: &mut Chunk,
    len: usize,
) {
    let formula = F::with(*attributes);
    let x: &[Chunk] = x;
    for at in 0..len.min(CHUNK) {
        let mut lanes = [Lane::<f64, I>::new(0.0); N];
        for_each!(k in N {
            lanes[k] = Lane::new(x[k][at]);
        });
        y[at] = formula.eval(lanes)[0].0;
    }
}

/// What flows back into the inputs of a chunk.
#[inline(always)]
fn pulls<I: Isa, F: Formula<N, 1> + Attributed, const N: usize>(
    attributes: &Attributes,
    x: &[Chunk; MOST],
    y: &Chunk,
    y_bar: &Chunk,
    x_bar: &mut [Chunk; MOST],
    len: usize,
) {
    let formula = F::with(*attributes);
    let (x, x_bar): (&[Chunk], &mut [Chunk]) = (x, x_bar);
    for at in 0..len.min(CHUNK) {
        let mut lanes = [Lane::<f64, I>::new(0.0); N];
        for_each!(k in N {
            lanes[k] = Lane::new(x[k][at]);
        });
        let [partials] = formula.partials(lanes, [Lane::new(y[at])]);
        for_each!(k in N {
            x_bar[k][at] = match partials[k].times(Lane::new(y_bar[at])) {
                Some(term) => term.0,
                None => 0.0,
            };
        });
    }
}

/// The partial derivatives over variables.
fn partials<'t, T: Float, F: Formula<N, 1> + Attributed, const N: usize>(
    attributes: &Attributes,
    x: &[Traced<'t, T>],
    y: Traced<'t, T>,
) -> [Option<Partial<Traced<'t, T>>>; MOST] {
    let mut lanes = [y; N];
    lanes.copy_from_slice(x);
    let [partials] = F::with(*attributes).partials(lanes, [y]);
    let mut all = [const { None }; MOST];
    for k in 0..N {
        all[k] = Some(partials[k]);
    }
    all
}

compile_here! {
    /// Records a light formula of nodes; returns its result, or `NONE` where it is refused.
    pub fn record<T>(
        light: &'static Light,
        attributes: Attributes,
        recorder: Recorder<'_, T>,
        ids: &[Id],
    ) -> Id {
        // As the type has them, so that a bound is the same number in every reading.
        let attributes = attributes.map(|x| T::from_f64(x).to_f64());
        let mut recorder = recorder;
        let op = &mut Some(LightOp { light, attributes });
        recording::record(&mut recorder, &mut Waiting::new(op), ids, true)
    }
}

/// The op of all light formulas.
#[derive(Clone, Copy)]
struct LightOp {
    light: &'static Light,
    attributes: Attributes,
}

impl LightOp {
    fn common(&self, inputs: &mut dyn Iterator<Item = Shape>) -> Result<Shape, ShapeError> {
        let mut common = Shape::scalar();
        for shape in inputs {
            common = Shape::broadcast(self.light.name, &common, &shape)?;
        }
        Ok(common)
    }

    fn partials<'t, T: Float>(
        &self,
        x: impl Fn(usize) -> Traced<'t, T>,
        y: Traced<'t, T>,
    ) -> [Option<Partial<Traced<'t, T>>>; MOST] {
        let of = of_this_float::<Partials<T>>(&self.light.narrow, &self.light.wide);
        let x: SmallVec<[Traced<'t, T>; MOST]> = (0..self.light.arity).map(x).collect();
        of(&self.attributes, &x, y)
    }
}

impl<T: Float> Op<T> for LightOp {
    fn name(&self) -> &'static str {
        self.light.name
    }

    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok([self.common(&mut inputs.iter().cloned())?].into())
    }

    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let shape = self.common(&mut inputs.iter().map(|x| x.shape().clone()));
        let shape = shape.expect("the shape rule checked");
        let layouts = stretched(inputs, &shape);
        let mut readers = Reader::all(inputs, &layouts);
        let mut x = [[0.0; CHUNK]; MOST];
        let mut y = [0.0; CHUNK];
        for out in outputs[0].chunks_mut(CHUNK) {
            for (x, reader) in x.iter_mut().zip(&mut readers) {
                reader.read(&mut x[..out.len()]);
            }
            (self.light.value)(&self.attributes, &x, &mut y, out.len());
            for (out, y) in out.iter_mut().zip(&y) {
                *out = T::from_f64(*y);
            }
        }
    }

    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let partials = self.partials(|k| Traced::Var(rule.x(k)), Traced::Var(rule.y(0)));
        for (k, partial) in partials.into_iter().flatten().enumerate() {
            if rule.needs(k)
                && let Some(x_bar) = partial.times(Traced::Var(rule.cotangent()))
            {
                rule.give(k, x_bar.on(rule.tape()));
            }
        }
    }

    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        let partials = self.partials(|k| Traced::Var(rule.x(k)), Traced::Var(rule.y(0)));
        for (k, partial) in partials.into_iter().flatten().enumerate() {
            if let Some(x_dot) = rule.x_dot(k)
                && let Some(y_dot) = partial.times(Traced::Var(x_dot))
            {
                rule.give(0, y_dot.on(rule.tape()));
            }
        }
    }

    fn direct(&self, direct: &mut Direct<'_, T>) -> bool {
        let (list, id) = (direct.list, direct.id);
        let flow = &mut *direct.flow;
        let Some(mut y_bar) = flow.bars[id as usize].take() else {
            return true;
        };
        let ids: SmallVec<[Id; MOST]> = list.inputs(id).into();
        let (shape, y) = (list.shape(id), list.view(id));
        let needs = |k: usize| list.nodes[ids[k] as usize].flags & NEEDS != 0;
        // The first that needs a cotangent gets it in the place of the output's.
        let first = (0..ids.len()).find(|&k| needs(k));
        let mut bars: SmallVec<[_; MOST]> = (0..ids.len())
            .map(|k| (needs(k) && Some(k) != first).then(|| flow.pool.take(shape.size())))
            .collect();
        {
            let views: SmallVec<[View<'_, T>; MOST]> = ids.iter().map(|&x| list.view(x)).collect();
            let (layouts, y) = (stretched(&views, &shape), [y]);
            let mut readers = Reader::all(&views, &layouts);
            let mut ys = Reader::all(&y, std::slice::from_ref(y[0].layout()));
            let mut x = [[0.0; CHUNK]; MOST];
            let mut x_bar = [[0.0; CHUNK]; MOST];
            let (mut y_chunk, mut y_bar_chunk) = ([0.0; CHUNK], [0.0; CHUNK]);
            for (number, chunk) in y_bar.chunks_mut(CHUNK).enumerate() {
                let (start, len) = (number * CHUNK, chunk.len());
                for (x, reader) in x.iter_mut().zip(&mut readers) {
                    reader.read(&mut x[..len]);
                }
                ys[0].read(&mut y_chunk[..len]);
                for (wide, bar) in y_bar_chunk.iter_mut().zip(&*chunk) {
                    *wide = bar.to_f64();
                }
                (self.light.pull)(
                    &self.attributes,
                    &x,
                    &y_chunk,
                    &y_bar_chunk,
                    &mut x_bar,
                    len,
                );
                for (k, bar) in bars.iter_mut().enumerate() {
                    let to = match bar {
                        _ if Some(k) == first => &mut *chunk,
                        Some(bar) => &mut bar[start..start + len],
                        None => continue,
                    };
                    for (to, from) in to.iter_mut().zip(&x_bar[k]) {
                        *to = T::from_f64(*from);
                    }
                }
            }
        }
        match first {
            Some(k) => bars[k] = Some(y_bar),
            None => flow.pool.give(y_bar),
        }
        for (&id, bar) in ids.iter().zip(bars) {
            let Some(bar) = bar else { continue };
            if list.shape(id) == shape {
                flow.deposit(list, id, bar);
            } else {
                flow.accumulate(list, id, &View::contiguous(&bar, shape.clone()));
                flow.pool.give(bar);
            }
        }
        true
    }
}

/// The layouts of operands, stretched to a shape.
fn stretched<T: Copy>(x: &[View<'_, T>], shape: &Shape) -> SmallVec<[Layout; MOST]> {
    let layouts = x.iter().map(|x| x.layout().expanded(shape));
    layouts
        .map(|layout| layout.expect("the shape rule checked"))
        .collect()
}

/// Reads the elements of an operand one after the other.
enum Reader<'a, T> {
    Slice(&'a [T]),
    Always(T),
    Places(&'a [T], Positions<'a>),
}

impl<'a, T: Float> Reader<'a, T> {
    /// Readers of operands through layouts.
    fn all(x: &[View<'a, T>], layouts: &'a [Layout]) -> SmallVec<[Self; MOST]> {
        let readers = x.iter().zip(layouts).map(|(x, layout)| {
            let data = x.data();
            if x.layout().size() == 1 {
                return Reader::Always(data[x.layout().offset()]);
            }
            if layout.size() == 0 || !layout.is_contiguous() {
                return Reader::Places(data, layout.positions());
            }
            Reader::Slice(&data[layout.offset()..])
        });
        readers.collect()
    }

    /// The next elements.
    fn read(&mut self, to: &mut [f64]) {
        match self {
            Reader::Slice(slice) => {
                for (to, from) in to.iter_mut().zip(*slice) {
                    *to = from.to_f64();
                }
                *slice = &slice[to.len()..];
            }
            Reader::Always(x) => to.fill(x.to_f64()),
            Reader::Places(data, places) => {
                for (to, at) in to.iter_mut().zip(places) {
                    *to = data[at].to_f64();
                }
            }
        }
    }
}

/// Declares light formulas: a function of one number, a function of two, or any formula.
///
/// The first expression is the value: of `f64` for functions, and of numbers of any kind for a formula. The
/// second is the slope, or a list of them. Functions are calls, unless they say `in_lanes`.
macro_rules! light {
    (@attributes $name:ident $($field:ident)*) => {
        impl $crate::formula::light::Attributed for $name {
            #[inline(always)]
            fn attributes(self) -> [f64; 3] {
                let mut attributes = [0.0; 3];
                let given: &[f64] = &[$(self.$field),*];
                attributes[..given.len()].copy_from_slice(given);
                attributes
            }
            #[inline(always)]
            fn with(attributes: [f64; 3]) -> Self {
                let mut next = attributes.into_iter();
                let _ = &mut next;
                $name { $($field: next.next().unwrap_or_default()),* }
            }
        }
    };
    (@record $name:ident, $n:literal, $type:ty,) => {
        $crate::formula::light::light!(@record $name, $n, $type, called);
    };
    (@record $name:ident, $n:literal, $type:ty, $kind:ident) => {
        #[inline(always)]
        fn record<T: ::wengert_tensor::Float>(
            self,
            recorder: $crate::Recorder<'_, T>,
            ids: [u32; $n],
        ) -> u32 {
            // A static, and no constant: its loops are compiled here, and not in each program.
            static LIGHT: $crate::formula::light::Light =
                $crate::formula::light::Light::$kind::<$type, $n>();
            let attributes = $crate::formula::light::Attributed::attributes(self);
            $crate::formula::light::record(&LIGHT, attributes, recorder, &ids)
        }
    };
    (
        $(#[$doc:meta])*
        function $name:ident { $($field:ident),* }, $text:literal, $($kind:ident,)?
        |$this:pat_param, $x:ident| $value:expr, slope |$a:pat_param, $b:pat_param| $slope:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name { $(
            #[doc = concat!("The attribute `", stringify!($field), "`.")]
            pub $field: f64,
        )* }

        $crate::formula::light::light!(@attributes $name $($field)*);

        impl $crate::formula::real::Elementary for $name {
            $crate::formula::light::light!(@record $name, 1, $crate::formula::elementwise::Unary<$name>, $($kind)?);

            const NAME: &'static str = $text;
            #[inline(always)]
            fn lane<T: ::wengert_tensor::Float, I: ::wengert_tensor::kernels::Isa>(self, x: T) -> T {
                let $this = self;
                x.through_f64(|$x| $value)
            }
            #[inline(always)]
            fn slope<R: $crate::formula::real::Real>(self, $a: R, $b: R) -> R {
                let $this = self;
                $slope
            }
        }
    };
    (
        $(#[$doc:meta])*
        pair $name:ident, $text:literal,
        |$x:ident, $y:ident| $value:expr,
        slopes |$a:pat_param, $b:pat_param, $c:pat_param| $slopes:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name {}

        $crate::formula::light::light!(@attributes $name);

        impl $crate::formula::real::Pair for $name {
            $crate::formula::light::light!(@record $name, 2, $crate::formula::light::Two<$name>, called);

            const NAME: &'static str = $text;
            #[inline(always)]
            fn lane<T: ::wengert_tensor::Float, I: ::wengert_tensor::kernels::Isa>(
                self,
                x: T,
                y: T,
            ) -> T {
                let ($x, $y) = (x.to_f64(), y.to_f64());
                T::from_f64($value)
            }
            #[inline(always)]
            fn slopes<R: $crate::formula::real::Real>(self, $a: R, $b: R, $c: R) -> [R; 2] {
                $slopes
            }
        }
    };
    (
        $(#[$doc:meta])*
        formula<$n:literal> $name:ident { $($field:ident),* }, $text:literal, $kind:ident,
        |$this:pat_param, $x:pat_param| $value:expr
        $(, partials |$a:pat_param, $b:pat_param| $partials:expr)?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        struct $name { $($field: f64),* }

        $crate::formula::light::light!(@attributes $name $($field)*);

        impl $crate::formula::Formula<$n, 1> for $name {
            $crate::formula::light::light!(@record $name, $n, $name, $kind);

            const NAME: &'static str = $text;
            #[allow(unused_variables)]
            #[inline(always)]
            fn eval<R: $crate::formula::real::Real>(&self, $x: [R; $n]) -> [R; 1] {
                let $this = self;
                [$value]
            }
            $(
                #[allow(unused_variables)]
                #[inline(always)]
                fn partials<R: $crate::formula::real::Real>(
                    &self,
                    $a: [R; $n],
                    [$b]: [R; 1],
                ) -> [[$crate::formula::Partial<R>; $n]; 1] {
                    let $this = self;
                    [$partials.map($crate::formula::Partial::Value)]
                }
            )?
        }
    };
}
pub(crate) use light;
