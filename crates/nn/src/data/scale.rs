//! Scalers: features brought to a common size, by numbers that are learned from training data alone.

use wengert_tape::Var;
use wengert_tape::tree::Tree;
use wengert_tensor::{Float, ShapeError, Tensor};

use crate::data::split::Train;

/// Features brought to mean 0 and variance 1 on the training data.
///
/// x is \[…, C\]; mean and variance (divided by n, as in scikit-learn) are of each feature, over all other
/// axes, and computed in `f64`. A feature that is always the same is only moved.
///
/// ```text
/// z = (x − mean) / deviation
/// ```
///
/// It is made by [`fit`](StandardScaler::fit) alone, and that takes only what is marked as training data
/// ([`Train`]), so that nothing of the test gets into it. It is a tree whose leaves are state: a model
/// that holds one saves it, and no optimizer moves it.
///
/// ```
/// use wengert_nn::data::{Split, StandardScaler};
/// use wengert_tensor::Tensor;
/// let x = Tensor::<f32>::from([[1.0, 7.0], [3.0, 7.0], [9.0, 9.0]]);
/// let split = Split::chronological(3, 0.0, 0.34);
/// let scaler = StandardScaler::fit(&split.train(&x));
/// let z = scaler.transform(&split.test(&x));
/// assert_eq!(z, Tensor::from([[7.0, 2.0]]));
/// assert_eq!(scaler.inverse(&z), split.test(&x));
/// ```
///
/// Data that nobody marked are refused by the compiler:
/// ```compile_fail,E0308
/// use wengert_nn::data::StandardScaler;
/// use wengert_tensor::Tensor;
/// StandardScaler::fit(&Tensor::<f32>::from([[1.0], [3.0]]));
/// ```
#[derive(Tree, Clone, Debug)]
#[doc(alias = "normalize")]
pub struct StandardScaler<P = Tensor> {
    #[tree(state)]
    mean: P,
    #[tree(state)]
    deviation: P,
}

/// Features brought to [0, 1] on the training data.
///
/// x is \[…, C\]; the least and the greatest number are those of each feature, over all other axes. A
/// feature that is always the same is only moved. Other data may lie outside.
///
/// ```text
/// z = (x − least) / (greatest − least)
/// ```
///
/// How it is made and kept is as for [`StandardScaler`].
///
/// ```
/// use wengert_nn::data::{MinMaxScaler, Train};
/// use wengert_tensor::Tensor;
/// let scaler = MinMaxScaler::fit(&Train::assume(Tensor::<f32>::from([[1.0], [5.0], [3.0]])));
/// let x = Tensor::from([[2.0], [7.0]]);
/// assert_eq!(scaler.transform(&x), Tensor::from([[0.25], [1.5]]));
/// assert_eq!(scaler.inverse(&scaler.transform(&x)), x);
/// ```
#[derive(Tree, Clone, Debug)]
#[doc(alias = "rescale")]
pub struct MinMaxScaler<P = Tensor> {
    #[tree(state)]
    least: P,
    #[tree(state)]
    extent: P,
}

/// The numbers of each feature of x \[…, C\], in `f64`.
fn features<T: Float>(op: &'static str, x: &Tensor<T>) -> Result<Vec<Vec<f64>>, ShapeError> {
    let shape = x.shape();
    let Some(&width) = shape.last() else {
        return Err(ShapeError::new(op, "data [] have no axis of features"));
    };
    if x.size() == 0 {
        return Err(ShapeError::new(op, format!("data {shape} have no rows")));
    }
    let mut features = vec![Vec::with_capacity(x.size() / width); width];
    for (at, number) in x.iter().enumerate() {
        let (row, feature) = (at / width, at % width);
        if !number.is_finite() {
            let what = format!("row {row}, feature {feature}: {number} has no scale");
            return Err(ShapeError::new(op, what));
        }
        features[feature].push(number.to_f64());
    }
    Ok(features)
}

/// What to divide by; 1 where there is nothing.
fn divisor(extent: f64) -> f64 {
    if extent > 0.0 { extent } else { 1.0 }
}

fn tensor<T: Float>(numbers: impl Iterator<Item = f64>) -> Tensor<T> {
    Tensor::from(numbers.map(T::from_f64).collect::<Vec<_>>())
}

#[track_caller]
fn or_panic<X>(result: Result<X, ShapeError>) -> X {
    match result {
        Ok(x) => x,
        Err(error) => panic!("{error}"),
    }
}

impl<T: Float> StandardScaler<Tensor<T>> {
    /// The scaler of these data.
    ///
    /// # Panics
    /// If there is no axis or no row, or a number is NaN or infinite.
    #[doc(alias = "fit_transform")]
    #[track_caller]
    pub fn fit(train: &Train<Tensor<T>>) -> Self {
        or_panic(Self::try_fit(train))
    }

