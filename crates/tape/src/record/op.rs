//! What an op must say.

use std::any::Any;

use smallvec::SmallVec;
use wengert_tensor::{Float, Layout, Shape, ShapeError, View};

use crate::record::recording::Waiting;
use crate::walk::direct::Direct;
use crate::walk::reverse::Reverse;
use crate::walk::tangent::Tangent;

/// The shapes of an op's outputs; nearly always one.
pub type Shapes = SmallVec<[Shape; 1]>;

/// A primitive: a function of tensors that knows its shapes, its value and its derivative.
///
/// A user's op is exactly like a built-in one. Axes, indices and other attributes are fields.
/// The rules are written with ordinary ops on variables; the tape reads them twice, once without
/// recording (a first derivative) and once recorded (derivatives of any order).
///
/// ```
/// use wengert_tape::{Op, Reverse, Shapes, Tangent, Tape};
/// use wengert_tensor::{Float, Shape, ShapeError, Tensor, View};
///
/// /// y = x³
/// struct Cube;
/// impl<T: Float> Op<T> for Cube {
///     fn name(&self) -> &'static str { "cube" }
///     fn shapes(&self, x: &[Shape]) -> Result<Shapes, ShapeError> { Ok([x[0].clone()].into()) }
///     fn forward(&self, x: &[View<'_, T>], y: &mut [&mut [T]]) {
///         for (y, x) in y[0].iter_mut().zip(x[0].iter()) { *y = x * x * x }
///     }
///     fn reverse(&self, r: &Reverse<'_, '_, T>) {
///         r.give(0, r.y_bar(0).unwrap() * r.x(0) * r.x(0) * 3.0);
///     }
///     fn tangent(&self, t: &Tangent<'_, '_, T>) {
///         t.give(0, t.x_dot(0).unwrap() * t.x(0) * t.x(0) * 3.0);
///     }
/// }
///
/// let tape = Tape::<f64>::new();
/// let x = tape.leaf(&Tensor::scalar(2.0));
/// let y = tape.apply(Cube, [x]);
/// assert_eq!(y.backward().wrt(x).unwrap().item(), 12.0);
/// ```
pub trait Op<T: Float>: Any + Send + Sync {
    /// The name, as in errors and drawings.
    fn name(&self) -> &'static str;

    /// The shape rule: the outputs' shapes from the inputs'.
    ///
    /// # Errors
    /// If the op cannot work with these shapes. Recording panics with this error.
    fn shapes(&self, inputs: &[Shape]) -> Result<Shapes, ShapeError>;

