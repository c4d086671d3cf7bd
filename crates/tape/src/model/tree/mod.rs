//! Models as trees of their leaves.
//!
//! A model is generic in its leaf: `Linear<Tensor>` is the stored weights,
//! `Linear<Var>` the same layer bound to a tape, `Linear<Option<Tensor>>` its
//! gradients. [`Tree`] leads from one to the other and walks the leaves in a
//! fixed order, the order of the fields. `#[derive(Tree)]` writes it.
//!
//! Every leaf has a [`Path`] such as `rnn.cells.0.weight`:
//!
//! - a named field adds its name (or what `#[tree(rename = "…")]` says), a field
//!   of a tuple or of a tuple struct its index;
//! - an element of a `Vec` or of an array adds its index;
//! - `Option`, `Box` and the name of an enum's variant add nothing, so a path
//!   stays what it is when a bias becomes optional.
//!
//! ```
//! use wengert_tape::tree::{Tree, TreeExt, leaf};
//!
//! #[derive(Clone, Debug, PartialEq)]
//! struct Weight(f64);
//! leaf!(Weight);
//!
//! #[derive(Tree, Debug, PartialEq)]
//! struct Linear<P = Weight> { weight: P, bias: Option<P>, inputs: usize }
//!
//! #[derive(Tree, Debug, PartialEq)]
//! struct Net<P = Weight> { layers: Vec<Linear<P>>, scale: P }
//!
//! let layer = |w, b: Option<f64>| Linear { weight: Weight(w), bias: b.map(Weight), inputs: 1 };
//! let net = Net { layers: vec![layer(1.0, Some(2.0)), layer(3.0, None)], scale: Weight(4.0) };
//!
//! assert_eq!(net.paths(), ["layers.0.weight", "layers.0.bias", "layers.1.weight", "scale"]);
//! let doubled: Net<f64> = net.map_tree(|_, w| 2.0 * w.0);
//! assert_eq!(doubled.layers[0].bias, Some(4.0));
//! assert_eq!(Net::unmap_tree(&doubled, |_, &x| Weight(x / 2.0)), net);
//! ```
//!
//! # How deep a tree may be
//!
//! The walks recurse into a tree as its type does, so that each level takes stack, and so does the
//! `drop` that Rust writes. Width costs nothing: a `Vec` of a million layers is one level. Measured
//! were these depths of types that contain themselves, for the walk that takes most (`zip`), as a
//! chain of `Option<Box<_>>` and as a tree with its children in a `Vec`:
//!
//! | stack | chain, debug | chain, release | children, debug | children, release |
//! |---|---:|---:|---:|---:|
//! | 2 MiB, a thread's | 1,200 | 7,500 | 800 | 5,000 |
//! | 8 MiB, usual for the main thread | 5,000 | 30,000 | 3,400 | 21,000 |
//!
//! A model that is deeper is kept as a list of its nodes that name each other by index, which is one
//! level for every walk. A deep type that is never walked still needs a `drop` without recursion:
//!
//! ```
//! use wengert_tape::tree::{Tree, TreeExt, leaf};
//! # #[derive(Clone)]
//! # struct Weight(f64);
//! # leaf!(Weight);
//!
//! #[derive(Tree)]
//! struct Node<P = Weight> { weight: P, children: Vec<Node<P>> }
//!
//! impl<P> Drop for Node<P> {
//!     fn drop(&mut self) {
//!         // Each node gives its children away before it goes.
//!         let mut open = std::mem::take(&mut self.children);
//!         while let Some(mut node) = open.pop() {
//!             open.append(&mut node.children);
//!         }
//!     }
//! }
//!
//! let mut root = Node { weight: Weight(0.0), children: vec![] };
//! for level in 1..=1_000_000 {
//!     root = Node { weight: Weight(level as f64), children: vec![root] };
//! }
//! drop(root);
//!
//! /// The same tree, as deep as one likes.
//! #[derive(Tree)]
//! struct Nodes<P = Weight> {
//!     weights: Vec<P>,
//!     #[tree(skip)]
//!     children: Vec<Vec<usize>>,
//! }
//!
//! let chain = |node: usize| if node == 0 { vec![] } else { vec![node - 1] };
//! let nodes = Nodes {
//!     weights: (0..1_000_000).map(|node| Weight(node as f64)).collect(),
//!     children: (0..1_000_000).map(chain).collect(),
//! };
//! assert_eq!(nodes.leaf_count(), 1_000_000);
//! ```
//!
//! # Leaves that would be missed
//!
//! A field that holds leaves without naming the leaf parameter would silently
//! never be trained, so it does not compile unless it is marked `#[tree(skip)]`:
//!
//! ```compile_fail,E0080
//! # use wengert_tape::tree::{Tree, leaf};
//! # struct Weight(f64);
//! # leaf!(Weight);
//! # #[derive(Tree, Clone)]
//! # struct Linear<P = Weight> { weight: P }
//! #[derive(Tree)]
//! struct Net<P = Weight> { scale: P, head: Linear } // `Linear<P>` is meant
//! ```

