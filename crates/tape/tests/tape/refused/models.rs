//! Trees, and models of tensors.

use wengert_tape::tree::{Path, StructureError, Tree, TreeExt};
use wengert_tape::{Bind, Model, Tape};
use wengert_tensor::Tensor;

use crate::refusals::{Place, check_errors, check_panics, errors, panics};

#[derive(Tree)]
struct Running<P = Tensor<f64>> {
    weight: P,
    #[tree(state)]
    mean: P,
}

fn running() -> Running {
    Running {
        weight: Tensor::ones([2]),
        mean: Tensor::ones([2]),
    }
}

/// So many leaves of this shape.
fn leaves(count: usize, dims: &[usize]) -> Vec<Tensor<f64>> {
    vec![Tensor::ones(dims); count]
}

/// A tree that shows two leaves to one walk and one to the other.
struct Liar([f64; 2]);

impl Tree<f64> for Liar {
    type With<Q> = [Q; 2];
    fn map_leaves<Q>(&self, path: &mut Path, f: &mut impl FnMut(&Path, &f64) -> Q) -> [Q; 2] {
        [f(path, &self.0[0]), f(path, &self.0[1])]
    }
    fn unmap_leaves<Q>(
        with: &[Q; 2],
        path: &mut Path,
        f: &mut impl FnMut(&Path, &Q) -> f64,
    ) -> Self {
        Liar([f(path, &with[0]), f(path, &with[1])])
    }
    fn visit_leaves(&self, path: &mut Path, f: &mut impl FnMut(&Path, &f64)) {
        f(path, &self.0[0]);
    }
    fn visit_leaves_mut(&mut self, path: &mut Path, f: &mut impl FnMut(&Path, &mut f64)) {
        f(path, &mut self.0[0]);
    }
    fn zip_leaves<Q>(
        &self,
        _: &[Q; 2],
        _: &mut Path,
        _: &mut impl FnMut(&Path, &f64, &Q),
    ) -> Result<(), StructureError> {
        Ok(())
    }
    fn zip_leaves_mut<Q>(
        &mut self,
        _: &[Q; 2],
        _: &mut Path,
        _: &mut impl FnMut(&Path, &mut f64, &Q),
    ) -> Result<(), StructureError> {
        Ok(())
    }
}

fn zip(count: usize, other: usize) -> Result<(), StructureError> {
    let other = leaves(other, &[]);
    leaves(count, &[]).zip_leaves(&other, &mut Path::new(), &mut |_, _, _| ())
}

fn zip_mut(count: usize, other: usize) -> Result<(), StructureError> {
    let other = leaves(other, &[]);
    leaves(count, &[]).zip_leaves_mut(&other, &mut Path::new(), &mut |_, _, _| ())
}

fn set_state(f: impl for<'t> Fn(&'t Tape<f64>, Running<wengert_tape::Var<'t, f64>>)) {
    let tape = Tape::new();
    f(&tape, running().bind(&tape));
}

#[test]
fn trees_return_errors() {
    check_errors(errors! {
        "Tree::zip_leaves": zip(2, 3) => "the trees differ at the root: length 2 beside 3";
        "Tree::zip_leaves": Some(Tensor::scalar(1.0)).zip_leaves(&None::<f64>, &mut Path::new(), &mut |_, _: &Tensor<f64>, _| ()) => "the trees differ at the root: `Some` beside `None`";
        "Tree::zip_leaves_mut": zip_mut(2, 1) => "the trees differ at the root: length 2 beside 1";
        "TreeExt::zip_tree": (leaves(1, &[]), leaves(2, &[])).zip_tree(&(leaves(1, &[]), leaves(3, &[])), |_, _: &Tensor<f64>, _| ()) => "the trees differ at `1`: length 2 beside 3";
        "TreeExt::zip_tree_mut": leaves(2, &[]).zip_tree_mut(&leaves(3, &[]), |_, _: &mut Tensor<f64>, _| ()) => "the trees differ at the root: length 2 beside 3";
        "TreeExt::rebuild": leaves(2, &[]).rebuild([1.0]) => "the tree has 2 leaves, and 1 were given";
        "TreeExt::rebuild": leaves(2, &[]).rebuild(0..) => "the tree has 2 leaves, and more were given";
        "Model::add_scaled": leaves(2, &[]).add_scaled(1.0, &leaves(3, &[])) => "the trees differ at the root: length 2 beside 3";
        "Model::dot": leaves(2, &[]).dot(&leaves(3, &[])) => "the trees differ at the root: length 2 beside 3";
    });
}

#[test]
fn models_panic() {
    check_panics(
        file!(),
        Place::Here,
        panics! {
            "Model::add_scaled": leaves(2, &[2]).add_scaled(1.0, &leaves(2, &[3])) => "the leaves `0` have different shapes: [2] and [3]";
            "Model::dot": leaves(2, &[2]).dot(&leaves(2, &[3])) => "the leaves `0` have different shapes: [2] and [3]";
            "Tape::set_state": set_state(|tape, m| tape.set_state(m.weight, m.mean)) => "set_state: the variable is no state leaf of a bound model";
            "Tape::set_state": set_state(|tape, m| tape.set_state(m.mean, tape.zeros([3]))) => "set_state: `mean` is [2], its new value [3]";
        },
    );
    check_panics(
        file!(),
        Place::Anywhere,
        panics! {
            "TreeExt::rebuild": Liar([1.0, 2.0]).rebuild([3.0]) => "every walk of a tree meets the same leaves";
        },
    );
}
