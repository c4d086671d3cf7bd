//! `Graph`: what a step recorded.

use std::fmt::Write;

use wengert_tape::{PartRecord, Record, Tape};
use wengert_tensor::{Float, Shape};

use crate::look::collapse;
use crate::look::graph_svg;
use crate::look::summary::thousands;
use crate::look::xml::short;

/// A value of a graph, or all values of a layer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct GraphNode {
    /// What it is called: the op, the path of a parameter, or the layer.
    pub name: String,
    /// The ops, in the order in which they were first recorded, with how often each was; empty for what is given.
    pub ops: Vec<(&'static str, usize)>,
    /// The shape of the value; of a layer that of its last one.
    pub shape: Shape,
    /// Where the program recorded it, `layers/linear.rs:52`; of a layer the first op.
    pub line: String,
    /// The nodes whose values go into it.
    pub inputs: Vec<usize>,
    /// The bytes that its values take on the tape.
    pub bytes: usize,
    /// Whether a gradient flows through it.
    pub needs_grad: bool,
}

/// What a tape has recorded: values, and which of them went into which.
///
/// A step forgets what it recorded, so that its graph is taken inside:
///
/// ```
/// use wengert_nn::look::Graph;
/// use wengert_nn::{Linear, Tanh, Forward};
/// use wengert_tape::Tape;
/// use wengert_tensor::{Rng, Tensor};
///
/// let mut rng = Rng::seed_from_u64(1);
/// let model = (Linear::new(2, 3, &mut rng), Tanh, Linear::new(3, 1, &mut rng));
/// let x = Tensor::zeros([5, 2]);
/// let (_, graph, _) = Tape::new().value_and_grad_aux(&model, |t, m| {
///     let loss = m.forward(t.constant(&x)).mean();
///     (loss, Graph::of(t))
/// });
/// let names: Vec<_> = graph.layers(1).nodes().iter().map(|node| node.name.clone()).collect();
/// assert_eq!(names, ["constant", "0", "tanh", "2", "mean"]);
/// assert!(graph.dot().starts_with("digraph"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[doc(alias("make_dot", "torchviz", "computation graph", "jaxpr"))]
pub struct Graph {
    pub(crate) nodes: Vec<GraphNode>,
    records: Vec<Record>,
    parts: Vec<PartRecord>,
}

impl Graph {
    /// What the tape has recorded since its reset.
    pub fn of<T: Float>(tape: &Tape<T>) -> Self {
        let records = tape.records();
        let node = |record: &Record| {
            let given = record.inputs.is_empty();
            let name = match &record.leaf {
                Some(path) if !path.is_empty() => path.clone(),
                Some(_) => "model".to_owned(),
                None if given && record.op == "leaf" && !record.needs_grad => "constant".to_owned(),
                None => record.op.to_owned(),
            };
            let ops = if given { vec![] } else { vec![(record.op, 1)] };
            GraphNode {
                name,
                ops,
                shape: record.shape.clone(),
                line: short(record.location),
                inputs: record.inputs.clone(),
                bytes: record.bytes,
                needs_grad: record.needs_grad,
            }
        };
        Graph {
            nodes: records.iter().map(node).collect(),
            records,
            parts: tape.parts(),
        }
    }

    /// The nodes; what goes into a node comes before it, but for layers that are used again.
    pub fn nodes(&self) -> &[GraphNode] {
        &self.nodes
    }

    /// The graph with one node for each layer: for what one call of a layer recorded (a [part](wengert_tape::Tape::part), which the
    /// layers here are, and those of a program can be), for the ops that use parameters whose paths begin with the same
    /// parts (at most `depth`), and what lies between them. Names that [`Tape::named`](wengert_tape::Tape::named) gave are layers
    /// too. A part without parameters, as dropout, is a node of its own for each call, unless it lies in a layer. Other ops
    /// stay as they are; numbers that are constant are left out. Collapsing again has no effect.
    pub fn layers(&self, depth: usize) -> Graph {
        let nodes = match self.records.is_empty() {
            true => self.nodes.clone(),
            false => collapse::layers(&self.nodes, &self.records, &self.parts, depth.max(1)),
        };
        Graph {
            nodes,
            records: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// A line for each node: its number, what it is, its shape, where it comes from, and its place in the source.
    pub fn text(&self) -> String {
        let rows: Vec<[String; 5]> = self
            .nodes
            .iter()
            .enumerate()
            .map(|(at, node)| {
                let inputs: Vec<String> = node.inputs.iter().map(usize::to_string).collect();
                let from = if inputs.is_empty() {
                    String::new()
                } else {
                    format!("from {}", inputs.join(", "))
                };
                let name = match ops(node) {
                    Some(ops) => format!("{} ({ops})", node.name),
                    None => node.name.clone(),
                };
                [
                    at.to_string(),
                    name,
                    node.shape.to_string(),
                    from,
                    node.line.clone(),
                ]
            })
            .collect();
        let width = |column: usize| {
            let widths = rows.iter().map(|row| row[column].chars().count());
            widths.max().unwrap_or(0).min(60)
        };
        let [a, b, c, d] = [0, 1, 2, 3].map(width);
        let mut text = String::new();
        for [number, name, shape, from, line] in &rows {
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "{number:>a$}  {name:b$}  {shape:c$}  {from:d$}  {line}"
            );
        }
        text
    }

    /// The graph in the language of Graphviz: `dot -Tsvg`.
    #[doc(alias = "graphviz")]
    pub fn dot(&self) -> String {
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let mut text = "digraph step {\n  node [shape=box, style=\"rounded,filled\", \
                        fontname=\"sans-serif\", fontsize=11];\n"
            .to_owned();
        for (at, node) in self.nodes.iter().enumerate() {
            let label: Vec<String> = label(node).iter().map(|line| quoted(line)).collect();
            let color = graph_svg::color(node);
            let _ = writeln!(
                text,
                "  n{at} [label=\"{}\", fillcolor=\"{color}\"];",
                label.join("\\n")
            );
        }
        for (at, node) in self.nodes.iter().enumerate() {
            for input in &node.inputs {
                let shape = quoted(&self.nodes[*input].shape.to_string());
                let _ = writeln!(text, "  n{input} -> n{at} [label=\"{shape}\", fontsize=9];");
            }
        }
        text + "}\n"
    }

    /// The graph as a picture, from the top down: parameters green, constants gray, ops white, layers blue.
    pub fn svg(&self) -> String {
        graph_svg::svg(&self.nodes)
    }
}

/// The ops of a layer, unless it is a single one that has its name.
fn ops(node: &GraphNode) -> Option<String> {
    let total: usize = node.ops.iter().map(|&(_, times)| times).sum();
    match node.ops.first() {
        None => None,
        Some(&(op, 1)) if node.ops.len() == 1 && op == node.name => None,
        Some(_) => {
            let shown = node.ops.iter().take(4).map(|&(op, times)| match times {
                1 => op.to_owned(),
                _ => format!("{op} ×{}", thousands(times)),
            });
            let mut shown: Vec<String> = shown.collect();
            if node.ops.len() > 4 {
                shown.push("…".to_owned());
            }
            let count = if total == 1 {
                String::new()
            } else {
                format!("{} ops: ", thousands(total))
            };
            Some(format!("{count}{}", shown.join(", ")))
        }
    }
}

/// What stands in a node's box.
pub(crate) fn label(node: &GraphNode) -> Vec<String> {
    let mut lines = vec![node.name.clone()];
    lines.extend(ops(node));
    lines.push(node.shape.to_string());
    if !node.ops.is_empty() {
        lines.push(node.line.clone());
    }
    lines
}
