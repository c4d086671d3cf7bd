//! `svd`: singular values and vectors.
//!
//! - shape: a\[…, m, n\] → u\[…, m, k\], s\[…, k\], vᵀ\[…, k, n\] with k the smaller of m and n
//! - value: u diag(s) vᵀ = a, uᵀ u = vᵀ v = 1, s in descending order and not negative, each pair of vectors with a
//!   sign of its own
//! - rule: ā = u (diag(s̄) + (f ∘ (uᵀ ū − ūᵀ u)) s + s (f ∘ (vᵀ v̄ − v̄ᵀ v))) vᵀ with f_ij = 1 / (s_j² − s_i²), and
//!   what flows into vectors from outside of their span, divided by s
//! - edges: where singular values are equal to rounding, what flows into them is shared equally; one that is 0
//!   has slope 0, as |x| has. Vectors of equal values have no derivative, nor those of a 0 beside a longer side:
//!   the gradient is NaN where something flows into these, and at second order also where it flows into the
//!   values. NaN and infinities make all NaN. Computed in `f64` for `f32` too
//! - source: Townsend 2016, Differentiating the Singular Value Decomposition

use wengert_tensor::kernels::linalg::{self, Matrices, matrix};
use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};

use crate::check::{Samples, plain};
use crate::compiled_here;
use crate::ops::ready::Ties;
use crate::record::op::{Op, Shapes};
use crate::record::recording::or_panic;
use crate::record::var::Var;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

impl<'t, T: Float> Var<'t, T> {
    /// The matrices u, the singular values s in descending order, and the matrices vᵀ with u·diag(s)·vᵀ = a:
    /// for a of m × n elements u is m × k and vᵀ k × n, with k the smaller of both.
    ///
    /// A pair of vectors is as good as its negative: the first element of a column of u that is at least half
    /// as great as the greatest is not negative. Vectors of equal values have no derivative; see
    /// `docs/edges.md`.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let a = tape.leaf(&Tensor::from([[0.0, 2.0], [3.0, 0.0]]));
    /// let (u, s, vt) = a.svd();
    /// assert_eq!(s.value(), Tensor::from([3.0, 2.0]));
    /// assert_eq!((u * s).matmul(vt).value(), a.value());
    /// ```
    ///
    /// # Panics
    /// If there are less than two axes.
    #[track_caller]
    pub fn svd(self) -> (Self, Self, Self) {
        or_panic(matrix("svd", &self.shape()));
        let all = self.tape().apply_all(Svd, &[self]);
        (all[0], all[1], all[2])
    }

    /// The singular values in descending order.
    ///
    /// ```
    /// use wengert_tape::Tape;
    /// use wengert_tensor::Tensor;
    /// let tape = Tape::<f64>::new();
    /// let a = tape.leaf(&Tensor::from([[3.0, 0.0], [0.0, 0.0]]));
    /// let nuclear = a.svdvals().sum();
    /// assert_eq!(nuclear.backward().wrt(a).unwrap(), Tensor::from([[1.0, 0.0], [0.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// If there are less than two axes.
    #[doc(alias = "singular_values")]
    #[doc(alias = "nuclear_norm")]
    #[track_caller]
    pub fn svdvals(self) -> Self {
        or_panic(matrix("svdvals", &self.shape()));
        self.svd().1
    }
}

#[derive(Clone, Copy)]
struct Svd;

/// s_j² − s_i².
#[track_caller]
fn gaps<'t, T: Float>(s: Var<'t, T>) -> Var<'t, T> {
    let (row, column) = (s.unsqueeze(-2), s.unsqueeze(-1));
    (row - column) * (row + column)
}

/// What of x is not in the span of the orthonormal columns q.
#[track_caller]
fn outside<'t, T: Float>(q: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    x - q.matmul(q.t().matmul(x))
}

/// The columns of x divided by the values, where they are not exactly 0.
#[track_caller]
fn divided<'t, T: Float>(x: Var<'t, T>, s: Var<'t, T>, ties: &Ties<T>) -> Var<'t, T> {
    Var::absorb(x, ties.or_nan(s).recip().unsqueeze(-2))
}

impl<T: Float> Op<T> for Svd {
    compiled_here!(op Svd);

