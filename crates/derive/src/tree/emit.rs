//! The impls that are written.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{GenericParam, Generics, Ident, Member, parse_quote, spanned::Spanned};

use super::{Item, method::Method};

pub fn item(item: &Item) -> TokenStream {
    let tree = &item.tree;
    let ident = &item.input.ident;
    let leaf = leaf(item);
    let generics = generics(item, &leaf);
    let (impl_generics, _, clause) = generics.split_for_impl();
    let (_, own, _) = item.input.generics.split_for_impl();
    let with = with(item, &leaf);
    let [map, unmap, visit, visit_mut, zip, zip_mut] = [
        Method::Map,
        Method::Unmap,
        Method::Visit,
        Method::VisitMut,
        Method::Zip,
        Method::ZipMut,
    ]
    .map(|method| method.body(item, &leaf));
    let leaves = leaves(item);
    let checks = checks(item);
    quote! {
        const _: () = {
            #[automatically_derived]
            #[allow(unused_variables, unused_qualifications, unreachable_code, clippy::all, clippy::pedantic)]
            impl #impl_generics #tree::Tree<#leaf> for #ident #own #clause {
                type With<__Q> = #with;

                fn map_leaves<__Q>(
                    &self,
                    path: &mut #tree::Path,
                    f: &mut impl ::core::ops::FnMut(&#tree::Path, &#leaf) -> __Q,
                ) -> Self::With<__Q> {
                    #map
                }

                fn unmap_leaves<__Q>(
                    with: &Self::With<__Q>,
                    path: &mut #tree::Path,
                    f: &mut impl ::core::ops::FnMut(&#tree::Path, &__Q) -> #leaf,
                ) -> Self {
                    #unmap
                }

                fn visit_leaves(
                    &self,
                    path: &mut #tree::Path,
                    f: &mut impl ::core::ops::FnMut(&#tree::Path, &#leaf),
                ) {
                    #visit
                }

                fn visit_leaves_mut(
                    &mut self,
                    path: &mut #tree::Path,
                    f: &mut impl ::core::ops::FnMut(&#tree::Path, &mut #leaf),
                ) {
                    #visit_mut
                }

                fn zip_leaves<__Q>(
                    &self,
                    other: &Self::With<__Q>,
                    path: &mut #tree::Path,
                    f: &mut impl ::core::ops::FnMut(&#tree::Path, &#leaf, &__Q),
                ) -> ::core::result::Result<(), #tree::StructureError> {
                    #zip
                }

                fn zip_leaves_mut<__Q>(
                    &mut self,
                    other: &Self::With<__Q>,
                    path: &mut #tree::Path,
                    f: &mut impl ::core::ops::FnMut(&#tree::Path, &mut #leaf, &__Q),
                ) -> ::core::result::Result<(), #tree::StructureError> {
                    #zip_mut
                }
            }
            #leaves
            #checks
        };
    }
}

/// The leaf parameter, or the one that the impl introduces.
fn leaf(item: &Item) -> Ident {
    let leaf = item.params.leaf.clone();
    leaf.unwrap_or_else(|| format_ident!("__P"))
}

/// The generics as declared, without the attributes that an impl cannot have.
fn declared(item: &Item) -> Generics {
    let mut generics = item.input.generics.clone();
    for param in generics.type_params_mut() {
        param.attrs.retain(|attr| !attr.path().is_ident("tree"));
    }
    generics
}

/// The generics of the impl of `Tree`.
fn generics(item: &Item, leaf: &Ident) -> Generics {
    let tree = &item.tree;
    let mut generics = declared(item);
    for param in generics.type_params_mut() {
        if item.params.subtrees.contains(&param.ident) {
            param.bounds.push(parse_quote!(#tree::Tree<#leaf>));
        }
    }
    if item.params.leaf.is_none() {
        generics.params.push(parse_quote!(#leaf));
    }
    for part in item.shapes.iter().flat_map(|shape| &shape.parts) {
        part.walk.visit_kept(&mut |ty| {
            if item.params.is_generic(ty) {
                let clause = generics.make_where_clause();
                let bound = parse_quote!(#ty: ::core::clone::Clone);
                clause.predicates.push(bound);
            }
        });
    }
    generics
}

/// The type with leaves `__Q`.
fn with(item: &Item, leaf: &Ident) -> TokenStream {
    let tree = &item.tree;
    let ident = &item.input.ident;
    let arguments = item.input.generics.params.iter().map(|param| match param {
        GenericParam::Lifetime(param) => {
            let lifetime = &param.lifetime;
            quote!(#lifetime)
        }
        GenericParam::Const(param) => {
            let ident = &param.ident;
            quote!(#ident)
        }
        GenericParam::Type(param) => {
            let ident = &param.ident;
            if ident == leaf {
                quote!(__Q)
            } else if item.params.subtrees.contains(ident) {
                quote!(<#ident as #tree::Tree<#leaf>>::With<__Q>)
            } else {
                quote!(#ident)
            }
        }
    });
    quote!(#ident<#(#arguments),*>)
}

/// The answer to whether the type holds leaves.
fn leaves(item: &Item) -> TokenStream {
    let tree = &item.tree;
    let ident = &item.input.ident;
    let subtrees = &item.params.subtrees;
    let own = item.params.leaf.is_some();
    let mut generics = declared(item);
    if !own {
        for param in generics.type_params_mut() {
            if subtrees.contains(&param.ident) {
                param.bounds.push(parse_quote!(#tree::detail::Leaves));
            }
        }
    }
    let (impl_generics, _, clause) = generics.split_for_impl();
    let (_, arguments, _) = item.input.generics.split_for_impl();
    let any = if own {
        quote!(true)
    } else {
        quote!(false #(|| <#subtrees as #tree::detail::Leaves>::ANY)*)
    };
    quote! {
        #[automatically_derived]
        impl #impl_generics #tree::detail::Leaves for #ident #arguments #clause {
            const ANY: bool = #any;
        }
    }
}

/// A configuration field that holds leaves was most likely meant to be walked.
fn checks(item: &Item) -> TokenStream {
    let tree = &item.tree;
    let advice = match &item.params.leaf {
        Some(leaf) => format!("does not mention the leaf parameter `{leaf}`"),
        None => "mentions no leaf parameter".to_owned(),
    };
    let mut checks = TokenStream::new();
    for part in item.shapes.iter().flat_map(|shape| &shape.parts) {
        let member = match &part.member {
            Member::Named(ident) => ident.to_string(),
            Member::Unnamed(index) => index.index.to_string(),
        };
        let message = format!(
            "field `{member}` holds leaves, but its type {advice}, so they would never be \
             trained: make it generic in the leaf (`Linear<P>` for `Linear`), or mark the field \
             `#[tree(skip)]` to keep it as a constant"
        );
        part.walk.visit_kept(&mut |ty| {
            if !part.skip && item.params.is_closed(ty) {
                checks.extend(quote_spanned! {ty.span()=>
                    const _: () = ::core::assert!(!<#tree::detail::Probe<#ty>>::ANY, #message);
                });
            }
        });
    }
    if checks.is_empty() {
        return checks;
    }
    quote! {
        #[allow(unused_imports)]
        use #tree::detail::Silent as _;
        #checks
    }
}
