//! The state of a tape behind a lock that says who has it.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::ops::{Deref, DerefMut};

/// A `RefCell` that names what runs on the tape, where it is asked for a second time: an op whose
/// value is computed must not use its tape.
pub(crate) struct Guarded<X> {
    state: RefCell<X>,
    /// The op, or the method of the tape, that runs the user's code meanwhile.
    by: Cell<Option<&'static str>>,
}

impl<X> Guarded<X> {
    pub fn new(state: X) -> Self {
        Guarded {
            state: RefCell::new(state),
            by: Cell::new(None),
        }
    }

    #[inline]
    #[track_caller]
    pub fn borrow(&self) -> Ref<'_, X> {
        match self.state.try_borrow() {
            Ok(state) => state,
            Err(_) => in_use(self.by.get()),
        }
    }

    #[inline]
    #[track_caller]
    pub fn borrow_mut(&self) -> RefMut<'_, X> {
        match self.state.try_borrow_mut() {
            Ok(state) => state,
            Err(_) => in_use(self.by.get()),
        }
    }

    /// The same while the user's code runs by this name.
    #[inline]
    #[track_caller]
    pub fn borrow_for(&self, name: &'static str) -> Lent<'_, Ref<'_, X>> {
        Lent::new(self.borrow(), &self.by, name)
    }

    /// The same while the user's code runs by this name.
    #[inline]
    #[track_caller]
    pub fn borrow_mut_for(&self, name: &'static str) -> Lent<'_, RefMut<'_, X>> {
        Lent::new(self.borrow_mut(), &self.by, name)
    }

    /// The state, unless somebody has it: what a guard puts back when it is dropped, which nobody
    /// can ask for while a panic unwinds through whoever has it.
    #[inline]
    pub fn free(&self) -> Option<RefMut<'_, X>> {
        self.state.try_borrow_mut().ok()
    }

    pub fn get_mut(&mut self) -> &mut X {
        self.state.get_mut()
    }
}

/// A borrow that has a name until it ends, also by a panic.
pub(crate) struct Lent<'a, B> {
    state: B,
    by: &'a Cell<Option<&'static str>>,
    before: Option<&'static str>,
}

impl<'a, B> Lent<'a, B> {
    #[inline]
    fn new(state: B, by: &'a Cell<Option<&'static str>>, name: &'static str) -> Self {
        let before = by.replace(Some(name));
        Lent { state, by, before }
    }
}

impl<B> Drop for Lent<'_, B> {
    #[inline]
    fn drop(&mut self) {
        self.by.set(self.before);
    }
}

impl<B: Deref> Deref for Lent<'_, B> {
    type Target = B::Target;
    #[inline]
    fn deref(&self) -> &B::Target {
        &self.state
    }
}

impl<B: DerefMut> DerefMut for Lent<'_, B> {
    #[inline]
    fn deref_mut(&mut self) -> &mut B::Target {
        &mut self.state
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn in_use(by: Option<&'static str>) -> ! {
    let what = by.map_or("an op".to_owned(), |name| format!("`{name}`"));
    panic!(
        "the tape is in use: {what} is being computed, and what computes it cannot use the same tape"
    )
}
