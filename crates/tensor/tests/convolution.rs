//! Convolutions and windows against loops that follow their definitions, over every option.

use wengert_tensor::{Conv, Interpolate, Pool, Rng, ScatterReduce, Tensor};

/// Every index of a shape, in row-major order.
fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
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

fn at(x: &Tensor<f64>, index: &[usize]) -> f64 {
    let index: Vec<isize> = index.iter().map(|&at| at as isize).collect();
    x.get(&index).expect("an index inside the shape")
}

/// One axis of a case: lengths of input and kernel, stride, padding before and after, dilation.
#[derive(Clone, Copy, Debug)]
struct Axis {
    input: usize,
    kernel: usize,
    stride: usize,
    before: usize,
    after: usize,
    dilation: usize,
}

impl Axis {
    fn output(&self) -> usize {
        (self.input + self.before + self.after - (self.kernel - 1) * self.dilation - 1)
            / self.stride
            + 1
    }
}

/// Calls `f` with the indices in x, w and y of each product.
fn products(
    batch: usize,
    [groups, channels, filters]: [usize; 3],
    axes: &[Axis],
    mut f: impl FnMut(Vec<usize>, Vec<usize>, Vec<usize>),
) {
    let outputs: Vec<usize> = axes.iter().map(Axis::output).collect();
    let kernels: Vec<usize> = axes.iter().map(|axis| axis.kernel).collect();
    for head in indices(&[batch, groups, channels, filters]) {
        let (sample, group, channel, filter) = (head[0], head[1], head[2], head[3]);
        for out in indices(&outputs) {
            for place in indices(&kernels) {
                let from = axes.iter().enumerate().map(|(k, axis)| {
                    (out[k] * axis.stride + place[k] * axis.dilation)
                        .checked_sub(axis.before)
                        .filter(|&at| at < axis.input)
                });
                if let Some(from) = from.collect::<Option<Vec<usize>>>() {
                    let of_y = group * filters + filter;
                    f(
                        [vec![sample, group * channels + channel], from].concat(),
                        [vec![of_y, channel], place.clone()].concat(),
                        [vec![sample, of_y], out.clone()].concat(),
                    );
                }
            }
        }
    }
}

fn add(x: &mut Tensor<f64>, index: &[usize], by: f64) {
    let shape = x.shape().clone();
    let place = index
        .iter()
        .zip(shape.iter())
        .fold(0, |place, (at, dim)| place * dim + at);
    x.as_mut_slice()[place] += by;
}

/// A number from `low` to `high`, both included.
fn draw(rng: &mut Rng, low: usize, high: usize) -> usize {
    low + (rng.unit() * (high - low + 1) as f64) as usize
}

fn options(axes: &[Axis], groups: usize) -> Conv {
    let of = |f: fn(&Axis) -> usize| -> Vec<usize> { axes.iter().map(f).collect() };
    macro_rules! set {
        ($n:literal) => {{
            let list = |list: Vec<usize>| <[usize; $n]>::try_from(list).expect("an axis each");
            Conv::new()
                .groups(groups)
                .stride(list(of(|axis| axis.stride)))
                .dilation(list(of(|axis| axis.dilation)))
                .borders(list(of(|axis| axis.before)), list(of(|axis| axis.after)))
        }};
    }
    match axes.len() {
        1 => set!(1),
        2 => set!(2),
        _ => set!(3),
    }
}

