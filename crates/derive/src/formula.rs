//! The attribute on formulas: inlining, and literals of the lane type.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, GenericParam, Ident, ImplItem, Item, Lit, Pat, Signature, Stmt, Type};

/// Expands the attribute on `item`.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    if !arguments.is_empty() {
        return Err(syn::Error::new_spanned(
            arguments,
            "`#[formula]` takes no arguments",
        ));
    }
    let mut item: Item = syn::parse2(item)?;
    match &mut item {
        Item::Impl(block) => {
            for item in &mut block.items {
                if let ImplItem::Fn(method) = item {
                    inline(&mut method.attrs);
                    lift(&method.sig, &mut method.block);
                }
            }
        }
        Item::Fn(function) => {
            inline(&mut function.attrs);
            lift(&function.sig, &mut function.block);
        }
        other => {
            let message = "`#[formula]` belongs on an `impl Formula<..> for ..` block, \
                           or on a function that formulas call";
            return Err(syn::Error::new_spanned(other, message));
        }
    }
    Ok(item.into_token_stream())
}

/// Has a function inlined always, unless it says otherwise itself.
fn inline(attrs: &mut Vec<syn::Attribute>) {
    if !attrs.iter().any(|attr| attr.path().is_ident("inline")) {
        attrs.push(syn::parse_quote!(#[inline(always)]));
    }
}

/// Writes the literals in the body of a function over one type, `R`, as `R::lit(..)`.
fn lift(signature: &Signature, body: &mut Block) {
    let mut types = signature
        .generics
        .params
        .iter()
        .filter_map(|param| match param {
            GenericParam::Type(param) => Some(param.ident.clone()),
            _ => None,
        });
    if let (Some(real), None) = (types.next(), types.next()) {
        Lift { real }.visit_block_mut(body);
    }
}

struct Lift {
    real: Ident,
}

impl VisitMut for Lift {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Lit(literal) => {
                if let Lit::Float(float) = &literal.lit
                    && float.suffix().is_empty()
                {
                    let (real, attrs) = (&self.real, &literal.attrs);
                    *expr = Expr::Verbatim(quote!(#(#attrs)* #real::lit(#float)));
                }
            }
            // What is lifted by hand stays a number, and so does what is cast.
            Expr::Call(call) if is_lit(&call.func) => {}
            Expr::Cast(_) | Expr::Const(_) => {}
            other => visit_mut::visit_expr_mut(self, other),
        }
    }

    fn visit_stmt_mut(&mut self, statement: &mut Stmt) {
        match statement {
            // Of a type that is written down.
            Stmt::Local(local) if names_float(&local.pat) => {}
            other => visit_mut::visit_stmt_mut(self, other),
        }
    }

    // None of these holds a number of the formula.
    fn visit_item_mut(&mut self, _: &mut Item) {}
    fn visit_type_mut(&mut self, _: &mut Type) {}
    fn visit_pat_mut(&mut self, _: &mut Pat) {}
    fn visit_attribute_mut(&mut self, _: &mut syn::Attribute) {}
    fn visit_path_arguments_mut(&mut self, _: &mut syn::PathArguments) {}
    fn visit_angle_bracketed_generic_arguments_mut(
        &mut self,
        _: &mut syn::AngleBracketedGenericArguments,
    ) {
    }
}

/// Whether a function is called `lit`, by whatever path.
fn is_lit(function: &Expr) -> bool {
    match function {
        Expr::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == "lit"),
        _ => false,
    }
}

/// Whether a binding is declared as `f64` or `f32`.
fn names_float(pattern: &Pat) -> bool {
    match pattern {
        Pat::Type(typed) => match &*typed.ty {
            Type::Path(path) => path.path.is_ident("f64") || path.path.is_ident("f32"),
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(item: TokenStream) -> String {
        expand(TokenStream::new(), item).unwrap().to_string()
    }

    #[test]
    fn literals_are_lifted_where_they_are_numbers_of_the_formula() {
        let item = quote! {
            impl Formula<1, 1> for F {
                const NAME: &'static str = "f";
                const C: f64 = 1.5;
                fn eval<R: Real>(&self, [x]: [R; 1]) -> [R; 1] {
                    const HALF: f64 = 0.5;
                    let y: f64 = 0.25;
                    let z = R::lit(0.125 + y) + 2.0f64 as R;
                    let w = [3.0; 2];
                    [x * 4.0 - w[0] + helper(-5.0) + z]
                }
            }
        };
        let text = expanded(item);
        for kept in [
            "C : f64 = 1.5",
            "HALF : f64 = 0.5",
            "y : f64 = 0.25",
            "R :: lit (0.125 + y)",
        ] {
            assert!(text.contains(kept), "{kept} in {text}");
        }
        for lifted in [
            "[R :: lit (3.0) ; 2]",
            "x * R :: lit (4.0)",
            "- R :: lit (5.0)",
        ] {
            assert!(text.contains(lifted), "{lifted} in {text}");
        }
        assert!(text.contains("2.0f64 as R"));
        assert_eq!(text.matches("inline (always)").count(), 1);
    }

    #[test]
    fn the_type_parameter_may_have_any_name() {
        let text = expanded(quote! { fn half<Number: Real>(x: Number) -> Number { x * 0.5 } });
        assert!(text.contains("x * Number :: lit (0.5)"));
    }

    #[test]
    fn functions_over_no_type_or_several_keep_their_literals() {
        let text =
            expanded(quote! { impl F { fn a(&self) -> f64 { 0.5 } fn b<T, I>() -> f64 { 1.5 } } });
        assert!(!text.contains("lit"));
        assert_eq!(text.matches("inline (always)").count(), 2);
    }

    #[test]
    fn an_inline_attribute_of_the_user_stays_alone() {
        let text = expanded(quote! { #[inline(never)] fn f<R: Real>(x: R) -> R { x } });
        assert!(text.contains("inline (never)") && !text.contains("inline (always)"));
    }

    #[test]
    fn the_attribute_is_refused_elsewhere() {
        let error = expand(TokenStream::new(), quote! { struct S; }).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("belongs on an `impl Formula<..> for ..` block")
        );
        let error = expand(quote!(fast), quote! { fn f() {} }).unwrap_err();
        assert_eq!(error.to_string(), "`#[formula]` takes no arguments");
    }
}
