//! Values and the ops on them.

use wengert_tape::ops::{Hypot, Sigmoid, Tanh, matmul_shape};
use wengert_tape::{Custom, Formula, Op, Real, Reverse, Shapes, Tangent, Tape, Var};
use wengert_tensor::{Pad, Shape, ShapeError, Tensor, View};

use super::{pair, with};
use crate::refusals::{Place, check_errors, check_panics, errors, panics};

/// Hands `f` a variable whose scope has ended.
fn stale(f: for<'t> fn(Var<'t, f64>)) {
    let tape = Tape::new();
    let mut kept = None;
    tape.scope(|tape| kept = Some(tape.scalar(1.0)));
    f(kept.expect("the scope ran"));
}

/// Hands `f` a variable each of two tapes.
fn strangers(f: for<'t> fn(Var<'t, f64>, Var<'t, f64>)) {
    let (a, b) = (Tape::new(), Tape::new());
    f(a.scalar(1.0), b.scalar(2.0));
}

/// An op of one input that refuses a scalar and has so many outputs.
struct Several(usize);

impl Op<f64> for Several {
    fn name(&self) -> &'static str {
        "several"
    }
    fn shapes(&self, x: &[Shape]) -> Result<Shapes, ShapeError> {
        match x[0].rank() {
            0 => Err(ShapeError::new("several", "a scalar is too little")),
            _ => Ok(Shapes::from_elem(x[0].clone(), self.0)),
        }
    }
    fn forward(&self, _: &[View<'_, f64>], _: &mut [&mut [f64]]) {}
    fn reverse(&self, rule: &Reverse<'_, '_, f64>) {
        rule.cotangent();
    }
    fn tangent(&self, _: &Tangent<'_, '_, f64>) {}
}

/// x + y.
#[derive(Clone, Copy)]
struct Plus;

impl Formula<2, 1> for Plus {
    const NAME: &'static str = "plus";
    fn eval<R: Real>(&self, [x, y]: [R; 2]) -> [R; 1] {
        [x + y]
    }
}

fn failing() -> Custom<f64> {
    Custom::<f64>::new("failing", |_| panic!("no value today"), |_| ())
}

#[test]
fn recording() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Tape::formula": pair(&[2], &[3], |x, y| drop(x.tape().formula(Plus, [x, y]))) => "plus: shapes do not broadcast: [2] and [3]";
            "Tape::formula": strangers(|x, y| drop(x.tape().formula(Plus, [x, y]))) => "variables of different tapes meet in one operation";
            "Tape::formula": stale(|x| drop(x.tape().formula(Plus, [x, x]))) => "a variable is used after the scope that it was made in has ended";
            "Tape::apply_all": with(&[], |x| drop(x.tape().apply_all(Several(1), &[x]))) => "several: a scalar is too little";
            "Tape::apply_all": strangers(|x, y| drop(x.tape().apply_all(Several(1), &[y]))) => "variables of different tapes meet in one operation";
            "Tape::apply_all": stale(|x| drop(x.tape().apply_all(Several(1), &[x]))) => "a variable is used after the scope that it was made in has ended";
            "Tape::apply": with(&[], |x| drop(x.tape().apply(Several(1), [x]))) => "several: a scalar is too little";
            "Tape::apply": strangers(|x, y| drop(x.tape().apply(Several(1), [y]))) => "variables of different tapes meet in one operation";
            "Tape::apply": with(&[2], |x| drop(x.tape().apply(Several(2), [x]))) => "an op with several outputs is recorded with `apply_all`";
            "Tape::custom": strangers(|x, y| drop(x.tape().custom(&failing(), &[y]))) => "variables of different tapes meet in one operation";
            "Tape::custom": stale(|x| drop(x.tape().custom(&failing(), &[x]))) => "a variable is used after the scope that it was made in has ended";
            "Tape::custom": with(&[2], |x| drop(x.tape().custom(&failing(), &[x]))) => "no value today";
            "Var::shape": stale(|x| drop(x.shape())) => "a variable is used after the scope that it was made in has ended";
            "Var::dim": with(&[2], |x| drop(x.dim(1))) => "dim: axis 1 is out of range for the shape [2]";
            "Var::item": with(&[2], |x| drop(x.item())) => "item: a value of shape [2] has not exactly one element";
            "Var::item": with(&[0], |x| drop(x.item())) => "item: a value of shape [0] has not exactly one element";
        },
    );
    check_panics(
        file!(),
        Place::Anywhere,
        panics! {
            "Reverse::cotangent": with(&[2], |x| drop(x.tape().apply_all(Several(2), &[x])[1].sum().backward())) => "cotangent";
        },
    );
    check_errors(errors! {
        "Op::shapes": Several(1).shapes(&[Shape::scalar()]) => "several: a scalar is too little";
    });
}

