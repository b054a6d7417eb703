//! The relay: takes what one database published, in order, to whoever listens.

mod pending;
mod postgres;
mod routes;
mod source;
mod sqlite;

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

pub(crate) use pending::Pending;
pub(crate) use routes::{Job, Routes, Target};
use source::{Next, Passed, Source};
use storage::{Backend, Database};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{
    Envelope, Gauges, Kind, Options,
    handover::{Companion, Taken},
};

/// One database's relay.
pub(crate) struct Relay {
    name: &'static str,
    companion: Arc<Companion>,
    source: Box<dyn Source>,
    routes: Arc<Routes>,
    pending: Arc<Pending>,
    gauges: Arc<Gauges>,
    reclaiming: Reclaiming,
    poll: Duration,
    /// Commands nobody answers that were spoken of already.
    unanswered: HashSet<(String, String)>,
}

/// When applied rows are removed.
struct Reclaiming {
    every: Duration,
    rows: u64,
    last: Instant,
    /// How far the source had been passed on when a ticket was the next.
    passed: VecDeque<(u64, Passed)>,
    /// The lowest ticket that was not done when rows were last removed.
    done: u64,
}

const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(500);

impl Relay {
    pub(crate) fn new(
        name: &'static str,
        db: Database,
        routes: Arc<Routes>,
        answered: Arc<BTreeSet<&'static str>>,
        options: &Options,
        gauges: &Arc<Gauges>,
    ) -> Self {
        let companion = Companion::of(&db);
        let (source, poll): (Box<dyn Source>, _) = match db.backend() {
            Backend::Sqlite => (Box::new(sqlite::Outbox::new(db, answered)), options.poll_sqlite),
            Backend::Postgres => {
                let outbox = postgres::Outbox::new(db, answered, options.lease);
                (Box::new(outbox), options.poll_postgres)
            }
        };
        Self {
            name,
            companion,
            source,
            routes,
            pending: Arc::default(),
            gauges: Arc::clone(gauges),
            reclaiming: Reclaiming {
                every: options.reclaim_every,
                rows: options.reclaim_rows,
                last: Instant::now(),
                passed: VecDeque::new(),
                done: 0,
            },
            poll,
            unanswered: HashSet::new(),
        }
    }

    pub(crate) fn pending(&self) -> Arc<Pending> {
        Arc::clone(&self.pending)
    }

    /// Relays until `stop`; once the subscribers have `settled` too, removes what was applied.
    pub(crate) async fn run(mut self, stop: CancellationToken, settled: CancellationToken) {
        let companion = Arc::clone(&self.companion);
        let mut look = Instant::now() + self.poll;
        loop {
            let reclaim = self.reclaiming.last + self.reclaiming.every;
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                taken = companion.handover.take() => self.transfer(taken, &stop).await,
                () = sleep_until(look) => {
                    companion.handover.look_later();
                    look = Instant::now() + self.poll;
                }
                () = sleep_until(reclaim), if !self.reclaiming.passed.is_empty() => {}
            }
            self.reclaim_when_due().await;
        }
        settled.cancelled().await;
        self.reclaim().await;
        if let Err(error) = self.source.release().await {
            tracing::warn!(module = self.name, %error, "a relay could not give up its lease");
        }
    }

    async fn transfer(&mut self, mut taken: Taken, stop: &CancellationToken) {
        loop {
            let pause = match self.source.next(&mut taken).await {
                Ok(Next::Rows { envelopes, passed }) => {
                    if !self.hand_out(envelopes, stop).await {
                        return;
                    }
                    if let Some(passed) = passed {
                        self.reclaiming.passed.push_back((self.pending.next(), passed));
                    }
                    self.reclaim_when_due().await;
                    continue;
                }
                Ok(Next::Empty) => return,
                Ok(Next::Standby) => self.poll,
                Err(error) => {
                    tracing::warn!(module = self.name, %error, "the outbox cannot be read");
                    PAUSE_AFTER_ERROR
                }
            };
            self.companion.handover.look_later();
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
            return;
        }
    }

    /// Hands all `envelopes` to their subscribers, waiting where a lane is full; false when it was
    /// stopped meanwhile.
    async fn hand_out(&mut self, envelopes: Vec<Envelope>, stop: &CancellationToken) -> bool {
        let routes = Arc::clone(&self.routes);
        for mut envelope in envelopes {
            self.gauges.published();
            let Some(targets) = routes.get(envelope.channel.as_str()) else {
                self.nobody_listens(envelope);
                continue;
            };
            self.name.clone_into(&mut envelope.source);
            let envelope = Arc::new(envelope);
            let ticket = self.pending.add(targets.len());
            for target in targets {
                let job = Job::new(&envelope, ticket, &self.pending, &self.gauges);
                let sent = tokio::select! {
                    biased;
                    sent = target.send(job) => sent,
                    () = stop.cancelled() => false,
                };
                if !sent {
                    return false;
                }
            }
        }
        true
    }

    /// An event or a reply is forgotten; a command stays until somebody answers its channel.
    fn nobody_listens(&mut self, envelope: Envelope) {
        let Envelope { kind, channel, type_name, .. } = envelope;
        if kind != Kind::Command {
            return;
        }
        if self.unanswered.insert((channel.clone(), type_name.clone())) {
            let module = self.name;
            tracing::warn!(module, channel, type_name, "nobody here answers a command; it is kept");
        }
    }

    async fn reclaim_when_due(&mut self) {
        let Reclaiming { every, rows, last, done, .. } = self.reclaiming;
        let many = || self.pending.low().saturating_sub(done) >= rows;
        if last.elapsed() >= every || many() {
            self.reclaim().await;
        }
    }

    /// Removes the rows that every subscriber has applied or parked.
    async fn reclaim(&mut self) {
        let low = self.pending.low();
        let Reclaiming { passed, last, done, .. } = &mut self.reclaiming;
        *last = Instant::now();
        *done = low;
        let mut reached = None;
        while passed.front().is_some_and(|(ticket, _)| *ticket <= low) {
            reached = passed.pop_front();
        }
        let Some(reached) = reached else { return };
        if let Err(error) = self.source.reclaim(&reached.1).await {
            tracing::warn!(module = self.name, %error, "applied messages could not be removed");
            self.reclaiming.passed.push_front(reached);
        }
    }
}
