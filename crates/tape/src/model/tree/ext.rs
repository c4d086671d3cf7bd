use super::{Path, StructureError, Tree};

/// The walks of [`Tree`](trait@Tree) from the root, and what is made of them.
///
/// ```
/// use wengert_tape::tree::{TreeExt, leaf};
///
/// #[derive(Clone, Debug, PartialEq)]
/// struct W(f64);
/// leaf!(W);
///
/// let mut model = (W(1.0), vec![W(2.0), W(3.0)]);
///
/// // There and back.
/// let bound: (f64, Vec<f64>) = model.map_tree(|_, w| w.0);
/// assert_eq!(<(W, Vec<W>)>::unmap_tree(&bound, |_, &x| W(x)), model);
///
/// // A step of gradient descent, and the sum of the new weights.
/// model.zip_tree_mut(&bound, |_, w, gradient| w.0 -= 0.5 * gradient)?;
/// let mut sum = 0.0;
/// model.visit_tree(|_, w| sum += w.0);
/// assert_eq!(sum, 3.0);
///
/// // As flat lists, and back.
/// assert_eq!(model.paths(), ["0", "1.0", "1.1"]);
/// assert_eq!(model.leaves(), [W(0.5), W(1.0), W(1.5)]);
/// assert_eq!(model.rebuild(["a", "b", "c"])?, ("a", vec!["b", "c"]));
/// # Ok::<(), wengert_tape::tree::StructureError>(())
/// ```
pub trait TreeExt<P>: Tree<P> {
    /// The same structure with what `f` makes of each leaf.
    ///
    /// ```
    /// # use wengert_tape::tree::{TreeExt, leaf};
    /// # struct W(f64);
    /// # leaf!(W);
    /// let names = [W(0.0), W(0.0)].map_tree(|path, _| format!("w{path}"));
    /// assert_eq!(names, ["w0", "w1"]);
    /// ```
    fn map_tree<Q>(&self, mut f: impl FnMut(&Path, &P) -> Q) -> Self::With<Q> {
        self.map_leaves(&mut Path::new(), &mut f)
    }

    /// `Self` from the same structure with other leaves, the way back from
    /// [`map_tree`](Self::map_tree).
    ///
    /// ```
    /// # use wengert_tape::tree::{TreeExt, leaf};
    /// # #[derive(Debug, PartialEq)]
    /// # struct W(f64);
    /// # leaf!(W);
    /// assert_eq!(Option::<W>::unmap_tree(&Some(2.0), |_, &x| W(x)), Some(W(2.0)));
    /// ```
    fn unmap_tree<Q>(with: &Self::With<Q>, mut f: impl FnMut(&Path, &Q) -> P) -> Self {
        Self::unmap_leaves(with, &mut Path::new(), &mut f)
    }

    /// Calls `f` on every leaf.
    ///
    /// ```
    /// # use wengert_tape::tree::{TreeExt, leaf};
    /// # struct W(f64);
    /// # leaf!(W);
    /// let mut sum = 0.0;
    /// [W(1.0), W(2.0)].visit_tree(|_, w| sum += w.0);
    /// assert_eq!(sum, 3.0);
    /// ```
    fn visit_tree(&self, mut f: impl FnMut(&Path, &P)) {
        self.visit_leaves(&mut Path::new(), &mut f);
    }

    /// Calls `f` on every leaf, which it may change.
    ///
    /// ```
    /// # use wengert_tape::tree::{TreeExt, leaf};
    /// # #[derive(Debug, PartialEq)]
    /// # struct W(f64);
    /// # leaf!(W);
    /// let mut model = [W(1.0), W(2.0)];
    /// model.visit_tree_mut(|_, w| w.0 *= 10.0);
    /// assert_eq!(model, [W(10.0), W(20.0)]);
    /// ```
    fn visit_tree_mut(&mut self, mut f: impl FnMut(&Path, &mut P)) {
        self.visit_leaves_mut(&mut Path::new(), &mut f);
    }

    /// Calls `f` on every leaf beside the leaf at the same place of `other`.
    ///
    /// # Errors
    ///
    /// Where the structures differ. `f` has then been called on the leaves before.
    ///
    /// ```
    /// # use wengert_tape::tree::{TreeExt, leaf};
    /// # struct W(f64);
    /// # leaf!(W);
    /// let model = vec![W(1.0), W(2.0)];
    /// let mut dot = 0.0;
    /// model.zip_tree(&vec![3.0, 4.0], |_, w, x| dot += w.0 * x)?;
    /// assert_eq!(dot, 11.0);
    ///
    /// let error = model.zip_tree(&vec![3.0], |_, _, _| ()).unwrap_err();
    /// assert_eq!(error.to_string(), "the trees differ at the root: length 2 beside 1");
    /// # Ok::<(), wengert_tape::tree::StructureError>(())
    /// ```
    fn zip_tree<Q>(
        &self,
        other: &Self::With<Q>,
        mut f: impl FnMut(&Path, &P, &Q),
    ) -> Result<(), StructureError> {
        self.zip_leaves(other, &mut Path::new(), &mut f)
    }

