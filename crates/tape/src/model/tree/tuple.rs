use super::{Path, StructureError, Tree, detail::Leaves};

macro_rules! tuple {
    ($($m:ident $i:tt),*) => {
        #[allow(unused_variables, clippy::unused_unit)]
        impl<P, $($m: Tree<P>),*> Tree<P> for ($($m,)*) {
            type With<Q> = ($($m::With<Q>,)*);
            fn map_leaves<Q>(
                &self,
                path: &mut Path,
                f: &mut impl FnMut(&Path, &P) -> Q,
            ) -> Self::With<Q> {
                ($(path.index($i, |path| self.$i.map_leaves(path, f)),)*)
            }
            fn unmap_leaves<Q>(
                with: &Self::With<Q>,
                path: &mut Path,
                f: &mut impl FnMut(&Path, &Q) -> P,
            ) -> Self {
                ($(path.index($i, |path| $m::unmap_leaves(&with.$i, path, f)),)*)
            }
            fn visit_leaves(&self, path: &mut Path, f: &mut impl FnMut(&Path, &P)) {
                $(path.index($i, |path| self.$i.visit_leaves(path, f));)*
            }
            fn visit_leaves_mut(&mut self, path: &mut Path, f: &mut impl FnMut(&Path, &mut P)) {
                $(path.index($i, |path| self.$i.visit_leaves_mut(path, f));)*
            }
            fn zip_leaves<Q>(
                &self,
                other: &Self::With<Q>,
                path: &mut Path,
                f: &mut impl FnMut(&Path, &P, &Q),
            ) -> Result<(), StructureError> {
                $(path.index($i, |path| self.$i.zip_leaves(&other.$i, path, f))?;)*
                Ok(())
            }
            fn zip_leaves_mut<Q>(
                &mut self,
                other: &Self::With<Q>,
                path: &mut Path,
                f: &mut impl FnMut(&Path, &mut P, &Q),
            ) -> Result<(), StructureError> {
                $(path.index($i, |path| self.$i.zip_leaves_mut(&other.$i, path, f))?;)*
                Ok(())
            }
        }
        impl<$($m: Leaves),*> Leaves for ($($m,)*) {
            const ANY: bool = false $(|| $m::ANY)*;
        }
    };
}

tuple!();
tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
