//! Where the module `tree` is, seen from the crate that derives.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Error, Ident, Result};

const CRATES: [&str; 3] = ["wengert-tape", "wengert", "wengert-nn"];

/// The path of the module `tree` in the first of the crates that is at hand.
pub fn tree(item: &Ident) -> Result<TokenStream> {
    for package in CRATES {
        let name = match crate_name(package) {
            Ok(FoundCrate::Name(name)) => name,
            // Right in the examples, tests and doc tests of the package, and in
            // its library too if that says `extern crate self as wengert_tape`.
            Ok(FoundCrate::Itself) => package.replace('-', "_"),
            Err(_) => continue,
        };
        let name = Ident::new(&name, Span::call_site());
        return Ok(quote!(::#name::tree));
    }
    Err(Error::new(
        item.span(),
        "`derive(Tree)` finds none of `wengert`, `wengert-tape` and `wengert-nn` among the \
         dependencies in Cargo.toml: add one, or say where it is with `#[tree(crate = \"path\")]`",
    ))
}
