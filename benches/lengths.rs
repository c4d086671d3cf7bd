//! What sequences of different lengths cost: a step of training (forward, backward, the gradients) on
//! a batch whose lengths are spread evenly over 1…T, beside the same batch padded to T.
//!
//! `cargo bench --bench lengths` prints milliseconds a step, taken in turns: the time below which a
//! fiftieth of the steps lie. `run` gives padded outputs, `packed` leaves them packed, `last` wants
//! the last state alone. Half of the steps are there, so that 0.5 is the least share to hope for.

#![allow(clippy::print_stdout)]

use std::time::Instant;

use wengert::nn::rnn::{PackedSequence, Stacking};
use wengert::prelude::*;

fn main() {
    // Under `cargo test` a bench is only compiled and started.
    let steps = if std::env::args().any(|a| a == "--bench") {
        100
    } else {
        1
    };
    println!(
        "cell    B   T   H  both |   run padded lengths        | packed      |  last padded lengths"
    );
    for both in [false, true] {
        for sizes in [(32, 100, 64), (64, 100, 128), (32, 50, 128), (100, 50, 32)] {
            macro_rules! measure {
                ($cell:ident) => {{
                    let (batch, time, hidden) = sizes;
                    let mut rng = Rng::seed_from_u64(1);
                    let stacking = Stacking {
                        layers: 1,
                        bidirectional: both,
                    };
                    let rnn = $cell::stacked(16, hidden, stacking, &mut rng);
                    let x: Tensor = rng.normal([batch, time, 16], 0.0, 1.0);
                    let mut lengths: Vec<usize> = (0..batch)
                        .map(|row| 1 + row * (time - 1) / (batch - 1))
                        .collect();
                    rng.shuffle(&mut lengths);
                    let mut tape = Tape::new();
                    let mut taken = [const { Vec::new() }; 5];
                    for _ in 0..steps {
                        for (way, taken) in taken.iter_mut().enumerate() {
                            let start = Instant::now();
                            tape.value_and_grad(&rnn, |t, m| {
                                let x = t.constant(&x);
                                let packed = || PackedSequence::pack_padded(x, &lengths);
                                match way {
                                    0 => m.run(x, None).0.sum(),
                                    1 => m.run_lengths(x, &lengths, None).0.sum(),
                                    2 => m.run_packed(&packed(), None).0.data().sum(),
                                    3 => m.last(x, None).h().sum(),
                                    _ => m.last_packed(&packed(), None).h().sum(),
                                }
                            });
                            taken.push(start.elapsed().as_secs_f64() * 1e3);
                        }
                    }
                    let [run, lengths, packed, last, last_packed] = taken.map(|mut taken| {
                        taken.sort_by(f64::total_cmp);
                        taken[taken.len() / 50]
                    });
                    println!(
                        "{:9} {batch:3} {time:3} {hidden:3} {both:5} | {run:7.2} {lengths:7.2} {:5.2} | \
                         {packed:7.2} {:5.2} | {last:7.2} {last_packed:7.2} {:5.2}",
                        stringify!($cell),
                        lengths / run,
                        packed / run,
                        last_packed / last,
                    );
                }};
            }
            measure!(Lstm);
            measure!(Gru);
            measure!(SimpleRnn);
        }
    }
}
