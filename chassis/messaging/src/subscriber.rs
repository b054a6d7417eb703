//! One group in this process: its database, its handlers, and its transactions.

mod together;

use std::{borrow::Cow, collections::BTreeSet, panic::AssertUnwindSafe, sync::Arc, time::Instant};

use futures::FutureExt;
use kernel::{Clock, SystemClock, Timestamp, Version};
use ports::{Context, Trace};
use storage::{Database, Tx};
use tokio::sync::Notify;
use tracing::Instrument;

use crate::{
    Delivery, Envelope, Failure, Gauges, Options, Publish, Subscriptions,
    handover::Companion,
    health::{Health, Parkings},
    inbox::{self, Mark},
    journal::{self, Ended},
    overlooked::Run,
    parked::{self, Failed, State},
};

pub(crate) use together::{Event, Stopped};

pub(crate) struct Subscriber {
    pub(crate) db: Database,
    pub(crate) companion: Arc<Companion>,
    pub(crate) options: Arc<Options>,
    pub(crate) health: Health,
    pub(crate) parkings: Parkings,
    /// Somebody waits for everything to be done.
    pub(crate) hurry: Notify,
    subscriptions: Subscriptions,
    gauges: Arc<Gauges>,
}

/// One try of a message.
#[derive(Clone, Copy)]
pub(crate) struct Try<'a> {
    /// Counts the tries, from 1.
    pub(crate) number: u32,
    /// The first of the messages before it that were overlooked, or itself.
    pub(crate) first: i64,
    pub(crate) origin: Origin,
    /// How the last one failed, or why it had to wait; empty when it is the first.
    pub(crate) failure: &'a str,
    /// As it was parked when it was read, if it comes from there.
    pub(crate) version: Version,
}

impl Try<'_> {
    /// The version of what is not parked.
    pub(crate) const UNPARKED: Version = Version(0);
}

/// What a try that did not fail has come to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// The mark stands at the message or behind it.
    Reached,
    /// Others of its key come first, so it is parked.
    Held,
}

/// Where a message comes from when it is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Bus,
    Parked,
    /// Parked, and given up by a person: it is passed over.
    Dropped,
}

impl Subscriber {
    pub(crate) fn new(
        db: Database,
        subscriptions: Subscriptions,
        options: Arc<Options>,
        gauges: Arc<Gauges>,
    ) -> Self {
        let companion = Companion::of(&db);
        let health = Health::new(options.probe_after);
        let parkings = Parkings::default();
        let hurry = Notify::new();
        Self { db, companion, options, health, parkings, hurry, subscriptions, gauges }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.subscriptions.subscriber()
    }

