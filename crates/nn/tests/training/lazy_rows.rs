//! Gradients of tables of which a step uses some rows: the same as whole ones, and updates that touch
//! these rows alone.

use wengert_nn::optim::{Adadelta, Adagrad, Adamax, Lion, NAdam, Optimizer, RAdam, RmsProp};
use wengert_nn::parallel::Workers;
use wengert_nn::{Adam, Embedding, Sgd, clip_by_global_norm, clip_by_value};
use wengert_tape::{Bind, Gradients, Tape, Var};
use wengert_tensor::{Rng, Tensor};

type Grads = Gradients<Tensor<f64>, f64>;

fn table() -> Tensor<f64> {
    Rng::seed_from_u64(1).normal([40, 3], 0.0, 1.0)
}

/// A loss in which every look-up counts differently.
fn loss<'t>(table: Var<'t, f64>, words: &[i64]) -> Var<'t, f64> {
    let y = table.rows(&Tensor::from(words)).tanh();
    let w: Tensor<f64> = Rng::seed_from_u64(words.len() as u64).normal(y.shape(), 0.0, 1.0);
    (y * &w).sum()
}

fn held(words: &[i64]) -> Grads {
    let (_, grads) = Tape::new().value_and_grad(&table(), |_, table| loss(table, words));
    grads
}

/// The open style makes whole gradients.
fn whole(words: &[i64]) -> Grads {
    let tape = Tape::new();
    let m = table().bind(&tape);
    let grads = loss(m, words).backward().of(&m);
    assert_eq!(grads.rows(0), None);
    grads
}

fn bar(grads: &Grads) -> &Tensor<f64> {
    grads.get(0).expect("a gradient")
}

const A: &[i64] = &[7, 3, -1, 7, 39, 7];
const B: &[i64] = &[0, 3, 8];
/// More than a quarter of the rows.
const MANY: &[i64] = &[1, 1, 2, 3, 5, 8, 13, 21, 34, -2, 17];

#[test]
fn rows_are_those_of_the_whole() {
    let grads = held(A);
    let rows = grads.rows(0).expect("few rows");
    assert_eq!((rows.indices, rows.width), (&[3, 7, 39][..], 3));
    let wanted = whole(A);
    let picked = bar(&wanted).index_select(0, &Tensor::from([3, 7, 39]));
    assert_eq!(rows.values, picked.to_vec());
    assert_eq!(bar(&grads), bar(&wanted));
    assert_eq!(grads.len(), 1);
    assert_eq!(grads.iter().count(), 1);
    assert!(grads.unreached().is_empty());
    assert_eq!(&grads.tree(&table()), bar(&wanted));
    assert!((grads.norm() - wanted.norm()).abs() < 1e-12);

    assert_eq!(held(MANY).rows(0), None);
    assert_eq!(bar(&held(MANY)), bar(&whole(MANY)));
    let none = held(&[]);
    assert_eq!(none.rows(0).map(|rows| rows.values.len()), Some(0));
    assert_eq!(bar(&none), &Tensor::zeros([40, 3]));
}

#[test]
fn what_else_flows_into_a_table_is_added() {
    fn check(f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>, rows: bool) {
        let (_, grads) = Tape::new().value_and_grad(&table(), |_, table| f(table));
        let tape = Tape::new();
        let m = tape.bind(&table());
        let wanted = f(m).backward().wrt(m).expect("a gradient");
        assert!(bar(&grads).allclose(&wanted, 1e-14, 1e-14));
        assert_eq!(grads.rows(0).is_some(), rows);
    }
    check(|x| loss(x, A) * loss(x, B), true);
    check(|x| loss(x, A) * x.square().sum(), false);
    check(|x| x.square().sum() * loss(x, A), false);
    check(|x| loss(x, A) * x.slice(0, 1..2).sum() + loss(x, B), false);
    check(|x| loss(x, A) + loss(x, MANY), false);
    check(|x| loss(x, MANY) + loss(x, A), false);
    check(
        |x| x.index_select(1, &Tensor::from([1])).square().sum(),
        false,
    );
    check(|x| loss(x.t().slice(1, ..20).t(), B), false);
    // The derivative of a derivative is recorded, and flows back through the look-ups.
    check(
        |x| {
            let bars = x.tape().grad(loss(x, A), [x]);
            bars[0].square().sum()
        },
        true,
    );
}

