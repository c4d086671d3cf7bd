//! `Groups`: parts of a model with optimizers of their own, or frozen.

use wengert_tape::tree::Path;
use wengert_tensor::Float;

use super::Optimizer;
use super::state::{Piece, PieceMut, Stateful};
use super::walk::{Leaf, Leaves};

/// Parts of a model, chosen by the paths of their leaves, that have optimizers of their own, with
/// other rates or without decay, or that stay as they are.
///
/// A leaf belongs to the first group that wants it, else to the optimizer that `new` was given. The
/// rates keep their ratios: a schedule that sets the rate of this one sets that of the `new` one, and
/// the others in proportion. Groups are chosen at the first step: a group is asked for each path once.
///
/// A frozen leaf still has its gradient computed; `value_and_grad_where` of the tape saves that too.
///
/// ```
/// use wengert_nn::optim::Groups;
/// use wengert_nn::{Adam, Linear};
/// use wengert_tape::Tape;
/// use wengert_tensor::Rng;
///
/// let mut rng = Rng::seed_from_u64(1);
/// let mut model = [Linear::new(2, 2, &mut rng), Linear::new(2, 1, &mut rng)];
/// let frozen = model[0].weight.clone();
/// let decayed = Adam::new(1e-2).with_decoupled_weight_decay(0.1);
/// let mut optimizer = Groups::new(decayed)
///     .with_frozen(|path| path == "0.weight")
///     .with(Adam::new(1e-3), |path| path.ends_with("bias"));
/// let (_, grads) = Tape::new().value_and_grad(&model, |t, [a, b]| {
///     b.forward(a.forward(t.ones([1, 2])).tanh()).sum()
/// });
/// optimizer.step(&mut model, &grads);
/// assert_eq!(model[0].weight, frozen);
/// ```
#[doc(alias = "param_groups")]
#[doc(alias = "multi_transform")]
pub struct Groups<O> {
    rest: O,
    groups: Vec<Group<O>>,
    /// The group of every leaf, and one more for the rest; empty before the first step.
    of: Vec<usize>,
}

/// Some leaves.
struct Group<O> {
    wants: Box<dyn Fn(&str) -> bool + Send>,
    /// None if they are frozen, else the optimizer and its rate, in units of that of the rest.
    optimizer: Option<(O, f64)>,
}

impl<O> Groups<O> {
    /// All leaves with this optimizer.
    pub fn new(rest: O) -> Self {
        Groups {
            rest,
            groups: Vec::new(),
            of: Vec::new(),
        }
    }

    /// With an optimizer for those leaves whose path `wants` accepts, and that no group before wants.
    pub fn with<T: Float>(
        mut self,
        optimizer: O,
        wants: impl Fn(&str) -> bool + Send + 'static,
    ) -> Self
    where
        O: Optimizer<T>,
    {
        let own = self.rest.learning_rate();
        let ratio = match own == 0.0 {
            true => 1.0,
            false => optimizer.learning_rate() / own,
        };
        self.groups.push(Group {
            wants: Box::new(wants),
            optimizer: Some((optimizer, ratio)),
        });
        self
    }

    /// With leaves that stay as they are.
    #[doc(alias = "requires_grad")]
    pub fn with_frozen(mut self, wants: impl Fn(&str) -> bool + Send + 'static) -> Self {
        self.groups.push(Group {
            wants: Box::new(wants),
            optimizer: None,
        });
        self
    }

    /// Changes the model by one step.
    ///
    /// # Panics
    /// If one of the optimizers refuses the step. The model stays as it was.
    #[track_caller]
    pub fn step<M, T: Float>(&mut self, model: &mut M, grads: &wengert_tape::Gradients<M, T>)
    where
        M: wengert_tape::tree::Tree<wengert_tensor::Tensor<T>>,
        O: Optimizer<T>,
    {
        super::walk::step(self, model, grads);
    }

    /// The optimizers with their numbers: those of the groups, and that of the rest last.
    fn each(&self) -> impl Iterator<Item = (usize, &O)> {
        let groups = self.groups.iter().map(|group| group.optimizer.as_ref());
        let groups = groups.map(|own| own.map(|(optimizer, _)| optimizer));
        let all = groups.chain([Some(&self.rest)]).enumerate();
        all.filter_map(|(at, optimizer)| Some((at, optimizer?)))
    }

