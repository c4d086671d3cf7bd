//! One formula: the sum of squares, and its gradient.

use wengert::prelude::*;

fn main() {
    let tape = Tape::<f32>::new();
    let x = tape.leaf(&Tensor::from([1.0f32, 2.0, 3.0]));
    let y = (x * x).sum();
    println!("{:?}", y.backward().wrt(x));
}
