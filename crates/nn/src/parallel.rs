//! One step on several threads: the shards of a batch, each on its own tape.
//!
//! The result depends on the number of shards and not on that of the threads: each shard's
//! gradients are a value of their own, and they are added in the order of the shards.

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use wengert_tape::tree::Tree;
use wengert_tape::{Gradients, Tape, Var};
use wengert_tensor::{Float, Rng, Tensor};

/// A part of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Its number, from 0.
    pub index: usize,
    /// The rows of the batch that belong to it.
    pub rows: Range<usize>,
}

/// The rows in `count` shards of nearly equal size, the greater ones first; fewer shards where
/// there are fewer rows.
///
/// ```
/// use wengert_nn::parallel::split;
/// let rows: Vec<_> = split(10, 3).into_iter().map(|shard| shard.rows).collect();
/// assert_eq!(rows, [0..4, 4..7, 7..10]);
/// ```
pub fn split(rows: usize, count: usize) -> Vec<Shard> {
    let count = count.clamp(1, rows.max(1));
    let (each, more) = (rows / count, rows % count);
    let start = |index: usize| index * each + index.min(more);
    let shard = |index| Shard {
        index,
        rows: start(index)..start(index + 1),
    };
    (0..count).map(shard).collect()
}

/// Threads that work on the shards of a batch, one of them the caller's.
///
/// They live as long as this value, spin for some hundred microseconds between two steps, and sleep
/// after that. The function of a step goes to other threads, so it owns what it uses: clone tensors into
/// it, which copies no elements.
///
/// ```
/// use wengert_nn::Linear;
/// use wengert_nn::parallel::Workers;
/// use wengert_tensor::{Rng, Tensor};
///
/// let mut rng = Rng::seed_from_u64(1);
/// let model = Linear::new(3, 1, &mut rng);
/// let x: Tensor = rng.normal([10, 3], 0.0, 1.0);
///
/// let mut workers = Workers::new(2, 4);
/// let (loss, grads) = workers.value_and_grad(&model, 10, move |t, model, shard| {
///     let y = model.forward(t.constant(&x.slice(0, &shard.rows)));
///     (y * y).sum() / shard.rows.len() as f64
/// });
/// assert!(loss > 0.0 && grads.len() == 2);
/// ```
pub struct Workers<T: Float = f32> {
    shards: usize,
    /// The tape of the caller's thread.
    tape: Tape<T>,
    rng: Rng,
    training: bool,
    steps: u64,
    shared: Arc<Shared<T>>,
    threads: Vec<JoinHandle<()>>,
}

/// What the caller and the threads have in common.
struct Shared<T: Float> {
    /// The number of jobs that were given out.
    turn: AtomicU64,
    /// The threads that have not done the current one.
    running: AtomicUsize,
    post: Mutex<Post<T>>,
    /// Told when there is a job, or the end.
    wake: Condvar,
    /// Told when the last thread has done its job.
    done: Condvar,
}

struct Post<T: Float> {
    turn: u64,
    stop: bool,
    job: Option<Arc<dyn Job<T>>>,
}

/// The work of one step, without its types.
trait Job<T: Float>: Send + Sync {
    fn work(&self, tape: &mut Tape<T>);
}

/// The work of one step.
struct Step<M, T: Float, F> {
    model: M,
    f: F,
    shards: Vec<Shard>,
    /// The next shard that nobody has taken.
    next: AtomicUsize,
    outcomes: Vec<Mutex<Option<Outcome<M, T>>>>,
    rng: Rng,
    stream: u64,
    training: bool,
}

type Outcome<M, T> = Result<(T, Gradients<M, T>), Box<dyn Any + Send>>;

/// How often a thread looks for news before it sleeps: some hundred microseconds, as the update
/// between two steps takes. To wake it again takes as long on a virtual machine.
const SPINS: usize = 10_000;

impl<T: Float> Workers<T> {
    /// `threads` threads, the caller's included, for batches in `shards` shards.
    ///
    /// # Panics
    /// If there is no thread or no shard, or the system gives no thread.
    #[track_caller]
    pub fn new(threads: usize, shards: usize) -> Self {
        assert!(
            threads > 0 && shards > 0,
            "workers: {threads} threads for {shards} shards"
        );
        let shared = Arc::new(Shared {
            turn: AtomicU64::new(0),
            running: AtomicUsize::new(0),
            post: Mutex::new(Post {
                turn: 0,
                stop: false,
                job: None,
            }),
            wake: Condvar::new(),
            done: Condvar::new(),
        });
        let thread = |_| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || shared.serve())
        };
        Workers {
            shards,
            tape: Tape::new(),
            rng: Rng::seed_from_u64(0),
            training: false,
            steps: 0,
            threads: (1..threads).map(thread).collect(),
            shared,
        }
    }

    /// Whether the tapes are in training mode.
    pub fn set_training(&mut self, training: bool) {
        self.training = training;
    }

    /// Replaces the generator that random layers draw from: every shard of every step has a stream
    /// of its own.
    pub fn set_rng(&mut self, rng: Rng) {
        (self.rng, self.steps) = (rng, 0);
    }

    /// The value and the gradients of the mean of `f` over a batch of `rows` rows, where `f`
    /// computes the mean over the rows of one shard: the mean of the shards', weighted by their
    /// numbers of rows. New values of state are weighted alike.
    ///
    /// # Panics
    /// If there are no rows, a shard panics (with its message), or a loss has not one element.
    #[track_caller]
    pub fn value_and_grad<M>(
        &mut self,
        model: &M,
        rows: usize,
        f: impl for<'t> Fn(&'t Tape<T>, M::With<Var<'t, T>>, &Shard) -> Var<'t, T>
        + Send
        + Sync
        + 'static,
    ) -> (T, Gradients<M, T>)
    where
        M: Tree<Tensor<T>> + Clone + Send + Sync + 'static,
    {
        assert!(rows > 0, "workers: a batch without rows has no mean");
        let shards = split(rows, self.shards);
        let step = Arc::new(Step {
            model: model.clone(),
            f,
            outcomes: shards.iter().map(|_| Mutex::new(None)).collect(),
            shards,
            next: AtomicUsize::new(0),
            rng: self.rng.clone(),
            stream: self.steps * self.shards as u64,
            training: self.training,
        });
        self.steps += 1;
        if !self.threads.is_empty() {
            let job: Arc<dyn Job<T>> = step.clone();
            self.shared.give(self.threads.len(), job);
        }
        step.work(&mut self.tape);
        if !self.threads.is_empty() {
            self.shared.finish();
        }
        // The clone of the model ends here, so that an optimizer finds its tensors unshared.
        combine(&step)
    }
}

