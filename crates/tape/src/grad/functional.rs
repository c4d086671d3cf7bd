//! The functional faces: functions of models in, values and derivatives out.
//!
//! A step that asks for a loss and gradients trains; everything else evaluates: a derivative of a
//! function is that of what the function computes, and this must not be drawn by chance.

use wengert_tensor::{Float, Shape, Tensor, compile_here};

use crate::grad::backward::{GradOptions, Unused};
use crate::grad::gradients::Gradients;
use crate::model::bind::Kind;
use crate::model::tree::{Path, Tree};
use crate::record::node::{Id, NEEDS};
use crate::record::recording::or_panic;
use crate::record::tape::Tape;
use crate::record::var::Var;
use crate::walk::tangent;

impl<T: Float> Tape<T> {
    /// One step: binds the model, runs `f`, walks back from the loss that it returns, and resets
    /// the tape. Returns the loss and the gradients.
    ///
    /// The tape holds nothing of the model afterwards, so that an optimizer updates it in place.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let mut tape = Tape::<f64>::new();
    /// let model = (Tensor::scalar(3.0), Tensor::scalar(1.0));
    /// let (loss, grads) = tape.value_and_grad(&model, |_, (a, b)| a * a + b);
    /// assert_eq!((loss, grads.get(0).unwrap().item()), (10.0, 6.0));
    /// ```
    ///
    /// A model of tensors is not a model of variables:
    /// ```compile_fail,E0308
    /// # use wengert_tape::{Tape, Var, Tree, tree};
    /// # use wengert_tensor::Tensor;
    /// #[derive(tree::Tree)]
    /// struct Line<P = Tensor<f64>> { slope: P }
    /// fn loss<'t>(line: &Line<Var<'t, f64>>) -> Var<'t, f64> { line.slope * line.slope }
    /// let line = Line { slope: Tensor::scalar(1.0) };
    /// loss(&line);
    /// ```
    ///
    /// Dropout and batch norm train, unless [`set_training`](Tape::set_training) said otherwise.
    /// What `f` itself binds, as a frozen teacher (by `bind_where`, with `|_| false`), is no part
    /// of the gradients, which are those of `model` alone.
    ///
    /// # Panics
    /// If the loss has not exactly one element, or depends on no trained leaf of the model although
    /// there are some. Leaves that it does not reach beside others are reported by
    /// [`Gradients::unreached`].
    #[track_caller]
    pub fn value_and_grad<M: Tree<Tensor<T>>>(
        &mut self,
        model: &M,
        f: impl for<'t> FnOnce(&'t Tape<T>, M::With<Var<'t, T>>) -> Var<'t, T>,
    ) -> (T, Gradients<M, T>) {
        self.value_and_grad_where(model, |_| true, f)
    }

    /// [`value_and_grad`](Tape::value_and_grad) for those leaves whose path `trained` accepts; the
    /// others are frozen.
    ///
    /// # Panics
    /// As `value_and_grad`.
    #[track_caller]
    pub fn value_and_grad_where<M: Tree<Tensor<T>>>(
        &mut self,
        model: &M,
        trained: impl Fn(&str) -> bool,
        f: impl for<'t> FnOnce(&'t Tape<T>, M::With<Var<'t, T>>) -> Var<'t, T>,
    ) -> (T, Gradients<M, T>) {
        let (loss, (), grads) = self.step_of_part(model, trained, |tape, m| (f(tape, m), ()));
        grads.assert_reached("value_and_grad");
        (loss, grads)
    }

