//! A small program for each op that a model is written with. Those that only cells and derivatives
//! use are in these.

use wengert::ops::Sigmoid;
use wengert::prelude::*;

/// A program of x \[3, 4\] and y \[3, 4\], whose values are positive and all different.
pub type Program = for<'t> fn(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>;

/// The programs, by the names of their ops.
pub const PROGRAMS: [(&str, Program); 46] = [
    ("add", |x, y| x + y),
    ("sub", |x, y| x - y),
    ("mul", |x, y| x * y),
    ("div", |x, y| x / y),
    ("neg", |x, _| -x),
    ("powf", |x, y| x.powf(y)),
    ("exp", |x, _| x.exp()),
    ("exp_m1", |x, _| x.exp_m1()),
    ("ln", |x, _| x.ln()),
    ("ln_1p", |x, _| x.ln_1p()),
    ("sqrt", |x, _| x.sqrt()),
    ("tanh", |x, _| x.tanh()),
    ("sigmoid", |x, _| x.sigmoid()),
    ("abs", |x, y| (x - y).abs()),
    ("relu", |x, y| (x - y).relu()),
    ("max", |x, y| x.max(y)),
    ("min", |x, y| x.min(y)),
    ("clamp", |x, _| x.clamp(0.7, 1.6)),
    ("select_less", |x, y| Var::select_less(x, y, x * x, y * x)),
    ("where_", |x, y| x.where_(&x.gt(y), y * y)),
    ("reshape", |x, _| x.reshape(&[2, -1])),
    ("permute", |x, _| x.permute(&[1, 0])),
    ("slice", |x, _| x.slice(1, 1..3)),
    ("select", |x, _| x.select(0, -1)),
    ("expand", |x, _| x.unsqueeze(0).expand([2, 3, 4])),
    ("chunk", |x, _| {
        x.chunk::<2>(1)
            .into_iter()
            .fold(x.slice(1, 2..), |a, b| a * b)
    }),
    ("cat", |x, y| Var::cat(&[x, y], 1)),
    ("stack", |x, y| Var::stack(&[x, y], 0)),
    ("gather", |x, _| x.gather(1, &x.argmax(1).unsqueeze(1))),
    ("scatter_add", |x, y| {
        x.scatter_add(1, &Tensor::zeros([3, 4]), y)
    }),
    ("index_select", |x, _| {
        x.index_select(0, &Tensor::from([2, 0, 2]))
    }),
    ("sort", |x, _| x.sort(1, true).0),
    ("sum_axes", |x, _| x.sum_axes(&[0], false)),
    ("mean_axes", |x, _| x.mean_axes(&[1], true)),
    ("amax", |x, _| x.amax(&[0], false)),
    ("amin", |x, _| x.amin(&[1], false)),
    ("logsumexp", |x, _| x.logsumexp(&[1], false)),
    ("var", |x, _| x.var(&[1], 1, false)),
    ("norm", |x, _| x.norm(&[0], false)),
    ("softmax", |x, _| x.softmax(-1)),
    ("log_softmax", |x, _| x.log_softmax(-1)),
    ("matmul", |x, y| x.matmul(y.t())),
    ("norm_p", |x, _| x.norm_p(3.0, &[1], false)),
    ("absorb", |x, y| Var::absorb(x, y)),
    ("affine", |x, y| Var::affine(&[(x, y.t())], None)),
    ("affine_activated", |x, y| {
        Var::affine_activated(&[(x, y.t())], None, (Sigmoid,))
    }),
];