    /// [`fit`](StandardScaler::fit) for data that may be anything.
    ///
    /// # Errors
    /// If there is no axis or no row, or a number is NaN or infinite.
    pub fn try_fit(train: &Train<Tensor<T>>) -> Result<Self, ShapeError> {
        let moments = |x: &Vec<f64>| {
            let count = x.len() as f64;
            let mean = x.iter().map(|x| x / count).sum::<f64>();
            let scale = x.iter().map(|x| (x - mean).abs()).fold(0.0, f64::max);
            // Squares of what is divided by the greatest do not leave the range of the type.
            let square = |x: &f64| ((x - mean) / divisor(scale)).powi(2);
            (
                mean,
                scale * (x.iter().map(square).sum::<f64>() / count).sqrt(),
            )
        };
        let features = features("StandardScaler", train)?;
        let moments: Vec<(f64, f64)> = features.iter().map(moments).collect();
        Ok(StandardScaler {
            mean: tensor(moments.iter().map(|&(mean, _)| mean)),
            deviation: tensor(moments.iter().map(|&(_, deviation)| divisor(deviation))),
        })
    }

    /// z of x \[…, C\].
    ///
    /// # Panics
    /// If x does not end with the axis of the features.
    #[track_caller]
    pub fn transform(&self, x: &Tensor<T>) -> Tensor<T> {
        fits("StandardScaler", x, &self.mean);
        (x - &self.mean) / &self.deviation
    }

    /// x of z \[…, C\].
    ///
    /// # Panics
    /// As [`transform`](StandardScaler::transform).
    #[doc(alias = "inverse_transform")]
    #[track_caller]
    pub fn inverse(&self, z: &Tensor<T>) -> Tensor<T> {
        fits("StandardScaler", z, &self.mean);
        z * &self.deviation + &self.mean
    }

    /// The mean of each feature \[C\].
    pub fn mean(&self) -> &Tensor<T> {
        &self.mean
    }

    /// The deviation of each feature \[C\]; 1 where it is 0.
    pub fn deviation(&self) -> &Tensor<T> {
        &self.deviation
    }
}

impl<T: Float> MinMaxScaler<Tensor<T>> {
    /// The scaler of these data.
    ///
    /// # Panics
    /// If there is no axis or no row, a number is NaN or infinite, or the range of a feature is.
    #[track_caller]
    pub fn fit(train: &Train<Tensor<T>>) -> Self {
        or_panic(Self::try_fit(train))
    }

    /// [`fit`](MinMaxScaler::fit) for data that may be anything.
    ///
    /// # Errors
    /// If there is no axis or no row, a number is NaN or infinite, or the range of a feature is.
    pub fn try_fit(train: &Train<Tensor<T>>) -> Result<Self, ShapeError> {
        let range = |x: &Vec<f64>| {
            let least = x.iter().copied().fold(f64::INFINITY, f64::min);
            (least, x.iter().copied().fold(-f64::INFINITY, f64::max))
        };
        let features = features("MinMaxScaler", train)?;
        let ranges: Vec<(f64, f64)> = features.iter().map(range).collect();
        let extent: Tensor<T> = tensor(ranges.iter().map(|&(least, most)| divisor(most - least)));
        if let Some(feature) = extent.first_non_finite() {
            let what = format!("feature {feature}: its range is beyond {}", T::NAME);
            return Err(ShapeError::new("MinMaxScaler", what));
        }
        let least = tensor(ranges.iter().map(|&(least, _)| least));
        Ok(MinMaxScaler { least, extent })
    }

    /// z of x \[…, C\].
    ///
    /// # Panics
    /// If x does not end with the axis of the features.
    #[track_caller]
    pub fn transform(&self, x: &Tensor<T>) -> Tensor<T> {
        fits("MinMaxScaler", x, &self.least);
        (x - &self.least) / &self.extent
    }

    /// x of z \[…, C\].
    ///
    /// # Panics
    /// As [`transform`](MinMaxScaler::transform).
    #[track_caller]
    pub fn inverse(&self, z: &Tensor<T>) -> Tensor<T> {
        fits("MinMaxScaler", z, &self.least);
        z * &self.extent + &self.least
    }

    /// The least number of each feature \[C\].
    pub fn least(&self) -> &Tensor<T> {
        &self.least
    }

    /// The greatest number less the least of each feature \[C\]; 1 where it is 0.
    pub fn extent(&self) -> &Tensor<T> {
        &self.extent
    }
}

#[track_caller]
fn fits<T: Float>(op: &str, x: &Tensor<T>, features: &Tensor<T>) {
    let (shape, width) = (x.shape(), features.size());
    assert!(
        shape.last() == Some(&width),
        "{op}: {shape} does not end with {width} features"
    );
}

impl<'t, T: Float> StandardScaler<Var<'t, T>> {
    /// z of x \[…, C\], within a model.
    pub fn transform(&self, x: Var<'t, T>) -> Var<'t, T> {
        (x - self.mean) / self.deviation
    }

    /// x of z \[…, C\], within a model.
    pub fn inverse(&self, z: Var<'t, T>) -> Var<'t, T> {
        z * self.deviation + self.mean
    }
}

impl<'t, T: Float> MinMaxScaler<Var<'t, T>> {
    /// z of x \[…, C\], within a model.
    pub fn transform(&self, x: Var<'t, T>) -> Var<'t, T> {
        (x - self.least) / self.extent
    }

    /// x of z \[…, C\], within a model.
    pub fn inverse(&self, z: Var<'t, T>) -> Var<'t, T> {
        z * self.extent + self.least
    }
}
