//! `Confusion`: what was taken for what.

use std::fmt;

use wengert_tensor::Tensor;

/// A table of true classes (rows) by found ones (columns), and what follows from it.
///
/// Where a quotient has no case below the line, such as the precision of a class that was never found,
/// it is 0.
///
/// ```
/// use wengert_nn::train::metrics::Confusion;
/// use wengert_tensor::Tensor;
///
/// let mut confusion = Confusion::new(2);
/// confusion.add(&Tensor::from([0, 0, 1, 1, 1]), &Tensor::from([0, 1, 1, 1, 0]));
/// assert_eq!(confusion.accuracy(), 0.6);
/// assert_eq!(confusion.precision(1), 2.0 / 3.0);
/// assert_eq!(confusion.recall(0), 0.5);
/// assert_eq!(confusion.to_string(), "   0 1\n 0 1 1\n 1 1 2\n");
/// ```
#[doc(alias = "confusion_matrix")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    counts: Vec<u64>,
}

impl Confusion {
    /// An empty table of so many classes.
    pub fn new(classes: usize) -> Self {
        Confusion {
            classes,
            counts: vec![0; classes * classes],
        }
    }

    /// Adds cases: what they are, and what they were found to be.
    ///
    /// # Panics
    /// If there are not as many of both, or a class is not below the number of classes.
    #[track_caller]
    pub fn add(&mut self, labels: &Tensor<i64>, found: &Tensor<i64>) {
        assert!(
            labels.size() == found.size(),
            "confusion: {} labels and {} classes found",
            labels.size(),
            found.size()
        );
        let classes = self.classes;
        let wrong = labels.iter().chain(found.iter());
        if let Some(wrong) = wrong
            .filter(|&class| class < 0 || class as usize >= classes)
            .min()
        {
            panic!("confusion: {wrong} is none of {classes} classes");
        }
        for (label, found) in labels.iter().zip(found.iter()) {
            self.counts[label as usize * classes + found as usize] += 1;
        }
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many cases of class `label` were found to be of class `found`.
    ///
    /// # Panics
    /// If one of the two is not below the number of classes.
    #[track_caller]
    pub fn count(&self, label: usize, found: usize) -> u64 {
        let classes = self.classes;
        assert!(
            label < classes && found < classes,
            "confusion: {label} or {found} is none of {classes} classes"
        );
        self.counts[label * classes + found]
    }

    /// The part of all cases that were found to be what they are.
    pub fn accuracy(&self) -> f64 {
        let right: u64 = (0..self.classes).map(|class| self.right(class)).sum();
        quotient(right, self.counts.iter().sum())
    }

    /// Of what was found to be of the class, the part that is.
    ///
    /// # Panics
    /// If the class is not below the number of classes.
    #[track_caller]
    pub fn precision(&self, class: usize) -> f64 {
        quotient(self.count(class, class), self.found(class))
    }

    /// Of what is of the class, the part that was found to be.
    ///
    /// # Panics
    /// If the class is not below the number of classes.
    #[doc(alias = "sensitivity")]
    #[track_caller]
    pub fn recall(&self, class: usize) -> f64 {
        quotient(self.count(class, class), self.cases(class))
    }

    /// The harmonic mean of precision and recall.
    ///
    /// # Panics
    /// If the class is not below the number of classes.
    #[doc(alias = "f1_score")]
    #[track_caller]
    pub fn f1(&self, class: usize) -> f64 {
        let right = self.count(class, class);
        quotient(2 * right, self.found(class) + self.cases(class))
    }

    /// The mean of [`f1`](Self::f1) over the classes.
    pub fn macro_f1(&self) -> f64 {
        let sum: f64 = (0..self.classes).map(|class| self.f1(class)).sum();
        sum / self.classes as f64
    }

    fn right(&self, class: usize) -> u64 {
        self.counts[class * self.classes + class]
    }

    /// Those that were found to be of the class.
    fn found(&self, class: usize) -> u64 {
        let rows = self.counts.chunks(self.classes.max(1));
        rows.map(|row| row[class]).sum()
    }

    /// Those that are of the class.
    fn cases(&self, class: usize) -> u64 {
        let row = class * self.classes..(class + 1) * self.classes;
        self.counts[row].iter().sum()
    }
}

/// The table, with the numbers of the classes above and at the left.
impl fmt::Display for Confusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = self.counts.iter().copied().max().unwrap_or(0);
        let width = most.max(self.classes as u64).to_string().len() + 1;
        let names = 0..self.classes;
        write!(f, "{:width$}", "")?;
        for name in names.clone() {
            write!(f, "{name:>width$}")?;
        }
        writeln!(f)?;
        for label in names.clone() {
            write!(f, "{label:>width$}")?;
            for found in names.clone() {
                write!(f, "{:>width$}", self.count(label, found))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn quotient(above: u64, below: u64) -> f64 {
    if below == 0 {
        0.0
    } else {
        above as f64 / below as f64
    }
}
