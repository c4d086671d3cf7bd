//! Convolutions of up to three axes: one sum of products x · w · y, by any one of the three.
//!
//! The elements of x under a window are brought together as the columns of a matrix, for so many windows
//! that the matrix stays in a cache, and a product of matrices does the rest. Beside the result this
//! takes the room of those columns alone, however long the input is.

use super::matmul::matmul;
use super::matrix::{Matrix, MatrixMut};
use crate::{Shape, compile_here};

/// One axis of a convolution. Output `o` meets element `o · stride + k · dilation − before` of the input
/// at place `k` of the kernel; beyond the input there is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvAxis {
    /// The length of the input.
    pub input: usize,
    /// The length of the output.
    pub output: usize,
    /// The length of the kernel.
    pub kernel: usize,
    /// How far apart windows start.
    pub stride: usize,
    /// How far apart the places of the kernel are.
    pub dilation: usize,
    /// How many places the first window starts before the input.
    pub before: usize,
}

impl ConvAxis {
    /// An axis that is not there.
    pub const NONE: Self = ConvAxis {
        input: 1,
        output: 1,
        kernel: 1,
        stride: 1,
        dilation: 1,
        before: 0,
    };

    /// The outputs that meet the input at place `k` of the kernel.
    #[inline(always)]
    fn tap(&self, k: usize) -> Tap {
        let ahead = k * self.dilation;
        let low = self.before.saturating_sub(ahead).div_ceil(self.stride);
        // One behind the last input, counted from the start of window 0.
        let end = (self.input + self.before).saturating_sub(ahead);
        Tap {
            low,
            high: end.div_ceil(self.stride).min(self.output),
            stride: self.stride,
            start: ahead.wrapping_sub(self.before),
        }
    }
}

/// The outputs from `low` to `high`, and the input that each of them meets.
#[derive(Clone, Copy)]
struct Tap {
    low: usize,
    high: usize,
    stride: usize,
    start: usize,
}

impl Tap {
    /// The element of the input that output `o` meets, if it meets one.
    #[inline(always)]
    fn source(&self, o: usize) -> Option<usize> {
        (self.low <= o && o < self.high).then(|| self.at(o))
    }

    #[inline(always)]
    fn at(&self, o: usize) -> usize {
        (o * self.stride).wrapping_add(self.start)
    }
}

/// The sizes of a convolution.
///
/// x is \[batch, groups · channels, input…\], w \[groups · filters, channels, kernel…\] and
/// y \[batch, groups · filters, output…\], over the last `dims` of three axes; those before them are
/// [`ConvAxis::NONE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// How many of the axes there are.
    pub dims: usize,
    /// Whether x and y have the axis of samples.
    pub batched: bool,
    /// The number of samples.
    pub batch: usize,
    /// The number of groups of channels that do not mix.
    pub groups: usize,
    /// The channels of x in a group.
    pub channels: usize,
    /// The channels of y in a group.
    pub filters: usize,
    /// The axes.
    pub axes: [ConvAxis; 3],
}

impl Convolution {
    /// The shape of x.
    pub fn input_shape(&self) -> Shape {
        self.shape(self.groups * self.channels, |axis| axis.input)
    }

    /// The shape of y.
    pub fn output_shape(&self) -> Shape {
        self.shape(self.groups * self.filters, |axis| axis.output)
    }

    /// The shape of w.
    pub fn weight_shape(&self) -> Shape {
        let mut shape = Shape::from([self.groups * self.filters, self.channels]);
        for axis in self.there() {
            shape.push(axis.kernel);
        }
        shape
    }

    fn shape(&self, channels: usize, of: impl Fn(&ConvAxis) -> usize) -> Shape {
        let mut shape = Shape::scalar();
        if self.batched {
            shape.push(self.batch);
        }
        shape.push(channels);
        for axis in self.there() {
            shape.push(of(axis));
        }
        shape
    }

    fn there(&self) -> &[ConvAxis] {
        &self.axes[3 - self.dims..]
    }

    /// The products that make one element of y.
    fn taps(&self) -> usize {
        self.channels * self.axes.iter().map(|axis| axis.kernel).product::<usize>()
    }

