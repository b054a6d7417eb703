//! Threads that hash, so few and so modest that nobody else has to wait for them.
//!
//! A bound on their number is not enough: on a machine with two processors, two of them take both. So they
//! also step back, as far as the operating system lets a thread do that: whoever answers requests goes
//! first, and they take what is left.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use argon2::Block;
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// What a thread hashes in, again and again. Asked of the system for each hash anew, 19 MiB are thousands of
/// page faults under a lock that every thread of the process needs, held by one that steps back.
#[derive(Default)]
pub(crate) struct Memory(Vec<Block>);

impl Memory {
    /// So many blocks, with anything in them.
    pub(crate) fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.0.len() < count {
            self.0.resize_with(count, Block::default);
        }
        &mut self.0[..count]
    }
}

/// A fixed number of threads for work that takes long. They end when this is dropped.
pub(crate) struct Hashers {
    jobs: mpsc::Sender<Job>,
}

/// The work was not done: it broke, or there is nobody to do it.
#[derive(Debug, thiserror::Error)]
#[error("a thread that hashes broke")]
pub(crate) struct Broken;

impl Hashers {
    /// So many threads, or one less than there are processors when that is 0, each so nice to others: 0 as
    /// anybody, 19 as nice as can be.
    pub(crate) fn start(threads: usize, niceness: u8) -> Self {
        let threads = if threads == 0 { spare_processors() } else { threads };
        let (jobs, waiting) = mpsc::channel::<Job>();
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 1..=threads {
            let waiting = waiting.clone();
            let named = thread::Builder::new().name(format!("hash-{number}"));
            let started = named.spawn(move || {
                step_back(niceness);
                let mut memory = Memory::default();
                while let Ok(job) = next(&waiting) {
                    job(&mut memory);
                }
            });
            if let Err(cause) = started {
                tracing::error!(%cause, "a thread that hashes could not be started");
            }
        }
        Self { jobs }
    }

    /// Does `work` when it is its turn. Nobody does it any more when whoever asked has gone away.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Broken> {
        let (answer, done) = oneshot::channel();
        let job = move |memory: &mut Memory| {
            if answer.is_closed() {
                return;
            }
            if let Ok(result) = catch_unwind(AssertUnwindSafe(|| work(memory))) {
                // Whoever asked may have gone away meanwhile.
                drop(answer.send(result));
            }
        };
        self.jobs.send(Box::new(job)).map_err(|_| Broken)?;
        done.await.map_err(|_| Broken)
    }
}

/// All processors but one, which stays with those who answer; at least one.
fn spare_processors() -> usize {
    thread::available_parallelism().map_or(1, |all| all.get().saturating_sub(1).max(1))
}

fn next(waiting: &Mutex<mpsc::Receiver<Job>>) -> Result<Job, mpsc::RecvError> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).recv()
}

/// Lets other threads go first. On Linux niceness is a thread's own (sched(7)); elsewhere it would be the
/// whole process's, so that it is left alone.
fn step_back(niceness: u8) {
    if cfg!(target_os = "linux")
        && niceness > 0
        && let Err(cause) = rustix::process::setpriority_process(None, i32::from(niceness))
    {
        tracing::debug!(%cause, "a thread that hashes is as important as others");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_panics_breaks_nothing_but_itself() {
        let hashers = Hashers::start(1, 0);
        assert!(hashers.run(|_| panic!("this is part of the test")).await.is_err());
        assert_eq!(hashers.run(|_| 42).await.unwrap(), 42);
    }

    #[tokio::test]
    async fn work_nobody_waits_for_is_not_done() {
        let hashers = Hashers::start(1, 0);
        let (open, closed) = mpsc::channel::<()>();
        let busy = hashers.run(move |_| closed.recv().is_err());
        let mut busy = std::pin::pin!(busy);
        assert!(futures::poll!(&mut busy).is_pending());
        let done = Arc::new(Mutex::new(false));
        let mark = done.clone();
        {
            let forgotten = hashers.run(move |_| *mark.lock().unwrap() = true);
            let mut forgotten = std::pin::pin!(forgotten);
            assert!(futures::poll!(&mut forgotten).is_pending());
        }
        drop(open);
        assert!(busy.await.unwrap());
        hashers.run(|_| ()).await.unwrap();
        assert!(!*done.lock().unwrap());
    }
}