    pub(crate) fn channels(&self) -> BTreeSet<&'static str> {
        self.subscriptions.channels()
    }

    /// Parked messages whose time has come.
    pub(crate) async fn due(&self) -> Result<usize, storage::Error> {
        if !self.parkings.any() {
            return Ok(0);
        }
        Ok(parked::due(&self.db, self.name(), now()).await?.len())
    }

    /// Whether the message concerns no handler of this group.
    pub(crate) fn overlooks(&self, envelope: &Envelope) -> bool {
        envelope.is_whole()
            && matches!(
                self.subscriptions.receiver(&envelope.channel, &envelope.type_name),
                Ok(None)
            )
    }

    /// Moves the marks over messages that were overlooked, in one transaction.
    pub(crate) async fn pass_by(&self, runs: &[Run]) -> Result<(), Failure> {
        if runs.is_empty() {
            return Ok(());
        }
        let tx = self.db.begin().await?;
        let mut held = 0;
        let (whole, parts): (Vec<_>, Vec<_>) = runs.iter().partition(|run| run.first() == 1);
        let ends = whole.into_iter().map(Run::end).collect();
        inbox::advance_from_start(&tx, self.name(), ends).await?;
        for run in parts {
            match inbox::advance(&tx, self.name(), run.end(), run.first()).await? {
                Mark::Moved | Mark::Passed => {}
                Mark::Changed => return Err(Failure::transient("its mark moved meanwhile")),
                Mark::Ahead => {
                    for envelope in run.envelopes() {
                        parked::hold(&tx, self.name(), envelope, now()).await?;
                        held += 1;
                    }
                }
            }
        }
        tx.commit().await?;
        fault::point!("consume.passed-by");
        (0..held).for_each(|_| self.was_parked());
        self.wake_retries();
        Ok(())
    }

    /// Handles the message in one transaction: the mark, the handler with what it publishes, and
    /// the commit. A duplicate needs no handling; a message that must wait behind others is parked.
    pub(crate) async fn attempt(
        &self,
        envelope: &Arc<Envelope>,
        attempt: Try<'_>,
    ) -> Result<Settled, Failure> {
        let tried = self.transaction(envelope, attempt).await;
        if let Err(failure) = &tried {
            self.gauges.failed();
            let Envelope { source, channel, type_name, key, seq, .. } = &**envelope;
            let (subscriber, attempt) = (self.name(), attempt.number);
            tracing::warn!(
                subscriber, source, channel, type_name, key, seq, attempt, %failure,
                "a message was not handled"
            );
        }
        tried
    }

    async fn transaction(
        &self,
        envelope: &Arc<Envelope>,
        attempt: Try<'_>,
    ) -> Result<Settled, Failure> {
        let Try { number, first, origin, version, .. } = attempt;
        let mut tx = self.db.begin().await?;
        let mark = match origin {
            Origin::Bus => inbox::admit(&tx, self.name(), envelope, first).await?,
            Origin::Parked | Origin::Dropped => {
                inbox::advance(&tx, self.name(), envelope, first).await?
            }
        };
        match mark {
            Mark::Moved => {}
            Mark::Changed => return Err(Failure::transient("its mark moved meanwhile")),
            Mark::Passed => return self.pass_over(tx, envelope, origin, version).await,
            Mark::Ahead => return self.hold_back(tx, envelope, origin).await,
        }
        fault::point!("consume.marked");
        if origin != Origin::Dropped {
            let delivery = Delivery::new(Arc::clone(envelope), self.name(), number);
            self.handle(&mut tx, &delivery).await?;
        }
        fault::point!("consume.handled");
        if origin != Origin::Bus {
            parked::remove(&tx, self.name(), envelope, version).await?;
        }
        self.note_late(&tx, envelope, attempt).await?;
        tx.commit().await?;
        fault::point!("consume.committed");
        self.gauges.applied();
        self.subscriptions.committed();
        if origin == Origin::Bus {
            self.wake_retries(); // what waited behind this one may go on
        }
        Ok(Settled::Reached)
    }

    /// Writes down that a message was not handled at the first try.
    async fn note_late(
        &self,
        tx: &Tx,
        envelope: &Envelope,
        attempt: Try<'_>,
    ) -> Result<(), storage::Error> {
        let Try { number, origin, failure, .. } = attempt;
        if self.options.journal.is_zero() || (origin == Origin::Bus && number == 1) {
            return Ok(());
        }
        let (attempts, dropped) = (number - 1, origin == Origin::Dropped);
        let ended = Ended { attempts, reason: failure, dropped, at: now() };
        journal::note(tx, self.name(), envelope, ended).await
    }

    async fn pass_over(
        &self,
        tx: Tx,
        envelope: &Envelope,
        origin: Origin,
        version: Version,
    ) -> Result<Settled, Failure> {
        self.gauges.duplicate();
        if origin == Origin::Bus {
            tx.rollback().await?;
        } else {
            parked::remove(&tx, self.name(), envelope, version).await?;
            tx.commit().await?;
        }
        Ok(Settled::Reached)
    }

    async fn hold_back(
        &self,
        tx: Tx,
        envelope: &Envelope,
        origin: Origin,
    ) -> Result<Settled, Failure> {
        if origin != Origin::Bus {
            return Err(Failure::transient("others of its key come first"));
        }
        parked::hold(&tx, self.name(), envelope, now()).await?;
        tx.commit().await?;
        fault::point!("consume.held");
        self.was_parked();
        Ok(Settled::Held)
    }

    /// Runs the handler in the context of the message, with a limit; a panic is a failure.
    async fn handle(&self, tx: &mut Tx, delivery: &Delivery) -> Result<(), Failure> {
        let envelope = delivery.envelope();
        if !envelope.is_whole() {
            return Err(Failure::permanent("its envelope in the outbox is broken"));
        }
        let Some(receiver) = self.subscriptions.receiver(&envelope.channel, &envelope.type_name)?
        else {
            return Ok(());
        };
        tx.because(envelope.into());
        let span = tracing::info_span!(
            "message", subscriber = self.name(), id = %envelope.id, type_name = envelope.type_name,
            key = envelope.key
        );
        let work = AssertUnwindSafe(receiver.receive(tx, delivery)).catch_unwind();
        let work = self.context(envelope).scope(work).instrument(span);
        match tokio::time::timeout(self.options.handler_limit, work).await {
            Ok(Ok(handled)) => handled,
            Ok(Err(_panic)) => Err(Failure::transient("the handler panicked")),
            Err(_elapsed) => Err(Failure::transient("the handler took too long")),
        }
    }

    fn context(&self, envelope: &Envelope) -> Context {
        let parent = envelope.traceparent.as_deref().and_then(Trace::parse);
        Context {
            trace: parent.map_or_else(Trace::start, Trace::child),
            deadline: Instant::now() + self.options.handler_limit,
            caller: Cow::Borrowed(self.name()),
            idempotency_key: None,
            is_repeat: false,
        }
    }

    /// Parks a message whose tries have failed. `version` is what was read of it, if it was parked.
    pub(crate) async fn park(
        &self,
        envelope: &Envelope,
        version: Version,
        state: State,
        attempts: u32,
        reason: &str,
    ) -> Result<(), storage::Error> {
        let due_at = now().plus(parked::pause(&self.options, attempts));
        let tx = self.db.begin().await?;
        let failed = Failed { envelope, version, state, attempts, due_at, reason };
        parked::park(&tx, self.name(), failed).await?;
        fault::point!("park.written");
        tx.commit().await?;
        fault::point!("park.committed");
        self.was_parked();
        Ok(())
    }

    fn wake_retries(&self) {
        if self.parkings.any() {
            self.companion.parked.notify_one();
        }
    }

    fn was_parked(&self) {
        self.gauges.parked();
        self.parkings.added();
        self.companion.parked.notify_one();
    }
}

pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}
