//! The floor of W3 and W5: forward, backward and update written out by hand, without a tape.
//!
//! Buffers are made once, gates are computed row by row and their activations kept, products go to
//! the same crate as ours, x and h share one matrix, and the elementary functions are quicker and
//! less exact than ours. It checks nothing and computes nothing else.

use private_gemm_x86::InstrSet;
use wengert_peers::bare::{Matrix, instructions, multiply};
use wengert_peers::measure::Bench;

/// Compiles a function for every instruction set, and calls the best at run time.
macro_rules! vectorized {
    ($(fn $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block)*) => {$(
        fn $name($($arg: $type),*) {
            #[inline(always)]
            fn any($($arg: $type),*) $body
            #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
            fn widest($($arg: $type),*) { any($($arg),*) }
            #[target_feature(enable = "avx2,fma")]
            fn wide($($arg: $type),*) { any($($arg),*) }
            match instructions() {
                // SAFETY: `instructions` has detected the features.
                InstrSet::Avx512 => unsafe { widest($($arg),*) },
                // SAFETY: as above.
                _ => unsafe { wide($($arg),*) },
            }
        }
    )*};
}

/// eˣ by the reduction and the polynomial of Cephes.
#[inline(always)]
fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.336_54, 88.376_26);
    let n = (x * std::f32::consts::LOG2_E + 12_582_912.0) - 12_582_912.0;
    let r = (-n).mul_add(-2.121_944_4e-4, (-n).mul_add(0.693_359_4, x));
    let mut p = 1.987_569_1e-4f32;
    for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        p = p.mul_add(r, c);
    }
    let y = p.mul_add(r * r, r + 1.0);
    // SAFETY: n was bounded with x.
    let n = unsafe { n.to_int_unchecked::<i32>() };
    f32::from_bits((y.to_bits() as i32).wrapping_add(n << 23) as u32)
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// tanh x as a quotient of polynomials, after Eigen.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    let x = x.clamp(-7.905_311, 7.905_311);
    let square = x * x;
    let mut p = -2.760_768_4e-16f32;
    for c in [
        2.000_188e-13,
        -8.604_672e-11,
        5.122_297e-8,
        1.485_722_4e-5,
        6.372_619e-4,
        4.893_525e-3,
    ] {
        p = p.mul_add(square, c);
    }
    let mut q = 1.198_258_4e-6f32;
    for c in [1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3] {
        q = q.mul_add(square, c);
    }
    p * x / q
}

vectorized! {
    fn gates_row(gates: &mut [f32], c0: &[f32], c1: &mut [f32], tanh_c: &mut [f32], h1: &mut [f32]) {
        let n = c0.len();
        let (i, rest) = gates.split_at_mut(n);
        let (f, rest) = rest.split_at_mut(n);
        let (g, o) = rest.split_at_mut(n);
        let (o, c1, tanh_c, h1) = (&mut o[..n], &mut c1[..n], &mut tanh_c[..n], &mut h1[..n]);
        for k in 0..n {
            (i[k], f[k], g[k], o[k]) = (sigmoid(i[k]), sigmoid(f[k]), tanh(g[k]), sigmoid(o[k]));
            c1[k] = f[k] * c0[k] + i[k] * g[k];
            tanh_c[k] = tanh(c1[k]);
            h1[k] = o[k] * tanh_c[k];
        }
    }

    fn gates_row_back(
        gates: &[f32], c0: &[f32], tanh_c: &[f32], dh: &[f32], dc: &mut [f32], d: &mut [f32],
    ) {
        let n = c0.len();
        let (i, rest) = gates.split_at(n);
        let (f, rest) = rest.split_at(n);
        let (g, o) = rest.split_at(n);
        let (di, rest) = d.split_at_mut(n);
        let (df, rest) = rest.split_at_mut(n);
        let (dg, d_o) = rest.split_at_mut(n);
        let (o, d_o) = (&o[..n], &mut d_o[..n]);
        let (tanh_c, dh, dc) = (&tanh_c[..n], &dh[..n], &mut dc[..n]);
        for k in 0..n {
            let t = tanh_c[k];
            let bar = dc[k] + dh[k] * o[k] * (1.0 - t * t);
            d_o[k] = dh[k] * t * o[k] * (1.0 - o[k]);
            di[k] = bar * g[k] * i[k] * (1.0 - i[k]);
            df[k] = bar * c0[k] * f[k] * (1.0 - f[k]);
            dg[k] = bar * i[k] * (1.0 - g[k] * g[k]);
            dc[k] = bar * f[k];
        }
    }

    fn add_rows(sum: &mut [f32], rows: &[f32]) {
        for row in rows.chunks_exact(sum.len()) {
            for (x, y) in sum.iter_mut().zip(row) {
                *x += *y;
            }
        }
    }

    fn relu(x: &mut [f32]) {
        x.iter_mut().for_each(|x| *x = x.max(0.0));
    }

    fn relu_back(d: &mut [f32], x: &[f32]) {
        for (d, x) in d.iter_mut().zip(x) {
            *d = if *x > 0.0 { *d } else { 0.0 };
        }
    }

    fn descend(weights: &mut [f32], d: &[f32]) {
        for (w, d) in weights.iter_mut().zip(d) {
            *w -= 0.01 * d;
        }
    }

    fn adam(weights: &mut [f32], d: &[f32], m: &mut [f32], v: &mut [f32], by: [f32; 2]) {
        let n = weights.len();
        let (d, m, v) = (&d[..n], &mut m[..n], &mut v[..n]);
        for k in 0..n {
            m[k] = 0.9 * m[k] + 0.1 * d[k];
            v[k] = 0.999 * v[k] + 0.001 * d[k] * d[k];
            weights[k] -= 1e-3 * (m[k] * by[0]) / ((v[k] * by[1]).sqrt() + 1e-8);
        }
    }
}

