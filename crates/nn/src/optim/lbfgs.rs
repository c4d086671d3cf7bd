//! `Lbfgs`: steps by the curvature of the steps before, with a line search.

use std::cell::Cell;

use wengert_tape::Gradients;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Tensor, compile_here};

use super::line_search::{Point, search};
use super::setting::{self, Range};
use super::state::{Piece, PieceMut, Stateful};
use super::walk;

/// L-BFGS: a quasi-Newton method that holds the last steps and what they changed in the gradient, and
/// a line search that fulfills the strong Wolfe conditions. For whole batches: the loss has to be the
/// same function in every evaluation of a step, so dropout is off or its generator set anew.
///
/// With x all weights as one vector, g their gradient, and for each step that is held s = Δx, y = Δg,
/// ρ = 1 / sᵀy:
///
/// ```text
/// q ← g;  from the last step to the first: a = ρ sᵀq, q ← q − a y
/// d ← (sᵀy / yᵀy) q, of the last step;  from the first to the last: d ← d + (a − ρ yᵀd) s
/// x ← x − t d, with f(x − t d) ≤ f(x) − c₁ t gᵀd and |∇f(x − t d)ᵀd| ≤ c₂ gᵀd
/// ```
///
/// The first step goes along the gradient, and tries t = min(1, 1 / ‖g‖₁) first; later ones try 1,
/// each times the learning rate. A pair with sᵀy ≤ 10⁻¹⁰ yᵀy is not held.
///
/// Source: Nocedal and Wright 2006, *Numerical optimization*, algorithms 7.4, 3.5 and 3.6, with
/// c₁ = 10⁻⁴ and c₂ = 0.9.
///
/// ```
/// use wengert_nn::optim::Lbfgs;
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// // Rosenbrock's valley, from the usual start.
/// let mut x = Tensor::<f64>::from([-1.2, 1.0]);
/// let (mut lbfgs, mut tape) = (Lbfgs::new(), Tape::new());
/// for _ in 0..40 {
///     lbfgs.step(&mut x, |x| {
///         tape.value_and_grad(x, |_, x| {
///             let (a, b) = (x.slice(0, 0..1), x.slice(0, 1..2));
///             ((1.0 - a).square() + (b - a * a).square() * 100.0).sum()
///         })
///     });
/// }
/// assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-8));
/// ```
#[doc(alias = "LBFGS")]
#[derive(Clone, Debug)]
pub struct Lbfgs<T: Float = f32> {
    /// What the first size that a line search tries is multiplied by: 1.
    pub learning_rate: f64,
    /// How many steps are held: 10.
    pub memory: usize,
    /// How often a line search evaluates the loss at most: 25.
    pub evaluations: usize,
    /// How many pairs of a step and a change were held, those that are forgotten included.
    pub pairs: u64,
    /// The steps s that are held, one after the other: pair number k in place k mod memory.
    pub steps: Option<Tensor<T>>,
    /// The changes y of the gradient, in the places of their steps.
    pub changes: Option<Tensor<T>>,
}

/// What a step of [`Lbfgs`] has done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LbfgsStep {
    /// The loss before the step.
    pub before: f64,
    /// The loss after it.
    pub loss: f64,
    /// t; 0 if the model stayed as it was, since the gradient is 0, or no step lowers the loss.
    pub size: f64,
    /// How often the loss was evaluated.
    pub evaluations: usize,
    /// The greatest element of the gradient after the step, without its sign.
    pub gradient: f64,
}

impl<T: Float> Default for Lbfgs<T> {
    fn default() -> Self {
        Lbfgs {
            learning_rate: 1.0,
            memory: 10,
            evaluations: 25,
            pairs: 0,
            steps: None,
            changes: None,
        }
    }
}

impl<T: Float> Lbfgs<T> {
    /// L-BFGS that holds ten steps.
    pub fn new() -> Self {
        Self::default()
    }

