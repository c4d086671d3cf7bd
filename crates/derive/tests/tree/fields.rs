use std::marker::PhantomData;

use crate::{Tree, TreeExt, W, laws, paths};

#[derive(Tree, Clone, Debug, PartialEq)]
#[tree(crate = "crate")]
pub struct Linear<P = W> {
    pub weight: P,
    pub bias: Option<P>,
    pub inputs: usize,
}

pub fn linear(weight: i32, bias: Option<i32>) -> Linear {
    Linear {
        weight: W(weight),
        bias: bias.map(W),
        inputs: 7,
    }
}

#[derive(Tree, Clone, Debug, PartialEq)]
#[tree(crate = "crate")]
struct Relu;

#[derive(Tree, Clone, Debug, PartialEq)]
#[tree(crate = "crate")]
struct Dropout {
    rate: f64,
}

#[test]
fn leaves_options_and_configuration() {
    let layer = linear(1, Some(2));
    assert_eq!(laws(&layer), [("weight".into(), 1), ("bias".into(), 2)]);
    assert_eq!(laws(&linear(1, None)), [("weight".into(), 1)]);
    let mapped: Linear<f64> = layer.map_tree(|_, w| f64::from(w.0));
    assert_eq!(
        (mapped.weight, mapped.bias, mapped.inputs),
        (1.0, Some(2.0), 7)
    );
}

#[test]
fn types_without_leaves() {
    assert!(laws(&Relu).is_empty());
    let mapped: Dropout = Tree::<W>::map_leaves(
        &Dropout { rate: 0.5 },
        &mut crate::tree::Path::new(),
        &mut |_, _| (),
    );
    assert_eq!(mapped, Dropout { rate: 0.5 });
}

#[test]
fn std_types() {
    let w = |x| W(x);
    assert!(laws(&()).is_empty());
    assert!(laws(&PhantomData::<str>).is_empty());
    assert_eq!(laws(&w(1)), [(String::new(), 1)]);
    assert_eq!(paths(&Box::new(w(1))), [""]);
    assert_eq!(paths(&vec![Some(w(1)), None, Some(w(2))]), ["0", "2"]);
    assert_eq!(
        paths(&[[w(1), w(2)], [w(3), w(4)]]),
        ["0.0", "0.1", "1.0", "1.1"]
    );
    assert_eq!(
        paths(&(w(1), Relu, vec![linear(2, Some(3))])),
        ["0", "2.0.weight", "2.0.bias"]
    );
    let eight = (w(1), w(2), w(3), w(4), w(5), w(6), w(7), (w(8),));
    assert_eq!(paths(&eight)[6..], ["6", "7.0"]);
}

type Config = [Vec<u8>; 2];

/// Every form in which a field can mention the leaf parameter.
#[derive(Tree, Clone, Debug, PartialEq)]
#[tree(crate = "crate")]
#[allow(unused_parens, unused_qualifications)]
struct All<P> {
    leaf: P,
    option: Option<P>,
    list: Vec<P>,
    boxed: Box<P>,
    array: [P; 2],
    pair: (P, usize, Linear<P>),
    deep: Vec<Option<Box<[(P, std::option::Option<P>); 1]>>>,
    #[rustfmt::skip]
    paren: (P),
    single: (P,),
    layer: Linear<P>,
    layers: std::vec::Vec<Linear<P>>,
    by_path: crate::fields::Linear<P>,
    phantom: PhantomData<fn(P) -> P>,
    act: Relu,
    config: Config,
    unit: (),
    name: &'static str,
    #[tree(skip)]
    frozen: Linear,
}

#[test]
fn every_form_of_field() {
    let model = All {
        leaf: W(1),
        option: Some(W(2)),
        list: vec![W(3), W(4)],
        boxed: Box::new(W(5)),
        array: [W(6), W(7)],
        pair: (W(8), 0, linear(9, None)),
        deep: vec![None, Some(Box::new([(W(10), Some(W(11)))]))],
        paren: W(12),
        single: (W(13),),
        layer: linear(14, None),
        layers: vec![linear(15, None)],
        by_path: linear(16, None),
        phantom: PhantomData,
        act: Relu,
        config: [vec![1], vec![]],
        unit: (),
        name: "all",
        frozen: linear(0, None),
    };
    let (paths, values): (Vec<_>, Vec<_>) = laws(&model).into_iter().unzip();
    assert_eq!(
        paths.join(" "),
        "leaf option list.0 list.1 boxed array.0 array.1 pair.0 pair.2.weight \
         deep.1.0.0 deep.1.0.1 paren single.0 layer.weight layers.0.weight by_path.weight"
    );
    assert_eq!(values, (1..=16).collect::<Vec<_>>());
    let mapped: All<u8> = model.map_tree(|_, w| w.0 as u8);
    assert_eq!((mapped.name, &mapped.frozen), ("all", &model.frozen));
}

#[derive(Tree, Clone, Debug, PartialEq)]
#[tree(crate = "crate")]
struct Node<P> {
    value: P,
    next: Option<Box<Node<P>>>,
    children: Vec<Self>,
}

#[test]
fn recursion() {
    let node = |value, next, children| Node {
        value: W(value),
        next,
        children,
    };
    let child = node(3, None, vec![]);
    let list = node(1, Some(Box::new(node(2, None, vec![]))), vec![child]);
    assert_eq!(paths(&list), ["value", "next.value", "children.0.value"]);
}

#[derive(Tree, Clone, Debug, PartialEq)]
#[tree(crate = "crate")]
struct Newtype<P>(P, usize, Linear<P>);

#[test]
fn tuple_structs() {
    assert_eq!(paths(&Newtype(W(1), 2, linear(3, None))), ["0", "2.weight"]);
}
