//! Values brought to a common scale.

use smallvec::SmallVec;
use wengert_tensor::{Float, Shape, ShapeError};

use crate::record::var::{Operand, Var};

impl<'t, T: Float> Var<'t, T> {
    /// The value with mean 0 and variance 1 over the last `axes` axes, then scaled by `weight` and
    /// shifted by `bias`, which have the shape of these axes:
    /// (x − m) / √(v + ε) · weight + bias, where v is the population's variance. Off as `standardize` is.
    ///
    /// Source: Ba, Kiros and Hinton 2016, Layer Normalization.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.leaf(&Tensor::from([1.0, 3.0]));
    /// let bias = tape.leaf(&Tensor::from([5.0, 7.0]));
    /// let y = x.layer_norm(1, None, Some(bias), 0.0);
    /// assert_eq!(y.value().to_vec(), [4.0, 8.0]);
    /// ```
    ///
    /// # Panics
    /// If `axes` is 0 or more than there are, or the weight or the bias has not the shape of these
    /// axes.
    #[track_caller]
    pub fn layer_norm(
        self,
        axes: usize,
        weight: Option<Self>,
        bias: Option<Self>,
        eps: f64,
    ) -> Self {
        let shape = self.shape();
        if !(1..=shape.rank()).contains(&axes) {
            let reason = format!("{axes} axes are none to normalize over, the shape is {shape}");
            panic!("{}", ShapeError::new("layer_norm", reason));
        }
        let inner = Shape::new(&shape[shape.rank() - axes..]);
        check_scale("layer_norm", &inner, "weight", weight);
        check_scale("layer_norm", &inner, "bias", bias);
        let list: SmallVec<[isize; 8]> = (1..=axes as isize).map(|axis| -axis).collect();
        let y = self.standardize(&list, eps);
        y.scaled(weight, bias)
    }

    /// The value with mean 0 and variance 1 over `axes`, all if there are none in the list:
    /// (x − m) / √(v + ε). Squares of any size neither overflow nor vanish: it is off by at most 4 units in
    /// the last place of the row's greatest, the gradient by 9 (rows of four).
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn standardize(self, axes: &[isize], eps: f64) -> Self {
        let centered = self - self.mean_axes(axes, true);
        let variance = (centered * centered).mean_axes(axes, true);
        if out_of_range(variance, eps) {
            let [x, eps] = self.brought_near(variance, axes, eps);
            let centered = x - x.mean_axes(axes, true);
            let variance = (centered * centered).mean_axes(axes, true);
            return centered * (variance + eps).rsqrt();
        }
        centered * (variance + eps).rsqrt()
    }

    /// The value with the rows over `axes` whose mean square is out of range divided by their greatest
    /// element, and `eps` divided by its square.
    #[track_caller]
    fn brought_near(self, square: Self, axes: &[isize], eps: f64) -> [Self; 2] {
        let [least, most, zero, one] =
            [range::<T>(eps)[0], range::<T>(eps)[1], 0.0, 1.0].map(|x| self.tape().scalar(x));
        let greatest = self.detach().abs().amax(axes, true);
        let divisor = Var::select_equal(greatest, zero, one, greatest);
        let small = Var::select_less(square.detach(), least, divisor, one);
        let divisor = Var::select_less(most, square.detach(), divisor, small);
        [self / divisor, (eps.sqrt() / divisor).square()]
    }

    /// The value divided by its root mean square over the last axis, scaled by `weight`, which has
    /// the length of that axis: x / √(Σ x² / n + ε) · weight. Off as `standardize` is.
    ///
    /// Source: Zhang and Sennrich 2019, Root Mean Square Layer Normalization.
    ///
    /// # Panics
    /// If it is a scalar, or the weight is not as long as the last axis.
    #[track_caller]
    pub fn rms_norm(self, weight: Option<Self>, eps: f64) -> Self {
        let shape = self.shape();
        let Some(&last) = shape.last() else {
            panic!(
                "{}",
                ShapeError::new("rms_norm", "a scalar has no last axis")
            );
        };
        check_scale("rms_norm", &Shape::from([last]), "weight", weight);
        let square = (self * self).mean_axes(&[-1], true);
        if out_of_range(square, eps) {
            let [x, eps] = self.brought_near(square, &[-1], eps);
            let square = (x * x).mean_axes(&[-1], true);
            return (x * (square + eps).rsqrt()).scaled(weight, None);
        }
        (self * (square + eps).rsqrt()).scaled(weight, None)
    }

    #[track_caller]
    fn scaled(self, weight: Option<Self>, bias: Option<Self>) -> Self {
        let y = weight.map_or(self, |weight| self * weight);
        bias.map_or(y, |bias| y + bias)
    }

    /// The cosine of the angle between this value and `other` along `axis`, from −1 to 1; each norm is
    /// at least `eps`. Where one is 0 the gradient is 0.
    ///
    /// # Panics
    /// If the shapes do not broadcast or the axis is out of range.
    #[track_caller]
    pub fn cosine_similarity(self, other: impl Operand<'t, T>, axis: isize, eps: f64) -> Self {
        let other = other.on(self.tape());
        let cosine = (unit(self, axis, eps) * unit(other, axis, eps)).sum_axes(&[axis], false);
        // The rounding beyond 1 goes, the gradient stays.
        let number = cosine.detach();
        cosine + (number.clamp(-1.0, 1.0) - number)
    }
}

/// Checks the shape of a weight or a bias. One that broadcasts would be used in silence.
#[track_caller]
fn check_scale<T: Float>(op: &'static str, wanted: &Shape, what: &str, scale: Option<Var<'_, T>>) {
    if let Some(scale) = scale
        && scale.shape() != *wanted
    {
        let reason = format!("the {what} has the shape {}, not {wanted}", scale.shape());
        panic!("{}", ShapeError::new(op, reason));
    }
}

/// The value divided by its norm along `axis`, which counts as at least `eps`; 0 where it is 0.
#[track_caller]
fn unit<T: Float>(x: Var<'_, T>, axis: isize, eps: f64) -> Var<'_, T> {
    let [zero, infinity] = [0.0, f64::INFINITY].map(|value| x.tape().scalar(value));
    let norm = x.norm(&[axis], true);
    // The inverse of a norm may be out of range.
    x / Var::select_equal(norm, zero, infinity, norm.max(eps))
}

/// The mean squares whose roots have inverses and slopes that are numbers. With `eps` no square is too
/// small.
fn range<T: Float>(eps: f64) -> [f64; 2] {
    let most = f64::powi(
        2.0,
        if T::EPSILON.to_f64() > f64::EPSILON {
            40
        } else {
            300
        },
    );
    [if eps > 0.0 { 0.0 } else { 1.0 / most }, most]
}

fn out_of_range<T: Float>(square: Var<'_, T>, eps: f64) -> bool {
    let beyond = |x: T| x.to_f64() > range::<T>(1.0)[1];
    let below = |x: T| x.to_f64() < range::<T>(0.0)[0];
    square.size() > 0 && (square.any(beyond) || eps <= 0.0 && square.any(below))
}
