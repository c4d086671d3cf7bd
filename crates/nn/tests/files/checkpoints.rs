//! Checkpoints: a training goes on bit for bit, and what is damaged is refused.

use std::fs;

use wengert_nn::data::Epochs;
use wengert_nn::files::{self, Checkpoint, Checkpoints, Goal, Problem};
use wengert_nn::optim::{
    Adadelta, Adagrad, Adamax, Groups, Guard, Lamb, Lion, Lookahead, NAdam, Optimizer, Plateau,
    RAdam, RmsProp, Rprop,
};
use wengert_nn::{Adam, Linear, Sgd};
use wengert_tape::Tape;
use wengert_tensor::{Rng, Tensor};

use crate::common::{Folder, bits, file};
use crate::training::Training;

/// Stopped at any step, also in the midst of an epoch, and gone on in fresh objects.
#[test]
fn a_training_goes_on_bit_for_bit() {
    let folder = Folder::new();
    let path = folder.join("a.safetensors");
    let mut whole = Training::new(1);
    for at in 0..12 {
        whole.checkpoint().save(&path).expect("saved");
        let mut other = Training::new(2 + at);
        let checkpoint = Checkpoint::open(&path).expect("a checkpoint");
        other.restore(checkpoint).expect("restored");
        assert_eq!(other.bytes(), whole.bytes());
        let mut ahead = Training::new(100);
        ahead.restore(whole.checkpoint()).expect("restored");
        for _ in 0..7 {
            assert_eq!(ahead.step().to_bits(), other.step().to_bits(), "after {at}");
        }
        assert_eq!(other.bytes(), ahead.bytes(), "after {at}");
        whole.step();
    }
    assert_eq!(whole.losses.len(), 12);
}

/// Each part matters: without it the training goes another way. Otherwise the test above were blind.
#[test]
fn every_part_is_needed() {
    let mut whole = Training::new(1);
    for _ in 0..3 {
        whole.step();
    }
    let ahead = |training: &mut Training| {
        for _ in 0..7 {
            training.step();
        }
        bits(&training.model)
    };
    let mut all = Training::new(2);
    all.restore(whole.checkpoint()).expect("restored");
    let right = ahead(&mut all);
    for left_out in ["model", "adam", "rng", "tape", "batches"] {
        let mut other = Training::new(2);
        let mut restore = whole.checkpoint().restore();
        if left_out != "model" {
            restore = restore.model("model", &mut other.model);
        }
        if left_out != "adam" {
            restore = restore.optimizer("adam", &mut other.adam);
        }
        if left_out != "rng" {
            restore = restore.part("rng", &mut other.rng);
        }
        if left_out != "tape" {
            restore = restore.part("tape", &mut other.tape);
        }
        if left_out != "batches" {
            restore = restore.part("batches", &mut other.batches);
        }
        restore.finish().expect("restored");
        assert!(ahead(&mut other) != right, "{left_out} changes nothing");
    }
}

