//! What a checkpoint has to save beside the model: named tensors and named numbers, by a visit.

use wengert_tape::tree::{Path, Tree};
use wengert_tensor::{Float, Tensor};

/// A piece of the state of a [`Stateful`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Piece<'a, T: Float> {
    /// A tensor, of the dtype of the model; none before it is first needed.
    Tensor(Option<&'a Tensor<T>>),
    /// A count, as that of steps.
    Count(u64),
    /// A number, as a learning rate.
    Number(f64),
}

/// A [`Piece`] to be written.
#[derive(Debug)]
pub enum PieceMut<'a, T: Float> {
    /// See [`Piece::Tensor`].
    Tensor(&'a mut Option<Tensor<T>>),
    /// See [`Piece::Count`].
    Count(&'a mut u64),
    /// See [`Piece::Number`].
    Number(&'a mut f64),
}

impl<T: Float> PieceMut<'_, T> {
    /// The same to be read.
    pub fn view(&self) -> Piece<'_, T> {
        match self {
            PieceMut::Tensor(tensor) => Piece::Tensor(tensor.as_ref()),
            PieceMut::Count(count) => Piece::Count(**count),
            PieceMut::Number(number) => Piece::Number(**number),
        }
    }
}

/// What has a state beside the model that goes on from step to step: an optimizer, a moving average,
/// a schedule that watches the loss.
///
/// A piece belongs to a leaf of the model, by its number in the order of the leaves, or to the whole.
/// The two visits show the same pieces in the same order. Settings, such as the decay of a moment,
/// are no state: whoever goes on with a training sets them as before. [`visit_named`] and
/// [`visit_named_mut`] name the pieces by the paths of the model.
///
/// ```
/// use wengert_nn::Adam;
/// use wengert_nn::optim::{Piece, Stateful};
/// use wengert_tape::Tape;
/// use wengert_tensor::Tensor;
///
/// let mut x = Tensor::<f64>::from([4.0]);
/// let mut adam = Adam::new(0.1);
/// let (_, grads) = Tape::new().value_and_grad(&x, |_, x| (x * x).sum());
/// adam.step(&mut x, &grads);
/// assert_eq!(adam.leaves(), 1);
/// adam.visit_state(&mut |leaf, name, piece| match piece {
///     Piece::Count(count) => assert_eq!((leaf, name, count), (Some(0), "steps", 1)),
///     piece => assert!(["mean", "square", "max"].contains(&name), "{piece:?}"),
/// });
/// ```
#[doc(alias = "state_dict")]
pub trait Stateful<T: Float> {
    /// The number of leaves of the model that it holds pieces of, also empty ones; 0 before the first
    /// step.
    fn leaves(&self) -> usize;

    /// Before the first step, makes room for the pieces of so many leaves, all of them empty; after it,
    /// and where no piece belongs to a leaf, does nothing.
    fn prepare_state(&mut self, leaves: usize);

    /// Forgets the pieces of all leaves, as before the first step. What belongs to no leaf may stay: whoever clears a state
    /// writes it anew.
    fn clear_state(&mut self);

