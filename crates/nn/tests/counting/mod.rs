//! The system's allocator with counters: what a thread takes while it is told to count, and what all
//! threads hold.
#![allow(dead_code, reason = "each test uses a part of this")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicIsize, Ordering};

/// The allocator that counts.
struct Counting;

thread_local! {
    static COUNT: Cell<Option<usize>> = const { Cell::new(None) };
    /// The greatest block that this thread has taken while it counted.
    static GREATEST: Cell<usize> = const { Cell::new(0) };
}

/// The bytes that all threads hold.
static HELD: AtomicIsize = AtomicIsize::new(0);

fn count(size: usize) {
    let Some(count) = COUNT.get() else { return };
    COUNT.set(None);
    GREATEST.set(GREATEST.get().max(size));
    if std::env::var_os("WENGERT_TRACE").is_some() {
        eprintln!("{}", std::backtrace::Backtrace::force_capture());
    }
    COUNT.set(Some(count + 1));
}

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        hold(layout.size() as isize);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        hold(-(layout.size() as isize));
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        hold(size as isize - layout.size() as isize);
        // SAFETY: the caller keeps the contract.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn hold(bytes: isize) {
    HELD.fetch_add(bytes, Ordering::Relaxed);
}

/// The bytes that all threads hold now.
pub fn held() -> isize {
    HELD.load(Ordering::Relaxed)
}

/// The number of blocks that `f` takes.
pub fn blocks(f: impl FnOnce()) -> usize {
    COUNT.set(Some(0));
    GREATEST.set(0);
    f();
    COUNT.take().unwrap_or(0)
}

/// The bytes of the greatest block that was taken in the last `blocks` of this thread.
pub fn greatest() -> usize {
    GREATEST.get()
}