/// Every optimizer, before its first step and after some, with what wraps it.
#[test]
fn every_optimizer_goes_on_bit_for_bit() {
    fn check<O: Optimizer<f32>>(name: &str, new: impl Fn() -> O) {
        let fresh = || Linear::new(3, 2, &mut Rng::seed_from_u64(1));
        let mut tape = Tape::new();
        let mut train = |model: &mut Linear, optimizer: &mut O, steps: usize| {
            for at in 0..steps {
                let x = Rng::seed_from_u64(at as u64).normal([4, 3], 0.0, 1.0);
                let (_, grads) = tape.value_and_grad(&*model, |t, m| {
                    let y = m.forward(t.constant(&x));
                    (y * y).mean()
                });
                optimizer.step(model, &grads);
            }
        };
        for steps in [0, 5] {
            let (mut model, mut optimizer) = (fresh(), new());
            train(&mut model, &mut optimizer, steps);
            optimizer.set_learning_rate(0.02);
            let checkpoint = Checkpoint::new().model("model", &model);
            let checkpoint = checkpoint.optimizer("optimizer", &optimizer);
            let (mut other, mut again) = (fresh(), new());
            let restore = checkpoint.restore().model("model", &mut other);
            let restored = restore.optimizer("optimizer", &mut again).finish();
            restored.unwrap_or_else(|error| panic!("{name}: {error}"));
            train(&mut model, &mut optimizer, 4);
            train(&mut other, &mut again, 4);
            assert_eq!(bits(&other), bits(&model), "{name} after {steps} steps");
        }
    }
    check("sgd", || Sgd::new(0.1).with_momentum(0.9));
    check("adagrad", || Adagrad::new(0.1));
    check("adadelta", || Adadelta::new(0.1));
    check("rmsprop", || RmsProp::new(0.1));
    check("adam", || Adam::new(0.1));
    check("amsgrad", || Adam::new(0.1).with_amsgrad());
    check("adamax", || Adamax::new(0.1));
    check("nadam", || NAdam::new(0.1));
    check("radam", || RAdam::new(0.1));
    check("lion", || Lion::new(0.1));
    check("lamb", || Lamb::new(0.1));
    check("rprop", || Rprop::new(0.1));
    check("lookahead", || Lookahead::new(Adam::new(0.1), 3, 0.5));
    check("guard", || Guard::skip(Adam::new(0.1)));
    check("groups", || {
        Groups::new(Sgd::new(0.1)).with(Sgd::new(0.2).with_momentum(0.5), |path| path == "bias")
    });
    check("boxed", || -> Box<dyn Optimizer<f32>> {
        Box::new(Adam::new(0.1))
    });
}

/// An optimizer that has stepped goes back to the state that was kept, of whatever number of leaves; a refusal leaves it as it
/// was.
#[test]
fn a_state_comes_into_an_optimizer_that_has_stepped() {
    let mut model = Linear::new(2, 1, &mut Rng::seed_from_u64(1));
    let mut adam = Adam::new(0.1);
    let before = Checkpoint::new().optimizer("adam", &adam);
    let (_, grads) = Tape::new().value_and_grad(&model, |t, m| m.forward(t.ones([1, 2])).sum());
    adam.step(&mut model, &grads);
    let stepped = adam.slots[0].moments[0].clone();
    adam.learning_rate = 0.5;

    // Something else of the checkpoint does not fit: nothing has changed.
    let mut step = 0_u64;
    let restore = before.clone().restore().optimizer("adam", &mut adam);
    restore
        .part("step", &mut step)
        .finish()
        .expect_err("no step");
    assert_eq!((adam.learning_rate, adam.slots.len()), (0.5, 2));
    assert_eq!(
        (adam.slots[0].steps, &adam.slots[0].moments[0]),
        (1, &stepped)
    );

    before
        .restore()
        .optimizer("adam", &mut adam)
        .finish()
        .expect("it fits");
    assert_eq!((adam.learning_rate, adam.slots.len()), (0.1, 0));

    // The state of a model of one leaf into an optimizer of two, and what stands around optimizers.
    let small = vec![model.weight.clone()];
    let of_one = |optimizer: &mut dyn FnMut(&mut Vec<Tensor>)| {
        let mut model = small.clone();
        (0..2).for_each(|_| optimizer(&mut model));
        model
    };
    fn take_step(model: &mut Vec<Tensor>, optimizer: &mut impl Optimizer<f32>) {
        let (_, grads) = Tape::new().value_and_grad(&*model, |_, m| m[0].square().sum());
        optimizer.step(model, &grads);
    }
    let new = || Lookahead::new(Guard::skip(Adam::new(0.1)), 2, 0.5);
    let mut first = new();
    let mut goes_on = of_one(&mut |model| take_step(model, &mut first));
    let kept = Checkpoint::new().optimizer("all", &first);
    let mut other = new();
    let (_, grads) = Tape::new().value_and_grad(&model, |t, m| m.forward(t.ones([1, 2])).sum());
    other.step(&mut model, &grads);
    kept.restore()
        .optimizer("all", &mut other)
        .finish()
        .expect("it fits");
    let mut again = goes_on.clone();
    for _ in 0..3 {
        take_step(&mut goes_on, &mut first);
        take_step(&mut again, &mut other);
    }
    assert_eq!(goes_on, again);
}