    /// With so many steps that are held.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn with_memory(mut self, memory: usize) -> Self {
        self.memory = memory;
        setting::refuse(self.wrong());
        self
    }

    /// With another first size of a line search.
    ///
    /// # Panics
    /// Unless it is above 0 and finite.
    #[track_caller]
    pub fn with_learning_rate(mut self, rate: f64) -> Self {
        self.learning_rate = rate;
        setting::refuse(self.wrong());
        self
    }

    fn wrong(&self) -> Option<String> {
        let settings = [
            ("learning rate", self.learning_rate, Range::Positive),
            ("memory", self.memory as f64, Range::Positive),
            ("evaluations", self.evaluations as f64, Range::Positive),
        ];
        setting::wrong("Lbfgs", &settings)
    }

    /// Changes the model by one step of the loss `f`, which is evaluated several times. A leaf without
    /// gradient is left alone; new state is that of the last evaluation.
    ///
    /// # Panics
    /// If gradients or held steps are those of a model of another structure, a setting is out of its
    /// range, or the loss is not finite where the step starts.
    #[track_caller]
    pub fn step<M: Tree<Tensor<T>>>(
        &mut self,
        model: &mut M,
        mut f: impl FnMut(&M) -> (T, Gradients<M, T>),
    ) -> LbfgsStep {
        setting::refuse(self.wrong());
        let (loss, mut grads) = f(model);
        setting::refuse(walk::misfit_of(model, &grads));
        let mut x = Vec::new();
        walk::with_path(|path| {
            model.visit_leaves(path, &mut |_, leaf: &Tensor<T>| {
                x.extend(leaf.iter());
            });
        });
        let mut bars = vec![T::ZERO; x.len()];
        flatten(model, &grads, &mut bars);
        setting::refuse(self.misfit(x.len(), loss));
        let mut evaluate = |x: &[T], bars: &mut [T]| {
            write(model, x);
            let (loss, new) = f(model);
            flatten(model, &new, bars);
            grads = new;
            loss.to_f64()
        };
        let start = Point {
            size: 0.0,
            loss: loss.to_f64(),
            slope: 0.0,
        };
        let step = step_here(self, &mut x, &mut bars, start, &mut evaluate);
        write(model, &x);
        grads.update_state(model);
        step
    }

    /// Why a model of so many elements, with this loss, makes no step.
    fn misfit(&self, size: usize, loss: T) -> Option<String> {
        let held = [&self.steps, &self.changes].into_iter().flatten();
        let mut sizes = held.map(|held| held.size() / self.memory);
        if let Some(held) = sizes.find(|&held| held != size) {
            return Some(format!(
                "Lbfgs: the model has {size} elements, the steps that are held {held}: it is the \
                 optimizer of another model, or of another memory"
            ));
        }
        (!loss.is_finite()).then(|| format!("Lbfgs: the loss is {}", loss.to_f64()))
    }
}

impl<T: Float> Stateful<T> for Lbfgs<T> {
    fn leaves(&self) -> usize {
        0
    }

    fn prepare_state(&mut self, _: usize) {}

    fn clear_state(&mut self) {}

