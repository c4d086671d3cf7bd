//! `Confusion`: how often each class was taken for each other.

use std::path::Path;

use wengert_tensor::Tensor;

use crate::look::pictures::{HeatMap, PictureError};

/// How often each class was taken for each other: the rows are the true classes, the columns the predicted ones, and each row is shaded
/// by its shares.
///
/// ```
/// use wengert_nn::look::pictures::Confusion;
/// use wengert_tensor::Tensor;
/// let (truth, predicted) = (Tensor::from([0, 0, 0, 1]), Tensor::from([0, 0, 1, 1]));
/// let table = Confusion::new("Pets", &["cat", "dog"], &truth, &predicted)?;
/// assert_eq!((table.count(0, 1), table.accuracy()), (1, 0.75));
/// assert!(table.svg()?.contains("75.0 %"));
/// # Ok::<(), wengert_nn::look::pictures::PictureError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias("confusion_matrix", "ConfusionMatrixDisplay"))]
pub struct Confusion {
    title: String,
    classes: Vec<String>,
    counts: Vec<u64>,
}

impl Confusion {
    /// The table of labels and of what was predicted for them.
    ///
    /// # Errors
    /// If there is no class, their numbers differ, or one is none of the classes.
    pub fn new<S: AsRef<str>>(
        title: &str,
        classes: &[S],
        truth: &Tensor<i64>,
        predicted: &Tensor<i64>,
    ) -> Result<Self, PictureError> {
        let wrong = |what: String| Err(PictureError::Data(what));
        let count = classes.len();
        if count == 0 {
            return wrong("there is no class".to_owned());
        }
        if truth.size() != predicted.size() {
            let (labels, predictions) = (truth.size(), predicted.size());
            return wrong(format!("{labels} labels and {predictions} predictions"));
        }
        let mut counts = vec![0; count * count];
        for (a, b) in truth.iter().zip(predicted.iter()) {
            let class = |number: i64| usize::try_from(number).ok().filter(|&class| class < count);
            let (Some(row), Some(column)) = (class(a), class(b)) else {
                let odd = if class(a).is_none() { a } else { b };
                return wrong(format!("class {odd} is none of the {count}"));
            };
            counts[row * count + column] += 1;
        }
        Ok(Confusion {
            title: title.to_owned(),
            classes: classes
                .iter()
                .map(|class| class.as_ref().to_owned())
                .collect(),
            counts,
        })
    }

    /// How often a class was taken for another, or for itself.
    ///
    /// # Panics
    /// If there is no such class.
    #[track_caller]
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        let count = self.classes.len();
        assert!(
            truth < count && predicted < count,
            "confusion: there are {count} classes, and no {}",
            truth.max(predicted)
        );
        self.counts[truth * count + predicted]
    }

    /// The share of predictions that are right; NaN if there is none.
    pub fn accuracy(&self) -> f64 {
        let right: u64 = (0..self.classes.len())
            .map(|class| self.count(class, class))
            .sum();
        right as f64 / self.counts.iter().sum::<u64>() as f64
    }

    fn map(&self) -> HeatMap {
        let count = self.classes.len();
        let share = |at: &[usize]| {
            let row: u64 = (0..count).map(|column| self.count(at[0], column)).sum();
            self.count(at[0], at[1]) as f64 / row.max(1) as f64
        };
        let shares = Tensor::<f64>::from_fn([count, count], share);
        let title = format!("{}: {:.1} % right", self.title, self.accuracy() * 100.0);
        HeatMap::new(&title, &shares)
            .with_rows("true", &self.classes)
            .with_columns("predicted", &self.classes)
            .with_range(0.0, 1.0)
            .with_texts(self.counts.iter().map(u64::to_string).collect())
    }

    /// The picture.
    ///
    /// # Errors
    /// None that a table of some class could have.
    pub fn svg(&self) -> Result<String, PictureError> {
        self.map().svg()
    }

    /// Writes the picture to a file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PictureError> {
        self.map().save(path)
    }
}