#[test]
fn epochs_go_on_where_they_were() {
    for place in [0, 3, 7, 8, 20] {
        let mut epochs = Epochs::new(23, 6, 1).at(place);
        let mut other = Epochs::new(23, 6, 1);
        other.next();
        let restore = Checkpoint::new().part("data", &epochs).restore();
        restore.part("data", &mut other).finish().expect("restored");
        for _ in 0..9 {
            assert_eq!(other.next(), epochs.next(), "from {place}");
        }
    }
}

#[test]
fn averages_and_plateaus_are_states() {
    let mut plateau = Plateau::new(0.1);
    for loss in [1.0, 2.0, 3.0] {
        plateau.show(loss);
    }
    let mut other = Plateau::new(0.5);
    let checkpoint = Checkpoint::new().state::<f32>("plateau", &plateau);
    let restore = checkpoint.restore().state::<_, f32>("plateau", &mut other);
    restore.finish().expect("restored");
    let show = |plateau: &Plateau| {
        let mut record = Vec::new();
        let checkpoint = Checkpoint::new().state::<f32>("p", plateau);
        checkpoint.write_to(&mut record).expect("bytes");
        record
    };
    assert_eq!(show(&other), show(&plateau));
}

#[test]
fn other_programs_read_the_weights() {
    let folder = Folder::new();
    let path = folder.join("a.safetensors");
    let mut training = Training::new(1);
    training.step();
    let checkpoint = training.checkpoint().metadata("note", "first");
    checkpoint.save(&path).expect("saved");
    let bytes = fs::read(&path).expect("the file");
    let sound = safetensors::SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let names = sound.names();
    assert!(names.contains(&"model.norm.mean") && names.contains(&"rng.seed"));
    let checkpoint = Checkpoint::open(&path).expect("a checkpoint");
    assert_eq!(checkpoint.text("note"), Some("first"));
    assert_eq!(checkpoint.names().len(), names.len());
    assert_eq!(files::metadata(&path).expect("texts")["note"], "first");
}

/// What does not fit leaves everything as it was, also the parts before it.
#[test]
fn restoring_is_all_or_nothing() {
    let mut saved = Training::new(1);
    for _ in 0..3 {
        saved.step();
    }
    let mut other = Training::new(2);
    other.step();
    let before = other.bytes();
    let mut refuse = |checkpoint: Checkpoint, says: &str| {
        let error = other
            .restore(checkpoint)
            .expect_err("a refusal")
            .to_string();
        assert!(error.contains(says), "{error:?} instead of {says:?}");
        assert_eq!(other.bytes(), before, "{says}");
    };
    // The last part is missing, or another.
    let most = |saved: &Training| {
        Checkpoint::new()
            .model("model", &saved.model)
            .optimizer("adam", &saved.adam)
            .part("rng", &saved.rng)
            .part("tape", &saved.tape)
            .part("batches", &saved.batches)
            .part("step", &saved.step)
            .part("losses", &saved.losses)
    };
    refuse(most(&saved), "`best.some`: it is missing");
    refuse(
        most(&saved).part("best", &3u64),
        "`best.some`: it is missing",
    );
    let text = String::from("?");
    // Another model, and the same in another type.
    let model = (saved.model.clone(), saved.model.clone());
    let other_model = Checkpoint::new().model("model", &model);
    refuse(
        other_model,
        "`model.rnn.layers.0.forward.wx`: it is missing",
    );
    let wide = Checkpoint::new().model("model", &wengert_tape::Bind::cast::<f64>(&saved.model));
    let says = "`model.rnn.layers.0.forward.wx`: it should be f32 [3, 18], and is f64 [3, 18]";
    refuse(wide, says);
    // A model of which the program has a part.
    let small = Linear::new(2, 1, &mut Rng::seed_from_u64(1)).without_bias();
    let large = Linear::new(2, 1, &mut Rng::seed_from_u64(2));
    let checkpoint = Checkpoint::new().model("model", &large);
    let mut program = small.clone();
    let restore = checkpoint.restore().model("model", &mut program);
    let error = restore.finish().expect_err("a refusal").to_string();
    assert_eq!(
        error,
        "`model.bias`: it is in the checkpoint, and not in the program"
    );
    assert_eq!(bits(&program), bits(&small));
    // A part that is something else.
    let odd = Checkpoint::new()
        .model("model", &saved.model)
        .optimizer("adam", &saved.adam)
        .part("rng", &text);
    refuse(odd, "`rng.seed`: it is missing");
    let odd = Checkpoint::new()
        .model("model", &saved.model)
        .optimizer("adam", &saved.adam)
        .part("rng", &saved.rng)
        .part("tape", &saved.tape)
        .part("batches", &saved.batches)
        .part("step", &1.5);
    refuse(odd, "`step`: it should be u64, and is f64 [1]");
}

