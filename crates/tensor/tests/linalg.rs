//! Factorizations beside what they have to make, of many sizes and of hard matrices; equations beside plain
//! loops.
#![allow(clippy::unwrap_used)]

use wengert_tensor::{Rng, Shape, Tensor};

const NAN: f64 = f64::NAN;

fn random(seed: u64, dims: &[usize]) -> Tensor<f64> {
    Rng::seed_from_u64(seed).normal(dims, 0.0, 1.0)
}

#[track_caller]
fn near(found: &Tensor<f64>, expected: &Tensor<f64>, tolerance: f64) {
    assert_eq!(found.shape(), expected.shape());
    let most = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    let off = found.max_abs_diff(expected);
    assert!(
        off <= tolerance * most.max(f64::MIN_POSITIVE),
        "off by {off:e} of {most:e}"
    );
}

/// Whether the columns are orthonormal.
#[track_caller]
fn orthonormal(q: &Tensor<f64>) {
    near(
        &q.t().matmul(q),
        &Tensor::eye(q.dim(-1)).expand(batch(q, q.dim(-1))),
        1e-13,
    );
}

fn batch(q: &Tensor<f64>, n: usize) -> Shape {
    let mut shape = q.shape().clone();
    let rank = shape.rank();
    shape.dims_mut()[rank - 2..].fill(n);
    shape
}

fn diagonal(values: &[f64]) -> Tensor<f64> {
    let n = values.len();
    Tensor::from_fn(
        [n, n],
        |at| if at[0] == at[1] { values[at[0]] } else { 0.0 },
    )
}

/// Orthonormal columns.
fn turn(seed: u64, m: usize, n: usize) -> Tensor<f64> {
    random(seed, &[m, n]).qr().0
}

/// Sizes on both sides of every block.
const SIZES: [usize; 10] = [1, 2, 3, 5, 31, 32, 33, 65, 100, 161];

#[test]
fn systems_are_solved() {
    for n in SIZES {
        let a = random(n as u64, &[n, n]) + Tensor::eye(n) * (n as f64).sqrt();
        let x = random(7, &[n, 5]);
        near(&a.solve(&a.matmul(&x)), &x, 1e-11);
        near(&a.matmul(&a.inverse()), &Tensor::eye(n), 1e-11);
        for columns in [1, 3, 4] {
            let x = x.slice(1, ..columns);
            let [lower, upper] = [a.tril(0), a.triu(0)].map(|t| t / (n as f64) + Tensor::eye(n));
            near(
                &lower.triangular_solve(&lower.matmul(&x), false, false),
                &x,
                1e-12,
            );
            near(
                &upper.triangular_solve(&upper.matmul(&x), true, false),
                &x,
                1e-12,
            );
            let unit = lower.tril(-1) + Tensor::eye(n);
            let other = lower.tril(-1) + Tensor::full([n, n], NAN).triu(0);
            near(
                &other.triangular_solve(&unit.matmul(&x), false, true),
                &x,
                1e-12,
            );
        }
        let spd = a.matmul(&a.t()) + Tensor::eye(n);
        let l = spd.cholesky();
        near(&l.matmul(&l.t()), &spd, 1e-14);
        assert_eq!(l.triu(1), Tensor::zeros([n, n]));
        near(&l.cholesky_solve(&spd.matmul(&x)), &x, 1e-10);
        let det = 2.0 * l.diagonal(0, 0, 1).ln().sum().item();
        assert!((spd.logdet().item() - det).abs() <= 1e-12 * det.abs());
    }
}

#[test]
fn columns_become_orthonormal() {
    for (m, n) in SIZES.iter().flat_map(|&n| [(n, n), (n + 7, n), (n, n + 7)]) {
        let a = random(3, &[m, n]);
        let (q, r) = a.qr();
        near(&q.matmul(&r), &a, 1e-13);
        orthonormal(&q);
        assert_eq!(r.tril(-1), Tensor::zeros(r.shape()));
        assert!(r.diagonal(0, 0, 1).iter().all(|x| x >= 0.0));
    }
}