#[test]
fn a_convolution_is_its_sum_whatever_is_set() {
    let mut rng = Rng::seed_from_u64(1);
    for case in 0..240 {
        let dims = case % 3 + 1;
        let groups = draw(&mut rng, 1, 3);
        let (channels, filters) = (draw(&mut rng, 1, 3), draw(&mut rng, 1, 3));
        let batch = draw(&mut rng, 0, 3);
        let axis = |rng: &mut Rng| {
            let (kernel, dilation) = (draw(rng, 1, 3), draw(rng, 1, 3));
            let (before, after) = (draw(rng, 0, 3), draw(rng, 0, 3));
            let least = ((kernel - 1) * dilation + 1)
                .saturating_sub(before + after)
                .max(1);
            Axis {
                input: draw(rng, least, least + 5),
                kernel,
                stride: draw(rng, 1, 4),
                before,
                after,
                dilation,
            }
        };
        let axes: Vec<Axis> = (0..dims).map(|_| axis(&mut rng)).collect();
        let lengths = |f: fn(&Axis) -> usize| -> Vec<usize> { axes.iter().map(f).collect() };
        let x_shape = [vec![batch, groups * channels], lengths(|axis| axis.input)].concat();
        let w_shape = [
            vec![groups * filters, channels],
            lengths(|axis| axis.kernel),
        ]
        .concat();
        let x: Tensor<f64> = rng.normal(&x_shape[..], 0.0, 1.0);
        let w: Tensor<f64> = rng.normal(&w_shape[..], 0.0, 1.0);
        let bias: Tensor<f64> = rng.normal([groups * filters], 0.0, 1.0);
        let y_shape = [vec![batch, groups * filters], lengths(Axis::output)].concat();
        let mut expected = Tensor::from_fn(&y_shape[..], |index| bias[[index[1]]]);
        products(batch, [groups, channels, filters], &axes, |from, by, to| {
            add(&mut expected, &to, at(&x, &from) * at(&w, &by));
        });
        let set = options(&axes, groups);
        let y = match dims {
            1 => x.conv1d(&w, Some(&bias), set),
            2 => x.conv2d(&w, Some(&bias), set),
            _ => x.conv3d(&w, Some(&bias), set),
        };
        let about =
            format!("{axes:?}, {groups} groups of {channels} and {filters}, {batch} samples");
        assert!(y.allclose(&expected, 1e-12, 1e-12), "{about}");
        // The transpose has the same products, and what it leaves at the end is zeros.
        let bias: Tensor<f64> = rng.normal([groups * channels], 0.0, 1.0);
        let more: Vec<usize> = axes
            .iter()
            .map(|axis| {
                let reach = axis.input + axis.before + axis.after;
                reach - (axis.kernel - 1) * axis.dilation - 1 - (axis.output() - 1) * axis.stride
            })
            .collect();
        let mut expected = Tensor::from_fn(&x_shape[..], |index| bias[[index[1]]]);
        products(batch, [groups, channels, filters], &axes, |to, by, from| {
            add(&mut expected, &to, at(&y, &from) * at(&w, &by));
        });
        let x = match dims {
            1 => y.conv_transpose1d(&w, Some(&bias), set.output_padding([more[0]])),
            2 => y.conv_transpose2d(&w, Some(&bias), set.output_padding([more[0], more[1]])),
            _ => y.conv_transpose3d(
                &w,
                Some(&bias),
                set.output_padding([more[0], more[1], more[2]]),
            ),
        };
        assert!(x.allclose(&expected, 1e-12, 1e-12), "transposed: {about}");
    }
}

/// Sizes at which the windows come in several pieces, and several samples in one.
#[test]
fn long_and_many_inputs_come_in_pieces() {
    let mut rng = Rng::seed_from_u64(2);
    for (batch, channels, filters, len, kernel, stride) in [
        (2, 3, 2, 5000, 7, 1),
        (1, 8, 4, 3000, 64, 3),
        (300, 2, 3, 5, 3, 1),
        (70, 1, 2, 40, 2, 2),
    ] {
        let x: Tensor<f64> = rng.normal([batch, channels, len], 0.0, 1.0);
        let w: Tensor<f64> = rng.normal([filters, channels, kernel], 0.0, 1.0);
        let axis = Axis {
            input: len,
            kernel,
            stride,
            before: 1,
            after: 1,
            dilation: 1,
        };
        let y = x.conv1d(&w, None, Conv::new().stride(stride).padding(1));
        let mut expected = Tensor::zeros([batch, filters, axis.output()]);
        let mut transposed = Tensor::zeros([batch, channels, len]);
        products(batch, [1, channels, filters], &[axis], |from, by, to| {
            add(&mut expected, &to, at(&x, &from) * at(&w, &by));
            add(&mut transposed, &from, at(&y, &to) * at(&w, &by));
        });
        assert!(y.allclose(&expected, 1e-10, 1e-10), "{batch} of {len}");
        let rest = (len + 2 - kernel) % stride;
        let set = Conv::new().stride(stride).padding(1).output_padding(rest);
        let x = y.conv_transpose1d(&w, None, set);
        assert!(
            x.allclose(&transposed, 1e-10, 1e-10),
            "{batch} of {len}, transposed"
        );
    }
}

