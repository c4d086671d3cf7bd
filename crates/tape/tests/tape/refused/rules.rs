//! What the rules of ops may ask for and give.

use wengert_tape::{Custom, Op, Reverse, Shapes, Tangent, Tape};
use wengert_tensor::{Rng, Shape, ShapeError, Tensor, View};

use super::with;
use crate::refusals::{Place, check_panics, panics};

/// Walks back over an op of one input \[2\], whose rule is `rule`.
fn back(rule: fn(&Reverse<'_, '_, f64>)) {
    let tape = Tape::new();
    let x = tape.leaf(&Tensor::ones([2]));
    let op = Custom::<f64>::new("odd", |x| x[0].to_tensor(), rule);
    tape.custom(&op, &[x]).sum().backward();
}

/// An op of one input \[2\] whose forward-mode rule is this.
struct Forward(fn(&Tangent<'_, '_, f64>));

impl Op<f64> for Forward {
    fn name(&self) -> &'static str {
        "odd"
    }
    fn shapes(&self, x: &[Shape]) -> Result<Shapes, ShapeError> {
        Ok(Shapes::from_elem(x[0].clone(), 1))
    }
    fn forward(&self, _: &[View<'_, f64>], _: &mut [&mut [f64]]) {}
    fn reverse(&self, _: &Reverse<'_, '_, f64>) {}
    fn tangent(&self, rule: &Tangent<'_, '_, f64>) {
        (self.0)(rule);
    }
}

/// Walks forward over [`Forward`].
fn along(rule: fn(&Tangent<'_, '_, f64>)) {
    let tape = Tape::new();
    let x = tape.leaf(&Tensor::ones([2]));
    let y = tape.apply(Forward(rule), [x]);
    tape.tangent(y, &[(x, tape.ones([2]))]);
}

/// Hands `f` a tape that has room for no node.
fn full(f: fn(&Tape<f64>)) {
    let tape = Tape::new();
    tape.set_limits(0, usize::MAX, u32::MAX);
    f(&tape);
}

/// Opens more scopes than may be.
fn scopes() -> Tape<f64> {
    let tape = Tape::new();
    tape.set_limits(usize::MAX, usize::MAX, 0);
    tape
}

#[test]
fn rules() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Reverse::x": back(|rule| drop(rule.x(1))) => "odd: its rule asks for input 1, but the op has 1 input, counted from 0";
            "Reverse::x_shape": back(|rule| drop(rule.x_shape(9))) => "odd: its rule asks for input 9, but the op has 1 input, counted from 0";
            "Reverse::y": back(|rule| drop(rule.y(1))) => "odd: its rule asks for output 1, but the op has 1 output, counted from 0";
            "Reverse::y_bar": back(|rule| drop(rule.y_bar(1))) => "odd: its rule asks for output 1, but the op has 1 output, counted from 0";
            "Reverse::needs": back(|rule| drop(rule.needs(1))) => "odd: its rule asks for input 1, but the op has 1 input, counted from 0";
            "Reverse::give": back(|rule| rule.give(1, rule.cotangent())) => "odd: its rule asks for input 1, but the op has 1 input, counted from 0";
            "Reverse::give": back(|rule| rule.give(0, rule.tape().ones([3]))) => "odd: its rule gives input 0 a variable that has the shape [3], which does not fit [2]";
            "Reverse::give_product": back(|rule| rule.give_product(1, rule.x(0), rule.x(0))) => "odd: its rule asks for input 1, but the op has 1 input, counted from 0";
            "Reverse::give_product": back(|rule| rule.give_product(0, rule.tape().ones([2, 3]), rule.tape().ones([2, 3]))) => "odd: its rule gives input 0 a product that cannot be: matmul: inner sizes differ: [2, 3] x [2, 3]";
            "Tangent::x": along(|rule| drop(rule.x(1))) => "odd: its rule asks for input 1, but the op has 1 input, counted from 0";
            "Tangent::y": along(|rule| drop(rule.y(1))) => "odd: its rule asks for output 1, but the op has 1 output, counted from 0";
            "Tangent::y_shape": along(|rule| drop(rule.y_shape(1))) => "odd: its rule asks for output 1, but the op has 1 output, counted from 0";
            "Tangent::x_dot": along(|rule| drop(rule.x_dot(1))) => "odd: its rule asks for input 1, but the op has 1 input, counted from 0";
            "Tangent::give": along(|rule| rule.give(1, rule.x(0))) => "odd: its rule asks for output 1, but the op has 1 output, counted from 0";
            "Tangent::give": along(|rule| rule.give(0, rule.tape().ones([3]))) => "odd: its rule gives output 0 a variable that has the shape [3], which does not fit [2]";
        },
    );
}

#[test]
fn a_full_tape() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Tape::leaf": full(|tape| drop(tape.leaf(&Tensor::ones([2])))) => "leaf: the tape is full";
            "Tape::leaf": with(&[], |x| drop(x.tape().leaf(&Tensor::ones([1; 9])))) => "leaf: ";
            "Tape::constant": full(|tape| drop(tape.constant(&Tensor::ones([2])))) => "constant: the tape is full";
            "Tape::scalar": full(|tape| drop(tape.scalar(1.0))) => "scalar: the tape is full";
            "Tape::zeros": full(|tape| drop(tape.zeros([2]))) => "zeros: the tape is full";
            "Tape::zeros": with(&[], |x| drop(x.tape().zeros([1; 9]))) => "zeros: ";
            "Tape::ones": full(|tape| drop(tape.ones([2]))) => "ones: the tape is full";
            "Tape::full": full(|tape| drop(tape.full([2], 3.0))) => "full: the tape is full";
            "Tape::full": with(&[], |x| drop(x.tape().full([1 << 40], 3.0))) => "full: the shape [1099511627776] is too large";
            "Tape::scope": scopes().scope(|_| ()) => "scope: 0 scopes were opened since the last reset";
            "Tape::draw": with(&[], |x| x.tape().draw(|_| x.tape().draw(|_| ()))) => "draw: the tape's generator is in use by a `draw` that has not ended";
            "Tape::set_rng": with(&[], |x| x.tape().draw(|_| drop(x.tape().set_rng(Rng::seed_from_u64(1))))) => "set_rng: the tape's generator is in use by a `draw` that has not ended";
        },
    );
}
