//! `#[derive(Tree)]`: read the attributes, decide what each field is, write the
//! six walks.

mod attrs;
mod emit;
mod find;
mod method;
mod params;
#[cfg(test)]
mod tests;
mod walk;

use proc_macro2::TokenStream;
use syn::{
    Data, DeriveInput, Error, Field, Fields, Ident, LitStr, Member, Result, ext::IdentExt,
    spanned::Spanned,
};

use attrs::{FieldAttrs, ItemAttrs};
use params::Params;
use walk::Walk;

/// What the walks are written from.
struct Item<'a> {
    input: &'a DeriveInput,
    /// The path of the module `tree`.
    tree: TokenStream,
    params: Params,
    shapes: Vec<Shape>,
}

/// A struct, or a variant of an enum.
struct Shape {
    /// `None` for a struct.
    variant: Option<Ident>,
    parts: Vec<Part>,
}

struct Part {
    member: Member,
    /// The component of the field in paths.
    name: String,
    state: bool,
    skip: bool,
    walk: Walk,
}

pub fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let attrs = ItemAttrs::parse(input)?;
    let groups: Vec<(Option<Ident>, &Fields)> = match &input.data {
        Data::Struct(data) => vec![(None, &data.fields)],
        Data::Enum(data) => {
            for variant in &data.variants {
                attrs::refuse(
                    &variant.attrs,
                    "a variant adds nothing to a path and takes no `#[tree(…)]`: mark its fields",
                )?;
            }
            let variants = data.variants.iter();
            variants
                .map(|variant| (Some(variant.ident.clone()), &variant.fields))
                .collect()
        }
        Data::Union(data) => {
            return Err(Error::new(
                data.union_token.span,
                "`Tree` cannot be derived for a union: which of its fields hold leaves is not known",
            ));
        }
    };
    let fields = groups.iter().flat_map(|(_, fields)| fields.iter());
    let fields = fields
        .map(|field| Ok((field, FieldAttrs::parse(field)?)))
        .collect::<Result<Vec<_>>>()?;
    let walked = fields.iter().filter(|(_, attrs)| attrs.skip.is_none());
    let params = Params::new(input, attrs.leaf, walked.map(|(field, _)| &field.ty))?;

    let mut fields = fields.into_iter();
    let mut shapes = Vec::new();
    for (variant, group) in groups {
        let mut parts: Vec<Part> = Vec::new();
        for (index, (field, attrs)) in fields.by_ref().take(group.len()).enumerate() {
            let span = attrs.rename.as_ref().map_or(field.span(), LitStr::span);
            let part = Part::new(index, field, attrs, &params)?;
            if parts.iter().any(|other| other.name == part.name) {
                return Err(Error::new(span, "another field has this name in paths"));
            }
            parts.push(part);
        }
        shapes.push(Shape { variant, parts });
    }
    let tree = match attrs.krate {
        Some(path) => quote::quote!(#path::tree),
        None => find::tree(&input.ident)?,
    };
    Ok(emit::item(&Item {
        input,
        tree,
        params,
        shapes,
    }))
}

impl Part {
    fn new(index: usize, field: &Field, attrs: FieldAttrs, params: &Params) -> Result<Self> {
        let walk = if attrs.skip.is_some() {
            Walk::skipped(&field.ty, params)?
        } else {
            Walk::new(&field.ty, params)?
        };
        let pointless = [
            ("state", attrs.state),
            ("rename", attrs.rename.as_ref().map(|name| name.span())),
        ];
        for (name, span) in pointless {
            if let Some(span) = span
                && !walk.has_leaves()
            {
                let why = params.describe_missing();
                return Err(Error::new(
                    span,
                    format!("`{name}` has no effect on a field without leaves: {why}"),
                ));
            }
        }
        let member = match &field.ident {
            Some(ident) => Member::Named(ident.clone()),
            None => Member::Unnamed(index.into()),
        };
        let name = match (attrs.rename, &field.ident) {
            (Some(name), _) => name.value(),
            (None, Some(ident)) => ident.unraw().to_string(),
            (None, None) => index.to_string(),
        };
        Ok(Self {
            member,
            name,
            state: attrs.state.is_some(),
            skip: attrs.skip.is_some(),
            walk,
        })
    }
}
