use std::marker::PhantomData;

use crate::{
    Tree, TreeExt, W,
    fields::{Linear, linear},
    laws, paths,
};

#[derive(Tree, Clone, Debug, PartialEq)]
#[tree(crate = "crate")]
struct Residual<M> {
    inner: M,
}

#[derive(Tree, Clone, Debug, PartialEq)]
#[tree(crate = "crate")]
struct Stack<M, N = ()> {
    first: Residual<M>,
    rest: Vec<N>,
    last: Option<Pair<M, N>>,
}

#[derive(Tree, Clone, Debug, PartialEq)]
#[tree(crate = "crate")]
struct Pair<A, B>(A, B);

/// A leaf parameter beside a subtree in somebody else's generic type, as in a decoder of any cell.
#[derive(Tree, Clone, Debug, PartialEq)]
#[tree(crate = "crate")]
struct Headed<M, P> {
    body: Residual<M>,
    head: P,
}

#[test]
fn parameters_within_types_as_subtrees() {
    let headed = Headed {
        body: Residual {
            inner: linear(1, None),
        },
        head: W(2),
    };
    assert_eq!(paths(&headed), ["body.inner.weight", "head"]);
    let bound: Headed<Linear<String>, String> = headed.map_tree(|_, w| w.0.to_string());
    assert_eq!((&bound.body.inner.weight[..], &bound.head[..]), ("1", "2"));
}

#[test]
fn parameters_as_subtrees() {
    let residual = Residual {
        inner: linear(1, None),
    };
    assert_eq!(paths(&residual), ["inner.weight"]);
    let bound: Residual<Linear<String>> = residual.map_tree(|_, w| w.0.to_string());
    assert_eq!(bound.inner.weight, "1");

    let stack = Stack {
        first: residual,
        rest: vec![W(2)],
        last: Some(Pair(linear(3, None), W(4))),
    };
    let expected = ["first.inner.weight", "rest.0", "last.0.weight", "last.1"];
    assert_eq!(paths(&stack), expected);
}

/// A leaf parameter beside a subtree and configuration.
#[derive(Tree, Clone, Debug, PartialEq)]
#[tree(crate = "crate")]
struct Seq<P, A, C> {
    scale: P,
    body: A,
    wrapped: Residual<A>,
    both: Option<Pair<Linear<P>, A>>,
    #[tree(skip)]
    config: Vec<C>,
    marker: PhantomData<C>,
}

#[test]
fn parameters_beside_the_leaf() {
    let seq = Seq {
        scale: W(1),
        body: vec![W(2)],
        wrapped: Residual { inner: vec![W(3)] },
        both: Some(Pair(linear(4, None), vec![])),
        config: vec!["x"],
        marker: PhantomData,
    };
    assert_eq!(
        paths(&seq),
        ["scale", "body.0", "wrapped.inner.0", "both.0.weight"]
    );
    let mapped: Seq<u8, Vec<u8>, &str> = seq.map_tree(|_, w| w.0 as u8);
    assert_eq!((mapped.body, mapped.config), (vec![2], vec!["x"]));
}

/// A skipped parameter keeps its bounds.
#[derive(Tree, Clone, Debug, PartialEq)]
#[tree(crate = "crate", leaf = L)]
struct Everything<'a, L, #[tree(skip)] C: Copy, const N: usize = 2, P = u8>
where
    C: Into<f64>,
{
    name: &'a str,
    table: &'a [C],
    weights: [L; N],
    extra: Vec<P>,
    config: Config<C>,
}

#[derive(Clone, Debug, PartialEq)]
struct Config<C>(C);

#[test]
fn lifetimes_constants_and_clauses() {
    let name = String::from("name");
    let model: Everything<'_, W, f32, 3, W> = Everything {
        name: &name,
        table: &[1.0],
        weights: [W(1), W(2), W(3)],
        extra: vec![W(4)],
        config: Config(0.5),
    };
    assert_eq!(
        paths(&model),
        ["weights.0", "weights.1", "weights.2", "extra.0"]
    );
    let mapped: Everything<'_, i64, f32, 3, i64> = model.map_tree(|_, w| w.0.into());
    assert_eq!((mapped.weights, mapped.config), ([1, 2, 3], Config(0.5)));
}

/// The walks work for any model, as optimizers and files need them.
fn double<M: Tree<W>>(model: &mut M) -> M::With<i32> {
    let values = model.map_tree(|_, w| w.0);
    let result = model.zip_tree_mut(&values, |_, w, value| w.0 += value);
    assert_eq!(result, Ok(()));
    values
}

#[test]
fn generic_functions() {
    let mut model = (linear(1, Some(2)), vec![W(3)]);
    let (layer, list): (Linear<i32>, Vec<i32>) = double(&mut model);
    assert_eq!((layer.bias, list), (Some(2), vec![3]));
    let values: Vec<_> = laws(&model).into_iter().map(|(_, w)| w).collect();
    assert_eq!(values, [2, 4, 6]);
}

#[test]
fn types_know_whether_they_hold_leaves() {
    use crate::tree::detail::{Probe, Silent as _};
    const { assert!(Probe::<W>::ANY) };
    const { assert!(Probe::<Linear<i32>>::ANY) };
    const { assert!(Probe::<Option<Vec<Box<[W; 2]>>>>::ANY) };
    const { assert!(Probe::<Residual<Pair<(), W>>>::ANY) };
    const { assert!(!Probe::<Residual<Pair<(), PhantomData<W>>>>::ANY) };
    const { assert!(!Probe::<Vec<f64>>::ANY) };
}
