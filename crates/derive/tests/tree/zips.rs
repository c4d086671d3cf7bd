use crate::{
    StructureError, Tree, TreeExt, W, difference,
    fields::{Linear, linear},
};

#[derive(Tree, Clone, Debug, PartialEq)]
#[tree(crate = "crate")]
struct Rnn<P = W> {
    cells: Vec<Linear<P>>,
    pair: (P, Option<P>),
}

fn rnn(cells: usize, extra: Option<i32>) -> Rnn {
    Rnn {
        cells: vec![linear(1, Some(2)); cells],
        pair: (W(3), extra.map(W)),
    }
}

#[test]
fn lengths() {
    let text = "the trees differ at `cells`: length 2 beside 3";
    assert_eq!(difference(&mut rnn(2, None), &rnn(3, None)), text);
}

#[test]
fn options() {
    let text = "the trees differ at `pair.1`: `None` beside `Some`";
    assert_eq!(difference(&mut rnn(1, None), &rnn(1, Some(4))), text);
    let text = "the trees differ at `cells.0.bias`: `Some` beside `None`";
    let mut other = rnn(1, None);
    other.cells[0].bias = None;
    assert_eq!(difference(&mut rnn(1, None), &other), text);
}

#[test]
fn configuration_may_differ() {
    let mut other = rnn(1, None).map_tree(|_, w| w.0);
    other.cells[0].inputs = 0;
    assert_eq!(rnn(1, None).zip_tree(&other, |_, _, _| ()), Ok(()));
}

#[test]
fn the_number_of_leaves() {
    let model = rnn(1, None);
    let rebuilt = model.rebuild(["w", "b", "x"]).unwrap();
    assert_eq!(
        (rebuilt.cells[0].bias, rebuilt.pair),
        (Some("b"), ("x", None))
    );
    let few = model.rebuild([0; 2]).unwrap_err();
    let (expected, found) = (3, 2);
    assert_eq!(few, StructureError::Leaves { expected, found });
    let many = model.rebuild(0..).unwrap_err();
    assert_eq!(
        many.to_string(),
        "the tree has 3 leaves, and more were given"
    );
}
