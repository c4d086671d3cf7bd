//! Runs our side of the workloads, the floors and every rival that is installed, interleaved, each
//! workload in a process of its own, and prints medians, quick times, ratios and memory.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml` (with `-- --help` for its options)

mod distance;
mod programs;

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Parser;
use programs::{Figures, Program};
use wengert_peers::table::Table;

/// Workloads W1 to W9 beside the rivals
#[derive(Parser)]
struct Arguments {
    /// The workloads, with commas between
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "W1-1,W1-64,W1-1024,W2,W3,W4,W5-50,W5-50-composed,W5-50-peephole,W5-50-light,W5-128,\
                         W6-50,W6-128,W7,W7a,W8,W9"
    )]
    workloads: Vec<String>,
    /// The numbers of threads
    #[arg(long, value_delimiter = ',', default_value = "1,2")]
    threads: Vec<usize>,
    /// How often every program runs, one after the other
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds a program spends on a workload
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Only these programs, with commas between
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Also builds every Rust program's library from clean, and counts its crates
    #[arg(long)]
    build: bool,
}

/// What a program was measured at.
type Key = (String, usize, &'static str);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut programs = programs::installed();
    if !arguments.only.is_empty() {
        programs.retain(|program| arguments.only.iter().any(|name| name == program.name));
    }
    if programs.is_empty() {
        eprintln!("no such program is installed");
        return ExitCode::FAILURE;
    }
    let mut figures: BTreeMap<Key, Vec<Figures>> = BTreeMap::new();
    let mut distances = Vec::new();
    for round in 1..=arguments.rounds {
        for workload in &arguments.workloads {
            eprintln!("round {round} of {}: {workload}", arguments.rounds);
            distances.extend(distance::nanoseconds());
            for &threads in &arguments.threads {
                for program in &programs {
                    if let Some(run) = program.run(workload, threads, arguments.seconds) {
                        let key = (workload.clone(), threads, program.name);
                        figures.entry(key).or_default().push(run);
                    }
                }
            }
        }
    }
    println!(
        "Microseconds a step, median of {} runs, and how many times ours:\n",
        arguments.rounds
    );
    let times = |figure| times(&arguments, &programs, &figures, figure);
    println!("{}", times(|run| Some(run.microseconds)));
    println!(
        "The same when the machine is quick, the time below which a fiftieth of a run's steps lie:\n"
    );
    println!("{}", times(|run| run.quick));
    distances.sort_by(f64::total_cmp);
    if let [least, .., greatest] = distances[..] {
        let median = distances[distances.len() / 2];
        println!(
            "Nanoseconds of a message from one core to another, before each workload: \
            {least:.0} to {greatest:.0}, in the middle {median:.0}\n"
        );
    }
    println!("Allocations a step, KiB allocated a step, MiB resident at most, 1 thread:\n");
    println!("{}", memory(&arguments, &programs, &figures));
    if arguments.build {
        println!("Seconds of a clean release build, and crates:\n");
        println!("{}", builds(&programs));
    }
    ExitCode::SUCCESS
}

/// The median of one figure of the runs.
fn median(runs: &[Figures], figure: impl Fn(&Figures) -> Option<f64>) -> Option<f64> {
    let mut values: Vec<f64> = runs.iter().filter_map(figure).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn times(
    arguments: &Arguments,
    programs: &[Program],
    figures: &BTreeMap<Key, Vec<Figures>>,
    figure: fn(&Figures) -> Option<f64>,
) -> Table {
    let names = programs.iter().map(|program| program.name.to_owned());
    let mut table = Table::new(
        ["workload".to_owned(), "threads".to_owned()]
            .into_iter()
            .chain(names),
    );
    for workload in &arguments.workloads {
        for &threads in &arguments.threads {
            let time = |name: &'static str| {
                let runs = figures.get(&(workload.clone(), threads, name))?;
                median(runs, figure)
            };
            let ours = time("ours");
            let cells = programs
                .iter()
                .map(|program| match (time(program.name), ours) {
                    (Some(time), Some(ours)) if program.name != "ours" => {
                        format!("{time:.1} ({:.2})", time / ours)
                    }
                    (Some(time), _) => format!("{time:.1}"),
                    (None, _) => "-".to_owned(),
                });
            let row: Vec<String> = cells.collect();
            if row.iter().any(|cell| cell != "-") {
                table.row(
                    [workload.clone(), threads.to_string()]
                        .into_iter()
                        .chain(row),
                );
            }
        }
    }
    table
}

fn memory(
    arguments: &Arguments,
    programs: &[Program],
    figures: &BTreeMap<Key, Vec<Figures>>,
) -> Table {
    let names = programs.iter().map(|program| program.name.to_owned());
    let mut table = Table::new(["workload".to_owned()].into_iter().chain(names));
    for workload in &arguments.workloads {
        let cells = programs.iter().map(|program| {
            let Some(runs) = figures.get(&(workload.clone(), 1, program.name)) else {
                return "-".to_owned();
            };
            let allocations = median(runs, |run| run.allocations);
            let bytes = median(runs, |run| run.bytes).map(|bytes| bytes / 1024.0);
            let peak = median(runs, |run| run.peak_kib).map(|peak| peak / 1024.0);
            let show = |value: Option<f64>, digits| match value {
                Some(value) => format!("{value:.digits$}"),
                None => "?".to_owned(),
            };
            format!(
                "{} / {} / {}",
                show(allocations, 0),
                show(bytes, 1),
                show(peak, 1)
            )
        });
        table.row(
            [workload.clone()]
                .into_iter()
                .chain(cells.collect::<Vec<_>>()),
        );
    }
    table
}

fn builds(programs: &[Program]) -> Table {
    let mut table = Table::new(["program", "seconds", "crates"].map(str::to_owned));
    for program in programs {
        if let Some((seconds, crates)) = program.build() {
            table.row([
                program.name.to_owned(),
                format!("{seconds:.0}"),
                crates.to_string(),
            ]);
        }
    }
    table
}
