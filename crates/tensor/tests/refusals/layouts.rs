//! Shapes, layouts and views.

use wengert_tensor::{Layout, Pad, Shape, View};

use crate::refusals::{Place, check_errors, check_panics, errors, panics};

fn shape(dims: &[usize]) -> Shape {
    Shape::new(dims)
}

fn layout(dims: &[usize]) -> Layout {
    Layout::contiguous(shape(dims))
}

#[test]
fn shapes_and_layouts_return_errors() {
    check_errors(errors! {
        "Shape::axis": shape(&[2, 3]).axis("sum", 2) => "sum: axis 2 is out of range for the shape [2, 3]";
        "Shape::axis": shape(&[2, 3]).axis("sum", -3) => "sum: axis -3 is out of range for the shape [2, 3]";
        "Shape::axis": shape(&[2]).axis("sum", isize::MIN) => "is out of range for the shape [2]";
        "Shape::axes": shape(&[2, 3]).axes("sum", &[0, 5]) => "sum: axis 5 is out of range for the shape [2, 3]";
        "Shape::axes": shape(&[2, 3]).axes("sum", &[1, -1]) => "sum: axis -1 is named twice for the shape [2, 3]";
        "Shape::broadcast": Shape::broadcast("add", &shape(&[2, 3]), &shape(&[4])) => "add: shapes do not broadcast: [2, 3] and [4]";
        "Shape::reshape": shape(&[2, 6]).reshape(&[5]) => "reshape: [2, 6] does not fill [5]";
        "Shape::reshape": shape(&[2, 6]).reshape(&[3, -2]) => "reshape: [3, -2] has a negative dimension";
        "Shape::reshape": shape(&[2, 6]).reshape(&[-1, -1]) => "reshape: [-1, -1] leaves more than one dimension open";
        "Shape::reshape": shape(&[0, 6]).reshape(&[0, -1]) => "reshape: [0, -1] leaves a dimension open beside one of size 0";
        "Shape::reshape": shape(&[2]).reshape(&[isize::MAX, 4]) => "does not fill";
        "Shape::fits": shape(&[1 << 40, 1 << 40]).fits("ones") => "ones: the shape [1099511627776, 1099511627776] has more elements than memory can hold";
        "Shape::flattened": shape(&[2]).flattened(1) => "flatten: axis 1 is out of range for the shape [2]";
        "Shape::matmul": shape(&[2, 3]).matmul(&shape(&[4, 5])) => "matmul: inner sizes differ: [2, 3] x [4, 5]";
        "Shape::matmul": shape(&[2, 1, 3]).matmul(&shape(&[5, 3, 1])) => "matmul: batch axes do not broadcast: [2, 1, 3] x [5, 3, 1]";
        "Shape::matmul": shape(&[]).matmul(&shape(&[3])) => "matmul: a scalar is no matrix: [] x [3]";
        "Shape::cat": Shape::cat(&[], 0) => "cat: there is nothing to join";
        "Shape::cat": Shape::cat(&[&shape(&[2])], 1) => "cat: axis 1 is out of range for the shape [2]";
        "Shape::cat": Shape::cat(&[&shape(&[2, 3]), &shape(&[2, 4])], 0) => "cat: [2, 3] and [2, 4] differ beside axis 0";
        "Shape::stack": Shape::stack(&[], 0) => "stack: there is nothing to join";
        "Shape::stack": Shape::stack(&[&shape(&[2])], 2) => "stack: axis 2 is out of range for a new axis in [2]";
        "Shape::stack": Shape::stack(&[&shape(&[2]), &shape(&[3])], 0) => "stack: the shapes differ: [2] and [3]";
        "Shape::moved": shape(&[2]).moved("movedim", 0, 1) => "movedim: axis 1 is out of range for the shape [2]";
        "Shape::repeated": shape(&[2]).repeated(&[2, 3]) => "repeat: [2, 3] has not a number for each axis of [2]";
        "Shape::bordered": shape(&[2]).bordered(&[(1, 1), (1, 1)]) => "pad: 2 borders are more than the axes of [2]";
        "Pad::sources": Pad::Reflect.sources(0, 1, 0) => "pad: an axis of size 0 has nothing that could be repeated";
        "Layout::diagonal": layout(&[2, 2]).diagonal(0, 1, -1) => "diagonal: axis 1 of [2, 2] is named twice";
        "Layout::diagonal": layout(&[2, 2]).diagonal(0, 1, 2) => "diagonal: axis 2 is out of range for the shape [2, 2]";
        "Layout::windows": layout(&[2]).windows(0, 3, 1) => "unfold: a window of 3 is longer than axis 0 of [2]";
        "Layout::windows": layout(&[2]).windows(0, 1, 0) => "unfold: the step is 0";
        "Layout::expanded": layout(&[2]).expanded(&shape(&[3])) => "expand: [2] does not stretch to [3]";
        "Layout::expanded": layout(&[1]).expanded(&shape(&[1 << 40, 1 << 40])) => "than memory can hold";
        "Layout::permutation": layout(&[2, 3]).permutation(&[0]) => "permute: [0] is no permutation of the axes of [2, 3]";
        "Layout::permutation": layout(&[2, 3]).permutation(&[0, 0]) => "permute: [0, 0] is no permutation of the axes of [2, 3]";
        "Layout::permutation": layout(&[2, 3]).permutation(&[0, 7]) => "permute: axis 7 is out of range for the shape [2, 3]";
        "Layout::sliced": layout(&[4]).sliced(1, 0, 1, 1) => "slice: axis 1 is out of range for the shape [4]";
        "Layout::sliced": layout(&[4]).sliced(0, 0, 4, 0) => "slice: the step is 0";
        "Layout::selected": layout(&[4]).selected(1, 0) => "select: axis 1 is out of range for the shape [4]";
        "Layout::selected": layout(&[4]).selected(0, 4) => "select: index 4 is out of range for axis 0 of [4]";
        "Layout::selected": layout(&[4]).selected(0, -5) => "select: index -5 is out of range for axis 0 of [4]";
        "Layout::transposed": layout(&[4]).transposed(0, 1) => "transpose: axis 1 is out of range for the shape [4]";
        "Layout::squeezed": layout(&[1]).squeezed(1) => "squeeze: axis 1 is out of range for the shape [1]";
        "Layout::squeezed": layout(&[4]).squeezed(0) => "squeeze: axis 0 of [4] does not have size 1";
        "Layout::unsqueezed": layout(&[4]).unsqueezed(2) => "unsqueeze: axis 2 is out of range for a new axis in [4]";
        "Layout::unsqueezed": layout(&[4]).unsqueezed(-3) => "unsqueeze: axis -3 is out of range for a new axis in [4]";
    });
}

