//! Optimizers: they change a model by its gradients, in place.
//!
//! An optimizer holds its moments in the order of the model's leaves, made at the first gradient.
//! A leaf without gradient (frozen, or out of reach of the loss) is left alone, weight decay
//! included; a state leaf takes the value that the step set. After the first step nothing is
//! allocated.
//!
//! A table of which a step looks a few rows up has a gradient of these rows
//! ([`Gradients::rows`](wengert_tape::Gradients::rows)). An update by momentum, by moments or with decay
//! moves the others as well, as far as a gradient of 0 does; `with_lazy_rows` leaves them alone, and so do [`Adagrad`]
//! without decay and [`Sgd`] without decay and momentum. Three optimizers have no such way: [`Lamb`] takes the norm of the
//! whole leaf, [`Rprop`] compares gradients of all the data, and [`Lbfgs`] has one vector of everything.
//!
//! All but [`Lbfgs`], which evaluates the loss itself, are an [`Optimizer`], and so are those that
//! stand around one: [`Groups`] gives parts of a model optimizers of their own, [`Guard`] keeps
//! gradients that are not finite away, [`Lookahead`] goes back a part of the way. What a checkpoint has
//! to save of them is [`Stateful`]. The rate of a step comes from a [`Schedule`] or a [`Plateau`].
//!
//! # What a step costs
//!
//! The time of an update beside that of [`Adam`], which takes 0.8 ns an element in `f32` on one core of
//! a virtual machine, and the tensors that are held of each leaf
//! (`cargo bench --bench optimizers`):
//!
//! | optimizer | time | held |
//! |---|---:|---:|
//! | [`Sgd`] | 0.2 | 0 |
//! | [`Sgd`] with momentum | 0.4 | 1 |
//! | [`Lion`] | 0.6 | 1 |
//! | [`Adamax`] | 0.8 | 2 |
//! | [`Adagrad`] | 0.8 | 1 |
//! | [`RmsProp`] | 0.9 | 1 |
//! | [`Adam`] | 1 | 2 |
//! | [`RAdam`], [`Rprop`] | 1.0 | 2 |
//! | [`NAdam`] | 1.1 | 2 |
//! | [`Adadelta`] | 1.2 | 2 |
//! | [`Adam`] with AMSGrad | 1.4 | 3 |
//! | [`RmsProp`], centered | 1.6 | 3 |
//! | [`Lamb`], which looks twice | 5.7 | 2 |

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
mod setters;
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
