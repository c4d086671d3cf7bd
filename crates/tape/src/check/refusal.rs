//! Panics that are expected: caught with their message and place, and not printed.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

/// A panic that was caught by [`refusal`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What it said.
    pub message: String,
    /// The file where it happened, as the compiler knows it.
    pub file: String,
    /// The line in the file.
    pub line: u32,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at {}:{})", self.message, self.file, self.line)
    }
}

thread_local! {
    /// How many calls of `refusal` this thread is in.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// The panic that unwinds to the innermost of them.
    static CAUGHT: RefCell<Option<Refusal>> = const { RefCell::new(None) };
}

/// Runs a program that may panic, and returns what it panicked with.
///
/// The panic prints nothing, so that what a failing test prints is its own failure. Panics of other
/// threads, and panics outside, are printed as always: a panic hook around the one that was there is
/// installed at the first call.
///
/// ```
/// use wengert_tape::{Tape, check::refusal};
/// let tape = Tape::<f64>::new();
/// let refused = refusal(|| tape.zeros([2, 3]).matmul(tape.zeros([4, 5]))).err().unwrap();
/// assert_eq!(refused.message, "matmul: inner sizes differ: [2, 3] x [4, 5]");
/// assert_eq!(refusal(|| tape.zeros([2, 3]).rank()), Ok(2));
/// ```
///
/// # Errors
/// If the program panics.
pub fn refusal<R>(program: impl FnOnce() -> R) -> Result<R, Refusal> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !expected(info) {
                before(info);
            }
        }));
    });
    DEPTH.set(DEPTH.get() + 1);
    let outcome = catch_unwind(AssertUnwindSafe(program));
    DEPTH.set(DEPTH.get() - 1);
    let caught = CAUGHT.take();
    outcome.map_err(|payload| {
        // Without a word of the hook it was raised by `resume_unwind`, or the hook was replaced.
        caught.unwrap_or_else(|| Refusal {
            message: text(&*payload),
            file: String::new(),
            line: 0,
        })
    })
}

/// Whether a panic will be caught by `refusal`; if so, it is kept there.
fn expected(info: &PanicHookInfo<'_>) -> bool {
    if DEPTH.get() == 0 {
        return false;
    }
    CAUGHT.with_borrow_mut(|caught| {
        // A panic while another unwinds ends the process: this is the last chance to say why.
        let first = caught.is_none();
        *caught = Some(Refusal {
            message: text(info.payload()),
            file: info.location().map_or("", |place| place.file()).to_owned(),
            line: info.location().map_or(0, |place| place.line()),
        });
        first
    })
}

fn text(payload: &dyn std::any::Any) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
        .to_owned()
}
