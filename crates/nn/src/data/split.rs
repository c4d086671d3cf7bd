//! `Split`: the rows of a data set for training, validation and test; and `Train`, which marks what is for
//! training.

use std::ops::{Deref, Range};

use wengert_tensor::{Element, Rng, Tensor};

/// Data for training: what may be learned from, and what a scaler may be fitted on.
///
/// [`Split::train`] makes it of the rows that are for training. Everything of a tensor can be done with it.
///
/// ```
/// use wengert_nn::data::Split;
/// use wengert_tensor::Tensor;
/// let split = Split::chronological(4, 0.0, 0.25);
/// let train = split.train(&Tensor::from([1, 2, 3, 4]));
/// assert_eq!(*train, Tensor::from([1, 2, 3]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Train<D>(D);

impl<D> Train<D> {
    /// Says that these data are for training, where no [`Split`] does: whoever calls this answers for it.
    ///
    /// ```
    /// use wengert_nn::data::{StandardScaler, Train};
    /// use wengert_tensor::Tensor;
    /// let x = Train::assume(Tensor::<f32>::from([[1.0], [3.0]]));
    /// assert_eq!(StandardScaler::fit(&x).transform(&x), Tensor::from([[-1.0], [1.0]]));
    /// ```
    pub fn assume(data: D) -> Self {
        Train(data)
    }

    /// The data.
    pub fn into_inner(self) -> D {
        self.0
    }
}

impl<D> Deref for Train<D> {
    type Target = D;

    fn deref(&self) -> &D {
        &self.0
    }
}

/// Which rows of a data set are for training, which for validation and which for the test. Every row is
/// in at most one of them, and in exactly one unless the constructor says otherwise.
///
/// ```
/// use wengert_nn::data::Split;
/// use wengert_tensor::{Rng, Tensor};
/// let x = Tensor::<f32>::zeros([10, 3]);
/// let split = Split::random(10, 0.2, 0.3, &mut Rng::seed_from_u64(1));
/// assert_eq!(split.train(&x).shape(), &[5, 3]);
/// assert_eq!(split.validation(&x).shape(), &[2, 3]);
/// assert_eq!(split.test(&x).shape(), &[3, 3]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias("train_test_split", "random_split"))]
pub struct Split {
    /// The number of rows of the data set.
    rows: usize,
    train: Vec<i64>,
    validation: Vec<i64>,
    test: Vec<i64>,
}

impl Split {
    /// The first rows for training, those behind them for validation and the last for the test: for series,
    /// where what comes later must not be known. Of n rows ⌊n · test⌋ are for the test and
    /// ⌊n · validation⌋ for validation.
    ///
    /// # Panics
    /// If a part is not between 0 and 1, or they are more than 1 together.
    #[track_caller]
    pub fn chronological(rows: usize, validation: f64, test: f64) -> Self {
        let (validation, test) = counts(rows, validation, test);
        Self::of_order((0..rows as i64).collect(), validation, test)
    }

    /// Rows drawn at random, each choice as likely. The counts are as in
    /// [`chronological`](Split::chronological).
    ///
    /// # Panics
    /// As [`chronological`](Split::chronological).
    #[track_caller]
    pub fn random(rows: usize, validation: f64, test: f64, rng: &mut Rng) -> Self {
        let (validation, test) = counts(rows, validation, test);
        let mut order: Vec<i64> = (0..rows as i64).collect();
        rng.shuffle(&mut order);
        Self::of_order(order, validation, test)
    }