#[test]
fn elementwise() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Var::where_": with(&[2], |x| drop(x.where_(&Tensor::from([true; 3]), 0.0))) => "where_: shapes do not broadcast";
            "Var::where_": pair(&[2], &[3], |x, y| drop(x.where_(&Tensor::scalar(true), y))) => "where_: shapes do not broadcast: [2] and [3]";
            "Var::lt": pair(&[2], &[3], |x, y| drop(x.lt(y))) => "lt: shapes do not broadcast: [2] and [3]";
            "Var::le": pair(&[2], &[3], |x, y| drop(x.le(y))) => "le: shapes do not broadcast: [2] and [3]";
            "Var::gt": pair(&[2], &[3], |x, y| drop(x.gt(y))) => "gt: shapes do not broadcast: [2] and [3]";
            "Var::ge": pair(&[2], &[3], |x, y| drop(x.ge(y))) => "ge: shapes do not broadcast: [2] and [3]";
            "Var::eq": pair(&[2], &[3], |x, y| drop(x.eq(y))) => "eq: shapes do not broadcast: [2] and [3]";
            "Var::ne": pair(&[2], &[3], |x, y| drop(x.ne(y))) => "ne: shapes do not broadcast: [2] and [3]";
            "Var::clamp": with(&[2], |x| drop(x.clamp(1.0, 0.0))) => "clamp: there is nothing between 1 and 0";
            "Var::clamp": with(&[2], |x| drop(x.clamp(0.0, f64::NAN))) => "clamp: there is nothing between 0 and NaN";
            "Var::atan2": pair(&[2], &[3], |x, y| drop(x.atan2(y))) => "atan2: shapes do not broadcast: [2] and [3]";
            "Var::hypot": pair(&[2], &[3], |x, y| drop(x.hypot(y))) => "hypot: shapes do not broadcast: [2] and [3]";
            "Var::logaddexp": pair(&[2], &[3], |x, y| drop(x.logaddexp(y))) => "logaddexp: shapes do not broadcast: [2] and [3]";
            "Var::logaddexp2": pair(&[2], &[3], |x, y| drop(x.logaddexp2(y))) => "logaddexp2: shapes do not broadcast: [2] and [3]";
            "Var::remainder": pair(&[2], &[3], |x, y| drop(x.remainder(y))) => "remainder: shapes do not broadcast: [2] and [3]";
            "Var::fmod": pair(&[2], &[3], |x, y| drop(x.fmod(y))) => "fmod: shapes do not broadcast: [2] and [3]";
            "Var::xlog1py": pair(&[2], &[3], |x, y| drop(x.xlog1py(y))) => "xlog1py: shapes do not broadcast: [2] and [3]";
            "Var::copysign": pair(&[2], &[3], |x, y| drop(x.copysign(y))) => "copysign: shapes do not broadcast: [2] and [3]";
            "Var::pair": pair(&[2], &[3], |x, y| drop(x.pair(y, Hypot {}))) => "hypot: shapes do not broadcast: [2] and [3]";
            "Var::lerp": pair(&[2], &[3], |x, y| drop(x.lerp(y, 0.5))) => "lerp: shapes do not broadcast: [2] and [3]";
            "Var::prelu": pair(&[2, 2], &[3], |x, y| drop(x.prelu(y))) => "prelu: shapes do not broadcast: [2, 2] and [3]";
            "Var::masked_fill": with(&[2], |x| drop(x.masked_fill(&Tensor::from([true; 3]), 0.0))) => "where_: shapes do not broadcast";
            "Var::glu": with(&[3], |x| drop(x.glu(0))) => "glu: 3 elements are not two equal parts";
            "Var::glu": with(&[2], |x| drop(x.glu(1))) => "axis 1 is out of range for the shape [2]";
            "Var::softshrink": with(&[2], |x| drop(x.softshrink(-1.0))) => "softshrink: -1 is no distance from 0";
            "Var::clip_gradient": with(&[2], |x| drop(x.clip_gradient(1.0, 0.0))) => "clip_gradient: there is nothing between 1 and 0";
            "Var::straight_through": with(&[2], |x| drop(x.straight_through(|x| x.sum()))) => "straight_through: the function makes the shape [] of [2]";
            "Var::clamp": pair(&[2], &[3], |x, y| drop(x.clamp(y, 0.0))) => "clamp: shapes do not broadcast: [2] and [3]";
            "Var::movedim": with(&[2], |x| drop(x.movedim(0, 1))) => "movedim: axis 1 is out of range for the shape [2]";
            "Var::diagonal": with(&[2], |x| drop(x.diagonal(0, 0, 0))) => "diagonal: axis 0 of [2] is named twice";
            "Var::trace": with(&[2], |x| drop(x.trace())) => "diagonal: axis -2 is out of range for the shape [2]";
            "Var::unfold": with(&[2], |x| drop(x.unfold(0, 3, 1))) => "unfold: a window of 3 is longer than axis 0 of [2]";
            "Var::roll": with(&[2], |x| drop(x.roll(1, 1))) => "roll: axis 1 is out of range for the shape [2]";
            "Var::repeat": with(&[2], |x| drop(x.repeat(&[]))) => "repeat: [] has not a number for each axis of [2]";
            "Var::repeat_interleave": with(&[2], |x| drop(x.repeat_interleave(2, 1))) => "repeat_interleave: axis 1 is out of range for the shape [2]";
            "Var::tril": with(&[2], |x| drop(x.tril(0))) => "tril: [2] has no matrix";
            "Var::triu": with(&[2], |x| drop(x.triu(0))) => "triu: [2] has no matrix";
            "Var::pad": with(&[2], |x| drop(x.pad(&[(1, 1), (1, 1)], Pad::Reflect))) => "pad: 2 borders are more than the axes of [2]";
            "Var::pad": with(&[0], |x| drop(x.pad(&[(1, 1)], Pad::Reflect))) => "pad: an axis of size 0 has nothing that could be repeated";
            "Var::masked_select": with(&[2], |x| drop(x.masked_select(&Tensor::from([true; 3])))) => "[3] does not stretch to [2]";
            "Var::masked_scatter": with(&[2], |x| drop(x.masked_scatter(&Tensor::from([true; 3]), 1.0))) => "[3] does not stretch to [2]";
            "Var::masked_scatter": with(&[2], |x| drop(x.masked_scatter(&Tensor::from([true; 2]), 1.0))) => "masked_scatter: 1 elements for 2 places";
            "Var::scatter": with(&[2], |x| drop(x.scatter(0, &Tensor::from([2]), 1.0))) => "gather: index 2 is out of range for axis 0 of [2]";
            "Var::scatter": with(&[2], |x| drop(x.scatter(0, &Tensor::from([0]), x))) => "expand: [2] does not stretch to [1]";
            "Var::index_add": with(&[2], |x| drop(x.index_add(0, &Tensor::from([2]), 1.0))) => "scatter_add: index 2 is out of range for axis 0 of [2]";
            "Var::index_add": with(&[2], |x| drop(x.index_add(1, &Tensor::from([0]), 1.0))) => "index_add: axis 1 is out of range for the shape [2]";
            "Var::index_add": with(&[2], |x| drop(x.index_add(0, &Tensor::scalar(0), 1.0))) => "index_add: the indices of shape [] are no list";
            "Var::index_copy": with(&[2], |x| drop(x.index_copy(0, &Tensor::from([2]), 1.0))) => "gather: index 2 is out of range for axis 0 of [2]";
            "Var::index_copy": with(&[2], |x| drop(x.index_copy(1, &Tensor::from([0]), 1.0))) => "index_copy: axis 1 is out of range for the shape [2]";
            "Var::with_slice": with(&[2], |x| drop(x.with_slice(1, .., 1.0))) => "slice: axis 1 is out of range for the shape [2]";
            "Var::with_slice": with(&[3], |x| drop(x.with_slice(0, ..2, x))) => "expand: [3] does not stretch to [2]";
            "Var::diag_embed": with(&[], |x| drop(x.diag_embed(0))) => "diag_embed: axis -1 is out of range for the shape []";
            "Var::meshgrid": with(&[2, 2], |x| drop(Var::meshgrid(&[x]))) => "meshgrid: [2, 2] is no vector";
            "Var::argmax": with(&[2], |x| drop(x.argmax(1))) => "argmax: axis 1 is out of range for the shape [2]";
            "Var::argmax": with(&[2, 0], |x| drop(x.argmax(1))) => "argmax: cannot reduce an axis of size 0: axis 1 of [2, 0]";
            "Var::argmin": with(&[2], |x| drop(x.argmin(1))) => "argmin: axis 1 is out of range for the shape [2]";
            "Var::argmin": with(&[0], |x| drop(x.argmin(0))) => "argmin: cannot reduce an axis of size 0: axis 0 of [0]";
            "Tape::one_hot": with(&[], |x| drop(x.tape().one_hot(&Tensor::from([3]), 3))) => "one_hot: index 3 is out of range for axis 1 of [1, 3]";
            "Tape::one_hot": with(&[], |x| drop(x.tape().one_hot(&Tensor::from([0, -1]), 3))) => "one_hot: index -1 is out of range for axis 1 of [2, 3]";
        },
    );
}

