use smallvec::SmallVec;

use super::{Path, StructureError, Tree, detail::Leaves};

/// A container whose items have one type, walked item by item. The impls of
/// `Tree` below and the derive (which cannot use those impls for a bare leaf
/// parameter) share it.
pub trait Container {
    /// What it contains.
    type Item;
    /// The same container of other items.
    type Of<R>;

    /// The container of what `f` makes of each item.
    fn map<R>(&self, path: &mut Path, f: impl FnMut(&mut Path, &Self::Item) -> R) -> Self::Of<R>;

    /// Calls `f` on every item.
    fn visit(&self, path: &mut Path, f: impl FnMut(&mut Path, &Self::Item)) {
        // A container of `()` takes no memory.
        self.map(path, f);
    }

    /// Calls `f` on every item, which it may change.
    fn visit_mut(&mut self, path: &mut Path, f: impl FnMut(&mut Path, &mut Self::Item));

    /// Calls `f` on every item beside that of `other`, up to the first error.
    fn zip<R>(
        &self,
        other: &Self::Of<R>,
        path: &mut Path,
        f: impl FnMut(&mut Path, &Self::Item, &R) -> Result<(), StructureError>,
    ) -> Result<(), StructureError>;

    /// [`zip`](Self::zip) where `f` may change the items of `self`.
    fn zip_mut<R>(
        &mut self,
        other: &Self::Of<R>,
        path: &mut Path,
        f: impl FnMut(&mut Path, &mut Self::Item, &R) -> Result<(), StructureError>,
    ) -> Result<(), StructureError>;
}

impl<X> Container for Box<X> {
    type Item = X;
    type Of<R> = Box<R>;

    fn map<R>(&self, path: &mut Path, mut f: impl FnMut(&mut Path, &X) -> R) -> Box<R> {
        Box::new(f(path, self))
    }

    fn visit_mut(&mut self, path: &mut Path, mut f: impl FnMut(&mut Path, &mut X)) {
        f(path, self);
    }

    fn zip<R>(
        &self,
        other: &Box<R>,
        path: &mut Path,
        mut f: impl FnMut(&mut Path, &X, &R) -> Result<(), StructureError>,
    ) -> Result<(), StructureError> {
        f(path, self, other)
    }

    fn zip_mut<R>(
        &mut self,
        other: &Box<R>,
        path: &mut Path,
        mut f: impl FnMut(&mut Path, &mut X, &R) -> Result<(), StructureError>,
    ) -> Result<(), StructureError> {
        f(path, self, other)
    }
}

impl<X> Container for Option<X> {
    type Item = X;
    type Of<R> = Option<R>;

    fn map<R>(&self, path: &mut Path, mut f: impl FnMut(&mut Path, &X) -> R) -> Option<R> {
        self.as_ref().map(|x| f(path, x))
    }

    fn visit_mut(&mut self, path: &mut Path, mut f: impl FnMut(&mut Path, &mut X)) {
        if let Some(x) = self {
            f(path, x);
        }
    }

    fn zip<R>(
        &self,
        other: &Option<R>,
        path: &mut Path,
        f: impl FnMut(&mut Path, &X, &R) -> Result<(), StructureError>,
    ) -> Result<(), StructureError> {
        zip_options(self.as_ref(), other, path, f)
    }

    fn zip_mut<R>(
        &mut self,
        other: &Option<R>,
        path: &mut Path,
        f: impl FnMut(&mut Path, &mut X, &R) -> Result<(), StructureError>,
    ) -> Result<(), StructureError> {
        zip_options(self.as_mut(), other, path, f)
    }
}

impl<X> Container for Vec<X> {
    type Item = X;
    type Of<R> = Vec<R>;

    fn map<R>(&self, path: &mut Path, mut f: impl FnMut(&mut Path, &X) -> R) -> Vec<R> {
        let items = self.iter().enumerate();
        items
            .map(|(i, x)| path.index(i, |path| f(path, x)))
            .collect()
    }

    fn visit_mut(&mut self, path: &mut Path, mut f: impl FnMut(&mut Path, &mut X)) {
        for (i, x) in self.iter_mut().enumerate() {
            path.index(i, |path| f(path, x));
        }
    }

    fn zip<R>(
        &self,
        other: &Vec<R>,
        path: &mut Path,
        f: impl FnMut(&mut Path, &X, &R) -> Result<(), StructureError>,
    ) -> Result<(), StructureError> {
        zip_lists(self.iter(), other, path, f)
    }

    fn zip_mut<R>(
        &mut self,
        other: &Vec<R>,
        path: &mut Path,
        f: impl FnMut(&mut Path, &mut X, &R) -> Result<(), StructureError>,
    ) -> Result<(), StructureError> {
        zip_lists(self.iter_mut(), other, path, f)
    }
}

impl<X, const N: usize> Container for [X; N] {
    type Item = X;
    type Of<R> = [R; N];

    fn map<R>(&self, path: &mut Path, mut f: impl FnMut(&mut Path, &X) -> R) -> [R; N] {
        std::array::from_fn(|i| path.index(i, |path| f(path, &self[i])))
    }

    fn visit_mut(&mut self, path: &mut Path, mut f: impl FnMut(&mut Path, &mut X)) {
        for (i, x) in self.iter_mut().enumerate() {
            path.index(i, |path| f(path, x));
        }
    }

