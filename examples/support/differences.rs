//! Gradients beside central differences.

use wengert::prelude::*;

/// The step of the differences.
const STEP: f64 = 1e-3;

/// How far the gradient of a loss by all elements of a model is from central differences of five
/// points: the greatest distance as a share of the greatest slope.
pub fn apart<M: Tree<Tensor<f64>> + Clone>(
    model: &M,
    loss: impl for<'t> Fn(&'t Tape<f64>, M::With<Var<'t, f64>>) -> Var<'t, f64>,
) -> f64 {
    let mut tape = Tape::new();
    let (_, grads) = tape.value_and_grad(model, &loss);
    let (mut worst, mut slope) = (0.0f64, 0.0f64);
    for leaf in 0..grads.len() {
        let Some(grad) = grads.get(leaf) else {
            continue;
        };
        for (at, grad) in grad.iter().enumerate() {
            let mut moved = |by: f64| {
                let (mut model, mut count) = (model.clone(), 0);
                model.visit_tree_mut(|_, x| {
                    if count == leaf {
                        x.as_mut_slice()[at] += by * STEP;
                    }
                    count += 1;
                });
                tape.evaluate(&model, |t, m| loss(t, m).item())
            };
            let [a, b, c, d] = [-2.0, -1.0, 1.0, 2.0].map(&mut moved);
            let numeric = (a - 8.0 * b + 8.0 * c - d) / (12.0 * STEP);
            worst = worst.max((grad - numeric).abs());
            slope = slope.max(grad.abs());
        }
    }
    worst / slope
}
