//! The floor of W3 and W5: forward, backward and update written out by hand, without a tape.
//!
//! On two threads each computes half of the rows, and their gradients are added. Buffers are made once, gates are computed row by row and their activations kept, products go to
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

/// A part of the rows, with all that its forward and backward pass need.
trait Shard: Send {
    /// Computes the gradients of its part of the mean loss, and returns that part.
    fn differentiate(&mut self, weights: &[Vec<f32>]) -> f32;
    /// The gradients, like the weights.
    fn bars(&mut self) -> &mut [Vec<f32>];
}

/// The loss over all shards, a thread for each; the sum of their gradients is then the first one's.
fn differentiate(shards: &mut [impl Shard], weights: &[Vec<f32>]) -> f32 {
    let (first, rest) = shards.split_first_mut().expect("there is a shard");
    if rest.is_empty() {
        return first.differentiate(weights);
    }
    let loss = std::thread::scope(|scope| {
        let start = |shard| scope.spawn(|| Shard::differentiate(shard, weights));
        let others: Vec<_> = rest.iter_mut().map(start).collect();
        let loss = first.differentiate(weights);
        let join = |other: std::thread::ScopedJoinHandle<'_, f32>| other.join().expect("a shard");
        loss + others.into_iter().map(join).sum::<f32>()
    });
    for other in rest {
        for (sum, bar) in first.bars().iter_mut().zip(other.bars()) {
            add_rows(sum, bar);
        }
    }
    loss
}

/// W3: 784-200-200-200-10, 200 rows.
struct Classifier {
    rows: usize,
    values: Vec<Vec<f32>>,
    value_bars: Vec<Vec<f32>>,
    /// Of weights and bias of each layer in turn.
    bars: Vec<Vec<f32>>,
}

impl Classifier {
    const ROWS: usize = 200;
    const SIZES: [usize; 5] = [784, 200, 200, 200, 10];

    /// The sizes below and above a layer.
    fn layer(k: usize) -> (usize, usize) {
        (Self::SIZES[k], Self::SIZES[k + 1])
    }

    fn weights() -> Vec<Vec<f32>> {
        let layer = |k| {
            let (inputs, outputs) = Self::layer(k);
            let bound = 1.0 / (inputs as f32).sqrt();
            [numbers(inputs * outputs, bound), zeros(outputs)]
        };
        (0..4).flat_map(layer).collect()
    }

    fn new(rows: usize) -> Self {
        let mut values: Vec<_> = Self::SIZES.iter().map(|size| zeros(rows * size)).collect();
        let value_bars = values.clone();
        values[0] = numbers(rows * Self::SIZES[0], 0.5);
        Classifier {
            rows,
            values,
            value_bars,
            bars: Self::weights(),
        }
    }
}

impl Shard for Classifier {
    fn bars(&mut self) -> &mut [Vec<f32>] {
        &mut self.bars
    }

    fn differentiate(&mut self, weights: &[Vec<f32>]) -> f32 {
        let rows = self.rows;
        for k in 0..4 {
            let (inputs, outputs) = Self::layer(k);
            let (below, above) = self.values.split_at_mut(k + 1);
            let y = &mut above[0];
            for row in y.chunks_exact_mut(outputs) {
                row.copy_from_slice(&weights[2 * k + 1]);
            }
            let x = Matrix::rows(&below[k], rows, inputs);
            multiply(y, x, Matrix::rows(&weights[2 * k], inputs, outputs), true);
            if k < 3 {
                relu(y);
            }
        }
        let mut loss = 0.0;
        let logits = self.values[4].chunks_exact(10);
        for (at, (logits, bar)) in logits
            .zip(self.value_bars[4].chunks_exact_mut(10))
            .enumerate()
        {
            let max = logits.iter().copied().fold(f32::MIN, f32::max);
            let sum: f32 = logits.iter().map(|x| exp(x - max)).sum();
            loss += (sum.ln() + max - logits[at % 10]) / Self::ROWS as f32;
            for (k, (bar, x)) in bar.iter_mut().zip(logits).enumerate() {
                let hit = if k == at % 10 { 1.0 } else { 0.0 };
                *bar = (exp(x - max) / sum - hit) / Self::ROWS as f32;
            }
        }
        for k in (0..4).rev() {
            let (inputs, outputs) = Self::layer(k);
            let (below, above) = self.value_bars.split_at_mut(k + 1);
            let bar = Matrix::rows(&above[0], rows, outputs);
            let x = Matrix::rows(&self.values[k], rows, inputs);
            multiply(&mut self.bars[2 * k], x.t(), bar, false);
            if k > 0 {
                let weights = Matrix::rows(&weights[2 * k], inputs, outputs);
                multiply(&mut below[k], bar, weights.t(), false);
                relu_back(&mut below[k], &self.values[k]);
            }
            self.bars[2 * k + 1].fill(0.0);
            add_rows(&mut self.bars[2 * k + 1], &above[0]);
        }
        loss
    }
}