#[test]
fn of_single_precision_and_of_views() {
    let mut rng = Rng::seed_from_u64(3);
    let x: Tensor<f64> = rng.normal([2, 9, 8, 4], 0.0, 1.0);
    let w: Tensor<f64> = rng.normal([3, 3, 4, 5], 0.0, 1.0);
    let (turned, w) = (x.permute(&[0, 3, 1, 2]), w.permute(&[3, 2, 0, 1]));
    let y = turned.conv2d(&w, None, Conv::new().same());
    assert_eq!(y.shape(), &[2, 5, 9, 8]);
    let copied = turned
        .contiguous()
        .conv2d(w.contiguous(), None, Conv::new().same());
    assert_eq!(y, copied);
    let narrow = turned
        .cast::<f32>()
        .conv2d(w.cast::<f32>(), None, Conv::new().same());
    assert!(narrow.cast::<f64>().allclose(&y, 1e-4, 1e-4));
}

#[test]
fn the_same_length_is_the_length_over_the_stride() {
    for len in 1..9 {
        for stride in 1..4 {
            for (kernel, dilation) in [(1, 1), (2, 1), (3, 1), (3, 2), (4, 3)] {
                let x = Tensor::<f64>::ones([1, 1, len]);
                let w = Tensor::ones([1, 1, kernel]);
                let same = Conv::new().same().stride(stride).dilation(dilation);
                let y = x.conv1d(&w, None, same);
                assert_eq!(
                    y.dim(-1),
                    len.div_ceil(stride),
                    "{len} {stride} {kernel} {dilation}"
                );
            }
        }
    }
    // One more behind than before.
    let x = Tensor::from([[1.0, 2.0, 3.0]]);
    let y = x.conv1d(Tensor::from([[[1.0, 10.0]]]), None, Conv::new().same());
    assert_eq!(y.to_rows(), [[21.0, 32.0, 3.0]]);
}

/// What a window holds, counted from the start of the padding, and how many places it has.
fn window(
    len: usize,
    out: usize,
    size: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
) -> (Vec<usize>, usize) {
    let places = (0..size).map(|k| out * stride + k * dilation);
    let counted = places
        .clone()
        .filter(|&place| place < len + 2 * padding)
        .count();
    let held = places.filter(|&place| place >= padding && place < len + padding);
    (held.map(|place| place - padding).collect(), counted)
}

