//! Products of matrices against sums written out, on every instruction set of the machine.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::{Mutex, MutexGuard};

use proptest::prelude::*;
use wengert_tensor::Float;
use wengert_tensor::kernels::{
    Matrix, MatrixMut, Packed, dot, force_path, matmul, matmul_from, paths,
};

/// The system's allocator with a count of the calls of each thread.
struct Counting;

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The path is global to the process: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Numbers in [−1, 1) that have nothing in common with each other.
fn noise<T: Float>(count: usize, seed: u64) -> Vec<T> {
    let mut state = seed;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        T::from_f64((state >> 33) as f64 / f64::powi(2.0, 30) - 1.0)
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// How a matrix lies in its storage.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    /// Row after row.
    Rows,
    /// Column after column.
    Columns,
    /// A part of a greater matrix.
    Part,
    /// A part of a greater matrix whose columns lie one after the other.
    PartColumns,
    /// Neither index moves by 1.
    Sparse,
    /// Both indices run backwards.
    Backwards,
    /// Every row is the same; only to read.
    Repeated,
}

const LIES: [Lie; 7] = [
    Lie::Rows,
    Lie::Columns,
    Lie::Part,
    Lie::PartColumns,
    Lie::Sparse,
    Lie::Backwards,
    Lie::Repeated,
];

/// (length of the storage, offset, row stride, column stride)
fn lie(lie: Lie, rows: usize, cols: usize) -> (usize, usize, isize, isize) {
    let (r, c) = (rows as isize, cols as isize);
    match lie {
        Lie::Rows => (rows * cols, 0, c, 1),
        Lie::Columns => (rows * cols, 0, 1, r),
        Lie::Part => ((rows + 3) * (cols + 5), 2 * (cols + 5) + 3, c + 5, 1),
        Lie::PartColumns => ((rows + 3) * (cols + 5), 2 * (rows + 3) + 1, 1, r + 3),
        Lie::Sparse => (6 * (rows + 1) * (cols + 1), 1, 3 * (c + 1), 2),
        Lie::Backwards => (rows * cols, (rows * cols).saturating_sub(1), -c, -1),
        Lie::Repeated => (cols + 1, 1, 0, 1),
    }
}

struct Case {
    sizes: [usize; 3],
    lies: [Lie; 3],
    from: From,
}

/// What the sums start from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum From {
    Zero,
    /// What is there.
    There,
    /// A row, the same for all.
    Row,
}

const FROM: [From; 3] = [From::Zero, From::There, From::Row];

fn check<T: Float>(case: &Case) {
    check_one::<T>(case, false);
    if matches!(case.lies[0], Lie::Rows | Lie::Columns) {
        check_one::<T>(case, true);
    }
}

fn check_one<T: Float>(case: &Case, packed: bool) {
    let Case {
        sizes: [m, k, n],
        lies: [a_lie, b_lie, c_lie],
        from,
    } = *case;
    let (a_len, a_at, a_row, a_col) = lie(a_lie, m, k);
    let (b_len, b_at, b_row, b_col) = lie(b_lie, k, n);
    let (c_len, c_at, c_row, c_col) = lie(c_lie, m, n);
    let (a, b) = (noise::<T>(a_len, 1), noise::<T>(b_len, 2));
    let old = if from == From::There {
        noise::<T>(c_len, 3)
    } else {
        vec![T::NAN; c_len]
    };
    let row = noise::<T>(n, 4);
    let mut c = old.clone();
    {
        let c = MatrixMut::new(&mut c, c_at, m, n, c_row, c_col);
        let a = Matrix::new(&a, a_at, m, k, a_row, a_col);
        let b = Matrix::new(&b, b_at, k, n, b_row, b_col);
        let mut panels = Packed::default();
        if packed {
            panels.pack(b);
            // A copy lies elsewhere, and is the same matrix.
            panels = panels.clone();
        }
        match (from, packed) {
            (From::Row, false) => matmul_from(&row, c, a, b),
            (From::Row, true) => panels.multiply_from(&row, c, a),
            (_, false) => matmul(c, a, b, from == From::There),
            (_, true) => panels.multiply(c, a, from == From::There),
        }
    }
    let at = |offset: usize, i: usize, row: isize, j: usize, col: isize| {
        (offset as isize + i as isize * row + j as isize * col) as usize
    };
    let mut expected = old;
    for i in 0..m {
        for j in 0..n {
            let place = at(c_at, i, c_row, j, c_col);
            let (mut sum, mut size) = (0.0, 0.0);
            for l in 0..k {
                let a = a[at(a_at, i, a_row, l, a_col)].to_f64();
                let b = b[at(b_at, l, b_row, j, b_col)].to_f64();
                sum += a * b;
                size += (a * b).abs();
            }
            let start = match from {
                From::Zero => 0.0,
                From::There => expected[place].to_f64(),
                From::Row => row[j].to_f64(),
            };
            sum += start;
            size += start.abs();
            let bar = (k + 2) as f64 * T::EPSILON.to_f64() * size;
            let y = c[place].to_f64();
            assert!(
                (y - sum).abs() <= bar,
                "{} {m}x{k}x{n} {:?} from {from:?}, packed {packed}: ({i}, {j}) is {y}, not {sum}",
                T::NAME,
                case.lies,
            );
            expected[place] = c[place];
        }
    }
    // What is not in the matrix stays as it was, NaN included.
    for (place, (y, x)) in c.iter().zip(&expected).enumerate() {
        let same = y.to_f64().to_bits() == x.to_f64().to_bits();
        assert!(
            same,
            "{} {m}x{k}x{n} {:?}: place {place} changed",
            T::NAME,
            case.lies
        );
    }
}

