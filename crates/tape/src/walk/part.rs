//! Which elements of a value a part of its cotangent belongs to.

use wengert_tensor::{Layout, Tensor};

/// A place in a value. What flows back out of a view or a choice of elements stays as small as it is
/// until everything that flows into the value is written into it at once.
#[derive(Clone)]
pub(crate) enum Part {
    /// The elements that a layout leads to, counted in row-major order.
    Region(Layout),
    /// The slices at `indices` along `axis`, each as often as it is named.
    Slices { axis: usize, indices: Tensor<i64> },
    /// The elements at `index` along `axis`, each as often as it is named.
    Elements { axis: usize, index: Tensor<i64> },
}