    /// Rows drawn at random so that each class has its share of every part, up to one row. The counts of
    /// all classes together are as in [`chronological`](Split::chronological).
    ///
    /// ```
    /// use wengert_nn::data::Split;
    /// use wengert_tensor::{Rng, Tensor};
    /// let labels = Tensor::from([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
    /// let split = Split::stratified(&labels, 0.0, 0.25, &mut Rng::seed_from_u64(1));
    /// assert_eq!(split.test(&labels).iter().filter(|&label| label == 1).count(), 1);
    /// ```
    ///
    /// # Panics
    /// As [`chronological`](Split::chronological), and if the labels are not \[N\].
    #[doc(alias = "StratifiedShuffleSplit")]
    #[track_caller]
    pub fn stratified(labels: &Tensor<i64>, validation: f64, test: f64, rng: &mut Rng) -> Self {
        let order = by_class(labels, rng);
        let (validation, test) = counts(order.len(), validation, test);
        // Of n rows in order, every n/k-th is taken: k of all, and of each stretch its share.
        let pick = |rows: Vec<i64>, taken: usize| -> (Vec<i64>, Vec<i64>) {
            let count = rows.len().max(1);
            let numbered = rows.into_iter().enumerate();
            let (taken, left): (Vec<_>, Vec<_>) =
                numbered.partition(|&(at, _)| (at + 1) * taken / count > at * taken / count);
            let rows = |part: Vec<(usize, i64)>| part.into_iter().map(|(_, row)| row).collect();
            (rows(taken), rows(left))
        };
        let rows = order.len();
        let (test, left) = pick(order, test);
        let (validation, mut train) = pick(left, validation);
        rng.shuffle(&mut train);
        Split {
            rows,
            train,
            validation,
            test,
        }
    }

    /// k splits at random; in each a k-th of the rows is for validation, every row in one of them, and
    /// the others are for training. None is for the test.
    ///
    /// ```
    /// use wengert_nn::data::Split;
    /// use wengert_tensor::Rng;
    /// let folds = Split::folds(10, 3, &mut Rng::seed_from_u64(1));
    /// let sizes: Vec<_> = folds.iter().map(|fold| fold.validation_rows().size()).collect();
    /// assert_eq!(sizes, [4, 3, 3]);
    /// ```
    ///
    /// # Panics
    /// If k is not between 2 and the number of rows.
    #[doc(alias = "KFold")]
    #[track_caller]
    pub fn folds(rows: usize, k: usize, rng: &mut Rng) -> Vec<Self> {
        let mut order: Vec<i64> = (0..rows as i64).collect();
        rng.shuffle(&mut order);
        Self::dealt(order, k)
    }

    /// [`folds`](Split::folds) in which each class has its share, up to one row.
    ///
    /// # Panics
    /// As [`folds`](Split::folds), and if the labels are not \[N\].
    #[doc(alias = "StratifiedKFold")]
    #[track_caller]
    pub fn stratified_folds(labels: &Tensor<i64>, k: usize, rng: &mut Rng) -> Vec<Self> {
        let order = by_class(labels, rng);
        let mut folds = Self::dealt(order, k);
        for fold in &mut folds {
            rng.shuffle(&mut fold.train);
        }
        folds
    }

    /// k splits of a series: the rows are cut into k + 1 stretches of about one length, and split i trains
    /// on all before the i-th cut and validates on the stretch behind it. What comes later is in none.
    ///
    /// ```
    /// use wengert_nn::data::Split;
    /// let folds = Split::rolling(7, 2);
    /// let rows = |fold: &Split| (fold.train_rows().to_vec(), fold.validation_rows().to_vec());
    /// assert_eq!(rows(&folds[0]), (vec![0, 1, 2], vec![3, 4]));
    /// assert_eq!(rows(&folds[1]), (vec![0, 1, 2, 3, 4], vec![5, 6]));
    /// ```
    ///
    /// # Panics
    /// If k is 0 or not less than the number of rows.
    #[doc(alias = "TimeSeriesSplit")]
    #[track_caller]
    pub fn rolling(rows: usize, k: usize) -> Vec<Self> {
        assert!(
            k > 0 && k < rows,
            "split: {rows} rows do not make {k} splits that follow each other"
        );
        let length = rows / (k + 1);
        let fold = |fold: usize| {
            let cut = rows - (k - fold) * length;
            let range = |range: Range<usize>| range.map(|row| row as i64).collect();
            Split {
                rows,
                train: range(0..cut),
                validation: range(cut..cut + length),
                test: Vec::new(),
            }
        };
        (0..k).map(fold).collect()
    }

    /// Without the last `rows` rows of training and of validation: for examples that reach into those
    /// behind them, as windows over a series do. Only for splits in chronological order.
    ///
    /// ```
    /// use wengert_nn::data::Split;
    /// let split = Split::chronological(10, 0.2, 0.2).with_gap(1);
    /// assert_eq!(split.train_rows().to_vec(), [0, 1, 2, 3, 4]);
    /// assert_eq!(split.validation_rows().to_vec(), [6]);
    /// assert_eq!(split.test_rows().to_vec(), [8, 9]);
    /// ```
    #[doc(alias = "embargo")]
    pub fn with_gap(mut self, rows: usize) -> Self {
        let follows = |part: &[i64]| !part.is_empty();
        if follows(&self.validation) || follows(&self.test) {
            self.train.truncate(self.train.len().saturating_sub(rows));
        }
        if follows(&self.test) {
            let left = self.validation.len().saturating_sub(rows);
            self.validation.truncate(left);
        }
        self
    }

