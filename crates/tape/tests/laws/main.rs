//! Every law on every row of the list of ops. `--nocapture` shows what was tried.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod checkers;
mod compose;
mod docs;
mod faults;
mod paths;
mod rows;
mod sized;

use std::sync::{RwLock, RwLockReadGuard};

/// Held for writing by a test that changes the instruction set of the process, and for reading by one
/// that compares bits.
static INSTRUCTION_SET: RwLock<()> = RwLock::new(());

fn one_instruction_set() -> RwLockReadGuard<'static, ()> {
    // A test that failed while it held the lock is reported on its own.
    INSTRUCTION_SET
        .read()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
