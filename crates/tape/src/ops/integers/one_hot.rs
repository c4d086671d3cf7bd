//! `one_hot`: 1 at an index and 0 elsewhere, a constant.
//!
//! - shape: index\[s\] → y\[s, classes\]
//! - value: y_(i, c) = 1 where c = index_i, 0 elsewhere
//! - rule: none: no gradient flows into indices
//! - edges: an index is a class, which is not negative
//! - source: PyTorch's `one_hot`

use wengert_tensor::kernels;
use wengert_tensor::{Float, Tensor};

use crate::record::node::admit;
use crate::record::recording::or_panic;
use crate::record::tape::Tape;
use crate::record::var::Var;

impl<T: Float> Tape<T> {
    /// 1 at each index and 0 elsewhere along a new innermost axis of length `classes`. It is a
    /// constant: no gradient flows into indices.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let y = tape.one_hot(&Tensor::from([1, 0]), 3);
    /// assert_eq!(y.value().to_rows(), [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]);
    /// assert!(!y.needs_grad());
    /// ```
    ///
    /// # Panics
    /// If an index is negative or not below `classes`.
    #[track_caller]
    pub fn one_hot(&self, indices: &Tensor<i64>, classes: usize) -> Var<'_, T> {
        let mut shape = indices.shape().clone();
        shape.push(classes);
        or_panic(admit("one_hot", &shape));
        or_panic(kernels::check_classes("one_hot", classes, &indices.view()));
        self.constant_with("one_hot", &shape, |out| {
            let written = kernels::one_hot(&indices.view(), classes, out);
            written.expect("the indices were checked");
        })
    }
}
