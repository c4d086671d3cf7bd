//! The six walks.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Ident, Index, Type, spanned::Spanned};

use super::{Item, Part, Shape, walk::Walk};

/// The walks; each is a method of `Tree`.
#[derive(Clone, Copy, PartialEq)]
pub enum Method {
    Map,
    Unmap,
    Visit,
    VisitMut,
    Zip,
    ZipMut,
}

impl Method {
    fn builds(self) -> bool {
        matches!(self, Self::Map | Self::Unmap)
    }

    fn zips(self) -> bool {
        matches!(self, Self::Zip | Self::ZipMut)
    }

    fn name(self) -> Ident {
        let name = match self {
            Self::Map => "map_leaves",
            Self::Unmap => "unmap_leaves",
            Self::Visit => "visit_leaves",
            Self::VisitMut => "visit_leaves_mut",
            Self::Zip => "zip_leaves",
            Self::ZipMut => "zip_leaves_mut",
        };
        Ident::new(name, Span::call_site())
    }

    /// The method of `Container` that goes through the items.
    fn container(self) -> Ident {
        let name = match self {
            Self::Map | Self::Unmap => "map",
            Self::Visit => "visit",
            Self::VisitMut => "visit_mut",
            Self::Zip => "zip",
            Self::ZipMut => "zip_mut",
        };
        Ident::new(name, Span::call_site())
    }

    /// The body of the method.
    pub fn body(self, item: &Item, leaf: &Ident) -> TokenStream {
        let tree = &item.tree;
        let from = match self {
            Self::Unmap => quote!(with),
            _ => quote!(self),
        };
        if item.shapes.is_empty() {
            return quote!(match *#from {});
        }
        let arms = item.shapes.iter().map(|shape| self.arm(item, leaf, shape));
        if !self.zips() {
            return quote!(match #from { #(#arms)* });
        }
        let differ = (item.shapes.len() > 1).then(|| {
            let ident = &item.input.ident;
            let names = item.shapes.iter().map(|shape| {
                let variant = &shape.variant;
                let name = variant.as_ref().map(Ident::to_string);
                quote!(#ident::#variant { .. } => #name,)
            });
            let names = quote!(#(#names)*);
            quote! {
                (left, right) => {
                    let left = match left { #names };
                    let right = match right { #names };
                    ::core::result::Result::Err(#tree::StructureError::variant(path, left, right))
                }
            }
        });
        quote!(match (self, other) { #(#arms)* #differ })
    }

    /// The arm for a struct or a variant.
    fn arm(self, item: &Item, leaf: &Ident, shape: &Shape) -> TokenStream {
        let ident = &item.input.ident;
        let constructor = match &shape.variant {
            Some(variant) => quote!(#ident::#variant),
            None => quote!(#ident),
        };
        let pattern = |prefix: &str| {
            let parts = shape.parts.iter().enumerate();
            let members = parts.map(|(i, part)| {
                let member = &part.member;
                let name = format_ident!("{prefix}{i}");
                quote!(#member: #name)
            });
            quote!(#constructor { #(#members),* })
        };
        let left = pattern("left");
        let walks = shape.parts.iter().enumerate();
        let walks = walks.map(|(i, part)| self.part(item, leaf, i, part));
        if self.builds() {
            let members = shape.parts.iter().map(|part| &part.member);
            quote!(#left => #constructor { #(#members: #walks),* },)
        } else if self.zips() {
            let right = pattern("right");
            let ok = ok(&item.tree);
            quote!((#left, #right) => { #(#walks)* #ok })
        } else {
            quote!(#left => { #(#walks)* })
        }
    }

    /// The walk of one field: a value, or a statement.
    fn part(self, item: &Item, leaf: &Ident, i: usize, part: &Part) -> TokenStream {
        let left = format_ident!("left{i}");
        let walk = self.walk(item, leaf, &part.walk);
        if !part.walk.has_leaves() {
            return if self.builds() {
                quote!({ let x = #left; #walk })
            } else {
                TokenStream::new()
            };
        }
        let binding = if self.zips() {
            let right = format_ident!("right{i}");
            quote!(let (x, y) = (#left, #right);)
        } else {
            quote!(let x = #left;)
        };
        let mut walk = quote!({ #binding #walk });
        if part.state {
            walk = quote!(path.state(|path| #walk));
        }
        let name = &part.name;
        self.statement(quote!(path.field(#name, |path| #walk)))
    }

    /// The walk of `x` (beside `y`), which are references.
    fn walk(self, item: &Item, leaf: &Ident, walk: &Walk) -> TokenStream {
        let tree = &item.tree;
        let arguments = if self.zips() { quote!(x, y) } else { quote!(x) };
        match walk {
            Walk::Leaf => {
                let ok = self.zips().then(|| ok(tree));
                let end = self.zips().then(|| quote!(;));
                quote!({ f(path, #arguments) #end #ok })
            }
            Walk::Sub(ty) => self.sub(tree, leaf, ty, &arguments),
            Walk::Each(item_walk) => {
                let method = self.container();
                let inner = self.walk(item, leaf, item_walk);
                quote!(#tree::detail::Container::#method(#arguments, path, |path, #arguments| #inner))
            }
            Walk::Tuple(walks) => {
                let walks = walks.iter().enumerate();
                let walks = walks.map(|(i, walk)| self.element(item, leaf, i, walk));
                if self.builds() {
                    quote!((#(#walks,)*))
                } else {
                    let ok = self.zips().then(|| ok(tree));
                    quote!({ #(#walks)* #ok })
                }
            }
            Walk::Phantom if self.builds() => quote!(::core::marker::PhantomData),
            Walk::Keep(_) if self.builds() => quote!(::core::clone::Clone::clone(x)),
            Walk::Phantom | Walk::Keep(_) if self.zips() => ok(tree),
            Walk::Phantom | Walk::Keep(_) => quote!(()),
        }
    }

    fn sub(self, tree: &TokenStream, leaf: &Ident, ty: &Type, x: &TokenStream) -> TokenStream {
        let method = self.name();
        let path = quote_spanned!(ty.span()=> <#ty as #tree::Tree<#leaf>>::#method);
        quote!(#path(#x, path, f))
    }

    /// The walk of an element of the tuple `x`.
    fn element(self, item: &Item, leaf: &Ident, i: usize, walk: &Walk) -> TokenStream {
        let inner = self.walk(item, leaf, walk);
        let field = Index::from(i);
        let binding = match self {
            Self::Map | Self::Unmap | Self::Visit => quote!(let x = &x.#field;),
            Self::VisitMut => quote!(let x = &mut x.#field;),
            Self::Zip => quote!(let (x, y) = (&x.#field, &y.#field);),
            Self::ZipMut => quote!(let (x, y) = (&mut x.#field, &y.#field);),
        };
        self.statement(quote!(path.index(#i, |path| { #binding #inner })))
    }

    /// A walk beside others: what it builds, or a statement.
    fn statement(self, walk: TokenStream) -> TokenStream {
        if self.builds() {
            walk
        } else if self.zips() {
            quote!(#walk?;)
        } else {
            quote!(#walk;)
        }
    }
}

fn ok(tree: &TokenStream) -> TokenStream {
    quote!(::core::result::Result::Ok::<(), #tree::StructureError>(()))
}
