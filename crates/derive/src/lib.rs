//! Derive macros of wengert.

#![forbid(unsafe_code)]

use proc_macro::TokenStream;

mod formula;
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
/// | is or mentions another type parameter (`A`, `Stack<A>`) | is a tree itself |
/// | mentions no parameter | is configuration, and cloned |
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

/// Makes an `impl Formula` block fast and short to write: every function in it is inlined always,
/// without which the loops around a formula are no vector code, and float literals are numbers of
/// the formula's own kind.
///
/// ```
/// # // The traits of the tape crate, in short.
/// # use wengert_derive::formula;
/// # trait Real: Copy + std::ops::Mul<Output = Self> {
/// #     fn lit(x: f64) -> Self;
/// #     fn sigmoid(self) -> Self;
/// # }
/// # impl Real for f64 {
/// #     fn lit(x: f64) -> Self { x }
/// #     fn sigmoid(self) -> Self { 1.0 / (1.0 + (-self).exp()) }
/// # }
/// # trait Formula<const N: usize, const M: usize> {
/// #     const NAME: &'static str;
/// #     fn eval<R: Real>(&self, x: [R; N]) -> [R; M];
/// # }
/// /// x · sigmoid(2x)
/// #[derive(Clone, Copy)]
/// struct Swish;
///
/// #[formula]
/// impl Formula<1, 1> for Swish {
///     const NAME: &'static str = "swish";
///     fn eval<R: Real>(&self, [x]: [R; 1]) -> [R; 1] {
///         [x * (x * 2.0).sigmoid()]
///     }
/// }
/// # assert_eq!(Swish.eval([0.0]), [0.0]);
/// ```
///
/// In the body of a function with one type parameter, whatever its name, `2.0` becomes
/// `R::lit(2.0)`. These stay numbers: integers, literals with a suffix (`2.0f64`), what stands in
/// `R::lit(..)` already, what is cast, a binding declared as `f64` or `f32`, and everything in
/// constants, types, patterns, attributes and macro calls. A field is a number too:
/// `x * R::lit(self.beta)`.
///
/// The attribute may also stand on a function that formulas call.
#[proc_macro_attribute]
pub fn formula(arguments: TokenStream, item: TokenStream) -> TokenStream {
    formula::expand(arguments.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