    /// The elements of one channel of y.
    fn places(&self) -> usize {
        self.axes.iter().map(|axis| axis.output).product()
    }

    /// The elements of one channel of x.
    fn plane(&self) -> usize {
        self.axes.iter().map(|axis| axis.input).product()
    }

    /// Whether a window is one element, and windows lie as the elements do.
    fn is_plain(&self) -> bool {
        self.axes.iter().all(|axis| {
            (axis.kernel, axis.stride, axis.before) == (1, 1, 0) && axis.input == axis.output
        })
    }

    fn check<T>(&self, x: &[T], w: &[T], y: &[T]) {
        let fits = x.len() == self.batch * self.groups * self.channels * self.plane()
            && w.len() == self.groups * self.filters * self.taps()
            && y.len() == self.batch * self.groups * self.filters * self.places();
        assert!(fits, "conv: a slice does not fit the sizes");
    }

    /// The windows in pieces, each a part of one sample or some whole samples.
    fn pieces(&self) -> impl Iterator<Item = Piece> + use<> {
        let (batch, places) = (self.batch, self.places());
        let room = (COLUMNS / self.taps().max(1)).max(FEWEST);
        // Parts of nearly equal length.
        let len = places.div_ceil(places.div_ceil(room).max(1)).max(1);
        let samples = (room / places.max(1)).max(1);
        let whole = len >= places;
        let step = if whole { samples } else { 1 };
        let starts = (0..if places == 0 { 0 } else { batch }).step_by(step);
        starts.flat_map(move |sample| {
            let samples = step.min(batch - sample);
            (0..places).step_by(len).map(move |from| Piece {
                sample,
                samples,
                from,
                len: if whole {
                    samples * places
                } else {
                    len.min(places - from)
                },
            })
        })
    }

    /// Fills `lines` with the windows of a piece that follow one another along the last axis.
    fn lines(&self, piece: &Piece, lines: &mut Vec<Line>) {
        lines.clear();
        let [depth, height, width] = self.axes.map(|axis| axis.output);
        let mut at = 0;
        while at < piece.len {
            let place = piece.from + at;
            let (row, from) = (place / width, place % width);
            let len = (width - from).min(piece.len - at);
            lines.push(Line {
                at,
                sample: piece.sample + row / (depth * height),
                depth: row / height % depth,
                height: row % height,
                from,
                len,
            });
            at += len;
        }
    }

    /// Calls `f` for every place of the kernel, in its order, and every line: with the row of the columns
    /// where the line begins, the part of the line that meets x, and where it does.
    #[inline(always)]
    fn runs(
        &self,
        group: usize,
        columns: usize,
        lines: &[Line],
        mut f: impl FnMut(usize, &Line, usize, usize, usize),
    ) {
        let [depth, height, width] = &self.axes;
        let mut row = 0;
        for channel in 0..self.channels {
            for d in 0..depth.kernel {
                let d = depth.tap(d);
                for h in 0..height.kernel {
                    let h = height.tap(h);
                    for w in 0..width.kernel {
                        let w = width.tap(w);
                        for line in lines {
                            let low = w.low.max(line.from);
                            let high = w.high.min(line.from + line.len);
                            let to = row * columns + line.at;
                            let (Some(d), Some(h), true) =
                                (d.source(line.depth), h.source(line.height), low < high)
                            else {
                                f(to, line, 0, 0, 0);
                                continue;
                            };
                            let of = (line.sample * self.groups + group) * self.channels + channel;
                            let start = (of * depth.input + d) * height.input + h;
                            let x = start * width.input + w.at(low);
                            f(to, line, low - line.from, high - line.from, x);
                        }
                        row += 1;
                    }
                }
            }
        }
    }

    /// Where the first element of a group of y lies, of a piece.
    fn y_start(&self, piece: &Piece, group: usize) -> usize {
        (piece.sample * self.groups + group) * self.filters * self.places() + piece.from
    }

    /// Where the first element of a group of x lies, of a piece of a plain convolution.
    fn x_start(&self, piece: &Piece, group: usize) -> usize {
        (piece.sample * self.groups + group) * self.channels * self.places() + piece.from
    }
}

