//! PyTorch's functions as programs of this library.

use wengert_tape::Var;
use wengert_tensor::{Pad, Shape, Tensor};

use crate::case::Case;

type V<'t> = Var<'t, f64>;

/// A function of the case's inputs.
pub type Program = for<'t> fn(&[V<'t>], &Case<'_>) -> V<'t>;

/// The program of a function, if it is covered.
pub fn program(op: &str) -> Option<Program> {
    Some(match op {
        // Elementary functions.
        "neg" => |x, _| -x[0],
        "exp" => |x, _| x[0].exp(),
        "log" => |x, _| x[0].ln(),
        "sqrt" => |x, _| x[0].sqrt(),
        "tanh" => |x, _| x[0].tanh(),
        "sigmoid" => |x, _| x[0].sigmoid(),
        "abs" => |x, _| x[0].abs(),
        "relu" => |x, _| x[0].relu(),
        "log1p" => |x, _| x[0].ln_1p(),
        "expm1" => |x, _| x[0].exp_m1(),
        "rsqrt" => |x, _| x[0].rsqrt(),
        "square" => |x, _| x[0].square(),
        "reciprocal" => |x, _| x[0].recip(),
        "sin" => |x, _| x[0].sin(),
        "cos" => |x, _| x[0].cos(),
        "tan" => |x, _| x[0].tan(),
        "asin" => |x, _| x[0].asin(),
        "acos" => |x, _| x[0].acos(),
        "atan" => |x, _| x[0].atan(),
        "sinh" => |x, _| x[0].sinh(),
        "cosh" => |x, _| x[0].cosh(),
        "asinh" => |x, _| x[0].asinh(),
        "acosh" => |x, _| x[0].acosh(),
        "atanh" => |x, _| x[0].atanh(),
        "erf" => |x, _| x[0].erf(),
        "erfc" => |x, _| x[0].erfc(),
        "lgamma" => |x, _| x[0].ln_gamma(),
        "log_sigmoid" => |x, _| x[0].log_sigmoid(),
        "softplus" => |x, _| x[0].softplus(),
        "silu" => |x, _| x[0].silu(),
        "mish" => |x, _| x[0].mish(),
        "gelu" => |x, _| x[0].gelu(),
        "gelu_tanh" => |x, _| x[0].gelu_tanh(),
        "softsign" => |x, _| x[0].softsign(),
        "tanhshrink" => |x, _| x[0].tanhshrink(),
        "elu" => |x, _| x[0].elu(1.0),
        "selu" => |x, _| x[0].selu(),
        "leaky_relu" => |x, case| x[0].leaky_relu(case.f64("negative_slope")),
        "relu6" => |x, _| x[0].relu6(),
        "hardsigmoid" => |x, _| x[0].hardsigmoid(),
        "hardswish" => |x, _| x[0].hardswish(),
        "clamp" => |x, case| x[0].clamp(case.f64("min"), case.f64("max")),
        "pow_scalar" => |x, case| x[0].powf(case.f64("exponent")),
        "prelu" => |x, _| x[0].prelu(x[1]),

        // Functions of two or three values.
        "add" => |x, _| x[0] + x[1],
        "sub" => |x, _| x[0] - x[1],
        "mul" => |x, _| x[0] * x[1],
        "div" => |x, _| x[0] / x[1],
        "pow" => |x, _| x[0].powf(x[1]),
        "maximum" => |x, _| x[0].max(x[1]),
        "minimum" => |x, _| x[0].min(x[1]),
        "atan2" => |x, _| x[0].atan2(x[1]),
        "hypot" => |x, _| x[0].hypot(x[1]),
        "logaddexp" => |x, _| x[0].logaddexp(x[1]),
        "lerp" => |x, _| x[0].lerp(x[1], x[2]),
        "where" => |x, case| x[0].where_(&case.mask("condition"), x[1]),
        "masked_fill" => |x, case| x[0].masked_fill(&case.mask("mask"), case.f64("value")),

        // Reductions.
        "sum" => |x, case| x[0].sum_axes(&case.ints("dim"), case.flag("keepdim")),
        "mean" => |x, case| x[0].mean_axes(&case.ints("dim"), case.flag("keepdim")),
        "amax" => |x, case| x[0].amax(&case.ints("dim"), case.flag("keepdim")),
        "amin" => |x, case| x[0].amin(&case.ints("dim"), case.flag("keepdim")),
        "logsumexp" => |x, case| x[0].logsumexp(&case.ints("dim"), case.flag("keepdim")),
        "var" => |x, case| {
            x[0].var(
                &case.ints("dim"),
                case.size("correction"),
                case.flag("keepdim"),
            )
        },
        "std" => |x, case| {
            x[0].std(
                &case.ints("dim"),
                case.size("correction"),
                case.flag("keepdim"),
            )
        },
        "norm" => |x, case| x[0].norm_p(case.f64("ord"), &case.ints("dim"), false),
        "softmax" => |x, case| x[0].softmax(case.int("dim")),
        "log_softmax" => |x, case| x[0].log_softmax(case.int("dim")),
        "prod" => |x, case| x[0].prod(&case.ints("dim"), false),
        "cumsum" => |x, case| x[0].cumsum(case.int("dim")),
        "cumprod" => |x, case| x[0].cumprod(case.int("dim")),
        "logcumsumexp" => |x, case| x[0].logcumsumexp(case.int("dim")),

        // Products.
        "matmul" => |x, _| x[0].matmul(x[1]),
        "linear" => |x, _| x[0].matmul(x[1].t()) + x[2],
        "bilinear" => |x, _| {
            // [B, 1, I] · [1·O, I, J] · [B, J, 1]
            let rows = x[0].unsqueeze(1).unsqueeze(1);
            let columns = x[1].unsqueeze(1).unsqueeze(-1);
            rows.matmul(x[2]).matmul(columns).squeeze(-1).squeeze(-1) + x[3]
        },
        "einsum" => einsum,
        "attention" => attention,

        // Views.
        "transpose" => |x, case| x[0].transpose(case.int("dim0"), case.int("dim1")),
        "permute" => |x, case| x[0].permute(&case.ints("dims")),
        "reshape" => |x, case| {
            let x = match case.has("transpose_first") {
                true => x[0].transpose(0, 1),
                false => x[0],
            };
            x.reshape(&case.ints("shape"))
        },
        "expand" => |x, case| {
            x[0].expand(
                case.ints("shape")
                    .iter()
                    .map(|&dim| dim as usize)
                    .collect::<Shape>(),
            )
        },
        "squeeze" => |x, case| x[0].squeeze(case.int("dim")),
        "unsqueeze" => |x, case| x[0].unsqueeze(case.int("dim")),
        "flatten" => |x, case| x[0].flatten(case.int("start_dim")),
        "slice" => |x, case| {
            let at = |name| case.int(name);
            x[0].slice_step(at("dim"), at("start")..at("end"), at("step"))
        },
        "select" => |x, case| x[0].select(case.int("dim"), case.int("index")),
        "diagonal" => |x, _| x[0].diagonal(0, 0, 1),
        "trace" => |x, _| x[0].trace(),
        "tril" => |x, case| x[0].tril(case.int("diagonal")),
        "triu" => |x, case| x[0].triu(case.int("diagonal")),

        // Joins and indices.
        "cat" => |x, case| Var::cat(x, case.int("dim")),
        "stack" => |x, case| Var::stack(x, case.int("dim")),
        "split" => |x, case| x[0].split(case.int("dim"), &case.sizes("sizes"))[case.size("take")],
        "flip" => |x, case| x[0].flip(&case.ints("dims")),
        "roll" => |x, case| x[0].roll(case.int("shift"), case.int("dim")),
        "repeat" => |x, case| x[0].repeat(&case.sizes("repeats")),
        "repeat_interleave" => {
            |x, case| x[0].repeat_interleave(case.size("repeats"), case.int("dim"))
        }
        "pad" => |x, case| {
            x[0].pad(
                &case.borders("pad_last_dims"),
                Pad::Constant(case.f64("value")),
            )
        },
        "index_select" => |x, case| x[0].index_select(case.int("dim"), &case.indices("index")),
        "gather" | "take_along_dim" => {
            |x, case| x[0].gather(case.int("dim"), &case.indices("index"))
        }
        "scatter_add" => |x, case| x[0].scatter_add(case.int("dim"), &case.indices("index"), x[1]),
        "scatter" => |x, case| x[0].scatter(case.int("dim"), &case.indices("index"), x[1]),
        "index_add" => |x, case| x[0].index_add(case.int("dim"), &case.indices("index"), x[1]),
        "sort" => |x, case| x[0].sort(case.int("dim"), false).0,
        "topk" => |x, case| x[0].topk(case.int("k") as usize, case.int("dim"), true).0,
        "embedding" => |x, case| x[0].rows(&case.indices("index")),
        "embedding_padding" => |x, case| {
            // The padding's row has its value and no gradient.
            let weight = Var::cat(&[x[0].slice(0, ..1).detach(), x[0].slice(0, 1..)], 0);
            weight.rows(&case.indices("index"))
        },

        // Normalization.
        "layer_norm" => |x, case| normalized(x[0], &[-1], case.f64("eps")) * x[1] + x[2],
        "batch_norm_train" => |x, case| {
            let (weight, bias) = (x[1].unsqueeze(-1), x[2].unsqueeze(-1));
            normalized(x[0], &[0, 2], case.f64("eps")) * weight + bias
        },
        "group_norm" => |x, case| {
            let shape: Vec<isize> = x[0].shape().iter().map(|&dim| dim as isize).collect();
            let groups = x[0].reshape(&[shape[0], case.int("groups"), -1]);
            let y = normalized(groups, &[-1], case.f64("eps")).reshape(&shape);
            y * x[1].unsqueeze(-1) + x[2].unsqueeze(-1)
        },
        "rms_norm" => |x, case| {
            let square = (x[0] * x[0]).mean_axes(&[-1], true) + case.f64("eps");
            x[0] / square.sqrt() * x[1]
        },
        "cosine_similarity" => |x, case| {
            let dim = case.ints("dim");
            let norms = x[0].norm(&dim, false) * x[1].norm(&dim, false);
            (x[0] * x[1]).sum_axes(&dim, false) / norms
        },

        // Losses.
        "mse_loss" => |x, case| reduce((x[0] - x[1]) * (x[0] - x[1]), case),
        "l1_loss" => |x, case| reduce((x[0] - x[1]).abs(), case),
        "huber_loss" => |x, case| reduce(huber(x[0] - x[1], case.f64("delta")), case),
        "smooth_l1_loss" => |x, case| {
            let beta = case.f64("beta");
            reduce(huber(x[0] - x[1], beta) / beta, case)
        },
        "bce" => |x, case| reduce(-(x[1] * x[0].ln() + (1.0 - x[1]) * (1.0 - x[0]).ln()), case),
        "bce_with_logits" => |x, case| reduce(softplus(x[0]) - x[0] * x[1], case),
        "kl_div" => |x, case| reduce(x[1] * (x[1].ln() - x[0]), case),
        "nll_loss" => |x, case| reduce(nll(x[0], case), case),
        "cross_entropy" => |x, case| match case.has("label_smoothing") {
            false => reduce(nll(x[0].log_softmax(-1), case), case),
            true => smoothed(x[0].log_softmax(-1), case),
        },
        "cross_entropy_probs" => {
            |x, _| -(x[0].log_softmax(-1) * x[1]).sum_axes(&[-1], false).mean()
        }
        "poisson_nll" => |x, _| (x[0].exp() - x[1] * x[0]).mean(),
        "gaussian_nll" => |x, _| {
            let error = x[0] - x[1];
            (0.5 * (x[2].ln() + error * error / x[2])).mean()
        },
        "triplet_margin" => |x, case| {
            let [near, far] = [x[1], x[2]].map(|y| (x[0] - y + case.f64("eps")).norm(&[-1], false));
            (near - far + case.f64("margin")).relu().mean()
        },
        _ => return None,
    })
}

