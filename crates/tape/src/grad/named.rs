//! Gradients with the numbers and the paths of their leaves.

use wengert_tensor::{Float, Tensor};

use crate::grad::gradients::Gradients;
use crate::model::tree::{Path, Tree};

impl<M: Tree<Tensor<T>>, T: Float> Gradients<M, T> {
    /// The gradients that there are, each with the number of its leaf.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let model = [Tensor::<f64>::ones([2]), Tensor::zeros([1])];
    /// let trained = |path: &str| path == "1";
    /// let (_, grads) = Tape::new().value_and_grad_where(&model, trained, |_, [a, b]| a.sum() + b.sum());
    /// let numbers: Vec<usize> = grads.iter_indexed().map(|(at, _)| at).collect();
    /// assert_eq!(numbers, [1]);
    /// ```
    pub fn iter_indexed(&self) -> impl Iterator<Item = (usize, &Tensor<T>)> {
        (0..self.len()).filter_map(|at| Some((at, self.get(at)?)))
    }

    /// The gradients that there are, each with the path of its leaf in the model.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let model = (Tensor::<f64>::ones([2]), vec![Tensor::zeros([1])]);
    /// let (_, grads) = Tape::new().value_and_grad(&model, |_, (a, b)| a.sum() * 3.0 + b[0].sum());
    /// let norms = grads.by_path(&model);
    /// assert_eq!((&*norms[0].0, norms[0].1.to_vec()), ("0", vec![3.0, 3.0]));
    /// assert_eq!((&*norms[1].0, norms[1].1.to_vec()), ("1.0", vec![1.0]));
    /// ```
    ///
    /// # Panics
    /// If `model` has not as many leaves.
    #[doc(alias = "named_parameters")]
    #[track_caller]
    pub fn by_path(&self, model: &M) -> Vec<(String, &Tensor<T>)> {
        let (mut at, mut found) = (0, Vec::with_capacity(self.len()));
        model.visit_leaves(&mut Path::new(), &mut |path, _| {
            if let Some(bar) = (at < self.len()).then(|| self.get(at)).flatten() {
                found.push((path.to_string(), bar));
            }
            at += 1;
        });
        self.assert_leaves("by_path", at);
        found
    }
}
