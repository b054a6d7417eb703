//! The in-process bus: every module's relay joined to every subscriber of this process.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use storage::Database;
use tokio::{sync::mpsc, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    Gauges, Options, SHARDS, Subscriptions,
    handover::Companion,
    relay::{Pending, Relay, Routes, Target},
    retries,
    subscriber::Subscriber,
    worker,
};

/// A module as the bus sees it.
pub struct Module {
    /// What its messages say they come from. Never changed: marks are kept by it.
    pub name: &'static str,
    /// Where its outbox, its marks and its parked messages are.
    pub db: Database,
    /// What it listens to.
    pub subscriptions: Subscriptions,
}

/// All modules of a process, joined by their messages.
pub struct Process;

impl Process {
    /// Starts relays and subscribers. Whatever was left when the last process ended goes on.
    ///
    /// Must be called inside a Tokio runtime.
    pub fn start(modules: Vec<Module>) -> Running {
        Self::start_with(modules, Options::default())
    }

    /// Starts with other numbers than the default ones.
    pub fn start_with(modules: Vec<Module>, options: Options) -> Running {
        let mut running = Running::new(Arc::new(options));
        let answered: BTreeSet<&str> =
            modules.iter().flat_map(|module| module.subscriptions.answered()).collect();
        let mut routes: Routes = HashMap::new();
        let mut sources = Vec::new();
        for Module { name, db, subscriptions } in modules {
            sources.push((name, db.clone()));
            let channels = subscriptions.channels();
            if channels.is_empty() {
                continue;
            }
            let target = running.subscribe(db, subscriptions);
            for channel in channels {
                routes.entry(channel).or_default().push(target.clone());
            }
        }
        let (routes, answered) = (Arc::new(routes), Arc::new(answered));
        for (name, db) in sources {
            running.relay(name, db, Arc::clone(&routes), Arc::clone(&answered));
        }
        running
    }
}

/// A process at work. Dropped without [`drain`](Self::drain) it stops where it stands, as if it
/// had been killed; nothing is lost by that.
pub struct Running {
    options: Arc<Options>,
    gauges: Arc<Gauges>,
    subscribers: Vec<Arc<Subscriber>>,
    sources: Vec<(Arc<Companion>, Arc<Pending>)>,
    workers: JoinSet<()>,
    relays: JoinSet<()>,
    stop: CancellationToken,
    settled: CancellationToken,
}

/// Not everything was done in time. Nothing is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("messages were still on their way after {0:?}")]
pub struct Unfinished(pub Duration);

const POLL: Duration = Duration::from_millis(2);

impl Running {
    fn new(options: Arc<Options>) -> Self {
        Self {
            options,
            gauges: Arc::default(),
            subscribers: Vec::new(),
            sources: Vec::new(),
            workers: JoinSet::new(),
            relays: JoinSet::new(),
            stop: CancellationToken::new(),
            settled: CancellationToken::new(),
        }
    }

    /// The counts of this process.
    pub fn gauges(&self) -> Arc<Gauges> {
        Arc::clone(&self.gauges)
    }

    /// Stops: relays hand out nothing more, handlers at work finish and are acknowledged. What was
    /// not begun is begun after the next start.
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
        let end = Instant::now() + limit;
        while !self.is_quiet().await {
            if Instant::now() > end {
                return Err(Unfinished(limit));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    async fn is_quiet(&self) -> bool {
        let before = self.generation();
        let idle = |(source, pending): &(Arc<Companion>, Arc<Pending>)| {
            source.handover.is_quiet() && pending.is_empty()
        };
        if !self.sources.iter().all(idle) {
            self.subscribers.iter().for_each(|subscriber| subscriber.hurry.notify_waiters());
            return false;
        }
        for subscriber in &self.subscribers {
            if !matches!(subscriber.due().await, Ok(0)) {
                return false;
            }
        }
        // What one source was told while another was asked shows in the generation.
        self.sources.iter().all(idle) && self.generation() == before
    }

    fn generation(&self) -> u64 {
        self.sources.iter().map(|(source, _)| source.handover.generation()).sum()
    }

    fn subscribe(&mut self, db: Database, subscriptions: Subscriptions) -> Target {
        let options = Arc::clone(&self.options);
        let gauges = Arc::clone(&self.gauges);
        let subscriber = Arc::new(Subscriber::new(db, subscriptions, options, gauges));
        let mut lanes = Vec::with_capacity(usize::from(SHARDS));
        for _ in 0..SHARDS {
            let (lane, jobs) = mpsc::channel(self.options.lane);
            lanes.push(lane);
            self.workers.spawn(worker::run(Arc::clone(&subscriber), jobs, self.stop.clone()));
        }
        self.workers.spawn(retries::run(Arc::clone(&subscriber), self.stop.clone()));
        self.subscribers.push(subscriber);
        Target::new(lanes)
    }

    fn relay(
        &mut self,
        name: &'static str,
        db: Database,
        routes: Arc<Routes>,
        answered: Arc<BTreeSet<&'static str>>,
    ) {
        let companion = Companion::of(&db);
        companion.handover.look();
        let relay = Relay::new(name, db, routes, answered, &self.options, &self.gauges);
        self.sources.push((companion, relay.pending()));
        self.relays.spawn(relay.run(self.stop.clone(), self.settled.clone()));
    }
}