/// As many elements of columns as stay in a cache of the second level.
const COLUMNS: usize = 1 << 16;

/// A product of matrices with fewer columns would wait for its other factor.
const FEWEST: usize = 64;

/// Windows from `from` on of one sample, or all windows of several.
struct Piece {
    sample: usize,
    samples: usize,
    from: usize,
    len: usize,
}

/// Windows that follow one another along the last axis: from window `at` of a piece on.
struct Line {
    at: usize,
    sample: usize,
    depth: usize,
    height: usize,
    from: usize,
    len: usize,
}

/// Brings the elements under the windows together: a row for each place of the kernel, a column for each
/// window.
#[inline(always)]
fn gather<T: crate::Float>(
    sizes: &Convolution,
    group: usize,
    len: usize,
    lines: &[Line],
    x: &[T],
    columns: &mut Vec<T>,
) {
    columns.resize(sizes.taps() * len, T::ZERO);
    let stride = sizes.axes[2].stride;
    sizes.runs(group, len, lines, |to, line, low, high, from| {
        let run = &mut columns[to..to + line.len];
        run[..low].fill(T::ZERO);
        run[high..].fill(T::ZERO);
        let run = &mut run[low..high];
        if stride == 1 {
            run.copy_from_slice(&x[from..from + run.len()]);
        } else if let Some(x) = x.get(from..) {
            for (to, x) in run.iter_mut().zip(x.iter().step_by(stride)) {
                *to = *x;
            }
        }
    });
}

/// Adds to each element of x what the columns have under it: the transpose of [`gather`].
#[inline(always)]
fn scatter<T: crate::Float>(
    sizes: &Convolution,
    group: usize,
    len: usize,
    lines: &[Line],
    columns: &[T],
    x: &mut [T],
) {
    let stride = sizes.axes[2].stride;
    sizes.runs(group, len, lines, |at, _, low, high, to| {
        let run = &columns[at + low..at + high];
        if stride == 1 {
            for (x, from) in x[to..to + run.len()].iter_mut().zip(run) {
                *x += *from;
            }
        } else if let Some(x) = x.get_mut(to..) {
            for (x, from) in x.iter_mut().step_by(stride).zip(run) {
                *x += *from;
            }
        }
    });
}

/// The matrix of a group of y in a piece, a row a channel. Of several samples it is copied together.
#[inline(always)]
fn rows_of<'a, T: crate::Float>(
    sizes: &Convolution,
    piece: &Piece,
    group: usize,
    y: &'a [T],
    room: &'a mut Vec<T>,
) -> Matrix<'a, T> {
    let (filters, places) = (sizes.filters, sizes.places());
    let start = sizes.y_start(piece, group);
    if piece.samples == 1 {
        return Matrix::new(y, start, filters, piece.len, places as isize, 1);
    }
    room.clear();
    let next = sizes.groups * filters * places;
    for filter in 0..filters {
        for sample in 0..piece.samples {
            room.extend_from_slice(&y[start + sample * next + filter * places..][..places]);
        }
    }
    Matrix::row_major(room, filters, piece.len)
}

/// Every channel is its bias, or 0.
#[inline(always)]
fn begin<T: crate::Float>(out: &mut [T], plane: usize, bias: Option<&[T]>) {
    let Some(bias) = bias else {
        return out.fill(T::ZERO);
    };
    for (channel, &bias) in out.chunks_exact_mut(plane.max(1)).zip(bias.iter().cycle()) {
        channel.fill(bias);
    }
}

