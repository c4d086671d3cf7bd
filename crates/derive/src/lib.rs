//! Derive macros of wengert.

use proc_macro::TokenStream;

mod tree;

/// Implements `Tree` for a struct or an enum.
///
/// The **leaf parameter** is the type parameter `P`, or the one named by
/// `#[tree(leaf = Q)]`. What a field is follows from its type as written:
///
/// | the type | the field |
/// |---|---|
/// | is the leaf parameter | is a leaf |
/// | is a `Vec`, `Option`, `Box`, array or tuple of such | is walked element by element |
/// | mentions the leaf parameter (`Linear<P>`) | is a tree itself |
/// | is another type parameter | is a tree itself (`A: Tree<P>`) |
/// | mentions neither | is configuration, and cloned |
///
/// A type without leaf parameter (`struct Residual<M> { inner: M }`) is a tree of
/// whatever its parameters are trees of, and one without any (`struct Relu;`)
/// a tree without leaves. The leaf parameter takes no bounds on the type itself,
/// since they would have to hold for every leaf: write them on the impls.
///
/// | attribute | on | means |
/// |---|---|---|
/// | `#[tree(leaf = Q)]` | the type | `Q` is the leaf parameter |
/// | `#[tree(crate = "path")]` | the type | the crate that holds the module `tree` |
/// | `#[tree(state)]` | a field | its leaves are state: saved, never differentiated |
/// | `#[tree(skip)]` | a field, a type parameter | is cloned and not walked |
/// | `#[tree(rename = "x")]` | a field | its component in paths |
///
/// A field that holds leaves without naming the leaf parameter (`head: Linear`
/// where `Linear<P>` is meant) would silently never be trained; it is an error
/// unless it is skipped explicitly.
///
/// Types are judged as written: a `Vec` or tuple of bare leaves behind a type
/// alias is not recognized, and neither is a bare leaf parameter in the place of
/// a subtree (`Residual<P>` for `struct Residual<M>`).
#[proc_macro_derive(Tree, attributes(tree))]
pub fn derive_tree(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    tree::expand(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