fn classify(threads: usize) -> impl FnMut() -> f64 {
    let mut weights = Classifier::weights();
    let shard = |_| Classifier::new(Classifier::ROWS / threads);
    let mut shards: Vec<_> = (0..threads).map(shard).collect();
    move || {
        let loss = differentiate(&mut shards, &weights);
        for (weights, bar) in weights.iter_mut().zip(shards[0].bars()) {
            descend(weights, bar);
        }
        f64::from(loss)
    }
}

/// W5: an LSTM over 200 steps of 100 rows; `[x h]` is one matrix, and so are its weights.
struct Reader {
    rows: usize,
    hidden: usize,
    /// Of `[x h]`'s weights, the bias, and the head with its bias.
    bars: Vec<Vec<f32>>,
    y: Vec<f32>,
    both: Vec<f32>,
    active: Vec<f32>,
    d_active: Vec<f32>,
    c: Vec<f32>,
    tanh_c: Vec<f32>,
    h: Vec<f32>,
    dh: Vec<f32>,
    dc: Vec<f32>,
}

impl Reader {
    const TIME: usize = 200;
    const ROWS: usize = 100;
    const INPUTS: usize = 2;

    fn weights(hidden: usize) -> Vec<Vec<f32>> {
        let bound = 1.0 / (hidden as f32).sqrt();
        let (width, gates) = (Self::INPUTS + hidden, 4 * hidden);
        vec![
            numbers(width * gates, bound),
            zeros(gates),
            numbers(hidden + 1, bound),
        ]
    }

    fn new(rows: usize, hidden: usize) -> Self {
        let (width, gates) = (Self::INPUTS + hidden, 4 * hidden);
        let x = numbers(Self::TIME * rows * Self::INPUTS, 1.0);
        let mut both = zeros((Self::TIME + 1) * rows * width);
        for (row, x) in both
            .chunks_exact_mut(width)
            .zip(x.chunks_exact(Self::INPUTS))
        {
            row[..Self::INPUTS].copy_from_slice(x);
        }
        Reader {
            rows,
            hidden,
            bars: Self::weights(hidden),
            y: numbers(rows, 1.0),
            both,
            active: zeros(Self::TIME * rows * gates),
            d_active: zeros(rows * gates),
            c: zeros((Self::TIME + 1) * rows * hidden),
            tanh_c: zeros(Self::TIME * rows * hidden),
            h: zeros(rows * hidden),
            dh: zeros(rows * hidden),
            dc: zeros(rows * hidden),
        }
    }