    /// [`zip_tree`](Self::zip_tree) where `f` may change the leaves of `self`.
    ///
    /// # Errors
    ///
    /// As [`zip_tree`](Self::zip_tree).
    ///
    /// ```
    /// # use wengert_tape::tree::{TreeExt, leaf};
    /// # #[derive(Debug, PartialEq)]
    /// # struct W(f64);
    /// # leaf!(W);
    /// let mut model = [W(1.0), W(2.0)];
    /// model.zip_tree_mut(&[0.5, 1.5], |_, w, x| w.0 -= x)?;
    /// assert_eq!(model, [W(0.5), W(0.5)]);
    /// # Ok::<(), wengert_tape::tree::StructureError>(())
    /// ```
    fn zip_tree_mut<Q>(
        &mut self,
        other: &Self::With<Q>,
        mut f: impl FnMut(&Path, &mut P, &Q),
    ) -> Result<(), StructureError> {
        self.zip_leaves_mut(other, &mut Path::new(), &mut f)
    }

    /// The paths of the leaves, in order.
    ///
    /// ```
    /// # use wengert_tape::tree::{TreeExt, leaf};
    /// # struct W(f64);
    /// # leaf!(W);
    /// assert_eq!((W(0.0), Some(W(0.0))).paths(), ["0", "1"]);
    /// ```
    fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.visit_tree(|path, _| paths.push(path.to_string()));
        paths
    }

    /// The number of leaves.
    ///
    /// ```
    /// # use wengert_tape::tree::{TreeExt, leaf};
    /// # struct W(f64);
    /// # leaf!(W);
    /// assert_eq!((W(0.0), None::<W>).leaf_count(), 1);
    /// ```
    fn leaf_count(&self) -> usize {
        let mut count = 0;
        self.visit_tree(|_, _| count += 1);
        count
    }

    /// Clones of the leaves, in order.
    ///
    /// ```
    /// # use wengert_tape::tree::{TreeExt, leaf};
    /// # #[derive(Clone, Debug, PartialEq)]
    /// # struct W(f64);
    /// # leaf!(W);
    /// assert_eq!((W(1.0), Some(W(2.0))).leaves(), [W(1.0), W(2.0)]);
    /// ```
    fn leaves(&self) -> Vec<P>
    where
        P: Clone,
    {
        let mut leaves = Vec::new();
        self.visit_tree(|_, leaf| leaves.push(leaf.clone()));
        leaves
    }

    /// The structure of `self` with the given leaves, taken in order.
    ///
    /// # Errors
    ///
    /// If there are more or fewer of them than `self` has leaves.
    ///
    /// # Panics
    ///
    /// If a `Tree` written by hand meets more leaves in one walk than in another.
    ///
    /// ```
    /// # use wengert_tape::tree::{TreeExt, leaf};
    /// # struct W(f64);
    /// # leaf!(W);
    /// let model = (W(0.0), [W(0.0), W(0.0)]);
    /// assert_eq!(model.rebuild(1..=3)?, (1, [2, 3]));
    ///
    /// let error = model.rebuild(1..=2).unwrap_err();
    /// assert_eq!(error.to_string(), "the tree has 3 leaves, and 2 were given");
    /// # Ok::<(), wengert_tape::tree::StructureError>(())
    /// ```
    fn rebuild<Q>(
        &self,
        leaves: impl IntoIterator<Item = Q>,
    ) -> Result<Self::With<Q>, StructureError> {
        let expected = self.leaf_count();
        // One more tells an excess, also of an endless iterator.
        let leaves: Vec<Q> = leaves.into_iter().take(expected + 1).collect();
        let found = leaves.len();
        if found != expected {
            return Err(StructureError::Leaves { expected, found });
        }
        let mut leaves = leaves.into_iter();
        Ok(self.map_tree(|_, _| {
            leaves
                .next()
                .expect("every walk of a tree meets the same leaves")
        }))
    }
}

impl<P, M: Tree<P>> TreeExt<P> for M {}