    fn name(&self) -> &'static str {
        "svd"
    }
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError> {
        let [m, n] = matrix("svd", &inputs[0])?;
        let (rank, k) = (inputs[0].rank(), m.min(n));
        let (mut u, mut s, mut vt) = (inputs[0].clone(), inputs[0].clone(), inputs[0].clone());
        u.dims_mut()[rank - 1] = k;
        vt.dims_mut()[rank - 2] = k;
        s.remove(rank - 1);
        s.dims_mut()[rank - 2] = k;
        Ok(Shapes::from_vec(vec![u, s, vt]))
    }
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]) {
        let (u, s, vt) = linalg::svd(&Matrices::read(&inputs[0]));
        u.write(outputs[0]);
        s.write(outputs[1]);
        vt.write(outputs[2]);
    }
    fn reverse(&self, rule: &Reverse<'_, '_, T>) {
        let (u, s, vt) = (rule.y(0), rule.y(1), rule.y(2));
        let [m, k, n] = [u.dim(-2), s.dim(-1), vt.dim(-1)];
        let ties = Ties::new(&s.value(), m.max(n));
        let mut a_bar = Sum(None);
        if let Some(s_bar) = rule.y_bar(1) {
            let shared = ties.share(ties.positive(s_bar));
            a_bar.add((u * shared.unsqueeze(-2)).matmul(vt));
        }
        if let Some(u_bar) = rule.y_bar(0) {
            let inside = u.t().matmul(u_bar);
            let turned = ties.divide(inside - inside.t(), gaps(s)) * s.unsqueeze(-2);
            a_bar.add(u.matmul(turned).matmul(vt));
            if m > k {
                a_bar.add(divided(outside(u, u_bar), s, &ties).matmul(vt));
            }
        }
        if let Some(vt_bar) = rule.y_bar(2) {
            let inside = vt.matmul(vt_bar.t());
            let turned = s.unsqueeze(-1) * ties.divide(inside - inside.t(), gaps(s));
            a_bar.add(u.matmul(turned).matmul(vt));
            if n > k {
                let rest = divided(outside(vt.t(), vt_bar.t()), s, &ties);
                a_bar.add(u.matmul(rest.t()));
            }
        }
        if let Some(a_bar) = a_bar.0 {
            rule.give(0, a_bar);
        }
    }
    fn tangent(&self, rule: &Tangent<'_, '_, T>) {
        let Some(a_dot) = rule.x_dot(0) else { return };
        let (u, s, vt) = (rule.y(0), rule.y(1), rule.y(2));
        let [m, k, n] = [u.dim(-2), s.dim(-1), vt.dim(-1)];
        let ties = Ties::new(&s.value(), m.max(n));
        let p = u.t().matmul(a_dot).matmul(vt.t());
        let s_dot = ties.positive(ties.share(p.diagonal(0, -2, -1)));
        rule.give(1, s_dot);
        let (row, column) = (s.unsqueeze(-2), s.unsqueeze(-1));
        let of_u = ties.divide(p * row + column * p.t(), gaps(s));
        rule.give(0, u.matmul(of_u));
        if m > k {
            rule.give(0, divided(outside(u, a_dot.matmul(vt.t())), s, &ties));
        }
        let of_v = ties.divide(column * p + p.t() * row, gaps(s));
        rule.give(2, vt.t().matmul(of_v).t());
        if n > k {
            let rest = divided(outside(vt.t(), a_dot.t().matmul(u)), s, &ties);
            rule.give(2, rest.t());
        }
    }
}

/// Terms that may not be there.
struct Sum<'t, T: Float>(Option<Var<'t, T>>);

impl<'t, T: Float> Sum<'t, T> {
    #[track_caller]
    fn add(&mut self, x: Var<'t, T>) {
        self.0 = Some(match self.0 {
            Some(sum) => sum + x,
            None => x,
        });
    }
}

/// A matrix whose singular values are apart, and above 0.
#[track_caller]
fn spread<'t, T: Float>(x: Var<'t, T>) -> Var<'t, T> {
    x + &steps(x.dim(-2), x.dim(-1))
}

fn steps<T: Float>(m: usize, n: usize) -> Tensor<T> {
    Tensor::from_fn([m, n], |at| {
        T::from_f64(if at[0] == at[1] { 8.0 + 10.0 * at[0] as f64 } else { 0.0 })
    })
}

fn spread_plain(x: &Tensor<f64>) -> Tensor<f64> {
    plain::each_matrix(x, |x| {
        let steps = steps::<f64>(x.dim(0), x.dim(1));
        x.zip_map(&steps, |a, b| a + b)
    })
}

