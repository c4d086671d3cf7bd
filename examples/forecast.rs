//! Forecasts of two monthly series, beside the simple ones that they have to beat: persistence (the
//! next month is as this one) and the season (the next month is as the same month a year ago).
//!
//! - Airline passengers 1949–1960 grow, with a season that grows along. A recurrent network reads 24
//!   monthly changes of the logarithm and says the next one. It is then let run for the whole test
//!   period, four years, from its own forecasts.
//! - Sunspots 1749–1983 have a cycle of eleven years or so that is no season, so that the seasonal
//!   forecast takes 132 months. The network reads 36 months and says the next change.
//!
//! The last third of each series is for the test, and the last sixth of the rest for validation. What a
//! network reads is scaled by mean and deviation of what it learns from. A GRU is trained by Adam, with a
//! rate that falls to 0, and the one with the least validation error is kept. The source of the series is
//! Box and Jenkins 1976 (G) and the Royal Observatory of Belgium, by way of the collection of J. Brownlee;
//! the errors of the simple forecasts are those of the seed.
//!
//! `cargo run --release --example forecast -- --data DIR` for a folder with the two CSV files, or with
//! `WENGERT_DATA` set to a folder that has them in `jbrownlee/`. A quick run does without.
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use support::figures::Figures;
use support::folder::folder;
use support::recurrent::Reader;
use support::seeds::each_seed;
use support::{Options, Outcome};
use wengert::nn::data::{Batches, table};
use wengert::nn::look::pictures::Chart;
use wengert::prelude::*;

const SEEDS: usize = 5;
const BATCH: usize = 32;

/// Forecasts passengers and sunspots
#[derive(Parser)]
struct Arguments {
    /// The folder with the CSV files
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// A series, and how a network reads it.
#[derive(Clone, Copy)]
struct Series {
    name: &'static str,
    file: &'static str,
    /// Months of a season.
    season: usize,
    /// Whether the logarithm's changes are read, or the months themselves.
    grows: bool,
    window: usize,
    hidden: usize,
    epochs: usize,
    rate: f64,
}

const SERIES: [Series; 2] = [
    Series {
        name: "passengers",
        file: "airline-passengers.csv",
        season: 12,
        grows: true,
        window: 24,
        hidden: 16,
        epochs: 300,
        rate: 1e-2,
    },
    Series {
        name: "sunspots",
        file: "monthly-sunspots.csv",
        season: 132,
        grows: false,
        window: 36,
        hidden: 16,
        epochs: 40,
        rate: 3e-3,
    },
];

impl Series {
    /// The months of the file, whose second column has the numbers.
    fn load(&self, folder: &Path) -> Outcome<Vec<f64>> {
        let path = folder.join(self.file);
        let table = table::load(&path)?;
        let name = table.names().get(1).ok_or("there is no second column")?;
        let months = table.tensor::<f64>(&[name])?.to_vec();
        if months.len() < 3 * self.season {
            let found = months.len();
            return Err(format!("{}: {found} months are too few", path.display()).into());
        }
        if self.grows && months.iter().any(|&x| x <= 0.0) {
            return Err(format!("{}: there is a month without passengers", path.display()).into());
        }
        Ok(months)
    }

    /// Months that are made up: growth, and a season.
    fn stand_in(&self, rng: &mut Rng) -> Vec<f64> {
        let season = |at: usize| 1.0 + 0.2 * (TAU * at as f64 / self.season as f64).sin();
        let noisy = |at| (100.0 + at as f64) * season(at) * (1.0 + 0.02 * rng.standard_normal());
        (0..5 * self.season).map(noisy).collect()
    }
}

/// A network for a series, with the scale of what it reads.
struct Forecaster {
    series: Series,
    net: Reader,
    mean: f64,
    deviation: f64,
}

impl Forecaster {
    /// What the network reads of the months: their changes, or the months.
    fn read(&self, months: &[f64]) -> Vec<f64> {
        let scaled = |x: f64| (x - self.mean) / self.deviation;
        match self.series.grows {
            true => months
                .windows(2)
                .map(|pair| scaled((pair[1] / pair[0]).ln()))
                .collect(),
            false => months.iter().copied().map(scaled).collect(),
        }
    }

