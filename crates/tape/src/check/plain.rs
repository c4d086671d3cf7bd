//! Plain values for the references of ops: loops over indices, and nothing that an op uses.

use wengert_tensor::Tensor;

/// Every index of a shape, in row-major order.
pub(crate) fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    let mut list = vec![vec![]];
    for &dim in shape {
        let longer = |index: &Vec<usize>| {
            let index = index.clone();
            (0..dim).map(move |at| [&index[..], &[at]].concat())
        };
        list = list.iter().flat_map(longer).collect();
    }
    list
}

/// The element at an index.
pub(crate) fn at(x: &Tensor<f64>, index: &[usize]) -> f64 {
    let index: Vec<isize> = index.iter().map(|&at| at as isize).collect();
    x.get(&index).expect("an index inside the shape")
}

/// y at each index is x at the index that `from` gives for it.
pub(crate) fn pick(
    x: &Tensor<f64>,
    shape: &[usize],
    from: impl Fn(&[usize]) -> Vec<usize>,
) -> Tensor<f64> {
    Tensor::from_fn(shape, |index| at(x, &from(index)))
}

/// The elements that share their indices on all but `axes`, made one number by `f`. The axes
/// disappear, or have length 1.
pub(crate) fn reduced(
    x: &Tensor<f64>,
    axes: &[usize],
    keep: bool,
    f: impl Fn(&[f64]) -> f64,
) -> Tensor<f64> {
    let others: Vec<usize> = (0..x.rank()).filter(|axis| !axes.contains(axis)).collect();
    let shape: Vec<usize> = if keep {
        let dim = |axis| {
            if axes.contains(&axis) {
                1
            } else {
                x.shape()[axis]
            }
        };
        (0..x.rank()).map(dim).collect()
    } else {
        others.iter().map(|&axis| x.shape()[axis]).collect()
    };
    Tensor::from_fn(shape, |y_index| {
        let meets = |x_index: &&Vec<usize>| {
            let y_at = |k: usize| if keep { y_index[others[k]] } else { y_index[k] };
            (0..others.len()).all(|k| x_index[others[k]] == y_at(k))
        };
        let met = indices(x.shape());
        let met: Vec<f64> = met.iter().filter(meets).map(|index| at(x, index)).collect();
        f(&met)
    })
}

/// Each line along `axis`, made another line of the same length by `f`.
pub(crate) fn along(x: &Tensor<f64>, axis: usize, f: impl Fn(&[f64]) -> Vec<f64>) -> Tensor<f64> {
    Tensor::from_fn(x.shape(), |index| {
        let element = |k| {
            let mut index = index.to_vec();
            index[axis] = k;
            at(x, &index)
        };
        let line: Vec<f64> = (0..x.shape()[axis]).map(element).collect();
        f(&line)[index[axis]]
    })
}

/// c_ij = Σ_k a_ik b_kj, for every index of the batch axes, which broadcast.
pub(crate) fn product(a: &Tensor<f64>, b: &Tensor<f64>) -> Tensor<f64> {
    let (m, n) = (a.rank() - 2, b.rank() - 2);
    let batch = a.shape()[..m].len().max(n);
    let dim = |x: &Tensor<f64>, rank: usize, axis: usize| {
        (axis + rank)
            .checked_sub(batch)
            .map_or(1, |axis| x.shape()[axis])
    };
    let mut shape: Vec<usize> = (0..batch)
        .map(|axis| match (dim(a, m, axis), dim(b, n, axis)) {
            (1, other) => other,
            (one, _) => one,
        })
        .collect();
    shape.extend([a.shape()[m], b.shape()[n + 1]]);
    Tensor::from_fn(shape, |c| {
        let of = |x: &Tensor<f64>, rank: usize, row: usize, column: usize| {
            let outer = &c[batch - rank..batch];
            let outer = outer.iter().zip(x.shape().iter());
            let mut index: Vec<usize> = outer.map(|(&at, &dim)| at.min(dim - 1)).collect();
            index.extend([row, column]);
            at(x, &index)
        };
        let inner = 0..a.shape()[m + 1];
        inner
            .map(|k| of(a, m, c[batch], k) * of(b, n, k, c[batch + 1]))
            .sum()
    })
}

