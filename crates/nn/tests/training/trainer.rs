//! The trainer: the same as a plain loop, and what it adds to one.

use std::cell::RefCell;

use wengert_nn::data::Batches;
use wengert_nn::optim::{Average, Optimizer, Plateau, Schedule, clip_by_global_norm};
use wengert_nn::parallel::{Shard, Workers};
use wengert_nn::train::{EarlyStopping, Event, Report, Stop, TrainError, Trainer, Verdict};
use wengert_nn::{Adam, Dropout, Linear, Sgd};
use wengert_tape::tree::Tree;
use wengert_tape::{Bind, Tape, Var};
use wengert_tensor::{Rng, Tensor};

type Model = Linear<Tensor<f64>>;

/// 20 rows of 3 features and their targets.
fn rows() -> (Tensor<f64>, Tensor<f64>) {
    let mut rng = Rng::seed_from_u64(3);
    let x: Tensor<f64> = rng.normal([20, 3], 0.0, 1.0);
    let y = x.matmul(&Tensor::from([[1.0], [-2.0], [0.5]])).tanh();
    (x, y)
}

fn model() -> Model {
    Linear::new(3, 1, &mut Rng::seed_from_u64(1)).cast::<f64>()
}

/// The mean squared error of some rows.
fn loss<'t>(m: &Linear<Var<'t, f64>>, rows: &Tensor<i64>) -> Var<'t, f64> {
    let (x, y) = self::rows();
    let (x, y) = (x.index_select(0, rows), y.index_select(0, rows));
    let t = m.weight.tape();
    (m.forward(t.constant(&x)).tanh() - &y).square().mean()
}

/// Batches of an epoch, of 4, 4, 4, 4 and 4 rows, or of one more and less.
fn batches(epoch: u64, size: usize) -> Batches {
    Batches::shuffled(20, size, &mut Rng::seed_from_u64(100 + epoch))
}

fn trainer<'a>() -> Trainer<'a, Model, Adam<f64>, f64> {
    Trainer::new(Adam::new(0.05))
}

/// Everything at once, beside the loop that does the same.
#[test]
fn a_run_is_the_plain_loop() {
    let schedule = Schedule::cosine(0.05, 12, 0.0).with_warm_up(3);
    let events = RefCell::new(Vec::new());
    let mut found = model();
    let report = trainer()
        .with_epochs(3)
        .with_schedule(schedule.clone())
        .with_accumulation(2)
        .with_max_norm(0.3)
        .with_observer(|event: &Event<'_>| {
            if let Event::Step {
                loss, rate, norm, ..
            } = event
            {
                events.borrow_mut().push((*loss, *rate, *norm));
            }
        })
        .run_weighted(
            &mut found,
            |epoch| batches(epoch, 6),
            |rows| rows.size() as f64,
            |_, m, rows| loss(&m, rows),
        )
        .expect("a run");

    let (mut wanted, mut tape, mut adam) = (model(), Tape::new(), Adam::new(0.0));
    let (mut step, mut seen, mut last) = (0, Vec::new(), f64::NAN);
    for epoch in 0..3 {
        let all: Vec<_> = batches(epoch, 6).collect();
        assert_eq!(all.len(), 4);
        last = 0.0;
        for pair in all.chunks(2) {
            let n = [pair[0].size() as f64, pair[1].size() as f64];
            let (a, mut grads) = tape.value_and_grad(&wanted, |_, m| loss(&m, &pair[0]));
            let (b, other) = tape.value_and_grad(&wanted, |_, m| loss(&m, &pair[1]));
            let share = n[1] / (n[0] + n[1]);
            grads.combine(1.0 - share, &other, share);
            adam.learning_rate = schedule.at(step);
            let norm = clip_by_global_norm(&mut grads, 0.3);
            adam.step(&mut wanted, &grads);
            step += 1;
            let mean = (a * n[0] + b * n[1]) / (n[0] + n[1]);
            seen.push((mean, adam.learning_rate, norm));
            last += (a * n[0] + b * n[1]) / 20.0;
        }
    }
    assert_eq!(found.weight, wanted.weight);
    assert_eq!(found.bias, wanted.bias);
    assert_eq!(*events.borrow(), seen);
    assert!((report.loss - last).abs() < 1e-15);
    let Report {
        epochs,
        steps,
        stop,
        best,
        ..
    } = report;
    assert_eq!((epochs, steps, stop, best), (3, 6, Stop::Done, None));
}

