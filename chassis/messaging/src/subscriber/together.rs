//! Several events in one transaction.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use storage::Tx;
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

/// Why several events were not applied.
pub(crate) struct Stopped {
    /// How many went well before the one that failed; unknown when it was the transaction that failed.
    pub(crate) after: Option<usize>,
    pub(crate) failure: Failure,
}

impl<E: Into<Failure>> From<E> for Stopped {
    fn from(failure: E) -> Self {
        Self { after: None, failure: failure.into() }
    }
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
    ) -> Result<Vec<Settled>, Stopped> {
        let began = Instant::now();
        let mut tx = self.db.begin().await?;
        let mut marks = Vec::with_capacity(events.len());
        for event in events {
            if !marks.is_empty() && (began.elapsed() > LONGEST || stop.is_cancelled()) {
                break;
            }
            let after = marks.len();
            let tried = self.try_one(&mut tx, event).await;
            marks.push(tried.map_err(|failure| Stopped { after: Some(after), failure })?);
        }
        tx.commit().await?;
        fault::point!("consume.committed-together");
        for mark in &marks {
            match mark {
                Mark::Moved => self.gauges.applied(),
                Mark::Passed => self.gauges.duplicate(),
                Mark::Ahead | Mark::Changed => self.was_parked(),
            }
        }
        if marks.contains(&Mark::Moved) {
            self.subscriptions.committed();
            self.wake_retries();
        }
        let settled = |mark| if mark == Mark::Ahead { Settled::Held } else { Settled::Reached };
        Ok(marks.into_iter().map(settled).collect())
    }

    async fn try_one(&self, tx: &mut Tx, event: &Event<'_>) -> Result<Mark, Failure> {
        let Event { envelope, first } = event;
        let mark = inbox::admit(&*tx, self.name(), envelope, *first).await?;
        match mark {
            Mark::Moved => {
                let delivery = Delivery::new(Arc::clone(envelope), self.name(), 1);
                self.handle(tx, &delivery).await?;
                fault::point!("consume.handled-together");
            }
            Mark::Passed => {}
            Mark::Ahead => parked::hold(&*tx, self.name(), envelope, now()).await?,
            Mark::Changed => return Err(Failure::transient("its mark moved meanwhile")),
        }
        Ok(mark)
    }
}
