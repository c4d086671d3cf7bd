use wengert_tape::Tape;
use wengert_tensor::Tensor;

use crate::{Function, INF, NAN, assert_same, orders};

/// Value, slope and second derivative of functions of one number at one place.
#[test]
fn kinks() {
    let table: &[(&str, Function, f64, [f64; 3])] = &[
        ("relu at 0", |x| x.relu(), 0.0, [0.0, 0.0, 0.0]),
        ("relu of NaN", |x| x.relu(), NAN, [NAN, NAN, 0.0]),
        ("relu² at 0", |x| x.relu().square(), 0.0, [0.0, 0.0, 0.0]),
        ("x·relu at 0", |x| x * x.relu(), 0.0, [0.0, 0.0, 0.0]),
        ("abs at 0", |x| x.abs(), 0.0, [0.0, 0.0, 0.0]),
        ("x·abs at 0", |x| x * x.abs(), 0.0, [0.0, 0.0, 0.0]),
        (
            "leaky relu at 0",
            |x| x.leaky_relu(0.1),
            0.0,
            [0.0, 0.1, 0.0],
        ),
        ("elu at 0", |x| x.elu(1.0), 0.0, [0.0, 1.0, 1.0]),
        ("elu far out", |x| x.elu(1.0), 1e4, [1e4, 1.0, 0.0]),
        ("sqrt at 0", |x| x.sqrt(), 0.0, [0.0, INF, -INF]),
        ("rsqrt at 0", |x| x.rsqrt(), 0.0, [INF, -INF, INF]),
        ("x⁰ at 0", |x| x.powf(0.0), 0.0, [1.0, 0.0, 0.0]),
        ("x⁰ at 2", |x| x.powf(0.0), 2.0, [1.0, 0.0, 0.0]),
        ("x⁰ at −2", |x| x.powf(0.0), -2.0, [1.0, 0.0, 0.0]),
        ("x¹ at 0", |x| x.powf(1.0), 0.0, [0.0, 1.0, 0.0]),
        ("x² at 0", |x| x.powf(2.0), 0.0, [0.0, 0.0, 2.0]),
        ("x² at −3", |x| x.powf(2.0), -3.0, [9.0, -6.0, 2.0]),
        ("x³ at 0", |x| x.powf(3.0), 0.0, [0.0, 0.0, 0.0]),
        (
            "softplus at 0",
            |x| x.softplus(),
            0.0,
            [2.0_f64.ln(), 0.5, 0.25],
        ),
        ("softplus far out", |x| x.softplus(), 1e4, [1e4, 1.0, 0.0]),
        (
            "log sigmoid at 0",
            |x| x.log_sigmoid(),
            0.0,
            [-2.0_f64.ln(), 0.5, -0.25],
        ),
        (
            "log sigmoid far out",
            |x| x.log_sigmoid(),
            -1e4,
            [-1e4, 1.0, 0.0],
        ),
        ("max(x, 0) at 0", |x| x.max(0.0), 0.0, [0.0, 0.5, 0.0]),
        ("min(x, 0) at 0", |x| x.min(0.0), 0.0, [0.0, 0.5, 0.0]),
        ("max(x, 1) of NaN", |x| x.max(1.0), NAN, [NAN, NAN, 0.0]),
        ("min(x, 1) of NaN", |x| x.min(1.0), NAN, [NAN, NAN, 0.0]),
        (
            "max(NaN, x)",
            |x| x.tape().scalar(NAN).max(x),
            1.0,
            [NAN, NAN, 0.0],
        ),
        ("clamp inside", |x| x.clamp(-1.0, 2.0), 0.5, [0.5, 1.0, 0.0]),
        (
            "clamp at low",
            |x| x.clamp(-1.0, 2.0),
            -1.0,
            [-1.0, 0.0, 0.0],
        ),
        (
            "clamp at high",
            |x| x.clamp(-1.0, 2.0),
            2.0,
            [2.0, 0.0, 0.0],
        ),
        (
            "clamp below",
            |x| x.clamp(-1.0, 2.0),
            -5.0,
            [-1.0, 0.0, 0.0],
        ),
        ("clamp above", |x| x.clamp(-1.0, 2.0), INF, [2.0, 0.0, 0.0]),
        (
            "clamp to a point",
            |x| x.clamp(1.0, 1.0),
            1.0,
            [1.0, 0.0, 0.0],
        ),
        (
            "clamp by one bound",
            |x| x.clamp(0.0, INF),
            7.0,
            [7.0, 1.0, 0.0],
        ),
        ("clamp of NaN", |x| x.clamp(-1.0, 2.0), NAN, [NAN, NAN, 0.0]),
        ("0ˣ at 2", |x| x.exp_base(0.0), 2.0, [0.0, 0.0, 0.0]),
        ("1ˣ at 3", |x| x.exp_base(1.0), 3.0, [1.0, 0.0, 0.0]),
        (
            "eˣ by its base",
            |x| x.exp_base(std::f64::consts::E),
            0.0,
            [1.0, 1.0, 1.0],
        ),
        ("ln at 0", |x| x.ln(), 0.0, [-INF, INF, -INF]),
        ("1/x at 0", |x| x.recip(), 0.0, [INF, -INF, INF]),
    ];
    for (name, f, x, expected) in table {
        let found = orders(*f, &[*x]);
        // Nothing is said about the second derivative of NaN.
        let orders = if found[0][0].is_nan() { 2 } else { 3 };
        for (order, (found, &expected)) in found.iter().zip(expected).take(orders).enumerate() {
            assert_same(found, &[expected], &format!("{name}, order {order}"));
        }
    }
}

