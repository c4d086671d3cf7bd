//! What a field is, from its type as written.

use syn::{
    Error, GenericArgument, Ident, PathArguments, PathSegment, Result, Type, TypePath,
    spanned::Spanned,
};

use super::params::Params;

/// How the leaves of a field are reached.
pub enum Walk {
    /// The field is a leaf.
    Leaf,
    /// By its own `Tree`.
    Sub(Type),
    /// Through the items of a `Vec`, `Option`, `Box` or array.
    Each(Box<Walk>),
    /// Through the fields of a tuple.
    Tuple(Vec<Walk>),
    /// `PhantomData` of something with leaves.
    Phantom,
    /// Not at all: it is configuration.
    Keep(Type),
}

/// What the syntax of a type tells.
pub enum Form<'a> {
    /// A single word.
    Name(&'a Ident),
    /// A tuple or a container, with the types inside.
    Items(Vec<&'a Type>),
    /// `PhantomData<…>`.
    Phantom,
    Other,
}

pub fn form(ty: &Type) -> Form<'_> {
    match ty {
        Type::Paren(ty) => form(&ty.elem),
        Type::Group(ty) => form(&ty.elem),
        Type::Tuple(ty) => Form::Items(ty.elems.iter().collect()),
        Type::Array(ty) => Form::Items(vec![&ty.elem]),
        Type::Path(path) => path_form(path),
        _ => Form::Other,
    }
}

fn path_form(ty: &TypePath) -> Form<'_> {
    if let Some(ident) = ty.path.get_ident() {
        return Form::Name(ident);
    }
    let root = ty.path.segments.first().map(|segment| &segment.ident);
    let of_std = |root: &Ident| ["std", "core", "alloc"].iter().any(|name| root == name);
    let short = ty.path.segments.len() == 1;
    let Some(last) = ty.path.segments.last() else {
        return Form::Other;
    };
    if ty.qself.is_some() || !short && !root.is_some_and(of_std) {
        return Form::Other;
    }
    match (last.ident.to_string().as_str(), only_argument(last)) {
        ("PhantomData", Some(_)) => Form::Phantom,
        ("Option" | "Vec" | "Box", Some(item)) => Form::Items(vec![item]),
        _ => Form::Other,
    }
}

fn only_argument(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    match (arguments.args.first(), arguments.args.len()) {
        (Some(GenericArgument::Type(ty)), 1) => Some(ty),
        _ => None,
    }
}

impl Walk {
    pub fn new(ty: &Type, params: &Params) -> Result<Self> {
        if !params.moves(ty) {
            return Ok(Self::Keep(ty.clone()));
        }
        let walk = match (form(ty), ty) {
            (_, Type::Paren(ty)) => Self::new(&ty.elem, params)?,
            (_, Type::Group(ty)) => Self::new(&ty.elem, params)?,
            (Form::Name(ident), _) if params.leaf.as_ref() == Some(ident) => Self::Leaf,
            (Form::Phantom, _) => Self::Phantom,
            (Form::Items(items), Type::Tuple(_)) => Self::Tuple(
                items
                    .into_iter()
                    .map(|item| Self::new(item, params))
                    .collect::<Result<_>>()?,
            ),
            (Form::Items(items), _) => match items[..] {
                [item] => Self::Each(Box::new(Self::new(item, params)?)),
                _ => Self::Sub(ty.clone()),
            },
            (_, Type::Path(path)) if params.projects(path) => return Err(refusal(ty)),
            (Form::Name(_) | Form::Other, Type::Path(_)) => Self::Sub(ty.clone()),
            (_, other) => return Err(refusal(other)),
        };
        Ok(walk)
    }

    /// A field marked `#[tree(skip)]`.
    pub fn skipped(ty: &Type, params: &Params) -> Result<Self> {
        if matches!(form(ty), Form::Phantom) {
            return Ok(Self::Phantom);
        }
        if params.moves(ty) {
            return Err(Error::new(
                ty.span(),
                "a skipped field is cloned into `With<Q>`, so its type must not depend on the \
                 leaves",
            ));
        }
        Ok(Self::Keep(ty.clone()))
    }

    pub fn has_leaves(&self) -> bool {
        match self {
            Self::Leaf | Self::Sub(_) => true,
            Self::Each(item) => item.has_leaves(),
            Self::Tuple(items) => items.iter().any(Self::has_leaves),
            Self::Phantom | Self::Keep(_) => false,
        }
    }

    /// Calls `f` on the types that are cloned.
    pub fn visit_kept<'a>(&'a self, f: &mut impl FnMut(&'a Type)) {
        match self {
            Self::Keep(ty) => f(ty),
            Self::Each(item) => item.visit_kept(f),
            Self::Tuple(items) => items.iter().for_each(|item| item.visit_kept(f)),
            Self::Leaf | Self::Sub(_) | Self::Phantom => {}
        }
    }
}

fn refusal(ty: &Type) -> Error {
    let why = match ty {
        Type::Reference(_) => {
            "a tree owns its leaves, which a reference does not: hold the value, a `Box` or a `Vec`"
        }
        Type::Slice(_) => "a tree cannot hold a slice: use a `Vec` or an array",
        Type::FnPtr(_) | Type::Ptr(_) | Type::TraitObject(_) | Type::ImplTrait(_) => {
            "`Tree` cannot be derived through this type: it does not tell where the leaves are"
        }
        Type::Path(_) => "an associated type of a leaf is unknown in `With<Q>`",
        _ => "`Tree` cannot be derived through this type",
    };
    Error::new(ty.span(), why)
}
