//! A process at work: its tasks, and how they end.

use std::{sync::Arc, time::Duration};

use storage::Database;
use tokio::{sync::mpsc, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    Gauges, Options, SHARDS, Subscriptions,
    handover::Companion,
    inlet::{Doorway, Inlet},
    journal,
    pulse::Pulse,
    relay::{Pending, Relay, Routes, Target},
    retries,
    subscriber::Subscriber,
    worker,
};

/// A process at work. Dropped without [`drain`](Self::drain) it stops where it stands, as if it
/// had been killed; nothing is lost by that.
pub struct Running {
    options: Arc<Options>,
    gauges: Arc<Gauges>,
    pulse: Pulse,
    groups: Vec<Here>,
    sources: Vec<Origin>,
    workers: JoinSet<()>,
    relays: JoinSet<()>,
    stop: CancellationToken,
    settled: CancellationToken,
}

/// A group that lives here.
struct Here {
    subscriber: Arc<Subscriber>,
    doorway: Doorway,
}

/// A module that publishes.
struct Origin {
    name: &'static str,
    companion: Arc<Companion>,
    pending: Arc<Pending>,
}

/// Not everything was done in time. Nothing is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("messages were still on their way after {0:?}")]
pub struct Unfinished(pub Duration);

const POLL: Duration = Duration::from_millis(2);

impl Running {
    pub(crate) fn new(
        options: Options,
        elsewhere: impl IntoIterator<Item = &'static str>,
        modules: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        let stop = CancellationToken::new();
        Self {
            options: Arc::new(options),
            gauges: Arc::new(Gauges::with(elsewhere, modules)),
            pulse: Pulse::new(stop.clone()),
            groups: Vec::new(),
            sources: Vec::new(),
            workers: JoinSet::new(),
            relays: JoinSet::new(),
            stop,
            settled: CancellationToken::new(),
        }
    }

    /// The counts of this process.
    pub fn gauges(&self) -> Arc<Gauges> {
        Arc::clone(&self.gauges)
    }

    /// Tells whether relays and consumers are at work, for a health check.
    pub fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// The door for messages from other processes.
    pub fn inlet(&self) -> Inlet {
        let groups = self.groups.iter().map(|it| (it.subscriber.name(), it.doorway.clone()));
        let modules = self.sources.iter().map(|it| (it.name, Arc::clone(&it.companion)));
        Inlet::new(groups, modules, self.gauges(), self.pulse())
    }

    /// Stops: relays hand out nothing more, handlers at work finish and are acknowledged, batches
    /// that are on their way to other processes are answered. What was not begun is begun after the
    /// next start.
    ///
    /// # Errors
    ///
    /// When `limit` was over first. The handlers still at work were interrupted; their messages
    /// come again.
    pub async fn drain(mut self, limit: Duration) -> Result<(), Unfinished> {
        self.stop.cancel();
        let finished = async {
            while self.workers.join_next().await.is_some() {}
            self.settled.cancel();
            while self.relays.join_next().await.is_some() {}
        };
        let in_time = tokio::time::timeout(limit, finished).await;
        self.workers.shutdown().await;
        self.relays.shutdown().await;
        in_time.map_err(|_| Unfinished(limit))
    }

    /// Waits until every committed message is applied and no parked one is due. For tests.
    ///
    /// # Errors
    ///
    /// When `limit` was over first.
    pub async fn quiet(&self, limit: Duration) -> Result<(), Unfinished> {
        Self::all_quiet(&[self], limit).await
    }

    /// The same for several processes that talk to each other.
    ///
    /// # Errors
    ///
    /// When `limit` was over first.
    pub async fn all_quiet(processes: &[&Self], limit: Duration) -> Result<(), Unfinished> {
        let end = Instant::now() + limit;
        while !are_quiet(processes).await {
            if Instant::now() > end {
                return Err(Unfinished(limit));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    async fn is_quiet(&self) -> bool {
        if !self.is_idle() {
            self.groups.iter().for_each(|group| group.subscriber.hurry.notify_waiters());
            return false;
        }
        for group in &self.groups {
            if !matches!(group.subscriber.due().await, Ok(0)) {
                return false;
            }
        }
        true
    }

    fn is_idle(&self) -> bool {
        let idle = |it: &Origin| it.companion.handover.is_quiet() && it.pending.is_empty();
        self.sources.iter().all(idle)
    }

    fn generation(&self) -> u64 {
        self.sources.iter().map(|it| it.companion.handover.generation()).sum()
    }

    pub(crate) fn subscribe(&mut self, db: Database, subscriptions: Subscriptions) -> Target {
        let (options, gauges) = (Arc::clone(&self.options), self.gauges());
        let subscriber = Arc::new(Subscriber::new(db, subscriptions, options, gauges));
        let (name, channels) = (subscriber.name(), subscriber.channels());
        let mut lanes = Vec::with_capacity(usize::from(SHARDS));
        for shard in 0..SHARDS {
            let (lane, jobs) = mpsc::channel(self.options.lane);
            lanes.push(lane);
            let work = worker::run(Arc::clone(&subscriber), jobs, self.stop.clone());
            let watched = self.pulse.clone().watch(format!("lane {shard} of {name}"), work);
            self.workers.spawn(watched);
        }
        let work = retries::run(Arc::clone(&subscriber), self.stop.clone());
        self.workers.spawn(self.pulse.clone().watch(format!("the retries of {name}"), work));
        let lanes = Target::new(lanes);
        let doorway = Doorway { channels, lanes: lanes.clone(), in_hand: Arc::default() };
        self.groups.push(Here { subscriber, doorway });
        lanes
    }

    pub(crate) fn relay(&mut self, name: &'static str, db: Database, routes: &Arc<Routes>) {
        let companion = Companion::of(&db);
        companion.handover.look();
        let relay = Relay::new(name, db.clone(), routes, &self.options, &self.gauges, &self.pulse);
        self.sources.push(Origin { name, companion, pending: relay.pending() });
        let work = relay.run(self.settled.clone());
        self.relays.spawn(self.pulse.clone().watch(format!("the relay of {name}"), work));
        let work = journal::sweep(db, Arc::clone(&self.options), self.stop.clone());
        self.workers.spawn(self.pulse.clone().watch(format!("the journal of {name}"), work));
    }
}

async fn are_quiet(processes: &[&Running]) -> bool {
    let generation = || processes.iter().map(|it| it.generation()).sum::<u64>();
    let before = generation();
    for process in processes {
        if !process.is_quiet().await {
            return false;
        }
    }
    // What one source was told while another was asked shows in the generation.
    processes.iter().all(|it| it.is_idle()) && generation() == before
}
