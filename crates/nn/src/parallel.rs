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
/// They live as long as this value. Between two steps they spin for some hundred microseconds and
/// sleep after that; where there are more threads than cores they sleep at once, so that they do not
/// keep each other from working. There are never more threads than shards.
///
/// The function of a step goes to other threads, so it owns what it uses: clone tensors into it, which
/// copies no elements. A second network, as a teacher, is cloned into it as well and bound inside,
/// frozen by `bind_where(&teacher, |_| false)`.
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
    training: Option<bool>,
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
    /// How often a thread looks for news before it sleeps.
    spins: usize,
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
struct Step<M, T: Float, R, P, F> {
    model: M,
    trained: P,
    f: F,
    shards: Vec<Shard>,
    /// The next shard that nobody has taken.
    next: AtomicUsize,
    outcomes: Vec<Mutex<Option<Outcome<M, T, R>>>>,
    rng: Rng,
    stream: u64,
    training: Option<bool>,
}

type Outcome<M, T, R> = Result<(T, R, Gradients<M, T>), Box<dyn Any + Send>>;

/// How often a thread looks for news before it sleeps: some hundred microseconds, as the update
/// between two steps takes. To wake it again takes as long on a virtual machine.
const SPINS: usize = 10_000;

/// The same for this many threads on this many cores: a thread that spins on the core that another
/// one waits for keeps it from doing what is waited for.
fn spins(threads: usize, cores: usize) -> usize {
    if threads <= cores { SPINS } else { 0 }
}

impl<T: Float> Workers<T> {
    /// `threads` threads, the caller's included, for batches in `shards` shards. No more than
    /// `shards` threads are made.
    ///
    /// # Panics
    /// If there is no thread or no shard, or the system gives no thread.
    #[track_caller]
    pub fn new(threads: usize, shards: usize) -> Self {
        assert!(
            threads > 0 && shards > 0,
            "workers: {threads} threads for {shards} shards"
        );
        let threads = threads.min(shards);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let shared = Arc::new(Shared {
            turn: AtomicU64::new(0),
            running: AtomicUsize::new(0),
            spins: spins(threads, cores),
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
            training: None,
            steps: 0,
            threads: (1..threads).map(thread).collect(),
            shared,
        }
    }

    /// Sets the mode of the tapes for all steps to come; `None` leaves it to the face, and the faces
    /// here all train. See [`Tape::set_training`].
    pub fn set_training(&mut self, training: impl Into<Option<bool>>) {
        self.training = training.into();
    }

    /// Replaces the generator that random layers draw from: every shard of every step has a stream
    /// of its own.
    pub fn set_rng(&mut self, rng: Rng) {
        (self.rng, self.steps) = (rng, 0);
    }

    /// The generator, and the number of steps that have drawn from it.
    #[cfg(feature = "files")]
    pub(crate) fn generators(&self) -> (&Rng, u64) {
        (&self.rng, self.steps)
    }

    #[cfg(feature = "files")]
    pub(crate) fn set_generators(&mut self, rng: Rng, steps: u64) {
        (self.rng, self.steps) = (rng, steps);
    }

    /// The value and the gradients of the mean of `f` over a batch of `rows` rows, where `f`
    /// computes the mean over the rows of one shard: the mean of the shards', weighted by their
    /// numbers of rows. New values of state are weighted alike.
    ///
    /// As on one tape ([`Tape::value_and_grad`]), dropout and batch norm train, and what `f` binds
    /// besides the model is no part of the gradients. A state that only some of the shards set is
    /// in the others what it was.
    ///
    /// # Panics
    /// If there are no rows, a shard panics (with its message), a loss has not one element, or the
    /// losses of all shards together depend on no trained leaf although there are some.
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
        self.value_and_grad_where(model, rows, |_| true, f)
    }

    /// [`value_and_grad`](Workers::value_and_grad) for those leaves whose path `trained` accepts;
    /// the others are frozen.
    ///
    /// # Panics
    /// As `value_and_grad`.
    #[track_caller]
    pub fn value_and_grad_where<M>(
        &mut self,
        model: &M,
        rows: usize,
        trained: impl Fn(&str) -> bool + Send + Sync + 'static,
        f: impl for<'t> Fn(&'t Tape<T>, M::With<Var<'t, T>>, &Shard) -> Var<'t, T>
        + Send
        + Sync
        + 'static,
    ) -> (T, Gradients<M, T>)
    where
        M: Tree<Tensor<T>> + Clone + Send + Sync + 'static,
    {
        let (loss, _, grads) = self.step(model, rows, trained, move |tape, model, shard| {
            (f(tape, model, shard), ())
        });
        (loss, grads)
    }

