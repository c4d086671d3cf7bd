use std::marker::PhantomData;

use super::{Path, StructureError, Tree, detail::Leaves};

/// Makes a type a leaf: a tree whose only leaf is itself.
///
/// Generic parameters stand in brackets. Configuration (`f64`, `usize`) should
/// not be a leaf, or every field of that type has to be marked `#[tree(skip)]`.
///
/// ```
/// # use wengert_tape::tree::{TreeExt, leaf};
/// struct Weight<T>(T);
/// leaf!(impl[T] Weight<T>);
///
/// let pair = (Weight(1), Weight(2));
/// assert_eq!(pair.map_tree(|_, w| w.0), (1, 2));
/// assert_eq!(Weight(3).map_tree(|path, w| (path.to_string(), w.0)), (String::new(), 3));
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __leaf {
    ($leaf:ty) => {
        $crate::tree::leaf!(impl[] $leaf);
    };
    (impl[$($generics:tt)*] $leaf:ty) => {
        impl<$($generics)*> $crate::tree::Tree<$leaf> for $leaf {
            type With<__Q> = __Q;
            fn map_leaves<__Q>(
                &self,
                path: &mut $crate::tree::Path,
                f: &mut impl FnMut(&$crate::tree::Path, &$leaf) -> __Q,
            ) -> __Q {
                f(path, self)
            }
            fn unmap_leaves<__Q>(
                with: &__Q,
                path: &mut $crate::tree::Path,
                f: &mut impl FnMut(&$crate::tree::Path, &__Q) -> $leaf,
            ) -> Self {
                f(path, with)
            }
            fn visit_leaves(
                &self,
                path: &mut $crate::tree::Path,
                f: &mut impl FnMut(&$crate::tree::Path, &$leaf),
            ) {
                f(path, self);
            }
            fn visit_leaves_mut(
                &mut self,
                path: &mut $crate::tree::Path,
                f: &mut impl FnMut(&$crate::tree::Path, &mut $leaf),
            ) {
                f(path, self);
            }
            fn zip_leaves<__Q>(
                &self,
                other: &__Q,
                path: &mut $crate::tree::Path,
                f: &mut impl FnMut(&$crate::tree::Path, &$leaf, &__Q),
            ) -> ::core::result::Result<(), $crate::tree::StructureError> {
                f(path, self, other);
                Ok(())
            }
            fn zip_leaves_mut<__Q>(
                &mut self,
                other: &__Q,
                path: &mut $crate::tree::Path,
                f: &mut impl FnMut(&$crate::tree::Path, &mut $leaf, &__Q),
            ) -> ::core::result::Result<(), $crate::tree::StructureError> {
                f(path, self, other);
                Ok(())
            }
        }
        impl<$($generics)*> $crate::tree::detail::Leaves for $leaf {
            const ANY: bool = true;
        }
    };
}
pub use __leaf as leaf;

impl<P, X: ?Sized> Tree<P> for PhantomData<X> {
    type With<Q> = Self;
    fn map_leaves<Q>(&self, _: &mut Path, _: &mut impl FnMut(&Path, &P) -> Q) -> Self {
        PhantomData
    }
    fn unmap_leaves<Q>(_: &Self, _: &mut Path, _: &mut impl FnMut(&Path, &Q) -> P) -> Self {
        PhantomData
    }
    fn visit_leaves(&self, _: &mut Path, _: &mut impl FnMut(&Path, &P)) {}
    fn visit_leaves_mut(&mut self, _: &mut Path, _: &mut impl FnMut(&Path, &mut P)) {}
    fn zip_leaves<Q>(
        &self,
        _: &Self,
        _: &mut Path,
        _: &mut impl FnMut(&Path, &P, &Q),
    ) -> Result<(), StructureError> {
        Ok(())
    }
    fn zip_leaves_mut<Q>(
        &mut self,
        _: &Self,
        _: &mut Path,
        _: &mut impl FnMut(&Path, &mut P, &Q),
    ) -> Result<(), StructureError> {
        Ok(())
    }
}

impl<X: ?Sized> Leaves for PhantomData<X> {
    const ANY: bool = false;
}
