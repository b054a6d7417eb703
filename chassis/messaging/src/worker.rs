//! One lane of one subscriber: messages are handled here one after the other.

use std::{sync::Arc, time::Duration};

use rand::RngExt;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Failure,
    job::Job,
    overlooked::{Overlooked, Run},
    parked::{State, TRIES_AT_ONCE},
    subscriber::{Event, Origin, Settled, Stopped, Subscriber, Try},
};

/// Rounds of tries of a message that is handled as the only one of its subscriber.
const PROBES: u32 = 5;
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Messages of a lane that are tried one by one after a transaction of several could not begin or end.
const ALONE: usize = 256;

/// Works until `stop` or until no relay sends any more.
pub(crate) async fn run(
    subscriber: Arc<Subscriber>,
    mut jobs: mpsc::Receiver<Job>,
    stop: CancellationToken,
) {
    let mut lane =
        Lane { subscriber: &subscriber, stop: &stop, overlooked: Overlooked::default(), alone: 0 };
    let mut next = None;
    loop {
        let due = lane.overlooked.due();
        let flush = due.unwrap_or_else(Instant::now);
        let job = match next.take() {
            Some(job) if !stop.is_cancelled() => Some(job),
            _ => tokio::select! {
                biased;
                () = stop.cancelled() => break,
                job = jobs.recv() => job,
                () = sleep_until(flush), if due.is_some() => None,
                () = subscriber.hurry.notified(), if due.is_some() => None,
            },
        };
        let went_on = match job {
            Some(job) if subscriber.overlooks(&job.envelope) => lane.overlook(job).await,
            Some(job) => {
                let together;
                (together, next) = lane.gather(job, &mut jobs);
                lane.settle_all(together).await
            }
            None if jobs.is_closed() => break,
            None => lane.flush().await,
        };
        if went_on.is_none() {
            break;
        }
    }
    if lane.flush().await.is_none() {
        tracing::debug!("messages that concern nobody come again after the next start");
    }
}

/// In its methods, nothing means that it was stopped.
struct Lane<'a> {
    subscriber: &'a Subscriber,
    stop: &'a CancellationToken,
    overlooked: Overlooked,
    /// How many messages are tried one by one before some are tried together again.
    alone: usize,
}