/// Without settings it is a loop of one line.
#[test]
fn steps_end_a_run_within_an_epoch() {
    let mut found = model();
    let mut trainer = trainer().with_steps(7);
    let run = |trainer: &mut Trainer<'_, _, _, f64>, model: &mut Model| {
        trainer.run(
            model,
            |epoch| batches(epoch, 4),
            |_, m, rows| loss(&m, rows),
        )
    };
    let report = run(&mut trainer, &mut found).expect("a run");
    assert_eq!((report.epochs, report.steps), (1, 7));
    let (mut wanted, mut tape, mut adam) = (model(), Tape::new(), Adam::new(0.05));
    let first_seven = (0..2).flat_map(|epoch| batches(epoch, 4)).take(7);
    for rows in first_seven {
        let (_, grads) = tape.value_and_grad(&wanted, |_, m| loss(&m, &rows));
        adam.step(&mut wanted, &grads);
    }
    assert_eq!(found.weight, wanted.weight);
    // All steps are made: another run makes none.
    let again = run(&mut trainer, &mut found).expect("nothing to do");
    assert_eq!((again.steps, again.loss.is_nan()), (7, true));
    assert_eq!(found.weight, wanted.weight);
}

/// Two runs of two epochs, dropout included, are one of four.
#[test]
fn a_run_goes_on_where_the_counts_are() {
    let run = |trainer: &mut Trainer<'_, Model, Adam<f64>, f64>, model: &mut Model| {
        trainer
            .run(model, |epoch| batches(epoch, 5), with_dropout)
            .expect("a run")
    };
    fn with_dropout<'t>(
        t: &'t Tape<f64>,
        m: Linear<Var<'t, f64>>,
        rows: &Tensor<i64>,
    ) -> Var<'t, f64> {
        let (x, y) = rows_of(rows);
        let x = Dropout::new(0.3).forward(t.constant(&x));
        (m.forward(x) - &y).square().mean()
    }
    fn rows_of(rows: &Tensor<i64>) -> (Tensor<f64>, Tensor<f64>) {
        let (x, y) = self::rows();
        (x.index_select(0, rows), y.index_select(0, rows))
    }
    let schedule = Schedule::linear(0.1, 0.01, 16);
    let (mut whole, mut parts) = (model(), model());
    run(
        &mut trainer().with_epochs(4).with_schedule(schedule.clone()),
        &mut whole,
    );
    let mut first = trainer().with_epochs(2).with_schedule(schedule.clone());
    run(&mut first, &mut parts);
    // Another trainer, with what the first one had.
    let mut second = trainer().with_epochs(4).with_schedule(schedule);
    second.optimizer = first.optimizer.clone();
    (second.epoch, second.step) = (first.epoch, first.step);
    second.tape.set_rng(first.tape.draw(|rng| rng.clone()));
    run(&mut second, &mut parts);
    assert_eq!(whole.weight, parts.weight);
    assert_eq!(second.step, 16);
}

#[test]
fn early_stopping_ends_with_the_best_weights() {
    // A value that is best after the third epoch.
    let values = [5.0, 4.0, 1.0, 2.0, f64::NAN, 3.0, 0.0];
    let (mut epoch, mut models) = (0, Vec::new());
    let seen = RefCell::new(Vec::new());
    let mut found = model();
    let mut trainer = Trainer::new(Sgd::new(0.1))
        .with_epochs(7)
        .with_validation(|_, model: &Model| {
            models.push(model.clone());
            epoch += 1;
            vec![("other", 7.0), ("value", values[epoch - 1])]
        })
        .with_early_stopping(EarlyStopping::new(2).with_metric("value"))
        .with_observer(|event: &Event<'_>| {
            if let Event::Epoch { epoch, best, .. } = event {
                seen.borrow_mut().push((*epoch, *best));
            }
        });
    let report = trainer
        .run(
            &mut found,
            |epoch| batches(epoch, 10),
            |_, m, rows| loss(&m, rows),
        )
        .expect("a run");
    assert_eq!(
        (report.stop, report.epochs, report.best),
        (Stop::Early, 6, Some(1.0))
    );
    assert_eq!(report.metrics, [("other", 7.0), ("value", 3.0)]);
    drop(trainer);
    assert_eq!(found.weight, models[2].weight);
    assert!(models[5].weight != models[2].weight);
    let best: Vec<_> = seen.borrow().iter().map(|(_, best)| *best).collect();
    assert_eq!(best, [true, true, true, false, false, false]);
}

