//! Observers that write, and metrics.

use std::io::{self, Write};

use wengert_nn::Sgd;
use wengert_nn::train::metrics::{Confusion, Mean, accuracy, r_squared};
use wengert_nn::train::{Csv, Event, JsonLines, Observer, Trainer};
use wengert_tensor::{Rng, Tensor};

/// A run of two epochs of two batches, seen by an observer.
fn run(observer: impl Observer) {
    let mut x = Tensor::<f64>::from([1.0]);
    Trainer::new(Sgd::new(0.25))
        .with_epochs(2)
        .with_validation(|_, x: &Tensor<f64>| vec![("x", x.item()), ("a \"b\", c", f64::NAN)])
        .with_observer(observer)
        .run(
            &mut x,
            |_| [1.0, 3.0],
            |_, x, factor| x.square().sum() * *factor,
        )
        .expect("a run");
}

#[test]
fn lines_of_json_are_json() {
    let mut lines = JsonLines::new(Vec::new());
    run(|event: &Event<'_>| lines.see(event));
    let text = String::from_utf8(lines.finish().expect("a list takes all")).expect("text");
    let rows: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let events: Vec<&str> = rows
        .iter()
        .map(|row| row["event"].as_str().expect("a name"))
        .collect();
    assert_eq!(
        events,
        [
            "start", "step", "step", "epoch", "step", "step", "epoch", "end"
        ]
    );
    assert_eq!(rows[0]["epochs"], 2);
    assert!(rows[0]["steps"].is_null());
    // 1 → 0.5 → −0.25
    let number = |row: usize, name: &str| rows[row][name].as_f64().expect("a number");
    assert_eq!(
        ["loss", "norm", "rate"].map(|name| number(1, name)),
        [1.0, 2.0, 0.25]
    );
    assert_eq!(["loss", "step"].map(|name| number(2, name)), [0.75, 2.0]);
    assert_eq!(number(3, "loss"), 0.875);
    assert_eq!(rows[3]["metrics"]["x"], -0.25);
    assert!(rows[3]["metrics"]["a \"b\", c"].is_null());
    assert_eq!(["epochs", "steps"].map(|name| number(7, name)), [2.0, 4.0]);
}

#[test]
fn a_table_has_a_row_an_epoch() {
    let mut csv = Csv::new(Vec::new());
    run(|event: &Event<'_>| csv.see(event));
    let text = String::from_utf8(csv.finish().expect("a list takes all")).expect("text");
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0], "epoch,step,loss,rate,seconds,x,\"a \"\"b\"\", c\"");
    assert!(
        rows[1].starts_with("0,2,0.875,0.25,") && rows[1].ends_with(",-0.25,NaN"),
        "{}",
        rows[1]
    );
    assert!(rows[2].starts_with("1,4,"));
}

/// A disk that is full after some bytes.
pub struct Full(usize);

impl Full {
    pub fn after(bytes: usize) -> Self {
        Full(bytes)
    }
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::other("the disk is full"));
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The training goes on, and the error comes at the end.
#[test]
fn a_full_disk_is_said_at_the_end() {
    let mut lines = JsonLines::new(Full::after(100));
    run(|event: &Event<'_>| lines.see(event));
    let error = lines.finish().err().expect("it is full");
    assert_eq!(error.to_string(), "the disk is full");
    let mut csv = Csv::new(Full::after(100));
    run(|event: &Event<'_>| csv.see(event));
    assert!(csv.finish().is_err());
}

/// Beside counts by hand, over random cases.
#[test]
fn a_confusion_counts() {
    let mut rng = Rng::seed_from_u64(1);
    let (mut labels, mut found) = (Vec::new(), Vec::new());
    for _ in 0..200 {
        // Class 3 is never found, and class 4 never there.
        labels.push(rng.below(4) as i64);
        found.push([0, 1, 2, 4][rng.below(4)]);
    }
    let mut confusion = Confusion::new(5);
    for part in 0..4 {
        let rows = part * 50..(part + 1) * 50;
        confusion.add(
            &Tensor::from(&labels[rows.clone()]),
            &Tensor::from(&found[rows]),
        );
    }
    let pairs: Vec<_> = labels.iter().zip(&found).collect();
    let count = |f: &dyn Fn(i64, i64) -> bool| {
        pairs
            .iter()
            .filter(|&&(&label, &found)| f(label, found))
            .count() as f64
    };
    let mut sum = 0.0;
    for class in 0..5_i64 {
        let both = count(&|label, found| label == class && found == class);
        let taken = count(&|_, found| found == class);
        let there = count(&|label, _| label == class);
        let at = class as usize;
        let precision = if taken == 0.0 { 0.0 } else { both / taken };
        let recall = if there == 0.0 { 0.0 } else { both / there };
        assert_eq!(
            (confusion.precision(at), confusion.recall(at)),
            (precision, recall)
        );
        let f1 = match precision + recall == 0.0 {
            true => 0.0,
            false => 2.0 * precision * recall / (precision + recall),
        };
        assert!((confusion.f1(at) - f1).abs() < 1e-15);
        sum += f1;
        assert_eq!(
            confusion.count(at, 1) as f64,
            count(&|label, found| label == class && found == 1)
        );
    }
    assert!((confusion.macro_f1() - sum / 5.0).abs() < 1e-15);
    assert_eq!(
        confusion.accuracy(),
        count(&|label, found| label == found) / 200.0
    );
    assert_eq!(Confusion::new(2).accuracy(), 0.0);
    assert_eq!(confusion.classes(), 5);
}

#[test]
fn means_and_scores() {
    let mut mean = Mean::new();
    assert!(mean.value().is_nan());
    mean.add(2.0, 1.0);
    mean.add(4.0, 3.0);
    assert_eq!(
        (mean.value(), mean.weight(), mean.perplexity()),
        (3.5, 4.0, 3.5_f64.exp())
    );

    let scores = Tensor::<f64>::from([[[1.0, 2.0], [3.0, 0.0]], [[5.0, 5.0], [0.0, 1.0]]]);
    assert_eq!(accuracy(&scores, &Tensor::from([[1, 1], [0, 1]])), 0.75);
    assert!(accuracy(&Tensor::<f32>::zeros([0, 3]), &Tensor::<i64>::zeros([0])).is_nan());

    let y = Tensor::<f64>::from([1.0, 2.0, 6.0]);
    assert_eq!(r_squared(&y, &y), 1.0);
    assert_eq!(r_squared(&Tensor::from([3.0, 3.0, 3.0]), &y), 0.0);
    assert_eq!(
        r_squared(&Tensor::from([6.0, 2.0, 1.0]), &y),
        1.0 - 50.0 / 14.0
    );
    let same = Tensor::<f64>::from([2.0, 2.0]);
    assert_eq!(r_squared(&same, &same), 1.0);
    assert_eq!(
        r_squared(&Tensor::from([2.0, 3.0]), &same),
        f64::NEG_INFINITY
    );
}