#[test]
fn eigenvalues_and_vectors() {
    for n in SIZES {
        let a = random(5, &[n, n]);
        let (values, v) = a.eigh();
        orthonormal(&v);
        let symmetric = &(&a + a.t()) * 0.5;
        near(&(&v * &values).matmul(&v.t()), &symmetric, 1e-13);
        assert!(values.to_vec().is_sorted());
    }
    // Values that are known: the second difference has 2 − 2 cos(kπ / (n + 1)).
    let n = 50;
    let a = Tensor::from_fn([n, n], |at| match at[0].abs_diff(at[1]) {
        0 => 2.0,
        1 => -1.0,
        _ => 0.0,
    });
    let known = Tensor::from_fn([n], |at| {
        let half = 0.5 * (at[0] + 1) as f64 * std::f64::consts::PI / (n + 1) as f64;
        4.0 * half.sin() * half.sin()
    });
    near(&a.eigvalsh(), &known, 1e-15);
}

#[test]
fn singular_values_and_vectors() {
    for (m, n) in SIZES.iter().flat_map(|&n| [(n, n), (n + 7, n), (n, n + 7)]) {
        let a = random(9, &[m, n]);
        let (u, s, vt) = a.svd();
        orthonormal(&u);
        orthonormal(&vt.t());
        near(&(&u * &s).matmul(&vt), &a, 1e-13);
        let falling: Vec<f64> = s.iter().map(|s| -s).collect();
        assert!(falling.is_sorted() && s.iter().all(|s| s >= 0.0));
        near(&a.pinv().matmul(&a).matmul(&a.pinv()), &a.pinv(), 1e-11);
    }
}

/// Spectra that make iterations slow, lose digits or divide by 0.
#[test]
fn hard_spectra() {
    let n = 40;
    let spectra: [(&str, Vec<f64>); 8] = [
        ("all equal", vec![3.0; n]),
        ("zeros", vec![0.0; n]),
        (
            "one",
            (0..n).map(|k| if k == 7 { 1.0 } else { 0.0 }).collect(),
        ),
        (
            "falling far",
            (0..n).map(|k| 10.0_f64.powi(-(k as i32))).collect(),
        ),
        ("pairs", (0..n).map(|k| (k / 2) as f64).collect()),
        ("clusters", (0..n).map(|k| 1.0 + 1e-15 * k as f64).collect()),
        (
            "huge",
            (0..n).map(|k| 1e300 * (1 + k) as f64 / n as f64).collect(),
        ),
        ("tiny", (0..n).map(|k| 1e-300 * (1 + k) as f64).collect()),
    ];
    for (_, spectrum) in &spectra {
        let q = turn(1, n, n);
        let d = diagonal(spectrum);
        let mut sorted = spectrum.clone();
        sorted.sort_by(f64::total_cmp);
        let symmetric = q.matmul(&d).matmul(&q.t());
        let (values, v) = symmetric.eigh();
        orthonormal(&v);
        near(&values, &Tensor::from(sorted.clone()), 1e-13);
        near(&(&v * &values).matmul(&v.t()), &symmetric, 1e-13);
        sorted.reverse();
        for m in [n, n + 20] {
            let a = turn(2, m, n).matmul(&d).matmul(&q.t());
            let (u, s, vt) = a.svd();
            orthonormal(&u);
            orthonormal(&vt.t());
            near(&s, &Tensor::from(sorted.clone()), 1e-13);
            near(&(&u * &s).matmul(&vt), &a, 1e-13);
            let (u, _, vt) = a.t().svd();
            orthonormal(&u);
            orthonormal(&vt.t());
            let (q, r) = a.qr();
            orthonormal(&q);
            near(&q.matmul(&r), &a, 1e-13);
        }
    }
    // Small singular values keep their digits where rows alone are small.
    let graded = diagonal(&[1.0, 1e-8, 1e-16, 1e-24]);
    let s = graded.matmul(&random(4, &[4, 4])).svdvals();
    let product: f64 = s.iter().product();
    let det = random(4, &[4, 4]).det().item().abs() * 1e-48;
    assert!((product / det - 1.0).abs() < 1e-12, "{product} {det}");
}

#[test]
fn determinants_do_not_leave_the_range_on_the_way() {
    let n = 300;
    let d = diagonal(
        &(0..n)
            .map(|k| if k % 2 == 0 { 1e200 } else { 1e-200 })
            .collect::<Vec<_>>(),
    );
    assert!((d.det().item() - 1.0).abs() < 1e-10);
    assert_eq!((Tensor::<f64>::eye(n) * 100.0).det().item(), f64::INFINITY);
    assert_eq!((Tensor::<f64>::eye(n) * 0.01).det().item(), 0.0);
    let (sign, log) = (Tensor::<f64>::eye(n) * 0.01).slogdet();
    assert_eq!(sign.item(), 1.0);
    assert!((log.item() - n as f64 * 0.01_f64.ln()).abs() < 1e-9);
    let (sign, log) = Tensor::from([[1.0, 2.0], [2.0, 4.0]]).slogdet();
    assert_eq!((sign.item(), log.item()), (0.0, f64::NEG_INFINITY));
    assert!(Tensor::from([[-1.0_f64]]).logdet().item().is_nan());
    assert_eq!(Tensor::<f64>::ones([2, 0, 0]).det(), Tensor::ones([2]));
}

