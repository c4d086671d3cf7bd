//! Runs the experiments that the claims of `examples/claims.toml` name, and writes `docs/results.md`:
//! what each claim says, what it has to reach, and what it reached.
//!
//! `cargo run --release --example results` runs two experiments at a time, each on one thread, and
//! leaves out those whose figures in `docs/results` are those of the sources as they are. It can be
//! stopped and started again. It fails where an experiment fails or a claim has no figure; a claim
//! that is missed is no failure, and is told. `WENGERT_DATA` names the folder with the data.
//!
//! With `--quick` nothing runs: the report is made from the figures that are there, and must be the
//! one in `docs/results.md`.
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

#[path = "support/claims.rs"]
mod claims;
#[path = "support/record.rs"]
mod record;
#[path = "support/report.rs"]
mod report;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use claims::Claims;
use clap::Parser;
use record::{Record, hash, stamped};
use report::{report, summary};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Runs the experiments, and reports what came out
#[derive(Parser)]
struct Arguments {
    /// Experiments that run at a time
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// Only these experiments
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Take figures of older sources for what they are, and run only what has none
    #[arg(long)]
    accept_older: bool,
    /// Run nothing, and mark the figures of this experiment, which was run by hand, as those of the
    /// sources as they are
    #[arg(long, value_name = "NAME")]
    stamp: Vec<String>,
    /// Run nothing, and see whether the report is up to date
    #[arg(long)]
    quick: bool,
    /// The folder for what the experiments print, and for the report of a quick run
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn figures(example: &str) -> PathBuf {
    root().join(format!("docs/results/{example}.json"))
}

fn read(path: &Path) -> Outcome<String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn write(path: &Path, text: &str) -> Outcome {
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = folder.and_then(|()| fs::write(path, text));
    written.map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Adds the Rust files of a folder and of those below it, in their order.
fn add_sources(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry?.path());
    }
    paths.sort();
    for path in paths {
        if path.is_dir() {
            add_sources(&path, files)?;
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// A hash of all that the figures of an experiment follow from: the libraries, what the experiments
/// share, the experiment, and what its claims ask of it.
fn key(example: &str, claims: &Claims) -> Outcome<String> {
    let mut files = Vec::new();
    for folder in ["tensor", "tape", "nn", "derive"] {
        add_sources(&root().join("crates").join(folder).join("src"), &mut files)?;
    }
    add_sources(&root().join("examples/support"), &mut files)?;
    files.push(root().join(format!("examples/{example}.rs")));
    let mut texts = Vec::new();
    for path in &files {
        texts.push(
            path.strip_prefix(root())?
                .to_string_lossy()
                .replace('\\', "/"),
        );
        texts.push(read(path)?);
    }
    for claim in claims.about(example) {
        let asked = (&claim.figure, claim.seeds, claim.of, claim.target);
        texts.push(format!("{asked:?}"));
    }
    Ok(hash(texts.iter().map(String::as_bytes)))
}

/// The commit of the sources of an experiment, with a `+` where they have changed since.
fn commit(example: &str) -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .arg("-C")
            .arg(root())
            .args(arguments)
            .output();
        let output = output.ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(head) = git(&["rev-parse", "--short=9", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let file = format!("examples/{example}.rs");
    let sources = ["crates", "examples/support", &file];
    let changes = git(&[&["status", "--porcelain", "--"][..], &sources].concat());
    if changes.is_some_and(|changes| changes.is_empty()) {
        head
    } else {
        head + "+"
    }
}

/// The figures that are there.
fn records(claims: &Claims) -> Outcome<BTreeMap<String, Record>> {
    let mut records = BTreeMap::new();
    for example in claims.examples() {
        let path = figures(example);
        if path.exists() {
            let record = Record::read(&read(&path)?);
            let record = record.map_err(|error| format!("{}: {error}", path.display()))?;
            records.insert(example.to_owned(), record);
        }
    }
    Ok(records)
}

/// Why an experiment has to run, if it has to.
fn reason(
    example: &str,
    claims: &Claims,
    record: Option<&Record>,
    accept_older: bool,
) -> Outcome<Option<String>> {
    let Some(record) = record else {
        return Ok(Some("it has no figures".to_owned()));
    };
    let lack = claims.about(example).find_map(|claim| record.lacks(claim));
    let older = record.key != Some(key(example, claims)?);
    let older = (older && !accept_older).then(|| "its figures are of other sources".to_owned());
    Ok(lack.or(older))
}

/// Marks figures as those of the sources as they are.
fn stamp(from: &Path, example: &str, key: &str, commit: &str) -> Outcome {
    let text = stamped(&read(from)?, key, commit);
    let text = text.map_err(|error| format!("{}: {error}", from.display()))?;
    write(&figures(example), &text)
}

/// Runs an experiment, and keeps its figures if it ends well.
fn run(example: &str, claims: &Claims, out: &Path) -> Outcome {
    let (key, commit) = (key(example, claims)?, commit(example));
    let (fresh, log) = (
        out.join(format!("{example}.json")),
        out.join(format!("{example}.log")),
    );
    let printed = fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    let mut command = cargo(&["run", "--release", "--quiet", "--example", example, "--"]);
    command
        .args(["--threads", "1", "--out", "docs/results", "--json"])
        .arg(&fresh);
    let status = command
        .stdout(printed.try_clone()?)
        .stderr(printed)
        .status()?;
    if !status.success() {
        let text = fs::read_to_string(&log).unwrap_or_default();
        let last = text
            .trim_end()
            .lines()
            .last()
            .unwrap_or("it printed nothing")
            .to_owned();
        return Err(format!("{last} (all of it is in {})", log.display()).into());
    }
    stamp(&fresh, example, &key, &commit)
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    command
}

/// Runs experiments, some at a time, and hands back those that failed.
fn run_all(examples: &[&str], claims: &Claims, jobs: usize, out: &Path) -> Outcome<Vec<String>> {
    if examples.is_empty() {
        return Ok(Vec::new());
    }
    let mut build = cargo(&["build", "--release"]);
    for example in examples {
        build.args(["--example", example]);
    }
    if !build.status()?.success() {
        return Err("the experiments do not build".into());
    }
    let queue = Mutex::new(examples.iter());
    let (failed, done) = (Mutex::new(Vec::new()), Mutex::new(0));
    let work = || {
        loop {
            let next = queue.lock().expect("no job panicked").next();
            let Some(&example) = next else {
                return;
            };
            println!("{example} runs");
            let started = Instant::now();
            let outcome = run(example, claims, out);
            let mut done = done.lock().expect("no job panicked");
            *done += 1;
            let seconds = started.elapsed().as_secs();
            let end = match outcome {
                Ok(()) => format!("is done in {seconds} s"),
                Err(error) => {
                    failed
                        .lock()
                        .expect("no job panicked")
                        .push(example.to_owned());
                    format!("failed: {error}")
                }
            };
            println!("[{done}/{}] {example} {end}", examples.len());
        }
    };
    thread::scope(|scope| {
        for _ in 0..jobs.min(examples.len()) {
            scope.spawn(work);
        }
    });
    Ok(failed.into_inner().expect("no job panicked"))
}

fn results(arguments: &Arguments) -> Outcome {
    let path = root().join("examples/claims.toml");
    let claims = Claims::read(&read(&path)?);
    let claims = claims.map_err(|error| format!("{}:\n{error}", path.display()))?;
    let named = arguments.only.iter().chain(&arguments.stamp);
    if let Some(unknown) = named
        .clone()
        .find(|name| claims.about(name).next().is_none())
    {
        return Err(format!("no claim names the experiment {unknown}").into());
    }
    for example in &arguments.stamp {
        stamp(
            &figures(example),
            example,
            &key(example, &claims)?,
            &commit(example),
        )?;
    }

    let before = records(&claims)?;
    let (mut due, mut failed) = (Vec::new(), Vec::new());
    for example in claims.examples() {
        let reason = reason(
            example,
            &claims,
            before.get(example),
            arguments.accept_older,
        )?;
        let asked = arguments.only.is_empty() || arguments.only.iter().any(|name| name == example);
        if let Some(reason) = reason.filter(|_| asked) {
            println!("{example}: {reason}");
            due.push(example);
        }
    }
    if !arguments.quick && arguments.stamp.is_empty() {
        // The longest first, so that none is left alone at the end.
        let seconds = |name: &&str| before.get(*name).map_or(f64::INFINITY, |old| old.seconds);
        due.sort_by(|a, b| seconds(b).total_cmp(&seconds(a)));
        let out = std::path::absolute(&arguments.out)?;
        fs::create_dir_all(&out).map_err(|error| format!("{}: {error}", out.display()))?;
        failed = run_all(&due, &claims, usize::from(arguments.jobs), &out)?;
    }

    let (text, count) = report(&claims, &records(&claims)?);
    let place = root().join("docs/results.md");
    if arguments.quick {
        let made = arguments.out.join("results.md");
        write(&made, &text)?;
        if fs::read_to_string(&place).ok().as_ref() != Some(&text) {
            let what = "it is not what the figures and claims make";
            return Err(format!("{}: {what}: {}", place.display(), made.display()).into());
        }
    } else {
        write(&place, &text)?;
    }
    println!("{}", summary(&count));
    match (failed.is_empty(), count.open) {
        (true, 0) => Ok(()),
        (true, open) => Err(format!("{open} claims have no figure").into()),
        (false, _) => Err(format!("these experiments failed: {}", failed.join(", ")).into()),
    }
}

fn main() -> ExitCode {
    match results(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("results: {error}");
            ExitCode::FAILURE
        }
    }
}
