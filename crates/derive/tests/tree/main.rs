//! `#[derive(Tree)]` on every kind of type, with the trait of the tape crate.

#![allow(clippy::unwrap_used)]

// The tape's own source, so that these tests need nothing else of that crate.
#[path = "../../../tape/src/model"]
#[allow(dead_code)]
mod tape {
    pub mod tree;
}
use tape::tree::{self, StructureError, Tree, TreeExt, leaf};

mod enums;
mod fields;
mod generics;
mod paths;
mod zips;

/// A leaf.
#[derive(Clone, Debug, PartialEq)]
pub struct W(pub i32);
leaf!(W);

/// Walks a tree in all six ways and compares what they meet. Returns the paths
/// and values of the leaves.
pub fn laws<M>(model: &M) -> Vec<(String, i32)>
where
    M: Tree<W> + Clone + PartialEq + std::fmt::Debug,
{
    let mut visited = Vec::new();
    model.visit_tree(|path, w| visited.push((path.to_string(), path.is_state(), w.0)));

    let mut mapped = Vec::new();
    let mirror = model.map_tree(|path, w| {
        mapped.push((path.to_string(), path.is_state(), w.0));
        w.0.to_string()
    });
    assert_eq!(mapped, visited);

    let mut unmapped = Vec::new();
    let back = M::unmap_tree(&mirror, |path, text| {
        let value = text.parse().unwrap();
        unmapped.push((path.to_string(), path.is_state(), value));
        W(value)
    });
    assert_eq!(unmapped, visited);
    assert_eq!(&back, model);

    let mut zipped = Vec::new();
    let result = model.zip_tree(&mirror, |path, w, text| {
        assert_eq!(&w.0.to_string(), text);
        zipped.push((path.to_string(), path.is_state(), w.0));
    });
    assert_eq!((result, &zipped), (Ok(()), &visited));

    let mut other = model.clone();
    let mut changed = Vec::new();
    other.visit_tree_mut(|path, w| {
        changed.push((path.to_string(), path.is_state(), w.0));
        w.0 += 1;
    });
    assert_eq!(changed, visited);

    let mut restored = Vec::new();
    let result = other.zip_tree_mut(&mirror, |path, w, text| {
        w.0 = text.parse().unwrap();
        restored.push((path.to_string(), path.is_state(), w.0));
    });
    assert_eq!((result, restored), (Ok(()), visited.clone()));
    assert_eq!(&other, model);

    let leaves = model.leaves();
    assert_eq!(leaves.len(), model.leaf_count());
    let again = model.rebuild(leaves).unwrap();
    assert_eq!(M::unmap_tree(&again, |_, w: &W| w.clone()), *model);

    visited.into_iter().map(|(path, _, w)| (path, w)).collect()
}

/// The paths alone.
pub fn paths<M>(model: &M) -> Vec<String>
where
    M: Tree<W> + Clone + PartialEq + std::fmt::Debug,
{
    laws(model).into_iter().map(|(path, _)| path).collect()
}

/// What both zips say of two trees whose structures differ.
pub fn difference<M: Tree<W>>(left: &mut M, right: &M) -> String {
    let right = right.map_tree(|_, w| w.0);
    let mut met = 0;
    let error = left.zip_tree(&right, |_, _, _| met += 1).unwrap_err();
    let mut met_mut = 0;
    let again = left.zip_tree_mut(&right, |_, _, _| met_mut += 1);
    assert_eq!(
        (again, met_mut),
        (Err::<(), StructureError>(error.clone()), met)
    );
    error.to_string()
}
