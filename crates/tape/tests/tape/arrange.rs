//! Elements in other places: values beside plain ones, and every law of a recorded program.

use wengert_tape::check::laws_of;
use wengert_tape::{Tape, Var};
use wengert_tensor::{Pad, Rng, Tensor};

type Program = for<'t> fn(&[Var<'t, f64>]) -> Vec<Var<'t, f64>>;
type Plain = fn(&[Tensor<f64>]) -> Tensor<f64>;

fn mask() -> Tensor<bool> {
    Tensor::from([[true, false, true], [false, false, true]])
}

/// Inputs of shapes \[2, 3\] and \[2, 2\].
const TABLE: &[(&str, Program, Plain)] = &[
    (
        "movedim",
        |x| vec![x[0].unsqueeze(0).movedim(0, -1)],
        |x| x[0].unsqueeze(-1),
    ),
    ("roll", |x| vec![x[0].roll(4, -1)], |x| x[0].roll(4, -1)),
    (
        "roll by nothing",
        |x| vec![x[0].roll(-3, 1)],
        |x| x[0].clone(),
    ),
    (
        "repeat",
        |x| vec![x[0].repeat(&[2, 3])],
        |x| x[0].repeat(&[2, 3]),
    ),
    (
        "repeat never",
        |x| vec![x[0].repeat(&[0, 2])],
        |_| Tensor::zeros([0, 6]),
    ),
    (
        "repeat_interleave",
        |x| vec![x[0].repeat_interleave(3, 1)],
        |x| x[0].repeat_interleave(3, 1),
    ),
    (
        "tril",
        |x| vec![x[0].tril(1)],
        |x| {
            Tensor::from_fn([2, 3], |at| {
                if at[1] <= at[0] + 1 {
                    x[0][[at[0], at[1]]]
                } else {
                    0.0
                }
            })
        },
    ),
    (
        "triu",
        |x| vec![x[0].triu(1)],
        |x| {
            Tensor::from_fn([2, 3], |at| {
                if at[1] > at[0] {
                    x[0][[at[0], at[1]]]
                } else {
                    0.0
                }
            })
        },
    ),
    (
        "a constant border",
        |x| vec![x[0].pad(&[(1, 0), (2, 1)], Pad::Constant(0.5))],
        |x| {
            Tensor::from_fn([3, 6], |at| match (at[0], at[1]) {
                (0, _) | (_, 0 | 1 | 5) => 0.5,
                (i, j) => x[0][[i - 1, j - 2]],
            })
        },
    ),
    (
        "a mirrored border",
        |x| vec![x[0].pad(&[(2, 2)], Pad::Reflect)],
        |x| Tensor::from_fn([2, 7], |at| x[0][[at[0], [2, 1, 0, 1, 2, 1, 0][at[1]]]]),
    ),
    (
        "a repeated border",
        |x| vec![x[0].pad(&[(0, 0), (2, 1)], Pad::Replicate)],
        |x| Tensor::from_fn([2, 6], |at| x[0][[at[0], [0, 0, 0, 1, 2, 2][at[1]]]]),
    ),
    (
        "a circular border",
        |x| vec![x[0].pad(&[(1, 1)], Pad::Circular)],
        |x| Tensor::from_fn([2, 5], |at| x[0][[at[0], [2, 0, 1, 2, 0][at[1]]]]),
    ),
    (
        "masked_select",
        |x| vec![x[0].masked_select(&mask())],
        |x| Tensor::from([x[0][[0, 0]], x[0][[0, 2]], x[0][[1, 2]]]),
    ),
    (
        "masked_scatter",
        |x| vec![x[0].masked_scatter(&mask(), x[1])],
        |x| {
            let [a, b] = [&x[0], &x[1]];
            Tensor::from([
                [b[[0, 0]], a[[0, 1]], b[[0, 1]]],
                [a[[1, 0]], a[[1, 1]], b[[1, 0]]],
            ])
        },
    ),
    (
        "masked_fill",
        |x| vec![x[0].masked_fill(&mask(), x[1].mean())],
        |x| x[0].masked_fill(&mask(), x[1].mean()),
    ),
    (
        "scatter",
        |x| vec![x[0].scatter(1, &Tensor::from([[2, 0], [1, 1]]), x[1])],
        |x| {
            let [a, b] = [&x[0], &x[1]];
            // Of two for one place the last counts.
            Tensor::from([
                [b[[0, 1]], a[[0, 1]], b[[0, 0]]],
                [a[[1, 0]], b[[1, 1]], a[[1, 2]]],
            ])
        },
    ),
    (
        "index_add",
        |x| vec![x[0].index_add(1, &Tensor::from([2, 2]), x[1])],
        |x| {
            let added = |i: usize| x[1][[i, 0]] + x[1][[i, 1]];
            Tensor::from_fn([2, 3], |at| {
                x[0][[at[0], at[1]]] + if at[1] == 2 { added(at[0]) } else { 0.0 }
            })
        },
    ),
    (
        "index_copy",
        |x| vec![x[0].index_copy(1, &Tensor::from([2, 0]), x[1])],
        |x| {
            let [a, b] = [&x[0], &x[1]];
            Tensor::from_fn([2, 3], |at| match at[1] {
                1 => a[[at[0], 1]],
                j => b[[at[0], 1 - j / 2]],
            })
        },
    ),
    (
        "with_slice",
        |x| vec![x[0].with_slice(1, 1.., x[1])],
        |x| {
            Tensor::from_fn([2, 3], |at| match at[1] {
                0 => x[0][[at[0], 0]],
                j => x[1][[at[0], j - 1]],
            })
        },
    ),
    (
        "diag_embed",
        |x| vec![x[0].diag_embed(-1)],
        |x| {
            let on = |at: &[usize]| at[1] == at[2] + 1;
            Tensor::from_fn(
                [2, 4, 4],
                |at| if on(at) { x[0][[at[0], at[2]]] } else { 0.0 },
            )
        },
    ),
    (
        "glu",
        |x| vec![x[1].glu(1)],
        |x| {
            Tensor::from_fn([2, 1], |at| {
                x[1][[at[0], 0]] / (1.0 + (-x[1][[at[0], 1]]).exp())
            })
        },
    ),
];

