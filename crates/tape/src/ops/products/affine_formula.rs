//! `affine_formula`: a gated cell. A sum of products, functions of its columns, and a formula of them.
//!
//! - shape: x_k\[…, I_k\], w_k\[I_k, P·H\], b\[P·H\], z_j\[…, H\] → a\[…, P·H\], y_m\[…, H\]
//! - value: a = φ(Σ_k x_k w_k + b), where φ has its own function for each of P parts of the columns; y = f(a₁ … a_P, z)
//! - rule: the formula's pullback, then that of `affine_activated`
//! - edges: those of the functions and the formula; the sum before the functions is not stored
//! - source: Graves 2012, Supervised Sequence Labelling with Recurrent Neural Networks, 4.6

use smallvec::SmallVec;
use wengert_tensor::kernels::{Input, Isa, MapFn, Mode, Output, Source, copy, each, map};
use wengert_tensor::{Float, Layout, Shape, ShapeError, Tensor, View};

use super::affine;
use crate::formula::activations::{self, Activations, Parts};
use crate::check::{Samples, plain};
use crate::walk::direct::Direct;
use crate::formula::elementwise::{pulled, pushed};
use crate::formula::Formula;
use crate::record::node::{Id, NONE};
use crate::record::op::{Op, Shapes};
use crate::walk::buffer_pool::Buffer;
use crate::formula::pullback::Pullback;
use crate::walk::reverse::Reverse;
use crate::formula::affine_rows::{self, Beside};
use crate::walk::tangent::Tangent;
use crate::formula::traced::Traced;
use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// One step of a gated cell: [`affine_activated`](Var::affine_activated), whose parts are the
    /// formula's first inputs; the others follow, each of the shape of a part. Returns the formula's
    /// results.
    ///
    /// What is kept are the parts after their functions and the results; forward and back each go
    /// through memory once.
    ///
    /// ```
    /// use wengert_tape::{Formula, Real, Tape, Var, ops::{Sigmoid, Tanh}};
    ///
    /// /// c′ = f c + (1 − f) g: an integrator that forgets.
    /// #[derive(Clone, Copy)]
    /// struct Leaky;
    /// impl Formula<3, 1> for Leaky {
    ///     const NAME: &'static str = "leaky";
    ///     #[inline(always)]
    ///     fn eval<R: Real>(&self, [f, g, c]: [R; 3]) -> [R; 1] {
    ///         [f * c + (R::lit(1.0) - f) * g]
    ///     }
    /// }
    ///
    /// let tape = Tape::<f64>::new();
    /// let (x, w, c) = (tape.ones([7, 3]), tape.zeros([3, 4]), tape.ones([7, 2]));
    /// let [c] = Var::affine_formula(&[(x, w)], None, (Sigmoid, Tanh), Leaky, [c]);
    /// assert_eq!(c.value().get(&[0, 0]), Some(0.5));
    /// ```
    ///
    /// # Panics
    /// As [`affine_activated`](Var::affine_activated) does, if another operand has not the shape of a
    /// part, or if the formula has not as many inputs as there are parts and others.
    #[track_caller]
    pub fn affine_formula<A, F, const N: usize, const M: usize, const K: usize>(
        products: &[(Self, Self)],
        bias: Option<Self>,
        functions: A,
        formula: F,
        others: [Self; K],
    ) -> [Self; M]
    where
        A: Activations,
        F: Formula<N, M>,
    {
        const { assert!(A::PARTS + K == N, "a formula of the parts and the others is expected") };
        const { assert!(A::PARTS + M <= RESULTS, "a formula has at most four results here") };
        let op = AffineFormula::<A, F, N, M> {
            functions,
            formula,
        };
        let beside = Beside {
            parts: A::PARTS,
            inputs: K,
            outputs: M,
            apart: true,
        };
        let first = affine::record(op, products, bias, &others, beside, &mut |sum, outputs, others, cols| { op.evaluate(sum, outputs, others, cols) });
        let tape = first.tape();
        each(|m| tape.var(first.id() + 1 + m as Id))
    }
}

