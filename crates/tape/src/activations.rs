//! Elementary functions of equal parts of the columns: in place in a buffer, their pullback in
//! place, and their chain rule on variables.

use wengert_tensor::kernels::{Input, Mode, Output, Source, map};
use wengert_tensor::{Float, Layout, Shape};

use crate::elementwise::{Unary, Value};
use crate::pullback::Pullback;
use crate::real::{Real, SlopeFromValue};
use crate::traced::Traced;
use crate::var::Var;

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

/// Who wants to do something with every function.
#[doc(hidden)]
pub trait Visitor {
    /// The function of the next part.
    fn part<E: SlopeFromValue>(&mut self, function: E);
}

macro_rules! tuples {
    ($($parts:literal: $($name:ident)*;)*) => { $(
        impl<$($name: SlopeFromValue),*> Activations for ($($name,)*) {
            const PARTS: usize = $parts;
            #[allow(non_snake_case)]
            fn visit(self, visitor: &mut impl Visitor) {
                let ($($name,)*) = self;
                $(visitor.part($name);)*
            }
        }
    )* };
}
tuples! {
    1: A;
    2: A B;
    3: A B C;
    4: A B C D;
}

/// The parts of a row-major matrix, one after the other.
struct Parts {
    next: Layout,
    width: usize,
}

impl Parts {
    fn new<A: Activations>(len: usize, cols: usize) -> Self {
        let shape = Shape::from([len.checked_div(cols).unwrap_or(0), cols]);
        let width = cols / A::PARTS;
        let first = Layout::contiguous(shape).sliced(1, 0, width as isize, 1);
        Parts {
            next: first.expect("a part of the columns"),
            width,
        }
    }

    fn next(&mut self) -> Layout {
        let next = self.next.clone().moved(self.width);
        std::mem::replace(&mut self.next, next)
    }
}

/// Applies the functions to rows of `cols` columns.
pub(crate) fn apply<T: Float, A: Activations>(functions: A, rows: &mut [T], cols: usize) {
    struct Apply<'a, T>(&'a mut [T], Parts);
    impl<T: Float> Visitor for Apply<'_, T> {
        fn part<E: SlopeFromValue>(&mut self, function: E) {
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
            let value = Value::<_, 1, 1>(Unary(function));
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

/// `v`, a cotangent or a tangent, times the slopes where the values are `y`.
pub(crate) fn chain<'t, T: Float, A: Activations>(
    functions: A,
    y: Var<'t, T>,
    v: Var<'t, T>,
) -> Var<'t, T> {
    struct Chain<'t, T: Float> {
        y: Var<'t, T>,
        v: Var<'t, T>,
        width: isize,
        products: Vec<Var<'t, T>>,
    }
    impl<T: Float> Visitor for Chain<'_, T> {
        fn part<E: SlopeFromValue>(&mut self, function: E) {
            let start = self.products.len() as isize * self.width;
            let columns = start..start + self.width;
            let y = Traced::Var(self.y.slice(-1, columns.clone()));
            let v = Traced::Var(self.v.slice(-1, columns));
            let product = v.absorb(function.slope(y, y));
            self.products.push(product.on(self.y.tape()));
        }
    }
    let mut chain = Chain {
        y,
        v,
        width: (y.dim(-1) / A::PARTS) as isize,
        products: Vec::with_capacity(A::PARTS),
    };
    functions.visit(&mut chain);
    Var::cat(&chain.products, -1)
}
