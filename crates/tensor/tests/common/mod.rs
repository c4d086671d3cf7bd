//! Tensors of every layout, for the laws.
#![allow(dead_code)]

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use proptest::prelude::*;
use wengert_tensor::{Float, Shape, Tensor};

/// What a call that must panic says. It prints nothing, so that a failing test prints its own
/// failure; panics of other threads are printed as always.
#[track_caller]
pub fn refusal<R>(call: impl FnOnce() -> R) -> String {
    thread_local! {
        static EXPECTED: Cell<bool> = const { Cell::new(false) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !EXPECTED.get() {
                before(info);
            }
        }));
    });
    EXPECTED.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(call));
    EXPECTED.set(false);
    match outcome {
        Ok(_) => panic!("it did not panic"),
        Err(payload) => payload
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| payload.downcast_ref::<&str>().map(|text| text.to_string()))
            .unwrap_or_default(),
    }
}

/// All indices of a shape in row-major order.
pub fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    let mut list = vec![vec![]];
    for &dim in shape {
        list = list
            .into_iter()
            .flat_map(|index: Vec<usize>| {
                (0..dim).map(move |at| index.iter().copied().chain([at]).collect())
            })
            .collect();
    }
    list
}

/// The element at an index.
pub fn at<T: wengert_tensor::Element>(x: &Tensor<T>, index: &[usize]) -> T {
    let index: Vec<isize> = index.iter().map(|&at| at as isize).collect();
    x.get(&index).expect("an index inside the shape")
}

/// A number that tells places apart and is no round one.
pub fn number(seed: u64, place: usize) -> f64 {
    let mixed = (seed ^ place as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed >> 11) as f64 / (1u64 << 53) as f64 * 4.0 - 2.0
}

/// One change of layout.
#[derive(Clone, Debug)]
pub enum Step {
    Permute(u64),
    Slice(u64),
    Stretch(u64),
}

pub fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        any::<u64>().prop_map(Step::Permute),
        any::<u64>().prop_map(Step::Slice),
        any::<u64>().prop_map(Step::Stretch),
    ]
}

pub fn apply<T: Float>(x: Tensor<T>, step: &Step) -> Tensor<T> {
    let rank = x.rank();
    match *step {
        Step::Permute(seed) => {
            let mut axes: Vec<isize> = (0..rank as isize).collect();
            for i in (1..rank).rev() {
                axes.swap(i, (seed >> (8 * i)) as usize % (i + 1));
            }
            x.permute(&axes)
        }
        Step::Slice(seed) if rank > 0 => {
            let axis = seed as usize % rank;
            let dim = x.shape()[axis] as isize;
            let start = (seed >> 8) as isize & 1;
            let step = 1 + ((seed >> 16) as isize & 1);
            let way = if seed >> 17 & 1 == 1 { -1 } else { 1 };
            x.slice_step(axis as isize, start..dim, way * step)
        }
        Step::Stretch(seed) if rank < 4 => {
            let axis = seed as usize % (rank + 1);
            let x = x.unsqueeze(axis as isize);
            let mut shape = x.shape().clone();
            shape.dims_mut()[axis] = 1 + (seed >> 8) as usize % 3;
            x.expand(shape)
        }
        _ => x,
    }
}

/// Tensors of rank 0 to 4: contiguous, transposed, strided, expanded, of size 0.
pub fn tensors() -> impl Strategy<Value = Tensor<f64>> {
    let dims = prop::collection::vec(
        prop_oneof![1 => Just(0usize), 20 => 1usize..6, 1 => Just(40usize)],
        0..=3,
    );
    (dims, any::<u64>(), prop::collection::vec(step(), 0..4)).prop_map(|(dims, seed, steps)| {
        let mut place = 0;
        let x = Tensor::from_fn(Shape::from(dims), |_| {
            place += 1;
            number(seed, place)
        });
        steps.iter().fold(x, apply)
    })
}

/// A subset of the axes of a rank, at least one where there is one; ascending.
pub fn subset(rank: usize, bits: u8) -> Vec<usize> {
    let axes: Vec<usize> = (0..rank).filter(|axis| bits >> axis & 1 == 1).collect();
    if axes.is_empty() {
        (0..rank).collect()
    } else {
        axes
    }
}