#[test]
fn early_stopping_by_itself() {
    let mut stopping = EarlyStopping::new(1).of_greatest().with_threshold(0.1);
    let verdicts = [0.5, 0.55, 0.7, f64::NAN, 0.75].map(|value| stopping.show(value));
    use Verdict::{Best, Stop, Worse};
    assert_eq!(verdicts, [Best, Worse, Best, Worse, Stop]);
    assert_eq!(stopping.best, 0.7);
    let mut none = EarlyStopping::new(0);
    assert_eq!([none.show(1.0), none.show(1.0)], [Best, Stop]);
}

/// The plateau watches the loss where there is no validation.
#[test]
fn a_plateau_lowers_the_rate() {
    let rates = RefCell::new(Vec::new());
    let mut trainer = Trainer::new(Sgd::new(1.0))
        .with_epochs(5)
        .with_plateau(Plateau::new(0.0).with_patience(0))
        .with_observer(|event: &Event<'_>| {
            if let Event::Epoch { rate, .. } = event {
                rates.borrow_mut().push(*rate);
            }
        });
    trainer.plateau = Some(Plateau::new(0.5).with_factor(0.5).with_patience(0));
    let mut x = Tensor::<f64>::from([1.0]);
    // A loss that stays the same.
    trainer
        .run(&mut x, |_| [()], |_, x, ()| x.sum() * 0.0 + 1.0)
        .expect("a run");
    assert_eq!(*rates.borrow(), [0.5, 0.5, 0.25, 0.125, 0.0625]);
}

