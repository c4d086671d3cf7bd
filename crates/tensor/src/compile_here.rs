//! Generic functions that are compiled in the crate that defines them, and in no other.
//!
//! Rust compiles a generic function in every crate that calls it, at that crate's level of
//! optimization. There are only two types of floats, so that a library can compile its functions for
//! both once and for all. Whoever calls them then waits for a jump, not for the compiler.

use std::any::Any;

/// Defines a function generic in one float `T` whose body is compiled here, for `f32` and for `f64`.
///
/// The arguments and the result may name `T` and lifetimes; `impl Trait` and further type parameters
/// are not possible, and the caller's place is not passed on.
///
/// ```
/// wengert_tensor::compile_here! {
///     /// The sum of the squares.
///     fn squares<T>(x: &[T]) -> T {
///         x.iter().map(|&x| x * x).sum()
///     }
/// }
/// assert_eq!(squares(&[3.0f32, 4.0]), 25.0);
/// assert_eq!(squares(&[3.0f64, 4.0]), 25.0);
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! compile_here {
    ($($(#[$meta:meta])* $vis:vis fn $name:ident<$($life:lifetime,)* $T:ident>(
        $($arg:ident: $type:ty),* $(,)?
    ) $(-> $result:ty)? $body:block)*) => { $(
        $(#[$meta])*
        // Inlined, it is the choice of a function that is known at compile time.
        #[inline(always)]
        $vis fn $name<$($life,)* $T: $crate::Float>($($arg: $type),*) $(-> $result)? {
            #[inline(always)]
            fn generic<$($life,)* $T: $crate::Float>($($arg: $type),*) $(-> $result)? $body
            type Function<$T> = for<$($life),*> fn($($type),*) $(-> $result)?;
            let narrow: Function<f32> = {
                type $T = f32;
                #[inline(never)]
                fn compiled<$($life),*>($($arg: $type),*) $(-> $result)? {
                    generic::<f32>($($arg),*)
                }
                compiled
            };
            let wide: Function<f64> = {
                type $T = f64;
                #[inline(never)]
                fn compiled<$($life),*>($($arg: $type),*) $(-> $result)? {
                    generic::<f64>($($arg),*)
                }
                compiled
            };
            $crate::of_this_float::<Function<$T>>(&narrow, &wide)($($arg),*)
        }
    )* };
}

/// The one of two functions that has the type `F`.
#[doc(hidden)]
#[inline(always)]
pub fn of_this_float<F: Copy + 'static>(narrow: &dyn Any, wide: &dyn Any) -> F {
    match narrow.downcast_ref().or_else(|| wide.downcast_ref()) {
        Some(function) => *function,
        None => unreachable!("a float is `f32` or `f64`"),
    }
}
