//! Parked messages of one subscriber, tried again when they are due, in the order of their key.

use std::{sync::Arc, time::Duration};

use storage::Error;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    Failure,
    parked::{self, Parked, State},
    subscriber::{Origin, Subscriber, Try, now},
};

/// The least time between two looks at what is parked.
const BREATH: Duration = Duration::from_millis(20);
/// The longest: another process may have parked something, or asked for a retry.
const LONGEST: Duration = Duration::from_secs(5);
/// The same while nothing at all is parked.
const NOTHING: Duration = Duration::from_secs(60);

/// Works until `stop`.
pub(crate) async fn run(subscriber: Arc<Subscriber>, stop: CancellationToken) {
    loop {
        let pause = match round(&subscriber, &stop).await {
            Ok(pause) => pause.max(BREATH),
            Err(error) => {
                let subscriber = subscriber.name();
                tracing::warn!(subscriber, %error, "parked messages cannot be read");
                LONGEST
            }
        };
        let woken = async {
            sleep(BREATH).await;
            subscriber.companion.parked.notified().await;
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = woken => {}
            () = sleep(pause) => {}
        }
    }
}

/// Tries all that is due, unless it is stopped; gives the time until the next look.
async fn round(subscriber: &Subscriber, stop: &CancellationToken) -> Result<Duration, Error> {
    loop {
        if stop.is_cancelled() {
            return Ok(BREATH);
        }
        let count = subscriber.parkings.count();
        let due = parked::due(&subscriber.db, subscriber.name(), now()).await?;
        if due.is_empty() {
            return match parked::outlook(&subscriber.db, subscriber.name()).await? {
                (false, _) => {
                    subscriber.parkings.none(count);
                    Ok(NOTHING)
                }
                (true, next) => Ok(next.map_or(LONGEST, |next| next.since(now()).min(LONGEST))),
            };
        }
        for parked in due {
            follow(subscriber, parked, stop).await?;
        }
    }
}

/// Tries a message and, while that goes well, those behind it.
async fn follow(
    subscriber: &Subscriber,
    first: Parked,
    stop: &CancellationToken,
) -> Result<(), Error> {
    let mut next = Some(first);
    while let Some(Parked { state, attempts, envelope, reason: failure, version, .. }) = next.take()
    {
        if stop.is_cancelled() {
            return Ok(());
        }
        let origin = if state == State::Dropped { Origin::Dropped } else { Origin::Parked };
        let envelope = Arc::new(envelope);
        let (number, first) = (attempts + 1, envelope.seq);
        let attempt = Try { number, first, origin, failure: &failure, version };
        let (state, reason) = match subscriber.attempt(&envelope, attempt).await {
            Ok(_) => {
                subscriber.health.succeeded();
                next = parked::behind(&subscriber.db, subscriber.name(), &envelope).await?;
                continue;
            }
            Err(Failure::Transient(reason)) => (state, reason),
            Err(Failure::Permanent(reason)) => (State::Dead, reason),
        };
        subscriber.park(&envelope, version, state, attempts + 1, &reason).await?;
    }
    Ok(())
}