    /// Shows every piece: the number of its leaf, its name, and what it is.
    fn visit_state(&self, f: &mut dyn FnMut(Option<usize>, &str, Piece<'_, T>));

    /// Shows every piece to be written.
    fn visit_state_mut(&mut self, f: &mut dyn FnMut(Option<usize>, &str, PieceMut<'_, T>));

    /// The bytes of its tensors.
    ///
    /// ```
    /// use wengert_nn::Adam;
    /// use wengert_nn::optim::Stateful;
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    ///
    /// let (mut x, mut adam) = (Tensor::from([4.0_f32, 1.0, 2.0]), Adam::new(0.1));
    /// assert_eq!(adam.state_bytes(), 0);
    /// let (_, grads) = Tape::new().value_and_grad(&x, |_, x| (x * x).sum());
    /// adam.step(&mut x, &grads);
    /// // Two moments of three numbers.
    /// assert_eq!(adam.state_bytes(), 2 * 3 * 4);
    /// ```
    fn state_bytes(&self) -> usize {
        let mut size = 0;
        self.visit_state(&mut |_, _, piece| {
            if let Piece::Tensor(Some(tensor)) = piece {
                size += tensor.size();
            }
        });
        size * size_of::<T>()
    }
}

/// Shows every piece of a state by its name, in the order of the visit: `layers.0.weight/mean` for a
/// leaf, `steps` for the whole. A piece of a leaf that the model has not is called by its number.
///
/// ```
/// use wengert_nn::optim::{Piece, visit_named};
/// use wengert_nn::{Linear, Sgd};
/// use wengert_tape::Tape;
/// use wengert_tensor::Rng;
///
/// let mut model = Linear::new(2, 1, &mut Rng::seed_from_u64(1));
/// let mut sgd = Sgd::new(0.1).with_momentum(0.9);
/// let (_, grads) = Tape::new().value_and_grad(&model, |t, m| m.forward(t.ones([1, 2])).sum());
/// sgd.step(&mut model, &grads);
/// let mut names = Vec::new();
/// visit_named(&sgd, &model, &mut |name, piece| {
///     if let Piece::Tensor(Some(_)) = piece {
///         names.push(name.to_owned());
///     }
/// });
/// assert_eq!(names, ["weight/velocity", "bias/velocity"]);
/// ```
pub fn visit_named<M: Tree<Tensor<T>>, T: Float>(
    state: &dyn Stateful<T>,
    model: &M,
    f: &mut dyn FnMut(&str, Piece<'_, T>),
) {
    let mut names = Names::of(model);
    state.visit_state(&mut |leaf, name, piece| f(names.of_piece(leaf, name), piece));
}

/// Shows every piece of a state by its name (see [`visit_named`]) to be written. A state of before the
/// first step first makes room for the model's leaves, so that what was saved finds its place.
///
/// ```
/// use wengert_nn::optim::{PieceMut, visit_named_mut};
/// use wengert_nn::{Adam, Linear};
/// use wengert_tensor::{Rng, Tensor};
///
/// let model = Linear::new(2, 1, &mut Rng::seed_from_u64(1));
/// let mut adam = Adam::new(0.1);
/// visit_named_mut(&mut adam, &model, &mut |name, piece| match (name, piece) {
///     ("bias/mean", PieceMut::Tensor(mean)) => *mean = Some(Tensor::from([0.5])),
///     ("bias/steps", PieceMut::Count(steps)) => *steps = 7,
///     _ => {}
/// });
/// assert_eq!(adam.slots[1].steps, 7);
/// ```
pub fn visit_named_mut<M: Tree<Tensor<T>>, T: Float>(
    state: &mut dyn Stateful<T>,
    model: &M,
    f: &mut dyn FnMut(&str, PieceMut<'_, T>),
) {
    let mut names = Names::of(model);
    state.prepare_state(names.paths.len());
    state.visit_state_mut(&mut |leaf, name, piece| f(names.of_piece(leaf, name), piece));
}

/// The paths of a model, and room for a name.
struct Names {
    paths: Vec<String>,
    name: String,
}

impl Names {
    fn of<M: Tree<Tensor<T>>, T: Float>(model: &M) -> Self {
        let mut paths = Vec::new();
        model.visit_leaves(&mut Path::new(), &mut |path, _: &Tensor<T>| {
            paths.push(path.to_string());
        });
        let name = String::new();
        Names { paths, name }
    }

    fn of_piece(&mut self, leaf: Option<usize>, name: &str) -> &str {
        self.name.clear();
        if let Some(leaf) = leaf {
            match self.paths.get(leaf) {
                Some(path) => self.name.push_str(path),
                None => self.name += &leaf.to_string(),
            }
            self.name.push('/');
        }
        self.name.push_str(name);
        &self.name
    }
}