    fn each_mut(&mut self) -> impl Iterator<Item = (usize, &mut O)> {
        let groups = self.groups.iter_mut().map(|group| group.optimizer.as_mut());
        let groups = groups.map(|own| own.map(|(optimizer, _)| optimizer));
        let all = groups.chain([Some(&mut self.rest)]).enumerate();
        all.filter_map(|(at, optimizer)| Some((at, optimizer?)))
    }
}

impl<T: Float, O: Optimizer<T>> Stateful<T> for Groups<O> {
    fn leaves(&self) -> usize {
        self.rest.leaves()
    }

    fn prepare_state(&mut self, leaves: usize) {
        self.each_mut()
            .for_each(|(_, optimizer)| optimizer.prepare_state(leaves));
    }

    fn clear_state(&mut self) {
        self.of.clear();
        self.each_mut()
            .for_each(|(_, optimizer)| optimizer.clear_state());
    }

    /// The pieces of the rest have their names, those of group number 0 begin with `group0.`.
    fn visit_state(&self, f: &mut dyn FnMut(Option<usize>, &str, Piece<'_, T>)) {
        for (at, optimizer) in self.each() {
            let rest = at == self.groups.len();
            optimizer.visit_state(&mut |leaf, name, piece| match rest {
                true => f(leaf, name, piece),
                false => f(leaf, &format!("group{at}.{name}"), piece),
            });
        }
    }

    fn visit_state_mut(&mut self, f: &mut dyn FnMut(Option<usize>, &str, PieceMut<'_, T>)) {
        let count = self.groups.len();
        for (at, optimizer) in self.each_mut() {
            optimizer.visit_state_mut(&mut |leaf, name, piece| match at == count {
                true => f(leaf, name, piece),
                false => f(leaf, &format!("group{at}.{name}"), piece),
            });
        }
    }
}

impl<T: Float, O: Optimizer<T>> Optimizer<T> for Groups<O> {
    fn learning_rate(&self) -> f64 {
        self.rest.learning_rate()
    }

    fn set_learning_rate(&mut self, rate: f64) {
        self.rest.set_learning_rate(rate);
        for group in &mut self.groups {
            if let Some((optimizer, ratio)) = &mut group.optimizer {
                optimizer.set_learning_rate(rate * *ratio);
            }
        }
    }

    fn refusal(&self, leaves: &dyn Leaves<T>) -> Option<String> {
        let (groups, count) = (self.of.len(), leaves.count());
        if groups != 0 && groups != count {
            return Some(format!(
                "the optimizer has groups of {groups} leaves, the model has {count}: it is the \
                 optimizer of another model"
            ));
        }
        self.each()
            .find_map(|(_, optimizer)| optimizer.refusal(leaves))
    }

    fn update(&mut self, leaves: &mut dyn Leaves<T>) {
        if self.of.is_empty() {
            let (groups, of) = (&self.groups, &mut self.of);
            leaves.sizes(&mut |_, path, _| {
                let found = groups.iter().position(|group| (group.wants)(path.as_str()));
                of.push(found.unwrap_or(groups.len()));
            });
        }
        leaves.set_state();
        let of = std::mem::take(&mut self.of);
        for (group, optimizer) in self.each_mut() {
            let of = &of;
            optimizer.update(&mut Chosen { leaves, of, group });
        }
        self.of = of;
    }
}

/// The leaves of one group.
struct Chosen<'a, T: Float> {
    leaves: &'a mut dyn Leaves<T>,
    of: &'a [usize],
    group: usize,
}

impl<T: Float> Leaves<T> for Chosen<'_, T> {
    fn count(&self) -> usize {
        self.leaves.count()
    }

    fn sizes(&self, f: &mut dyn FnMut(usize, &Path, usize)) {
        self.leaves.sizes(f);
    }

    fn size(&self, at: usize) -> Option<usize> {
        self.leaves.size(at)
    }

    fn not_finite(&self) -> Option<String> {
        self.leaves.not_finite()
    }

    /// It has been written, once for all groups.
    fn set_state(&mut self) {}

    fn visit(
        &mut self,
        wants: &dyn Fn(usize) -> bool,
        lazy: bool,
        f: &mut dyn FnMut(usize, Leaf<'_, T>),
    ) {
        let (of, group) = (self.of, self.group);
        self.leaves
            .visit(&|at| of[at] == group && wants(at), lazy, f);
    }
}
