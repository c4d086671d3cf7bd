//! Optimizers: they change a model by its gradients, in place.
//!
//! An optimizer holds its moments in the order of the model's leaves, made at the first gradient.
//! A leaf without gradient (frozen, or out of reach of the loss) is left alone, weight decay
//! included; a state leaf takes the value that the step set. After the first step nothing is
//! allocated.
//!
//! A table of which a step looks a few rows up has a gradient of these rows
//! ([`Gradients::rows`](wengert_tape::Gradients::rows)). An update by momentum, by moments or with decay
//! moves the others as well, as far as a gradient of 0 does; `with_lazy_rows` leaves them alone.

mod adam;
mod clip;
mod optimizer;
mod setting;
mod sgd;
mod slot;
mod state;
mod walk;

pub use adam::Adam;
pub use clip::{clip_by_global_norm, clip_by_value};
pub use optimizer::Optimizer;
pub use sgd::Sgd;
pub use slot::Slot;
pub use state::{Piece, PieceMut, Stateful, visit_named, visit_named_mut};
pub use walk::{Leaf, Leaves};
