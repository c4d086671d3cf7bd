//! `Ahead`: the next items of an iterator, prepared on a thread of their own.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, JoinHandle};

/// What the other thread sends: an item, or what it panicked with.
type Sent<X> = Result<X, Box<dyn Any + Send>>;

/// The items of an iterator, prepared on a thread of their own while the program works on those before.
///
/// They come in the order of the iterator, whatever the threads' speeds are. At most `depth` items wait, and
/// one is being made. An iterator of results gives its errors in their places; if it panics, so does
/// [`next`](Iterator::next) when the item's turn has come, with the same message, and nothing follows.
///
/// ```
/// use wengert_nn::data::{Ahead, Epochs};
/// use wengert_tensor::Tensor;
/// let x = Tensor::<f32>::arange(10);
/// let rows = Epochs::new(10, 4, 1).take(6);
/// let batches = Ahead::new(rows.map(move |rows| x.index_select(0, &rows)), 2);
/// assert_eq!(batches.map(|batch| batch.size()).collect::<Vec<_>>(), [4, 4, 2, 4, 4, 2]);
/// ```
///
/// The place of a data order that runs ahead is that of what was used: it began at a position, and
/// [`taken`](Ahead::taken) counts on from there.
///
/// Dropping it stops the thread, once it has made the item that it is at.
#[doc(alias("prefetch", "num_workers"))]
pub struct Ahead<X> {
    items: Option<Receiver<Sent<X>>>,
    thread: Option<JoinHandle<()>>,
    taken: u64,
}

impl<X: Send + 'static> Ahead<X> {
    /// Starts to prepare.
    ///
    /// # Panics
    /// If `depth` is 0, or the system gives no thread.
    #[track_caller]
    pub fn new<I>(items: I, depth: usize) -> Self
    where
        I: IntoIterator<Item = X>,
        I::IntoIter: Send + 'static,
    {
        assert!(depth > 0, "ahead: at least one item is prepared");
        let mut items = items.into_iter();
        // One more waits in the hands of the thread.
        let (sender, receiver) = sync_channel(depth - 1);
        let work = move || {
            loop {
                let sent = match catch_unwind(AssertUnwindSafe(|| items.next())) {
                    Ok(Some(item)) => sender.send(Ok(item)),
                    Ok(None) => return,
                    Err(panic) => {
                        // If nobody waits for it any more, nobody is told.
                        let _ = sender.send(Err(panic));
                        return;
                    }
                };
                if sent.is_err() {
                    return;
                }
            }
        };
        let thread = match Builder::new().name("ahead".to_owned()).spawn(work) {
            Ok(thread) => thread,
            Err(error) => panic!("ahead: the system gives no thread: {error}"),
        };
        Ahead {
            items: Some(receiver),
            thread: Some(thread),
            taken: 0,
        }
    }
}

impl<X> Ahead<X> {
    /// How many items were taken.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    fn stop(&mut self) {
        // Without a receiver the thread's next sending fails.
        self.items = None;
        if let Some(thread) = self.thread.take() {
            // Its panics were sent.
            let _ = thread.join();
        }
    }
}

impl<X> Iterator for Ahead<X> {
    type Item = X;

    fn next(&mut self) -> Option<X> {
        match self.items.as_ref()?.recv() {
            Ok(Ok(item)) => {
                self.taken += 1;
                Some(item)
            }
            Ok(Err(panic)) => {
                self.stop();
                resume_unwind(panic)
            }
            Err(_) => {
                self.stop();
                None
            }
        }
    }
}

impl<X> Drop for Ahead<X> {
    fn drop(&mut self) {
        self.stop();
    }
}

impl<X> fmt::Debug for Ahead<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ahead")
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}