impl Lane<'_> {
    /// Keeps a message that concerns nobody here until there is a mark to be moved over it.
    async fn overlook(&mut self, job: Job) -> Option<()> {
        if let Some(job) = self.overlooked.add(job) {
            self.flush().await?;
            // Nothing is kept now, so that it has its place.
            drop(self.overlooked.add(job));
        }
        if self.overlooked.is_full() {
            self.flush().await?;
        }
        Some(())
    }

    /// Takes what waits behind `first` and may share a transaction with it, and one more if that may
    /// not.
    fn gather(&self, first: Job, jobs: &mut mpsc::Receiver<Job>) -> (Vec<Job>, Option<Job>) {
        let shares = |job: &Job| {
            self.subscriber.shares(&job.envelope) && !self.subscriber.overlooks(&job.envelope)
        };
        let most = self.subscriber.most_together();
        let healthy = self.alone == 0 && !self.subscriber.health.is_bad();
        let alone = most == 1 || !healthy || !shares(&first);
        let mut together = vec![first];
        while !alone && together.len() < most {
            let Ok(job) = jobs.try_recv() else { break };
            if !shares(&job) {
                return (together, Some(job));
            }
            together.push(job);
        }
        (together, None)
    }

    /// Applies or parks the messages: as many in one transaction as go together, or one by one. One that
    /// fails is tried alone, and those before and behind it together.
    async fn settle_all(&mut self, mut jobs: Vec<Job>) -> Option<()> {
        let mut good = jobs.len();
        while !jobs.is_empty() {
            if jobs.len() == 1 || good == 0 || self.alone > 0 {
                let rest = jobs.split_off(1);
                for job in jobs {
                    self.settle(job).await?;
                }
                self.alone = self.alone.saturating_sub(1);
                good = if good == 0 { rest.len() } else { good - 1 };
                jobs = rest;
                continue;
            }
            match self.attempt_all(&jobs[..good]).await {
                Ok(settled) => {
                    self.subscriber.health.succeeded();
                    good -= settled.len();
                    let rest = jobs.split_off(settled.len());
                    for (job, settled) in jobs.into_iter().zip(settled) {
                        self.conclude(job, Ok(settled)).await?;
                    }
                    jobs = rest;
                }
                Err(Stopped { after, failure }) => {
                    let subscriber = self.subscriber.name();
                    tracing::debug!(subscriber, %failure, "one of several messages failed");
                    match after {
                        Some(after) => good = after,
                        None => self.alone = ALONE,
                    }
                }
            }
            if self.stop.is_cancelled() {
                return None;
            }
        }
        Some(())
    }

    async fn attempt_all(&self, jobs: &[Job]) -> Result<Vec<Settled>, Stopped> {
        let mut events = Vec::with_capacity(jobs.len());
        for Job { envelope, .. } in jobs {
            let first = self.overlooked.first_before(envelope);
            events.push(Event { envelope, first });
        }
        self.subscriber.attempt_all(&events, self.stop).await
    }

    /// Applies or parks the message.
    async fn settle(&mut self, job: Job) -> Option<()> {
        let first = self.overlooked.first_before(&job.envelope);
        let settled = self.apply(&job, first).await?;
        self.conclude(job, settled).await
    }

    /// Parks the message if it failed, and acknowledges it with what was overlooked before it.
    async fn conclude(&mut self, job: Job, settled: Result<Settled, Failure>) -> Option<()> {
        let first = self.overlooked.first_before(&job.envelope);
        if let Some(run) = self.overlooked.take(&job.envelope) {
            match settled {
                Ok(Settled::Reached) if first < job.envelope.seq => run.acknowledge(),
                _ => self.write(vec![run]).await?,
            }
        }
        if let Err(failure) = settled {
            self.park(&job, failure).await?;
        }
        job.acknowledge();
        fault::point!("consume.acknowledged");
        Some(())
    }

    /// Tries as long as it makes sense now.
    async fn apply(&self, job: &Job, first: i64) -> Option<Result<Settled, Failure>> {
        let health = &self.subscriber.health;
        let probing = health.enter().await;
        let mut probes = 0;
        loop {
            let failure = match self.tries(job, first).await? {
                Ok(settled) => {
                    health.succeeded();
                    return Some(Ok(settled));
                }
                Err(failure) => failure,
            };
            let transient = matches!(failure, Failure::Transient(_));
            let alone = transient && (health.failed() || probing.is_some());
            probes += 1;
            if !alone || probes >= PROBES {
                return Some(Err(failure));
            }
            self.pause(probes + 4).await?;
        }
    }

    /// Tries a few times in a row.
    async fn tries(&self, job: &Job, first: i64) -> Option<Result<Settled, Failure>> {
        let mut failure = String::new();
        for number in 1.. {
            let (origin, version) = (Origin::Bus, Try::UNPARKED);
            let attempt = Try { number, first, origin, failure: &failure, version };
            match self.subscriber.attempt(&job.envelope, attempt).await {
                Err(Failure::Transient(why)) if number < TRIES_AT_ONCE => {
                    failure = why;
                    self.pause(number).await?;
                }
                settled => return Some(settled),
            }
        }
        None
    }

    async fn park(&self, job: &Job, failure: Failure) -> Option<()> {
        let (state, reason) = match failure {
            Failure::Transient(reason) => (State::Waiting, reason),
            Failure::Permanent(reason) => (State::Dead, reason),
        };
        if !fault::guard!("park") {
            return Some(());
        }
        for round in 1.. {
            let parked =
                self.subscriber.park(&job.envelope, Try::UNPARKED, state, TRIES_AT_ONCE, &reason);
            let Err(error) = parked.await else { break };
            let subscriber = self.subscriber.name();
            tracing::error!(subscriber, %error, "a message could not be parked");
            self.pause(round + 4).await?;
        }
        Some(())
    }

    /// Moves the marks over everything that was kept.
    async fn flush(&mut self) -> Option<()> {
        let runs = self.overlooked.take_all();
        self.write(runs).await
    }

    async fn write(&self, runs: Vec<Run>) -> Option<()> {
        for round in 1.. {
            let Err(failure) = self.subscriber.pass_by(&runs).await else { break };
            let subscriber = self.subscriber.name();
            tracing::warn!(subscriber, %failure, "marks could not be moved");
            self.pause(round + 4).await?;
        }
        runs.into_iter().for_each(Run::acknowledge);
        Some(())
    }

    /// Waits a little longer each time, unless it is stopped: about 10 ms, 20 ms, … 5 s.
    async fn pause(&self, round: u32) -> Option<()> {
        let pause = Duration::from_millis(5 << round.min(10)).min(LONGEST_PAUSE);
        let jitter = rand::rng().random_range(0.5..1.0);
        tokio::select! {
            () = self.stop.cancelled() => None,
            () = sleep(pause.mul_f64(jitter)) => Some(()),
        }
    }
}