pub(in crate::ops) fn samples<T: Float>() -> Samples<T> {
    // u s vᵀ is a, u s³ vᵀ is a aᵀ a, and both vectors are orthonormal.
    let made = |a: Tensor<f64>| {
        let mut axes: Vec<usize> = (0..a.rank()).collect();
        axes.swap(a.rank() - 2, a.rank() - 1);
        let turned = plain::permuted(&a, &axes);
        let cube = plain::product(&plain::product(&a, &turned), &a);
        vec![a, cube]
    };
    fn make<'t, T: Float>(a: Var<'t, T>) -> Vec<Var<'t, T>> {
        let (u, s, vt) = a.svd();
        let of = |s: Var<'t, T>| (u * s.unsqueeze(-2)).matmul(vt);
        vec![of(s), of(s * s * s)]
    }
    Samples::new("svd")
        .case("square", &[&[3, 3]], |x| make(spread(x[0])))
        .gives(move |x| made(spread_plain(&x[0])))
        .case("tall, of a batch", &[&[2, 4, 2]], |x| make(spread(x[0])))
        .gives(move |x| made(spread_plain(&x[0])))
        .case("wide", &[&[2, 3]], |x| make(spread(x[0])))
        .gives(move |x| made(spread_plain(&x[0])))
        .case("values and vectors of two", &[&[2, 2]], |x| {
            let (u, s, vt) = spread(x[0]).svd();
            vec![s, u * u, vt * vt]
        })
        .gives(|x| {
            // The eigenvalues and the angles of a aᵀ and aᵀ a.
            let a = spread_plain(&x[0]);
            let [p, q, r, t] = [a[[0, 0]], a[[0, 1]], a[[1, 0]], a[[1, 1]]];
            let (sum, difference) = ((p + t).hypot(q - r), (p - t).hypot(q + r));
            let s = Tensor::from([0.5 * (sum + difference), 0.5 * (sum - difference)]);
            let (of_u, of_v) = (p * p + q * q - r * r - t * t, p * p + r * r - q * q - t * t);
            let (cross_u, cross_v) = (p * r + q * t, p * q + r * t);
            let squares = |half: f64, cross: f64| {
                let cosine = half / half.hypot(2.0 * cross);
                let (near, far) = (0.5 + 0.5 * cosine, 0.5 - 0.5 * cosine);
                Tensor::from([[near, far], [far, near]])
            };
            let v = squares(of_v, cross_v);
            vec![s, squares(of_u, cross_u), plain::permuted(&v, &[1, 0])]
        })
        .case("only the vectors of a tall one", &[&[3, 2]], |x| {
            let (u, _, vt) = spread(x[0]).svd();
            vec![u.matmul(vt)]
        })
        .gives(|x| {
            // a (aᵀ a)^−½ by the closed form of the root of two rows.
            let a = spread_plain(&x[0]);
            let g = plain::product(&plain::permuted(&a, &[1, 0]), &a);
            let d = (g[[0, 0]] * g[[1, 1]] - g[[0, 1]] * g[[0, 1]]).sqrt();
            let scale = (g[[0, 0]] + g[[1, 1]] + 2.0 * d).sqrt();
            let root = plain::shifted(&g, d).map(|x| x / scale);
            vec![plain::product(&a, &plain::inverse(&root))]
        })
        .case("the values alone", &[&[3, 2]], |x| {
            let s = spread(x[0]).svdvals();
            vec![(s * s).sum()]
        })
        .gives(|x| vec![Tensor::scalar(spread_plain(&x[0]).iter().map(|x| x * x).sum())])
        .case("one number", &[&[1, 1]], |x| {
            let (u, s, vt) = spread(x[0]).svd();
            vec![u, s, vt]
        })
        .gives(|x| {
            let one = Tensor::ones([1, 1]);
            vec![one.clone(), Tensor::from([x[0].item() + 8.0]), one]
        })
        .case("nothing", &[&[0, 3]], |x| vec![x[0].svd().2])
        .gives(|x| vec![x[0].clone()])
        .bad(&[&[3]], "svd: [3] is no matrix", |x| vec![x[0].svd().0])
        .bad(&[&[]], "svdvals: [] is no matrix", |x| vec![x[0].svdvals()])
}
