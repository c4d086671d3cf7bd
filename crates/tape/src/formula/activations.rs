//! Elementary functions of equal parts of the columns: in place in a buffer, their pullback in
//! place, and their chain rule on variables.

use wengert_tensor::kernels::{Input, Isa, Mode, Output, Source, map, map_flat};
use wengert_tensor::{Float, Layout, Shape, ShapeError};

use crate::formula::elementwise::{Unary, Value};
use crate::formula::lane::Lane;
use crate::formula::pullback::Pullback;
use crate::formula::real::{Real, SlopeFromValue};
use crate::formula::traced::Traced;
use crate::record::var::Var;

/// Elementary functions, one for each of equally many columns: a tuple of at most four.
///
/// ```
/// use wengert_tape::{Activations, ops::{Sigmoid, Tanh}};
/// fn parts<A: Activations>(_: A) -> usize { A::PARTS }
/// assert_eq!(parts((Sigmoid, Sigmoid, Tanh, Sigmoid)), 4);
/// ```
pub trait Activations: Copy + Send + Sync + 'static {
    /// The number of parts.
    const PARTS: usize;
    /// Shows the visitor every function, in order.
    #[doc(hidden)]
    fn visit(self, visitor: &mut impl Visitor);
}

/// Something that is done with every function, one part after the other.
#[doc(hidden)]
pub trait Visitor {
    /// The function of the next part.
    fn part<E: SlopeFromValue>(&mut self, function: E);
}

macro_rules! tuples {
    ($($parts:literal: $($function:ident $value:ident)*;)*) => { $(
        impl<$($function: SlopeFromValue),*> Activations for ($($function,)*) {
            const PARTS: usize = $parts;
            #[inline(always)]
            fn visit(self, visitor: &mut impl Visitor) {
                let ($($value,)*) = self;
                $(visitor.part($value);)*
            }
        }
    )* };
}
tuples! {
    1: A a;
    2: A a B b;
    3: A a B b C c;
    4: A a B b C c D d;
}

/// The parts of a row-major matrix, one after the other.
pub(crate) struct Parts {
    len: usize,
    cols: usize,
    width: usize,
    at: usize,
}

impl Parts {
    pub fn new<A: Activations>(len: usize, cols: usize) -> Self {
        Parts {
            len,
            cols,
            width: cols / A::PARTS,
            at: 0,
        }
    }

    /// Whether there is only one.
    fn whole(&self) -> bool {
        self.width == self.cols
    }

    /// The next part.
    pub fn next(&mut self) -> Layout {
        let start = self.at as isize;
        self.at += self.width;
        let rows = Shape::from([self.len.checked_div(self.cols).unwrap_or(0), self.cols]);
        let part = Layout::contiguous(rows).sliced(1, start, self.at as isize, 1);
        part.expect("a part of the columns")
    }
}

/// Applies the functions to rows of `cols` columns.
pub(crate) fn apply<T: Float, A: Activations>(functions: A, rows: &mut [T], cols: usize) {
    struct Apply<'a, T>(&'a mut [T], Parts);
    impl<T: Float> Visitor for Apply<'_, T> {
        fn part<E: SlopeFromValue>(&mut self, function: E) {
            let value = Value::<_, 1, 1>(Unary(function));
            if self.1.whole() {
                let y = [(0, Mode::Write)];
                let len = self.0.len();
                map_flat(&value, len, [Source::Buffer(0)], [], [], y, &mut [self.0]);
                return;
            }
            let layout = &self.1.next();
            let x = Input {
                source: Source::Buffer(0),
                layout,
            };
            let y = Output {
                buffer: 0,
                layout,
                mode: Mode::Write,
            };
            map(&value, layout.shape(), [x], [], [], [y], &mut [self.0]);
        }
    }
    if !rows.is_empty() {
        let parts = Parts::new::<A>(rows.len(), cols);
        functions.visit(&mut Apply(rows, parts));
    }
}

