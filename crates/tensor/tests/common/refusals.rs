//! Refusals: panics caught with their message and place, and tables of them. The tests of the other
//! crates include this file too.
#![allow(dead_code, unused_macros, unused_imports)]

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// A panic, as the hook sees it.
#[derive(Clone, Debug)]
pub struct Caught {
    pub message: String,
    pub file: String,
    pub line: u32,
}

thread_local! {
    static LAST: RefCell<Option<Caught>> = const { RefCell::new(None) };
    static CATCHING: RefCell<bool> = const { RefCell::new(false) };
}

/// Runs `f` and says with what and where it panicked, if it did. Nothing is printed.
pub fn attempt(f: impl FnOnce()) -> Option<Caught> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !CATCHING.with(|catching| *catching.borrow()) {
                return before(info);
            }
            let payload = info.payload();
            let message = payload.downcast_ref::<String>().cloned().or_else(|| {
                payload
                    .downcast_ref::<&str>()
                    .map(|text| (*text).to_owned())
            });
            let place = info.location().expect("a panic has a place");
            LAST.with(|last| {
                *last.borrow_mut() = Some(Caught {
                    message: message.unwrap_or_default(),
                    file: place.file().to_owned(),
                    line: place.line(),
                });
            });
        }));
    });
    CATCHING.with(|catching| *catching.borrow_mut() = true);
    let result = catch_unwind(AssertUnwindSafe(f));
    CATCHING.with(|catching| *catching.borrow_mut() = false);
    let caught = LAST.with(|last| last.borrow_mut().take());
    result.err().and(caught)
}

/// Runs `f`, which must panic, and says with what and where.
#[track_caller]
pub fn caught(f: impl FnOnce()) -> Caught {
    attempt(f).expect("it did not panic")
}

/// What the docs of an item promise to refuse: the item, what is done, what the message says. For an
/// item that returns an error, `attempt` gives its text.
pub struct Refusal {
    pub item: &'static str,
    pub attempt: fn() -> Option<String>,
    pub says: &'static str,
}

/// A table of panics: `"item": what is done => "what the panic says";`.
macro_rules! panics {
    ($($item:literal: $done:expr => $says:literal;)*) => {
        &[$(crate::refusals::Refusal {
            item: $item,
            attempt: || {
                let _ = $done;
                None
            },
            says: $says,
        }),*]
    };
}
pub(crate) use panics;

/// A table of errors: `"item": what gives the result => "what the error says";`.
macro_rules! errors {
    ($($item:literal: $done:expr => $says:literal;)*) => {
        &[$(crate::refusals::Refusal {
            item: $item,
            attempt: || $done.err().map(|error| error.to_string()),
            says: $says,
        }),*]
    };
}
pub(crate) use errors;

/// Where a panic of a table has to point.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At the table, where its user stands.
    Here,
    /// Anywhere: the item is called by the library, which has checked.
    Anywhere,
}

/// Checks a table of panics that stands in `file`.
pub fn check_panics(file: &str, place: Place, table: &[Refusal]) {
    let mut failures = Vec::new();
    for refusal in table {
        let Refusal { item, says, .. } = refusal;
        let caught = attempt(|| {
            (refusal.attempt)();
        });
        let Some(caught) = caught else {
            failures.push(format!("{item}: no panic, where one says {says:?}"));
            continue;
        };
        if !caught.message.contains(says) {
            let message = &caught.message;
            failures.push(format!("{item}: {message:?} instead of {says:?}"));
        }
        if place == Place::Here && caught.file != file {
            let Caught { file, line: at, .. } = caught;
            failures.push(format!("{item} ({says}): the panic points at {file}:{at}"));
        }
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

/// Checks a table of errors.
pub fn check_errors(table: &[Refusal]) {
    let mut failures = Vec::new();
    for refusal in table {
        let Refusal { item, says, .. } = refusal;
        match (refusal.attempt)() {
            Some(text) if text.contains(says) => {}
            Some(text) => failures.push(format!("{item}: {text:?} instead of {says:?}")),
            None => failures.push(format!("{item}: no error, where one says {says:?}")),
        }
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}