#[test]
fn a_nan_is_traced_to_its_op_and_batch() {
    let mut x = Tensor::<f64>::from([2.0]);
    let mut trainer = Trainer::new(Sgd::new(1.0)).with_epochs(3);
    // Each batch lowers x by 1, and the logarithm of the third is not there.
    let error = trainer
        .run(
            &mut x,
            |_| 0..5,
            |_, x, _| (x - 0.5).ln().sum() * 0.0 + x.sum(),
        )
        .expect_err("a NaN");
    assert_eq!(x.item(), 0.0);
    let text = error.to_string();
    assert!(
        text.starts_with("epoch 0, batch 2, after 2 steps: the loss is NaN; first, ln [1] at "),
        "{text}"
    );
    assert!(text.contains("trainer.rs"), "{text}");
    let TrainError::NotFinite { found, batch, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!((found.expect("an op").op, batch), ("ln", 2));

    // Values that are finite, and a slope that is not.
    let mut x = Tensor::<f64>::from([0.0]);
    let error = Trainer::new(Sgd::new(1.0))
        .with_epochs(1)
        .run(&mut x, |_| [()], |_, x, ()| x.sqrt().sum())
        .expect_err("an infinite slope");
    let TrainError::NotFinite {
        found, leaf, loss, ..
    } = error
    else {
        panic!("{error:?}");
    };
    let found = found.expect("a rule");
    assert_eq!((found.op, found.backward), ("sqrt", true));
    assert!(leaf.as_deref() == Some("") && loss == 0.0);

    // Whoever wants to go on does.
    let mut trainer = Trainer::new(Sgd::new(1.0)).with_epochs(1);
    trainer.stops_at_nan = false;
    trainer
        .run(&mut x, |_| [()], |_, x, ()| x.sqrt().sum())
        .expect("a run");
    assert!(x.item() == f64::NEG_INFINITY);
}

/// Dropout decides whether this one is NaN: the trace sees the same draws as the step.
#[test]
fn a_trace_sees_the_same_draws() {
    #[derive(Tree, Clone)]
    struct One<P = Tensor<f64>>(P);
    for seed in 0..20 {
        let mut model: One = One(Tensor::ones([4]));
        let mut trainer = Trainer::new(Sgd::new(0.0)).with_steps(50);
        trainer.tape.set_rng(Rng::seed_from_u64(seed));
        let error = trainer
            .run(
                &mut model,
                |_| 0..50,
                |_, One(x), _| {
                    let kept = Dropout::new(0.1).forward(x);
                    // −1 where an element was dropped, and its logarithm is NaN.
                    (kept * 2.0 - 1.0).ln().sum()
                },
            )
            .expect_err("a drop comes within fifty batches");
        let TrainError::NotFinite { found, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(found.expect("found again").op, "ln");
    }
}

/// Shards by tokens: the gradients are those of the whole batch, whatever the threads are.
#[test]
fn shards_weigh_what_their_rows_weigh() {
    // Rows of different numbers of tokens: the loss is the mean over tokens.
    let weights = |rows: &Tensor<i64>| -> Vec<f64> {
        rows.iter().map(|row| 1.0 + (row % 4) as f64).collect()
    };
    fn mean<'t>(m: &Linear<Var<'t, f64>>, rows: &Tensor<i64>) -> Var<'t, f64> {
        let (x, y) = self::rows();
        let (x, y) = (x.index_select(0, rows), y.index_select(0, rows));
        let weights: Vec<f64> = rows.iter().map(|row| 1.0 + (row % 4) as f64).collect();
        let total: f64 = weights.iter().sum();
        let weights = Tensor::from(weights).reshape(&[-1, 1]);
        let t = m.weight.tape();
        ((m.forward(t.constant(&x)) - &y).square() * &weights).sum() / total
    }
    let run = |threads: usize, shards: usize| {
        let mut model = model();
        let mut workers = Workers::new(threads, shards);
        let report = trainer()
            .with_epochs(3)
            .run_on(
                &mut workers,
                &mut model,
                |epoch| batches(epoch, 7),
                weights,
                |_, m, rows: &Tensor<i64>, shard: &Shard| {
                    mean(&m, &rows.slice(0, shard.rows.clone()))
                },
            )
            .expect("a run");
        (model, report.loss)
    };
    let mut whole = model();
    let report = trainer()
        .with_epochs(3)
        .run_weighted(
            &mut whole,
            |epoch| batches(epoch, 7),
            |rows| weights(rows).iter().sum(),
            |_, m, rows| mean(&m, rows),
        )
        .expect("a run");
    let (one, two) = (run(1, 3), run(2, 3));
    assert_eq!(one.0.weight, two.0.weight);
    assert_eq!(one.1, two.1);
    assert!(one.0.weight.allclose(&whole.weight, 1e-10, 1e-10));
    assert!((one.1 - report.loss).abs() < 1e-10);
    // A NaN in a shard is traced too.
    let mut x = Tensor::<f64>::from([0.0]);
    let error = Trainer::new(Sgd::new(1.0))
        .with_epochs(1)
        .run_on(
            &mut Workers::new(1, 2),
            &mut x,
            |_| [4_usize],
            |rows| vec![1.0; *rows],
            |_, x, _, _| (x - 1.0).sqrt().sum(),
        )
        .expect_err("a NaN");
    assert!(error.to_string().contains("first, sqrt [1] at "), "{error}");
}

#[test]
fn a_step_of_ones_own_and_frozen_leaves() {
    let (mut found, before) = (model(), model());
    let mut calls = 0;
    trainer()
        .with_epochs(2)
        .run_with(
            &mut found,
            |epoch| batches(epoch, 10),
            |_| 1.0,
            |tape, model, rows| {
                calls += 1;
                tape.value_and_grad(model, |_, m| loss(&m, rows))
            },
        )
        .expect("a run");
    assert_eq!(calls, 4);
    let mut wanted = model();
    let run = |trainer: &mut Trainer<'_, Model, Adam<f64>, f64>, model: &mut Model| {
        trainer
            .run(
                model,
                |epoch| batches(epoch, 10),
                |_, m, rows| loss(&m, rows),
            )
            .expect("a run")
    };
    run(&mut trainer().with_epochs(2), &mut wanted);
    assert_eq!(found.weight, wanted.weight);
    let mut frozen = model();
    run(
        &mut trainer()
            .with_epochs(2)
            .with_frozen(|path| path == "weight"),
        &mut frozen,
    );
    assert_eq!(frozen.weight, before.weight);
    assert!(frozen.bias != before.bias);
}