    /// The months that a window needs.
    fn needed(&self) -> usize {
        self.series.window + usize::from(self.series.grows)
    }

    /// What the network has to say between a month and the next one.
    fn target(&self, month: f64, next: f64) -> f64 {
        match self.series.grows {
            true => ((next / month).ln() - self.mean) / self.deviation,
            false => (next - month) / self.deviation,
        }
    }

    /// The next month, from what the network says.
    fn month(&self, month: f64, said: f64) -> f64 {
        match self.series.grows {
            true => month * (said * self.deviation + self.mean).exp(),
            false => month + said * self.deviation,
        }
    }

    /// Windows x \[N, W, 1\] before the months `from..to`, and what is to be said y \[N, 1\].
    fn windows(&self, months: &[f64], from: usize, to: usize) -> (Tensor, Tensor) {
        let needed = self.needed();
        let rows: Vec<Vec<f64>> = (from..to)
            .map(|at| self.read(&months[at - needed..at]))
            .collect();
        let x = Tensor::from_fn([rows.len(), self.series.window, 1], |at| {
            rows[at[0]][at[1]] as f32
        });
        let y = |at: &[usize]| self.target(months[from + at[0] - 1], months[from + at[0]]) as f32;
        (x, Tensor::from_fn([rows.len(), 1], y))
    }

    /// What the network says to windows.
    fn say(&self, tape: &mut Tape, x: &Tensor) -> Vec<f64> {
        let said = tape.evaluate(&self.net, |t, m| m.last(t.constant(x)).value());
        said.iter().map(f64::from).collect()
    }

    /// Learns from the months before `end`.
    fn train(series: Series, months: &[f64], end: usize, epochs: usize, seed: u64) -> Self {
        let rng = Rng::seed_from_u64(seed);
        let net = Reader::of("gru", [1, series.hidden, 1], &mut rng.split(1));
        let learned = end - end / 6;
        let mut found = Forecaster {
            series,
            net,
            mean: 0.0,
            deviation: 1.0,
        };
        let raw = found.read(&months[..learned]);
        let count = raw.len() as f64;
        found.mean = raw.iter().sum::<f64>() / count;
        let squares = raw.iter().map(|x| (x - found.mean).powi(2)).sum::<f64>();
        found.deviation = (squares / count).sqrt();

        let (x, y) = found.windows(months, found.needed(), learned);
        let (held_x, held_y) = found.windows(months, learned, end);
        let (mut tape, mut adam, mut order) = (Tape::new(), Adam::new(series.rate), rng.split(2));
        let mut best = (f32::INFINITY, found.net.clone());
        for epoch in 0..epochs {
            adam.learning_rate = series.rate * (1.0 - epoch as f64 / epochs as f64);
            for rows in Batches::shuffled(y.size(), BATCH, &mut order) {
                let (x, y) = (x.index_select(0, &rows), y.index_select(0, &rows));
                let (_, mut grads) =
                    tape.value_and_grad(&found.net, |t, m| mse(m.last(t.constant(&x)), &y));
                clip_by_global_norm(&mut grads, 1.0);
                adam.step(&mut found.net, &grads);
            }
            let error = tape.evaluate(&found.net, |t, m| {
                mse(m.last(t.constant(&held_x)), &held_y).item()
            });
            if error < best.0 {
                best = (error, found.net.clone());
            }
        }
        found.net = best.1;
        found
    }

    /// Each month from `from` on, forecast from those before it.
    fn each_month(&self, months: &[f64], from: usize) -> Vec<f64> {
        let said = self.say(
            &mut Tape::new(),
            &self.windows(months, from, months.len()).0,
        );
        let month = |(at, said)| self.month(months[from + at - 1], said);
        said.into_iter().enumerate().map(month).collect()
    }