#[test]
fn exponentials() {
    for (seed, size) in [(1, 0.1), (2, 1.0), (3, 20.0), (4, 1e-8)] {
        let spectrum: Vec<f64> = (0..8).map(|k| size * (k as f64 - 4.0) / 4.0).collect();
        let q = turn(seed, 8, 8);
        let made = |f: &dyn Fn(f64) -> f64| {
            let values: Vec<f64> = spectrum.iter().map(|&x| f(x)).collect();
            q.matmul(&diagonal(&values)).matmul(&q.t())
        };
        near(&made(&|x| x).matrix_exp(), &made(&f64::exp), 1e-13);
    }
    // A turn by 1.
    let y = Tensor::from([[0.0, -1.0], [1.0, 0.0]]).matrix_exp();
    let (s, c) = 1.0_f64.sin_cos();
    near(&y, &Tensor::from([[c, -s], [s, c]]), 1e-15);
    assert_eq!(
        Tensor::<f64>::zeros([2, 0, 0]).matrix_exp().shape(),
        &[2, 0, 0]
    );
}

#[test]
fn least_squares() {
    for (m, n) in [(7, 3), (4, 4), (3, 7)] {
        let (a, b) = (random(6, &[2, m, n]), random(8, &[2, m, 2]));
        near(&a.lstsq(&b), &a.pinv().matmul(&b), 1e-11);
    }
    // Of rank 1, to rounding.
    let a = random(1, &[3, 1]).matmul(&random(2, &[1, 3]));
    near(&a.matmul(&a.pinv()).matmul(&a), &a, 1e-13);
}

#[test]
fn powers() {
    let a = random(2, &[2, 3, 3]);
    let cube = a.matmul(&a).matmul(&a);
    near(&a.matrix_power(3), &cube, 1e-14);
    near(&a.matrix_power(-3), &cube.inverse(), 1e-10);
    assert_eq!(a.matrix_power(0).select(0, 1), Tensor::eye(3));
    assert_eq!(a.matrix_power(1), a);
}

/// What is not finite stays in its matrix.
#[test]
fn nan_is_not_catching() {
    let good = random(1, &[3, 3]) + Tensor::eye(3) * 5.0;
    let spd = good.matmul(&good.t());
    for bad in [NAN, f64::INFINITY] {
        let spoiled = Tensor::from_fn([3, 3], |at| if at == [1, 0] { bad } else { 1.0 });
        let two = |x: &Tensor<f64>| Tensor::stack(&[&spoiled, x], 0);
        let check = |found: Tensor<f64>, expected: Tensor<f64>| {
            assert!(found.select(0, 0).iter().all(f64::is_nan), "{found}");
            assert_eq!(found.select(0, 1), expected);
        };
        check(two(&good).inverse(), good.inverse());
        check(two(&good).det(), good.det());
        check(two(&good).slogdet().0, good.slogdet().0);
        check(two(&spd).cholesky(), spd.cholesky());
        check(two(&good).qr().0, good.qr().0);
        check(two(&good).eigh().0, good.eigh().0);
        check(two(&good).eigh().1, good.eigh().1);
        check(two(&good).svd().0, good.svd().0);
        check(two(&good).svdvals(), good.svdvals());
        check(two(&good).pinv(), good.pinv());
        check(two(&good).matrix_exp(), good.matrix_exp());
    }
}