/// Numbers in (−bound, bound), always the same.
fn numbers(count: usize, bound: f32) -> Vec<f32> {
    let mut state = 1u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| bound * next()).collect()
}

fn zeros(count: usize) -> Vec<f32> {
    vec![0.0; count]
}

/// W3: 784-200-200-200-10, 200 rows.
fn classify(threads: usize) -> impl FnMut() -> f64 {
    const ROWS: usize = 200;
    const SIZES: [usize; 5] = [784, 200, 200, 200, 10];
    let layer = |k: usize| (SIZES[k], SIZES[k + 1]);
    let bound = |k: usize| 1.0 / (SIZES[k] as f32).sqrt();
    let mut weights: Vec<_> = (0..4)
        .map(|k| numbers(layer(k).0 * layer(k).1, bound(k)))
        .collect();
    let mut biases: Vec<_> = (0..4).map(|k| zeros(SIZES[k + 1])).collect();
    let mut d_weights: Vec<_> = weights.iter().map(|w| zeros(w.len())).collect();
    let mut d_biases = biases.clone();
    let mut values: Vec<_> = SIZES.iter().map(|size| zeros(ROWS * size)).collect();
    let mut bars = values.clone();
    values[0] = numbers(ROWS * SIZES[0], 0.5);
    move || {
        for k in 0..4 {
            let (inputs, outputs) = layer(k);
            let (below, above) = values.split_at_mut(k + 1);
            let y = &mut above[0];
            for row in y.chunks_exact_mut(outputs) {
                row.copy_from_slice(&biases[k]);
            }
            let x = Matrix::rows(&below[k], ROWS, inputs);
            multiply(
                y,
                x,
                Matrix::rows(&weights[k], inputs, outputs),
                true,
                threads,
            );
            if k < 3 {
                relu(y);
            }
        }
        let mut loss = 0.0;
        let rows = values[4].chunks_exact(10).zip(bars[4].chunks_exact_mut(10));
        for (at, (logits, bar)) in rows.enumerate() {
            let max = logits.iter().copied().fold(f32::MIN, f32::max);
            let sum: f32 = logits.iter().map(|x| exp(x - max)).sum();
            loss += (sum.ln() + max - logits[at % 10]) / ROWS as f32;
            for (k, (bar, x)) in bar.iter_mut().zip(logits).enumerate() {
                let hit = if k == at % 10 { 1.0 } else { 0.0 };
                *bar = (exp(x - max) / sum - hit) / ROWS as f32;
            }
        }
        for k in (0..4).rev() {
            let (inputs, outputs) = layer(k);
            let (below, above) = bars.split_at_mut(k + 1);
            let bar = Matrix::rows(&above[0], ROWS, outputs);
            let x = Matrix::rows(&values[k], ROWS, inputs);
            multiply(&mut d_weights[k], x.t(), bar, false, threads);
            if k > 0 {
                let weights = Matrix::rows(&weights[k], inputs, outputs);
                multiply(&mut below[k], bar, weights.t(), false, threads);
                relu_back(&mut below[k], &values[k]);
            }
            d_biases[k].fill(0.0);
            add_rows(&mut d_biases[k], &above[0]);
            descend(&mut weights[k], &d_weights[k]);
            descend(&mut biases[k], &d_biases[k]);
        }
        f64::from(loss)
    }
}

