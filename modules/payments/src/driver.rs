//! The background task that takes unsettled payments to their provider.
//!
//! Work comes in memory, right after the commit that caused it. A sweep at the start and on an interval
//! finds what a crash or a silence of the provider has left behind.

use std::{collections::HashMap, sync::Arc, time::Duration};

use kernel::{Timestamp, Version};
use orders_api::PaymentId;
use ports::Origin;
use tokio::{
    sync::{mpsc, oneshot},
    task::{Id, JoinError, JoinSet},
    time::{Instant, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use crate::{
    domain,
    handover::Job,
    payment::Payment,
    settler::{Mode, Settler},
    store,
};

/// The driver: whatever it has in hand, it has once.
pub(crate) struct Driver {
    settler: Arc<Settler>,
    jobs: mpsc::Receiver<Job>,
    tasks: JoinSet<Payment>,
    names: HashMap<Id, PaymentId>,
    in_hand: HashMap<PaymentId, Hand>,
    /// Those whose provider gave no answer, and when it is asked again.
    resting: HashMap<PaymentId, Rest>,
    /// What has not moved since then was left by a process that is gone; nothing once it was found.
    inherited: Option<Timestamp>,
}

/// The resolution of a clock.
const A_MOMENT: Duration = Duration::from_micros(1);

/// A payment that is with the provider.
#[derive(Default)]
struct Hand {
    waiting: Vec<oneshot::Sender<Payment>>,
    /// It came again in the meantime.
    again: Option<Payment>,
}

/// How often a payment was taken to its provider in vain since it last got further, and until when it is
/// left alone.
#[derive(Clone, Copy)]
struct Rest {
    version: Version,
    times: u32,
    until: Instant,
}

impl Driver {
    pub(crate) fn new(settler: Arc<Settler>, jobs: mpsc::Receiver<Job>) -> Self {
        let inherited = Some(settler.clock.now().minus(A_MOMENT));
        Self {
            settler,
            jobs,
            tasks: JoinSet::new(),
            names: HashMap::new(),
            in_hand: HashMap::new(),
            resting: HashMap::new(),
            inherited,
        }
    }

    /// Works until `stop`; then finishes what it has in hand.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut sweeps = tokio::time::interval(self.settler.settings.reconcile_every);
        sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let room = self.tasks.len() < self.settler.settings.parallel;
            tokio::select! {
                () = stop.cancelled() => break,
                Some(ended) = self.tasks.join_next_with_id() => self.ended(ended),
                Some(job) = self.jobs.recv(), if room => self.take(job),
                _ = sweeps.tick(), if room => self.sweep().await,
            }
        }
        while let Some(ended) = self.tasks.join_next_with_id().await {
            self.ended(ended);
        }
    }

    /// Looks for what nobody has in hand. At first that is everything from before this process.
    async fn sweep(&mut self) {
        let settings = &self.settler.settings;
        let forgotten = self.settler.clock.now().minus(settings.reconcile_after);
        let since = self.inherited.unwrap_or(forgotten);
        let (parallel, reader) = (settings.parallel, self.settler.db.reader());
        let enough = parallel + self.resting.len();
        let found = match store::due(&reader, since, enough).await {
            Ok(found) => found,
            Err(cause) => {
                tracing::error!(%cause, "payments that are due were not looked for");
                return;
            }
        };
        if found.len() < enough {
            self.inherited = None;
        }
        for payment in found {
            let rests = self.resting.get(&payment.id).is_some_and(|it| Instant::now() < it.until);
            let busy = rests || self.in_hand.contains_key(&payment.id);
            if self.tasks.len() < parallel && !busy {
                self.take(Job { payment, mode: Mode::Reconcile, done: None });
            }
        }
    }

    /// Leaves a payment alone for a while when nothing came of asking, twice as long each time.
    fn rest(&mut self, payment: &Payment) {
        if domain::work(payment, self.settler.clock.now()).is_none() {
            self.resting.remove(&payment.id);
            return;
        }
        let settings = &self.settler.settings;
        let version = payment.version;
        let before = self.resting.get(&payment.id).filter(|rest| rest.version == version);
        let times = before.map_or(0, |rest| rest.times);
        let pause = settings.reconcile_every.saturating_mul(1 << times.min(16));
        let until = Instant::now() + pause.min(settings.reconcile_pause);
        self.resting.insert(payment.id, Rest { version, times: times + 1, until });
    }

    fn take(&mut self, Job { payment, mode, done }: Job) {
        let known = self.in_hand.contains_key(&payment.id);
        let hand = self.in_hand.entry(payment.id).or_default();
        hand.waiting.extend(done);
        if known {
            hand.again = Some(payment);
            return;
        }
        self.begin(payment, mode);
    }

    fn begin(&mut self, payment: Payment, mode: Mode) {
        let (settler, id) = (self.settler.clone(), payment.id);
        let settle = async move { settler.settle(payment, mode).await };
        let task = self.tasks.spawn(Origin::now("payments: driver").scope(settle));
        self.names.insert(task.id(), id);
    }

    fn ended(&mut self, ended: Result<(Id, Payment), JoinError>) {
        let task = match &ended {
            Ok((task, _)) => *task,
            Err(panic) => panic.id(),
        };
        let Some(id) = self.names.remove(&task) else { return };
        let Some(hand) = self.in_hand.remove(&id) else { return };
        if let Some(again) = hand.again {
            self.in_hand.insert(id, Hand { waiting: hand.waiting, again: None });
            self.begin(again, Mode::Reconcile);
            return;
        }
        match ended {
            Ok((_, payment)) => {
                self.rest(&payment);
                for waiting in hand.waiting {
                    // Whoever does not wait any longer reads the payment when they come back.
                    drop(waiting.send(payment.clone()));
                }
            }
            Err(panic) => tracing::error!(payment = %id, %panic, "settling a payment broke"),
        }
    }
}
