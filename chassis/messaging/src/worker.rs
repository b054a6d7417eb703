//! One lane of one subscriber: messages are handled here one after the other.

use std::{sync::Arc, time::Duration};

use rand::RngExt;
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    Envelope, Failure,
    parked::{State, TRIES_AT_ONCE},
    relay::Job,
    subscriber::{Origin, Subscriber},
};

/// Rounds of tries of a message that is handled as the only one of its subscriber.
const PROBES: u32 = 5;
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Works until `stop` or until no relay sends any more.
pub(crate) async fn run(
    subscriber: Arc<Subscriber>,
    mut jobs: mpsc::Receiver<Job>,
    stop: CancellationToken,
) {
    loop {
        let job = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            job = jobs.recv() => job,
        };
        let Some(job) = job else { return };
        let lane = Lane { subscriber: &subscriber, stop: &stop };
        if lane.settle(&job.envelope).await.is_some() {
            job.acknowledge();
        }
    }
}

struct Lane<'a> {
    subscriber: &'a Subscriber,
    stop: &'a CancellationToken,
}

impl Lane<'_> {
    /// Applies or parks the message; nothing when it was stopped before it came to that.
    async fn settle(&self, envelope: &Arc<Envelope>) -> Option<()> {
        let probing = self.subscriber.health.enter().await;
        let mut probes = 0;
        loop {
            let failure = match self.tries(envelope).await? {
                Ok(()) => {
                    self.subscriber.health.succeeded();
                    return Some(());
                }
                Err(failure) => failure,
            };
            let alone = matches!(failure, Failure::Transient(_))
                && (self.subscriber.health.failed() || probing.is_some());
            probes += 1;
            if !alone || probes >= PROBES {
                return self.park(envelope, failure).await;
            }
            self.pause(probes + 4).await?;
        }
    }

    /// Tries a few times in a row.
    async fn tries(&self, envelope: &Arc<Envelope>) -> Option<Result<(), Failure>> {
        for attempt in 1.. {
            match self.subscriber.attempt(envelope, attempt, Origin::Bus).await {
                Ok(()) => return Some(Ok(())),
                Err(failure @ Failure::Permanent(_)) => return Some(Err(failure)),
                Err(failure) if attempt >= TRIES_AT_ONCE => return Some(Err(failure)),
                Err(_) => self.pause(attempt).await?,
            }
        }
        None
    }

    async fn park(&self, envelope: &Arc<Envelope>, failure: Failure) -> Option<()> {
        let (state, reason) = match failure {
            Failure::Transient(reason) => (State::Waiting, reason),
            Failure::Permanent(reason) => (State::Dead, reason),
        };
        for round in 1.. {
            match self.subscriber.park(envelope, state, TRIES_AT_ONCE, &reason).await {
                Ok(()) => return Some(()),
                Err(error) => {
                    let subscriber = self.subscriber.name();
                    tracing::error!(subscriber, %error, "a message could not be parked");
                    self.pause(round + 4).await?;
                }
            }
        }
        None
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
