//! Windows and scattered elements: values beside those of tensors, and every law of a recorded program.

use wengert_tape::check::laws_of;
use wengert_tape::{Tape, Var};
use wengert_tensor::{Conv, Interpolate, Pool, Rng, ScatterReduce, Tensor};

type Program = for<'t> fn(&[Var<'t, f64>]) -> Vec<Var<'t, f64>>;
type Plain = fn(&[Tensor<f64>]) -> Tensor<f64>;

fn index() -> Tensor<i64> {
    Tensor::from([[0, 3, 3, -1, 1], [2, 2, 2, 2, 0]])
}

fn several() -> Tensor<i64> {
    Tensor::from([[1, 2], [0, -1], [-1, 2]])
}

const BILINEAR: Interpolate = Interpolate::Linear {
    align_corners: false,
};

/// The same calls of tensors and of variables, on inputs of shapes \[3, 4\] and \[2, 5\].
macro_rules! table {
    ($($name:literal: |$x:ident, $y:ident| $call:expr;)*) => {
        const TABLE: &[(&str, Program, Plain)] = &[$((
            $name,
            |inputs| { let ($x, $y) = (inputs[0], inputs[1]); let _ = $y; vec![$call] },
            |inputs| { let ($x, $y) = (&inputs[0], &inputs[1]); let _ = $y; $call },
        ),)*];
    };
}

table! {
    "avg_pool1d": |x, y| x.avg_pool1d(Pool::new(2).stride(1));
    "avg_pool2d": |x, y| x.avg_pool2d(Pool::new([2, 3]).padding(1).ceil());
    "avg_pool3d": |x, y| x.unsqueeze(0).avg_pool3d(Pool::adaptive([1, 2, 3]));
    "max_pool with indices": |x, y| x.max_pool2d_with_indices(Pool::new(2).stride(1)).0;
    "max_unpool": |x, y| x.max_pool1d_with_indices(2).0.max_unpool1d(&Tensor::from([[0, 2], [1, 3], [1, 2]]), 4);
    "nearest": |x, y| x.interpolate(&[5, 2], Interpolate::Nearest);
    "bilinear": |x, y| x.interpolate(&[5, 7], BILINEAR);
    "bicubic": |x, y| x.interpolate(&[2, 9], Interpolate::Cubic { align_corners: true });
    "area": |x, y| x.interpolate(&[2, 3], Interpolate::Area);
    "fold": |x, y| x.fold(0, 6, 1);
    "fold of windows": |x, y| x.unfold(1, 3, 1).fold(1, 4, 1);
    "take_along_dim": |x, y| x.take_along_dim(1, &Tensor::from([[3, 3, 0]]));
    "take_along_dim of a row": |x, y| x.slice(0, ..1).take_along_dim(1, &Tensor::from([[3], [1]]));
    "take": |x, y| x.take(&Tensor::from([[11, 0], [-1, 5]]));
    "gather_nd": |x, y| x.gather_nd(&several());
    "gather_nd of rows": |x, y| x.gather_nd(&Tensor::from([[2], [0], [2]]));
    "put": |x, y| x.put(&Tensor::from([0, 3, 0, 7, -1]), y.select(0, 1));
    "scatter_nd": |x, y| x.scatter_nd(&several(), y.select(0, 0).slice(0, 1..4));
    "scatter_nd_add": |x, y| x.scatter_nd_add(&several(), y.select(0, 0).slice(0, 1..4));
    "scatter_nd_add of rows": |x, y| x.scatter_nd_add(&Tensor::from([[1], [1]]), y.slice(1, ..4));
    "index_fill": |x, y| x.index_fill(1, &Tensor::from([0, -1]), 0.5);
    "index_copy": |x, y| x.index_copy(0, &Tensor::from([2, 0]), y.slice(1, ..4));
    "index_add": |x, y| x.index_add(0, &Tensor::from([2, 2]), y.slice(1, ..4));
    "scatter": |x, y| x.scatter(1, &Tensor::from([[0, 1, 3], [2, 0, 1]]), y.slice(1, 2..));
    "scatter_reduce by a sum": |x, y| x.scatter_reduce(1, &index(), y, ScatterReduce::Sum, true);
    "scatter_reduce by a sum alone": |x, y| x.scatter_reduce(1, &index(), y, ScatterReduce::Sum, false);
    "scatter_reduce by a product": |x, y| x.scatter_reduce(1, &index(), y, ScatterReduce::Prod, true);
    "scatter_reduce by a product alone": |x, y| x.scatter_reduce(1, &index(), y, ScatterReduce::Prod, false);
    "scatter_reduce by a mean": |x, y| x.scatter_reduce(1, &index(), y, ScatterReduce::Mean, true);
    "scatter_reduce by a mean alone": |x, y| x.scatter_reduce(1, &index(), y, ScatterReduce::Mean, false);
    "scatter_reduce by a maximum": |x, y| x.scatter_reduce(1, &index(), y, ScatterReduce::Max, true);
    "scatter_reduce by a minimum": |x, y| x.scatter_reduce(1, &index(), y, ScatterReduce::Min, false);
}

