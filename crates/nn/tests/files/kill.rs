//! Runs that are killed at random moments, writes included, and resumed: they end in the bits of the
//! run that was never killed.
//!
//! `WENGERT_KILLS=200 cargo test -p wengert-nn --features files --test files killed` is the long form.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wengert_nn::files::{Checkpoints, Goal};
use wengert_tensor::Rng;

use crate::common::Folder;
use crate::training::Training;

/// The steps of a run.
const STEPS: u64 = 60;

/// Trains to the end, from where the folder is, with a checkpoint after every step.
fn run(folder: &Path) {
    let mut training = Training::new(1);
    let mut kept = Checkpoints::new(folder).expect("a folder").with_last(2);
    kept = kept.with_best(Goal::Least);
    let found = kept.resume().expect("a folder that can be read");
    assert!(found.refused.is_empty(), "{:?}", found.refused);
    if let Some(checkpoint) = found.checkpoint {
        training.restore(checkpoint).expect("restored");
    }
    while training.step < STEPS {
        let loss = training.step();
        kept.save(training.step, Some(loss), &training.checkpoint())
            .expect("saved");
    }
}

/// What a run leaves: the names and the bytes of its files.
fn left(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let names = folder.names().into_iter();
    names
        .map(|name| (name.clone(), fs::read(folder.join(&name)).expect("a file")))
        .collect()
}

#[cfg(unix)]
#[test]
fn killed_runs_end_in_the_same_bits() {
    let wanted = std::env::var("WENGERT_KILLS").ok();
    let wanted: u32 = wanted.map_or(5, |kills| kills.parse().expect("a number of kills"));
    let reference = Folder::new();
    let start = Instant::now();
    run(reference.path());
    let whole = start.elapsed();
    let reference = left(&reference);
    let rng = &mut Rng::seed_from_u64(u64::from(std::process::id()));
    let (mut kills, mut writing, mut runs) = (0, 0, 0);
    while kills < wanted {
        let folder = Folder::new();
        loop {
            let mut child = Command::new(std::env::current_exe().expect("this test"))
                .args(["--exact", "kill::killed_child", "--ignored"])
                .env("WENGERT_KILLED", folder.path())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("a process");
            // A process needs a moment to begin; it may then be killed while it reads or writes.
            let moment = Duration::from_millis(5) + whole.mul_f64(0.3 * rng.unit());
            let end = Instant::now() + moment;
            let status = loop {
                if let Some(status) = child.try_wait().expect("its state") {
                    break Some(status);
                }
                if Instant::now() >= end && kills < wanted {
                    child.kill().expect("a kill");
                    child.wait().expect("its end");
                    kills += 1;
                    let part = |name: &String| name.ends_with(".part");
                    writing += u32::from(folder.names().iter().any(part));
                    break None;
                }
                std::thread::sleep(Duration::from_micros(200));
            };
            if let Some(status) = status {
                assert!(status.success(), "a resumed run failed");
                break;
            }
        }
        runs += 1;
        let found = left(&folder);
        // A run that is killed after its last step, and before the oldest file went, leaves that one too.
        let extra = found.len() - reference.len();
        assert!(extra <= 1, "{:?} after {kills} kills", folder.names());
        let same = reference.iter().all(|file| found.contains(file));
        assert!(same, "other bits after {kills} kills: {:?}", folder.names());
    }
    println!(
        "{kills} kills, {writing} of them while a file was written, in {runs} runs of {STEPS} steps, a \
         checkpoint each"
    );
}

/// What [`killed_runs_end_in_the_same_bits`] runs and kills.
#[test]
#[ignore = "run and killed by another test"]
fn killed_child() {
    if let Some(folder) = std::env::var_os("WENGERT_KILLED") {
        run(Path::new(&folder));
    }
}