    /// [`value_and_grad`](Tape::value_and_grad) where `f` also returns what else the caller wants to
    /// know: metrics, predictions, a hidden state. As in [`evaluate`](Tape::evaluate) it is anything
    /// but variables.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let mut tape = Tape::<f64>::new();
    /// let model = Tensor::scalar(3.0);
    /// let (loss, next, _) = tape.value_and_grad_aux(&model, |_, a| (a * a, (a + 1.0).item()));
    /// assert_eq!((loss, next), (9.0, 4.0));
    /// ```
    ///
    /// # Panics
    /// As `value_and_grad`.
    #[doc(alias = "has_aux")]
    #[track_caller]
    pub fn value_and_grad_aux<M: Tree<Tensor<T>>, R>(
        &mut self,
        model: &M,
        f: impl for<'t> FnOnce(&'t Tape<T>, M::With<Var<'t, T>>) -> (Var<'t, T>, R),
    ) -> (T, R, Gradients<M, T>) {
        let (loss, aux, grads) = self.step_of_part(model, |_| true, f);
        grads.assert_reached("value_and_grad");
        (loss, aux, grads)
    }

    /// A step that may be a part of a greater one, as a shard of a batch is: its loss may reach no
    /// leaf. `f` returns the loss and anything else.
    #[doc(hidden)]
    #[track_caller]
    pub fn step_of_part<M: Tree<Tensor<T>>, R>(
        &mut self,
        model: &M,
        trained: impl Fn(&str) -> bool,
        f: impl for<'t> FnOnce(&'t Tape<T>, M::With<Var<'t, T>>) -> (Var<'t, T>, R),
    ) -> (T, R, Gradients<M, T>) {
        self.reset();
        let tape: &Tape<T> = self;
        let bound = tape.bind_where(model, trained);
        let leaves = tape.inner.borrow().binding.len();
        let (loss, beside) = tape.in_step(|| f(tape, bound));
        let (loss, grads) = tape.finish_step(loss, leaves);
        self.reset();
        (loss, beside, grads)
    }

    /// What `f` makes of the model, without derivatives. State that `f` sets is dropped.
    ///
    /// The result is anything but variables, which end with the tape's reset: tensors, numbers,
    /// masks, counts, or several of them. [`Var::value`] and [`item`](Var::item) make tensors and
    /// numbers of variables, and [`Values::value`](crate::Values::value) a tree of tensors of a tree
    /// of variables.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let mut tape = Tape::<f64>::new();
    /// let model = Tensor::from([0.5, -1.0]);
    /// let (y, negative) = tape.evaluate(&model, |_, x| (x.tanh().value(), x.lt(0.0).count()));
    /// assert_eq!((y.shape()[0], negative), (2, 1));
    /// ```
    ///
    /// A variable does not come out:
    /// ```compile_fail
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let mut tape = Tape::<f64>::new();
    /// let y = tape.evaluate(&Tensor::scalar(1.0), |_, x| x.tanh());
    /// ```
    ///
    /// Dropout and batch norm evaluate, unless [`set_training`](Tape::set_training) said otherwise.
    ///
    /// # Panics
    /// If `f` does.
    #[track_caller]
    pub fn evaluate<M: Tree<Tensor<T>>, R>(
        &mut self,
        model: &M,
        f: impl for<'t> FnOnce(&'t Tape<T>, M::With<Var<'t, T>>) -> R,
    ) -> R {
        self.reset();
        let tape: &Tape<T> = self;
        let result = f(tape, tape.bind_where(model, |_| false));
        self.reset();
        result
    }

    /// Walks back from the loss. The first `leaves` leaves are those of the model.
    #[track_caller]
    fn finish_step<M: Tree<Tensor<T>>>(
        &self,
        loss: Var<'_, T>,
        leaves: usize,
    ) -> (T, Gradients<M, T>) {
        let (id, needs) = {
            let inner = self.inner.borrow();
            let id = loss.check(self, &inner);
            let node = &inner.list.nodes[id as usize];
            assert!(
                node.size == 1,
                "value_and_grad: a loss has one element, this one has the shape {}",
                inner.list.shape(id)
            );
            (id, node.flags & NEEDS != 0)
        };
        let value = loss.item();
        if needs {
            self.walk_leaving_rows(id, &mut |seed| seed.fill(T::ONE));
        } else {
            self.inner.borrow_mut().flow.clear();
        }
        (value, self.collect(leaves))
    }

    /// The value of `f` at `at`, and its derivative in the direction `x_dot`: J·ẋ, in forward mode.
    ///
    /// Dropout and batch norm evaluate, unless [`set_training`](Tape::set_training) said otherwise.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let mut tape = Tape::<f64>::new();
    /// let x = Tensor::from([1.0, 2.0]);
    /// let x_dot = Tensor::from([1.0, 0.0]);
    /// let (y, y_dot) = tape.jvp(&x, &x_dot, |_, x| x * x);
    /// assert_eq!((y.to_vec(), y_dot.to_vec()), (vec![1.0, 4.0], vec![2.0, 0.0]));
    /// ```
    ///
    /// # Panics
    /// If a leaf of `x_dot` has another shape than the leaf of `at`, or there are not as many.
    #[track_caller]
    pub fn jvp<M: Tree<Tensor<T>>>(
        &mut self,
        at: &M,
        x_dot: &M,
        f: impl for<'t> FnOnce(&'t Tape<T>, M::With<Var<'t, T>>) -> Var<'t, T>,
    ) -> (Tensor<T>, Tensor<T>) {
        self.reset();
        let tape: &Tape<T> = self;
        let bound = tape.bind(at);
        let leaves = tape.trained_vars();
        let y = f(tape, bound);
        let y_dot = tape.tangents_along(&[y], &leaves, x_dot)[0];
        let result = (y.value(), y_dot.value());
        self.reset();
        result
    }

    /// The value of `f` at `at`, and what flows back when `y_bar` flows into it: Jᵀ·ȳ.
    ///
    /// Dropout and batch norm evaluate, unless [`set_training`](Tape::set_training) said otherwise.
    ///
    /// # Panics
    /// If `y_bar` has not the shape of the value.
    #[track_caller]
    pub fn vjp<M: Tree<Tensor<T>>>(
        &mut self,
        at: &M,
        y_bar: &Tensor<T>,
        f: impl for<'t> FnOnce(&'t Tape<T>, M::With<Var<'t, T>>) -> Var<'t, T>,
    ) -> (Tensor<T>, Gradients<M, T>) {
        self.reset();
        let tape: &Tape<T> = self;
        let bound = tape.bind(at);
        let leaves = tape.inner.borrow().binding.len();
        let y = f(tape, bound);
        let id = y.check(tape, &tape.inner.borrow());
        let value = y.value();
        assert!(
            y_bar.shape() == value.shape(),
            "vjp: the cotangent has the shape {}, the value {}",
            y_bar.shape(),
            value.shape()
        );
        if y.needs_grad() {
            tape.walk_from(id, &mut |bar| {
                wengert_tensor::kernels::copy(&y_bar.view(), bar)
            });
        } else {
            tape.inner.borrow_mut().flow.clear();
        }
        let grads = tape.collect(leaves);
        self.reset();
        (value, grads)
    }

    /// The gradient of a number `f` at `at` and the product of its Hessian with `direction`, which
    /// has the model's shape: forward mode over the recorded reverse mode. Both are lists of the
    /// model's leaves in order, without its state.
    ///
    /// Dropout and batch norm evaluate, unless [`set_training`](Tape::set_training) said otherwise.
    ///
    /// # Panics
    /// If the value of `f` has not one element, or the shapes differ.
    #[track_caller]
    pub fn hvp<M: Tree<Tensor<T>>>(
        &mut self,
        at: &M,
        direction: &M,
        f: impl for<'t> FnOnce(&'t Tape<T>, M::With<Var<'t, T>>) -> Var<'t, T>,
    ) -> (Vec<Tensor<T>>, Vec<Tensor<T>>) {
        self.reset();
        let tape: &Tape<T> = self;
        let bound = tape.bind(at);
        let leaves = tape.trained_vars();
        let y = f(tape, bound);
        let options = GradOptions {
            create_graph: true,
            unused: Unused::Zeros,
        };
        let bars = tape.grad_with(&[y], &leaves, &[], options);
        let dots = tape.tangents_along(&bars, &leaves, direction);
        let values = |vars: &[Var<'_, T>]| vars.iter().map(|var| var.value()).collect();
        let result = (values(&bars), values(&dots));
        self.reset();
        result
    }

    /// The Jacobian of `f` at `x`: element (i…, j…) is ∂y_i…/∂x_j….
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let mut tape = Tape::<f64>::new();
    /// let jacobian = tape.jacobian(&Tensor::from([2.0, 3.0]), |_, x| x * x);
    /// assert_eq!(jacobian.to_rows(), [[4.0, 0.0], [0.0, 6.0]]);
    /// ```
    ///
    /// Dropout and batch norm evaluate, unless [`set_training`](Tape::set_training) said otherwise.
    ///
    /// # Panics
    /// If `f` does.
    #[track_caller]
    pub fn jacobian(
        &mut self,
        x: &Tensor<T>,
        f: impl for<'t> FnOnce(&'t Tape<T>, Var<'t, T>) -> Var<'t, T>,
    ) -> Tensor<T> {
        self.reset();
        let tape: &Tape<T> = self;
        let leaf = tape.leaf(x);
        let y = f(tape, leaf);
        let jacobian = tape.rows(y, leaf);
        self.reset();
        jacobian
    }

    /// The Hessian of a number `f` at `x`: element (i…, j…) is ∂²f/∂x_i…∂x_j….
    ///
    /// Dropout and batch norm evaluate, unless [`set_training`](Tape::set_training) said otherwise.
    ///
    /// # Panics
    /// If the value of `f` has not one element.
    #[track_caller]
    pub fn hessian(
        &mut self,
        x: &Tensor<T>,
        f: impl for<'t> FnOnce(&'t Tape<T>, Var<'t, T>) -> Var<'t, T>,
    ) -> Tensor<T> {
        self.reset();
        let tape: &Tape<T> = self;
        let leaf = tape.leaf(x);
        let y = f(tape, leaf);
        let options = GradOptions {
            create_graph: true,
            unused: Unused::Zeros,
        };
        let bar = tape.grad_with(&[y], &[leaf], &[], options)[0];
        let hessian = tape.rows(bar, leaf);
        self.reset();
        hessian
    }

    /// The tangent of `output` when inputs move: forward mode over what is recorded.
    ///
    /// # Panics
    /// If a tangent has not the shape of its input.
    #[track_caller]
    pub fn tangent<'t>(
        &'t self,
        output: Var<'t, T>,
        inputs: &[(Var<'t, T>, Var<'t, T>)],
    ) -> Var<'t, T> {
        self.tangents(&[output], inputs)[0]
    }

    /// The tangents of several outputs; zeros for one that does not move.
    ///
    /// # Panics
    /// If a tangent has not the shape of its input.
    #[track_caller]
    pub fn tangents<'t>(
        &'t self,
        outputs: &[Var<'t, T>],
        inputs: &[(Var<'t, T>, Var<'t, T>)],
    ) -> Vec<Var<'t, T>> {
        let mut last = 0;
        let mut dots = Vec::new();
        {
            let inner = self.inner.borrow();
            for y in outputs {
                last = last.max(y.check(self, &inner));
            }
            for (k, (x, x_dot)) in inputs.iter().enumerate() {
                let (at, dot) = (x.check(self, &inner), x_dot.check(self, &inner));
                let (shape, found) = (inner.list.shape(at), inner.list.shape(dot));
                assert!(
                    shape == found,
                    "tangent: input {k} is {shape}, its tangent {found}"
                );
                if dots.len() <= at as usize {
                    dots.resize(at as usize + 1, crate::record::node::NONE);
                }
                dots[at as usize] = dot;
            }
        }
        walk_forward(self, last as usize + 1, &mut dots);
        let dot = |y: &Var<'t, T>| match dots[y.id() as usize] {
            crate::record::node::NONE => self.zeros(y.shape()),
            dot => self.var(dot),
        };
        outputs.iter().map(dot).collect()
    }

    /// The variables of the leaves that are bound so far and trained.
    pub(crate) fn trained_vars(&self) -> Vec<Var<'_, T>> {
        let bound = {
            let binding = &self.inner.borrow().binding;
            let leaves = (0..binding.len()).map(|at| binding.leaf(at));
            let trained = leaves.filter(|leaf| leaf.kind == Kind::Trained);
            trained.map(|leaf| leaf.id).collect::<Vec<_>>()
        };
        bound.into_iter().map(|id| self.var(id)).collect()
    }

    #[track_caller]
    fn tangents_along<'t, M: Tree<Tensor<T>>>(
        &'t self,
        outputs: &[Var<'t, T>],
        leaves: &[Var<'t, T>],
        x_dot: &M,
    ) -> Vec<Var<'t, T>> {
        let mut dots = Vec::new();
        x_dot.visit_leaves(&mut Path::new(), &mut |path, leaf| {
            if !path.is_state() {
                dots.push(self.constant(leaf));
            }
        });
        assert!(
            dots.len() == leaves.len(),
            "tangent: {} leaves move, the direction has {}",
            leaves.len(),
            dots.len()
        );
        let inputs: Vec<_> = leaves.iter().copied().zip(dots).collect();
        self.tangents(outputs, &inputs)
    }

    /// One backward pass for each element of `y`.
    #[track_caller]
    fn rows(&self, y: Var<'_, T>, x: Var<'_, T>) -> Tensor<T> {
        y.check(self, &self.inner.borrow());
        let (y_shape, x_shape) = (y.shape(), x.shape());
        let shape: Shape = y_shape.iter().chain(x_shape.iter()).copied().collect();
        let mut jacobian = Tensor::zeros(or_panic(shape.fits("jacobian")));
        let width = x_shape.size();
        for element in 0..y_shape.size() {
            let bar = if y.needs_grad() {
                self.walk_from(y.id(), &mut |seed| {
                    seed.fill(T::ZERO);
                    seed[element] = T::ONE;
                });
                self.inner
                    .borrow_mut()
                    .flow
                    .bars
                    .get_mut(x.id() as usize)
                    .and_then(Option::take)
            } else {
                None
            };
            if let Some(bar) = bar {
                jacobian.as_mut_slice()[element * width..][..width].copy_from_slice(&bar);
                self.inner.borrow_mut().flow.pool.give(bar);
            }
        }
        jacobian
    }
}

compile_here! {
    fn walk_forward<T>(tape: &Tape<T>, len: usize, dots: &mut Vec<Id>) {
        tangent::walk(tape, len, dots);
    }
}