fn each_case(sizes: &[[usize; 3]], lies: &[Lie]) {
    for path in paths() {
        force_path(path);
        for &sizes in sizes {
            for &a in lies {
                for &b in lies {
                    for &c in lies.iter().filter(|lie| **lie != Lie::Repeated) {
                        for from in FROM {
                            let case = Case {
                                sizes,
                                lies: [a, b, c],
                                from,
                            };
                            check::<f32>(&case);
                            check::<f64>(&case);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn every_small_size() {
    let _alone = alone();
    let mut sizes = Vec::new();
    for m in [0, 1, 2, 3, 5, 17] {
        for k in [0, 1, 2, 3, 8, 33] {
            for n in [0, 1, 2, 4, 7, 19] {
                sizes.push([m, k, n]);
            }
        }
    }
    each_case(&sizes, &LIES);
}

#[test]
fn sizes_around_the_tiles() {
    let _alone = alone();
    let sizes = [
        [16, 16, 16],
        [20, 20, 20],
        [24, 7, 24],
        [25, 64, 49],
        [48, 40, 31],
        [97, 3, 13],
        [7, 600, 9],
        [1, 130, 70],
        [70, 130, 1],
        [2, 100, 50],
    ];
    each_case(&sizes, &LIES);
}

#[test]
fn sizes_of_networks() {
    let _alone = alone();
    let sizes = [
        [1, 512, 2048],
        [100, 2, 200],
        [2, 100, 200],
        [100, 50, 200],
        [100, 200, 50],
        [50, 100, 200],
        [10, 20, 20],
        [10, 1, 20],
        [200, 784, 200],
        [300, 1100, 30],
    ];
    each_case(&sizes, &[Lie::Rows, Lie::Columns]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_product(
        m in 0_usize..70, k in 0_usize..70, n in 0_usize..70,
        a in 0_usize..7, b in 0_usize..7, c in 0_usize..6, from in 0_usize..3,
    ) {
        let _alone = alone();
        for path in paths() {
            force_path(path);
            let case = Case { sizes: [m, k, n], lies: [LIES[a], LIES[b], LIES[c]], from: FROM[from] };
            check::<f32>(&case);
            check::<f64>(&case);
        }
    }
}

#[test]
fn nan_and_infinity_reach_their_row_and_column_only() {
    let _alone = alone();
    for path in paths() {
        force_path(path);
        for (m, k, n) in [(3, 2, 5), (9, 33, 21), (40, 40, 40)] {
            let (mut a, b) = (vec![1_f32; m * k], vec![1_f32; k * n]);
            a[k] = f32::NAN;
            a[2 * k] = f32::INFINITY;
            let mut c = vec![0_f32; m * n];
            matmul(
                MatrixMut::row_major(&mut c, m, n),
                Matrix::row_major(&a, m, k),
                Matrix::row_major(&b, k, n),
                false,
            );
            for (row, c) in c.chunks(n).enumerate() {
                let right = match row {
                    1 => c.iter().all(|c| c.is_nan()),
                    2 => c.iter().all(|&c| c == f32::INFINITY),
                    _ => c.iter().all(|&c| c == k as f32),
                };
                assert!(right, "{path:?} {m}x{k}x{n} row {row}");
            }
        }
    }
}

#[test]
fn nothing_is_allocated_after_the_first_call() {
    let _alone = alone();
    for path in paths() {
        force_path(path);
        for (m, k, n) in [
            (1, 1, 1),
            (4, 300, 4),
            (100, 50, 200),
            (200, 784, 200),
            (1, 512, 2048),
        ] {
            let (a, b) = (noise::<f32>(m * k, 1), noise::<f32>(k * n, 2));
            let mut c = vec![0_f32; m * n];
            let mut before = 0;
            for round in 0..3 {
                for transposed in 0..4 {
                    let a = if transposed & 1 == 0 {
                        Matrix::row_major(&a, m, k)
                    } else {
                        Matrix::row_major(&a, k, m).t()
                    };
                    let b = if transposed & 2 == 0 {
                        Matrix::row_major(&b, k, n)
                    } else {
                        Matrix::row_major(&b, n, k).t()
                    };
                    matmul(MatrixMut::row_major(&mut c, m, n), a, b, round == 1);
                }
                if round == 0 {
                    before = CALLS.get();
                }
            }
            assert_eq!(CALLS.get(), before, "{path:?} {m}x{k}x{n}");
        }
    }
}

#[test]
fn equal_calls_give_equal_bits() {
    let _alone = alone();
    for path in paths() {
        force_path(path);
        let (a, b) = (noise::<f32>(50 * 70, 1), noise::<f32>(70 * 30, 2));
        let run = || {
            let mut c = vec![0_f32; 50 * 30];
            let (a, b) = (Matrix::row_major(&a, 50, 70), Matrix::row_major(&b, 70, 30));
            matmul(MatrixMut::row_major(&mut c, 50, 30), a, b, false);
            c
        };
        assert_eq!(run(), run());
    }
}

#[test]
fn dot_is_the_sum_of_products() {
    let _alone = alone();
    for path in paths() {
        force_path(path);
        for len in [0, 1, 31, 32, 33, 64, 1000] {
            let (a, b) = (noise::<f32>(len, 1), noise::<f32>(len, 2));
            let exact: f64 = a
                .iter()
                .zip(&b)
                .map(|(&a, &b)| f64::from(a) * f64::from(b))
                .sum();
            assert!(
                (f64::from(dot(&a, &b)) - exact).abs() < 1e-5,
                "{path:?} {len}"
            );
        }
    }
}

#[test]
#[should_panic(expected = "a matrix reaches beyond its storage")]
fn a_matrix_must_fit_its_storage() {
    Matrix::new(&[0_f32; 5], 0, 2, 3, 3, 1);
}

#[test]
#[should_panic(expected = "a matrix reaches beyond its storage")]
fn a_matrix_must_not_begin_before_its_storage() {
    Matrix::new(&[0_f32; 9], 2, 2, 2, -2, -1);
}

#[test]
#[should_panic(expected = "a matrix reaches beyond its storage")]
fn huge_strides_do_not_wrap_around() {
    Matrix::new(&[0_f32; 9], 0, 5, 5, isize::MAX, isize::MAX);
}

#[test]
#[should_panic(expected = "overlap")]
fn a_matrix_to_write_must_not_repeat_elements() {
    MatrixMut::new(&mut [0_f32; 9], 0, 3, 3, 0, 1);
}

#[test]
#[should_panic(expected = "sizes do not fit: [2, 2] = [2, 3] x [2, 2]")]
fn inner_sizes_must_agree() {
    let (a, b, mut c) = ([0_f32; 6], [0_f32; 4], [0_f32; 4]);
    let (a, b) = (Matrix::row_major(&a, 2, 3), Matrix::row_major(&b, 2, 2));
    matmul(MatrixMut::row_major(&mut c, 2, 2), a, b, false);
}

#[test]
#[ignore = "a measurement: cargo test --release --test matmul -- --ignored --nocapture"]
fn gigaflops() {
    fn time<T: Float>() {
        let sizes = [
            [1, 512, 2048],
            [1, 50, 200],
            [16, 16, 16],
            [20, 20, 20],
            [100, 2, 200],
            [2, 100, 200],
            [100, 50, 200],
            [100, 200, 50],
            [50, 100, 200],
            [10, 20, 20],
            [10, 1, 20],
            [4, 4, 4],
            [24, 24, 24],
            [32, 32, 32],
            [32, 50, 8],
            [1, 1, 20],
            [10, 20, 1],
            [200, 784, 200],
        ];
        for [m, k, n] in sizes {
            let mut line = format!("{} {m}x{k}x{n}:", T::NAME);
            for (name, a_t, b_t) in [
                ("NN", false, false),
                ("NT", false, true),
                ("TN", true, false),
            ] {
                let (a, b) = (noise::<T>(m * k, 1), noise::<T>(k * n, 2));
                let mut c = vec![T::ZERO; m * n];
                let calls = 1 + 2_000_000 / (2 * m * k * n + 400);
                let mut best = f64::INFINITY;
                for _ in 0..15 {
                    let start = std::time::Instant::now();
                    for _ in 0..calls {
                        let a = if a_t {
                            Matrix::row_major(&a, k, m).t()
                        } else {
                            Matrix::row_major(&a, m, k)
                        };
                        let b = if b_t {
                            Matrix::row_major(&b, n, k).t()
                        } else {
                            Matrix::row_major(&b, k, n)
                        };
                        matmul(
                            MatrixMut::row_major(std::hint::black_box(&mut c), m, n),
                            a,
                            b,
                            false,
                        );
                    }
                    best = best.min(start.elapsed().as_secs_f64() / calls as f64);
                }
                let flops = 2.0 * (m * k * n) as f64 / best / 1e9;
                line += &format!("  {name} {flops:6.1} GF/s {:8.0} ns", best * 1e9);
            }
            eprintln!("{line}");
        }
    }
    let _alone = alone();
    for path in paths() {
        force_path(path);
        eprintln!("{path:?}");
        time::<f32>();
        time::<f64>();
    }
}
