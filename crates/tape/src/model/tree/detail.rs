//! What the code written by `#[derive(Tree)]` calls. Not meant for anyone else.

use std::marker::PhantomData;

pub use super::container::Container;

/// Whether a type holds leaves, asked without knowing the type of the leaf.
pub trait Leaves {
    const ANY: bool;
}

/// `Probe::<T>::ANY` is `T`'s own answer, or [`Silent`]'s where `T` has none: an
/// inherent constant goes before one of a trait.
pub struct Probe<T: ?Sized>(PhantomData<T>);

impl<T: ?Sized + Leaves> Probe<T> {
    pub const ANY: bool = T::ANY;
}

pub trait Silent {
    const ANY: bool = false;
}

impl<T: ?Sized> Silent for Probe<T> {}