#[test]
fn shapes_panic() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Shape::insert": shape(&[2]).insert(2, 1) => "shape: [2] has no position 2 for a new dimension";
            "Shape::size": shape(&[1 << 40, 1 << 40]).size() => "has more elements than memory can hold";
            "Layout::contiguous": Layout::contiguous(shape(&[1 << 40, 1 << 40])) => "[1099511627776, 1099511627776]";
            "Layout::contiguous_at": Layout::contiguous_at(shape(&[5]), usize::MAX - 3) => "[5]";
            "Layout::moved": layout(&[5]).moved(usize::MAX) => "[5]";
            "Shape::remove": shape(&[2]).remove(1) => "shape: [2] has no dimension 1";
        },
    );
}

#[test]
fn layouts_and_views_panic() {
    check_panics(
        file!(),
        Place::Anywhere,
        panics! {
            "Layout::permuted": layout(&[2, 3]).permuted(&[0, 2]) => "index out of bounds";
            "Layout::without": layout(&[2, 3]).without(2) => "shape: [2, 3] has no dimension 2";
            "Layout::reshaped": layout(&[2, 3]).reshaped(&shape(&[5])) => "reshape: sizes differ";
            "View::new": View::new(&[1.0; 5], layout(&[2, 3])) => "a layout reaches beyond its storage";
            "View::contiguous": View::contiguous(&[1.0; 5], shape(&[2, 3])) => "a slice does not fill its shape";
            "View::with_layout": View::contiguous(&[1.0; 6], shape(&[6])).with_layout(layout(&[7])) => "a layout reaches beyond its storage";
        },
    );
}
