//! Initial values of parameters.
//!
//! A matrix of weights is `[inputs, outputs]`; of a shape with more axes, the last two are the
//! matrix and the outer ones a field that multiplies both fans (a kernel `[k, k, C, O]` has
//! k²·C inputs an output). A vector counts as a matrix with one output.

use wengert_tensor::{Float, Rng, Shape, Tensor};

/// The number of inputs and of outputs of a weight of this shape.
///
/// ```
/// use wengert_nn::init::fans;
/// assert_eq!(fans(&[3, 5].into()), (3, 5));
/// assert_eq!(fans(&[2, 2, 3, 5].into()), (12, 20));
/// assert_eq!(fans(&[4].into()), (4, 1));
/// ```
pub fn fans(shape: &Shape) -> (usize, usize) {
    match shape.dims() {
        [] => (1, 1),
        [inputs] => (*inputs, 1),
        [field @ .., inputs, outputs] => {
            let field: usize = field.iter().product();
            (field * inputs, field * outputs)
        }
    }
}

/// Zeros.
pub fn zeros<T: Float>(shape: impl Into<Shape>) -> Tensor<T> {
    Tensor::zeros(shape)
}

/// One value everywhere.
pub fn constant<T: Float>(shape: impl Into<Shape>, value: f64) -> Tensor<T> {
    Tensor::full(shape, T::from_f64(value))
}

/// Uniform in (−k, k): with k = 1/√inputs, what PyTorch's `Linear` starts with, with k = 1/√hidden
/// its recurrent layers.
///
/// # Panics
/// If `k` is negative or not finite.
#[track_caller]
pub fn uniform<T: Float>(shape: impl Into<Shape>, k: f64, rng: &mut Rng) -> Tensor<T> {
    rng.uniform(shape, -k, k)
}

/// Normal with mean 0 and the given standard deviation.
///
/// # Panics
/// If `std` is negative or NaN.
#[track_caller]
pub fn normal<T: Float>(shape: impl Into<Shape>, std: f64, rng: &mut Rng) -> Tensor<T> {
    rng.normal(shape, 0.0, std)
}

/// Glorot uniform: U(−k, k) with k = √(6 / (inputs + outputs)), which keeps the variance of both
/// values and gradients for layers that are nearly linear at 0, such as tanh (Glorot and Bengio
/// 2010, *Understanding the difficulty of training deep feedforward neural networks*, eq. 16).
///
/// ```
/// use wengert_nn::init::glorot_uniform;
/// use wengert_tensor::{Rng, Tensor};
/// let w: Tensor = glorot_uniform([20, 30], &mut Rng::seed_from_u64(1));
/// let k = (6.0f32 / 50.0).sqrt();
/// assert!(w.iter().all(|w| w.abs() <= k) && w.iter().any(|w| w.abs() > 0.9 * k));
/// ```
pub fn glorot_uniform<T: Float>(shape: impl Into<Shape>, rng: &mut Rng) -> Tensor<T> {
    let shape = shape.into();
    let (inputs, outputs) = fans(&shape);
    uniform(shape, root(6.0, inputs + outputs), rng)
}

/// Glorot normal: N(0, 2 / (inputs + outputs)) (Glorot and Bengio 2010).
pub fn glorot_normal<T: Float>(shape: impl Into<Shape>, rng: &mut Rng) -> Tensor<T> {
    let shape = shape.into();
    let (inputs, outputs) = fans(&shape);
    normal(shape, root(2.0, inputs + outputs), rng)
}

/// He uniform: U(−k, k) with k = √(6 / inputs), for layers before a ReLU (He, Zhang, Ren and Sun
/// 2015, *Delving deep into rectifiers*).
pub fn he_uniform<T: Float>(shape: impl Into<Shape>, rng: &mut Rng) -> Tensor<T> {
    let shape = shape.into();
    let k = root(6.0, fans(&shape).0);
    uniform(shape, k, rng)
}

/// He normal: N(0, 2 / inputs), for layers before a ReLU (He, Zhang, Ren and Sun 2015, eq. 10).
pub fn he_normal<T: Float>(shape: impl Into<Shape>, rng: &mut Rng) -> Tensor<T> {
    let shape = shape.into();
    let std = root(2.0, fans(&shape).0);
    normal(shape, std, rng)
}

