//! Which ops belong to which layer.

use std::collections::{BTreeMap, BTreeSet};

use wengert_tape::{PartRecord, Record};

use crate::look::graph::GraphNode;

/// Between the name of a part without parameters and its number, which tells it from others of the name.
const NUMBERED: char = '\0';

/// What each record belongs to, of the parts that its program told of: a layer by its path, or a part that has no parameter
/// and lies in none that has.
fn told(records: &[Record], parts: &[PartRecord], depth: usize) -> Vec<Option<String>> {
    let mut told: Vec<Option<String>> = vec![None; records.len()];
    let mut numbered: Vec<Option<String>> = vec![None; records.len()];
    // Inner parts come first.
    for (at, part) in parts.iter().enumerate() {
        let range = part.nodes.start..part.nodes.end.min(records.len());
        let inputs = records[range.clone()]
            .iter()
            .flat_map(|record| record.inputs.iter().map(|&input| &records[input]));
        let paths: Vec<&str> = inputs.filter_map(|input| input.leaf.as_deref()).collect();
        let name = match layer_of(&paths, depth) {
            Together::Layer(name) => name,
            Together::Several => continue,
            // The outermost such part has the last word.
            Together::Nothing => {
                let name = format!("{}{NUMBERED}{at}", part.name);
                numbered[range].fill(Some(name));
                continue;
            }
        };
        for place in range {
            told[place].get_or_insert_with(|| name.clone());
        }
    }
    let both = told.into_iter().zip(numbered);
    both.map(|(told, numbered)| told.or(numbered)).collect()
}

/// What the parameters of a part are together.
enum Together {
    /// Of one layer, or of layers that are one at this depth.
    Layer(String),
    /// Of layers that are shown apart: what else the part does belongs to none of them.
    Several,
    /// There is none.
    Nothing,
}

/// What parameters with these paths are together.
fn layer_of(paths: &[&str], depth: usize) -> Together {
    let parent = |path: &&str| -> Vec<String> {
        let parts: Vec<&str> = path.split('.').collect();
        let parents = &parts[..parts.len() - 1];
        parents[..parents.len().min(depth)]
            .iter()
            .map(|part| (*part).to_owned())
            .collect()
    };
    let mut layers = paths.iter().map(parent);
    let Some(first) = layers.next() else {
        return Together::Nothing;
    };
    match layers.all(|layer| layer == first) {
        false => Together::Several,
        true if first.is_empty() => Together::Layer("model".to_owned()),
        true => Together::Layer(first.join(".")),
    }
}

/// A layer's name for each record that belongs to one.
fn owners(records: &[Record], parts: &[PartRecord], depth: usize) -> Vec<Option<String>> {
    let told = told(records, parts, depth);
    // The program's own file: what it does between layers belongs to none.
    let program = records.last().map(|record| record.location.file());
    let mut owners: Vec<Option<String>> = Vec::with_capacity(records.len());
    // Whether a value is made of parameters alone.
    let mut fixed: Vec<bool> = Vec::with_capacity(records.len());
    for (at, record) in records.iter().enumerate() {
        let parameters = || {
            record
                .inputs
                .iter()
                .filter(|&&input| fixed[input] && owners[input].is_some())
        };
        let is_fixed = record.leaf.is_some()
            || (!record.inputs.is_empty() && record.inputs.iter().all(|&input| fixed[input]));
        let owner = if let Some(path) = &record.leaf {
            layer(path, depth)
        } else if !record.path.is_empty() && !record.inputs.is_empty() {
            Some(record.path.clone())
        } else if parameters().next().is_some() {
            let names: Vec<&str> = parameters()
                .filter_map(|&input| owners[input].as_deref())
                .collect();
            Some(common(&names))
        } else if told[at].is_some() {
            told[at].clone()
        } else if record.inputs.is_empty() || Some(record.location.file()) == program {
            None
        } else {
            // A layer's file goes on with what its first ops made.
            let own = |&&input: &&usize| {
                let from: &Record = &records[input];
                !from.inputs.is_empty() && from.location.file() == record.location.file()
            };
            record
                .inputs
                .iter()
                .filter(own)
                .find_map(|&input| owners[input].clone())
        };
        owners.push(owner);
        fixed.push(is_fixed);
    }
    owners
}

/// The layer of a parameter: its path without the last part, and no more than so many parts. What stands at the root is
/// the model's own.
fn layer(path: &str, depth: usize) -> Option<String> {
    let parts: Vec<&str> = path.split('.').collect();
    match parts.len() - 1 {
        0 => Some("model".to_owned()),
        count => Some(parts[..count.min(depth)].join(".")),
    }
}