#[test]
fn indices() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Var::gather": with(&[3], |x| drop(x.gather(1, &Tensor::from([0])))) => "gather: axis 1 is out of range for the shape [3]";
            "Var::gather": with(&[3], |x| drop(x.gather(0, &Tensor::from([3])))) => "gather: index 3 is out of range for axis 0 of [3]";
            "Var::gather": with(&[3], |x| drop(x.gather(0, &Tensor::from([[0]])))) => "gather: an index of shape [1, 1] does not fit [3] beside axis 0";
            "Var::index_select": with(&[3], |x| drop(x.index_select(1, &Tensor::from([0])))) => "index_select: axis 1 is out of range for the shape [3]";
            "Var::index_select": with(&[3], |x| drop(x.index_select(0, &Tensor::from([-4])))) => "index_select: index -4 is out of range for axis 0 of [3]";
            "Var::index_select": with(&[3], |x| drop(x.index_select(0, &Tensor::from([[0]])))) => "index_select: the indices have the shape [1, 1], not one axis";
            "Var::rows": with(&[3, 2], |x| drop(x.rows(&Tensor::from([[0, 3]])))) => "index_select: index 3 is out of range for axis 0 of [3, 2]";
            "Var::rows": with(&[], |x| drop(x.rows(&Tensor::from([0])))) => "index_select: axis 0 is out of range for the shape []";
            "Var::scatter_add": pair(&[3], &[1], |x, y| drop(x.scatter_add(1, &Tensor::from([0]), y))) => "scatter_add: axis 1 is out of range for the shape [3]";
            "Var::scatter_add": pair(&[3], &[1], |x, y| drop(x.scatter_add(0, &Tensor::from([3]), y))) => "scatter_add: index 3 is out of range for axis 0 of [3]";
            "Var::scatter_add": pair(&[3], &[2], |x, y| drop(x.scatter_add(0, &Tensor::from([0]), y))) => "scatter_add: ";
            "Var::sort": with(&[3], |x| drop(x.sort(1, false))) => "sort: axis 1 is out of range for the shape [3]";
            "Var::sort_with": pair(&[3], &[3], |x, y| drop(x.sort_with(1, false, [y]))) => "sort: axis 1 is out of range for the shape [3]";
            "Var::sort_with": pair(&[3], &[1], |x, y| drop(x.sort_with(0, false, [y]))) => "sort: the shapes differ: [3] and [1]";
            "Var::topk": with(&[3], |x| drop(x.topk(1, 1, true))) => "topk: axis 1 is out of range for the shape [3]";
            "Var::topk": with(&[3], |x| drop(x.topk(4, 0, true))) => "topk: axis 0 of [3] has no 4 elements";
        },
    );
}