#[test]
fn views_and_batches() {
    let a = random(1, &[4, 3, 2, 3]).transpose(0, 2);
    let of = |i: usize, j: usize| a.select(0, i as isize).select(0, j as isize);
    let (q, r) = a.qr();
    let (_, s, _) = a.svd();
    for i in 0..2 {
        for j in 0..3 {
            let place = |x: &Tensor<f64>| x.select(0, i as isize).select(0, j as isize);
            assert_eq!(place(&q), of(i, j).qr().0);
            assert_eq!(place(&r), of(i, j).qr().1);
            assert_eq!(place(&s), of(i, j).svd().1);
        }
    }
    // One matrix for a batch of columns, and a batch of matrices for one column.
    let (a, b) = (random(2, &[3, 3]), random(3, &[2, 3, 1]));
    assert_eq!(a.solve(&b).select(0, 1), a.solve(&b.select(0, 1)));
    let many = Tensor::stack(&[&a, &a.t()], 0);
    assert_eq!(
        many.solve(&b.select(0, 0)).select(0, 1),
        a.t().solve(&b.select(0, 0))
    );
    assert_eq!(many.solve(&b.select(0, 0).squeeze(-1)).shape(), &[2, 3]);
}

#[test]
fn single_precision_is_rounded_once() {
    let a = random(1, &[6, 6]) + Tensor::eye(6) * 3.0;
    let narrow: Tensor<f32> = a.cast();
    let a: Tensor<f64> = narrow.cast();
    assert_eq!(narrow.inverse(), a.inverse().cast());
    assert_eq!(narrow.det(), a.det().cast());
    assert_eq!(narrow.svdvals(), a.svdvals().cast());
    assert_eq!(narrow.eigh().1, a.eigh().1.cast());
}

/// The value of an equation by its definition: a sum over every letter.
fn by_loops(equation: &str, x: &[Tensor<f64>]) -> Tensor<f64> {
    let (inputs, output) = equation.split_once("->").unwrap();
    let terms: Vec<Vec<char>> = inputs
        .split(',')
        .map(|term| term.chars().collect())
        .collect();
    let output: Vec<char> = output.chars().collect();
    let mut letters: Vec<(char, usize)> = Vec::new();
    for (term, x) in terms.iter().zip(x) {
        for (&letter, &dim) in term.iter().zip(x.shape().iter()) {
            match letters.iter_mut().find(|(own, _)| *own == letter) {
                Some((_, size)) => *size = (*size).max(dim),
                None => letters.push((letter, dim)),
            }
        }
    }
    let size = |letter: char| letters.iter().find(|(own, _)| *own == letter).unwrap().1;
    let shape: Vec<usize> = output.iter().map(|&letter| size(letter)).collect();
    Tensor::from_fn(shape, |at| {
        let mut index: Vec<usize> = vec![0; letters.len()];
        let mut sum = 0.0;
        let total: usize = letters.iter().map(|(_, dim)| dim).product();
        for number in 0..total {
            let mut rest = number;
            for (place, (_, dim)) in index.iter_mut().zip(&letters) {
                *place = rest % dim;
                rest /= dim;
            }
            let of =
                |letter: char| index[letters.iter().position(|(own, _)| *own == letter).unwrap()];
            if output.iter().zip(at).any(|(&letter, &at)| of(letter) != at) {
                continue;
            }
            sum += terms
                .iter()
                .zip(x)
                .map(|(term, x)| {
                    let place: Vec<isize> = term
                        .iter()
                        .zip(x.shape().iter())
                        .map(|(&letter, &dim)| if dim == 1 { 0 } else { of(letter) as isize })
                        .collect();
                    x.get(&place).unwrap()
                })
                .product::<f64>();
        }
        sum
    })
}

#[test]
fn equations_beside_loops() {
    let lens = |letter: char| match letter {
        'b' => 2,
        'i' | 'k' | 'm' => 3,
        'j' | 'l' => 4,
        'o' => 1,
        'z' => 0,
        _ => 2,
    };
    for equation in [
        "ij,jl->il",
        "bij,bjl->bil",
        "ij,lj->il",
        "ji,lj->li",
        "bhid,bhkd->bhik",
        "ij->ji",
        "ij->i",
        "ij->j",
        "ij->",
        "->",
        "i->i",
        "i,j->ij",
        "i,j->ji",
        "i,i->i",
        "i,i->",
        ",i->i",
        "ii->i",
        "ii->",
        "iik->ki",
        "iki->k",
        "iii->i",
        "ik,ki->",
        "ij,ij->ij",
        "ij,ji->ij",
        "bij,j,bi->b",
        "ij,jl,lm->im",
        "ij,jl,lm->",
        "i,j,l->lij",
        "bi,bj,bl->bijl",
        "abi,jai->bj",
        "ij,bil->bjl",
        "ijk,k->ji",
        "ij,kl->jilk",
        "ii,ij,jk->k",
        "iz,zj->ij",
        "z->",
        "iz->z",
        "oi,oi->i",
        "oj,ij->oij",
        "ijk,ijk->k",
        "bi,bj->bji",
        "bi,bij,bj->b",
        "ab,bc,cd,de->ae",
        "im,jm,bm->bij",
    ] {
        let (inputs, _) = equation.split_once("->").unwrap();
        let x: Vec<Tensor<f64>> = inputs
            .split(',')
            .zip(1..)
            .map(|(term, seed)| random(seed, &term.chars().map(lens).collect::<Vec<_>>()))
            .collect();
        near(
            &Tensor::einsum(equation, &x),
            &by_loops(equation, &x),
            1e-13,
        );
    }
}

