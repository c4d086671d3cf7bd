//! Trainings by a `Trainer` that are broken off and go on.

use std::cell::RefCell;

use wengert_nn::data::Epochs;
use wengert_nn::files::{Checkpoint, Persist, Record};
use wengert_nn::optim::{Average, Plateau};
use wengert_nn::parallel::{Shard, Workers};
use wengert_nn::train::metrics::Mean;
use wengert_nn::train::{EarlyStopping, Report, Trainer};
use wengert_nn::{Adam, Dropout, Linear};
use wengert_tape::{Tape, Var};
use wengert_tensor::{Rng, Tensor};

use crate::common::bits;

type Of<'a> = Trainer<'a, Linear, Adam>;
type Settings = for<'a> fn(Of<'a>) -> Of<'a>;

/// 22 rows of 3 features and their targets.
fn rows() -> (Tensor, Tensor) {
    let mut rng = Rng::seed_from_u64(3);
    let x: Tensor = rng.normal([22, 3], 0.0, 1.0);
    let y = x.matmul(&Tensor::from([[1.0], [-2.0], [0.5]])).tanh();
    (x, y)
}

fn model() -> Linear {
    Linear::new(3, 1, &mut Rng::seed_from_u64(1))
}

/// With dropout, so that the generators count.
fn loss<'t>(t: &'t Tape, m: &Linear<Var<'t>>, rows: &Tensor<i64>) -> Var<'t> {
    let (x, y) = self::rows();
    let (x, y) = (x.index_select(0, rows), y.index_select(0, rows));
    let x = Dropout::new(0.4).forward(t.constant(&x));
    (m.forward(x).tanh() - &y).square().mean()
}

/// Six batches an epoch, the last one shorter.
fn epochs() -> Epochs {
    Epochs::new(22, 4, 7)
}

/// A run of seven epochs, or from a checkpoint to their end, with a checkpoint after every step.
fn run(
    sharded: bool,
    settings: Settings,
    from: Option<Checkpoint>,
) -> (Linear, Report, Vec<Checkpoint>) {
    let (mut model, epochs, kept) = (model(), epochs(), RefCell::new(Vec::new()));
    let mut workers = Workers::new(2, 3);
    workers.set_rng(Rng::seed_from_u64(5));
    let mut trainer = Trainer::new(Adam::new(0.05)).with_epochs(7);
    trainer = settings(trainer.with_checkpoint_every(1)).with_checkpoint(|now| {
        kept.borrow_mut().push(now.checkpoint());
        Ok(())
    });
    trainer.tape.set_rng(Rng::seed_from_u64(6));
    if let Some(from) = from {
        // A new process would have drawn otherwise.
        workers.set_rng(Rng::seed_from_u64(50));
        trainer.tape.set_rng(Rng::seed_from_u64(60));
        model = Linear::new(3, 1, &mut Rng::seed_from_u64(70));
        let parts = trainer.restore(from, &mut model);
        match sharded {
            true => parts.part("workers", &mut workers).finish(),
            false => parts.finish(),
        }
        .expect("it fits");
    }
    let data = |epoch| epochs.of_epoch(epoch);
    let report = match sharded {
        true => trainer.run_on(
            &mut workers,
            &mut model,
            data,
            |rows| vec![1.0; rows.size()],
            |t, m, rows, shard: &Shard| loss(t, &m, &rows.slice(0, &shard.rows)),
        ),
        false => trainer.run(&mut model, data, |t, m, rows| loss(t, &m, rows)),
    };
    drop(trainer);
    (model, report.expect("a run"), kept.into_inner())
}

/// From every checkpoint on, within epochs and at their ends, the run comes to the same bits.
fn goes_on_from_everywhere(sharded: bool, settings: Settings) -> Report {
    let (whole, report, kept) = run(sharded, settings, None);
    for (at, checkpoint) in kept.into_iter().enumerate() {
        let (model, again, _) = run(sharded, settings, Some(checkpoint));
        assert_eq!(bits(&model), bits(&whole), "from checkpoint {at}");
        // One that was made when all was done has no epoch to tell of.
        if !again.loss.is_nan() {
            assert_eq!(again, report, "from checkpoint {at}");
        }
    }
    report
}

#[test]
fn a_run_goes_on_within_an_epoch() {
    let report = goes_on_from_everywhere(false, |trainer| trainer);
    assert_eq!((report.epochs, report.steps), (7, 42));
    // With accumulation there are checkpoints between steps alone.
    let report = goes_on_from_everywhere(false, |trainer| trainer.with_accumulation(4));
    assert_eq!((report.epochs, report.steps), (7, 14));
}

#[test]
fn a_sharded_run_with_dropout_goes_on_bit_for_bit() {
    goes_on_from_everywhere(true, |trainer| trainer.with_max_norm(0.5));
}

/// The best weights are in the checkpoint too, and come back where nothing was better after it.
#[test]
fn early_stopping_goes_on_with_its_best_weights() {
    fn settings(trainer: Of<'_>) -> Of<'_> {
        // The further from the start the worse, so that the first epoch is the best.
        let value = |_: &mut Tape, model: &Linear| {
            let far = (&model.weight - &self::model().weight).abs().sum();
            let far = f64::from(far.item());
            vec![("far", far)]
        };
        let mut trainer = trainer
            .with_early_stopping(EarlyStopping::new(2))
            .with_average(Average::moving(0.5))
            .with_validation(value);
        trainer.plateau = Some(Plateau::new(0.05).with_patience(0).with_factor(0.5));
        trainer
    }
    let report = goes_on_from_everywhere(false, settings);
    assert_eq!(report.epochs, 4);
}

/// What the counts say is passed over, also without a checkpoint.
#[test]
fn a_run_to_a_step_goes_on_from_it() {
    let run = |lasts: &[u64]| {
        let (mut model, epochs) = (model(), epochs());
        let mut trainer: Of<'_> = Trainer::new(Adam::new(0.05));
        for &last in lasts {
            trainer.steps = Some(last);
            let data = |epoch| epochs.of_epoch(epoch);
            let report = trainer.run(&mut model, data, |t, m, rows| loss(t, &m, rows));
            assert_eq!(report.expect("a run").steps, last);
        }
        (bits(&model), trainer.epoch, trainer.batch)
    };
    assert_eq!(run(&[15]), run(&[1, 4, 6, 11, 15]));
    assert_eq!(run(&[15]).1, 2);
}

#[test]
fn workers_and_means_are_kept() {
    let mut workers = Workers::<f32>::new(1, 2);
    workers.set_rng(Rng::seed_from_u64(9));
    let draw = |workers: &mut Workers<f32>| {
        let scale = Tensor::ones([4]);
        fn one<'t>(t: &'t Tape, m: Var<'t>, _: &Shard) -> (Var<'t>, f64) {
            (m.sum(), t.draw(|rng| rng.unit()))
        }
        workers.value_and_grad_aux(&scale, 2, one).1
    };
    let first = draw(&mut workers);
    let mut record = Record::new();
    workers.save(&mut record);
    let second = draw(&mut workers);
    assert_ne!(first, second);
    let mut other = Workers::<f32>::new(2, 2);
    other.load(&mut record.clone()).expect("workers");
    assert_eq!(draw(&mut other), second);

    let mut mean = Mean::new();
    mean.add(2.5, 3.0);
    let mut record = Record::new();
    record.put("mean", &mean);
    let mut other = Mean::new();
    record.take("mean", &mut other).expect("a mean");
    assert_eq!(other, mean);
    assert!(record.take("mean", &mut other).is_err());
}
