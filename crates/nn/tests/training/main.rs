//! Tests of optimizers, schedules, regularization and the loop.

#[path = "../common/book.rs"]
mod book;
mod lazy_rows;
mod loops;
mod optim;
#[path = "../../../tensor/tests/common/refusals.rs"]
mod refusals;
mod refused;
mod schedules;
mod state;
