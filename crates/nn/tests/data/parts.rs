//! Splits, scalers, windows, padding.

use wengert_nn::data::{MinMaxScaler, Split, StandardScaler, Train, Windows, pad_front};
use wengert_tape::tree::TreeExt;
use wengert_tape::{Bind, Tape};
use wengert_tensor::{Rng, Tensor};

fn rng() -> Rng {
    Rng::seed_from_u64(1)
}

/// The rows of all parts, sorted.
fn all(split: &Split) -> Vec<i64> {
    let parts = [
        split.train_rows(),
        split.validation_rows(),
        split.test_rows(),
    ];
    let mut rows: Vec<i64> = parts.iter().flat_map(|part| part.to_vec()).collect();
    rows.sort_unstable();
    rows
}

#[test]
fn every_row_is_in_one_part() {
    let labels = Tensor::from((0..103).map(|row| row % 3).collect::<Vec<i64>>());
    for (validation, test) in [(0.0, 0.0), (0.1, 0.2), (0.7, 0.3), (0.0, 1.0), (1.0, 0.0)] {
        for split in [
            Split::chronological(103, validation, test),
            Split::random(103, validation, test, &mut rng()),
            Split::stratified(&labels, validation, test, &mut rng()),
        ] {
            assert_eq!(all(&split), (0..103).collect::<Vec<_>>());
            let part = |part: f64| (103.0 * part + 1e-9) as usize;
            assert_eq!(split.test_rows().size(), part(test));
            assert_eq!(split.validation_rows().size(), part(validation));
        }
    }
    // As many as one means, also where the product is a little less.
    assert_eq!(Split::chronological(10, 0.0, 0.3).test_rows().size(), 3);
    assert!(all(&Split::random(0, 0.1, 0.1, &mut rng())).is_empty());
    let one = Split::chronological(1, 0.5, 0.5);
    assert_eq!(one.train_rows().to_vec(), [0]);
}

#[test]
fn time_goes_on_and_chance_follows_the_seed() {
    let split = Split::chronological(10, 0.2, 0.3);
    assert_eq!(split.train_rows().to_vec(), [0, 1, 2, 3, 4]);
    assert_eq!(split.validation_rows().to_vec(), [5, 6]);
    assert_eq!(split.test_rows().to_vec(), [7, 8, 9]);
    let random = |seed| Split::random(100, 0.2, 0.2, &mut Rng::seed_from_u64(seed));
    assert_eq!(random(1), random(1));
    assert_ne!(random(1), random(2));
    let only = Split::chronological(5, 0.0, 0.4).with_gap(2);
    assert_eq!(only.train_rows().to_vec(), [0]);
    assert!(
        Split::chronological(5, 0.0, 0.4)
            .with_gap(9)
            .train_rows()
            .size()
            == 0
    );
}

#[test]
fn classes_have_their_share() {
    let labels: Vec<i64> = (0..1000)
        .map(|row| i64::from(row % 10 == 0) - i64::from(row % 100 == 5))
        .collect();
    let labels = Tensor::from(labels);
    let count = |part: Tensor<i64>, class| part.iter().filter(|&label| label == class).count();
    let split = Split::stratified(&labels, 0.2, 0.25, &mut rng());
    for (class, total) in [(-1, 10.0f64), (0, 890.0), (1, 100.0)] {
        let test = count(split.test(&labels), class) as f64;
        assert!(
            (test - total * 0.25).abs() <= 1.0,
            "{test} of class {class}"
        );
        let validation = count(split.validation(&labels), class) as f64;
        assert!(
            (validation - total * 0.2).abs() <= 2.0,
            "{validation} of class {class}"
        );
    }
    for fold in Split::stratified_folds(&labels, 5, &mut rng()) {
        assert_eq!(all(&fold), (0..1000).collect::<Vec<_>>());
        let held = |class| count(fold.validation(&labels), class);
        assert_eq!((held(-1), held(0), held(1)), (2, 178, 20));
    }
}

#[test]
fn folds_hold_every_row_out_once() {
    let folds = Split::folds(23, 4, &mut rng());
    let mut held: Vec<i64> = folds
        .iter()
        .flat_map(|fold| fold.validation_rows().to_vec())
        .collect();
    held.sort_unstable();
    assert_eq!(held, (0..23).collect::<Vec<_>>());
    for fold in &folds {
        assert_eq!(all(fold), (0..23).collect::<Vec<_>>());
    }
    for fold in Split::rolling(23, 4) {
        let (train, held) = (fold.train_rows().to_vec(), fold.validation_rows().to_vec());
        assert_eq!(held.len(), 4);
        assert_eq!(train.len() as i64, held[0]);
    }
}

#[test]
fn scalers_know_training_data_alone() {
    let x: Tensor<f64> = rng().normal([40, 3], 5.0, 2.0);
    let split = Split::chronological(40, 0.0, 0.5);
    let train = split.train(&x);
    let scaler = StandardScaler::fit(&train);
    let z = scaler.transform(&train);
    assert!(
        z.mean_axes(&[0], false)
            .allclose(&Tensor::zeros([3]), 0.0, 1e-12)
    );
    assert!(
        z.std(&[0], 0, false)
            .allclose(&Tensor::ones([3]), 1e-12, 0.0)
    );
    // The test's rows change nothing.
    let other = Tensor::cat(&[&train, &(split.test(&x) * 100.0)], 0);
    let again = StandardScaler::fit(&split.train(&other));
    assert_eq!(again.mean(), scaler.mean());
    assert_eq!(again.deviation(), scaler.deviation());
    assert!(scaler.inverse(&z).allclose(&train, 1e-12, 0.0));
    // Sequences have their features on the last axis.
    let sequences = train.reshape(&[4, 5, 3]);
    let of_sequences = StandardScaler::fit(&Train::assume(sequences.clone()));
    assert!(of_sequences.mean().allclose(scaler.mean(), 1e-14, 0.0));
    assert_eq!(scaler.transform(&sequences).shape(), sequences.shape());

    let range = MinMaxScaler::fit(&train);
    let z = range.transform(&train);
    assert_eq!(z.amin(&[0], false), Tensor::zeros([3]));
    assert_eq!(z.amax(&[0], false), Tensor::ones([3]));
    assert!(range.inverse(&z).allclose(&train, 1e-14, 0.0));
    assert_eq!((range.least().size(), range.extent().size()), (3, 3));
}