const NAME: &str = "affine_formula";

/// The parts and the formula's results, at most.
const RESULTS: usize = 8;

/// The inputs are those of `affine`, then the formula's others; the outputs are the parts after their
/// functions, side by side, then the formula's results.
#[derive(Clone, Copy)]
struct AffineFormula<A, F, const N: usize, const M: usize> {
    functions: A,
    formula: F,
}

impl<A: Activations, F: Formula<N, M>, const N: usize, const M: usize> AffineFormula<A, F, N, M> {
    /// The number of inputs beside those of the sum.
    const OTHERS: usize = N - A::PARTS;

    /// From the sum to all outputs.
    fn evaluate<T: Float>(
        &self,
        sum: &[T],
        outputs: &mut [&mut [T]],
        others: &[&[T]],
        cols: usize,
    ) {
        if sum.is_empty() {
            return;
        }
        let mut parts = Parts::new::<A>(sum.len(), cols);
        let layouts: SmallVec<[Layout; 4]> = (0..A::PARTS).map(|_| parts.next()).collect();
        let part = Layout::contiguous(layouts[0].shape().clone());
        let x: [Input<'_, T>; N] = each(|k| match k.checked_sub(A::PARTS) {
            None => Input {
                source: Source::Slice(sum),
                layout: &layouts[k],
            },
            Some(other) => Input {
                source: Source::Slice(others[other]),
                layout: &part,
            },
        });
        let y: [Output<'_>; RESULTS] = each(|m| {
            let (buffer, layout) = match m.checked_sub(A::PARTS) {
                None => (0, &layouts[m]),
                Some(result) => (1 + result, &part),
            };
            let mode = if m < A::PARTS + M { Mode::Write } else { Mode::Skip };
            Output {
                buffer,
                layout,
                mode,
            }
        });
        map(&Forward::<A, F, N, M>(*self), part.shape(), x, [], [], y, outputs);
    }

    /// The formula's inputs as numbers that are recorded.
    fn inputs<'t, T: Float>(
        &self,
        a: Var<'t, T>,
        other: impl Fn(usize) -> Var<'t, T>,
    ) -> [Traced<'t, T>; N] {
        each(|k| {
            Traced::Var(match k.checked_sub(A::PARTS) {
                None => activations::part(a, k, A::PARTS),
                Some(at) => other(at),
            })
        })
    }
}

/// (sums, others) → (parts, results).
#[derive(Clone, Copy)]
struct Forward<A, F, const N: usize, const M: usize>(AffineFormula<A, F, N, M>);

impl<A: Activations, F: Formula<N, M>, const N: usize, const M: usize> MapFn<N, 0, 0, RESULTS>
    for Forward<A, F, N, M>
{
    #[inline(always)]
    fn call<T: Float, I: Isa>(&self, x: [T; N], b: [T; 0], c: [T; 0]) -> [T; RESULTS] {
        let mut y = [T::ZERO; RESULTS];
        self.call_into::<T, I>(x, b, c, &mut y);
        y
    }

    #[inline(always)]
    fn call_into<T: Float, I: Isa>(
        &self,
        mut x: [T; N],
        _: [T; 0],
        _: [T; 0],
        y: &mut [T; RESULTS],
    ) {
        activations::values::<T, I, A>(self.0.functions, &mut x);
        let results = crate::formula::elementwise::values::<T, I, F, N, M>(self.0.formula, x);
        let (parts, rest) = y.split_at_mut(A::PARTS);
        for (y, x) in parts.iter_mut().zip(x) {
            *y = x;
        }
        for (y, x) in rest.iter_mut().zip(results) {
            *y = x;
        }
    }
}

/// (parts and others, results, cotangents of the results) → cotangents of the sums and the others.
#[derive(Clone, Copy)]
struct Backward<A, F, const N: usize, const M: usize>(AffineFormula<A, F, N, M>);

