//! Elementwise loops, and the elementary functions in them.
//!
//! `operands` says what a loop is told, `each` makes arrays, `map` is the loop over whole blocks, `ends` what does not fill
//! one, `strided` every other layout. `math` has the elementary functions, `float` gives them to the
//! element types. `special` has functions that are computed one number at a time, in `f64`.

mod each;
mod ends;
mod float;
mod map;
pub mod math;
mod operands;
pub mod special;
mod strided;

pub use each::each;
pub use map::map_flat;
pub use operands::{Input, Loop, MapFn, Mode, Operands, Output, Source, Steps};
pub use strided::map;
