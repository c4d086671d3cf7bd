//! Which loss for which answer: the cross-entropy for classes, the squared error for numbers.
//!
//! - A sigmoid that is far on the wrong side still gets a gradient of 1 from the cross-entropy. The
//!   squared error gives it next to none, and a network that starts there stays there.
//! - Any number that is made on the tape can be a loss: a hinge is tried as a third one.
//! - The same prices asked two questions: whether the S&P 500 goes up next month (classes) and where it
//!   will stand (a number). Both answers are shown beside what needs no learning: always "up", the same
//!   direction as last month, the same price as last month. Nothing says that they are beaten.
//!
//! Source: Sugomori, *Deep learning with TensorFlow and Keras*, chapter 3; Bishop 2006, *Pattern
//! recognition and machine learning*, section 4.3. The prices are monthly means since 1871, and the
//! first four fifths of the months are learned from. Both models see the last twelve returns; the second
//! says the next return, and the price follows from it. As a price is the mean of a month, one return
//! resembles the one before it, and the models profit from that; no trader can.
//!
//! `cargo run --release --example choice_of_loss -- --data DIR` for a folder with the S&P 500's
//! `data.csv`, or with `WENGERT_DATA` set to a folder that has it in `sp500/`.
#![allow(clippy::print_stdout, reason = "an experiment reports what it found")]

mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use support::figures::Figures;
use support::folder::folder;
use support::seeds::each_seed;
use support::{Options, Outcome};
use wengert::nn::data::table;
use wengert::nn::look::pictures::Chart;
use wengert::prelude::*;

const SEEDS: usize = 5;
/// Steps of gradient descent from the wrong side.
const STEPS: usize = 1000;
const RATE: f64 = 0.1;
/// The returns that are seen, and the steps of learning from them.
const MONTHS: usize = 12;
const MARKET_STEPS: usize = 300;
/// The share of the months that is learned from.
const TRAINED: f64 = 0.8;

/// Shows what the loss decides, and asks the stock market two questions
#[derive(Parser)]
struct Arguments {
    /// The folder with data.csv
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// The losses of logits p for targets t of 0 and 1.
const LOSSES: [&str; 3] = ["cross_entropy", "squared_error", "hinge"];

fn loss<'t>(name: &str, p: Var<'t, f64>, t: &Tensor<f64>) -> Var<'t, f64> {
    match name {
        "cross_entropy" => bce_with_logits(p, t, Reduction::Mean),
        "squared_error" => mse(p.sigmoid(), t),
        _ => (1.0 - p * &(t * 2.0 - 1.0)).relu().mean(),
    }
}

/// The slope of each loss where the sum is −10 and the answer would be 1.
fn saturated(figures: &mut Figures) {
    for name in LOSSES {
        let p = Tensor::from([-10.0]);
        let (_, slope) = Tape::new().value_and_grad(&p, |_, p| loss(name, p, &Tensor::ones([1])));
        figures.add(&format!("{name}.slope"), &[slope.norm()]);
    }
}

/// A unit that starts on the wrong side of two classes without noise: its accuracy in the end, and the
/// share of wrong answers after each step.
fn from_the_wrong_side(name: &str, steps: usize, seed: u64) -> (f64, Vec<(f64, f64)>) {
    let mut rng = Rng::seed_from_u64(seed);
    let t = Tensor::from_fn([100, 1], |at| (at[0] % 2) as f64);
    let spread: Tensor<f64> = rng.normal([100, 2], 0.0, 0.3);
    let x = (&t * 4.0 - 2.0) + spread;
    let mut unit = Linear {
        weight: Tensor::full([2, 1], -2.5),
        bias: Some(Tensor::zeros([1])),
    };
    let (mut tape, mut sgd, mut course) = (Tape::new(), Sgd::new(RATE), Vec::new());
    let mut accuracy = 0.0;
    for step in 0..=steps {
        let p = tape.evaluate(&unit, |tape, unit| unit.forward(tape.constant(&x)).value());
        let right = p.zip_map(&t, |p, t| f64::from((p > 0.0) == (t > 0.5)));
        accuracy = right.mean().item();
        let bits = tape.evaluate(&p, |_, p| bce_with_logits(p, &t, Reduction::Mean).item());
        course.push((step as f64, bits));
        let (_, grads) = tape.value_and_grad(&unit, |tape, unit| {
            loss(name, unit.forward(tape.constant(&x)), &t)
        });
        sgd.step(&mut unit, &grads);
    }
    (accuracy, course)
}

