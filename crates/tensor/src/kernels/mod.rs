//! Loops over slices and layouts: the only place that may hold `unsafe`.

mod copy;
mod float;
mod fold;
mod index;
mod isa;
mod map;
pub mod math;
mod matmul;
mod matrix;
mod packed;
mod pages;
pub mod product;
mod reduce;
mod rest;
mod softmax;
mod sort;
mod strided;
mod thin;
mod tiles;

pub use copy::{copy, copy_into, fill_region, write_into};
pub use index::{
    check_gather, check_indices, gather, index_add, index_select, one_hot, scatter_add,
};
pub use isa::{Avx2, Avx512, Isa, Kernel, Path, Plain, dispatch, force_path, path, paths};
pub use map::{Input, Loop, MapFn, Mode, Operands, Output, Source, Steps, map_flat};
pub use matmul::{Factor, dot, matmul, matmul_from};
pub use matrix::{Matrix, MatrixMut};
pub use packed::Packed;
pub use pages::{move_long, prefer_huge_pages};
pub use reduce::{
    amax, amin, argmax, argmin, check_nonempty, logsumexp, mean, norm, sum, sum_to, var,
};
pub use softmax::{log_softmax, log_softmax_pullback, softmax, softmax_pullback};
pub use sort::{nan_greatest, sort};
pub use strided::map;
