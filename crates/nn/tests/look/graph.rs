//! Graphs of steps.

use wengert_nn::look::Graph;
use wengert_nn::transformer::TransformerEncoderLayer;
use wengert_nn::{
    BatchNorm, Dropout, Forward, LayerNorm, Linear, Lstm, Relu, Residual, RmsNorm, Tanh,
};
use wengert_tape::compose::cross_entropy;
use wengert_tape::{Bind, Tape};
use wengert_tensor::{Rng, Tensor};

fn rng() -> Rng {
    Rng::seed_from_u64(1)
}

fn names(graph: &Graph) -> Vec<&str> {
    graph
        .nodes()
        .iter()
        .map(|node| node.name.as_str())
        .collect()
}

fn inputs(graph: &Graph, name: &str) -> Vec<String> {
    let node = graph.nodes().iter().find(|node| node.name == name);
    let node = node.unwrap_or_else(|| panic!("no {name} in {:?}", names(graph)));
    let name = |input: &usize| graph.nodes()[*input].name.clone();
    node.inputs.iter().map(name).collect()
}

/// What one can tell of a picture without eyes: tags that open and close, and nothing unescaped.
fn is_xml(svg: &str) {
    let mut open = Vec::new();
    for part in svg.split('<').skip(1) {
        let (tag, text) = part.split_once('>').expect("a tag ends");
        assert!(!text.contains('>'), "{text}");
        for entity in text.split('&').skip(1) {
            assert!(
                ["amp;", "lt;", "gt;", "quot;"]
                    .iter()
                    .any(|known| entity.starts_with(known))
            );
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag
            .trim_start_matches('/')
            .split([' ', '/'])
            .next()
            .unwrap_or("");
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(closed));
        } else if !tag.ends_with('/') {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
}

#[test]
fn ops_one_by_one() {
    let tape = Tape::<f32>::new();
    let layer = Linear::new(2, 3, &mut rng()).bind(&tape);
    let x = tape.constant(&Tensor::ones([4, 2]));
    let _ = (layer.forward(x) * 2.0).tanh();
    let graph = Graph::of(&tape);
    assert_eq!(names(&graph)[..3], ["weight", "bias", "constant"]);
    assert_eq!(graph.nodes().last().expect("nodes").name, "tanh");
    let text = graph.text();
    assert_eq!(text.lines().count(), graph.nodes().len());
    assert!(text.contains("look/graph.rs:"), "{text}");
    assert!(text.lines().all(|line| line.contains('[')), "{text}");
    for (at, node) in graph.nodes().iter().enumerate() {
        assert!(node.inputs.iter().all(|&input| input < at));
    }
    let dot = graph.dot();
    assert_eq!(
        dot.matches(" -> ").count(),
        graph
            .nodes()
            .iter()
            .map(|node| node.inputs.len())
            .sum::<usize>()
    );
    is_xml(&graph.svg());
    assert_eq!(graph.layers(1).layers(1), graph.layers(1));
}

#[test]
fn layers_hold_their_ops() {
    let mut rng = rng();
    let model = (
        Linear::new(4, 8, &mut rng),
        Relu,
        Residual(Linear::new(8, 8, &mut rng)),
        LayerNorm::new(8),
        Linear::new(8, 3, &mut rng),
    );
    let (x, labels) = (Tensor::ones([5, 4]), Tensor::from([0, 1, 2, 0, 1]));
    let step = Tape::new().value_and_grad_aux(&model, |t, m| {
        let loss = cross_entropy(m.forward(t.constant(&x)), &labels);
        (loss, Graph::of(t))
    });
    let graph = step.1.layers(1);
    let found = names(&graph);
    for layer in ["0", "relu", "2", "3", "4"] {
        assert_eq!(
            found.iter().filter(|name| **name == layer).count(),
            1,
            "{found:?}"
        );
    }
    assert_eq!(inputs(&graph, "0"), ["constant"]);
    assert_eq!(inputs(&graph, "relu"), ["0"]);
    assert_eq!(inputs(&graph, "4"), ["3"]);
    let bytes = |graph: &Graph| graph.nodes().iter().map(|node| node.bytes).sum::<usize>();
    assert!(bytes(&graph) <= bytes(&step.1));
    // A norm's first ops know no parameter, and lie in its part; a sum around a layer, and the loss, in none.
    let loss = ["log_softmax", "gather", "reshape", "neg", "sum", "div"];
    let layers = ["constant", "0", "relu", "2", "add", "3", "4"];
    assert_eq!(found, [&layers[..], &loss].concat());
    assert_eq!(inputs(&graph, "3"), ["add"]);
    assert!(step.1.nodes().len() > found.len());
    is_xml(&graph.svg());
}

/// Every kind of norm, in training and not, is one node between its neighbors; so is a whole transformer layer.
#[test]
fn layers_without_a_recurrent_core_are_one_node() {
    let mut rng = rng();
    let norms = (
        Linear::new(4, 8, &mut rng),
        (BatchNorm::new(8), RmsNorm::new(8), LayerNorm::new(8)),
        Linear::new(8, 8, &mut rng),
        TransformerEncoderLayer::new(8, 2, 16, &mut rng).with_dropout(0.2),
        Dropout::new(0.5),
        Dropout::new(0.3),
        Linear::new(8, 1, &mut rng),
    );
    let x = Tensor::ones([5, 3, 4]);
    let graph = |training: bool| {
        let tape = Tape::<f32>::new();
        tape.set_training(training);
        let (first, (a, b, c), second, layer, drop, again, last) = norms.bind(&tape);
        let y = c.forward(b.forward(a.forward(first.forward(tape.constant(&x)))));
        let y = layer.forward(second.forward(y), None);
        let _ = last.forward(again.forward(drop.forward(y)));
        Graph::of(&tape)
    };
    let fine = graph(true).layers(2);
    for layer in ["1.0", "1.1", "1.2", "3.attention", "3.feed_forward"] {
        let found = names(&fine);
        assert_eq!(
            found.iter().filter(|name| **name == layer).count(),
            1,
            "{found:?}"
        );
    }
    assert_eq!(inputs(&fine, "1.0"), ["0"]);
    assert_eq!(inputs(&fine, "1.1"), ["1.0"]);
    assert_eq!(inputs(&fine, "1.2"), ["1.1"]);
    assert_eq!(inputs(&fine, "3.attention"), ["2"]);
    // The sums around the parts of the transformer layer belong to none of them.
    assert!(!names(&fine).contains(&"3"), "{}", fine.text());
    let whole = graph(true).layers(1);
    assert_eq!(
        names(&whole),
        ["constant", "0", "1", "2", "3", "dropout", "dropout", "6"]
    );
    assert_eq!(inputs(&whole, "3"), ["2"], "{}", whole.text());
    assert_eq!(inputs(&whole, "6"), ["dropout"]);
    assert_eq!(
        names(&graph(false).layers(1)),
        ["constant", "0", "1", "2", "3", "6"]
    );
    // The masks of dropout are counted where they are used.
    let all = graph(true);
    let bytes = |graph: &Graph| graph.nodes().iter().map(|node| node.bytes).sum::<usize>();
    let left_out = all.nodes().iter().filter(|node| {
        let names = ["weight", "bias", "mean", "variance"];
        let parameter = names.iter().any(|name| node.name.ends_with(name));
        node.inputs.is_empty() && (parameter || node.shape.size() == 1)
    });
    let left_out: usize = left_out.map(|node| node.bytes).sum();
    assert_eq!(bytes(&all), bytes(&whole) + left_out);
}

#[test]
fn a_recurrent_layer_is_one_node() {
    let mut rng = rng();
    let model = (Lstm::new(3, 4, &mut rng), Linear::new(4, 1, &mut rng));
    let x = Tensor::ones([2, 30, 3]);
    let step = Tape::new().value_and_grad_aux(&model, |t, m| {
        let y = m.1.forward(m.0.last(t.constant(&x), None).h());
        ((y * y).mean(), Graph::of(t))
    });
    let graph = step.1.layers(1);
    let found = names(&graph);
    assert_eq!(
        found.iter().filter(|name| **name == "0").count(),
        1,
        "{found:?}"
    );
    assert!(found.len() <= 7, "{}", graph.text());
    assert!(
        inputs(&graph, "1").contains(&"0".to_owned()),
        "{}",
        graph.text()
    );
    assert!(step.1.nodes().len() > 60);
}

/// A layer that is used twice, and names that the program gave.
#[test]
fn layers_again_and_names() {
    let model = [Linear::new(2, 2, &mut rng()), Linear::new(2, 2, &mut rng())];
    let tape = Tape::<f32>::new();
    let [a, b] = model.bind(&tape);
    let x = tape.constant(&Tensor::ones([3, 2]));
    let _ = a.forward(b.forward(Tanh.forward(a.forward(x)))).sum();
    let graph = Graph::of(&tape).layers(9);
    let back =
        |node: &wengert_nn::look::GraphNode, at: usize| node.inputs.iter().any(|&input| input > at);
    assert!(
        graph
            .nodes()
            .iter()
            .enumerate()
            .any(|(at, node)| back(node, at)),
        "{}",
        graph.text()
    );
    is_xml(&graph.svg());

    let tape = Tape::<f32>::new();
    let x = tape.leaf(&Tensor::ones([3]));
    let y = tape.named("a \"part\" <&>\\", || (x * x).exp());
    let _ = Dropout::new(0.5).forward(y).sum();
    let graph = Graph::of(&tape).layers(1);
    assert!(names(&graph).contains(&"a \"part\" <&>\\"));
    is_xml(&graph.svg());
    assert!(graph.dot().contains("a \\\"part\\\" <&>\\\\"));
}

#[test]
fn an_empty_tape() {
    let graph = Graph::of(&Tape::<f64>::new());
    assert!(graph.nodes().is_empty() && graph.text().is_empty());
    is_xml(&graph.svg());
    is_xml(&graph.layers(1).svg());
}