/// The sum of products x w of rows and matrices, and a bias. The outer axes are those of the rows.
pub(crate) fn affine(
    products: &[(&Tensor<f64>, &Tensor<f64>)],
    bias: Option<&Tensor<f64>>,
) -> Tensor<f64> {
    let (first, w) = products[0];
    let mut shape = first.shape().to_vec();
    let last = shape.len() - 1;
    shape[last] = w.shape()[1];
    Tensor::from_fn(shape, |index| {
        let (outer, column) = (&index[..last], index[last]);
        let mut sum = bias.map_or(0.0, |bias| bias[[column]]);
        for (x, w) in products {
            for k in 0..w.shape()[0] {
                sum += at(x, &[outer, &[k]].concat()) * w[[k, column]];
            }
        }
        sum
    })
}

/// What `f` makes of each matrix of the last two axes.
pub(crate) fn each_matrix(x: &Tensor<f64>, f: impl Fn(&Tensor<f64>) -> Tensor<f64>) -> Tensor<f64> {
    let lead = x.rank() - 2;
    let of = |outer: &[usize]| f(&pick(x, &x.shape()[lead..], |at| [outer, at].concat()));
    let made: Vec<Tensor<f64>> = indices(&x.shape()[..lead])
        .iter()
        .map(|at| of(at))
        .collect();
    let inner = match made.first() {
        Some(first) => first.shape().to_vec(),
        None => return x.clone(),
    };
    let shape = [&x.shape()[..lead], &inner].concat();
    let numbers = made.iter().flat_map(|x| x.to_vec()).collect();
    Tensor::from_vec(numbers, shape).expect("as many numbers as the shape says")
}

/// The square matrices with a number added to the diagonals.
pub(crate) fn shifted(x: &Tensor<f64>, by: f64) -> Tensor<f64> {
    let rank = x.rank();
    Tensor::from_fn(x.shape(), |index| {
        let on_diagonal = index[rank - 2] == index[rank - 1];
        at(x, index) + if on_diagonal { by } else { 0.0 }
    })
}

/// A matrix without a row and a column.
fn minor(x: &Tensor<f64>, row: usize, column: usize) -> Tensor<f64> {
    let n = x.dim(-1) - 1;
    pick(x, &[n, n], |at| {
        vec![
            at[0] + usize::from(at[0] >= row),
            at[1] + usize::from(at[1] >= column),
        ]
    })
}

/// The determinant, by Laplace's expansion along the first row.
fn expansion(x: &Tensor<f64>) -> f64 {
    if x.dim(-1) == 0 {
        return 1.0;
    }
    let term = |j: usize| {
        let sign = if j.is_multiple_of(2) { 1.0 } else { -1.0 };
        sign * x[[0, j]] * expansion(&minor(x, 0, j))
    };
    (0..x.dim(-1)).map(term).sum()
}

/// The determinants of square matrices.
pub(crate) fn det(x: &Tensor<f64>) -> Tensor<f64> {
    let d = each_matrix(x, |x| Tensor::from([[expansion(x)]]));
    let shape = x.shape()[..x.rank() - 2].to_vec();
    // Of matrices without elements there may still be many.
    match x.dim(-1) {
        0 => Tensor::ones(shape),
        _ => reshaped(&d, &shape),
    }
}

/// The inverses of square matrices, by Cramer's rule.
pub(crate) fn inverse(x: &Tensor<f64>) -> Tensor<f64> {
    each_matrix(x, |x| {
        let d = expansion(x);
        Tensor::from_fn(x.shape(), |at| {
            let sign = if (at[0] + at[1]).is_multiple_of(2) {
                1.0
            } else {
                -1.0
            };
            sign * expansion(&minor(x, at[1], at[0])) / d
        })
    })
}