/// W5: an LSTM over 200 steps of 100 rows; `[x h]` is one matrix, and so are its weights.
fn remember(hidden: usize, threads: usize) -> impl FnMut() -> f64 {
    const TIME: usize = 200;
    const ROWS: usize = 100;
    const INPUTS: usize = 2;
    let (width, gates) = (INPUTS + hidden, 4 * hidden);
    let bound = 1.0 / (hidden as f32).sqrt();
    let mut weights = [
        numbers(width * gates, bound),
        zeros(gates),
        numbers(hidden + 1, bound),
    ];
    let mut bars = [zeros(width * gates), zeros(gates), zeros(hidden + 1)];
    let mut moments = bars.clone().map(|d| (d.clone(), d));
    let x = numbers(TIME * ROWS * INPUTS, 1.0);
    let y = numbers(ROWS, 1.0);
    let mut both = zeros((TIME + 1) * ROWS * width);
    for (row, x) in both.chunks_exact_mut(width).zip(x.chunks_exact(INPUTS)) {
        row[..INPUTS].copy_from_slice(x);
    }
    let (mut active, mut d_active) = (zeros(TIME * ROWS * gates), zeros(ROWS * gates));
    let (mut c, mut tanh_c) = (
        zeros((TIME + 1) * ROWS * hidden),
        zeros(TIME * ROWS * hidden),
    );
    let (mut h, mut dh, mut dc) = (
        zeros(ROWS * hidden),
        zeros(ROWS * hidden),
        zeros(ROWS * hidden),
    );
    let mut step = 0;
    move || {
        let [w, bias, head] = &mut weights;
        for row in both.chunks_exact_mut(width).take(ROWS) {
            row[INPUTS..].fill(0.0);
        }
        for t in 0..TIME {
            let g = &mut active[t * ROWS * gates..][..ROWS * gates];
            for row in g.chunks_exact_mut(gates) {
                row.copy_from_slice(bias);
            }
            let input = Matrix::rows(&both[t * ROWS * width..], ROWS, width);
            multiply(g, input, Matrix::rows(w, width, gates), true, threads);
            for row in 0..ROWS {
                let at = (t * ROWS + row) * hidden;
                let (old, new) = c.split_at_mut((t + 1) * ROWS * hidden);
                let h = &mut h[row * hidden..][..hidden];
                gates_row(
                    &mut g[row * gates..][..gates],
                    &old[at..at + hidden],
                    &mut new[row * hidden..][..hidden],
                    &mut tanh_c[at..at + hidden],
                    h,
                );
                let next = ((t + 1) * ROWS + row) * width;
                both[next + INPUTS..next + width].copy_from_slice(h);
            }
        }
        let mut loss = 0.0;
        let [d_w, d_bias, d_head] = &mut bars;
        d_head.fill(0.0);
        for row in 0..ROWS {
            let h = &h[row * hidden..][..hidden];
            let output: f32 = h.iter().zip(&*head).map(|(a, b)| a * b).sum::<f32>() + head[hidden];
            let error = output - y[row];
            loss += error * error / ROWS as f32;
            let bar = 2.0 * error / ROWS as f32;
            for k in 0..hidden {
                dh[row * hidden + k] = bar * head[k];
                d_head[k] += bar * h[k];
            }
            d_head[hidden] += bar;
        }
        dc.fill(0.0);
        d_w.fill(0.0);
        d_bias.fill(0.0);
        for t in (0..TIME).rev() {
            for row in 0..ROWS {
                let at = (t * ROWS + row) * hidden;
                gates_row_back(
                    &active[(t * ROWS + row) * gates..][..gates],
                    &c[at..at + hidden],
                    &tanh_c[at..at + hidden],
                    &dh[row * hidden..][..hidden],
                    &mut dc[row * hidden..][..hidden],
                    &mut d_active[row * gates..][..gates],
                );
            }
            add_rows(d_bias, &d_active);
            let bar = Matrix::rows(&d_active, ROWS, gates);
            let input = Matrix::rows(&both[t * ROWS * width..], ROWS, width);
            multiply(d_w, input.t(), bar, true, threads);
            if t > 0 {
                let recurrent = Matrix::rows(&w[INPUTS * gates..], hidden, gates);
                multiply(&mut dh, bar, recurrent.t(), false, threads);
            }
        }
        step += 1;
        let by = [0.9f32, 0.999].map(|beta| 1.0 / (1.0 - beta.powi(step)));
        for ((w, d), (m, v)) in weights.iter_mut().zip(&bars).zip(&mut moments) {
            adam(w, d, m, v, by);
        }
        f64::from(loss)
    }
}

fn main() {
    let bench = Bench::from_args();
    let threads = bench.threads();
    bench.run("W3", || classify(threads));
    for hidden in [50, 128] {
        bench.run(&format!("W5-{hidden}"), || remember(hidden, threads));
    }
}
