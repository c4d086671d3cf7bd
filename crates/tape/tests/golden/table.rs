//! PyTorch's functions as programs of this library.

use wengert_tape::Var;
use wengert_tape::compose::{self, Attention, CrossEntropy, CtcLoss, Reduction, TripletMargin};
use wengert_tensor::{Conv, Pad, Pool, Shape};

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
        "linear" => |x, _| x[0].linear(x[1], Some(x[2])),
        "bilinear" => |x, _| x[0].bilinear(x[1], x[2], Some(x[3])),
        "cholesky" => |x, case| case.square(x[0]).cholesky(),
        "logdet" => |x, case| case.square(x[0]).logdet(),
        "solve" => |x, _| x[0].solve(x[1]),
        "inverse" => |x, _| x[0].inverse(),
        "einsum" => |x, case| Var::einsum(case.text("equation"), x),
        "attention" => |x, case| {
            let options = Attention {
                causal: case.flag("causal"),
                ..Attention::default()
            };
            compose::scaled_dot_product_attention_with(x[0], x[1], x[2], options).context
        },

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
        "embedding_padding" => {
            |x, case| x[0].rows_with_padding(&case.indices("index"), case.int("padding_idx") as i64)
        }

        // Windows.
        "conv1d" => |x, case| x[0].conv1d(x[1], Some(x[2]), convolution(case)),
        "conv2d" => |x, case| x[0].conv2d(x[1], Some(x[2]), convolution(case)),
        "conv_transpose2d" => |x, case| x[0].conv_transpose2d(x[1], Some(x[2]), convolution(case)),
        "max_pool2d" => |x, case| x[0].max_pool2d(pool(case)),
        "avg_pool2d" => |x, case| x[0].avg_pool2d(pool(case)),

        // Normalization.
        "layer_norm" => |x, case| {
            let axes = case.sizes("normalized_shape").len();
            x[0].layer_norm(axes, Some(x[1]), Some(x[2]), case.f64("eps"))
        },
        "batch_norm_train" => |x, case| x[0].batch_norm(1, Some(x[1]), Some(x[2]), case.f64("eps")),
        "group_norm" => |x, case| {
            let (groups, eps) = (case.size("groups"), case.f64("eps"));
            x[0].group_norm(groups, 1, Some(x[1]), Some(x[2]), eps)
        },
        "rms_norm" => |x, case| x[0].rms_norm(Some(x[1]), case.f64("eps")),
        "cosine_similarity" => |x, case| x[0].cosine_similarity(x[1], case.int("dim"), 1e-8),

        // Losses.
        "mse_loss" => |x, case| compose::mse_with(x[0], x[1], reduction(case)),
        "l1_loss" => |x, case| compose::l1_loss(x[0], x[1], reduction(case)),
        "huber_loss" => {
            |x, case| compose::huber_loss(x[0], x[1], case.f64("delta"), reduction(case))
        }
        "smooth_l1_loss" => {
            |x, case| compose::smooth_l1_loss(x[0], x[1], case.f64("beta"), reduction(case))
        }
        "bce" => |x, case| compose::bce(x[0], x[1], reduction(case)),
        "bce_with_logits" => |x, case| compose::bce_with_logits(x[0], x[1], reduction(case)),
        "kl_div" => |x, case| compose::kl_div(x[0], x[1], reduction(case)),
        "nll_loss" => |x, case| compose::nll_loss(x[0], &case.indices("target"), options(case)),
        "cross_entropy" => {
            |x, case| compose::cross_entropy_with(x[0], &case.indices("target"), options(case))
        }
        "cross_entropy_probs" => {
            |x, case| compose::cross_entropy_probs(x[0], x[1], reduction(case))
        }
        "poisson_nll" => |x, _| compose::poisson_nll(x[0], x[1], Reduction::Mean),
        "gaussian_nll" => |x, _| compose::gaussian_nll(x[0], x[1], x[2], 1e-6, Reduction::Mean),
        "triplet_margin" => |x, case| {
            let options = TripletMargin {
                margin: case.f64("margin"),
                p: case.f64("p"),
                eps: case.f64("eps"),
                ..TripletMargin::default()
            };
            compose::triplet_margin_loss(x[0], x[1], x[2], options)
        },
        "ctc_loss" => |x, case| {
            let options = CtcLoss {
                blank: case.size("blank"),
                time_first: case.text("logits_layout") == "time, batch, class",
                reduction: reduction(case),
                ..CtcLoss::default()
            };
            let labels = case.labels("target", "target_lengths");
            compose::ctc_loss(x[0], &case.sizes("input_lengths"), &labels, options)
        },
        _ => return None,
    })
}

fn convolution(case: &Case<'_>) -> Conv {
    let or = |name, usual| {
        if case.has(name) {
            case.size(name)
        } else {
            usual
        }
    };
    Conv::new()
        .stride(case.size("stride"))
        .padding(case.size("padding"))
        .output_padding(or("output_padding", 0))
        .dilation(or("dilation", 1))
        .groups(or("groups", 1))
}

fn pool(case: &Case<'_>) -> Pool {
    let pool = Pool::new(case.size("kernel")).stride(case.size("stride"));
    match case.has("padding") {
        true => pool.padding(case.size("padding")),
        false => pool,
    }
}

fn reduction(case: &Case<'_>) -> Reduction {
    match case.text("reduction") {
        "mean" => Reduction::Mean,
        "sum" => Reduction::Sum,
        "none" => Reduction::None,
        other => panic!("the reduction `{other}`"),
    }
}

fn options(case: &Case<'_>) -> CrossEntropy {
    let has = |name| case.has(name);
    CrossEntropy {
        ignore_index: has("ignore_index").then(|| case.int("ignore_index") as i64),
        label_smoothing: if has("label_smoothing") {
            case.f64("label_smoothing")
        } else {
            0.0
        },
        reduction: reduction(case),
    }
}
