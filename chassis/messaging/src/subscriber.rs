//! One group in this process: its database, its handlers, and one transaction per message.

use std::{
    borrow::Cow,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Instant,
};

use futures::FutureExt;
use kernel::{Clock, SystemClock, Timestamp};
use ports::{Context, Trace};
use storage::{Database, Tx};
use tokio::sync::{Mutex, MutexGuard};
use tracing::Instrument;

use crate::{
    Delivery, Envelope, Failure, Gauges, Options, Subscriptions,
    envelope::BROKEN,
    handover::Companion,
    inbox::{self, Mark},
    parked::{self, Failed, State},
    publish::Outgoing,
};

pub(crate) struct Subscriber {
    pub(crate) db: Database,
    pub(crate) companion: Arc<Companion>,
    pub(crate) options: Arc<Options>,
    pub(crate) health: Health,
    pub(crate) parkings: Parkings,
    subscriptions: Subscriptions,
    gauges: Arc<Gauges>,
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
        Self { db, companion, options, health, parkings, subscriptions, gauges }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.subscriptions.subscriber()
    }

    /// Parked messages whose time has come.
    pub(crate) async fn due(&self) -> Result<usize, storage::Error> {
        if !self.parkings.any() {
            return Ok(0);
        }
        Ok(parked::due(&self.db, self.name(), now()).await?.len())
    }

    /// Handles the message in one transaction: the mark, the handler with what it publishes, and
    /// the commit. Fine is also what needs no handling: a duplicate, or a message that must wait
    /// behind others and is parked.
    pub(crate) async fn attempt(
        &self,
        envelope: &Arc<Envelope>,
        attempt: u32,
        origin: Origin,
    ) -> Result<(), Failure> {
        let tried = self.transaction(envelope, attempt, origin).await;
        if let Err(failure) = &tried {
            self.gauges.failed();
            let Envelope { source, channel, type_name, key, seq, .. } = &**envelope;
            let subscriber = self.name();
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
        attempt: u32,
        origin: Origin,
    ) -> Result<(), Failure> {
        let mut tx = self.db.begin().await?;
        match inbox::advance(&tx, self.name(), envelope).await? {
            Mark::Moved => {}
            Mark::Changed => return Err(Failure::transient("its mark moved meanwhile")),
            Mark::Passed => return self.pass_over(tx, envelope, origin).await,
            Mark::Ahead => return self.hold_back(tx, envelope, origin).await,
        }
        if origin != Origin::Dropped {
            let delivery = Delivery::new(Arc::clone(envelope), self.name(), attempt);
            self.handle(&mut tx, &delivery).await?;
        }
        if origin != Origin::Bus {
            parked::remove(&tx, self.name(), envelope).await?;
        }
        tx.commit().await?;
        self.gauges.applied();
        self.subscriptions.committed();
        if origin == Origin::Bus && self.parkings.any() {
            self.companion.parked.notify_one(); // what waited behind this one may go on
        }
        Ok(())
    }

    async fn pass_over(&self, tx: Tx, envelope: &Envelope, from: Origin) -> Result<(), Failure> {
        self.gauges.duplicate();
        if from == Origin::Bus {
            return Ok(tx.rollback().await?);
        }
        parked::remove(&tx, self.name(), envelope).await?;
        Ok(tx.commit().await?)
    }

    async fn hold_back(&self, tx: Tx, envelope: &Envelope, from: Origin) -> Result<(), Failure> {
        if from != Origin::Bus {
            return Err(Failure::transient("others of its key come first"));
        }
        parked::hold(&tx, self.name(), envelope, now()).await?;
        tx.commit().await?;
        self.was_parked();
        Ok(())
    }

    /// Runs the handler in the context of the message, with a limit; a panic is a failure.
    async fn handle(&self, tx: &mut Tx, delivery: &Delivery) -> Result<(), Failure> {
        let envelope = delivery.envelope();
        if envelope.content_type == BROKEN {
            return Err(Failure::permanent("its envelope in the outbox is broken"));
        }
        let Some(receiver) = self.subscriptions.receiver(&envelope.channel, &envelope.type_name)?
        else {
            return Ok(());
        };
        tx.attachment::<Outgoing>().because_of(envelope);
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
        }
    }

    /// Parks a message whose tries have failed.
    pub(crate) async fn park(
        &self,
        envelope: &Envelope,
        state: State,
        attempts: u32,
        reason: &str,
    ) -> Result<(), storage::Error> {
        let due_at = now().plus(parked::pause(&self.options, attempts));
        let tx = self.db.begin().await?;
        let failed = Failed { envelope, state, attempts, due_at, reason };
        parked::park(&tx, self.name(), failed).await?;
        tx.commit().await?;
        self.was_parked();
        Ok(())
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

/// Whether anything is parked, known without asking the database.
pub(crate) struct Parkings {
    added: AtomicU64,
    none_at: AtomicU64,
}

impl Default for Parkings {
    /// There may be something from before.
    fn default() -> Self {
        Self { added: AtomicU64::new(1), none_at: AtomicU64::new(0) }
    }
}

impl Parkings {
    pub(crate) fn any(&self) -> bool {
        self.count() != self.none_at.load(Ordering::SeqCst)
    }

    /// How often something was parked; asked before the table is.
    pub(crate) fn count(&self) -> u64 {
        self.added.load(Ordering::SeqCst)
    }

    /// The table was empty when [`count`](Self::count) was `count`.
    pub(crate) fn none(&self, count: u64) {
        self.none_at.store(count, Ordering::SeqCst);
    }

    fn added(&self) {
        self.added.fetch_add(1, Ordering::SeqCst);
    }
}

/// Whether messages fail because of themselves, or because something they all need is down. In the
/// second case they are tried one at a time instead of being parked one and all.
pub(crate) struct Health {
    failed_in_a_row: AtomicU32,
    limit: u32,
    alone: Mutex<()>,
}

impl Health {
    fn new(limit: u32) -> Self {
        Self { failed_in_a_row: AtomicU32::new(0), limit, alone: Mutex::new(()) }
    }

    /// Waits for its turn while things are bad; gives the turn, or nothing when all may go.
    pub(crate) async fn enter(&self) -> Option<MutexGuard<'_, ()>> {
        if !self.is_bad() {
            return None;
        }
        let turn = self.alone.lock().await;
        self.is_bad().then_some(turn)
    }

    pub(crate) fn succeeded(&self) {
        self.failed_in_a_row.store(0, Ordering::Relaxed);
    }

    /// A message failed all its tries; tells whether things are bad now.
    pub(crate) fn failed(&self) -> bool {
        self.failed_in_a_row.fetch_add(1, Ordering::Relaxed);
        self.is_bad()
    }

    fn is_bad(&self) -> bool {
        self.failed_in_a_row.load(Ordering::Relaxed) >= self.limit
    }
}
