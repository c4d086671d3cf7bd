//! Arithmetic on whole models: a model of tensors is also a vector.

use wengert_tensor::{Float, Tensor};

use crate::model::tree::{Path, StructureError, Tree, TreeExt};

/// A model of tensors as a vector of numbers.
///
/// ```
/// use wengert_tape::Model;
/// use wengert_tensor::Tensor;
/// let mut model = vec![Tensor::from([1.0, 2.0]), Tensor::from([2.0])];
/// let step = vec![Tensor::from([1.0, 0.0]), Tensor::from([3.0])];
/// assert_eq!(model.norm(), 3.0);
/// assert_eq!(model.dot(&step)?, 7.0);
/// model.add_scaled(-1.0, &step)?;
/// assert_eq!(model, [Tensor::from([0.0, 2.0]), Tensor::from([-1.0])]);
/// # Ok::<_, wengert_tape::tree::StructureError>(())
/// ```
pub trait Model<T: Float>: Tree<Tensor<T>> {
    /// Multiplies every element of every leaf by a number.
    fn scale(&mut self, factor: f64) {
        let factor = T::from_f64(factor);
        self.visit_tree_mut(|_, leaf| {
            leaf.as_mut_slice().iter_mut().for_each(|x| *x *= factor);
        });
    }

    /// Adds `factor · other`.
    ///
    /// # Errors
    /// If the structures differ. Nothing has been added then.
    ///
    /// # Panics
    /// If two leaves have different shapes.
    #[track_caller]
    fn add_scaled(
        &mut self,
        factor: f64,
        other: &Self::With<Tensor<T>>,
    ) -> Result<(), StructureError> {
        let factor = T::from_f64(factor);
        let mut wrong = None;
        self.zip_tree(other, |path, leaf, other| {
            wrong = wrong.take().or_else(|| differ(path, leaf, other));
        })?;
        refuse(wrong);
        self.zip_tree_mut(other, |_, leaf, other| {
            for (x, y) in leaf.as_mut_slice().iter_mut().zip(other.iter()) {
                *x += factor * y;
            }
        })
    }

    /// The sum of the products of all elements with those of `other`, in `f64`.
    ///
    /// # Errors
    /// If the structures differ.
    ///
    /// # Panics
    /// If two leaves have different shapes.
    #[track_caller]
    fn dot(&self, other: &Self::With<Tensor<T>>) -> Result<f64, StructureError> {
        let (mut sum, mut wrong) = (0.0, None);
        self.zip_tree(other, |path, leaf, other| {
            wrong = wrong.take().or_else(|| differ(path, leaf, other));
            sum += leaf
                .iter()
                .zip(other.iter())
                .map(|(x, y)| x.to_f64() * y.to_f64())
                .sum::<f64>();
        })?;
        refuse(wrong);
        Ok(sum)
    }

    /// The Euclidean norm of all elements, in `f64`.
    fn norm(&self) -> f64 {
        let mut sum = 0.0;
        self.visit_tree(|_, leaf| {
            sum += leaf.iter().map(|x| x.to_f64() * x.to_f64()).sum::<f64>();
        });
        sum.sqrt()
    }

    /// The model with zeros in every leaf.
    fn zeros_like(&self) -> Self::With<Tensor<T>> {
        self.map_tree(|_, leaf| Tensor::zeros(leaf.shape()))
    }

    /// The number of elements of all leaves.
    fn element_count(&self) -> usize {
        let mut count = 0;
        self.visit_tree(|_, leaf| count += leaf.size());
        count
    }

    /// The model with elements of another type.
    ///
    /// ```
    /// use wengert_tape::Model;
    /// use wengert_tensor::Tensor;
    /// let double: (Tensor<f64>, Tensor<f64>) =
    ///     (Tensor::from([0.5f32]), Tensor::scalar(2.0f32)).cast_model();
    /// assert_eq!(double.1.item(), 2.0);
    /// ```
    fn cast_model<U: Float>(&self) -> Self::With<Tensor<U>> {
        self.map_tree(|_, leaf| leaf.cast())
    }
}

impl<T: Float, M: Tree<Tensor<T>>> Model<T> for M {}

/// What is wrong with two leaves of different shapes.
fn differ<T: Float>(path: &Path, a: &Tensor<T>, b: &Tensor<T>) -> Option<String> {
    let (a, b) = (a.shape(), b.shape());
    (a != b).then(|| format!("the leaves `{path}` have different shapes: {a} and {b}"))
}

/// Panics outside of the walk: a closure loses the caller's line.
#[track_caller]
fn refuse(wrong: Option<String>) {
    if let Some(wrong) = wrong {
        panic!("{wrong}");
    }
}
