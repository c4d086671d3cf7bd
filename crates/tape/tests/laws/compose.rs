//! The laws on functions that are made of ops: norms, attention and losses, beside plain loops.

use wengert_tape::check::{Broken, Samples, Violation, kept, laws, laws_f32};
use wengert_tape::compose::{
    Attention, CrossEntropy, CtcLoss, Reduction, TripletMargin, bce_with_logits_weighted,
    cosine_embedding_loss, cross_entropy_probs_weighted, cross_entropy_weighted,
    cross_entropy_with, ctc_loss, focal_loss, gaussian_nll, hinge_embedding_loss, hinge_loss,
    kl_div, margin_ranking_loss, multi_margin_loss, multilabel_margin_loss,
    multilabel_soft_margin_loss, nll_loss_weighted, poisson_nll, poisson_nll_of_rate,
    scaled_dot_product_attention_with, sigmoid_focal_loss, soft_margin_loss, triplet_margin_loss,
};
use wengert_tensor::{Float, Tensor};

type X = Tensor<f64>;

const NONE: Reduction = Reduction::None;
const MEAN: Reduction = Reduction::Mean;
const SUM: Reduction = Reduction::Sum;

/// A number of the result, from its place.
fn grid<const N: usize>(shape: [usize; N], f: impl Fn([usize; N]) -> f64) -> Vec<X> {
    vec![Tensor::from_fn(shape, |at| {
        f(std::array::from_fn(|axis| at[axis]))
    })]
}

fn mean(x: impl IntoIterator<Item = f64>) -> f64 {
    let x: Vec<f64> = x.into_iter().collect();
    x.iter().sum::<f64>() / x.len() as f64
}

fn one(x: f64) -> Vec<X> {
    vec![Tensor::scalar(x)]
}

fn row(x: &X, at: usize) -> Vec<f64> {
    x.select(0, at as isize).to_vec()
}

