//! Matrix products of tensors.

use crate::kernels::product;
use crate::tensor::construct::blank;
use crate::{Float, Layout, Tensor};

impl<T: Float> Tensor<T> {
    /// The matrix product with `other`, of any rank: batch axes are broadcast, and a vector is a row
    /// on the left and a column on the right.
    ///
    /// ```
    /// use wengert_tensor::Tensor;
    /// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(a.matmul(&Tensor::from([1.0, 10.0])).to_vec(), [21.0, 43.0]);
    /// assert_eq!(a.matmul(&a.t()).to_rows(), [[5.0, 11.0], [11.0, 25.0]]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit; see [`Shape::matmul`](crate::Shape::matmul).
    #[track_caller]
    pub fn matmul(&self, other: &Tensor<T>) -> Tensor<T> {
        let shape = match self.shape().matmul(other.shape()) {
            Ok(shape) => shape,
            Err(error) => panic!("{error}"),
        };
        let a = if self.rank() == 1 {
            self.unsqueeze(0)
        } else {
            self.clone()
        };
        let b = if other.rank() == 1 {
            other.unsqueeze(-1)
        } else {
            other.clone()
        };
        let layout = Layout::contiguous(product::shape(a.shape(), b.shape()));
        let mut data = blank("matmul", &shape);
        product::multiply(&mut data, &layout, &a.view(), &b.view(), false);
        Tensor::from_vec(data, shape).expect("a product has the size of its shape")
    }
}