/// The prices of a file, month by month.
fn prices(data: Option<PathBuf>, options: &Options) -> Outcome<Vec<f64>> {
    let Some(folder) = folder(data, "sp500", options.quick)? else {
        let mut rng = Rng::seed_from_u64(options.seed);
        let walk = |price: &mut f64, _| {
            *price *= (0.004 + 0.04 * rng.standard_normal()).exp();
            Some(*price)
        };
        return Ok((0..300).scan(100.0, walk).collect());
    };
    let path = folder.join("data.csv");
    let prices = table::load(&path)?.tensor::<f64>(&["SP500"])?.to_vec();
    if let Some(price) = prices.iter().find(|&&x| !(x.is_finite() && x > 0.0)) {
        return Err(format!("{}: {price} is no price", path.display()).into());
    }
    if prices.len() < 10 * MONTHS {
        return Err(format!("{}: {} months are too few", path.display(), prices.len()).into());
    }
    Ok(prices)
}

/// Trains one layer on months of returns x \[N, 12\] by one of two losses, and gives what it says of
/// all months.
fn learn(
    x: &Tensor<f64>,
    trained: usize,
    steps: usize,
    loss: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>,
) -> Tensor<f64> {
    // It is a convex task: nothing has to be drawn, and no seed plays a part.
    let mut model = Linear {
        weight: Tensor::zeros([MONTHS, 1]),
        bias: Some(Tensor::zeros([1])),
    };
    let (mut tape, mut adam) = (Tape::new(), Adam::new(0.05));
    let seen = x.slice(0, ..trained);
    for step in 0..steps {
        adam.learning_rate = 0.05 * (1.0 - step as f64 / steps as f64);
        let (_, grads) = tape.value_and_grad(&model, |t, m| loss(m.forward(t.constant(&seen))));
        adam.step(&mut model, &grads);
    }
    tape.evaluate(&model, |t, m| m.forward(t.constant(x)).value())
}

fn mean(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, count) = numbers
        .into_iter()
        .fold((0.0, 0), |(sum, count), x| (sum + x, count + 1));
    sum / f64::from(count)
}

