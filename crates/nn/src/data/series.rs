//! `Windows`: pieces of a series, each with what follows it.

use wengert_tensor::{Element, Shape, Tensor};

/// Pieces of a series \[T, …\], each with the steps that follow it.
///
/// Window i is the `length` steps from i · stride on, and its target the `horizon` steps behind them. Nothing is
/// copied before rows are asked for, as [`Batches`](crate::data::Batches) names them.
///
/// ```
/// use wengert_nn::data::Windows;
/// use wengert_tensor::Tensor;
/// let series = Tensor::<f32>::arange(6);
/// let windows = Windows::new(&series, 3, 1);
/// assert_eq!(windows.len(), 3);
/// let (x, y) = windows.rows(&Tensor::from([2, 0]));
/// assert_eq!(x, Tensor::from([[2.0, 3.0, 4.0], [0.0, 1.0, 2.0]]));
/// assert_eq!(y, Tensor::from([[5.0], [3.0]]));
/// ```
///
/// Windows overlap. Where a series is cut into windows first and split afterwards, the last ones before a cut
/// reach over it; [`Split::with_gap`](crate::data::Split::with_gap) leaves them out, or split the series first.
#[derive(Clone, Debug)]
#[doc(alias("sliding_window_view", "unfold"))]
pub struct Windows<T: Element = f32> {
    /// Row-major.
    series: Tensor<T>,
    length: usize,
    horizon: usize,
    stride: usize,
}

impl<T: Element> Windows<T> {
    /// The windows of so many steps, from every step on that leaves `horizon` steps behind its window. A series that is
    /// too short has none.
    ///
    /// # Panics
    /// If the series has no axis, or the length is 0.
    #[track_caller]
    pub fn new(series: &Tensor<T>, length: usize, horizon: usize) -> Self {
        let shape = series.shape();
        assert!(shape.rank() > 0, "windows: a series [] has no steps");
        assert!(length > 0, "windows: a window has at least one step");
        Windows {
            series: series.contiguous(),
            length,
            horizon,
            stride: 1,
        }
    }

    /// With so many steps from one window to the next.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn with_stride(mut self, stride: usize) -> Self {
        assert!(stride > 0, "windows: the stride is at least one step");
        self.stride = stride;
        self
    }

    /// How many windows there are.
    pub fn len(&self) -> usize {
        let needed = self.length.saturating_add(self.horizon);
        match self.series.shape()[0].checked_sub(needed) {
            Some(more) => more / self.stride + 1,
            None => 0,
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// These windows \[rows, length, …\] and their targets \[rows, horizon, …\].
    ///
    /// # Panics
    /// If a row is none of the windows.
    #[track_caller]
    pub fn rows(&self, rows: &Tensor<i64>) -> (Tensor<T>, Tensor<T>) {
        let count = self.len();
        let mut starts = Vec::with_capacity(rows.size());
        for row in rows.iter() {
            // A closure would lose the caller's line.
            match usize::try_from(row) {
                Ok(at) if at < count => starts.push(at * self.stride),
                _ => panic!("windows: row {row} is none of the {count} windows"),
            }
        }
        let pieces = |from: usize, steps: usize| {
            let inner = &self.series.shape()[1..];
            let step: usize = inner.iter().product();
            let all = self.series.as_slice().unwrap_or(&[]);
            let mut data = Vec::with_capacity(starts.len() * steps * step);
            for start in &starts {
                data.extend_from_slice(&all[(start + from) * step..][..steps * step]);
            }
            let outer = [starts.len(), steps];
            let shape: Shape = outer.iter().chain(inner).copied().collect();
            match Tensor::from_vec(data, shape) {
                Ok(pieces) => pieces,
                Err(error) => panic!("windows: {error}"),
            }
        };
        (pieces(0, self.length), pieces(self.length, self.horizon))
    }

    /// All windows and their targets.
    pub fn all(&self) -> (Tensor<T>, Tensor<T>) {
        self.rows(&Tensor::<i64>::from(
            (0..self.len() as i64).collect::<Vec<_>>(),
        ))
    }
}
