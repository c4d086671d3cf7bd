//! The part each type parameter plays.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    DeriveInput, Error, GenericParam, Ident, Result, Type, TypeParamBound, TypePath,
    WherePredicate, punctuated::Punctuated, spanned::Spanned,
};

use super::{
    attrs,
    walk::{self, Form},
};

/// The type parameters that `With` changes; the others are configuration.
pub struct Params {
    /// The leaf parameter.
    pub leaf: Option<Ident>,
    /// Those that stand for a subtree.
    pub subtrees: Vec<Ident>,
    /// All of the item's own names that a field's type can mention.
    all: Vec<Ident>,
}

impl Params {
    pub fn new<'a>(
        input: &DeriveInput,
        leaf: Option<Ident>,
        walked: impl Iterator<Item = &'a Type> + Clone,
    ) -> Result<Self> {
        let mut free = Vec::new();
        for param in input.generics.type_params() {
            if !attrs::skips(param)? {
                free.push(param.ident.clone());
            }
        }
        let name = leaf
            .clone()
            .unwrap_or_else(|| Ident::new("P", Span::call_site()));
        let place = free.iter().position(|param| *param == name);
        if let (Some(leaf), None) = (&leaf, place) {
            let why = format!("the type has no type parameter `{leaf}` to be the leaf");
            return Err(Error::new(leaf.span(), why));
        }
        let leaf = place.map(|place| free.swap_remove(place));
        let mut params = Self {
            leaf,
            subtrees: Vec::new(),
            all: input.generics.params.iter().filter_map(own_name).collect(),
        };
        // A subtree may make others of its neighbors, as `M` does in `Pair<M, N>`.
        loop {
            let before = params.subtrees.len();
            for ty in walked.clone() {
                params.collect_subtrees(ty, &free);
            }
            if params.subtrees.len() == before {
                break;
            }
        }
        params.refuse_bounds(input)?;
        Ok(params)
    }

    /// Whether `With` changes a type.
    pub fn moves(&self, ty: &Type) -> bool {
        let own = self.leaf.is_some() || !self.subtrees.is_empty();
        mentions(ty, |ident| {
            self.leaf.as_ref() == Some(ident)
                || self.subtrees.contains(ident)
                || own && ident == "Self"
        })
    }

    /// Whether a path is an associated type of a parameter that moves.
    pub fn projects(&self, ty: &TypePath) -> bool {
        let root = ty.path.segments.first().map(|segment| &segment.ident);
        let moves = root
            .is_some_and(|root| self.leaf.as_ref() == Some(root) || self.subtrees.contains(root));
        ty.qself.is_some() || moves && ty.path.segments.len() > 1
    }

    /// Whether a type means the same outside of the item.
    pub fn is_closed(&self, ty: &Type) -> bool {
        !mentions(ty, |ident| self.all.contains(ident) || ident == "Self") && !has_lifetime(ty)
    }

    /// Whether a type mentions one of the item's own parameters.
    pub fn is_generic(&self, ty: &Type) -> bool {
        mentions(ty, |ident| self.all.contains(ident))
    }

    /// Why a field has no leaves.
    pub fn describe_missing(&self) -> String {
        match &self.leaf {
            Some(leaf) => format!("its type does not mention the leaf parameter `{leaf}`"),
            None => "its type mentions no type parameter".to_owned(),
        }
    }

    fn collect_subtrees(&mut self, ty: &Type, free: &[Ident]) {
        match walk::form(ty) {
            Form::Name(ident) if free.contains(ident) => self.add(ident),
            Form::Items(items) => {
                for item in items {
                    self.collect_subtrees(item, free);
                }
            }
            Form::Name(_) | Form::Other => {
                for ident in free {
                    if mentions(ty, |other| other == ident) {
                        self.add(ident);
                    }
                }
            }
            Form::Phantom => {}
        }
    }

    fn add(&mut self, ident: &Ident) {
        if !self.subtrees.contains(ident) {
            self.subtrees.push(ident.clone());
        }
    }

    /// `With<Q>` puts any type in the place of a leaf, so a bound in the
    /// declaration cannot be proved.
    fn refuse_bounds(&self, input: &DeriveInput) -> Result<()> {
        let moving =
            |ident: &Ident| self.leaf.as_ref() == Some(ident) || self.subtrees.contains(ident);
        let refuse = |bounds: &Punctuated<TypeParamBound, _>| {
            let bound = bounds.iter().find(|bound| !is_trivial(bound));
            bound.map_or(Ok(()), |bound| {
                Err(Error::new(
                    bound.span(),
                    "a bound on leaves cannot hold in `With<Q>` for every `Q`: move it to the \
                     impls that need it, or mark the parameter `#[tree(skip)]`",
                ))
            })
        };
        for param in input.generics.type_params() {
            if moving(&param.ident) {
                refuse(&param.bounds)?;
            }
        }
        let clause = input.generics.where_clause.iter();
        for predicate in clause.flat_map(|clause| &clause.predicates) {
            if let WherePredicate::Type(predicate) = predicate
                && mentions(predicate, moving)
            {
                refuse(&predicate.bounds)?;
            }
        }
        Ok(())
    }
}

fn own_name(param: &GenericParam) -> Option<Ident> {
    match param {
        GenericParam::Type(param) => Some(param.ident.clone()),
        GenericParam::Const(param) => Some(param.ident.clone()),
        GenericParam::Lifetime(_) => None,
    }
}

/// `?Sized` asks for nothing and `Sized` for what leaves are anyway.
fn is_trivial(bound: &TypeParamBound) -> bool {
    match bound {
        TypeParamBound::Trait(bound) => bound.path.is_ident("Sized"),
        _ => false,
    }
}

/// Whether a type mentions a parameter or `Self`: an identifier that neither
/// follows `::` nor is the name of a lifetime.
fn mentions(ty: &impl ToTokens, is: impl Fn(&Ident) -> bool) -> bool {
    any_ident(ty.to_token_stream(), &|before, ident| {
        !before.ends_with("::") && !before.ends_with('\'') && is(ident)
    })
}

/// Whether a type mentions a lifetime other than `'static`.
fn has_lifetime(ty: &Type) -> bool {
    any_ident(ty.to_token_stream(), &|before, ident| {
        before.ends_with('\'') && ident != "static"
    })
}

/// Asks about each identifier, given the punctuation right before it.
fn any_ident(tokens: TokenStream, is: &dyn Fn(&str, &Ident) -> bool) -> bool {
    let mut before = String::new();
    tokens.into_iter().any(|token| match token {
        TokenTree::Punct(punct) => {
            before.push(punct.as_char());
            false
        }
        token => {
            let before = std::mem::take(&mut before);
            match token {
                TokenTree::Ident(ident) => is(&before, &ident),
                TokenTree::Group(group) => any_ident(group.stream(), is),
                _ => false,
            }
        }
    })
}
