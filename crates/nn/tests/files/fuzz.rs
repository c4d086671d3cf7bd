//! Random files for every reader: none panics, hangs or takes memory that a header claims.
//!
//! A short run by default; `WENGERT_FUZZ_SECONDS=600` makes it ten minutes.

use std::cell::Cell;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use wengert_nn::files::{self, Checkpoint, LoadOptions};
use wengert_tensor::Tensor;

use crate::common::file;

fn model() -> (Tensor, Vec<Tensor>) {
    (Tensor::from([1.5]), vec![Tensor::from([[2.0, 3.0]])])
}

/// Sound files, to be changed.
fn sound() -> Vec<Vec<u8>> {
    let (mut weights, mut checkpoint) = (Vec::new(), Vec::new());
    files::save_to(&model(), &mut weights).expect("bytes");
    let all = Checkpoint::new().model("model", &model());
    let all = all.part("step", &3u64).part("text", &String::from("words"));
    all.write_to(&mut checkpoint).expect("bytes");
    vec![weights, checkpoint]
}

/// Pieces of headers, right and wrong.
fn header() -> impl Strategy<Value = String> {
    let dtype = prop::sample::select(vec![
        "F32", "F64", "I64", "BOOL", "U8", "U64", "F16", "BF16", "F4", "C64", "F8_E4M3", "X", "",
    ]);
    let number = prop_oneof![
        4 => (0u64..5).prop_map(|n| n.to_string()),
        1 => any::<u64>().prop_map(|n| n.to_string()),
        1 => prop::sample::select(vec!["9223372036854775807", "-1", "1e9", "NaN", "null", "\"1\""])
            .prop_map(str::to_owned),
    ];
    let shape = prop::collection::vec(number.clone(), 0..4).prop_map(|dims| dims.join(","));
    let name = prop_oneof![
        4 => prop::sample::select(vec!["0", "1.0", "__metadata__", "model.0", "a"]).prop_map(str::to_owned),
        1 => "[ -~]{0,4}",
    ];
    let entry = (name, dtype, shape, number.clone(), number).prop_map(
        |(name, dtype, shape, start, end)| {
            format!(
                "\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":[{shape}],\"data_offsets\":[{start},{end}]}}"
            )
        },
    );
    let checksum = prop::option::of(Just(
        r#""__metadata__":{"format":"wengert checkpoint 1","checksum":"crc32:00000000"}"#,
    ));
    (checksum, prop::collection::vec(entry, 0..4)).prop_map(|(checksum, entries)| {
        let all: Vec<String> = checksum
            .into_iter()
            .map(str::to_owned)
            .chain(entries)
            .collect();
        format!("{{{}}}", all.join(","))
    })
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let sound = prop::sample::select(sound());
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..4u8);
    let changed = (sound, prop::collection::vec(change, 1..6)).prop_map(|(mut bytes, changes)| {
        for (at, value, how) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = value,
                1 => bytes.insert(at, value),
                2 => drop(bytes.remove(at)),
                _ => bytes.truncate(at),
            }
        }
        bytes
    });
    let made = (header(), prop::collection::vec(any::<u8>(), 0..40))
        .prop_map(|(header, data)| file(&header, &data));
    prop_oneof![
        4 => changed,
        4 => made,
        1 => prop::collection::vec(any::<u8>(), 0..200),
    ]
}

#[test]
fn every_reader_survives_random_files() {
    let seconds = std::env::var("WENGERT_FUZZ_SECONDS").ok();
    let seconds: u64 = seconds.map_or(1, |text| text.parse().expect("a number of seconds"));
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut inputs, mut round) = (0u64, 0u64);
    let (loaded, opened) = (Cell::new(0u64), Cell::new(0u64));
    while Instant::now() < end {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&round.to_le_bytes());
        let config = Config {
            cases: 500,
            failure_persistence: None,
            ..Config::default()
        };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(config, rng);
        let result = runner.run(&bytes(), |bytes| {
            let mut other = model();
            let strict = files::load_from(&mut other, &bytes[..]);
            if strict.is_err() {
                prop_assert_eq!(&other, &model());
            }
            loaded.set(loaded.get() + u64::from(strict.is_ok()));
            let options = LoadOptions::new().allow_missing().allow_misfits();
            let _ = options.allow_unexpected().load_from(&mut other, &bytes[..]);
            let (mut step, mut text) = (0u64, String::new());
            if let Ok(checkpoint) = Checkpoint::read_from(&bytes[..]) {
                opened.set(opened.get() + 1);
                let restore = checkpoint.restore().model("model", &mut other);
                let _ = restore
                    .part("step", &mut step)
                    .part("text", &mut text)
                    .finish();
            }
            Ok(())
        });
        if let Err(error) = result {
            panic!("round {round}: {error}");
        }
        inputs += 500;
        round += 1;
    }
    let (loaded, opened) = (loaded.get(), opened.get());
    println!(
        "{inputs} inputs, of which {loaded} were loaded as weights and {opened} as checkpoints"
    );
    // Weights have no checksum, so that some changes make other weights.
    assert!(0 < loaded && loaded < inputs / 2);
}