fn softmax(row: &[f64]) -> Vec<f64> {
    let sum: f64 = row.iter().map(|x| x.exp()).sum();
    row.iter().map(|x| x.exp() / sum).collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// (x − m) / √(v + ε) of the elements whose places have the same `key`.
fn standardized(x: &X, eps: f64, key: impl Fn(&[usize]) -> Vec<usize>) -> X {
    let places: Vec<Vec<usize>> = {
        let mut places = Vec::new();
        Tensor::<f64>::from_fn(x.shape(), |at| {
            places.push(at.to_vec());
            0.0
        });
        places
    };
    let values = x.to_vec();
    let mut out = values.clone();
    for (k, at) in places.iter().enumerate() {
        let alike = |(other, _): &(&Vec<usize>, &f64)| key(other) == key(at);
        let group: Vec<f64> = places
            .iter()
            .zip(&values)
            .filter(alike)
            .map(|p| *p.1)
            .collect();
        let m = mean(group.iter().copied());
        let v = mean(group.iter().map(|x| (x - m) * (x - m)));
        out[k] = (values[k] - m) / (v + eps).sqrt();
    }
    Tensor::from_vec(out, x.shape().clone()).unwrap()
}

fn norms<T: Float>() -> Vec<Samples<T>> {
    const EPS: f64 = 0.25;
    let scaled = |y: X, x: &[X], axis: usize| {
        vec![Tensor::from_fn(y.shape(), |at| {
            let index: Vec<isize> = at.iter().map(|&at| at as isize).collect();
            y.get(&index).unwrap() * x[1][[at[axis]]] + x[2][[at[axis]]]
        })]
    };
    vec![
        Samples::new("batch_norm")
            .case("channels in the middle", &[&[2, 3, 2], &[3], &[3]], |x| {
                vec![x[0].batch_norm(1, Some(x[1]), Some(x[2]), EPS)]
            })
            .gives(move |x| scaled(standardized(&x[0], EPS, |at| vec![at[1]]), x, 1))
            .case("channels last", &[&[4, 3], &[3], &[3]], |x| {
                vec![x[0].batch_norm(-1, Some(x[1]), Some(x[2]), EPS)]
            })
            .gives(move |x| scaled(standardized(&x[0], EPS, |at| vec![at[1]]), x, 1))
            .case("channels first", &[&[2, 4], &[2], &[2]], |x| {
                vec![x[0].batch_norm(0, Some(x[1]), Some(x[2]), EPS)]
            })
            .gives(move |x| scaled(standardized(&x[0], EPS, |at| vec![at[0]]), x, 0))
            .case("an empty batch", &[&[0, 3], &[3], &[3]], |x| {
                vec![x[0].batch_norm(1, Some(x[1]), Some(x[2]), EPS)]
            })
            .gives(|_| vec![Tensor::zeros([0, 3])]),
        Samples::new("batch_norm_with")
            .case("given values", &[&[2, 3, 2], &[3], &[3], &[3], &[3]], |x| {
                let variance = x[2].square() + 0.5;
                vec![x[0].batch_norm_with(1, x[1], variance, Some(x[3]), Some(x[4]), EPS)]
            })
            .gives(|x| {
                grid([2, 3, 2], |[i, c, j]| {
                    let variance = x[2][[c]] * x[2][[c]] + 0.5;
                    (x[0][[i, c, j]] - x[1][[c]]) / (variance + EPS).sqrt() * x[3][[c]] + x[4][[c]]
                })
            }),
        Samples::new("group_norm")
            .case("two groups", &[&[2, 4, 2], &[4], &[4]], |x| {
                vec![x[0].group_norm(2, 1, Some(x[1]), Some(x[2]), EPS)]
            })
            .gives(move |x| scaled(standardized(&x[0], EPS, |at| vec![at[0], at[1] / 2]), x, 1))
            .case("channels last", &[&[2, 2, 4], &[4], &[4]], |x| {
                vec![x[0].group_norm(2, -1, Some(x[1]), Some(x[2]), EPS)]
            })
            .gives(move |x| scaled(standardized(&x[0], EPS, |at| vec![at[0], at[2] / 2]), x, 2))
            .case("no batch", &[&[4, 3], &[4], &[4]], |x| {
                vec![x[0].group_norm(2, 0, Some(x[1]), Some(x[2]), EPS)]
            })
            .gives(move |x| scaled(standardized(&x[0], EPS, |at| vec![at[0] / 2]), x, 0)),
        Samples::new("instance_norm")
            .case("channels in the middle", &[&[2, 2, 3], &[2], &[2]], |x| {
                vec![x[0].instance_norm(1, Some(x[1]), Some(x[2]), EPS)]
            })
            .gives(move |x| scaled(standardized(&x[0], EPS, |at| vec![at[0], at[1]]), x, 1)),
        Samples::new("layer_norm")
            .case("rows", &[&[3, 4], &[4], &[4]], |x| {
                vec![x[0].layer_norm(1, Some(x[1]), Some(x[2]), EPS)]
            })
            .gives(move |x| scaled(standardized(&x[0], EPS, |at| vec![at[0]]), x, 1)),
        Samples::new("rms_norm")
            .case("rows", &[&[3, 4], &[4]], |x| {
                vec![x[0].rms_norm(Some(x[1]), EPS)]
            })
            .gives(|x| {
                grid([3, 4], |[i, j]| {
                    let square = mean(row(&x[0], i).into_iter().map(|x| x * x));
                    x[0][[i, j]] / (square + EPS).sqrt() * x[1][[j]]
                })
            }),
    ]
}

fn distances<T: Float>() -> Vec<Samples<T>> {
    let norm = |x: Vec<f64>, p: f64| {
        let sum: f64 = x.iter().map(|x| x.abs().powf(p)).sum();
        sum.powf(1.0 / p)
    };
    let apart = |a: Vec<f64>, b: Vec<f64>, eps: f64| -> Vec<f64> {
        a.iter().zip(&b).map(|(a, b)| a - b + eps).collect()
    };
    vec![
        Samples::new("cosine_similarity")
            .case("rows", &[&[3, 4], &[3, 4]], |x| {
                vec![x[0].cosine_similarity(x[1], 1, 1e-8)]
            })
            .gives(move |x| {
                grid([3], |[i]| {
                    let (a, b) = (row(&x[0], i), row(&x[1], i));
                    let dot: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
                    dot / norm(a, 2.0) / norm(b, 2.0)
                })
            }),
        Samples::new("normalize")
            .case("rows", &[&[3, 4]], |x| vec![x[0].normalize(3.0, -1, 1e-12)])
            .gives(move |x| grid([3, 4], |[i, j]| x[0][[i, j]] / norm(row(&x[0], i), 3.0))),
        Samples::new("pairwise_distance")
            .case("rows", &[&[3, 4], &[3, 4]], |x| {
                vec![x[0].pairwise_distance(x[1], 3.0, 0.125)]
            })
            .gives(move |x| {
                grid([3], |[i]| {
                    norm(apart(row(&x[0], i), row(&x[1], i), 0.125), 3.0)
                })
            }),
        Samples::new("cdist")
            .case("rows", &[&[3, 2], &[4, 2]], |x| vec![x[0].cdist(x[1], 2.0)])
            .gives(move |x| {
                grid([3, 4], |[i, j]| {
                    norm(apart(row(&x[0], i), row(&x[1], j), 0.0), 2.0)
                })
            }),
    ]
}

fn attention<T: Float>() -> Vec<Samples<T>> {
    // Queries and keys [3, 2], values [3, 2]; the first query sees nothing that the mask leaves.
    let mask = || Tensor::from([[false, true, true], [true, true, true], [true, false, true]]);
    vec![
        Samples::new("scaled_dot_product_attention")
            .case(
                "all options",
                &[&[3, 2], &[3, 2], &[3, 2], &[3, 3]],
                move |x| {
                    let mask = mask();
                    let options = Attention {
                        mask: Some(&mask),
                        bias: Some(x[3]),
                        causal: true,
                        scale: Some(0.5),
                        dropout: 0.5,
                    };
                    vec![scaled_dot_product_attention_with(x[0], x[1], x[2], options).context]
                },
            )
            .gives(move |x| {
                let weights = |i: usize| -> Vec<f64> {
                    let e = (0..3).map(|j| {
                        let dot: f64 = (0..2).map(|k| x[0][[i, k]] * x[1][[j, k]]).sum();
                        let seen = j <= i && mask()[[i, j]];
                        if seen {
                            (0.5 * dot + x[3][[i, j]]).exp()
                        } else {
                            0.0
                        }
                    });
                    let e: Vec<f64> = e.collect();
                    let sum: f64 = e.iter().sum();
                    e.iter()
                        .map(|e| if sum > 0.0 { e / sum } else { 0.0 })
                        .collect()
                };
                grid([3, 2], |[i, k]| {
                    (0..3).map(|j| weights(i)[j] * x[2][[j, k]]).sum()
                })
            }),
    ]
}

fn losses_of_pairs<T: Float>() -> Vec<Samples<T>> {
    let targets = || Tensor::from([[1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]]);
    let cast = move || targets().cast::<T>();
    let positive = |x: f64| 0.5 + x * x;
    let each = |x: &[X], f: &dyn Fn(f64, f64) -> f64| vec![x[0].zip_map(&x[1], f)];
    vec![
        Samples::new("poisson_nll")
            .case("counts", &[&[3, 2], &[3, 2]], |x| {
                vec![poisson_nll(x[0], x[1], NONE)]
            })
            .gives(move |x| each(x, &|x, t| x.exp() - t * x)),
        Samples::new("poisson_nll_of_rate")
            .case("counts", &[&[3, 2], &[3, 2]], |x| {
                vec![poisson_nll_of_rate(x[0].square() + 0.5, x[1], MEAN)]
            })
            .gives(move |x| {
                let losses = x[0].zip_map(&x[1], |x, t| positive(x) - t * positive(x).ln());
                one(mean(losses.iter()))
            }),
        Samples::new("gaussian_nll")
            .case("spread", &[&[3, 2], &[3, 2], &[3, 2]], |x| {
                vec![gaussian_nll(x[0], x[1], x[2].square() + 0.5, 1e-6, SUM)]
            })
            .gives(move |x| {
                let (x, t, v) = (x[0].to_vec(), x[1].to_vec(), x[2].map(positive).to_vec());
                let loss = |k: usize| 0.5 * (v[k].ln() + (x[k] - t[k]).powi(2) / v[k]);
                one((0..6).map(loss).sum())
            }),
        Samples::new("bce_with_logits_weighted")
            .case("weights", &[&[3, 2], &[3, 2], &[2], &[2]], |x| {
                let t = x[1].sigmoid();
                vec![bce_with_logits_weighted(x[0], t, x[2], x[3], SUM)]
            })
            .gives(|x| {
                let loss = |i: usize, j: usize| {
                    let (p, t) = (sigmoid(x[0][[i, j]]), sigmoid(x[1][[i, j]]));
                    -x[2][[j]] * (x[3][[j]] * t * p.ln() + (1.0 - t) * (1.0 - p).ln())
                };
                one((0..6).map(|k| loss(k / 2, k % 2)).sum())
            }),
        Samples::new("sigmoid_focal_loss")
            .case("both targets", &[&[3, 2], &[3, 2]], |x| {
                vec![sigmoid_focal_loss(
                    x[0],
                    x[1].sigmoid(),
                    Some(0.25),
                    2.0,
                    NONE,
                )]
            })
            .gives(move |x| {
                each(x, &|x, t| {
                    let (p, t) = (sigmoid(x), sigmoid(t));
                    let a = 0.25 * t + 0.75 * (1.0 - t);
                    let entropy = -t * p.ln() - (1.0 - t) * (1.0 - p).ln();
                    a * (1.0 - (t * p + (1.0 - t) * (1.0 - p))).powi(2) * entropy
                })
            }),
        Samples::new("soft_margin_loss")
            .case("both targets", &[&[3, 2], &[3, 2]], |x| {
                vec![soft_margin_loss(x[0], x[1], NONE)]
            })
            .gives(move |x| each(x, &|x, t| (1.0 + (-t * x).exp()).ln())),
        Samples::new("multilabel_soft_margin_loss")
            .case("rows", &[&[3, 2], &[3, 2]], |x| {
                vec![multilabel_soft_margin_loss(x[0], x[1].sigmoid(), NONE)]
            })
            .gives(|x| {
                let loss = |i: usize, j: usize| {
                    let (p, t) = (sigmoid(x[0][[i, j]]), sigmoid(x[1][[i, j]]));
                    -t * p.ln() - (1.0 - t) * (1.0 - p).ln()
                };
                grid([3], |[i]| 0.5 * (loss(i, 0) + loss(i, 1)))
            }),
        Samples::new("hinge_loss")
            .case("both targets", &[&[3, 2]], move |x| {
                vec![hinge_loss(x[0], &cast(), NONE)]
            })
            .gives(move |x| vec![x[0].zip_map(&targets(), |y, t| (1.0 - t * y).max(0.0))]),
        Samples::new("hinge_embedding_loss")
            .case("both targets", &[&[3, 2]], move |x| {
                vec![hinge_embedding_loss(x[0], &cast(), 0.75, NONE)]
            })
            .gives(move |x| {
                vec![x[0].zip_map(
                    &targets(),
                    |y, t| {
                        if t > 0.0 { y } else { (0.75 - y).max(0.0) }
                    },
                )]
            }),
        Samples::new("margin_ranking_loss")
            .case("both targets", &[&[3, 2], &[3, 2]], move |x| {
                vec![margin_ranking_loss(x[0], x[1], &cast(), 0.25, SUM)]
            })
            .gives(move |x| {
                let (x, y, t) = (x[0].to_vec(), x[1].to_vec(), targets().to_vec());
                one((0..6).map(|k| (0.25 - t[k] * (x[k] - y[k])).max(0.0)).sum())
            }),
        Samples::new("kl_div")
            .case("rows", &[&[3, 4], &[3, 4]], |x| {
                vec![kl_div(x[0].log_softmax(-1), x[1].softmax(-1), SUM)]
            })
            .gives(|x| {
                let rows = (0..3).map(|i| {
                    let (q, p) = (softmax(&row(&x[0], i)), softmax(&row(&x[1], i)));
                    p.iter().zip(&q).map(|(p, q)| p * (p / q).ln()).sum::<f64>()
                });
                one(rows.sum())
            }),
    ]
}

fn losses_of_classes<T: Float>() -> Vec<Samples<T>> {
    const IGNORED: i64 = 9;
    let targets = || Tensor::from([2, IGNORED, 0, 3]);
    let options = CrossEntropy {
        ignore_index: Some(IGNORED),
        label_smoothing: 0.125,
        reduction: MEAN,
    };
    // −ln p of each row and class.
    let surprise =
        |x: &X, i: usize| -> Vec<f64> { softmax(&row(x, i)).iter().map(|p| -p.ln()).collect() };
    let counted = [(0, 2), (2, 0), (3, 3)];
    vec![
        Samples::new("cross_entropy")
            .case("smoothed", &[&[4, 4]], move |x| {
                vec![cross_entropy_with(x[0], &targets(), options)]
            })
            .gives(move |x| {
                one(mean(counted.map(|(i, t)| {
                    let s = surprise(&x[0], i);
                    0.875 * s[t] + 0.125 * mean(s)
                })))
            }),
        Samples::new("cross_entropy_weighted")
            .case("smoothed", &[&[4, 4], &[4]], move |x| {
                vec![cross_entropy_weighted(
                    x[0],
                    &targets(),
                    x[1].exp(),
                    options,
                )]
            })
            .gives(move |x| {
                let w = x[1].map(f64::exp).to_vec();
                let losses = counted.map(|(i, t)| {
                    let s = surprise(&x[0], i);
                    let all = s.iter().zip(&w).map(|(s, w)| s * w);
                    0.875 * w[t] * s[t] + 0.125 * mean(all)
                });
                let total: f64 = counted.iter().map(|&(_, t)| w[t]).sum();
                one(losses.iter().sum::<f64>() / total)
            }),
        Samples::new("nll_loss_weighted")
            .case("rows", &[&[4, 4], &[4]], move |x| {
                let options = CrossEntropy {
                    label_smoothing: 0.0,
                    reduction: NONE,
                    ..options
                };
                vec![nll_loss_weighted(x[0], &targets(), x[1], options)]
            })
            .gives(move |x| {
                grid([4], |[i]| {
                    let found = counted.iter().find(|(row, _)| *row == i);
                    found.map_or(0.0, |&(i, t)| -x[1][[t]] * x[0][[i, t]])
                })
            }),
        Samples::new("focal_loss")
            .case("rows", &[&[4, 4]], move |x| {
                let options = CrossEntropy {
                    label_smoothing: 0.0,
                    ..options
                };
                vec![focal_loss(x[0], &targets(), 1.5, options)]
            })
            .gives(move |x| {
                one(mean(counted.map(|(i, t)| {
                    let p = softmax(&row(&x[0], i))[t];
                    -(1.0 - p).powf(1.5) * p.ln()
                })))
            }),
        Samples::new("cross_entropy_probs_weighted")
            .case("rows", &[&[2, 3], &[2, 3], &[3]], |x| {
                let t = x[1].softmax(-1);
                vec![cross_entropy_probs_weighted(x[0], t, x[2], 0.25, MEAN)]
            })
            .gives(move |x| {
                one(mean((0..2).map(|i| {
                    let (s, t) = (surprise(&x[0], i), softmax(&row(&x[1], i)));
                    let term = |c: usize| x[2][[c]] * (0.75 * t[c] + 0.25 / 3.0) * s[c];
                    (0..3).map(term).sum::<f64>()
                })))
            }),
        Samples::new("multi_margin_loss")
            .case("squares", &[&[2, 4]], |x| {
                vec![multi_margin_loss(
                    x[0],
                    &Tensor::from([2, 0]),
                    1.0,
                    2.0,
                    NONE,
                )]
            })
            .gives(|x| {
                grid([2], |[i]| {
                    let t = [2, 0][i];
                    let short = |c: usize| (1.0 - x[0][[i, t]] + x[0][[i, c]]).max(0.0).powi(2);
                    (0..4).filter(|&c| c != t).map(short).sum::<f64>() / 4.0
                })
            }),
        Samples::new("multilabel_margin_loss")
            .case("rows", &[&[2, 3]], |x| {
                let t = Tensor::from([[true, false, true], [false, false, true]]);
                vec![multilabel_margin_loss(x[0], &t, NONE)]
            })
            .gives(|x| {
                let t = [[true, false, true], [false, false, true]];
                grid([2], |[i]| {
                    let pairs = (0..9).map(|k| (k / 3, k % 3));
                    let pairs = pairs.filter(|&(a, b)| t[i][a] && !t[i][b]);
                    let short = |(a, b)| (1.0 - x[0][[i, a]] + x[0][[i, b]]).max(0.0);
                    pairs.map(short).sum::<f64>() / 3.0
                })
            }),
    ]
}

fn losses_of_rows<T: Float>() -> Vec<Samples<T>> {
    let distance = |a: Vec<f64>, b: Vec<f64>| {
        let sum: f64 = a.iter().zip(&b).map(|(a, b)| (a - b + 1e-6).powi(2)).sum();
        sum.sqrt()
    };
    // The likelihood of a path, which gives each of three steps one of three classes.
    let path = |p: &[Vec<f64>], path: [usize; 3]| (0..3).map(|t| p[t][path[t]]).product::<f64>();
    vec![
        Samples::new("triplet_margin_loss")
            .case("swapped", &[&[3, 4], &[3, 4], &[3, 4]], |x| {
                let options = TripletMargin {
                    margin: 2.0,
                    swap: true,
                    reduction: NONE,
                    ..TripletMargin::default()
                };
                vec![triplet_margin_loss(x[0], x[1], x[2], options)]
            })
            .gives(move |x| {
                grid([3], |[i]| {
                    let [a, p, n] = [0, 1, 2].map(|k| row(&x[k], i));
                    let far = distance(a.clone(), n.clone()).min(distance(p.clone(), n));
                    (distance(a, p) - far + 2.0).max(0.0)
                })
            }),
        Samples::new("cosine_embedding_loss")
            .case("both targets", &[&[2, 3], &[2, 3]], |x| {
                let target = Tensor::from([1.0, -1.0]).cast::<T>();
                vec![cosine_embedding_loss(x[0], x[1], &target, -0.9, NONE)]
            })
            .gives(|x| {
                grid([2], |[i]| {
                    let (a, b) = (row(&x[0], i), row(&x[1], i));
                    let dot =
                        |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
                    let cosine = dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
                    [1.0 - cosine, (cosine + 0.9).max(0.0)][i]
                })
            }),
        Samples::new("ctc_loss")
            .case("two rows, steps first", &[&[3, 2, 3]], |x| {
                let options = CtcLoss {
                    time_first: true,
                    ..CtcLoss::default()
                };
                vec![ctc_loss(x[0], &[3, 2], &[vec![1, 2], vec![1]], options)]
            })
            .gives(move |x| {
                let p = |row: usize| -> Vec<Vec<f64>> {
                    let steps = (0..3).map(|t| x[0].select(0, t).select(0, row as isize));
                    steps.map(|step| softmax(&step.to_vec())).collect()
                };
                let long = [[1, 2, 0], [1, 0, 2], [0, 1, 2], [1, 1, 2], [1, 2, 2]];
                let first: f64 = long.iter().map(|&steps| path(&p(0), steps)).sum();
                let q = p(1);
                let second = q[0][1] * q[1][1] + q[0][1] * q[1][0] + q[0][0] * q[1][1];
                one(mean([-first.ln() / 2.0, -second.ln()]))
            }),
    ]
}

fn all<T: Float>() -> Vec<Samples<T>> {
    [
        norms(),
        distances(),
        attention(),
        losses_of_pairs(),
        losses_of_classes(),
        losses_of_rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// No op has the name of a function that is made of others.
fn of_a_function(violation: &Violation) -> bool {
    violation.law != "samples"
}

#[test]
fn functions_made_of_ops_keep_the_laws() -> Result<(), Broken> {
    let _set = crate::one_instruction_set();
    kept(all().iter().flat_map(laws).filter(of_a_function))
}

#[test]
fn functions_made_of_ops_keep_them_in_f32() -> Result<(), Broken> {
    let _set = crate::one_instruction_set();
    let pairs = all().into_iter().zip(all());
    kept(pairs.flat_map(|(narrow, wide)| laws_f32(&narrow, &wide)))
}