#[test]
fn short_forms_of_equations() {
    let (a, b) = (random(1, &[2, 3]), random(2, &[3, 4]));
    let is = |equation: &str, x: &[&Tensor<f64>], expected: &Tensor<f64>| {
        near(&Tensor::einsum(equation, x), expected, 1e-13);
    };
    // What stands once, in alphabetical order, capitals first.
    is("ij,jk", &[&a, &b], &a.matmul(&b));
    is("ba", &[&a], &a.t());
    is("bA", &[&a], &a.t());
    is("ii", &[&a.matmul(&a.t())], &a.matmul(&a.t()).trace());
    is(" i j , j k -> i k ", &[&a, &b], &a.matmul(&b));
    // An ellipsis: axes that broadcast, in front of what stands once.
    let (x, y) = (random(3, &[5, 1, 2, 3]), random(4, &[6, 3, 4]));
    is("...ij,...jk->...ik", &[&x, &y], &x.matmul(&y));
    is("...ij,...jk", &[&x, &y], &x.matmul(&y));
    is("i...j->...ij", &[&x], &x.permute(&[1, 2, 0, 3]));
    is("...ij->ij", &[&x], &x.sum_axes(&[0, 1], false));
    is("...", &[&x], &x);
    is("...,...", &[&x, &x], &(&x * &x));
    is("...->...", &[&Tensor::scalar(2.0)], &Tensor::scalar(2.0));
    is(
        "...i,i",
        &[&x, &random(5, &[3])],
        &x.matmul(&random(5, &[3])),
    );
    // An axis of length 1 is stretched.
    is(
        "ij,ij->ij",
        &[&a, &a.slice(0, ..1)],
        &(&a * a.slice(0, ..1)),
    );
    is(
        "ij,ij->",
        &[&a, &Tensor::full([1, 1], 2.0)],
        &(a.sum() * 2.0),
    );
}

#[test]
fn products_of_other_names() {
    let (a, b) = (random(1, &[2, 3, 4]), random(2, &[4, 2, 5]));
    let expected = Tensor::einsum("aij,jak->ik", &[&a, &b]);
    near(&a.tensordot(&b, &[0, -1], &[1, 0]), &expected, 1e-13);
    near(
        &a.tensordot(&b, &[], &[]),
        &Tensor::einsum("abc,def->abcdef", &[&a, &b]),
        0.0,
    );
    let (a, b) = (random(3, &[2, 3]), random(4, &[4]));
    let kron = a.kron(&b);
    assert_eq!(kron.shape(), &[2, 12]);
    assert_eq!(kron[[1, 9]], a[[1, 2]] * b[[1]]);
    let (x, y) = (random(5, &[3, 5]), random(6, &[3, 1]));
    let z = x.cross(&y, 0);
    for k in 0..5 {
        let [p, q] = [&x, &y].map(|v| v.expand([3, 5]).select(1, k).to_vec());
        let by_hand = [
            p[1] * q[2] - p[2] * q[1],
            p[2] * q[0] - p[0] * q[2],
            p[0] * q[1] - p[1] * q[0],
        ];
        assert_eq!(z.select(1, k).to_vec(), by_hand);
    }
    let parts = [
        random(1, &[3]),
        random(2, &[3, 9]),
        random(3, &[9, 2]),
        random(4, &[2, 6]),
        random(5, &[6]),
    ];
    let plain = parts[0]
        .matmul(&parts[1])
        .matmul(&parts[2])
        .matmul(&parts[3])
        .matmul(&parts[4]);
    near(&Tensor::multi_dot(&parts), &plain, 1e-13);
    near(
        &Tensor::multi_dot(&parts[1..4]),
        &parts[1].matmul(&parts[2]).matmul(&parts[3]),
        1e-13,
    );
    assert_eq!(Tensor::multi_dot(&parts[1..2]), parts[1]);
}
