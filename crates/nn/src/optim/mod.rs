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

mod accumulate;
mod adadelta;
mod adagrad;
mod adam;
mod adamax;
mod average;
mod clip;
mod groups;
mod guard;
mod lamb;
mod lbfgs;
mod line_search;
mod lion;
mod lookahead;
mod nadam;
mod optimizer;
pub mod penalty;
mod plateau;
mod radam;
mod rms_prop;
mod rprop;
mod schedule;
mod setting;
mod sgd;
mod slot;
mod state;
mod walk;

pub use accumulate::Accumulator;
pub use adadelta::Adadelta;
pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adamax::Adamax;
pub use average::Average;
pub use clip::{clip_by_global_norm, clip_by_norm, clip_by_value};
pub use groups::Groups;
pub use guard::Guard;
pub use lamb::Lamb;
pub use lbfgs::{Lbfgs, LbfgsStep};
pub use lion::Lion;
pub use lookahead::Lookahead;
pub use nadam::NAdam;
pub use optimizer::Optimizer;
pub use plateau::Plateau;
pub use radam::RAdam;
pub use rms_prop::RmsProp;
pub use rprop::Rprop;
pub use schedule::{OneCycle, Schedule};
pub use sgd::Sgd;
pub use slot::Slot;
pub use state::{Piece, PieceMut, Stateful, visit_named, visit_named_mut};
pub use walk::{Leaf, Leaves};