#[test]
fn scalers_of_odd_data() {
    let same = Train::assume(Tensor::<f32>::from([[7.0], [7.0]]));
    let seven = Tensor::from([[7.0], [8.0]]);
    assert_eq!(
        StandardScaler::fit(&same).transform(&seven),
        Tensor::from([[0.0], [1.0]])
    );
    assert_eq!(
        MinMaxScaler::fit(&same).transform(&seven),
        Tensor::from([[0.0], [1.0]])
    );
    let great = Train::assume(Tensor::<f64>::from([[1e300], [-1e300]]));
    let z = StandardScaler::fit(&great).transform(&great);
    assert!(z.allclose(&Tensor::from([[1.0], [-1.0]]), 1e-14, 0.0));
    // Numbers far from 0 keep the digits of their differences.
    let far = Train::assume(Tensor::<f64>::from([[1e9], [1e9 + 1.0]]));
    assert_eq!(StandardScaler::fit(&far).deviation(), &Tensor::from([0.5]));
    let wide = Train::assume(Tensor::<f32>::from([[3e38], [-3e38]]));
    let error = MinMaxScaler::try_fit(&wide).expect_err("a range beyond f32");
    assert_eq!(
        error.to_string(),
        "MinMaxScaler: feature 0: its range is beyond f32"
    );
    let odd = Train::assume(Tensor::<f32>::from([[1.0, 2.0], [3.0, f32::NAN]]));
    let error = StandardScaler::try_fit(&odd).expect_err("NaN");
    assert_eq!(
        error.to_string(),
        "StandardScaler: row 1, feature 1: NaN has no scale"
    );
}

/// In a model a scaler is state: it is saved with it, and no step moves it.
#[test]
fn a_scaler_in_a_model() {
    let x = Tensor::<f64>::from([[1.0], [5.0]]);
    let scaler = StandardScaler::fit(&Train::assume(x.clone()));
    let range = MinMaxScaler::fit(&Train::assume(x.clone()));
    let tape = Tape::new();
    let (scaler_on, range_on) = (scaler.bind(&tape), range.bind(&tape));
    let z = scaler_on.transform(tape.constant(&x));
    assert_eq!(z.value(), scaler.transform(&x));
    assert_eq!(scaler_on.inverse(z).value(), x);
    let z = range_on.transform(tape.constant(&x));
    assert_eq!(z.value(), range.transform(&x));
    assert_eq!(range_on.inverse(z).value(), x);
    let mut kinds = Vec::new();
    scaler.visit_tree(|path, _: &Tensor<f64>| kinds.push((path.to_string(), path.is_state())));
    assert_eq!(
        kinds,
        [("mean".to_owned(), true), ("deviation".to_owned(), true)]
    );
}

#[test]
fn windows_over_a_series() {
    let series = Tensor::<f32>::from_fn([7, 2], |at| (10 * at[0] + at[1]) as f32);
    let windows = Windows::new(&series, 2, 3);
    assert_eq!((windows.len(), windows.is_empty()), (3, false));
    let (x, y) = windows.all();
    assert_eq!(
        (x.shape(), y.shape()),
        (&[3, 2, 2].into(), &[3, 3, 2].into())
    );
    assert_eq!(x.select(0, 2), series.slice(0, 2..4));
    assert_eq!(y.select(0, 2), series.slice(0, 4..7));
    let wide = windows.clone().with_stride(2);
    assert_eq!(wide.len(), 2);
    assert_eq!(
        wide.rows(&Tensor::from([1])).0.select(0, 0),
        series.slice(0, 2..4)
    );
    assert_eq!(Windows::new(&series, 7, 0).len(), 1);
    assert_eq!(Windows::new(&series, 7, 1).len(), 0);
    assert_eq!(Windows::new(&series, usize::MAX, usize::MAX).len(), 0);
    assert_eq!(Windows::new(&series.t(), 1, 1).all().0.shape(), &[1, 1, 7]);
    assert_eq!(Windows::new(&series, 9, 9).all().0.shape(), &[0, 9, 2]);
}

#[test]
fn sequences_that_end_together() {
    let sequences = [
        Tensor::<f32>::from([[1.0, 2.0]]),
        Tensor::from([[3.0, 4.0], [5.0, 6.0]]),
        Tensor::zeros([0, 2]),
    ];
    let (x, lengths) = pad_front(&sequences, -1.0).expect("sequences");
    assert_eq!((x.shape(), lengths), (&[3, 2, 2].into(), vec![1, 2, 0]));
    assert_eq!(x.select(0, 0), Tensor::from([[-1.0, -1.0], [1.0, 2.0]]));
    assert_eq!(x.select(0, 1), sequences[1]);
    assert_eq!(x.select(0, 2), Tensor::full([2, 2], -1.0));
}