/// LeCun uniform: U(−k, k) with k = √(3 / inputs) (LeCun, Bottou, Orr and Müller 1998, *Efficient
/// backprop*, eq. 16).
pub fn lecun_uniform<T: Float>(shape: impl Into<Shape>, rng: &mut Rng) -> Tensor<T> {
    let shape = shape.into();
    let k = root(3.0, fans(&shape).0);
    uniform(shape, k, rng)
}

/// LeCun normal: N(0, 1 / inputs) (LeCun, Bottou, Orr and Müller 1998, eq. 16).
pub fn lecun_normal<T: Float>(shape: impl Into<Shape>, rng: &mut Rng) -> Tensor<T> {
    let shape = shape.into();
    let std = root(1.0, fans(&shape).0);
    normal(shape, std, rng)
}

/// A matrix with orthonormal columns (rows, if it is wider than high) times `gain`, evenly
/// distributed: the Q of the QR decomposition of a normal draw, with the signs of R's diagonal
/// (Saxe, McClelland and Ganguli 2014, *Exact solutions to the nonlinear dynamics of learning in
/// deep linear neural networks*; Mezzadri 2007 on the signs). Axes before the last count as rows.
///
/// ```
/// use wengert_nn::init::orthogonal;
/// use wengert_tensor::{Rng, Tensor};
/// let w: Tensor<f64> = orthogonal([4, 4], 1.0, &mut Rng::seed_from_u64(1));
/// let column = |j: usize| (0..4).map(move |i| (i, j));
/// let dot = |a, b| column(a).zip(column(b)).map(|((i, a), (_, b))| w[[i, a]] * w[[i, b]]);
/// assert!((dot(0, 0).sum::<f64>() - 1.0).abs() < 1e-12);
/// assert!(dot(0, 2).sum::<f64>().abs() < 1e-12);
/// ```
pub fn orthogonal<T: Float>(shape: impl Into<Shape>, gain: f64, rng: &mut Rng) -> Tensor<T> {
    let shape = shape.into();
    let columns = shape.last().copied().unwrap_or(1);
    let rows = shape.size().checked_div(columns).unwrap_or(0);
    let (count, length) = (rows.min(columns), rows.max(columns));
    let vectors = orthonormal(count, length, rng);
    let mut data = Vec::with_capacity(shape.size());
    for row in 0..rows {
        for column in 0..columns {
            let (vector, at) = if rows >= columns {
                (column, row)
            } else {
                (row, column)
            };
            data.push(T::from_f64(gain * vectors[vector * length + at]));
        }
    }
    Tensor::from_vec(data, shape).expect("an element for every row and column")
}

/// Orthonormal vectors from normal draws by Gram and Schmidt, each orthogonalized twice: once
/// more makes them orthogonal to rounding (Giraud, Langou and Rozloznik 2005). The diagonal of R
/// is positive by construction.
fn orthonormal(count: usize, length: usize, rng: &mut Rng) -> Vec<f64> {
    let mut vectors = vec![0.0; count * length];
    for k in 0..count {
        let (done, rest) = vectors.split_at_mut(k * length);
        let own = &mut rest[..length];
        loop {
            own.fill_with(|| rng.standard_normal());
            for other in done.chunks_exact(length).chain(done.chunks_exact(length)) {
                let dot: f64 = own.iter().zip(other).map(|(a, b)| a * b).sum();
                own.iter_mut().zip(other).for_each(|(a, b)| *a -= dot * b);
            }
            let norm = own.iter().map(|a| a * a).sum::<f64>().sqrt();
            // A draw in the span of the others has probability 0, and is drawn again.
            if norm > 1e-8 {
                own.iter_mut().for_each(|a| *a /= norm);
                break;
            }
        }
    }
    vectors
}

/// √(numerator / fan); an empty weight has a fan of 0 and needs no number.
fn root(numerator: f64, fan: usize) -> f64 {
    (numerator / fan.max(1) as f64).sqrt()
}
