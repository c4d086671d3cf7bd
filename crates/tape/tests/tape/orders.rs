//! Derivatives of higher order against closed forms.

use wengert_tape::tree::{Tree, TreeExt};
use wengert_tape::{Tape, Var};
use wengert_tensor::Tensor;

use crate::support::{assert_close, differences, noise};

#[test]
fn the_third_derivative_of_tanh() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([-2.0, -0.3, 0.0, 0.5, 1.5]));
    let [first] = tape.grad(x.tanh().sum(), [x]);
    let [second] = tape.grad(first.sum(), [x]);
    let [third] = tape.grad(second.sum(), [x]);
    let [fourth] = tape.grad(third.sum(), [x]);
    let closed = |f: fn(f64) -> f64| x.value().map(|x| f(x.tanh()));
    assert_close(&first.value(), &closed(|t| 1.0 - t * t), 1e-12);
    assert_close(
        &second.value(),
        &closed(|t| -2.0 * t * (1.0 - t * t)),
        1e-12,
    );
    assert_close(
        &third.value(),
        &closed(|t| (1.0 - t * t) * (6.0 * t * t - 2.0)),
        1e-12,
    );
    let at_fourth = |t: f64| (1.0 - t * t) * (16.0 * t - 24.0 * t * t * t);
    assert_close(&fourth.value(), &closed(at_fourth), 1e-11);
    // The eager reading of the last order says the same.
    assert_close(
        &second.sum().backward().wrt(x).unwrap(),
        &third.value(),
        1e-13,
    );
}

#[test]
fn the_hessian_of_a_quadratic_form_is_its_matrix() {
    let a = noise(&[4, 4], 1);
    let x = noise(&[4], 2);
    let hessian = Tape::new().hessian(&x, |_, x| 0.5 * x.matmul(&a).matmul(x));
    let symmetric = a.zip_map(&a.t(), |a, b| 0.5 * (a + b));
    assert_close(&hessian, &symmetric, 1e-9);
}

#[test]
fn the_hessian_of_a_small_network() {
    // f(w) = Σ_k v_k tanh(⟨w_k, x⟩): the Hessian has a block v_k tanh″(⟨w_k, x⟩) x xᵀ for each k.
    let (x, v, w) = (noise(&[3], 1), noise(&[2], 2), noise(&[2, 3], 3));
    let hessian = Tape::new().hessian(&w, |tape, w| {
        let h = w.matmul(tape.constant(&x)).tanh();
        (h * &v).sum()
    });
    let expected = Tensor::from_fn([2, 3, 2, 3], |at| {
        if at[0] != at[2] {
            return 0.0;
        }
        let k = at[0] as isize;
        let dot: f64 = (0..3)
            .map(|i| w.get(&[k, i]).unwrap() * x.get(&[i]).unwrap())
            .sum();
        let t = dot.tanh();
        let curvature = v.get(&[k]).unwrap() * -2.0 * t * (1.0 - t * t);
        curvature * x.get(&[at[1] as isize]).unwrap() * x.get(&[at[3] as isize]).unwrap()
    });
    assert_close(&hessian, &expected, 1e-9);
}

#[test]
fn the_jacobian_of_a_layer() {
    let (a, x) = (noise(&[3, 4], 1), noise(&[4], 2));
    let jacobian = Tape::new().jacobian(&x, |tape, x| tape.constant(&a).matmul(x).tanh());
    let y: Vec<f64> = (0..3)
        .map(|i| {
            (0..4)
                .map(|j| a.get(&[i, j]).unwrap() * x.get(&[j]).unwrap())
                .sum::<f64>()
                .tanh()
        })
        .collect();
    let expected = Tensor::from_fn([3, 4], |at| {
        (1.0 - y[at[0]] * y[at[0]]) * a.get(&[at[0] as isize, at[1] as isize]).unwrap()
    });
    assert_close(&jacobian, &expected, 1e-9);
}

#[test]
fn rows_of_a_jacobian_where_nothing_flows_are_zero() {
    let x = noise(&[3], 1);
    let jacobian = Tape::new().jacobian(&x, |tape, _| tape.ones([2]));
    assert_eq!(jacobian, Tensor::zeros([2, 3]));
    let linear = Tape::new().hessian(&x, |_, x| x.sum());
    assert_eq!(linear, Tensor::zeros([3, 3]));
}

#[derive(Tree, Clone)]
struct Net<P = Tensor<f64>> {
    hidden: Vec<P>,
    out: Option<P>,
}

fn forward<'t>(m: &Net<Var<'t, f64>>, x: &Tensor<f64>) -> Var<'t, f64> {
    let h = m
        .hidden
        .iter()
        .fold(m.hidden[0].tape().constant(x), |h, &w| h.matmul(w).tanh());
    match m.out {
        Some(out) => h.matmul(out),
        None => h,
    }
}

/// The loss on new data after a step of gradient descent on old data.
fn after_a_step<'t>(tape: &'t Tape<f64>, m: &Net<Var<'t, f64>>) -> Var<'t, f64> {
    let (old, new) = (noise(&[5, 3], 10), noise(&[5, 3], 11));
    let y = forward(m, &old);
    let loss = (y * y).sum();
    let leaves = m.leaves();
    let options = wengert_tape::GradOptions {
        create_graph: true,
        ..Default::default()
    };
    let mut bars = tape.grad_with(&[loss], &leaves, &[], options).into_iter();
    let adapted: Net<Var<'t, f64>> = m.map_tree(|_, &w| w - 0.1 * bars.next().unwrap());
    let y = forward(&adapted, &new);
    (y * y * y).sum()
}

#[test]
fn a_gradient_through_a_step_of_gradient_descent() {
    let model = Net {
        hidden: vec![noise(&[3, 4], 1), noise(&[4, 2], 2)],
        out: Some(noise(&[2, 1], 3)),
    };
    let mut tape = Tape::new();
    let (_, grads) = tape.value_and_grad(&model, |tape, m| after_a_step(tape, &m));
    let value = |leaves: &[Tensor<f64>]| {
        let tape = Tape::new();
        let mut leaves = leaves.iter();
        let m = model.map_tree(|_, _| tape.leaf(leaves.next().unwrap()));
        after_a_step(&tape, &m).item()
    };
    let expected = differences(value, &model.leaves());
    for (k, expected) in expected.iter().enumerate() {
        assert_close(grads.get(k).unwrap(), expected, 1e-9);
    }
}
