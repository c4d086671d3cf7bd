use crate::{
    Tree, TreeExt, W, difference,
    fields::{Linear, linear},
    laws, paths,
};

#[derive(Tree, Clone, Debug, PartialEq)]
#[tree(crate = "crate")]
enum Layer<P = W> {
    Relu,
    Dense(Linear<P>),
    Scale {
        by: P,
        offset: Option<P>,
        times: usize,
    },
    Chain(Vec<Layer<P>>, f64),
}

#[derive(Tree, Clone, Debug, PartialEq)]
#[tree(crate = "crate")]
enum Never {}

#[derive(Tree, Clone, Debug, PartialEq)]
#[tree(crate = "crate")]
enum Either<A, B> {
    Left(A),
    Right(B),
}

#[derive(Tree, Clone, Debug, PartialEq)]
#[tree(crate = "crate")]
enum Only<P> {
    One(P),
}

#[test]
fn variants() {
    let scale = Layer::Scale {
        by: W(2),
        offset: None,
        times: 3,
    };
    let chain = Layer::Chain(vec![Layer::Relu, scale, Layer::Dense(linear(1, None))], 0.5);
    assert_eq!(paths(&chain), ["0.1.by", "0.2.0.weight"]);
    let mapped: Layer<String> = chain.map_tree(|_, w| w.0.to_string());
    let Layer::Chain(layers, rate) = mapped else {
        panic!("another variant")
    };
    assert_eq!((layers.len(), rate), (3, 0.5));
    assert!(laws(&Layer::Relu).is_empty());
    assert_eq!(paths(&Only::One(W(1))), ["0"]);
    let right = Either::<W, Vec<W>>::Right(vec![W(1)]);
    let text = "the trees differ at the root: `Left` beside `Right`";
    assert_eq!(difference(&mut Either::Left(W(0)), &right), text);
    assert_eq!(paths(&right), ["0.0"]);
    assert!(laws(&None::<Never>).is_empty());
}

#[test]
fn different_variants() {
    let mut left = [Layer::Relu, Layer::Dense(linear(1, None))];
    let right = [Layer::Relu, Layer::Relu];
    let text = "the trees differ at `1`: `Dense` beside `Relu`";
    assert_eq!(difference(&mut left, &right), text);
    let text = "the trees differ at the root: `Relu` beside `Dense`";
    assert_eq!(difference(&mut left[0].clone(), &left[1]), text);
}
