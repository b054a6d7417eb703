//! Work of a module that nobody asks for: sweepers and the like.

use std::{future::Future, panic::AssertUnwindSafe, time::Duration};

use futures::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use ports::Origin;
use tokio_util::sync::CancellationToken;

type Start = Box<dyn FnOnce(CancellationToken) -> BoxFuture<'static, ()> + Send>;

/// A long-running task with a name. The process starts it and, at drain, stops and awaits it.
pub struct Background {
    name: &'static str,
    start: Start,
}

impl Background {
    /// A task that runs until its token is cancelled and then ends soon.
    pub fn new<W, F>(name: &'static str, work: W) -> Self
    where
        W: FnOnce(CancellationToken) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        Self { name, start: Box::new(move |stop| work(stop).boxed()) }
    }

    /// A task that does `work` once every `period`, the first time at once.
    ///
    /// A panic is logged and ends that round only. When stopped, a round that has begun is finished.
    pub fn every<W, F>(name: &'static str, period: Duration, mut work: W) -> Self
    where
        W: FnMut() -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        Self::new(name, move |stop| async move {
            let mut ticks = tokio::time::interval(period);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            while stop.run_until_cancelled(ticks.tick()).await.is_some() {
                let round = std::panic::catch_unwind(AssertUnwindSafe(&mut work));
                let round = match round {
                    Ok(round) => {
                        Origin::now(name).scope(AssertUnwindSafe(round).catch_unwind()).await
                    }
                    Err(panic) => Err(panic),
                };
                if round.is_err() {
                    tracing::error!(task = name, "a background task panicked");
                }
            }
        })
    }

    /// What it is called in the log.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The running task; it ends after `stop` is cancelled.
    pub fn start(self, stop: CancellationToken) -> BoxFuture<'static, ()> {
        (self.start)(stop)
    }

    /// Runs all `tasks` until `stop` is cancelled and every one of them has ended.
    pub async fn run_all(tasks: Vec<Self>, stop: CancellationToken) {
        let tasks = tasks.into_iter().map(|task| tokio::spawn(task.start(stop.clone())));
        for ended in join_all(tasks).await {
            if let Err(cause) = ended {
                tracing::error!(%cause, "a background task broke");
            }
        }
    }
}

impl std::fmt::Debug for Background {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Background").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use super::*;

    #[tokio::test]
    async fn a_round_that_panics_does_not_end_the_task_and_a_stop_does() {
        let rounds = Arc::new(AtomicU32::new(0));
        let (stop, seen) = (CancellationToken::new(), rounds.clone());
        let cancel = stop.clone();
        let task = Background::every("sweeper", Duration::from_millis(1), move || {
            let round = seen.fetch_add(1, Ordering::SeqCst);
            if round == 3 {
                cancel.cancel();
            }
            async move { assert_ne!(round, 1, "the second round breaks") }
        });
        let ended =
            tokio::time::timeout(Duration::from_secs(5), Background::run_all(vec![task], stop));
        ended.await.expect("the task ends when it is stopped");
        assert_eq!(rounds.load(Ordering::SeqCst), 4);
    }
}