#[test]
fn tables_of_several_shapes() {
    let mut rng = Rng::seed_from_u64(1);
    let model = (
        rng.normal::<f64>([30], 0.0, 1.0),
        vec![
            rng.normal::<f64>([30, 2, 2], 0.0, 1.0),
            Tensor::zeros([30, 0]),
        ],
        Tensor::from([[1.0, 2.0]]),
        Tensor::scalar(1.0),
    );
    let words = Tensor::from([[4, 4], [-30, 5]]);
    let (_, grads) = Tape::new().value_and_grad(&model, |_, (a, b, c, d)| {
        let sums = a.rows(&words).exp().sum() + b[0].rows(&words).exp().sum() * d;
        sums + b[1].rows(&words).sum() + c.rows(&Tensor::from([0])).sum()
    });
    let rows = |at: usize| {
        grads
            .rows(at)
            .map(|rows| (rows.indices.to_vec(), rows.width))
    };
    assert_eq!(rows(0), Some((vec![0, 4, 5], 1)));
    assert_eq!(rows(1), Some((vec![0, 4, 5], 4)));
    assert_eq!((rows(3), rows(4)), (None, None));
    for (at, leaf) in [&model.0, &model.1[0]].into_iter().enumerate() {
        let mut wanted = leaf.map(|_| 0.0);
        let width = leaf.size() / 30;
        for (row, count) in [(0, 1.0), (4, 2.0), (5, 1.0)] {
            for k in row * width..(row + 1) * width {
                wanted.as_mut_slice()[k] = count * leaf.to_vec()[k].exp();
            }
        }
        assert!(
            grads
                .get(at)
                .expect("a gradient")
                .allclose(&wanted, 1e-14, 1e-14)
        );
    }
}

/// Everything that is done to gradients gives the same as to whole ones.
#[test]
fn gradients_compute_alike() {
    fn check(what: &str, f: impl Fn(&mut Grads)) {
        for words in [A, B] {
            let (mut a, mut b) = (held(words), whole(words));
            // One that was made whole before, and one that was not.
            for seen in [false, true] {
                if seen {
                    bar(&a);
                }
                f(&mut a);
                f(&mut b);
                let alike = bar(&a).iter().zip(bar(&b).iter());
                for (x, y) in alike {
                    let same = (x.is_nan() && y.is_nan()) || (x - y).abs() < 1e-14;
                    assert!(same, "{what}: {x} and {y}");
                }
            }
        }
    }
    check("scale", |g| g.scale(0.3));
    check("scale", |g| g.scale(f64::NAN));
    check("iter_mut", |g| g.iter_mut().for_each(|bar| *bar += 1.0));
    check("clip_by_value", |g| clip_by_value(g, 0.1));
    check("clip_by_global_norm", |g| {
        assert!(clip_by_global_norm(g, 0.5) >= 0.5 - 1e-5);
    });
    check("combine", |g| g.combine(0.25, &held(B), 0.75));
    check("combine", |g| g.combine(0.25, &whole(A), 0.75));
    check("combine", |g| g.combine(0.25, &held(MANY), 0.75));
    check("combine", |g| g.combine(0.25, &held(B), f64::NAN));
    check("combine", |g| g.combine(f64::NAN, &held(B), 1.0));
    // Rows beside rows stay rows.
    let mut a = held(A);
    a.combine(0.5, &held(B), 0.5);
    let rows = a.rows(0).map(|rows| rows.indices.to_vec());
    assert_eq!(rows, Some(vec![0, 3, 7, 8, 39]));
}

#[test]
fn one_that_is_missing_counts_as_zero() {
    let model = (table(), Tensor::scalar(1.0));
    let step = |rows: bool| {
        let (_, grads) =
            Tape::new().value_and_grad(
                &model,
                |_, (table, x)| {
                    if rows { loss(table, A) } else { x * x }
                },
            );
        grads
    };
    for order in [true, false] {
        let (mut a, b) = (step(order), step(!order));
        a.combine(0.5, &b, 0.25);
        let factor = if order { 0.5 } else { 0.25 };
        let wanted = bar(&whole(A)) * factor;
        assert!(
            a.get(0)
                .expect("a gradient")
                .allclose(&wanted, 1e-14, 1e-14)
        );
        assert_eq!(a.rows(0).map(|rows| rows.indices.len()), Some(3));
        assert_eq!(a.get(1).map(|bar| bar.item()), Some(2.0 * (0.75 - factor)));
    }
}