    fn visit_state(&self, f: &mut dyn FnMut(Option<usize>, &str, Piece<'_, T>)) {
        f(None, "pairs", Piece::Count(self.pairs));
        f(None, "steps", Piece::Tensor(self.steps.as_ref()));
        f(None, "changes", Piece::Tensor(self.changes.as_ref()));
    }

    fn visit_state_mut(&mut self, f: &mut dyn FnMut(Option<usize>, &str, PieceMut<'_, T>)) {
        f(None, "pairs", PieceMut::Count(&mut self.pairs));
        f(None, "steps", PieceMut::Tensor(&mut self.steps));
        f(None, "changes", PieceMut::Tensor(&mut self.changes));
    }
}

/// The gradients as one vector, 0 where there is none.
fn flatten<M: Tree<Tensor<T>>, T: Float>(model: &M, grads: &Gradients<M, T>, to: &mut [T]) {
    let (mut at, mut place) = (0, 0);
    walk::with_path(|path| {
        model.visit_leaves(path, &mut |_, leaf: &Tensor<T>| {
            let here = &mut to[place..place + leaf.size()];
            match grads.get(at) {
                Some(bar) => here
                    .iter_mut()
                    .zip(bar.iter())
                    .for_each(|(x, bar)| *x = bar),
                None => here.fill(T::ZERO),
            }
            at += 1;
            place += leaf.size();
        });
    });
}

/// The weights from one vector.
fn write<M: Tree<Tensor<T>>, T: Float>(model: &mut M, x: &[T]) {
    let mut place = 0;
    walk::with_path(|path| {
        model.visit_leaves_mut(path, &mut |_, leaf: &mut Tensor<T>| {
            let size = leaf.size();
            leaf.as_mut_slice().copy_from_slice(&x[place..place + size]);
            place += size;
        });
    });
}

compile_here! {
    /// One step of the weights `x` with the gradient `bars`, both of which it leaves as they are after
    /// the step.
    fn step_here<T>(
        lbfgs: &mut Lbfgs<T>,
        x: &mut [T],
        bars: &mut [T],
        start: Point,
        evaluate: &mut dyn FnMut(&[T], &mut [T]) -> f64,
    ) -> LbfgsStep {
        let n = x.len();
        let mut way = bars.to_vec();
        lbfgs.apply(&mut way);
        way.iter_mut().for_each(|d| *d = -*d);
        let slope = dot(&way, bars);
        let first = if lbfgs.pairs == 0 {
            let sum: f64 = bars.iter().map(|g| g.to_f64().abs()).sum();
            (1.0 / sum).min(1.0)
        } else {
            1.0
        };
        let start = Point { slope, ..start };
        let (from, old) = (x.to_vec(), bars.to_vec());
        // The gradient of the best point, and of the one that is tried.
        let mut tried = bars.to_vec();
        let (mut evaluations, last) = (1, Cell::new(0.0));
        let mut end = start;
        if slope < 0.0 && slope.is_finite() {
            let mut look = |size: f64| {
                let t = T::from_f64(size);
                for k in 0..n {
                    x[k] = from[k] + t * way[k];
                }
                evaluations += 1;
                last.set(size);
                let loss = evaluate(x, &mut tried);
                Point { size, loss, slope: dot(&way, &tried) }
            };
            end = search(start, first * lbfgs.learning_rate, lbfgs.evaluations, &mut look);
            if end.size != 0.0 {
                // The last point that was tried need not be the best.
                if last.get() != end.size {
                    look(end.size);
                }
                bars.copy_from_slice(&tried);
            }
        }
        let t = T::from_f64(end.size);
        for k in 0..n {
            x[k] = from[k] + t * way[k];
        }
        if end.size != 0.0 {
            for k in 0..n {
                way[k] *= t;
                tried[k] = bars[k] - old[k];
            }
            lbfgs.hold(&way, &tried);
        }
        let gradient = bars.iter().map(|g| g.to_f64().abs()).fold(0.0, f64::max);
        LbfgsStep { before: start.loss, loss: end.loss, size: end.size, evaluations, gradient }
    }

    /// Multiplies by the inverse Hessian that the pairs imply.
    fn apply_here<T>(lbfgs: &Lbfgs<T>, q: &mut [T]) {
        let (Some(steps), Some(changes)) = (&lbfgs.steps, &lbfgs.changes) else {
            return;
        };
        let (Some(steps), Some(changes)) = (steps.as_slice(), changes.as_slice()) else {
            return;
        };
        let (n, memory) = (q.len(), lbfgs.memory as u64);
        let held = lbfgs.pairs.saturating_sub(memory)..lbfgs.pairs;
        let pair = |k: u64| {
            let at = (k % memory) as usize * n;
            (&steps[at..at + n], &changes[at..at + n])
        };
        let mut shares = Vec::with_capacity(lbfgs.memory);
        for k in held.clone().rev() {
            let (s, y) = pair(k);
            let share = dot(s, q) / dot(s, y);
            add(q, -share, y);
            shares.push(share);
        }
        let Some(last) = held.clone().last() else {
            return;
        };
        let (s, y) = pair(last);
        let scale = T::from_f64(dot(s, y) / dot(y, y));
        q.iter_mut().for_each(|q| *q *= scale);
        for (k, share) in held.zip(shares.into_iter().rev()) {
            let (s, y) = pair(k);
            let share = share - dot(y, q) / dot(s, y);
            add(q, share, s);
        }
    }

    /// Holds a pair, in the place of the oldest one, if the loss curves upward along it.
    fn hold_here<T>(lbfgs: &mut Lbfgs<T>, s: &[T], y: &[T]) {
        let n = s.len();
        let curves = dot(s, y) > 1e-10 * dot(y, y);
        if !curves {
            return;
        }
        let at = (lbfgs.pairs % lbfgs.memory as u64) as usize * n;
        for (held, new) in [(&mut lbfgs.steps, s), (&mut lbfgs.changes, y)] {
            let held = held.get_or_insert_with(|| Tensor::zeros([lbfgs.memory * n]));
            held.as_mut_slice()[at..at + n].copy_from_slice(new);
        }
        lbfgs.pairs += 1;
    }

    fn dot<T>(a: &[T], b: &[T]) -> f64 {
        let mut lanes = [0.0; 8];
        for (k, (a, b)) in a.iter().zip(b).enumerate() {
            lanes[k % 8] += a.to_f64() * b.to_f64();
        }
        lanes.iter().sum()
    }

    fn add<T>(to: &mut [T], factor: f64, what: &[T]) {
        let factor = T::from_f64(factor);
        to.iter_mut().zip(what).for_each(|(to, &what)| *to += factor * what);
    }
}

impl<T: Float> Lbfgs<T> {
    fn apply(&self, q: &mut [T]) {
        apply_here(self, q);
    }

    fn hold(&mut self, s: &[T], y: &[T]) {
        hold_here(self, s, y);
    }
}