compile_here! {
    /// y = bias + Σ x · w over the windows: a convolution as networks have it, which does not mirror its
    /// kernel.
    ///
    /// # Panics
    /// If a slice does not have the length that the sizes say.
    pub fn convolve<T>(sizes: &Convolution, x: &[T], w: &[T], bias: Option<&[T]>, y: &mut [T]) {
        sizes.check(x, w, y);
        let (taps, filters, places) = (sizes.taps(), sizes.filters, sizes.places());
        if bias.is_some() {
            begin(y, places, bias);
        }
        let (mut lines, mut columns, mut several) = (Vec::new(), Vec::new(), Vec::new());
        for piece in sizes.pieces() {
            sizes.lines(&piece, &mut lines);
            for group in 0..sizes.groups {
                let w = Matrix::new(w, group * filters * taps, filters, taps, taps as isize, 1);
                let under = if piece.samples == 1 && sizes.is_plain() {
                    Matrix::new(x, sizes.x_start(&piece, group), taps, piece.len, places as isize, 1)
                } else {
                    gather(sizes, group, piece.len, &lines, x, &mut columns);
                    Matrix::row_major(&columns, taps, piece.len)
                };
                let start = sizes.y_start(&piece, group);
                if piece.samples == 1 {
                    let y = MatrixMut::new(y, start, filters, piece.len, places as isize, 1);
                    matmul(y, w, under, bias.is_some());
                    continue;
                }
                several.resize(filters * piece.len, T::ZERO);
                matmul(MatrixMut::row_major(&mut several, filters, piece.len), w, under, false);
                let next = sizes.groups * filters * places;
                for (at, run) in several.chunks_exact(places).enumerate() {
                    let (filter, sample) = (at / piece.samples, at % piece.samples);
                    let y = &mut y[start + sample * next + filter * places..][..places];
                    if bias.is_none() {
                        y.copy_from_slice(run);
                        continue;
                    }
                    for (y, x) in y.iter_mut().zip(run) {
                        *y += *x;
                    }
                }
            }
        }
    }

    /// x = bias + Σ y · w: each element of y spread over its window.
    ///
    /// # Panics
    /// If a slice does not have the length that the sizes say.
    pub fn convolve_transposed<T>(sizes: &Convolution, y: &[T], w: &[T], bias: Option<&[T]>, x: &mut [T]) {
        sizes.check(x, w, y);
        let (taps, filters, places) = (sizes.taps(), sizes.filters, sizes.places());
        begin(x, sizes.plane(), bias);
        let (mut lines, mut columns, mut several) = (Vec::new(), Vec::new(), Vec::new());
        for piece in sizes.pieces() {
            sizes.lines(&piece, &mut lines);
            for group in 0..sizes.groups {
                let w = Matrix::new(w, group * filters * taps, filters, taps, taps as isize, 1);
                let rows = rows_of(sizes, &piece, group, y, &mut several);
                if piece.samples == 1 && sizes.is_plain() {
                    let start = sizes.x_start(&piece, group);
                    let x = MatrixMut::new(x, start, taps, piece.len, places as isize, 1);
                    matmul(x, w.t(), rows, true);
                    continue;
                }
                columns.resize(taps * piece.len, T::ZERO);
                matmul(MatrixMut::row_major(&mut columns, taps, piece.len), w.t(), rows, false);
                scatter(sizes, group, piece.len, &lines, &columns, x);
            }
        }
    }

    /// w = Σ x · y: how much each place of the kernel brought the two together.
    ///
    /// # Panics
    /// If a slice does not have the length that the sizes say.
    pub fn convolve_weight<T>(sizes: &Convolution, x: &[T], y: &[T], w: &mut [T]) {
        sizes.check(x, w, y);
        let (taps, filters, places) = (sizes.taps(), sizes.filters, sizes.places());
        w.fill(T::ZERO);
        let (mut lines, mut columns, mut several) = (Vec::new(), Vec::new(), Vec::new());
        for piece in sizes.pieces() {
            sizes.lines(&piece, &mut lines);
            for group in 0..sizes.groups {
                let under = if piece.samples == 1 && sizes.is_plain() {
                    Matrix::new(x, sizes.x_start(&piece, group), taps, piece.len, places as isize, 1)
                } else {
                    gather(sizes, group, piece.len, &lines, x, &mut columns);
                    Matrix::row_major(&columns, taps, piece.len)
                };
                let rows = rows_of(sizes, &piece, group, y, &mut several);
                let w = MatrixMut::new(w, group * filters * taps, filters, taps, taps as isize, 1);
                matmul(w, rows, under.t(), true);
            }
        }
    }
}
