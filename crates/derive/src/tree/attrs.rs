//! The attributes `#[tree(…)]`.

use proc_macro2::Span;
use syn::{
    Attribute, DeriveInput, Error, Field, Ident, LitStr, Path, Result, TypeParam,
    meta::ParseNestedMeta, spanned::Spanned,
};

#[derive(Default)]
pub struct ItemAttrs {
    pub krate: Option<Path>,
    pub leaf: Option<Ident>,
}

#[derive(Default)]
pub struct FieldAttrs {
    pub state: Option<Span>,
    pub skip: Option<Span>,
    pub rename: Option<LitStr>,
}

impl ItemAttrs {
    pub fn parse(input: &DeriveInput) -> Result<Self> {
        let mut found = Self::default();
        each(&input.attrs, |meta| {
            if meta.path.is_ident("crate") {
                let path: LitStr = meta.value()?.parse()?;
                set(
                    &mut found.krate,
                    path.parse_with(Path::parse_mod_style)?,
                    &meta,
                )
            } else if meta.path.is_ident("leaf") {
                set(&mut found.leaf, meta.value()?.parse()?, &meta)
            } else {
                Err(meta.error("a type takes `leaf = Q` or `crate = \"path\"`"))
            }
        })?;
        Ok(found)
    }
}

impl FieldAttrs {
    pub fn parse(field: &Field) -> Result<Self> {
        let mut found = Self::default();
        each(&field.attrs, |meta| {
            let span = meta.path.span();
            if meta.path.is_ident("state") {
                set(&mut found.state, span, &meta)
            } else if meta.path.is_ident("skip") {
                set(&mut found.skip, span, &meta)
            } else if meta.path.is_ident("rename") {
                let name: LitStr = meta.value()?.parse()?;
                if name.value().is_empty() || name.value().contains('.') {
                    let why = "the component of a path is not empty and has no dot";
                    return Err(Error::new(name.span(), why));
                }
                set(&mut found.rename, name, &meta)
            } else {
                Err(meta.error("a field takes `state`, `skip` or `rename = \"x\"`"))
            }
        })?;
        Ok(found)
    }
}

/// Whether a type parameter is marked `#[tree(skip)]`.
pub fn skips(param: &TypeParam) -> Result<bool> {
    let mut skip = None;
    each(&param.attrs, |meta| {
        if meta.path.is_ident("skip") {
            set(&mut skip, (), &meta)
        } else {
            Err(meta.error("a type parameter takes `skip`"))
        }
    })?;
    Ok(skip.is_some())
}

/// Refuses `#[tree(…)]` where it has no meaning.
pub fn refuse(attrs: &[Attribute], why: &str) -> Result<()> {
    each(attrs, |meta| Err(Error::new(meta.path.span(), why)))
}

fn each(attrs: &[Attribute], mut f: impl FnMut(ParseNestedMeta<'_>) -> Result<()>) -> Result<()> {
    let mut ours = attrs.iter().filter(|attr| attr.path().is_ident("tree"));
    ours.try_for_each(|attr| attr.parse_nested_meta(&mut f))
}

fn set<T>(slot: &mut Option<T>, value: T, meta: &ParseNestedMeta<'_>) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(meta.error("given twice")),
    }
}
