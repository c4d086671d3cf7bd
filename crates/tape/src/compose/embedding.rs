//! Rows of a table.

use smallvec::SmallVec;
use wengert_tensor::{Float, Tensor};

use crate::record::var::Var;

impl<'t, T: Float> Var<'t, T> {
    /// [`rows`](Var::rows) of a table, where the row `padding` gets no gradient: it has its value and stays
    /// what it is.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let table = tape.leaf(&Tensor::from([[0.0], [1.0], [2.0]]));
    /// let y = table.rows_with_padding(&Tensor::from([2, 0, 2]), 0);
    /// assert_eq!(y.value().to_vec(), [2.0, 0.0, 2.0]);
    /// assert_eq!(y.sum().backward().wrt(table).unwrap().to_vec(), [0.0, 0.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If an index or the padding is out of range, or this value is a scalar.
    #[doc(alias = "embedding", alias = "padding_idx")]
    #[track_caller]
    pub fn rows_with_padding(self, indices: &Tensor<i64>, padding: i64) -> Self {
        let y = self.rows(indices);
        let len = self.dim(0) as i64;
        assert!(
            (-len..len).contains(&padding),
            "rows_with_padding: the row {padding} is none of {len}"
        );
        let is_padding = |index: i64| (index - padding) % len == 0;
        if !indices.iter().any(is_padding) {
            return y;
        }
        // The mask has an axis of length 1 for each axis of a row.
        let dims = indices.shape().iter().map(|&dim| dim as isize);
        let dims: SmallVec<[isize; 8]> = dims.chain((1..self.rank()).map(|_| 1)).collect();
        let mask = indices.map(is_padding).reshape(&dims);
        y.detach().where_(&mask, y)
    }
}
