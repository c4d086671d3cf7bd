//! Shapes that no memory or no tape can hold: a panic that names the operation and the shape, at the
//! user's line, before anything has changed.

use wengert_tape::{MAX_RANK, Tape, Var};
use wengert_tensor::Tensor;

use crate::support::caught;

type Use = (u32, fn(&Tape<f64>), &'static str);

#[track_caller]
fn assert_refused(uses: &[Use]) {
    for &(line, f, message) in uses {
        let tape = Tape::new();
        let x = tape.leaf(&Tensor::from([1.0, 2.0]));
        let y = tape.scalar(5.0);
        let caught = caught(|| f(&tape));
        assert!(
            caught.message.starts_with(message),
            "{caught:?}\nis not\n{message}"
        );
        assert!(caught.file.ends_with("sizes.rs"), "{caught:?}");
        assert!((line..line + 8).contains(&caught.line), "{caught:?}");
        // What was there is there, and what comes next does not lie upon it.
        let next = tape.ones([3]) * y;
        assert_eq!(next.value().to_vec(), [5.0; 3]);
        assert_eq!((x.value().to_vec(), y.item()), (vec![1.0, 2.0], 5.0));
        assert_eq!((x * y).sum().backward().wrt(x).unwrap().to_vec(), [5.0; 2]);
    }
}

#[test]
fn what_is_larger_than_a_tape_is_refused_by_name() {
    assert_refused(&[
        // 2⁶⁴ + 4 elements: the product of the sizes, wrapped, is 4.
        (
            line!(),
            |t| drop(t.ones([968973220, 49477, 384773])),
            "ones: the shape [968973220, 49477, 384773] is too large for a value on a tape, which has less than 2^32 elements",
        ),
        (
            line!(),
            |t| drop(t.ones([65536; 4])),
            "ones: the shape [65536, 65536, 65536, 65536] is too large",
        ),
        (
            line!(),
            |t| drop(t.zeros([65536; 2])),
            "zeros: the shape [65536, 65536] is too large",
        ),
        (
            line!(),
            |t| drop(t.zeros([0, 1 << 33])),
            "zeros: the shape [0, 8589934592] is too large",
        ),
        (
            line!(),
            |t| drop(t.zeros([0, 1 << 31, 1 << 31, 1 << 31])),
            "zeros: the shape [0, 2147483648, 2147483648, 2147483648] is too large",
        ),
        (
            line!(),
            |t| drop(t.full([1 << 40], 2.0)),
            "full: the shape [1099511627776] is too large",
        ),
        (
            line!(),
            |t| drop(t.sample([1 << 40], |rng| rng.unit())),
            "sample: the shape [1099511627776] is too large",
        ),
        (
            line!(),
            |t| drop(t.leaf(&Tensor::scalar(1.0).expand([1 << 33]))),
            "leaf: the shape [8589934592] is too large",
        ),
        (
            line!(),
            |t| drop(t.constant(&Tensor::scalar(1.0).expand([1 << 33]))),
            "constant: the shape [8589934592] is too large",
        ),
        (
            line!(),
            |t| drop(t.one_hot(&Tensor::from([0]), 1 << 33)),
            "one_hot: the shape [1, 8589934592] is too large",
        ),
        (
            line!(),
            |t| drop(t.scalar(1.0).expand([1 << 20, 1 << 20])),
            "expand: the shape [1048576, 1048576] is too large",
        ),
        (
            line!(),
            |t| drop(t.scalar(1.0).expand([1 << 40, 1 << 40])),
            "expand: the shape [1099511627776, 1099511627776] is too large",
        ),
        (
            line!(),
            |t| drop(t.scalar(1.0).expand([1 << 20, 1]) + t.scalar(1.0).expand([1 << 20])),
            "add: the shape [1048576, 1048576] is too large",
        ),
        (
            line!(),
            |t| drop(t.zeros([65536, 0]).matmul(t.zeros([0, 65536]))),
            "matmul: the shape [65536, 65536] is too large",
        ),
        (
            line!(),
            |t| drop(t.zeros([2, 65536, 0]).matmul(t.zeros([2, 0, 65536]))),
            "matmul: the shape [2, 65536, 65536] is too large",
        ),
        (
            line!(),
            |t| {
                drop(Var::affine(
                    &[(t.zeros([65536, 0]), t.zeros([0, 65536]))],
                    None,
                ))
            },
            "affine: the shape [65536, 65536] is too large",
        ),
        (
            line!(),
            |t| drop(Var::cat(&[t.scalar(1.0).expand([1 << 31]); 2], 0)),
            "cat: the shape [4294967296] is too large",
        ),
        (
            line!(),
            |t| drop(Var::stack(&[t.scalar(1.0).expand([1 << 31]); 2], 0)),
            "stack: the shape [2, 2147483648] is too large",
        ),
        (
            line!(),
            |t| {
                drop(
                    t.scalar(1.0)
                        .expand([1, 1 << 31])
                        .index_select(0, &Tensor::from([0, 0])),
                )
            },
            "index_select: the shape [2, 2147483648] is too large",
        ),
    ]);
}

#[test]
fn more_axes_than_a_tape_knows_are_refused_by_name() {
    assert_eq!(MAX_RANK, 8);
    assert_refused(&[
        (
            line!(),
            |t| drop(t.zeros([1; 9])),
            "zeros: a value on a tape has at most 8 axes, the shape [1, 1, 1, 1, 1, 1, 1, 1, 1] has 9",
        ),
        (
            line!(),
            |t| drop(t.zeros([1; 300])),
            "zeros: a value on a tape has at most 8 axes",
        ),
        (
            line!(),
            |t| drop(t.leaf(&Tensor::zeros([1; 9]))),
            "leaf: a value on a tape has at most 8 axes",
        ),
        (
            line!(),
            |t| drop(t.leaf(&Tensor::zeros([2; 9]))),
            "leaf: a value on a tape has at most 8 axes",
        ),
        (
            line!(),
            |t| drop(t.scalar(1.0).expand([1; 9])),
            "expand: a value on a tape has at most 8 axes",
        ),
        (
            line!(),
            |t| drop(t.scalar(1.0).reshape(&[1; 9])),
            "reshape: a value on a tape has at most 8 axes",
        ),
        (
            line!(),
            |t| drop(t.zeros([1; 8]).unsqueeze(3)),
            "reshape: a value on a tape has at most 8 axes",
        ),
        (
            line!(),
            |t| drop(Var::stack(&[t.zeros([1; 8])], 0)),
            "stack: a value on a tape has at most 8 axes",
        ),
        (
            line!(),
            |t| drop(t.one_hot(&Tensor::zeros([1; 8]), 1)),
            "one_hot: a value on a tape has at most 8 axes",
        ),
    ]);
}

#[test]
fn eight_axes_go_through_every_kind_of_op() {
    let tape = Tape::<f64>::new();
    let data = crate::support::noise(&[2, 1, 2, 1, 2, 1, 2, 3], 7);
    let x = tape.leaf(&data);
    let y = x.permute(&[6, 5, 4, 3, 2, 1, 0, 7]) * x.sum_axes(&[0, 2], true);
    let y = y.matmul(tape.ones([3, 2])) + x.slice(-1, ..2);
    let y = Var::cat(
        &[
            y,
            x.expand([2, 2, 2, 2, 2, 2, 2, 3])
                .slice(0, 1..)
                .slice(1, ..1)
                .slice(3, ..1)
                .slice(5, ..1)
                .expand([2, 1, 2, 1, 2, 1, 2, 3]),
        ],
        -1,
    );
    let loss = (y.tanh() * y).mean();
    let eager = loss.backward().wrt(x).unwrap();
    let [recorded] = tape.grad(loss, [x]);
    crate::support::assert_close(&recorded.value(), &eager, 1e-12);
    let along = tape.tangent(loss, &[(x, tape.ones(x.shape()))]).item();
    assert!((along - eager.sum().item()).abs() < 1e-10);
}

#[test]
fn a_jacobian_that_no_memory_can_hold_is_refused_by_name() {
    let mut tape = Tape::<f64>::new();
    let x = Tensor::scalar(1.0).expand([1 << 31]);
    let refused =
        caught(|| drop(tape.jacobian(&x, |_, x| x.expand([1, 1 << 31]).permute(&[1, 0]))));
    assert!(
        refused.message.contains("zeros: there is no memory"),
        "{refused:?}"
    );
}
