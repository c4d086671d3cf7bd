//! The messages for misuse.

use syn::{DeriveInput, parse_quote};

#[track_caller]
fn refused(input: DeriveInput, message: &str) {
    let text = match super::expand(&input) {
        Ok(_) => "no error".to_owned(),
        Err(error) => error.to_string(),
    };
    assert!(text.contains(message), "{text}");
}

#[test]
fn unknown_attributes() {
    refused(
        parse_quote! { #[tree(colour)] struct S<P> { a: P } },
        "a type takes `leaf = Q`",
    );
    refused(
        parse_quote! { struct S<P> { #[tree(frozen)] a: P } },
        "a field takes `state`, `skip` or `rename",
    );
    refused(
        parse_quote! { struct S<#[tree(state)] P> { a: P } },
        "a type parameter takes `skip`",
    );
    refused(
        parse_quote! { enum S<P> { #[tree(rename = "b")] A(P) } },
        "a variant adds nothing to a path",
    );
    refused(
        parse_quote! { struct S<P> { #[tree(state, state)] a: P } },
        "given twice",
    );
}

#[test]
fn attributes_without_effect() {
    refused(
        parse_quote! { struct S<P> { a: P, #[tree(state)] n: usize } },
        "`state` has no effect on a field without leaves: its type does not mention the leaf \
         parameter `P`",
    );
    refused(
        parse_quote! { struct S { #[tree(rename = "x")] n: usize } },
        "`rename` has no effect on a field without leaves: its type mentions no type parameter",
    );
    refused(
        parse_quote! { struct S<P> { a: P, #[tree(skip, state)] n: usize } },
        "`state` has no effect",
    );
}

#[test]
fn names() {
    refused(
        parse_quote! { struct S<P> { #[tree(rename = "a.b")] a: P } },
        "has no dot",
    );
    for renamed in [
        parse_quote! { struct S<P> { a: P, #[tree(rename = "a")] b: P } },
        parse_quote! { struct S<P> { #[tree(rename = "b")] a: P, b: P } },
        parse_quote! { struct S<P>(#[tree(rename = "1")] P, P); },
    ] {
        refused(renamed, "another field has this name in paths");
    }
    refused(
        parse_quote! { #[tree(leaf = Q)] struct S<P> { a: P } },
        "no type parameter `Q` to be the leaf",
    );
}

#[test]
fn types_without_known_leaves() {
    refused(
        parse_quote! { union S<P> { a: P } },
        "cannot be derived for a union",
    );
    refused(
        parse_quote! { struct S<'a, P> { a: Vec<&'a P> } },
        "a tree owns its leaves, which a reference does not",
    );
    refused(
        parse_quote! { struct S<P> { a: Box<[P]> } },
        "use a `Vec` or an array",
    );
    refused(
        parse_quote! { struct S<P> { a: fn(P) -> f64 } },
        "does not tell where the leaves are",
    );
    refused(
        parse_quote! { struct S<P> { a: P::Item } },
        "an associated type of a leaf",
    );
    refused(
        parse_quote! { struct S<P> { a: P, #[tree(skip)] b: Linear<P> } },
        "a skipped field is cloned into `With<Q>`",
    );
}

#[test]
fn bounds_on_leaves() {
    let message = "a bound on leaves cannot hold in `With<Q>` for every `Q`";
    refused(parse_quote! { struct S<P: Clone> { a: P } }, message);
    refused(
        parse_quote! { struct S<P, A> where A: Tree<P> { p: P, a: A } },
        message,
    );
}

#[test]
fn a_crate_that_is_not_there() {
    refused(
        parse_quote! { struct S<P> { a: P } },
        "finds none of `wengert`, `wengert-tape` and `wengert-nn`",
    );
}