    fn of_order(mut order: Vec<i64>, validation: usize, test: usize) -> Self {
        let rows = order.len();
        let test = order.split_off(rows - test);
        let validation = order.split_off(order.len() - validation);
        Split {
            rows,
            train: order,
            validation,
            test,
        }
    }

    #[track_caller]
    fn dealt(order: Vec<i64>, k: usize) -> Vec<Self> {
        let rows = order.len();
        assert!(
            (2..=rows).contains(&k),
            "split: {rows} rows do not make {k} folds"
        );
        let fold = |fold: usize| {
            let numbered = order.iter().copied().enumerate();
            let (held, train): (Vec<_>, Vec<_>) = numbered.partition(|&(at, _)| at % k == fold);
            let rows_of = |part: Vec<(usize, i64)>| part.into_iter().map(|(_, row)| row).collect();
            Split {
                rows,
                train: rows_of(train),
                validation: rows_of(held),
                test: Vec::new(),
            }
        };
        (0..k).map(fold).collect()
    }

    /// The rows of `data` along its first axis that are for training.
    ///
    /// # Panics
    /// If `data` has another number of rows than the split.
    #[track_caller]
    pub fn train<T: Element>(&self, data: &Tensor<T>) -> Train<Tensor<T>> {
        Train(self.select(data, &self.train))
    }

    /// The rows that are for validation.
    ///
    /// # Panics
    /// As [`train`](Split::train).
    #[track_caller]
    pub fn validation<T: Element>(&self, data: &Tensor<T>) -> Tensor<T> {
        self.select(data, &self.validation)
    }

    /// The rows that are for the test.
    ///
    /// # Panics
    /// As [`train`](Split::train).
    #[track_caller]
    pub fn test<T: Element>(&self, data: &Tensor<T>) -> Tensor<T> {
        self.select(data, &self.test)
    }

    #[track_caller]
    fn select<T: Element>(&self, data: &Tensor<T>, part: &[i64]) -> Tensor<T> {
        let (shape, rows) = (data.shape(), self.rows);
        assert!(
            shape.first() == Some(&rows),
            "split: data {shape} have not the {rows} rows of the split"
        );
        data.index_select(0, &Tensor::from(part))
    }

    /// The positions of the rows for training, in the order in which [`train`](Split::train) gives them.
    pub fn train_rows(&self) -> Tensor<i64> {
        Tensor::from(&self.train[..])
    }

    /// The positions of the rows for validation.
    pub fn validation_rows(&self) -> Tensor<i64> {
        Tensor::from(&self.validation[..])
    }

    /// The positions of the rows for the test.
    pub fn test_rows(&self) -> Tensor<i64> {
        Tensor::from(&self.test[..])
    }
}

/// How many rows are for validation and for the test.
#[track_caller]
fn counts(rows: usize, validation: f64, test: f64) -> (usize, usize) {
    let whole = 1.0 + 1e-9;
    assert!(
        validation >= 0.0 && test >= 0.0 && validation + test <= whole,
        "split: {validation} for validation and {test} for the test are no parts of 1"
    );
    // 0.3 · 10 has to be 3, also where it is a little less.
    let count = |part: f64| (rows as f64 * part + 1e-9) as usize;
    let test = count(test).min(rows);
    (count(validation).min(rows - test), test)
}

/// The rows class by class, those of each in random order.
#[track_caller]
fn by_class(labels: &Tensor<i64>, rng: &mut Rng) -> Vec<i64> {
    let shape = labels.shape();
    assert!(shape.rank() == 1, "split: labels {shape} are not [N]");
    let labels = labels.to_vec();
    let mut order: Vec<i64> = (0..labels.len() as i64).collect();
    rng.shuffle(&mut order);
    // A stable sort of shuffled rows.
    order.sort_by_key(|&row| labels[row as usize]);
    order
}