mod container;
#[doc(hidden)]
pub mod detail;
mod error;
mod ext;
mod leaf;
mod path;
mod tuple;

pub use error::StructureError;
pub use ext::TreeExt;
#[doc(inline)]
pub use leaf::leaf;
pub use path::Path;

#[doc(inline)]
pub use wengert_derive::Tree;

/// A structure whose leaves are of type `P`.
///
/// The walks take a [`Path`], which they extend on the way down and restore on
/// the way up, so that one buffer serves many walks without allocating;
/// [`TreeExt`] has the same walks without it. They all go through the leaves in
/// the same order. Derive this trait with `#[derive(Tree)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tree of `{P}`",
    label = "not a tree of `{P}`",
    note = "a tree is a leaf, a `Vec`, `Option`, `Box`, array or tuple of trees, or a type with `#[derive(Tree)]`",
    note = "a field that is configuration and not to be walked can be marked `#[tree(skip)]`"
)]
pub trait Tree<P>: Sized {
    /// The same structure with leaves of another type.
    type With<Q>;

    /// Builds the same structure with what `f` makes of each leaf.
    fn map_leaves<Q>(&self, path: &mut Path, f: &mut impl FnMut(&Path, &P) -> Q) -> Self::With<Q>;

    /// The way back from [`map_leaves`](Self::map_leaves): builds `Self` from the
    /// structure with other leaves.
    fn unmap_leaves<Q>(
        with: &Self::With<Q>,
        path: &mut Path,
        f: &mut impl FnMut(&Path, &Q) -> P,
    ) -> Self;

    /// Calls `f` on every leaf.
    fn visit_leaves(&self, path: &mut Path, f: &mut impl FnMut(&Path, &P));

    /// Calls `f` on every leaf, which it may change.
    fn visit_leaves_mut(&mut self, path: &mut Path, f: &mut impl FnMut(&Path, &mut P));

    /// Calls `f` on every leaf beside the leaf at the same place of `other`.
    ///
    /// # Errors
    ///
    /// Where the structures differ (lengths, variants). `f` has then been called
    /// on the leaves before that place.
    fn zip_leaves<Q>(
        &self,
        other: &Self::With<Q>,
        path: &mut Path,
        f: &mut impl FnMut(&Path, &P, &Q),
    ) -> Result<(), StructureError>;

    /// [`zip_leaves`](Self::zip_leaves) where `f` may change the leaves of `self`.
    ///
    /// # Errors
    ///
    /// As [`zip_leaves`](Self::zip_leaves).
    fn zip_leaves_mut<Q>(
        &mut self,
        other: &Self::With<Q>,
        path: &mut Path,
        f: &mut impl FnMut(&Path, &mut P, &Q),
    ) -> Result<(), StructureError>;
}