/// x with the axes in another order: axis k of y is axis `axes[k]` of x.
pub(crate) fn permuted(x: &Tensor<f64>, axes: &[usize]) -> Tensor<f64> {
    let shape: Vec<usize> = axes.iter().map(|&axis| x.shape()[axis]).collect();
    pick(x, &shape, |y| {
        let mut index = vec![0; axes.len()];
        for (&axis, &at) in axes.iter().zip(y) {
            index[axis] = at;
        }
        index
    })
}

/// The part of `axis` from `start`, of `len` elements `step` apart.
pub(crate) fn sliced(
    x: &Tensor<f64>,
    axis: usize,
    start: usize,
    len: usize,
    step: usize,
) -> Tensor<f64> {
    let mut shape = x.shape().to_vec();
    shape[axis] = len;
    pick(x, &shape, |y| {
        let mut index = y.to_vec();
        index[axis] = start + index[axis] * step;
        index
    })
}

/// The elements in row-major order under another shape.
pub(crate) fn reshaped(x: &Tensor<f64>, shape: &[usize]) -> Tensor<f64> {
    let places = indices(x.shape());
    let weights: Vec<usize> = (0..shape.len())
        .map(|k| shape[k + 1..].iter().product())
        .collect();
    pick(x, shape, |y| {
        let place: usize = y.iter().zip(&weights).map(|(at, weight)| at * weight).sum();
        places[place].clone()
    })
}

/// x repeated to a shape that it broadcasts to.
pub(crate) fn expanded(x: &Tensor<f64>, shape: &[usize]) -> Tensor<f64> {
    let missing = shape.len() - x.rank();
    pick(x, shape, |y| {
        let stretched = y[missing..].iter().zip(x.shape().iter());
        stretched.map(|(&at, &dim)| at.min(dim - 1)).collect()
    })
}

/// Where an index along an axis of length `len` points, a negative one from the end.
pub(crate) fn wrapped(index: i64, len: usize) -> usize {
    index.rem_euclid(len as i64) as usize
}

/// The elements at integer indices.
pub(crate) fn index_at(index: &Tensor<i64>, at: &[usize]) -> i64 {
    let at: Vec<isize> = at.iter().map(|&at| at as isize).collect();
    index.get(&at).expect("an index inside the shape")
}

/// Parts one after the other along `axis`.
pub(crate) fn joined(parts: &[&Tensor<f64>], axis: usize) -> Tensor<f64> {
    let mut shape = parts[0].shape().to_vec();
    shape[axis] = parts.iter().map(|part| part.shape()[axis]).sum();
    Tensor::from_fn(shape, |index| {
        let (mut index, mut part) = (index.to_vec(), 0);
        while index[axis] >= parts[part].shape()[axis] {
            index[axis] -= parts[part].shape()[axis];
            part += 1;
        }
        at(parts[part], &index)
    })
}

/// The integral of `f` from `low` to `high` by Gauss's rule of five points on many panels.
pub(crate) fn integral(low: f64, high: f64, f: impl Fn(f64) -> f64) -> f64 {
    const PANELS: usize = 400;
    let places = [
        (0.0, 128.0 / 225.0),
        (0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
        (0.906_179_845_938_664, 0.236_926_885_056_189_1),
    ];
    let half = 0.5 * (high - low) / PANELS as f64;
    let panels = (0..PANELS).map(|panel| {
        let middle = low + half * (2.0 * panel as f64 + 1.0);
        let sides = |(place, weight): &(f64, f64)| match *place {
            0.0 => weight * f(middle),
            place => weight * (f(middle - half * place) + f(middle + half * place)),
        };
        half * places.iter().map(sides).sum::<f64>()
    });
    panels.sum()
}