    fn forward(&mut self, weights: &[Vec<f32>]) {
        let (rows, hidden) = (self.rows, self.hidden);
        let (width, gates) = (Self::INPUTS + hidden, 4 * hidden);
        for row in self.both.chunks_exact_mut(width).take(rows) {
            row[Self::INPUTS..].fill(0.0);
        }
        for t in 0..Self::TIME {
            let g = &mut self.active[t * rows * gates..][..rows * gates];
            for row in g.chunks_exact_mut(gates) {
                row.copy_from_slice(&weights[1]);
            }
            let input = Matrix::rows(&self.both[t * rows * width..], rows, width);
            multiply(g, input, Matrix::rows(&weights[0], width, gates), true);
            for row in 0..rows {
                let at = (t * rows + row) * hidden;
                let (old, new) = self.c.split_at_mut((t + 1) * rows * hidden);
                let h = &mut self.h[row * hidden..][..hidden];
                gates_row(
                    &mut g[row * gates..][..gates],
                    &old[at..at + hidden],
                    &mut new[row * hidden..][..hidden],
                    &mut self.tanh_c[at..at + hidden],
                    h,
                );
                let next = ((t + 1) * rows + row) * width;
                self.both[next + Self::INPUTS..next + width].copy_from_slice(h);
            }
        }
    }

    /// The loss of the head, and what flows back from it.
    fn finish(&mut self, head: &[f32]) -> f32 {
        let hidden = self.hidden;
        let mut loss = 0.0;
        let d_head = &mut self.bars[2];
        d_head.fill(0.0);
        for row in 0..self.rows {
            let h = &self.h[row * hidden..][..hidden];
            let output: f32 = h.iter().zip(head).map(|(a, b)| a * b).sum::<f32>() + head[hidden];
            let error = output - self.y[row];
            loss += error * error / Self::ROWS as f32;
            let bar = 2.0 * error / Self::ROWS as f32;
            for k in 0..hidden {
                self.dh[row * hidden + k] = bar * head[k];
                d_head[k] += bar * h[k];
            }
            d_head[hidden] += bar;
        }
        loss
    }

    fn backward(&mut self, weights: &[Vec<f32>]) {
        let (rows, hidden) = (self.rows, self.hidden);
        let (width, gates) = (Self::INPUTS + hidden, 4 * hidden);
        self.dc.fill(0.0);
        self.bars[0].fill(0.0);
        self.bars[1].fill(0.0);
        for t in (0..Self::TIME).rev() {
            for row in 0..rows {
                let at = (t * rows + row) * hidden;
                gates_row_back(
                    &self.active[(t * rows + row) * gates..][..gates],
                    &self.c[at..at + hidden],
                    &self.tanh_c[at..at + hidden],
                    &self.dh[row * hidden..][..hidden],
                    &mut self.dc[row * hidden..][..hidden],
                    &mut self.d_active[row * gates..][..gates],
                );
            }
            add_rows(&mut self.bars[1], &self.d_active);
            let bar = Matrix::rows(&self.d_active, rows, gates);
            let input = Matrix::rows(&self.both[t * rows * width..], rows, width);
            multiply(&mut self.bars[0], input.t(), bar, true);
            if t > 0 {
                let recurrent = Matrix::rows(&weights[0][Self::INPUTS * gates..], hidden, gates);
                multiply(&mut self.dh, bar, recurrent.t(), false);
            }
        }
    }
}

impl Shard for Reader {
    fn bars(&mut self) -> &mut [Vec<f32>] {
        &mut self.bars
    }

    fn differentiate(&mut self, weights: &[Vec<f32>]) -> f32 {
        self.forward(weights);
        let loss = self.finish(&weights[2]);
        self.backward(weights);
        loss
    }
}

fn remember(hidden: usize, threads: usize) -> impl FnMut() -> f64 {
    let mut weights = Reader::weights(hidden);
    let shard = |_| Reader::new(Reader::ROWS / threads, hidden);
    let mut shards: Vec<_> = (0..threads).map(shard).collect();
    let zeros = |w: &Vec<f32>| (zeros(w.len()), zeros(w.len()));
    let mut moments: Vec<_> = weights.iter().map(zeros).collect();
    let mut step = 0;
    move || {
        let loss = differentiate(&mut shards, &weights);
        step += 1;
        let by = [0.9f32, 0.999].map(|beta| 1.0 / (1.0 - beta.powi(step)));
        for ((w, d), (m, v)) in weights.iter_mut().zip(shards[0].bars()).zip(&mut moments) {
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