/// The weighted mean of the outcomes, in their order.
fn combine<M: Tree<Tensor<T>>, T: Float, F>(step: &Step<M, T, F>) -> (T, Gradients<M, T>) {
    let rows: usize = step.shards.iter().map(|shard| shard.rows.len()).sum();
    let mut total: Option<(f64, f64, Gradients<M, T>)> = None;
    for (shard, outcome) in step.shards.iter().zip(&step.outcomes) {
        let outcome = lock(outcome)
            .take()
            .expect("every shard was taken and done");
        let (loss, grads) = outcome.unwrap_or_else(|panic| resume_unwind(panic));
        let weight = shard.rows.len() as f64 / rows as f64;
        total = Some(match total {
            None => (weight * loss.to_f64(), weight, grads),
            Some((sum, own, mut total)) => {
                total.combine(own, &grads, weight);
                (sum + weight * loss.to_f64(), 1.0, total)
            }
        });
    }
    let (loss, _, grads) = total.expect("a batch has at least one shard");
    (T::from_f64(loss), grads)
}

impl<M, T, F> Job<T> for Step<M, T, F>
where
    M: Tree<Tensor<T>> + Send + Sync,
    T: Float,
    F: for<'t> Fn(&'t Tape<T>, M::With<Var<'t, T>>, &Shard) -> Var<'t, T> + Send + Sync,
{
    fn work(&self, tape: &mut Tape<T>) {
        tape.set_training(self.training);
        while let Some(shard) = self.shards.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            tape.set_rng(self.rng.split(self.stream + shard.index as u64));
            let run = AssertUnwindSafe(|| {
                tape.value_and_grad(&self.model, |tape, model| (self.f)(tape, model, shard))
            });
            let outcome = catch_unwind(run);
            if outcome.is_err() {
                tape.reset();
            }
            *lock(&self.outcomes[shard.index]) = Some(outcome);
        }
    }
}

impl<T: Float> Shared<T> {
    /// The life of a thread.
    fn serve(&self) {
        let mut tape = Tape::new();
        let mut seen = 0;
        while let Some(job) = self.next(&mut seen) {
            job.work(&mut tape);
            drop(job);
            if self.running.fetch_sub(1, Ordering::AcqRel) == 1 {
                // Under the lock, so that the caller is not just about to sleep.
                let _post = lock(&self.post);
                self.done.notify_one();
            }
        }
    }

    /// Waits for the job after number `seen`; `None` at the end.
    fn next(&self, seen: &mut u64) -> Option<Arc<dyn Job<T>>> {
        spin(|| self.turn.load(Ordering::Acquire) != *seen);
        let mut post = lock(&self.post);
        while post.turn == *seen && !post.stop {
            post = self.wake.wait(post).unwrap_or_else(PoisonError::into_inner);
        }
        *seen = post.turn;
        if post.stop { None } else { post.job.clone() }
    }

    /// Gives a job to all threads.
    fn give(&self, threads: usize, job: Arc<dyn Job<T>>) {
        self.running.store(threads, Ordering::Release);
        let mut post = lock(&self.post);
        post.job = Some(job);
        post.turn += 1;
        self.turn.store(post.turn, Ordering::Release);
        drop(post);
        self.wake.notify_all();
    }

    /// Waits until all threads have done their job, and forgets it.
    fn finish(&self) {
        let done = || self.running.load(Ordering::Acquire) == 0;
        spin(done);
        let mut post = lock(&self.post);
        while !done() {
            post = self.done.wait(post).unwrap_or_else(PoisonError::into_inner);
        }
        post.job = None;
    }
}

impl<T: Float> Drop for Workers<T> {
    fn drop(&mut self) {
        let mut post = lock(&self.shared.post);
        post.stop = true;
        drop(post);
        self.shared.turn.fetch_add(1, Ordering::Release);
        self.shared.wake.notify_all();
        for thread in self.threads.drain(..) {
            // Panics of the shards were caught; there is no other.
            let _ = thread.join();
        }
    }
}

/// A lock that was held by someone who panicked is as good as any: what it guards is replaced as
/// a whole.
fn lock<X>(mutex: &Mutex<X>) -> MutexGuard<'_, X> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn spin(until: impl Fn() -> bool) {
    for _ in 0..SPINS {
        if until() {
            return;
        }
        std::hint::spin_loop();
    }
}
