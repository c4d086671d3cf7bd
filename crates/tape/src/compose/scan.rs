//! A loop over an axis with a state.

use wengert_tensor::Float;

use crate::model::tree::{Path, Tree};
use crate::record::recording::or_panic;
use crate::record::var::Var;

/// Goes through an axis with a state: `f` makes, of the state and of what stands at each position, the next
/// state and an output. Returns the last state, and the outputs joined along the axis.
///
/// State, inputs and outputs are variables or trees of them: tuples, arrays, vectors, layers' states. What
/// stands at a position lacks the axis, and so does an output, which gets it where the inputs have it.
/// Gradients flow through all of it, at any order; each step is recorded as if it stood there.
///
/// ```
/// use wengert_tape::{Tape, compose::scan};
/// use wengert_tensor::Tensor;
/// let tape = Tape::<f64>::new();
/// let x = tape.leaf(&Tensor::from([1.0, 2.0, 3.0]));
/// // Fading means, and the sum beside them.
/// let start = (tape.scalar(0.0), tape.scalar(0.0));
/// let ((mean, sum), means) = scan(start, &x, 0, |(mean, sum), x| {
///     let mean = 0.5 * mean + 0.5 * x;
///     ((mean, sum + x), mean)
/// });
/// assert_eq!(means.value(), Tensor::from([0.5, 1.25, 2.125]));
/// assert_eq!((mean.item(), sum.item()), (2.125, 6.0));
/// assert_eq!(mean.backward().wrt(x).unwrap(), Tensor::from([0.125, 0.25, 0.5]));
/// ```
///
/// # Panics
/// If there is no input, the axis is out of range for one, they differ in length along it, or that is 0; or if
/// the outputs of two positions differ in structure or shape.
#[doc(alias = "fori_loop")]
#[doc(alias = "while_loop")]
#[track_caller]
pub fn scan<'t, T: Float, C, X, Y>(
    start: C,
    inputs: &X,
    axis: isize,
    mut f: impl FnMut(C, X) -> (C, Y),
) -> (C, Y)
where
    X: Tree<Var<'t, T>>,
    Y: Tree<Var<'t, T>>,
{
    let path = &mut Path::new();
    let mut found = Vec::new();
    inputs.visit_leaves(path, &mut |_, x| found.push(length(*x, axis)));
    let mut lens = Vec::with_capacity(found.len());
    for len in found {
        lens.push(or_panic(len));
    }
    let len = match lens.first() {
        Some(&len) if len > 0 => len,
        Some(_) => panic!("scan: there is nothing along axis {axis}"),
        None => panic!("scan: there is no input"),
    };
    if let Some(other) = lens.iter().find(|&&other| other != len) {
        panic!("scan: the inputs have the lengths {len} and {other} along axis {axis}");
    }
    let mut state = start;
    let mut outputs: Vec<Y> = Vec::with_capacity(len);
    for at in 0..len {
        let slices = inputs.map_leaves(path, &mut |_, x| x.select(axis, at as isize));
        let (next, output) = f(state, X::unmap_leaves(&slices, path, &mut |_, x| *x));
        state = next;
        outputs.push(output);
    }
    (state, joined(&outputs, axis))
}

fn length<T: Float>(x: Var<'_, T>, axis: isize) -> Result<usize, wengert_tensor::ShapeError> {
    let shape = x.shape();
    Ok(shape[shape.axis("scan", axis)?])
}

/// The outputs of all positions, leaf by leaf.
#[track_caller]
fn joined<'t, T: Float, Y: Tree<Var<'t, T>>>(outputs: &[Y], axis: isize) -> Y {
    let path = &mut Path::new();
    let mut leaves: Vec<Vec<Var<'t, T>>> = Vec::new();
    for (at, output) in outputs.iter().enumerate() {
        let mut own = Vec::new();
        output.visit_leaves(path, &mut |_, y| own.push(*y));
        if at == 0 {
            leaves.resize(own.len(), Vec::with_capacity(outputs.len()));
        }
        assert!(
            own.len() == leaves.len(),
            "scan: the outputs differ in structure"
        );
        for (leaf, y) in leaves.iter_mut().zip(own) {
            leaf.push(y);
        }
    }
    let mut joined = Vec::with_capacity(leaves.len());
    for leaf in &leaves {
        joined.push(Var::stack(leaf, axis));
    }
    let mut joined = joined.into_iter();
    let mut next = |_: &Path, y: &Var<'t, T>| joined.next().unwrap_or(*y);
    let whole = outputs[0].map_leaves(path, &mut next);
    Y::unmap_leaves(&whole, path, &mut |_, y| *y)
}