#[test]
fn joins_and_products() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Var::cat": Var::<f64>::cat(&[], 0) => "cat: there is nothing to join";
            "Var::cat": pair(&[2], &[2], |x, y| drop(Var::cat(&[x, y], 1))) => "cat: axis 1 is out of range for the shape [2]";
            "Var::cat": pair(&[2, 3], &[3, 2], |x, y| drop(Var::cat(&[x, y], 0))) => "cat: [2, 3] and [3, 2] differ beside axis 0";
            "Var::stack": Var::<f64>::stack(&[], 0) => "stack: there is nothing to join";
            "Var::stack": pair(&[2], &[2], |x, y| drop(Var::stack(&[x, y], 2))) => "stack: axis 2 is out of range for a new axis in [2]";
            "Var::stack": pair(&[2], &[3], |x, y| drop(Var::stack(&[x, y], 0))) => "stack: the shapes differ: [2] and [3]";
            "Var::matmul": pair(&[2, 3], &[4, 5], |x, y| drop(x.matmul(y))) => "matmul: inner sizes differ: [2, 3] x [4, 5]";
            "Var::matmul": pair(&[2, 1, 3], &[5, 3, 1], |x, y| drop(x.matmul(y))) => "matmul: batch axes do not broadcast: [2, 1, 3] x [5, 3, 1]";
            "Var::matmul": pair(&[], &[3], |x, y| drop(x.matmul(y))) => "matmul: a scalar is no matrix: [] x [3]";
            "Var::affine": Var::<f64>::affine(&[], None) => "affine: there is no product";
            "Var::affine": pair(&[2, 3], &[3], |x, w| drop(Var::affine(&[(x, w)], None))) => "affine: a row times a matrix is expected: [2, 3] x [3]";
            "Var::affine": pair(&[2, 3], &[4, 5], |x, w| drop(Var::affine(&[(x, w)], None))) => "affine: inner sizes differ: [2, 3] x [4, 5]";
            "Var::affine": pair(&[2, 3], &[3, 5], |x, w| drop(Var::affine(&[(x, w), (x, w.slice(1, ..4))], None))) => "affine: outer sizes differ: [3, 5] and [3, 4]";
            "Var::affine": pair(&[2, 3], &[3, 5], |x, w| drop(Var::affine(&[(x, w), (x.slice(0, ..1), w)], None))) => "affine: outer axes differ: [2, 3] and [1, 3]";
            "Var::affine": pair(&[2, 3], &[3, 5], |x, w| drop(Var::affine(&[(x, w)], Some(w)))) => "affine: the bias [3, 5] does not fit [3, 5]";
            "Var::affine": pair(&[2, 3], &[3, 3], |x, w| drop(Var::affine(&[(x, w)], Some(x.select(0, 0).slice(0, ..1))))) => "affine: the bias [1] does not fit [3, 3]";
            "Var::affine_activated": pair(&[2, 3], &[4, 5], |x, w| drop(Var::affine_activated(&[(x, w)], None, (Tanh,)))) => "affine_activated: inner sizes differ: [2, 3] x [4, 5]";
            "Var::affine_activated": pair(&[2, 3], &[3, 5], |x, w| drop(Var::affine_activated(&[(x, w)], None, (Tanh, Tanh)))) => "affine_activated: 5 columns are not 2 equal parts";
            "Var::affine_formula": pair(&[2, 3], &[4, 5], |x, w| drop(Var::affine_formula(&[(x, w)], None, (Tanh,), Plus, [x]))) => "affine_formula: inner sizes differ: [2, 3] x [4, 5]";
            "Var::affine_formula": pair(&[2, 3], &[3, 5], |x, w| drop(Var::affine_formula(&[(x, w)], None, (Tanh, Sigmoid), Plus, []))) => "affine_formula: 5 columns are not 2 equal parts";
            "Var::affine_formula": pair(&[2, 3], &[3, 4], |x, w| drop(Var::affine_formula(&[(x, w)], None, (Tanh,), Plus, [x]))) => "affine_formula: ";
        },
    );
    check_errors(errors! {
        "ops::matmul_shape": matmul_shape(&Shape::from([2, 3]), &Shape::from([4, 5])) => "matmul: inner sizes differ: [2, 3] x [4, 5]";
        "ops::matmul_shape": matmul_shape(&Shape::from([2, 1, 3]), &Shape::from([5, 3, 1])) => "matmul: batch axes do not broadcast: [2, 1, 3] x [5, 3, 1]";
        "ops::matmul_shape": matmul_shape(&Shape::from([3]), &Shape::scalar()) => "matmul: a scalar is no matrix: [3] x []";
    });
}

