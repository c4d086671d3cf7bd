//! Loops over slices and layouts: the only place that may hold `unsafe`.
//!
//! `isa` chooses the instruction set. `elementwise` has functions of single elements, `reduce` sums and
//! their kin, `scan` running results along an axis, `product` products of matrices, and `copy` all that only
//! moves elements. `linalg` factors matrices.

mod copy;
mod elementwise;
mod isa;
pub mod linalg;
pub mod product;
mod reduce;
mod scan;

pub use copy::{
    check_classes, check_gather, check_indices, copy, copy_into, fill_region, gather, index_add,
    index_select, move_long, nan_greatest, one_hot, prefer_huge_pages, scatter_add,
    segment_extreme, sort, write_into,
};
pub use elementwise::{
    Input, Loop, MapFn, Mode, Operands, Output, Source, Steps, each, map, map_flat, math, special,
};
pub use isa::{Avx2, Avx512, Isa, Kernel, Path, Plain, dispatch, force_path, path, paths};
pub use product::{Factor, Matrix, MatrixMut, Packed, dot, matmul, matmul_from};
pub use reduce::{
    Windows, add_to_greatest, amax, amin, argmax, argmin, check_nonempty, count_nonzero,
    log_softmax, log_softmax_pullback, logsumexp, max_places, max_windows, mean, mean_at_greatest,
    norm, norm_p, softmax, softmax_pullback, std, sum, sum_to, sum_whole, var,
};
pub use scan::{
    Recurrence, cumprod, cumsum, cumulative_extremes, logcumsumexp, logcumsumexp_shares,
    order_places, prod, products_of_others, recurrence,
};