/// Both questions about the next month.
fn market(figures: &mut Figures, options: &Options, prices: &[f64]) -> Outcome {
    let returns: Vec<f64> = prices
        .windows(2)
        .map(|two| (two[1] / two[0]).ln())
        .collect();
    let (up, all) = (|x: &f64| f64::from(*x > 0.0), mean(returns.iter().copied()));
    let last_fifth = returns.len() - returns.len() / 5;
    figures.add("market.months", &[prices.len() as f64]);
    figures.add("market.up_share", &[mean(returns.iter().map(up))]);
    figures.add(
        "market.up_share.last_fifth",
        &[mean(returns[last_fifth..].iter().map(up))],
    );
    let same = |part: &[f64]| {
        mean(
            part.windows(2)
                .map(|two| f64::from((two[0] > 0.0) == (two[1] > 0.0))),
        )
    };
    figures.add("market.same_sign", &[same(&returns)]);
    figures.add(
        "market.same_sign.last_fifth",
        &[same(&returns[last_fifth - 1..])],
    );
    let products = returns
        .windows(2)
        .map(|two| (two[0] - all) * (two[1] - all));
    let squares = returns.iter().map(|x| (x - all).powi(2));
    figures.add(
        "market.autocorrelation",
        &[products.sum::<f64>() / squares.sum::<f64>()],
    );

    // Row k sees the returns k … k+11 and is asked about return k+12, in units of the size of the seen ones.
    let count = returns.len() - MONTHS;
    let trained = (TRAINED * count as f64) as usize;
    let unit = mean(returns[..trained].iter().map(|x| x * x)).sqrt();
    let x = Tensor::from_fn([count, MONTHS], |at| returns[at[0] + at[1]] / unit);
    let next = &returns[MONTHS..];
    let t = Tensor::from_fn([count, 1], |at| next[at[0]] / unit);
    let t_up = t.map(|x| f64::from(x > 0.0));
    let (seen, seen_up) = (t.slice(0, ..trained), t_up.slice(0, ..trained));
    let steps = if options.quick { 20 } else { MARKET_STEPS };

    let tested = || trained..count;
    let p = learn(&x, trained, steps, |p| {
        bce_with_logits(p, &seen_up, Reduction::Mean)
    })
    .to_vec();
    let rose = |at: usize| next[at] > 0.0;
    let share = |right: &dyn Fn(usize) -> bool| mean(tested().map(|at| f64::from(right(at))));
    figures.add(
        "direction.accuracy",
        &[share(&|at| (p[at] > 0.0) == rose(at))],
    );
    figures.add("direction.accuracy.majority", &[share(&rose)]);
    figures.add(
        "direction.accuracy.same_as_last",
        &[share(&|at| (returns[at + MONTHS - 1] > 0.0) == rose(at))],
    );
    let log_loss = |p: &dyn Fn(usize) -> f64| {
        mean(tested().map(|at| (if rose(at) { -p(at) } else { p(at) }).exp().ln_1p()))
    };
    let frequency = seen_up.mean().item();
    let base = (frequency / (1.0 - frequency)).ln();
    figures.add("direction.log_loss", &[log_loss(&|at| p[at])]);
    figures.add("direction.log_loss.majority", &[log_loss(&|_| base)]);

    let said = learn(&x, trained, steps, |y| mse(y, &seen)).to_vec();
    let last = |at: usize| prices[at + MONTHS];
    let guess = |at: usize| last(at) * (said[at] * unit).exp();
    let error = |guess: &dyn Fn(usize) -> f64| {
        mean(tested().map(|at| (guess(at) - prices[at + MONTHS + 1]).powi(2)))
    };
    figures.add("price.mse", &[error(&guess)]);
    figures.add("price.mse.persistence", &[error(&last)]);
    figures.add("price.mse.to_persistence", &[error(&guess) / error(&last)]);

    // The last ten years: how far off each is.
    let shown = count.saturating_sub(120)..count;
    let off = |guess: &dyn Fn(usize) -> f64| -> Vec<(f64, f64)> {
        let at = |at: usize| {
            (
                (at - shown.start) as f64,
                100.0 * (guess(at) / prices[at + MONTHS + 1] - 1.0),
            )
        };
        shown.clone().map(at).collect()
    };
    let (model, persistence) = (off(&guess), off(&last));
    Chart::new("S&P 500: how far off the price of the next month is")
        .with_axes("month of the last ten years", "percent of the price")
        .with_x_range(0.0..120.0)
        .with_y_range(-15.0..25.0)
        .with_line("twelve months, squared error", model)
        .with_line("the price of last month", persistence)
        .save(options.picture("choice_of_loss_prices.svg")?)?;
    Ok(())
}

fn run(options: &Options, data: Option<PathBuf>) -> Outcome {
    let prices = prices(data, options)?;
    let mut figures = Figures::new("choice_of_loss");
    saturated(&mut figures);
    let steps = if options.quick { 100 } else { STEPS };
    let mut courses = Vec::new();
    for name in LOSSES {
        let found = each_seed(options, SEEDS, 1, |seed, _| {
            from_the_wrong_side(name, steps, seed)
        });
        let accuracies: Vec<f64> = found.iter().map(|found| found.0).collect();
        figures.add(&format!("{name}.accuracy"), &accuracies);
        courses.push(
            found
                .into_iter()
                .next()
                .map(|found| found.1)
                .unwrap_or_default(),
        );
    }
    let title = "A unit that starts on the wrong side, by the loss that it learns with";
    let mut chart = Chart::new(title)
        .with_axes("step", "nats of surprise an answer")
        .with_log_y();
    for (name, course) in ["cross-entropy", "squared error", "hinge"]
        .iter()
        .zip(courses)
    {
        chart = chart.with_line(name, course);
    }
    chart.save(options.picture("choice_of_loss.svg")?)?;
    market(&mut figures, options, &prices)?;
    figures.write(options)
}

fn main() -> ExitCode {
    let Arguments { data, options } = Arguments::parse();
    support::exit("choice_of_loss", run(&options, data))
}