#[test]
fn every_flipped_bit_and_every_prefix_is_refused() {
    let rng = Rng::seed_from_u64(1);
    let (model, step) = (vec![Tensor::from([1.5_f32, 2.5])], 7u64);
    let mut good = Vec::new();
    let checkpoint = Checkpoint::new().model("model", &model);
    let checkpoint = checkpoint.part("rng", &rng).part("step", &step);
    let checkpoint = checkpoint.metadata("note", "a text");
    checkpoint.write_to(&mut good).expect("bytes");
    Checkpoint::read_from(&good[..]).expect("a sound checkpoint");
    for at in 0..good.len() {
        let error = Checkpoint::read_from(&good[..at]).expect_err("a refusal");
        assert!(
            matches!(error.problem, Problem::Truncated { .. }),
            "{at}: {error}"
        );
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            assert!(
                Checkpoint::read_from(&bad[..]).is_err(),
                "bit {bit} of byte {at}"
            );
        }
    }
    // The numbers are the last bytes, and the checksum alone can tell.
    let last = good.len() - 1;
    let mut bad = good.clone();
    bad[last] ^= 1;
    let error = Checkpoint::read_from(&bad[..]).expect_err("a refusal");
    assert!(matches!(error.problem, Problem::Checksum { .. }), "{error}");
    assert!(
        error
            .to_string()
            .ends_with("was written: the file is damaged"),
        "{error}"
    );
}