#[test]
fn values_are_those_of_tensors_and_keep_the_laws() {
    let mut rng = Rng::seed_from_u64(12);
    let inputs: [Tensor<f64>; 2] = [[3, 4], [2, 5]].map(|shape| rng.uniform(shape, -1.0, 1.0));
    for (name, program, plain) in TABLE {
        let tape = Tape::new();
        let leaves: Vec<_> = inputs.iter().map(|x| tape.leaf(x)).collect();
        let (found, expected) = (program(&leaves)[0].value(), plain(&inputs));
        assert!(
            found.allclose(&expected, 1e-14, 1e-14),
            "{name}: {found:?}, not {expected:?}"
        );
        assert_eq!(laws_of(name, &inputs, true, *program), [], "{name}");
    }
}

/// Gradients by input and weight are the transposes of the convolution, over drawn options: ⟨y, conv(x, w)⟩ is
/// linear in each of the three, and each gradient is what the other two make of it.
#[test]
fn the_gradients_of_a_convolution_are_its_other_faces() {
    let mut rng = Rng::seed_from_u64(13);
    for groups in [1, 2] {
        for stride in [1, 2, 3] {
            for padding in [0, 1] {
                for dilation in [1, 2] {
                    let set = Conv::new()
                        .stride(stride)
                        .padding(padding)
                        .dilation(dilation)
                        .groups(groups);
                    let tape = Tape::<f64>::new();
                    let x = tape.leaf(&rng.normal([2, 2 * groups, 6, 5], 0.0, 1.0));
                    let w = tape.leaf(&rng.normal([3 * groups, 2, 2, 3], 0.0, 1.0));
                    let b = tape.leaf(&rng.normal([3 * groups], 0.0, 1.0));
                    let y = x.conv2d(w, Some(b), set);
                    let y_bar: Tensor<f64> = rng.normal(y.shape(), 0.0, 1.0);
                    let bars = y.backward_with(&y_bar);
                    let [x_bar, w_bar, b_bar] = [x, w, b].map(|v| bars.wrt(v).unwrap());
                    let about = format!("{set:?}");
                    // By the input: the transposed convolution, with what a stride leaves over put back.
                    let rest = |len: usize, reach: usize| {
                        (len + 2 * padding - (reach - 1) * dilation - 1) % stride
                    };
                    let back = set.output_padding([rest(6, 2), rest(5, 3)]);
                    let expected = y_bar.conv_transpose2d(w.value(), None, back);
                    assert!(x_bar.allclose(&expected, 1e-12, 1e-12), "{about}");
                    // By each element of the weight: the convolution with that element alone.
                    for at in [0, 7, w_bar.size() - 1] {
                        let mut one = Tensor::<f64>::zeros(w.shape());
                        one.as_mut_slice()[at] = 1.0;
                        let expected = (x.value().conv2d(&one, None, set) * &y_bar).sum().item();
                        assert!((w_bar.to_vec()[at] - expected).abs() < 1e-12, "{about}");
                    }
                    assert!(b_bar.allclose(&y_bar.sum_axes(&[0, 2, 3], false), 1e-12, 1e-12));
                }
            }
        }
    }
}

#[test]
fn a_long_product_of_scattered_elements() {
    let tape = Tape::<f64>::new();
    let src: Tensor<f64> = Rng::seed_from_u64(14).uniform([100], 0.9, 1.1);
    let index = Tensor::<i64>::arange(100).map(|at| i64::from(at % 7 == 0));
    let leaf = tape.leaf(&src);
    let y = tape
        .ones([2])
        .scatter_reduce(0, &index, leaf, ScatterReduce::Prod, true);
    let products = y.value();
    let of = |which: i64| {
        let own = src.iter().zip(index.iter()).filter(|(_, at)| *at == which);
        own.map(|(x, _)| x).product::<f64>()
    };
    assert!((products[[0]] - of(0)).abs() < 1e-12 && (products[[1]] - of(1)).abs() < 1e-12);
    let bars = y.sum().backward().wrt(leaf).unwrap();
    for (at, (bar, x)) in bars.iter().zip(src.iter()).enumerate() {
        assert!((bar - products[[usize::from(at % 7 == 0)]] / x).abs() < 1e-12);
    }
}