/// What moves every row moves it as with whole gradients.
#[test]
fn steps_without_lazy_rows_are_as_ever() {
    fn check(mut step: impl FnMut(bool, &mut Tensor<f64>, &Grads)) {
        let (mut a, mut b) = (table(), table());
        for words in [A, B, A, MANY, &[11]] {
            step(true, &mut a, &held(words));
            step(false, &mut b, &whole(words));
            assert_eq!(a, b);
        }
    }
    macro_rules! check {
        ($optimizer:expr) => {{
            let (mut a, mut b) = ($optimizer, $optimizer);
            check(|rows, table, grads| {
                if rows {
                    a.step(table, grads)
                } else {
                    b.step(table, grads)
                }
            });
        }};
    }
    check!(Sgd::new(0.1));
    check!(Sgd::new(0.1).with_momentum(0.9));
    check!(Sgd::new(0.1).with_weight_decay(0.1));
    check!(Adam::new(0.1));
    check!(Adam::new(0.1).with_amsgrad().with_weight_decay(0.1));
    check!(Adam::new(0.1).with_decoupled_weight_decay(0.1));
    // Without momentum and decay the two are one.
    let (mut a, mut b) = (Sgd::new(0.1), Sgd::new(0.1).with_lazy_rows());
    check(|rows, table, grads| {
        if rows {
            a.step(table, grads)
        } else {
            b.step(table, grads)
        }
    });
}

/// Adam by the equations of its docs, element by element, on the rows that were looked up.
#[test]
fn lazy_adam_is_adam_of_the_rows() {
    for (decoupled, amsgrad) in [(false, false), (false, true), (true, false)] {
        let mut adam = Adam::new(0.1).with_lazy_rows();
        adam.weight_decay = 0.05;
        (adam.decoupled, adam.amsgrad) = (decoupled, amsgrad);
        let (mut a, mut b) = (table(), table());
        let (mut m, mut v, mut u) = ([0.0; 120], [0.0; 120], [0.0_f64; 120]);
        for (t, words) in [A, B, A, &[11], MANY].into_iter().enumerate() {
            adam.step(&mut a, &held(words));
            let bars = whole(words);
            // The last gradient is whole, and moves every row.
            let moves = |row: usize| {
                let named = |&word: &i64| word.rem_euclid(40) as usize == row;
                words.len() > 10 || words.iter().any(named)
            };
            let t = t as i32 + 1;
            for k in (0..120).filter(|k| moves(k / 3)) {
                let mut g = bar(&bars).as_slice().expect("a whole")[k];
                let theta = &mut b.as_mut_slice()[k];
                if decoupled {
                    *theta *= 1.0 - 0.1 * 0.05;
                } else {
                    g += 0.05 * *theta;
                }
                m[k] = 0.9 * m[k] + 0.1 * g;
                v[k] = 0.999 * v[k] + 0.001 * g * g;
                u[k] = if amsgrad { v[k].max(u[k]) } else { v[k] };
                let root = u[k].sqrt() / (1.0 - 0.999_f64.powi(t)).sqrt() + 1e-8;
                *theta -= 0.1 / (1.0 - 0.9_f64.powi(t)) * m[k] / root;
            }
            assert!(a.allclose(&b, 1e-12, 1e-12));
        }
        assert_eq!(adam.slots[0].steps, 5);
    }
}

#[test]
fn lazy_momentum_is_momentum_of_the_rows() {
    for nesterov in [false, true] {
        let mut sgd = Sgd::new(0.1).with_weight_decay(0.05).with_lazy_rows();
        (sgd.momentum, sgd.nesterov) = (0.9, nesterov);
        let (mut a, mut b, mut v) = (table(), table(), [0.0; 120]);
        for words in [A, B, A, &[11]] {
            sgd.step(&mut a, &held(words));
            let bars = whole(words);
            let named = |row: usize| {
                words
                    .iter()
                    .any(|&word| word.rem_euclid(40) as usize == row)
            };
            for k in (0..120).filter(|k| named(k / 3)) {
                let theta = &mut b.as_mut_slice()[k];
                let g = bar(&bars).as_slice().expect("a whole")[k] + 0.05 * *theta;
                v[k] = 0.9 * v[k] + g;
                *theta -= 0.1 * if nesterov { g + 0.9 * v[k] } else { v[k] };
            }
            assert!(a.allclose(&b, 1e-12, 1e-12));
        }
    }
}