impl<A: Activations, F: Formula<N, M>, const N: usize, const M: usize> MapFn<N, M, M, N>
    for Backward<A, F, N, M>
{
    #[inline(always)]
    fn call<T: Float, I: Isa>(&self, x: [T; N], y: [T; M], y_bar: [T; M]) -> [T; N] {
        let mut x_bar = [T::ZERO; N];
        self.call_into::<T, I>(x, y, y_bar, &mut x_bar);
        x_bar
    }

    #[inline(always)]
    fn call_into<T: Float, I: Isa>(&self, x: [T; N], y: [T; M], y_bar: [T; M], x_bar: &mut [T; N]) {
        Pullback::<F, N, M>(self.0.formula).call_into::<T, I>(x, y, y_bar, x_bar);
        activations::slopes::<T, I, A>(self.0.functions, &x, x_bar);
    }
}

impl<T: Float, A, F, const N: usize, const M: usize> Op<T> for AffineFormula<A, F, N, M>
where
    A: Activations,
    F: Formula<N, M>,
{
    fn name(&self) -> &'static str {
        NAME
    }

    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        let (summed, others) = inputs.split_at(inputs.len() - Self::OTHERS);
        let mut shapes = affine::shapes(NAME, summed)?;
        let part = activations::part_shape::<A>(NAME, &shapes[0])?;
        for other in others {
            if *other != part {
                let reason = format!("an operand {other} is not like the parts, {part}");
                return Err(ShapeError::new(NAME, reason));
            }
        }
        shapes.extend(std::iter::repeat_n(part, M));
        Ok(shapes)
    }

    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let (summed, others) = inputs.split_at(inputs.len() - Self::OTHERS);
        let mut sum = vec![T::ZERO; outputs[0].len()];
        affine::forward(summed, &mut sum);
        let others: SmallVec<[Vec<T>; 4]> = others
            .iter()
            .map(|view| {
                let mut data = vec![T::ZERO; view.shape().size()];
                copy(view, &mut data);
                data
            })
            .collect();
        let others: SmallVec<[&[T]; 4]> = others.iter().map(|data| &data[..]).collect();
        self.evaluate(&sum, outputs, &others, summed[1].shape()[1]);
    }

    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let summed = rule.arity() - Self::OTHERS;
        let a = rule.y(0);
        let x = self.inputs(a, |at| rule.x(summed + at));
        let y = each(|m| Traced::Var(rule.y(1 + m)));
        let y_bars = each(|m| rule.y_bar(1 + m).map(Traced::Var));
        let needs = |k: usize| k < A::PARTS || rule.needs(summed + k - A::PARTS);
        let x_bars = pulled(&self.formula.partials(x, y), &y_bars, &needs);
        for (at, x_bar) in x_bars[A::PARTS..].iter().enumerate() {
            if let Some(x_bar) = x_bar {
                rule.give(summed + at, x_bar.on(rule.tape()));
            }
        }
        let part = activations::part(a, 0, A::PARTS).shape();
        let parts: SmallVec<[Var<'_, T>; 4]> = x_bars[..A::PARTS]
            .iter()
            .map(|bar| match bar {
                Some(bar) => bar.on(rule.tape()).expand(part.clone()),
                None => rule.tape().zeros(part.clone()),
            })
            .collect();
        let mut a_bar = Var::cat(&parts, -1);
        if let Some(bar) = rule.y_bar(0) {
            a_bar += bar;
        }
        affine::reverse(rule, summed, activations::chain(self.functions, a, a_bar));
    }

    fn direct(&self, direct: &mut Direct<'_, T>) -> bool {
        let (list, id) = (direct.list, direct.id);
        let flow = &mut *direct.flow;
        let inputs = list.inputs(id);
        let summed = inputs.len() - Self::OTHERS;
        let plain = |id: &Id| list.nodes[*id as usize].view == NONE;
        if flow.bars[id as usize].is_some() || !inputs[summed..].iter().all(plain) {
            // Somebody differentiates the parts themselves, or an operand is a view.
            return false;
        }
        let cols = affine_rows::columns(list, inputs[1]);
        let a = list.plain(id);
        let size = list.nodes[id as usize + 1].size as usize;
        let y_bars: [Option<Buffer<T>>; M] =
            each(|m| flow.bars[id as usize + 1 + m].take());
        let mut bars: SmallVec<[Buffer<T>; 5]> = SmallVec::new();
        bars.push(flow.pool.take(a.len()));
        for _ in 0..Self::OTHERS {
            bars.push(flow.pool.take(size));
        }
        if size > 0 {
            let mut parts = Parts::new::<A>(a.len(), cols);
            let layouts: SmallVec<[Layout; 4]> = (0..A::PARTS).map(|_| parts.next()).collect();
            let part = Layout::contiguous(layouts[0].shape().clone());
            let (zero, scalar) = ([T::ZERO], Layout::contiguous(Shape::scalar()));
            let x: [Input<'_, T>; N] = each(|k| match k.checked_sub(A::PARTS) {
                None => Input {
                    source: Source::Slice(a),
                    layout: &layouts[k],
                },
                Some(at) => Input {
                    source: Source::Slice(list.plain(inputs[summed + at])),
                    layout: &part,
                },
            });
            let y: [Input<'_, T>; M] = each(|m| Input {
                source: Source::Slice(list.plain(id + 1 + m as Id)),
                layout: &part,
            });
            let y_bar: [Input<'_, T>; M] = each(|m| match &y_bars[m] {
                Some(bar) => Input {
                    source: Source::Slice(bar),
                    layout: &part,
                },
                None => Input {
                    source: Source::Slice(&zero),
                    layout: &scalar,
                },
            });
            let x_bar: [Output<'_>; N] = each(|k| match k.checked_sub(A::PARTS) {
                None => Output {
                    buffer: 0,
                    layout: &layouts[k],
                    mode: Mode::Write,
                },
                Some(at) => Output {
                    buffer: 1 + at,
                    layout: &part,
                    mode: Mode::Write,
                },
            });
            let mut buffers: SmallVec<[&mut [T]; 5]> =
                bars.iter_mut().map(|bar| &mut **bar).collect();
            let rule = Backward::<A, F, N, M>(*self);
            map(&rule, part.shape(), x, y, y_bar, x_bar, &mut buffers);
        }
        for bar in y_bars.into_iter().flatten() {
            flow.pool.give(bar);
        }
        for at in (0..Self::OTHERS).rev() {
            let bar = bars.pop().expect("a cotangent of every other input");
            flow.deposit(list, inputs[summed + at], bar);
        }
        let sum_bar = bars.pop().expect("the cotangent of the sum");
        affine::pull(direct, summed, sum_bar);
        true
    }

    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        let summed = rule.arity() - Self::OTHERS;
        let a = rule.y(0);
        let a_dot = affine::tangent(rule, summed).map(|dot| activations::chain(self.functions, a, dot));
        let x = self.inputs(a, |at| rule.x(summed + at));
        let y = each(|m| Traced::Var(rule.y(1 + m)));
        let x_dots = each(|k| match k.checked_sub(A::PARTS) {
            None => a_dot.map(|dot| Traced::Var(activations::part(dot, k, A::PARTS))),
            Some(at) => rule.x_dot(summed + at).map(Traced::Var),
        });
        if let Some(dot) = a_dot {
            rule.give(0, dot);
        }
        for (m, dot) in pushed(&self.formula.partials(x, y), &x_dots).into_iter().enumerate() {
            if let Some(dot) = dot {
                rule.give(1 + m, dot.on(rule.tape()));
            }
        }
    }
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    use crate::ops::{Sigmoid, Tanh};
    use crate::formula::real::Real;

    /// A gate, a value and a state, all of which the results depend on in their own way.
    #[derive(Clone, Copy)]
    struct Gated;
    impl Formula<3, 2> for Gated {
        const NAME: &'static str = "gated";
        #[inline(always)]
        fn eval<R: Real>(&self, [gate, value, state]: [R; 3]) -> [R; 2] {
            let kept = gate * state + (R::lit(1.0) - gate) * value;
            [kept, value * kept.tanh()]
        }
    }
    /// A part alone.
    #[derive(Clone, Copy)]
    struct Square;
    impl Formula<1, 1> for Square {
        const NAME: &'static str = "square";
        #[inline(always)]
        fn eval<R: Real>(&self, [x]: [R; 1]) -> [R; 1] {
            [x * x]
        }
    }

    // The same in plain numbers: the gate in the left half of the sum's columns.
    let gated = |sum: &Tensor<f64>, state: &Tensor<f64>| {
        let value = |at: &[usize]| sum[[at[0], state.shape()[1] + at[1]]].tanh();
        let kept = Tensor::from_fn(state.shape(), |at| {
            let gate = 1.0 / (1.0 + (-sum[[at[0], at[1]]]).exp());
            gate * state[[at[0], at[1]]] + (1.0 - gate) * value(at)
        });
        let y = Tensor::from_fn(state.shape(), |at| value(at) * kept[[at[0], at[1]]].tanh());
        vec![kept, y]
    };
    let sum = |x: &[Tensor<f64>]| plain::affine(&[(&x[0], &x[1])], Some(&x[2]));
    Samples::new(NAME)
        .case("a gate, a value and a state", &[&[3, 4], &[4, 10], &[10], &[3, 5]], |x| {
            let sums = [(x[0], x[1])];
            Var::affine_formula(&sums, Some(x[2]), (Sigmoid, Tanh), Gated, [x[3]]).to_vec()
        })
        .case("wide parts", &[&[3, 2], &[2, 42], &[42], &[3, 21]], |x| {
            let sums = [(x[0], x[1])];
            Var::affine_formula(&sums, Some(x[2]), (Sigmoid, Tanh), Gated, [x[3]]).to_vec()
        })
        .case("two steps, one result unused", &[&[3, 4], &[4, 10], &[5, 10], &[3, 5]], |x| {
            let (mut c, mut h) = (x[3], x[3]);
            for _ in 0..2 {
                let sums = [(x[0], x[1]), (h, x[2])];
                [c, h] = Var::affine_formula(&sums, None, (Sigmoid, Tanh), Gated, [c]);
            }
            vec![h]
        })
        .gives(move |x| {
            let (mut c, mut h) = (x[3].clone(), x[3].clone());
            for _ in 0..2 {
                let sum = plain::affine(&[(&x[0], &x[1]), (&h, &x[2])], None);
                let next = gated(&sum, &c);
                (c, h) = (next[0].clone(), next[1].clone());
            }
            vec![h]
        })
        .case("no others, outer axes", &[&[2, 3, 4], &[4, 3], &[3]], |x| {
            Var::affine_formula(&[(x[0], x[1])], Some(x[2]), (Tanh,), Square, []).to_vec()
        })
        .gives(move |x| vec![sum(x).map(|x| x.tanh() * x.tanh())])
        .case("a transposed state", &[&[3, 4], &[4, 10], &[10], &[5, 3]], |x| {
            let (sums, state) = ([(x[0], x[1])], x[3].t());
            Var::affine_formula(&sums, Some(x[2]), (Sigmoid, Tanh), Gated, [state]).to_vec()
        })
        .gives(move |x| gated(&sum(x), &plain::permuted(&x[3], &[1, 0])))
        .case("no rows", &[&[0, 4], &[4, 10], &[10], &[0, 5]], |x| {
            let sums = [(x[0], x[1])];
            Var::affine_formula(&sums, Some(x[2]), (Sigmoid, Tanh), Gated, [x[3]]).to_vec()
        })
        .reference(move |x| gated(&sum(x), &x[3]))
        .bad(
            &[&[3, 4], &[4, 10], &[3, 4]],
            "affine_formula: an operand [3, 4] is not like the parts, [3, 5]",
            |x| Var::affine_formula(&[(x[0], x[1])], None, (Sigmoid, Tanh), Gated, [x[2]]).to_vec(),
        )
        .bad(
            &[&[3, 4], &[4, 7], &[3, 4]],
            "affine_formula: 7 columns are not 2 equal parts",
            |x| Var::affine_formula(&[(x[0], x[1])], None, (Sigmoid, Tanh), Gated, [x[2]]).to_vec(),
        )
}
