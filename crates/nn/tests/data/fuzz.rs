//! Random files for every reader: good ones that were changed, and tables that must come back.
//!
//! A few thousand files are tried in a test. `WENGERT_FUZZ_SECONDS=600 cargo test -p wengert-nn
//! --all-features --test data fuzz` tries new ones for ten minutes each, and prints how many.

use std::io::Read;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use wengert_nn::data::npz::Npz;
use wengert_nn::data::{babi, gzip, idx, npy, table, text};
use wengert_tensor::{Rng, Tensor};

/// Runs rounds, each with its own number: some in a test, and for as long as the variable says.
fn rounds(what: &str, few: u64, mut round: impl FnMut(u64) -> u64) {
    let seconds = std::env::var("WENGERT_FUZZ_SECONDS").ok();
    let seconds: Option<u64> = seconds.map(|text| text.parse().expect("a number of seconds"));
    let (begin, mut number, mut inputs) = (Instant::now(), 0, 0);
    let more = |number| match seconds {
        Some(seconds) => begin.elapsed() < Duration::from_secs(seconds),
        None => number < few,
    };
    while more(number) {
        inputs += round(number);
        number += 1;
    }
    if seconds.is_some() {
        eprintln!("{what}: {inputs} inputs");
    }
}

/// A file with a few changes: bytes, numbers at the edges, and parts cut out, doubled or moved.
fn changed(good: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut file = good.to_vec();
    for _ in 0..1 + rng.below(4) {
        let at = rng.below(file.len() + 1);
        let length = rng.below(9).min(file.len() - at);
        match rng.below(7) {
            0 if at < file.len() => file[at] ^= 1 << rng.below(8),
            1 if at < file.len() => file[at] = rng.below(256) as u8,
            2 => {
                let edge = [0, 1, 0x7fff_ffff, 0xffff_ffff, 1 << 63, u64::MAX][rng.below(6)];
                let bytes = &edge.to_le_bytes()[..length.min(8)];
                file[at..at + bytes.len()].copy_from_slice(bytes);
            }
            3 => drop(file.drain(at..at + length)),
            4 => {
                let part = file[at..at + length].to_vec();
                let to = rng.below(file.len() + 1);
                file.splice(to..to, part);
            }
            5 => file.truncate(at),
            _ => {
                let text = ["\"", "\n", "\r\n", ",", "9", "\t", "\u{feff}", "(", "'"][rng.below(9)];
                file.splice(at..at, text.bytes());
            }
        }
    }
    file
}

/// Whatever comes is read or refused.
fn all_of(bytes: &[u8]) {
    let _ = text::read(bytes).map(|text| (text::pairs(&text, '_'), babi::questions(&text)));
    let _ = gzip::Gunzip::new(bytes, 1 << 16).read_to_end(&mut Vec::new());
    let _ = (idx::images::<f32>(bytes), idx::labels(bytes));
    let _ = (
        npy::read_within::<f64>(bytes, 1 << 20),
        npy::read_within::<bool>(bytes, 1 << 20),
    );
    let archive = Npz::read_within(bytes, 1 << 20);
    if let Ok(archive) = archive {
        for name in archive.names() {
            let _ = (archive.get::<f32>(name), archive.get::<i64>(name));
        }
    }
    if let Ok(table) = table::read(bytes) {
        let names: Vec<&str> = table.names().iter().map(String::as_str).collect();
        let _ = table.tensor_filled::<f32>(&names, 0.0);
    }
}

#[test]
fn changed_files_are_read_or_refused() {
    let mut array = Vec::new();
    npy::write(&mut array, &Tensor::<f32>::from([[1.0, 2.0], [3.0, 4.0]])).expect("a file");
    let mut archive = Npz::new();
    archive.insert("x", &Tensor::from([1, 2, 3]));
    archive.insert("y", &Tensor::from([true, false]));
    let (mut plain, mut small) = (Vec::new(), Vec::new());
    archive.write(&mut plain).expect("a file");
    archive.write_compressed(&mut small).expect("a file");
    let good: [Vec<u8>; 8] = [
        array,
        plain,
        small,
        crate::gzip::compressed(b"0123456789 0123456789 0123456789"),
        vec![0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4],
        b"a,\"b c\",d\r\n1,\"x, \"\"y\"\"\",true\r\n2.5,,false\r\n".to_vec(),
        b"1 Mary went home.\n2 Where is Mary? \thome\t1\n".to_vec(),
        "16+75  _91  \n日本_x\n".as_bytes().to_vec(),
    ];
    rounds("changed files", 400, |number| {
        let mut rng = Rng::seed_from_u64(number);
        for file in &good {
            all_of(&changed(file, &mut rng));
        }
        good.len() as u64
    });
}

#[test]
fn random_bytes_are_read_or_refused() {
    rounds("random bytes", 2, |number| {
        let mut runner = runner(number, 200);
        let bytes = prop::collection::vec(any::<u8>(), 0..300);
        let run = runner.run(&bytes, |bytes| {
            all_of(&bytes);
            Ok(())
        });
        run.expect("no panic");
        200
    });
}

/// A table of any texts, written with quotes, is read as it was.
#[test]
fn tables_come_back() {
    let rows = prop::collection::vec(prop::collection::vec("[ab\" ,\n\ré1]{0,6}", 3), 1..6);
    rounds("tables", 2, |number| {
        let mut runner = runner(number, 200);
        let run = runner.run(&rows, |rows| {
            let cell = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
            let line = |row: &Vec<String>| row.iter().map(cell).collect::<Vec<_>>().join(",");
            let text = rows.iter().map(line).collect::<Vec<_>>().join("\r\n");
            let reader = ["0", "1", "2"].iter().fold(
                table::Reader::new().without_header().with_missing(&[]),
                |reader, name| reader.with_kind(name, table::Kind::Text),
            );
            let table = reader.read(text.as_bytes()).expect("a good table");
            prop_assert_eq!(table.rows(), rows.len());
            for (column, name) in ["0", "1", "2"].iter().enumerate() {
                let table::Column::Texts(cells) = table.column(name).expect("there") else {
                    panic!("texts were asked for");
                };
                for (cell, row) in cells.iter().zip(&rows) {
                    let there = Some(&row[column]).filter(|cell| !cell.trim().is_empty());
                    prop_assert_eq!(cell.as_ref(), there);
                }
            }
            Ok(())
        });
        run.expect("tables come back");
        200
    });
}

fn runner(number: u64, cases: u32) -> TestRunner {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}