#[test]
fn what_is_no_checkpoint_is_refused() {
    let refusal = |bytes: &[u8]| {
        Checkpoint::read_from(bytes)
            .expect_err("a refusal")
            .to_string()
    };
    let mut weights = Vec::new();
    files::save_to(&vec![Tensor::<f32>::zeros([2])], &mut weights).expect("saved");
    assert_eq!(
        refusal(&weights),
        "no checkpoint: its header has no checksum"
    );
    assert!(refusal(b"\x80\x02}q\x00.\x00\x00").contains("a pickle of Python"));
    let odd = file(r#"{"__metadata__":{"checksum":"crc32:+1234567"}}"#, &[]);
    assert_eq!(refusal(&odd), "no checkpoint: its checksum is no number");
    let cut = file(r#"{"__metadata__":{"checksum":"crc32:0123"#, &[]);
    assert_eq!(refusal(&cut), "no checkpoint: its checksum is no number");
}

#[test]
fn the_last_and_the_best_are_kept() {
    let folder = Folder::new();
    let mut training = Training::new(1);
    let mut kept = Checkpoints::new(folder.path())
        .expect("a folder")
        .with_last(2);
    kept = kept.with_best(Goal::Least);
    fs::write(folder.join("notes.txt"), "mine").expect("a file");
    let scores = [3.0, 1.0, f64::NAN, 2.0, 1.0];
    let lists: [&[u64]; 5] = [&[1], &[1, 2], &[2, 3], &[2, 3, 4], &[2, 4, 5]];
    for (score, steps) in scores.into_iter().zip(lists) {
        training.step();
        let path = kept
            .save(training.step, Some(score), &training.checkpoint())
            .expect("saved");
        assert_eq!(kept.steps(), steps);
        assert_eq!(path, kept.path(training.step));
    }
    let names = [
        "step-000000000002",
        "step-000000000004",
        "step-000000000005",
    ];
    let mut names: Vec<_> = names.map(|name| format!("{name}.safetensors")).to_vec();
    names.insert(0, "notes.txt".to_owned());
    assert_eq!(folder.names(), names);
    assert_eq!(kept.best(), Some(kept.path(2)));
    // A new process knows the scores.
    let again = Checkpoints::new(folder.path()).expect("the folder");
    assert_eq!(again.steps(), [2, 4, 5]);
    assert_eq!(again.best(), None);
    let again = again.with_best(Goal::Greatest);
    assert_eq!(again.best(), Some(again.path(4)));
    let best = Checkpoint::open(kept.path(2)).expect("the best");
    assert_eq!(
        (best.text("step"), best.text("score")),
        (Some("2"), Some("1.0"))
    );
}

#[test]
fn resume_finds_the_newest_that_is_whole() {
    let folder = Folder::new();
    let mut kept = Checkpoints::new(folder.path())
        .expect("a folder")
        .with_last(4);
    let found = kept.resume().expect("nothing");
    assert!(found.checkpoint.is_none() && found.refused.is_empty());
    let mut training = Training::new(1);
    for _ in 0..4 {
        training.step();
        kept.save(training.step, None, &training.checkpoint())
            .expect("saved");
    }
    // Cut off, a bit flipped, and something else.
    let cut = fs::read(kept.path(4)).expect("the file");
    fs::write(kept.path(4), &cut[..cut.len() / 2]).expect("a file");
    let mut flipped = fs::read(kept.path(3)).expect("the file");
    *flipped.last_mut().expect("bytes") ^= 4;
    fs::write(kept.path(3), flipped).expect("a file");
    fs::write(kept.path(5), "not at all").expect("a file");
    fs::create_dir(kept.path(6)).expect("a folder");
    fs::write(
        folder.join(".step-000000000007.safetensors.1-0.part"),
        "half",
    )
    .expect("a file");
    fs::write(folder.join("step-8.safetensors"), "not ours").expect("a file");

    let mut kept = Checkpoints::new(folder.path())
        .expect("the folder")
        .with_last(2);
    assert_eq!(kept.steps(), [1, 2, 3, 4, 5, 6]);
    assert!(!folder.names().iter().any(|name| name.ends_with(".part")));
    let found = kept.resume().expect("one that is whole");
    assert_eq!(found.step, 2);
    let refused: Vec<String> = found.refused.iter().map(ToString::to_string).collect();
    let says = [
        ("step-000000000006.safetensors", "this is a folder"),
        ("step-000000000005.safetensors", "no safetensors file"),
        ("step-000000000004.safetensors", "the file ends in"),
        ("step-000000000003.safetensors", "the file is damaged"),
    ];
    assert_eq!(refused.len(), says.len());
    for (refused, (name, says)) in refused.iter().zip(says) {
        assert!(
            refused.contains(name) && refused.contains(says),
            "{refused}"
        );
    }
    let mut other = Training::new(2);
    other
        .restore(found.checkpoint.expect("a checkpoint"))
        .expect("restored");
    // It goes on, and the damaged ones are not among those that count.
    while other.step < 4 {
        other.step();
        kept.save(other.step, None, &other.checkpoint())
            .expect("saved");
        assert!(kept.steps().contains(&2) == (other.step == 3));
    }
    assert_eq!(other.bytes(), training.bytes());
    assert_eq!(kept.steps(), [3, 4, 5, 6]);
    assert_eq!(kept.resume().expect("whole").step, 4);
}