    /// [`value_and_grad`](Workers::value_and_grad) where `f` also returns what else the caller wants
    /// to know of a shard: metrics, or the hidden state that the shard's next step starts from. It is
    /// anything but variables, and comes as a list, in the order of the shards.
    ///
    /// ```
    /// use wengert_nn::parallel::Workers;
    /// use wengert_tensor::Tensor;
    ///
    /// let scale = Tensor::<f64>::from([1.0, 2.0]);
    /// let mut workers = Workers::new(2, 3);
    /// let (loss, sums, _) = workers.value_and_grad_aux(&scale, 6, |_, scale, shard| {
    ///     let sum = scale.sum() * shard.rows.start as f64;
    ///     (sum, sum.item())
    /// });
    /// assert_eq!((loss, sums), (6.0, vec![0.0, 6.0, 12.0]));
    /// ```
    ///
    /// # Panics
    /// As `value_and_grad`.
    #[doc(alias = "has_aux")]
    #[track_caller]
    pub fn value_and_grad_aux<M, R>(
        &mut self,
        model: &M,
        rows: usize,
        f: impl for<'t> Fn(&'t Tape<T>, M::With<Var<'t, T>>, &Shard) -> (Var<'t, T>, R)
        + Send
        + Sync
        + 'static,
    ) -> (T, Vec<R>, Gradients<M, T>)
    where
        M: Tree<Tensor<T>> + Clone + Send + Sync + 'static,
        R: Send + 'static,
    {
        self.step(model, rows, |_| true, f)
    }

    #[track_caller]
    fn step<M, R>(
        &mut self,
        model: &M,
        rows: usize,
        trained: impl Fn(&str) -> bool + Send + Sync + 'static,
        f: impl for<'t> Fn(&'t Tape<T>, M::With<Var<'t, T>>, &Shard) -> (Var<'t, T>, R)
        + Send
        + Sync
        + 'static,
    ) -> (T, Vec<R>, Gradients<M, T>)
    where
        M: Tree<Tensor<T>> + Clone + Send + Sync + 'static,
        R: Send + 'static,
    {
        assert!(rows > 0, "workers: a batch without rows has no mean");
        let shards = split(rows, self.shards);
        let step = Arc::new(Step {
            model: model.clone(),
            trained,
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
        let result = combine(&step);
        result.2.assert_reached("workers");
        result
    }
}

/// The weighted mean of the outcomes, in their order.
fn combine<M: Tree<Tensor<T>>, T: Float, R, P, F>(
    step: &Step<M, T, R, P, F>,
) -> (T, Vec<R>, Gradients<M, T>) {
    let rows: usize = step.shards.iter().map(|shard| shard.rows.len()).sum();
    let (mut loss, mut beside, mut parts) = (0.0, Vec::new(), Vec::new());
    for (shard, outcome) in step.shards.iter().zip(&step.outcomes) {
        let outcome = lock(outcome)
            .take()
            .expect("every shard was taken and done");
        let (value, aux, grads) = outcome.unwrap_or_else(|panic| resume_unwind(panic));
        let weight = shard.rows.len() as f64 / rows as f64;
        loss += weight * value.to_f64();
        beside.push(aux);
        parts.push((weight, grads));
    }
    for at in 0..parts.len() {
        let (before, rest) = parts.split_at_mut(at);
        if let Some(((_, grads), after)) = rest.split_first_mut() {
            let others = before.iter().chain(after.iter()).map(|(_, grads)| grads);
            grads.keep_state_beside(&step.model, others);
        }
    }
    let mut parts = parts.into_iter();
    let (mut own, mut total) = parts.next().expect("a batch has at least one shard");
    for (weight, grads) in parts {
        total.combine(own, &grads, weight);
        own = 1.0;
    }
    (T::from_f64(loss), beside, total)
}

impl<M, T, R, P, F> Job<T> for Step<M, T, R, P, F>
where
    M: Tree<Tensor<T>> + Send + Sync,
    T: Float,
    R: Send,
    P: Fn(&str) -> bool + Send + Sync,
    F: for<'t> Fn(&'t Tape<T>, M::With<Var<'t, T>>, &Shard) -> (Var<'t, T>, R) + Send + Sync,
{
    fn work(&self, tape: &mut Tape<T>) {
        tape.set_training(self.training);
        while let Some(shard) = self.shards.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            tape.set_rng(self.rng.split(self.stream + shard.index as u64));
            let run = AssertUnwindSafe(|| {
                tape.step_of_part(&self.model, &self.trained, |tape, model| {
                    (self.f)(tape, model, shard)
                })
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
        self.spin(|| self.turn.load(Ordering::Acquire) != *seen);
        let mut post = lock(&self.post);
        while post.turn == *seen && !post.stop {
            post = self.wake.wait(post).unwrap_or_else(PoisonError::into_inner);
        }
        *seen = post.turn;
        if post.stop { None } else { post.job.clone() }
    }

    /// Looks for news a while.
    fn spin(&self, until: impl Fn() -> bool) {
        for _ in 0..self.spins {
            if until() {
                return;
            }
            std::hint::spin_loop();
        }
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
        self.spin(done);
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

#[cfg(test)]
mod tests {
    use super::{SPINS, spins};

    #[test]
    fn threads_that_share_a_core_do_not_spin() {
        assert_eq!(spins(1, 1), SPINS);
        assert_eq!(spins(4, 4), SPINS);
        assert_eq!(spins(5, 4), 0);
        assert_eq!(spins(64, 2), 0);
    }
}