#[test]
fn a_tie_gives_each_half() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::from([1.0, 2.0, 3.0]));
    let y = tape.leaf(&Tensor::from([1.0, 3.0, 2.0]));
    for (z, expected) in [
        (x.max(y), [[0.5, 0.0, 1.0], [0.5, 1.0, 0.0]]),
        (x.min(y), [[0.5, 1.0, 0.0], [0.5, 0.0, 1.0]]),
    ] {
        let grads = z.sum().backward();
        for (input, expected) in [x, y].into_iter().zip(expected) {
            assert_same(
                &grads.wrt(input).expect("reached").to_vec(),
                &expected,
                "a tie",
            );
        }
    }
}

/// xᵖ with a variable exponent: the first derivatives and the mixed second one.
#[test]
fn powers_of_zero() {
    let table = [
        // x, p, ∂x, ∂p, ∂²/∂x∂p
        (0.0, 0.0, 0.0, 0.0, None),
        (0.0, 1.0, 1.0, 0.0, None),
        (0.0, 2.0, 0.0, 0.0, Some(0.0)),
        (0.0, 3.0, 0.0, 0.0, Some(0.0)),
        (2.0, 0.0, 0.0, 2.0_f64.ln(), Some(0.5)),
        (2.0, 1.0, 1.0, 2.0 * 2.0_f64.ln(), Some(1.0 + 2.0_f64.ln())),
        (
            2.0,
            3.0,
            12.0,
            8.0 * 2.0_f64.ln(),
            Some(4.0 + 12.0 * 2.0_f64.ln()),
        ),
    ];
    for (x, p, x_slope, p_slope, mixed) in table {
        let what = format!("{x} to the power {p}");
        let tape = Tape::<f64>::new();
        let (x, p) = (tape.leaf(&Tensor::scalar(x)), tape.leaf(&Tensor::scalar(p)));
        let [x_bar, p_bar] = tape.grad(x.powf(p), [x, p]);
        assert_same(&[x_bar.item(), p_bar.item()], &[x_slope, p_slope], &what);
        let Some(mixed) = mixed else { continue };
        let one_way = x_bar.backward().wrt(p).map_or(0.0, |bar| bar.item());
        let other_way = p_bar.backward().wrt(x).map_or(0.0, |bar| bar.item());
        assert_same(
            &[one_way, other_way],
            &[mixed, mixed],
            &format!("{what}, mixed"),
        );
    }
}

#[test]
fn absorption() {
    let ln: Function = |x| {
        let positive = x.value().map(|x| x > 0.0);
        x.ln().where_(&positive, 0.0)
    };
    let found = orders(ln, &[0.0, 1.0, -1.0, 4.0]);
    assert_same(
        &found[1],
        &[0.0, 1.0, 0.0, 0.25],
        "where(x > 0, ln x, 0), slope",
    );
    assert_same(
        &found[2],
        &[0.0, -1.0, 0.0, -0.0625],
        "where(x > 0, ln x, 0), second derivative",
    );

    let sqrt: Function = |x| (x.sqrt() * 0.0).where_(&x.value().map(|x| x > 0.0), 0.0);
    assert_same(&orders(sqrt, &[0.0])[1], &[0.0], "where(x > 0, 0·√x, 0)");
}

#[test]
fn absorption_leaves_the_second_derivative() {
    let mut tape = Tape::<f64>::new();
    let hessian = tape.hessian(&Tensor::zeros([3]), |_, x| {
        (x.tanh() * x.tanh()).sum() * 0.5
    });
    let identity = Tensor::from_fn([3, 3], |at| if at[0] == at[1] { 1.0 } else { 0.0 });
    assert_same(
        &hessian.to_vec(),
        &identity.to_vec(),
        "the Hessian of ½ Σ tanh² at 0",
    );
}
