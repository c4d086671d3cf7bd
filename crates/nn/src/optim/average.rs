//! `Average`: the mean of the weights over the steps.

use wengert_tape::tree::Tree;
use wengert_tensor::{Float, Tensor, compile_here};

use super::setting::{self, Range};
use super::state::{Piece, PieceMut, Stateful};
use super::{Slot, walk};

/// The mean of a model's weights over the steps: an exponential moving average, or that of all
/// (stochastic weight averaging). It often does better on new data than the weights of one step.
///
/// ```text
/// φ ← δ φ + (1 − δ) θ              moving
/// φ ← φ + (θ − φ) / n              of all n
/// ```
///
/// and φ = θ at first. State leaves (running statistics) are no weights: of them the last is held.
///
/// Source: Polyak and Juditsky 1992, *Acceleration of stochastic approximation by averaging*; Izmailov
/// and others 2018, *Averaging weights leads to wider optima and better generalization*.
///
/// ```
/// use wengert_nn::optim::Average;
/// use wengert_tensor::Tensor;
///
/// let mut model = vec![Tensor::<f64>::from([1.0])];
/// let mut average = Average::of_all();
/// for weight in [1.0, 2.0, 6.0] {
///     model[0] = Tensor::from([weight]);
///     average.update(&model);
/// }
/// average.swap(&mut model);
/// assert_eq!(model[0].item(), 3.0);
/// // … and back, to go on.
/// average.swap(&mut model);
/// assert_eq!(model[0].item(), 6.0);
/// ```
#[doc(alias = "EMA")]
#[doc(alias = "SWA")]
#[doc(alias = "AveragedModel")]
#[derive(Clone, Debug)]
pub struct Average<T: Float = f32> {
    /// δ, if it is a moving one.
    pub decay: Option<f64>,
    /// Whether the decay grows to δ: that of update n is at most (1 + n) / (10 + n), so that the first
    /// weights are soon forgotten.
    pub grows: bool,
    /// n, the number of updates.
    pub updates: u64,
    /// Of every leaf, in order, φ.
    pub slots: Vec<Slot<T>>,
}

impl<T: Float> Average<T> {
    /// A moving one, with the decay δ, as 0.999.
    ///
    /// # Panics
    /// Unless the decay is at least 0 and less than 1.
    #[track_caller]
    pub fn moving(decay: f64) -> Self {
        let settings = [("decay", decay, Range::Fraction)];
        setting::refuse(setting::wrong("Average", &settings));
        Average {
            decay: Some(decay),
            ..Self::of_all()
        }
    }

    /// That of all updates.
    pub fn of_all() -> Self {
        Average {
            decay: None,
            grows: false,
            updates: 0,
            slots: Vec::new(),
        }
    }

    /// With a decay that grows to δ.
    pub fn with_growing_decay(mut self) -> Self {
        self.grows = true;
        self
    }

    /// Takes the weights of now into the mean.
    ///
    /// # Panics
    /// If the mean is that of a model of another structure.
    #[track_caller]
    pub fn update<M: Tree<Tensor<T>>>(&mut self, model: &M) {
        self.check("update", model);
        let n = self.updates as f64;
        let share = match self.decay {
            None => 1.0 / (n + 1.0),
            Some(decay) if self.grows => 1.0 - decay.min((1.0 + n) / (10.0 + n)),
            Some(decay) => 1.0 - decay,
        };
        self.updates += 1;
        let share = T::from_f64(share);
        let (mut at, slots) = (0, &mut self.slots);
        walk::with_path(|path| {
            model.visit_leaves(path, &mut |path, leaf: &Tensor<T>| {
                if slots.len() <= at {
                    slots.push(Slot::default());
                }
                let slot = &mut slots[at];
                walk::with_slice(leaf, |weights| match &mut slot.moments[0] {
                    Some(mean) if path.is_state() => mean.as_mut_slice().copy_from_slice(weights),
                    Some(mean) => move_mean(share, mean.as_mut_slice(), weights),
                    none => *none = Some(Tensor::from(weights)),
                });
                at += 1;
            });
        });
    }

    /// Exchanges the weights of the model and their mean: to evaluate the mean, and again to go on.
    /// Before the first update nothing happens.
    ///
    /// # Panics
    /// If the mean is that of a model of another structure.
    #[track_caller]
    pub fn swap<M: Tree<Tensor<T>>>(&mut self, model: &mut M) {
        self.check("swap", model);
        let (mut at, slots) = (0, &mut self.slots);
        walk::with_path(|path| {
            model.visit_leaves_mut(path, &mut |_, leaf: &mut Tensor<T>| {
                if let Some(mean) = slots.get_mut(at).and_then(|slot| slot.moments[0].as_mut()) {
                    mean.as_mut_slice().swap_with_slice(leaf.as_mut_slice());
                }
                at += 1;
            });
        });
    }

    #[track_caller]
    fn check<M: Tree<Tensor<T>>>(&self, what: &str, model: &M) {
        let (mut at, mut found) = (0, None);
        walk::with_path(|path| {
            model.visit_leaves(path, &mut |path, leaf: &Tensor<T>| {
                let held = self.slots.get(at).and_then(Slot::size);
                if let Some(held) = held.filter(|&held| held != leaf.size()) {
                    let size = leaf.size();
                    found.get_or_insert_with(|| {
                        format!("{what}: `{path}` has {size} elements, its mean {held}")
                    });
                }
                at += 1;
            });
        });
        let held = self.slots.len();
        if held != 0 && held != at {
            found = Some(format!(
                "{what}: the mean is that of {held} leaves, the model has {at}"
            ));
        }
        setting::refuse(found);
    }
}

compile_here! {
    fn move_mean<T>(share: T, mean: &mut [T], weights: &[T]) {
        for (mean, &weight) in mean.iter_mut().zip(weights) {
            *mean += share * (weight - *mean);
        }
    }
}

impl<T: Float> Stateful<T> for Average<T> {
    fn leaves(&self) -> usize {
        self.slots.len()
    }

    fn prepare_state(&mut self, leaves: usize) {
        Slot::prepare(&mut self.slots, leaves);
    }

    fn clear_state(&mut self) {
        self.slots.clear();
    }

    fn visit_state(&self, f: &mut dyn FnMut(Option<usize>, &str, Piece<'_, T>)) {
        f(None, "updates", Piece::Count(self.updates));
        for (at, slot) in self.slots.iter().enumerate() {
            f(Some(at), "average", Piece::Tensor(slot.moments[0].as_ref()));
        }
    }

    fn visit_state_mut(&mut self, f: &mut dyn FnMut(Option<usize>, &str, PieceMut<'_, T>)) {
        f(None, "updates", PieceMut::Count(&mut self.updates));
        for (at, slot) in self.slots.iter_mut().enumerate() {
            f(Some(at), "average", PieceMut::Tensor(&mut slot.moments[0]));
        }
    }
}