/// Turns the cotangent of the values `y` into the cotangent of what the functions were applied to.
pub(crate) fn pull_back<T: Float, A: Activations>(
    functions: A,
    y: &[T],
    y_bar: &mut [T],
    cols: usize,
) {
    struct PullBack<'a, T>(&'a [T], &'a mut [T], Parts);
    impl<T: Float> Visitor for PullBack<'_, T> {
        fn part<E: SlopeFromValue>(&mut self, function: E) {
            let rule = Pullback::<_, 1, 1>(Unary(function));
            if self.2.whole() {
                let (y, bar) = ([Source::Slice(self.0)], [Source::Buffer(0)]);
                let x_bar = [(0, Mode::Write)];
                map_flat(&rule, self.0.len(), y, y, bar, x_bar, &mut [self.1]);
                return;
            }
            let layout = &self.2.next();
            let y = Input {
                source: Source::Slice(self.0),
                layout,
            };
            let bar = Input {
                source: Source::Buffer(0),
                layout,
            };
            let x_bar = Output {
                buffer: 0,
                layout,
                mode: Mode::Write,
            };
            let rule = Pullback::<_, 1, 1>(Unary(function));
            map(
                &rule,
                layout.shape(),
                [y],
                [y],
                [bar],
                [x_bar],
                &mut [self.1],
            );
        }
    }
    if !y.is_empty() {
        let parts = Parts::new::<A>(y.len(), cols);
        functions.visit(&mut PullBack(y, y_bar, parts));
    }
}

/// The functions' values of the first numbers, in their places.
#[inline(always)]
pub(crate) fn values<T: Float, I: Isa, A: Activations>(functions: A, x: &mut [T]) {
    struct Values<'a, T, I>(&'a mut [T], usize, std::marker::PhantomData<I>);
    impl<T: Float, I: Isa> Visitor for Values<'_, T, I> {
        #[inline(always)]
        fn part<E: SlopeFromValue>(&mut self, function: E) {
            self.0[self.1] = function.lane::<T, I>(self.0[self.1]);
            self.1 += 1;
        }
    }
    functions.visit(&mut Values::<T, I>(x, 0, std::marker::PhantomData));
}

/// Multiplies the first cotangents by the slopes where the values are the first of `y`.
#[inline(always)]
pub(crate) fn slopes<T: Float, I: Isa, A: Activations>(functions: A, y: &[T], y_bar: &mut [T]) {
    struct Slopes<'a, T, I>(&'a [T], &'a mut [T], usize, std::marker::PhantomData<I>);
    impl<T: Float, I: Isa> Visitor for Slopes<'_, T, I> {
        #[inline(always)]
        fn part<E: SlopeFromValue>(&mut self, function: E) {
            let y = Lane::<T, I>::new(self.0[self.2]);
            let bar = Lane::<T, I>::new(self.1[self.2]);
            self.1[self.2] = bar.absorb(function.slope(y, y)).0;
            self.2 += 1;
        }
    }
    functions.visit(&mut Slopes::<T, I>(y, y_bar, 0, std::marker::PhantomData));
}

/// The shape of each part of the columns.
pub(crate) fn part_shape<A: Activations>(
    op: &'static str,
    shape: &Shape,
) -> Result<Shape, ShapeError> {
    let mut part = shape.clone();
    let last = part.rank() - 1;
    if !part[last].is_multiple_of(A::PARTS) {
        let reason = format!("{} columns are not {} equal parts", part[last], A::PARTS);
        return Err(ShapeError::new(op, reason));
    }
    part.dims_mut()[last] /= A::PARTS;
    Ok(part)
}

/// Part `k` of the columns, of so many.
pub(crate) fn part<T: Float>(x: Var<'_, T>, k: usize, parts: usize) -> Var<'_, T> {
    let width = (x.dim(-1) / parts) as isize;
    x.slice(-1, k as isize * width..(k as isize + 1) * width)
}

/// `v`, a cotangent or a tangent, times the slopes where the values are `y`.
pub(crate) fn chain<'t, T: Float, A: Activations>(
    functions: A,
    y: Var<'t, T>,
    v: Var<'t, T>,
) -> Var<'t, T> {
    struct Chain<'t, T: Float> {
        y: Var<'t, T>,
        v: Var<'t, T>,
        parts: usize,
        products: Vec<Var<'t, T>>,
    }
    impl<T: Float> Visitor for Chain<'_, T> {
        fn part<E: SlopeFromValue>(&mut self, function: E) {
            let k = self.products.len();
            let y = Traced::Var(part(self.y, k, self.parts));
            let v = Traced::Var(part(self.v, k, self.parts));
            let product = v.absorb(function.slope(y, y));
            self.products.push(product.on(self.y.tape()));
        }
    }
    let mut chain = Chain {
        y,
        v,
        parts: A::PARTS,
        products: Vec::with_capacity(A::PARTS),
    };
    functions.visit(&mut chain);
    Var::cat(&chain.products, -1)
}