#[test]
fn shards_have_rows() {
    let layer = Embedding::new(40, 3, &mut Rng::seed_from_u64(1)).cast::<f64>();
    let words = Tensor::<i64>::from(vec![4, 9, 4, 1, 30, 9, 9]);
    let mut found = Vec::new();
    for threads in [1, 3] {
        let words = words.clone();
        let mut workers = Workers::new(threads, 3);
        let (_, grads) = workers.value_and_grad(&layer, 7, move |_, layer, shard| {
            let words = words.slice(0, shard.rows.clone());
            layer.forward(&words).exp().sum() / words.size() as f64
        });
        let rows = grads.rows(0).expect("few rows");
        assert_eq!(rows.indices, [1, 4, 9, 30]);
        found.push(rows.values.to_vec());
        let tape = Tape::new();
        let m = layer.bind(&tape);
        let mean = m.forward(&Tensor::from([4, 9, 4, 1, 30, 9, 9])).exp().sum() / 7.0;
        let wanted = mean.backward().wrt(m.weight).expect("a gradient");
        assert!(
            grads
                .get(0)
                .expect("a gradient")
                .allclose(&wanted, 1e-14, 1e-14)
        );
    }
    assert_eq!(found[0], found[1]);
}

/// A row that is looked up at every step goes as in a table of such rows alone; the others stay as they are, decay included.
#[test]
fn rows_alone_go_as_in_a_table_of_their_own() {
    fn check<O: Optimizer<f64>>(name: &str, mut lazy: O, mut plain: O) {
        let start = table();
        let (mut large, mut small) = (start.clone(), start.index_select(0, &Tensor::from([7, 3])));
        for _ in 0..8 {
            let mut tape = Tape::new();
            let (_, grads) = tape.value_and_grad(&large, |_, table| loss(table, &[7, 3]));
            assert!(grads.rows(0).is_some());
            lazy.step(&mut large, &grads);
            let (_, grads) = tape.value_and_grad(&small, |_, table| loss(table, &[0, 1]));
            assert!(grads.rows(0).is_none());
            plain.step(&mut small, &grads);
        }
        for (row, of) in [(7, 0), (3, 1)] {
            for column in 0..3 {
                let (a, b) = (large[[row, column]], small[[of, column]]);
                assert!((a - b).abs() < 1e-14, "{name}: {a} and {b}");
                assert_ne!(a, start[[row, column]], "{name}");
            }
        }
        let others: Vec<i64> = (0..40).filter(|row| ![3, 7].contains(row)).collect();
        let others = |of: &Tensor<f64>| of.index_select(0, &Tensor::from(&others[..]));
        assert_eq!(others(&large), others(&start), "{name}");
    }
    macro_rules! check_each {
        ($($name:literal: $new:expr;)*) => { $( check($name, $new.with_lazy_rows(), $new); )* };
    }
    check_each! {
        "adadelta": Adadelta::new(1.0).with_weight_decay(0.1);
        "adagrad": Adagrad::new(0.1).with_weight_decay(0.1);
        "adam": Adam::new(0.1).with_amsgrad().with_decoupled_weight_decay(0.1);
        "adamax": Adamax::new(0.1).with_weight_decay(0.1);
        "lion": Lion::new(0.1).with_weight_decay(0.1);
        "nadam": NAdam::new(0.1).with_decoupled_weight_decay(0.1);
        "radam": RAdam::new(0.1).with_weight_decay(0.1);
        "rms_prop": RmsProp::new(0.1).with_weight_decay(0.1);
        "rms_prop with momentum": RmsProp::new(0.1).with_momentum(0.5);
        "rms_prop, centered": RmsProp::new(0.1).with_centered();
        "sgd": Sgd::new(0.1).with_momentum(0.5).with_weight_decay(0.1);
    }
}