fn softplus(x: V<'_>) -> V<'_> {
    (1.0 + x.exp()).ln()
}

fn normalized<'t>(x: V<'t>, axes: &[isize], eps: f64) -> V<'t> {
    (x - x.mean_axes(axes, true)) / (x.var(axes, 0, true) + eps).sqrt()
}

fn reduce<'t>(x: V<'t>, case: &Case<'_>) -> V<'t> {
    match case.text("reduction") {
        "mean" => x.mean(),
        "sum" => x.sum(),
        "none" => x,
        other => panic!("the reduction `{other}`"),
    }
}

fn huber(error: V<'_>, delta: f64) -> V<'_> {
    let near = error.value().abs().le(delta);
    (0.5 * error * error).where_(&near, delta * (error.abs() - 0.5 * delta))
}

fn nll<'t>(log: V<'t>, case: &Case<'_>) -> V<'t> {
    let target = case.indices("target");
    let len = target.size() as isize;
    -log.gather(-1, &target.reshape(&[len, 1])).squeeze(-1)
}

/// Smoothed labels, and targets that are ignored.
fn smoothed<'t>(log: V<'t>, case: &Case<'_>) -> V<'t> {
    let (share, ignored) = (case.f64("label_smoothing"), case.int("ignore_index") as i64);
    let counted = case.indices("target").map(|target| target != ignored);
    let loss = (1.0 - share) * nll(log, case) - share * log.mean_axes(&[-1], false);
    loss.where_(&counted, 0.0).sum() / counted.count() as f64
}

fn einsum<'t>(x: &[V<'t>], case: &Case<'_>) -> V<'t> {
    match case.text("equation") {
        "ij,jk->ik" | "bij,bjk->bik" => x[0].matmul(x[1]),
        "bhqd,bhkd->bhqk" => x[0].matmul(x[1].t()),
        "ij->ji" => x[0].t(),
        "ij->i" => x[0].sum_axes(&[1], false),
        "i,j->ij" => x[0].unsqueeze(-1) * x[1],
        "ii->i" => x[0].flatten(0).slice_step(0, .., 5),
        "ii->" => x[0].flatten(0).slice_step(0, .., 5).sum(),
        "bij,j,bi->b" => (x[0].matmul(x[1]) * x[2]).sum_axes(&[-1], false),
        other => panic!("the equation {other}"),
    }
}

fn attention<'t>(x: &[V<'t>], case: &Case<'_>) -> V<'t> {
    let scale = (x[0].dim(-1) as f64).sqrt();
    let mut scores = x[0].matmul(x[1].t()) / scale;
    if case.flag("causal") {
        let mask = Tensor::from_fn([x[0].dim(-2), x[1].dim(-2)], |at| at[1] <= at[0]);
        scores = scores.where_(&mask, f64::NEG_INFINITY);
    }
    scores.softmax(-1).matmul(x[2])
}
