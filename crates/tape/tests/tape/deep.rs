//! Trees as deep as the docs of `tree` say they may be, on the stack of a thread.

use wengert_tape::tree::{Tree, TreeExt, leaf};

#[derive(Clone, Debug, PartialEq)]
struct Weight(f64);
leaf!(Weight);

#[derive(Tree)]
struct Node<P = Weight> {
    weight: P,
    children: Vec<Node<P>>,
}

impl<P> Drop for Node<P> {
    fn drop(&mut self) {
        let mut open = std::mem::take(&mut self.children);
        while let Some(mut node) = open.pop() {
            open.append(&mut node.children);
        }
    }
}

#[derive(Tree)]
struct Link<P = Weight> {
    weight: P,
    rest: Option<Box<Link<P>>>,
}

impl<P> Drop for Link<P> {
    fn drop(&mut self) {
        let mut rest = self.rest.take();
        while let Some(mut link) = rest {
            rest = link.rest.take();
        }
    }
}

fn node(depth: usize) -> Node {
    let of = |children| Node {
        weight: Weight(1.0),
        children,
    };
    (0..depth).fold(of(vec![]), |below, _| of(vec![below]))
}

fn link(depth: usize) -> Link {
    let of = |rest| Link {
        weight: Weight(1.0),
        rest,
    };
    (0..depth).fold(of(None), |rest, _| of(Some(Box::new(rest))))
}

/// Every walk over a tree, there and back.
fn walk<M: Tree<Weight>>(mut model: M, leaves: usize) {
    assert_eq!(model.leaf_count(), leaves);
    let doubled = model.map_tree(|_, weight| 2.0 * weight.0);
    let mut sum = 0.0;
    model
        .zip_tree(&doubled, |_, weight, double| sum += weight.0 * double)
        .unwrap();
    assert_eq!(sum, 2.0 * leaves as f64);
    model
        .zip_tree_mut(&doubled, |_, weight, double| weight.0 = *double)
        .unwrap();
    model.visit_tree_mut(|_, weight| weight.0 += 1.0);
    let back = M::unmap_tree(&doubled, |_, &double| Weight(double + 1.0));
    assert_eq!(back.leaves(), model.leaves());
}

fn on_a_threads_stack(f: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    thread.spawn(f).unwrap().join().unwrap();
}

#[test]
fn the_walks_go_as_deep_as_the_docs_say() {
    // The figures of a debug build, the least of them.
    on_a_threads_stack(|| walk(node(800), 801));
    on_a_threads_stack(|| walk(link(1200), 1201));
}

#[test]
fn a_drop_without_recursion_has_no_depth() {
    on_a_threads_stack(|| drop(node(1_000_000)));
    on_a_threads_stack(|| drop(link(1_000_000)));
}

#[test]
fn a_list_is_one_level() {
    on_a_threads_stack(|| walk(vec![Weight(1.0); 1_000_000], 1_000_000));
}
