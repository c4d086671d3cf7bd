//! Moving elements between layouts, against plain loops.
#![allow(clippy::unwrap_used)]

mod common;

use common::{apply, at, indices, step, tensors};
use proptest::prelude::*;
use wengert_tensor::{Layout, Tensor, kernels};

/// A buffer and a layout of the given shape in it: the axes in another order, with gaps.
fn region(x: &Tensor<f64>, seed: u64, stretch: bool) -> (Vec<f64>, Layout) {
    let rank = x.rank();
    let mut axes: Vec<usize> = (0..rank).collect();
    for i in (1..rank).rev() {
        axes.swap(i, (seed >> (8 * i)) as usize % (i + 1));
    }
    // The shape whose permutation by `axes` is the wanted one, one longer everywhere.
    let mut dims = vec![0; rank];
    for (to, &from) in axes.iter().enumerate() {
        dims[from] = x.shape()[to] + 1;
    }
    let whole = Layout::contiguous(dims.clone().into());
    let size = whole.size();
    let mut layout = whole;
    for axis in 0..rank {
        layout = layout
            .sliced(axis as isize, 1, dims[axis] as isize, 1)
            .unwrap();
    }
    let mut layout = layout.permuted(&axes);
    if stretch && rank > 0 && x.shape()[0] > 0 {
        layout = layout
            .sliced(0, 0, 1, 1)
            .unwrap()
            .expanded(x.shape())
            .unwrap();
    }
    ((0..size).map(|i| i as f64).collect(), layout)
}

proptest! {
    #[test]
    fn copy_is_row_major(x in tensors()) {
        let expected: Vec<f64> = indices(x.shape()).iter().map(|index| at(&x, index)).collect();
        prop_assert_eq!(x.to_vec(), expected.clone());
        let mut out = vec![f64::NAN; x.size()];
        kernels::copy(&x.view(), &mut out);
        prop_assert_eq!(out, expected.clone());
        prop_assert_eq!(x.iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn copy_into_is_a_loop(x in tensors(), seed in any::<u64>(), add in any::<bool>(), stretch in any::<bool>()) {
        let (before, layout) = region(&x, seed, stretch);
        let mut expected = before.clone();
        for (to, from) in layout.positions().zip(x.iter()) {
            expected[to] = if add { expected[to] + from } else { from };
        }
        let mut found = before;
        kernels::copy_into(&mut found, &layout, &x.view(), add);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn fill_fills_the_region_only(x in tensors(), seed in any::<u64>()) {
        let (before, layout) = region(&x, seed, false);
        let mut found = before.clone();
        kernels::fill_region(&mut found, &layout, -1.0);
        let inside: Vec<usize> = layout.positions().collect();
        for (place, (a, b)) in found.iter().zip(&before).enumerate() {
            prop_assert_eq!(*a, if inside.contains(&place) { -1.0 } else { *b });
        }
    }

    #[test]
    fn large_transpositions(rows in 1usize..70, columns in 1usize..70, depth in 1usize..4, steps in prop::collection::vec(step(), 0..3)) {
        let x = Tensor::from_fn([depth, rows, columns], |i| (i[0] * 10_000 + i[1] * 100 + i[2]) as f64);
        for x in [x.permute(&[0, 2, 1]), x.permute(&[2, 1, 0]), x.permute(&[1, 2, 0]), x.permute(&[2, 0, 1])] {
            let x = steps.iter().fold(x, apply);
            let plain: Vec<f64> = x.iter().collect();
            prop_assert_eq!(x.to_vec(), plain);
        }
    }
}

/// Around the sizes of pages, from places that are and are not aligned: everything arrives, and nothing
/// else changes.
#[test]
fn what_moves_arrives() {
    const PAGE: usize = (2 << 20) / size_of::<f32>();
    for (before, len) in [
        (0, 0),
        (3, 1),
        (1, 1000),
        (0, PAGE - 1),
        (5, PAGE),
        (2, 2 * PAGE + 1),
        (PAGE / 2, 3 * PAGE),
    ] {
        let number = |at: usize| (at % 10_007 + 1) as f32;
        let mut old: Vec<f32> = (0..before + len + 1).map(number).collect();
        let mut new = vec![-1.0; len + 2];
        kernels::move_long(&mut old[before..before + len], &mut new[1..]);
        let arrived = (0..len).all(|at| new[1 + at] == number(before + at));
        assert!(arrived, "{len} from {before}");
        assert_eq!((new[0], new[len + 1]), (-1.0, -1.0));
        assert!(
            (0..before).all(|at| old[at] == number(at)),
            "{len} from {before}"
        );
        assert_eq!(old[before + len], number(before + len));
    }
}