    fn zip<R>(
        &self,
        other: &[R; N],
        path: &mut Path,
        f: impl FnMut(&mut Path, &X, &R) -> Result<(), StructureError>,
    ) -> Result<(), StructureError> {
        zip_lists(self.iter(), other, path, f)
    }

    fn zip_mut<R>(
        &mut self,
        other: &[R; N],
        path: &mut Path,
        f: impl FnMut(&mut Path, &mut X, &R) -> Result<(), StructureError>,
    ) -> Result<(), StructureError> {
        zip_lists(self.iter_mut(), other, path, f)
    }
}

impl<X, const N: usize> Container for SmallVec<[X; N]> {
    type Item = X;
    type Of<R> = SmallVec<[R; N]>;

    fn map<R>(&self, path: &mut Path, mut f: impl FnMut(&mut Path, &X) -> R) -> SmallVec<[R; N]> {
        let items = self.iter().enumerate();
        items
            .map(|(i, x)| path.index(i, |path| f(path, x)))
            .collect()
    }

    fn visit_mut(&mut self, path: &mut Path, mut f: impl FnMut(&mut Path, &mut X)) {
        for (i, x) in self.iter_mut().enumerate() {
            path.index(i, |path| f(path, x));
        }
    }

    fn zip<R>(
        &self,
        other: &SmallVec<[R; N]>,
        path: &mut Path,
        f: impl FnMut(&mut Path, &X, &R) -> Result<(), StructureError>,
    ) -> Result<(), StructureError> {
        zip_lists(self.iter(), other, path, f)
    }

    fn zip_mut<R>(
        &mut self,
        other: &SmallVec<[R; N]>,
        path: &mut Path,
        f: impl FnMut(&mut Path, &mut X, &R) -> Result<(), StructureError>,
    ) -> Result<(), StructureError> {
        zip_lists(self.iter_mut(), other, path, f)
    }
}

fn zip_options<X, R>(
    left: Option<X>,
    right: &Option<R>,
    path: &mut Path,
    mut f: impl FnMut(&mut Path, X, &R) -> Result<(), StructureError>,
) -> Result<(), StructureError> {
    match (left, right) {
        (Some(x), Some(y)) => f(path, x, y),
        (None, None) => Ok(()),
        (Some(_), None) => Err(StructureError::variant(path, "Some", "None")),
        (None, Some(_)) => Err(StructureError::variant(path, "None", "Some")),
    }
}

fn zip_lists<X, R>(
    left: impl ExactSizeIterator<Item = X>,
    right: &[R],
    path: &mut Path,
    mut f: impl FnMut(&mut Path, X, &R) -> Result<(), StructureError>,
) -> Result<(), StructureError> {
    if left.len() != right.len() {
        return Err(StructureError::length(path, left.len(), right.len()));
    }
    for (i, (x, y)) in left.zip(right).enumerate() {
        path.index(i, |path| f(path, x, y))?;
    }
    Ok(())
}

macro_rules! container {
    ($([$($generics:tt)*] $tree:ty => $with:ty;)*) => { $(
        impl<P, M: Tree<P>, $($generics)*> Tree<P> for $tree {
            type With<Q> = $with;

            fn map_leaves<Q>(
                &self,
                path: &mut Path,
                f: &mut impl FnMut(&Path, &P) -> Q,
            ) -> Self::With<Q> {
                Container::map(self, path, |path, m| m.map_leaves(path, f))
            }

            fn unmap_leaves<Q>(
                with: &Self::With<Q>,
                path: &mut Path,
                f: &mut impl FnMut(&Path, &Q) -> P,
            ) -> Self {
                Container::map(with, path, |path, m| M::unmap_leaves(m, path, f))
            }

            fn visit_leaves(&self, path: &mut Path, f: &mut impl FnMut(&Path, &P)) {
                Container::visit(self, path, |path, m| m.visit_leaves(path, f));
            }

            fn visit_leaves_mut(&mut self, path: &mut Path, f: &mut impl FnMut(&Path, &mut P)) {
                Container::visit_mut(self, path, |path, m| m.visit_leaves_mut(path, f));
            }

            fn zip_leaves<Q>(
                &self,
                other: &Self::With<Q>,
                path: &mut Path,
                f: &mut impl FnMut(&Path, &P, &Q),
            ) -> Result<(), StructureError> {
                Container::zip(self, other, path, |path, m, o| m.zip_leaves(o, path, f))
            }

            fn zip_leaves_mut<Q>(
                &mut self,
                other: &Self::With<Q>,
                path: &mut Path,
                f: &mut impl FnMut(&Path, &mut P, &Q),
            ) -> Result<(), StructureError> {
                Container::zip_mut(self, other, path, |path, m, o| m.zip_leaves_mut(o, path, f))
            }
        }

        impl<M: Leaves, $($generics)*> Leaves for $tree {
            const ANY: bool = M::ANY;
        }
    )* };
}

container! {
    [] Box<M> => Box<M::With<Q>>;
    [] Option<M> => Option<M::With<Q>>;
    [] Vec<M> => Vec<M::With<Q>>;
    [const N: usize] [M; N] => [M::With<Q>; N];
    [const N: usize] SmallVec<[M; N]> => SmallVec<[M::With<Q>; N]>;
}
