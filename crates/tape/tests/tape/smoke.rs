use wengert_tape::{Bind, Tape, Var};
use wengert_tensor::Tensor;

#[test]
fn chain_first_and_second_order() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([0.3, -0.7, 1.1]));
    let y = ((x * x + 1.0).ln() * x.tanh()).sum();
    let g = y.backward().wrt(x).unwrap().to_vec();
    let [r] = tape.grad(y, [x]);
    for (a, b) in g.iter().zip(r.value().to_vec()) {
        assert!((a - b).abs() < 1e-15);
    }
    let f = |x: f64| (x * x + 1.0).ln() * x.tanh();
    for (k, &x) in [0.3, -0.7, 1.1].iter().enumerate() {
        let d = (f(x + 1e-5) - f(x - 1e-5)) / 2e-5;
        assert!((g[k] - d).abs() < 1e-8);
    }
    let [h] = tape.grad(r.sum(), [x]);
    for (k, &x) in [0.3, -0.7, 1.1].iter().enumerate() {
        let d = (f(x + 1e-4) - 2.0 * f(x) + f(x - 1e-4)) / 1e-8;
        assert!((h.value().to_vec()[k] - d).abs() < 1e-6);
    }
}

#[test]
fn slices_views_matmul() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from_fn([4, 6], |i| {
        (i[0] * 6 + i[1]) as f64 * 0.1 - 1.0
    }));
    let w = tape.leaf(&Tensor::from_fn([3, 4], |i| (i[0] + 2 * i[1]) as f64 * 0.1));
    fn f<'t>(x: Var<'t, f64>, w: Var<'t, f64>) -> Var<'t, f64> {
        let [a, b] = [x.slice(1, 0..3), x.slice(1, 3..6)];
        let h = (a.matmul(w) + b.sum_axes(&[1], true)).tanh();
        (h * x.slice(1, 1..5)).sum() + x.t().select(0, 2).sum()
    }
    let y = f(x, w);
    let back = y.backward();
    let (gx, gw) = (back.wrt(x).unwrap(), back.wrt(w).unwrap());
    let [rx, rw] = tape.grad(y, [x, w]);
    assert!(gx.allclose(&rx.value(), 1e-13, 1e-13));
    assert!(gw.allclose(&rw.value(), 1e-13, 1e-13));
    let (xv, wv) = (x.value(), w.value());
    for k in 0..24 {
        let at = |e: f64| {
            let mut v = xv.clone();
            v.as_mut_slice()[k] += e;
            let t = Tape::<f64>::new();
            f(t.leaf(&v), t.leaf(&wv)).item()
        };
        let d = (at(1e-5) - at(-1e-5)) / 2e-5;
        assert!(
            (gx.to_vec()[k] - d).abs() < 1e-8,
            "{k} {} {d}",
            gx.to_vec()[k]
        );
    }
    for k in 0..12 {
        let at = |e: f64| {
            let mut v = wv.clone();
            v.as_mut_slice()[k] += e;
            let t = Tape::<f64>::new();
            f(t.leaf(&xv), t.leaf(&v)).item()
        };
        let d = (at(1e-5) - at(-1e-5)) / 2e-5;
        assert!((gw.to_vec()[k] - d).abs() < 1e-8);
    }
    let model = vec![xv.clone(), wv.clone()];
    let mut t2 = Tape::<f64>::new();
    let (_, grads) = t2.value_and_grad(&model, |_, m| f(m[0], m[1]));
    assert!(grads.get(0).unwrap().allclose(&gx, 1e-13, 1e-13));
    let t3 = Tape::<f64>::new();
    let m = model.bind(&t3);
    let g3 = f(m[0], m[1]).backward().of(&m);
    assert!(g3.get(1).unwrap().allclose(&gw, 1e-13, 1e-13));
}

#[test]
fn a_leaf_of_one_element_somewhere_in_a_tensor() {
    let tape = Tape::<f64>::new();
    let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    let last = tape.leaf(&x.slice(0, 1..2).slice(1, 1..2));
    assert_eq!((last.shape().to_vec(), last.item()), (vec![1, 1], 4.0));
}