#[test]
fn a_checkpoint_sees_the_moment() {
    let saved = RefCell::new(Vec::new());
    let mut found = model();
    let mut values = [3.0, 1.0, 2.0].into_iter();
    trainer()
        .with_epochs(3)
        .with_early_stopping(EarlyStopping::new(5))
        .with_validation(|_, _| vec![("value", values.next().expect("three epochs"))])
        .with_checkpoint(|moment| {
            let slots = moment.optimizer.slots[0].steps;
            let worse = moment.stopping.map(|stopping| stopping.worse);
            assert!(moment.plateau.is_none() && moment.loss > 0.0);
            moment.tape.draw(|rng| rng.clone());
            let row = (moment.epoch, moment.step, slots, moment.best, worse);
            saved
                .borrow_mut()
                .push((row, moment.model.weight.clone(), moment.metrics[0].1));
            Ok(())
        })
        .run(
            &mut found,
            |epoch| batches(epoch, 10),
            |_, m, rows| loss(&m, rows),
        )
        .expect("a run");
    let saved = saved.into_inner();
    let rows: Vec<_> = saved.iter().map(|(row, _, _)| *row).collect();
    assert_eq!(
        rows,
        [
            (1, 2, 2, true, Some(0)),
            (2, 4, 4, true, Some(0)),
            (3, 6, 6, false, Some(1))
        ]
    );
    // The best weights are those of the second epoch.
    assert_eq!(found.weight, saved[1].1);

    let error = trainer()
        .with_epochs(3)
        .with_checkpoint(|_| Err("the disk is full".into()))
        .run(
            &mut found,
            |epoch| batches(epoch, 10),
            |_, m, rows| loss(&m, rows),
        )
        .expect_err("no room");
    assert_eq!(
        error.to_string(),
        "the checkpoint of step 2 failed: the disk is full"
    );
}

/// What is validated, and what is best, is the mean of the weights.
#[test]
fn a_mean_of_the_weights_is_validated() {
    let x = Tensor::<f64>::from([0.0]);
    // Each step lowers x by 1: −1, −2, −3, −4, and the means after two are −1.5 and −2.5.
    let run = |trainer: Trainer<'_, Tensor<f64>, Sgd<f64>, f64>| {
        let (seen, mut model) = (RefCell::new(Vec::new()), x.clone());
        let mut trainer = trainer
            .with_epochs(2)
            .with_average(Average::of_all())
            .with_validation(|_, x: &Tensor<f64>| {
                seen.borrow_mut().push(x.item());
                vec![("x", x.item())]
            });
        trainer
            .run(&mut model, |_| 0..2, |_, x, _| x.sum())
            .expect("a run");
        assert_eq!(*seen.borrow(), [-1.5, -2.5]);
        let own = model.item();
        trainer.average.as_mut().expect("a mean").swap(&mut model);
        (own, model.item())
    };
    assert_eq!(run(Trainer::new(Sgd::new(1.0))), (-4.0, -2.5));
    let stopping = EarlyStopping::new(1);
    let (own, _) = run(Trainer::new(Sgd::new(1.0)).with_early_stopping(stopping));
    assert_eq!(own, -2.5);
}

/// Any optimizer trains, also one that was chosen at run time.
#[test]
fn optimizers_behind_a_pointer_train() {
    let choices: [Box<dyn Optimizer<f64>>; 2] = [Box::new(Sgd::new(0.1)), Box::new(Adam::new(0.1))];
    for optimizer in choices {
        let mut model = model();
        let report = Trainer::new(optimizer)
            .with_epochs(60)
            .run(
                &mut model,
                |epoch| batches(epoch, 5),
                |_, m, rows| loss(&m, rows),
            )
            .expect("a run");
        assert!(report.loss < 0.01, "{}", report.loss);
    }
}