/// What paths have in common, or the last of them.
fn common(paths: &[&str]) -> String {
    let Some((first, rest)) = paths.split_first() else {
        return String::new();
    };
    let mut parts: Vec<&str> = first.split('.').collect();
    for path in rest {
        let same = parts
            .iter()
            .zip(path.split('.'))
            .take_while(|(a, b)| **a == *b);
        parts.truncate(same.count());
    }
    match parts.is_empty() {
        true => paths.last().copied().unwrap_or("").to_owned(),
        false => parts.join("."),
    }
}

/// Gives ops that come from one layer alone, or from data, and lead to one layer alone, to that layer.
fn absorb(records: &[Record], owners: &mut [Option<String>]) {
    // Ops without a layer that hang together, by the first of them.
    let mut first: Vec<usize> = (0..records.len()).collect();
    fn root(first: &mut [usize], mut at: usize) -> usize {
        while first[at] != at {
            first[at] = first[first[at]];
            at = first[at];
        }
        at
    }
    let free = |owners: &[Option<String>], at: usize| {
        owners[at].is_none() && !records[at].inputs.is_empty()
    };
    for at in 0..records.len() {
        for &input in &records[at].inputs {
            if free(owners, at) && free(owners, input) {
                let (a, b) = (root(&mut first, at), root(&mut first, input));
                first[a.max(b)] = a.min(b);
            }
        }
    }
    let mut before: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    let mut behind: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    // What leads nowhere is no layer's.
    let mut open = BTreeSet::new();
    let mut used = vec![false; records.len()];
    for at in 0..records.len() {
        for &input in &records[at].inputs {
            used[input] = true;
            let given = records[input].inputs.is_empty();
            match (free(owners, input), free(owners, at)) {
                (false, true) if !given => {
                    let name = owners[input].clone().unwrap_or_default();
                    before.entry(root(&mut first, at)).or_default().insert(name);
                }
                (true, false) => {
                    let name = owners[at].clone().unwrap_or_default();
                    behind
                        .entry(root(&mut first, input))
                        .or_default()
                        .insert(name);
                }
                _ => {}
            }
        }
    }
    for at in 0..records.len() {
        if free(owners, at) && !used[at] {
            open.insert(root(&mut first, at));
        }
    }
    for at in 0..records.len() {
        let of = root(&mut first, at);
        let Some(to) = behind.get(&of).filter(|to| to.len() == 1) else {
            continue;
        };
        let around = before.get(&of).is_none_or(|from| from == to);
        if free(owners, at) && !open.contains(&of) && around {
            owners[at] = to.first().cloned();
        }
    }
}

/// One node for each layer, and for each op, parameter and constant that belongs to none.
pub(crate) fn layers(
    nodes: &[GraphNode],
    records: &[Record],
    parts: &[PartRecord],
    depth: usize,
) -> Vec<GraphNode> {
    let mut owners = owners(records, parts, depth);
    absorb(records, &mut owners);
    let mut collapsed: Vec<GraphNode> = Vec::new();
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    // Where each record went.
    let mut place: Vec<Option<usize>> = vec![None; records.len()];
    for (at, record) in records.iter().enumerate() {
        let node = &nodes[at];
        let given = record.inputs.is_empty();
        if given && (record.leaf.is_some() && owners[at].is_some() || record.shape.size() == 1) {
            // It shows in the layer that uses it, or is a number.
            continue;
        }
        let to = match &owners[at] {
            Some(name) => *by_name.entry(name).or_insert_with(|| {
                let (ops, inputs, bytes) = (Vec::new(), Vec::new(), 0);
                let name = name.split(NUMBERED).next().unwrap_or_default().to_owned();
                collapsed.push(GraphNode {
                    name,
                    ops,
                    inputs,
                    bytes,
                    ..node.clone()
                });
                collapsed.len() - 1
            }),
            None => {
                let (ops, inputs, bytes) = (Vec::new(), Vec::new(), 0);
                collapsed.push(GraphNode {
                    ops,
                    inputs,
                    bytes,
                    ..node.clone()
                });
                collapsed.len() - 1
            }
        };
        place[at] = Some(to);
        let inputs: Vec<usize> = record
            .inputs
            .iter()
            .filter_map(|&input| place[input])
            .collect();
        let layer = &mut collapsed[to];
        layer.shape = node.shape.clone();
        layer.bytes += node.bytes;
        layer.needs_grad |= node.needs_grad;
        for &(op, times) in &node.ops {
            match layer.ops.iter_mut().find(|(known, _)| *known == op) {
                Some((_, count)) => *count += times,
                None => layer.ops.push((op, times)),
            }
        }
        for input in inputs {
            if input != to && !layer.inputs.contains(&input) {
                layer.inputs.push(input);
            }
        }
    }
    collapsed
}