#[test]
fn values_and_laws() {
    let mut rng = Rng::seed_from_u64(11);
    let inputs: [Tensor<f64>; 2] = [[2, 3], [2, 2]].map(|shape| rng.uniform(shape, -1.0, 1.0));
    for (name, program, plain) in TABLE {
        let tape = Tape::new();
        let leaves: Vec<_> = inputs.iter().map(|x| tape.leaf(x)).collect();
        let (found, expected) = (program(&leaves)[0].value(), plain(&inputs));
        assert!(
            found.allclose(&expected, 1e-15, 1e-15),
            "{name}: {found:?}, not {expected:?}"
        );
        assert_eq!(laws_of(name, &inputs, true, *program), [], "{name}");
    }
}

#[test]
fn a_grid_has_its_coordinates() {
    let tape = Tape::<f64>::new();
    let [x, y] = [
        tape.leaf(&Tensor::from([1.0, 2.0])),
        tape.leaf(&Tensor::from([3.0, 4.0, 5.0])),
    ];
    let grid = Var::meshgrid(&[x, y]);
    assert_eq!(
        grid[0].value().to_rows(),
        [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]
    );
    assert_eq!(
        grid[1].value().to_rows(),
        [[3.0, 4.0, 5.0], [3.0, 4.0, 5.0]]
    );
    let bars = (grid[0] * grid[1]).sum().backward();
    assert_eq!(bars.wrt(x).expect("reached").to_vec(), [12.0, 12.0]);
    assert_eq!(bars.wrt(y).expect("reached").to_vec(), [3.0, 3.0, 3.0]);
}
