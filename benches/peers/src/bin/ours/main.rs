//! The workloads on the ordinary tape with the ordinary layers, nothing special.
//!
//! `W5-50-composed` is W5-50 out of single ops instead of the fused gates; `W5-50-peephole` and
//! `W5-50-light` are cells that have no fused gates.

mod attention;
mod memory;
mod plain;
mod recurrent;
mod seq2seq;
mod train;

use wengert_peers::measure::Bench;

fn main() {
    let bench = Bench::from_args();
    let threads = bench.threads();
    plain::run(&bench, threads);
    recurrent::run(&bench, threads);
    seq2seq::run(&bench, threads);
    bench.run("W8", || attention::block(threads));
    bench.run("W9", || memory::network(threads));
}
