//! The real data sets, where `WENGERT_DATA` says where they are.

use std::path::PathBuf;

use wengert_nn::data::{babi, gzip, idx, table, text};
use wengert_tensor::Tensor;

/// The folder, or a line that says that there is none.
pub fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("WENGERT_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: WENGERT_DATA does not say where the data are");
    }
    folder
}

#[test]
fn texts() {
    let Some(data) = folder() else { return };
    let sums = text::load_pairs(data.join("dlfs2/addition.txt"), '_').expect("sums");
    assert_eq!(
        (sums.len(), sums[0].0.trim(), sums[0].1.trim()),
        (50_000, "16+75", "91")
    );
    let dates = text::load_pairs(data.join("dlfs2/date.txt"), '_').expect("dates");
    assert_eq!((dates.len(), dates[0].1.as_str()), (50_000, "1994-09-27"));
    let names = text::load_lines(data.join("makemore/names.txt")).expect("names");
    assert_eq!((names.len(), names[0].as_str()), (32_033, "emma"));
    let plays = text::load(data.join("tinyshakespeare/input.txt")).expect("plays");
    assert_eq!((plays.len(), plays.lines().count()), (1_115_394, 40_000));
    for (part, count) in [("train", 50_000), ("dev", 500), ("test", 500)] {
        let file = |language: &str| data.join(format!("small_parallel_enja/{part}.{language}"));
        let pairs = text::load_parallel(file("en"), file("ja")).expect("sentences");
        assert_eq!(pairs.len(), count, "{part}");
    }
}

#[test]
fn stories() {
    let Some(data) = folder() else { return };
    for task in 1..=20 {
        for part in ["train", "test"] {
            let questions = babi::load_task(data.join("babi/en"), task, part).expect("stories");
            assert_eq!(questions.len(), 1000, "task {task}, {part}");
        }
    }
    let many = babi::load_task(data.join("babi/en-10k"), 1, "train").expect("stories");
    assert_eq!(many.len(), 10_000);
}

#[test]
fn digits() {
    let Some(data) = folder() else { return };
    for (part, count) in [("train", 60_000), ("t10k", 10_000)] {
        let open = |what: &str| {
            let path = data.join(format!("mnist/{part}-{what}-ubyte.gz"));
            gzip::open(path, 100 << 20).expect("a file")
        };
        let files = (open("images-idx3"), open("labels-idx1"));
        let (x, y): (Tensor, _) = idx::images_and_labels(files.0, files.1).expect("digits");
        assert_eq!(x.shape(), &[count, 28, 28]);
        assert!(y.iter().all(|label| (0..10).contains(&label)));
    }
}

#[test]
fn tables() {
    let Some(data) = folder() else { return };
    let spots = table::load(data.join("jbrownlee/monthly-sunspots.csv")).expect("sunspots");
    let x = spots.tensor::<f64>(&["Sunspots"]).expect("numbers");
    assert_eq!((x.shape()[0], x[[0, 0]], x[[2819, 0]]), (2820, 58.0, 33.4));
    let flights = table::load(data.join("jbrownlee/airline-passengers.csv")).expect("passengers");
    assert_eq!(
        flights.integers("Passengers").expect("integers").size(),
        144
    );
    assert_eq!(flights.texts("Month").expect("texts")[143], "1960-12");
    let stocks = table::load(data.join("sp500/data.csv")).expect("stocks");
    let names: Vec<&str> = stocks.names()[1..].iter().map(String::as_str).collect();
    let x = stocks.tensor::<f64>(&names).expect("numbers");
    assert_eq!(x.shape()[1], 9);
    assert_eq!(x[[0, 0]], 4.44);
}