#[test]
fn pooling_takes_its_windows_whatever_is_set() {
    let mut rng = Rng::seed_from_u64(4);
    let mut seen = 0;
    for size in 1..5 {
        for stride in 1..4 {
            for padding in 0..=size / 2 {
                for dilation in 1..3 {
                    for ceil in [false, true] {
                        for len in [5_usize, 8] {
                            let reach = (size - 1) * dilation + 1;
                            if reach > len + 2 * padding {
                                continue;
                            }
                            let room = len + 2 * padding - reach;
                            let mut count = room / stride + 1;
                            // PyTorch's rule: round up, but not to a window that begins in the padding.
                            if ceil {
                                count = room.div_ceil(stride) + 1;
                                if (count - 1) * stride >= len + padding {
                                    count -= 1;
                                }
                            }
                            let mut pool = Pool::new(size)
                                .stride(stride)
                                .padding(padding)
                                .dilation(dilation);
                            if ceil {
                                pool = pool.ceil();
                            }
                            let x: Tensor<f64> = rng.normal([2, len], 0.0, 1.0);
                            let of = |row: usize, out: usize| {
                                let (held, counted) =
                                    window(len, out, size, stride, padding, dilation);
                                let held: Vec<f64> = held.iter().map(|&at| x[[row, at]]).collect();
                                (held, counted as f64)
                            };
                            let max = Tensor::from_fn([2, count], |at| {
                                of(at[0], at[1])
                                    .0
                                    .into_iter()
                                    .fold(f64::NEG_INFINITY, f64::max)
                            });
                            let about = format!("{pool:?} of {len}");
                            assert_eq!(x.max_pool1d(pool), max, "{about}");
                            let (y, places) = x.max_pool1d_with_indices(pool);
                            assert_eq!((&y, x.gather(1, &places)), (&max, max.clone()), "{about}");
                            let mean = Tensor::from_fn([2, count], |at| {
                                let (held, counted) = of(at[0], at[1]);
                                held.iter().sum::<f64>() / counted
                            });
                            assert!(x.avg_pool1d(pool).allclose(&mean, 1e-13, 1e-13), "{about}");
                            let mean = Tensor::from_fn([2, count], |at| {
                                let (held, _) = of(at[0], at[1]);
                                held.iter().sum::<f64>() / held.len() as f64
                            });
                            let pool = pool.without_padding();
                            assert!(x.avg_pool1d(pool).allclose(&mean, 1e-13, 1e-13), "{about}");
                            seen += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(seen > 150, "only {seen} pools fit");
}

#[test]
fn pooling_over_several_axes_is_pooling_over_their_windows() {
    let x: Tensor<f64> = Rng::seed_from_u64(5).normal([3, 5, 6, 7], 0.0, 1.0);
    let pool = Pool::new([2, 3, 2]).stride([1, 2, 3]).padding([1, 0, 1]);
    let (outs, mut max, mut mean) = ([6, 2, 3], vec![], vec![]);
    for out in indices(&[3, outs[0], outs[1], outs[2]]) {
        let [d, h, w] = [
            window(5, out[1], 2, 1, 1, 1).0,
            window(6, out[2], 3, 2, 0, 1).0,
            window(7, out[3], 2, 3, 1, 1).0,
        ];
        let mut held = vec![];
        for &d in &d {
            for &h in &h {
                held.extend(w.iter().map(|&w| x[[out[0], d, h, w]]));
            }
        }
        max.push(held.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        mean.push(held.iter().sum::<f64>() / 12.0);
    }
    assert_eq!(x.max_pool3d(pool).to_vec(), max);
    let (y, places) = x.max_pool3d_with_indices(pool);
    assert_eq!(x.flatten(1).gather(1, &places.flatten(1)).to_vec(), max);
    assert_eq!(y.to_vec(), max);
    let found = x.avg_pool3d(pool).to_vec();
    assert!(found.iter().zip(&mean).all(|(a, b)| (a - b).abs() < 1e-12));
}

#[test]
fn so_many_windows_cover_the_axis() {
    for len in 1..12 {
        for count in 1..9 {
            let x = Tensor::<i64>::arange(len).cast::<f64>();
            let y = x.avg_pool1d(Pool::adaptive(count));
            let max = x.max_pool1d(Pool::adaptive(count));
            for out in 0..count {
                let (start, end) = (out * len / count, ((out + 1) * len).div_ceil(count));
                let mean = (start + end - 1) as f64 / 2.0;
                assert!((y[[out]] - mean).abs() < 1e-12, "{len} {count} {out}");
                assert_eq!(max[[out]], (end - 1) as f64);
            }
        }
    }
}

#[test]
fn greatest_elements_that_tie_are_not_a_number_or_infinite() {
    let nan = f64::NAN;
    let x = Tensor::from([
        1.0,
        nan,
        2.0,
        2.0,
        -0.0,
        0.0,
        f64::NEG_INFINITY,
        f64::NEG_INFINITY,
    ]);
    let (y, places) = x.max_pool1d_with_indices(2);
    assert!(y[[0]].is_nan());
    assert_eq!(y.to_vec()[1..], [2.0, 0.0, f64::NEG_INFINITY]);
    assert_eq!(places, Tensor::from([1, 2, 4, 6]));
    assert_eq!(
        Tensor::<f64>::zeros([3, 0, 4]).max_pool1d(2).shape(),
        &[3, 0, 2]
    );
}

/// Where element `out` of `to` stands on an axis of `from`, and the weights of the elements around it.
fn interpolated(x: &[f64], to: usize, out: usize, how: Interpolate) -> f64 {
    let (n, k, i) = (x.len() as f64, to as f64, out as f64);
    let value = |at: f64| x[at.clamp(0.0, n - 1.0) as usize];
    let place = |corners: bool| match corners {
        true if to == 1 => 0.0,
        true => i * (n - 1.0) / (k - 1.0),
        false => (i + 0.5) * n / k - 0.5,
    };
    match how {
        Interpolate::Nearest => value((i * n / k + 1e-9).floor()),
        Interpolate::NearestExact => value(((i + 0.5) * n / k + 1e-9).floor()),
        Interpolate::Linear { align_corners } => {
            let at = place(align_corners).clamp(0.0, n - 1.0);
            let part = at - at.floor();
            (1.0 - part) * value(at.floor()) + part * value(at.floor() + 1.0)
        }
        Interpolate::Cubic { align_corners } => {
            let at = place(align_corners);
            let (low, t) = (at.floor(), at - at.floor());
            let p: Vec<f64> = (0..4).map(|k| value(low - 1.0 + k as f64)).collect();
            // Hermite's form, with slopes of ¾ of the distance between the neighbors.
            let [m0, m1] = [0.75 * (p[2] - p[0]), 0.75 * (p[3] - p[1])];
            let (t2, t3) = (t * t, t * t * t);
            (2.0 * t3 - 3.0 * t2 + 1.0) * p[1]
                + (t3 - 2.0 * t2 + t) * m0
                + (3.0 * t2 - 2.0 * t3) * p[2]
                + (t3 - t2) * m1
        }
        Interpolate::Area => {
            let (start, end) = (out * x.len() / to, ((out + 1) * x.len()).div_ceil(to));
            x[start..end].iter().sum::<f64>() / (end - start) as f64
        }
    }
}

#[test]
fn values_between_elements() {
    let mut ways = vec![
        Interpolate::Nearest,
        Interpolate::NearestExact,
        Interpolate::Area,
    ];
    for align_corners in [false, true] {
        ways.push(Interpolate::Linear { align_corners });
        ways.push(Interpolate::Cubic { align_corners });
    }
    let mut rng = Rng::seed_from_u64(6);
    for how in ways {
        for from in 1..8 {
            for to in 1..10 {
                let x: Tensor<f64> = rng.normal([from], 0.0, 1.0);
                let y = x.interpolate(&[to], how);
                let expected: Vec<f64> = (0..to)
                    .map(|out| interpolated(&x.to_vec(), to, out, how))
                    .collect();
                assert!(
                    y.allclose(&Tensor::from(expected), 1e-12, 1e-12),
                    "{how:?} {from} {to}"
                );
            }
        }
        // Over two axes: one after the other.
        let x: Tensor<f64> = rng.normal([2, 3, 4], 0.0, 1.0);
        let y = x.interpolate(&[5, 7], how);
        let columns = x.transpose(1, 2).interpolate(&[5], how).transpose(1, 2);
        assert!(y.allclose(&columns.interpolate(&[7], how), 1e-13, 1e-13));
    }
}

#[test]
fn folding_adds_up_windows() {
    let windows: Tensor<f64> = Rng::seed_from_u64(7).normal([2, 3, 4, 3], 0.0, 1.0);
    let mut expected = Tensor::zeros([2, 8, 4]);
    for at in indices(&[2, 3, 4, 3]) {
        let by = windows[[at[0], at[1], at[2], at[3]]];
        add(&mut expected, &[at[0], 2 * at[1] + at[3], at[2]], by);
    }
    assert!(windows.fold(1, 8, 2).allclose(&expected, 1e-13, 1e-13));
    let ones = Tensor::<f64>::ones([5]);
    assert_eq!(
        ones.unfold(0, 3, 1).fold(0, 5, 1).to_vec(),
        [1.0, 2.0, 3.0, 2.0, 1.0]
    );
}

#[test]
fn elements_brought_together() {
    let mut rng = Rng::seed_from_u64(8);
    let ways = [
        ScatterReduce::Sum,
        ScatterReduce::Prod,
        ScatterReduce::Mean,
        ScatterReduce::Max,
        ScatterReduce::Min,
    ];
    for how in ways {
        for include_self in [false, true] {
            let x: Tensor<f64> = rng.normal([3, 4], 0.0, 1.0);
            let src: Tensor<f64> = rng.normal([2, 5], 0.0, 1.0);
            let index = Tensor::from([[0, 3, 3, -1, 1], [2, 2, 2, 2, 0]]);
            let y = x.scatter_reduce(1, &index, &src, how, include_self);
            for at in indices(&[3, 4]) {
                let mut terms = vec![];
                if at[0] < 2 {
                    for k in 0..5 {
                        if index[[at[0], k]].rem_euclid(4) == at[1] as i64 {
                            terms.push(src[[at[0], k]]);
                        }
                    }
                }
                if include_self || terms.is_empty() {
                    terms.push(x[[at[0], at[1]]]);
                }
                let count = terms.len() as f64;
                let terms = terms.into_iter();
                let expected = match how {
                    ScatterReduce::Sum => terms.sum(),
                    ScatterReduce::Prod => terms.product(),
                    ScatterReduce::Mean => terms.sum::<f64>() / count,
                    ScatterReduce::Max => terms.fold(f64::NEG_INFINITY, f64::max),
                    ScatterReduce::Min => terms.fold(f64::INFINITY, f64::min),
                };
                let found = y[[at[0], at[1]]];
                assert!(
                    (found - expected).abs() < 1e-13,
                    "{how:?} {include_self} {at:?}"
                );
            }
        }
    }
    let nan = Tensor::from([1.0, f64::NAN]);
    let index = Tensor::from([0, 0]);
    for how in ways {
        assert!(
            nan.scatter_reduce(0, &index, &nan, how, false)[[0]].is_nan(),
            "{how:?}"
        );
    }
}

#[test]
fn places_named_by_several_indices() {
    let x = Tensor::<i64>::arange(24).reshape(&[2, 3, 4]);
    let indices = Tensor::from([[1, 2], [0, -1], [-1, 0]]);
    let rows = x.gather_nd(&indices);
    assert_eq!(
        rows.to_rows(),
        [[20, 21, 22, 23], [8, 9, 10, 11], [12, 13, 14, 15]]
    );
    assert_eq!(x.gather_nd(&Tensor::from([1, 2, 3])).item(), 23);
    assert_eq!(x.gather_nd(&Tensor::zeros([2, 0])).shape(), &[2, 2, 3, 4]);
    assert_eq!(x.gather_nd(&Tensor::zeros([0, 1])).shape(), &[0, 3, 4]);
    let y = x.scatter_nd(&indices, rows.map(|x| -x));
    let changed = x.zip_map(&y, |x, y| i64::from(x != y)).iter().sum::<i64>();
    assert_eq!(changed, 12);
    assert_eq!(y.gather_nd(&indices), rows.map(|x| -x));
    let sums = Tensor::<f64>::zeros([2, 2]).scatter_nd_add(&Tensor::from([[0], [0], [1]]), 1.0);
    assert_eq!(sums.to_rows(), [[2.0, 2.0], [1.0, 1.0]]);
    assert_eq!(
        x.take_along_dim(2, &Tensor::from([[[3], [0], [1]]]))
            .flatten(0)
            .to_vec(),
        [3, 4, 9, 15, 16, 21]
    );
    assert_eq!(
        Tensor::from([[1, 2, 3]])
            .take_along_dim(1, &Tensor::from([[2, 0], [1, 1]]))
            .to_rows(),
        [[3, 1], [2, 2]]
    );
}
