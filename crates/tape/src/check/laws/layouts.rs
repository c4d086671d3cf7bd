//! The law that inputs may lie in their storage in any way.

use wengert_tensor::{Rng, Shape, Tensor};

use super::book::{Book, ROUNDING};
use super::reading::{Plain, cotangents, record_case, recorded_bars, values};
use crate::check::samples::Case;
use crate::check::subject::{pull, pull_recorded};
use crate::record::tape::Tape;
use crate::record::var::Var;

/// How an input lies in its storage.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum LayoutKind {
    /// The axes in reverse.
    Transposed,
    /// Every second element of the last axis.
    Strided,
    /// A region in the middle of another value.
    Offset,
    /// From the last element to the first.
    Reversed,
    /// A tensor whose own layout is transposed.
    External,
    /// The first of the outermost axis, repeated.
    Stretched,
}

impl LayoutKind {
    pub(super) const ALL: [LayoutKind; 6] = [
        LayoutKind::Transposed,
        LayoutKind::Strided,
        LayoutKind::Offset,
        LayoutKind::Reversed,
        LayoutKind::External,
        LayoutKind::Stretched,
    ];

    fn law(self) -> &'static str {
        match self {
            LayoutKind::Transposed => "a transposed input",
            LayoutKind::Strided => "a strided input",
            LayoutKind::Offset => "an input inside another value",
            LayoutKind::Reversed => "a reversed input",
            LayoutKind::External => "a tensor with a layout of its own",
            LayoutKind::Stretched => "a stretched input",
        }
    }

    /// The values that the input has then.
    fn plain(self, x: &Tensor<f64>) -> Tensor<f64> {
        if self == LayoutKind::Stretched && x.rank() > 0 && x.shape()[0] > 1 {
            return x.slice(0, ..1).expand(x.shape()).contiguous();
        }
        x.clone()
    }

    /// The tensor that holds the input.
    fn stored(self, x: &Tensor<f64>) -> Tensor<f64> {
        let filler = |shape: Shape| Tensor::full(shape, 9.75);
        match self {
            _ if x.rank() == 0 => match self {
                LayoutKind::Offset => Tensor::from([9.75, x.item(), 9.75]),
                _ => x.clone(),
            },
            LayoutKind::Transposed => transposed(x).contiguous(),
            LayoutKind::Reversed => x.flip(&[]).contiguous(),
            LayoutKind::External => transposed(&transposed(x).contiguous()),
            LayoutKind::Strided => {
                let gap = filler(x.shape().clone());
                let mut shape = x.shape().clone();
                shape.dims_mut()[x.rank() - 1] *= 2;
                let dims: Vec<isize> = shape.iter().map(|&dim| dim as isize).collect();
                if shape.size() == 0 {
                    return Tensor::zeros(shape);
                }
                Tensor::stack(&[x, &gap], -1).reshape(&dims)
            }
            LayoutKind::Offset => {
                let mut shape = x.shape().clone();
                shape.dims_mut()[0] = 1;
                let gap = filler(shape);
                let rows = Tensor::cat(&[&gap, x, &gap], 0);
                let mut shape = rows.shape().clone();
                shape.dims_mut()[x.rank() - 1] = 1;
                let gap = filler(shape);
                Tensor::cat(&[&gap, &rows], -1)
            }
            LayoutKind::Stretched => match x.shape()[0] {
                0 | 1 => x.clone(),
                _ => x.slice(0, ..1).contiguous(),
            },
        }
    }

    /// The input as a view of what is stored.
    fn view<'t>(self, stored: Var<'t, f64>, shape: &Shape) -> Var<'t, f64> {
        let rank = shape.rank();
        match self {
            LayoutKind::Offset if rank == 0 => stored.select(0, 1),
            _ if rank == 0 => stored,
            LayoutKind::Transposed => {
                let axes: Vec<isize> = (0..rank as isize).rev().collect();
                stored.permute(&axes)
            }
            LayoutKind::Strided => stored.slice_step(-1, .., 2),
            LayoutKind::Reversed => stored.flip(&[]),
            LayoutKind::Offset => {
                let rows = shape[0] as isize;
                let inner = if rank == 1 {
                    stored.slice(0, 1..)
                } else {
                    stored.slice(-1, 1..)
                };
                inner.slice(0, 1..rows + 1)
            }
            LayoutKind::External => stored,
            LayoutKind::Stretched => stored.expand(shape),
        }
    }
}

fn transposed(x: &Tensor<f64>) -> Tensor<f64> {
    let axes: Vec<isize> = (0..x.rank() as isize).rev().collect();
    x.permute(&axes)
}

/// Inputs that are views of leaves give what plain inputs give.
pub(super) fn other_layout(case: &Case<f64>, kind: LayoutKind, plain: &Plain, book: &mut Book) {
    let law = kind.law();
    let inputs: Vec<_> = case.inputs.iter().map(|x| kind.plain(x)).collect();
    let own;
    let plain = if kind == LayoutKind::Stretched {
        let moved = Case {
            inputs: inputs.clone(),
            ..case.clone()
        };
        let tape = Tape::new();
        let recorded = record_case(&tape, &moved);
        let y = values(&recorded.outputs);
        let y_bars = cotangents(&recorded, 1);
        let bars = pull(&tape, &recorded.outputs, &y_bars, &recorded.inputs);
        let v = plain.v.clone();
        let (_, hv) = recorded_bars(&tape, &recorded, &y_bars, &v);
        own = Plain {
            y,
            y_bars,
            bars,
            v,
            hv,
        };
        &own
    } else {
        plain
    };
    let tape = Tape::new();
    tape.set_rng(Rng::seed_from_u64(0));
    let leaves: Vec<_> = inputs.iter().map(|x| tape.leaf(&kind.stored(x))).collect();
    let views: Vec<_> = leaves
        .iter()
        .zip(&inputs)
        .map(|(leaf, x)| kind.view(*leaf, x.shape()))
        .collect();
    let outputs = (case.program)(&views);
    book.same(law, &values(&outputs), &plain.y);

    // A gradient of what is stored holds the view's, and zeros around it.
    let compare = |book: &mut Book, stored: &[Tensor<f64>], expected: &[Tensor<f64>]| {
        for (k, (stored, expected)) in stored.iter().zip(expected).enumerate() {
            let shape = inputs[k].shape();
            let (found, expected) = if kind == LayoutKind::Stretched {
                (stored.clone(), expected.sum_to(stored.shape()))
            } else {
                (
                    kind.view(tape.constant(stored), shape).value(),
                    expected.clone(),
                )
            };
            let total = |x: &Tensor<f64>| x.iter().map(f64::abs).sum::<f64>();
            if (total(stored) - total(&found)).abs() > ROUNDING * (1.0 + total(&found)) {
                book.note(law, format!("input {k}: a gradient flows beside the view"));
            }
            book.same(law, &[found], &[expected]);
        }
    };
    compare(
        book,
        &pull(&tape, &outputs, &plain.y_bars, &leaves),
        &plain.bars,
    );
    let constants: Vec<_> = plain
        .y_bars
        .iter()
        .map(|y_bar| tape.constant(y_bar))
        .collect();
    let bars = pull_recorded(&tape, &outputs, &constants, &views);
    book.same(law, &values(&bars), &plain.bars);
    compare(book, &pull(&tape, &bars, &plain.v, &leaves), &plain.hv);
    let bars = values(&pull_recorded(&tape, &outputs, &constants, &leaves));
    compare(book, &bars, &plain.bars);
}
