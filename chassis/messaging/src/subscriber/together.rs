//! Several events in one transaction.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use super::{Settled, Subscriber, now};
use crate::{
    Delivery, Envelope, Failure, Kind,
    inbox::{self, Mark},
    parked,
};

/// An event that is tried together with others.
pub(crate) struct Event<'a> {
    pub(crate) envelope: &'a Arc<Envelope>,
    /// The first of the messages before it that were overlooked, or itself.
    pub(crate) first: i64,
}

/// How long a transaction takes in further events.
const LONGEST: Duration = Duration::from_millis(50);

impl Subscriber {
    /// How many messages may share a transaction.
    pub(crate) fn most_together(&self) -> usize {
        match self.db.backend() {
            storage::Backend::Postgres => self.options.together.max(1),
            storage::Backend::Sqlite => 1,
        }
    }

    /// Whether the message may share a transaction. Commands and answers compete for rows, and would
    /// hold them for longer than they need.
    pub(crate) fn shares(&self, envelope: &Envelope) -> bool {
        matches!(envelope.kind, Kind::Event | Kind::Document)
    }

    /// Handles events of one lane in one transaction: all of them with their marks, or none. It ends
    /// early, with the first ones, when that takes long or the process is stopping.
    pub(crate) async fn attempt_all(
        &self,
        events: &[Event<'_>],
        stop: &CancellationToken,
    ) -> Result<Vec<Settled>, Failure> {
        let began = Instant::now();
        let mut tx = self.db.begin().await?;
        let mut settled = Vec::with_capacity(events.len());
        let (mut applied, mut duplicates, mut held) = (0, 0, 0);
        for Event { envelope, first } in events {
            if !settled.is_empty() && (began.elapsed() > LONGEST || stop.is_cancelled()) {
                break;
            }
            let mark = inbox::admit(&tx, self.name(), envelope, *first).await?;
            match mark {
                Mark::Moved => {
                    let delivery = Delivery::new(Arc::clone(envelope), self.name(), 1);
                    self.handle(&mut tx, &delivery).await?;
                    fault::point!("consume.handled-together");
                    applied += 1;
                }
                Mark::Passed => duplicates += 1,
                Mark::Ahead => {
                    parked::hold(&tx, self.name(), envelope, now()).await?;
                    held += 1;
                }
                Mark::Changed => return Err(Failure::transient("its mark moved meanwhile")),
            }
            let reached = mark != Mark::Ahead;
            settled.push(if reached { Settled::Reached } else { Settled::Held });
        }
        tx.commit().await?;
        fault::point!("consume.committed-together");
        (0..applied).for_each(|_| self.gauges.applied());
        (0..duplicates).for_each(|_| self.gauges.duplicate());
        (0..held).for_each(|_| self.was_parked());
        if applied > 0 {
            self.subscriptions.committed();
            self.wake_retries();
        }
        Ok(settled)
    }
}