    /// All months from `from` on, forecast from those before `from` alone.
    fn all_months(&self, months: &[f64], from: usize) -> Vec<f64> {
        let (mut known, mut tape) = (months[..from].to_vec(), Tape::new());
        while known.len() < months.len() {
            let last = known[known.len() - 1];
            let window = self.read(&known[known.len() - self.needed()..]);
            let x = Tensor::from_fn([1, self.series.window, 1], |at| window[at[1]] as f32);
            let said = self.say(&mut tape, &x)[0];
            known.push(self.month(last, said));
        }
        known.split_off(from)
    }
}

/// The root of the mean squared error of forecasts for the months from `from` on.
fn rmse(months: &[f64], from: usize, forecast: impl Fn(usize) -> f64) -> f64 {
    let square = |at: usize| (forecast(at) - months[at]).powi(2);
    ((from..months.len()).map(square).sum::<f64>() / (months.len() - from) as f64).sqrt()
}

fn run(options: &Options, data: Option<&Path>) -> Outcome {
    let mut figures = Figures::new("forecast");
    let seeds = if options.quick { 1 } else { SEEDS };
    for series in SERIES {
        let Series { name, season, .. } = series;
        let months = match data {
            Some(folder) => series.load(folder)?,
            None => series.stand_in(&mut Rng::seed_from_u64(options.seed)),
        };
        let epochs = if options.quick { 2 } else { series.epochs };
        // The test is the last third.
        let from = months.len() - (months.len() as f64 * 0.33).round() as usize;
        let persistence = rmse(&months, from, |at| months[at - 1]);
        let seasonal = rmse(&months, from, |at| months[at - season]);
        figures.add(&format!("{name}.persistence.rmse"), &[persistence]);
        figures.add(&format!("{name}.season.rmse"), &[seasonal]);
        // The last season that is known, again and again.
        let again = |at: usize| months[from - season + (at - from) % season];
        let repeated = rmse(&months, from, again);
        figures.add(&format!("{name}.repeated_season.rmse"), &[repeated]);

        let found = each_seed(options, seeds, 1, |seed, ticker| {
            let forecaster = Forecaster::train(series, &months, from, epochs, seed);
            let each = forecaster.each_month(&months, from);
            let all = forecaster.all_months(&months, from);
            let error = |forecast: &[f64]| rmse(&months, from, |at| forecast[at - from]);
            let errors = [error(&each), error(&all)];
            ticker.tick(|| format!("{name}: {:.2}, persistence {persistence:.2}", errors[0]));
            (errors, each, all)
        });
        let of = |of: &dyn Fn([f64; 2]) -> f64| {
            found.iter().map(|found| of(found.0)).collect::<Vec<_>>()
        };
        figures.add(&format!("{name}.gru.rmse"), &of(&|errors| errors[0]));
        figures.add(
            &format!("{name}.gru.to_persistence"),
            &of(&|errors| errors[0] / persistence),
        );
        figures.add(
            &format!("{name}.gru.to_season"),
            &of(&|errors| errors[0] / seasonal),
        );
        figures.add(
            &format!("{name}.gru.free_run.rmse"),
            &of(&|errors| errors[1]),
        );
        figures.add(
            &format!("{name}.gru.free_run.to_repeated_season"),
            &of(&|errors| errors[1] / repeated),
        );
        if series.grows {
            let (_, each, all) = &found[0];
            let line = |start: usize, y: &[f64]| {
                let at = |(at, y): (usize, &f64)| ((start + at) as f64 / 12.0 + 1949.0, *y);
                y.iter().enumerate().map(at).collect::<Vec<_>>()
            };
            let early = from - 36;
            let lines = [
                ("passengers", line(early, &months[early..])),
                ("each month from those before", line(from, each)),
                ("all months from 1957 on", line(from, all)),
            ];
            let greatest = months.iter().chain(all).fold(0.0, |a: f64, &b| a.max(b));
            let year = |at: usize| at as f64 / 12.0 + 1949.0;
            Chart::new("Airline passengers, as a recurrent network forecasts them")
                .with_axes("year", "passengers a month, in thousands")
                .with_x_range(year(early)..year(months.len()))
                .with_y_range(100.0..1.1 * greatest)
                .with_lines(&lines)
                .save(options.picture("forecast.svg")?)?;
        }
    }
    figures.write(options)
}

fn main() -> ExitCode {
    let Arguments { data, options } = Arguments::parse();
    let data = folder(data, "jbrownlee", options.quick);
    let outcome = data.and_then(|data| run(&options, data.as_deref()));
    support::exit("forecast", outcome)
}