#[test]
fn views() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Var::expand": with(&[2], |x| drop(x.expand([3]))) => "expand: [2] does not stretch to [3]";
            "Var::permute": with(&[2, 3], |x| drop(x.permute(&[0]))) => "permute: [0] is no permutation of the axes of [2, 3]";
            "Var::transpose": with(&[2, 3], |x| drop(x.transpose(0, 2))) => "transpose: axis 2 is out of range for the shape [2, 3]";
            "Var::t": with(&[2], |x| drop(x.t())) => "transpose: axis -2 is out of range for the shape [2]";
            "Var::reshape": with(&[2, 3], |x| drop(x.reshape(&[4, -1]))) => "reshape: [2, 3] does not fill [4, -1]";
            "Var::flatten": with(&[2], |x| drop(x.flatten(1))) => "flatten: axis 1 is out of range for the shape [2]";
            "Var::unsqueeze": with(&[2], |x| drop(x.unsqueeze(2))) => "unsqueeze: axis 2 is out of range";
            "Var::squeeze": with(&[2], |x| drop(x.squeeze(1))) => "squeeze: axis 1 is out of range for the shape [2]";
            "Var::squeeze": with(&[2], |x| drop(x.squeeze(0))) => "squeeze: axis 0 of [2]";
            "Var::select": with(&[2], |x| drop(x.select(1, 0))) => "select: axis 1 is out of range for the shape [2]";
            "Var::select": with(&[2], |x| drop(x.select(0, -3))) => "select: index -3 is out of range for axis 0 of [2]";
            "Var::unbind": with(&[2], |x| drop(x.unbind(1))) => "axis 1 is out of range for the shape [2]";
            "Var::slice": with(&[2], |x| drop(x.slice(1, ..))) => "slice: axis 1 is out of range for the shape [2]";
            "Var::slice": with(&[2], |x| drop(x.slice(1 << 32, ..))) => "is out of range for the shape [2]";
            "Var::slice_step": with(&[2], |x| drop(x.slice_step(1, .., 1))) => "slice: axis 1 is out of range for the shape [2]";
            "Var::slice_step": with(&[2], |x| drop(x.slice_step(0, .., 0))) => "slice: the step is 0";
            "Var::flip": with(&[2], |x| drop(x.flip(&[1]))) => "flip: axis 1 is out of range for the shape [2]";
            "Var::flip": with(&[2], |x| drop(x.flip(&[0, 0]))) => "flip: axis 0 is named twice for the shape [2]";
            "Var::chunk": with(&[5], |x| drop(x.chunk::<2>(0))) => "chunk: an axis of length 5 has no 2 equal parts";
            "Var::chunk": with(&[0], |x| drop(x.chunk::<0>(0))) => "chunk: an axis of length 0 has no 0 equal parts";
            "Var::chunk": with(&[4], |x| drop(x.chunk::<2>(1))) => "axis 1 is out of range for the shape [4]";
            "Var::split": with(&[5], |x| drop(x.split(0, &[2, 2]))) => "split: the parts [2, 2] do not make up an axis of length 5";
            "Var::split": with(&[5], |x| drop(x.split(0, &[usize::MAX, 6]))) => "do not make up an axis of length 5";
            "Var::split": with(&[5], |x| drop(x.split(1, &[5]))) => "axis 1 is out of range for the shape [5]";
        },
    );
}

/// Bounds at the ends of what an integer holds: they are beyond the axis, as any other.
#[test]
fn bounds_of_slices_do_not_wrap() {
    let tape = Tape::<f64>::new();
    let data = Tensor::<f64>::arange(5);
    let x = tape.leaf(&data);
    let (least, most) = (isize::MIN, isize::MAX);
    assert_eq!(x.slice(0, ..=most).shape(), [5]);
    assert_eq!(x.slice(0, least..).shape(), [5]);
    assert_eq!(x.slice(0, most..).shape(), [0]);
    assert_eq!(x.slice(0, ..least).shape(), [0]);
    assert_eq!(x.slice(0, ..=least).shape(), [0]);
    assert_eq!(x.slice(0, ..=usize::MAX).shape(), [5]);
    assert_eq!(x.slice(0, ..=-1).shape(), [5]);
    assert_eq!(x.slice(0, ..=-3).value().to_vec(), [0.0, 1.0, 2.0]);
}