    /// The value. Outputs are row-major and hold anything before.
    fn forward(&self, inputs: &[View<'_, T>], outputs: &mut [&mut [T]]);

    /// The reverse rule: gives every input that needs it its share of the outputs' cotangents.
    fn reverse(&self, rule: &Reverse<'_, '_, T>);

    /// The forward-mode rule: gives the outputs' tangents from the inputs'.
    fn tangent(&self, rule: &Tangent<'_, '_, T>);

    /// For an op whose output is its first input seen through another layout, each element once:
    /// that layout. The output's cotangent is then the region of the input's that the same layout
    /// describes, and the reverse rule is only needed where `Some(Err(_))` says that this layout
    /// cannot be seen so without a copy.
    fn view(&self, input: &Layout) -> Option<Result<Layout, ShapeError>> {
        let _ = input;
        None
    }

    /// For an op whose output shares its first input's storage while cotangents add up in it, such
    /// as a stretched axis: the output's layout.
    fn share(&self, input: &Layout) -> Option<Layout> {
        let _ = input;
        None
    }

    /// Hands the op to whoever records it. Ops of this library override this, so that they are
    /// compiled here and not in every program; see [`compiled_here`].
    #[doc(hidden)]
    fn hand_over(self, to: &mut dyn FnMut(Waiting<'_, T>))
    where
        Self: Sized,
    {
        to(Waiting::new(&mut Some(self)));
    }

    /// A faster way to do what [`reverse`](Op::reverse) says when nothing is recorded: straight
    /// into the inputs' cotangents. Returns `false` if there is none.
    #[doc(hidden)]
    fn direct(&self, direct: &mut Direct<'_, T>) -> bool {
        let _ = direct;
        false
    }
}

/// In the implementation of an op, a formula or an elementary function without type parameters: has
/// it compiled in the crate where it stands, for both types of floats.
///
/// It changes nothing but the time that programs take to compile. Without it, every program that
/// uses the op compiles its loops again, at that program's level of optimization.
#[doc(hidden)]
#[macro_export]
macro_rules! compiled_here {
    (op $op:ty) => {
        fn hand_over(self, to: &mut dyn FnMut($crate::record::recording::Waiting<'_, T>)) {
            ::wengert_tensor::compile_here! {
                fn hand_over<T>(op: $op, to: &mut dyn FnMut($crate::record::recording::Waiting<'_, T>)) {
                    to($crate::record::recording::Waiting::new(&mut Some(op)));
                }
            }
            hand_over(self, to);
        }
    };
    (formula $formula:ty, $inputs:literal) => {
        #[inline(always)]
        fn record<T: ::wengert_tensor::Float>(
            self,
            recorder: $crate::Recorder<'_, T>,
            ids: [u32; $inputs],
        ) -> u32 {
            ::wengert_tensor::compile_here! {
                fn record<T>(
                    formula: $formula,
                    recorder: $crate::Recorder<'_, T>,
                    ids: [u32; $inputs],
                ) -> u32 {
                    $crate::record_formula(formula, recorder, ids)
                }
            }
            record(self, recorder, ids)
        }
    };
    (elementary $function:ty) => {
        #[inline(always)]
        fn record<T: ::wengert_tensor::Float>(
            self,
            recorder: $crate::Recorder<'_, T>,
            ids: [u32; 1],
        ) -> u32 {
            ::wengert_tensor::compile_here! {
                fn record<T>(
                    function: $function,
                    recorder: $crate::Recorder<'_, T>,
                    ids: [u32; 1],
                ) -> u32 {
                    $crate::formula::elementwise::record(
                        $crate::formula::elementwise::Unary(function),
                        recorder,
                        ids,
                    )
                }
            }
            record(self, recorder, ids)
        }
    };
    (binary $formula:ty) => {
        impl $crate::formula::elementwise::Binary for $formula {
            $crate::compiled_here!(literal record_with_right, $formula, |formula, literal| {
                $crate::formula::elementwise::WithRight(formula, literal)
            });
            $crate::compiled_here!(literal record_with_left, $formula, |formula, literal| {
                $crate::formula::elementwise::WithLeft(literal, formula)
            });
        }
    };
    // A literal on the left is then one on the right.
    (commutative $formula:ty) => {
        impl $crate::formula::elementwise::Binary for $formula {
            $crate::compiled_here!(literal record_with_right, $formula, |formula, literal| {
                $crate::formula::elementwise::WithRight(formula, literal)
            });

            #[inline(always)]
            fn record_with_left<T: ::wengert_tensor::Float>(
                self,
                literal: f64,
                recorder: $crate::Recorder<'_, T>,
                ids: [u32; 1],
            ) -> u32 {
                self.record_with_right(literal, recorder, ids)
            }
        }
    };
    (literal $method:ident, $type:ty, |$formula:ident, $literal:ident| $made:block) => {
        #[inline(always)]
        fn $method<T: ::wengert_tensor::Float>(
            self,
            literal: f64,
            recorder: $crate::Recorder<'_, T>,
            ids: [u32; 1],
        ) -> u32 {
            ::wengert_tensor::compile_here! {
                fn record<T>(
                    $formula: $type,
                    $literal: f64,
                    recorder: $crate::Recorder<'_, T>,
                    ids: [u32; 1],
                ) -> u32 {
                    $crate::formula::elementwise::record($made, recorder, ids)
                }
            }
            record(self, literal, recorder, ids)
        }
    };
}
