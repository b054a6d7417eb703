//! The relay: takes what one database published, in order, to whoever listens.

mod courier;
mod marks;
mod outlet;
mod pending;
mod postgres;
mod routes;
mod source;
mod sqlite;
mod window;

use std::{collections::HashSet, sync::Arc, time::Duration};

use marks::{Mark, Marks};
use outlet::{Outlet, Progress};
pub(crate) use pending::Pending;
use postgres::Log;
pub use postgres::log_demands;
pub(crate) use routes::{Routes, Target};
use source::{Next, Row, Rows, Source};
use storage::{Backend, Database};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Envelope, Gauges, Kind, Method, Options,
    handover::{Companion, Taken},
    job::Job,
    journal::Keeper,
    pulse::Pulse,
};

/// One database's relay.
pub(crate) struct Relay {
    name: &'static str,
    companion: Arc<Companion>,
    source: Box<dyn Source>,
    routes: Arc<Routes>,
    outlets: Vec<Outlet>,
    /// A group that is behind can be given more.
    room: Arc<Notify>,
    pending: Arc<Pending>,
    gauges: Arc<Gauges>,
    reclaiming: Reclaiming,
    poll: Duration,
    stop: CancellationToken,
    /// Commands nobody answers that were spoken of already.
    unanswered: HashSet<(String, String)>,
}

/// When applied rows are removed.
struct Reclaiming {
    every: Duration,
    rows: u64,
    last: Instant,
    marks: Marks,
    /// The lowest ticket that was not done when rows were last removed.
    done: u64,
}

const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(500);

/// The least time between two questions for the lease.
const BREATH: Duration = Duration::from_millis(100);

impl Relay {
    pub(crate) fn new(
        name: &'static str,
        db: Database,
        routes: &Arc<Routes>,
        options: &Options,
        gauges: &Arc<Gauges>,
        pulse: &Pulse,
    ) -> Self {
        let companion = Companion::of(&db);
        let (pending, room) = (Arc::<Pending>::default(), Arc::<Notify>::default());
        let outlet = |group| Outlet::new(name, group, &room, &pending, options, gauges, pulse);
        let outlets = routes.elsewhere.iter().map(outlet).collect();
        let keeper = Keeper::new(db.backend(), !options.journal.is_zero());
        let (source, poll): (Box<dyn Source>, _) = match db.backend() {
            Backend::Sqlite => {
                (Box::new(sqlite::Outbox::new(db, Arc::clone(routes), keeper)), options.poll_sqlite)
            }
            Backend::Postgres => {
                let login = db.login().filter(|_| options.relay_of(name) == Method::Log).cloned();
                let course = gauges.course(name);
                let log = login.map(|it| Log::new(name, it, Arc::clone(&companion), course));
                let outbox =
                    postgres::Outbox::new(db, Arc::clone(routes), keeper, options.lease, log);
                (Box::new(outbox), options.poll_postgres)
            }
        };
        let (every, rows) = (options.reclaim_every, options.reclaim_rows);
        let (last, marks) = (Instant::now(), Marks::default());
        Self {
            name,
            companion,
            source,
            routes: Arc::clone(routes),
            outlets,
            room,
            pending,
            gauges: Arc::clone(gauges),
            reclaiming: Reclaiming { every, rows, last, marks, done: 0 },
            poll,
            stop: pulse.stop().clone(),
            unanswered: HashSet::new(),
        }
    }

    pub(crate) fn pending(&self) -> Arc<Pending> {
        Arc::clone(&self.pending)
    }

    /// Relays until it is stopped; once the subscribers have `settled` too, removes what was applied.
    pub(crate) async fn run(mut self, settled: CancellationToken) {
        let (companion, room) = (Arc::clone(&self.companion), Arc::clone(&self.room));
        let stop = self.stop.clone();
        let mut look = Instant::now() + self.poll;
        loop {
            let reclaim = self.reclaiming.last + self.reclaiming.every;
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                taken = companion.handover.take() => self.transfer(taken).await,
                () = sleep_until(look) => {
                    companion.handover.look_later();
                    look = Instant::now() + self.poll;
                }
                () = sleep_until(reclaim), if !self.reclaiming.marks.is_empty() => {}
                () = room.notified() => {}
            }
            self.catch_up().await;
            self.reclaim_when_due().await;
        }
        settled.cancelled().await;
        for outlet in &mut self.outlets {
            outlet.finish().await;
        }
        self.reclaim().await;
        self.retire().await;
    }

    /// Lets a sibling go on at once.
    async fn retire(&mut self) {
        if let Err(error) = self.source.release().await {
            tracing::warn!(module = self.name, %error, "a relay could not give up its lease");
        }
        if let Some(siblings) = &self.routes.siblings {
            siblings.nudge(self.name).await;
        }
    }

    async fn transfer(&mut self, mut taken: Taken) {
        loop {
            match self.source.next(&mut taken).await {
                Ok(Next::Rows(rows)) => {
                    fault::point!("relay.read");
                    if !self.hand_out(rows).await {
                        return;
                    }
                    self.catch_up().await;
                    self.reclaim_when_due().await;
                    if self.stop.is_cancelled() {
                        return;
                    }
                }
                Ok(Next::Empty) => return,
                Ok(Next::Standby) => return self.stand_by(taken.fresh).await,
                Err(error) => {
                    tracing::warn!(module = self.name, %error, "the outbox cannot be read");
                    self.companion.handover.look_later();
                    self.stop.run_until_cancelled(sleep(PAUSE_AFTER_ERROR)).await;
                    return;
                }
            }
        }
    }

    /// Another process relays this database. Until it is time to ask for the lease again, that
    /// process is told what is committed here.
    async fn stand_by(&mut self, mut fresh: bool) {
        let began = Instant::now();
        self.companion.handover.look_later();
        loop {
            if let (true, Some(siblings)) = (fresh, &self.routes.siblings) {
                siblings.nudge(self.name).await;
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                () = sleep_until(began + self.poll) => return,
                news = self.companion.handover.hear() => fresh = news,
            }
            if !fresh {
                // A sibling may be about to retire.
                self.stop.run_until_cancelled(sleep_until(began + BREATH)).await;
                return;
            }
        }
    }

    /// Hands all rows to their groups, waiting where a lane of this process is full; false when it
    /// was stopped meanwhile.
    async fn hand_out(&mut self, Rows { rows, from, passed }: Rows) -> bool {
        let routes = Arc::clone(&self.routes);
        for Row { pos, mut envelope } in rows {
            self.gauges.published();
            let targets = routes.here.get(envelope.channel.as_str()).map_or(&[][..], Vec::as_slice);
            let elsewhere = self.outlets.iter().any(|it| it.listens_to(&envelope.channel));
            if targets.is_empty() && !elsewhere {
                self.nobody_listens(envelope);
                continue;
            }
            self.name.clone_into(&mut envelope.source);
            let envelope = Arc::new(envelope);
            let wants = |it: &&mut Outlet| it.is_live() && it.listens_to(&envelope.channel);
            let live = self.outlets.iter_mut().filter(wants).count();
            let ticket = self.pending.add(targets.len() + live);
            for outlet in self.outlets.iter_mut().filter(wants) {
                outlet.offer(&envelope, ticket, || from.clone().before(pos));
            }
            for target in targets {
                let job = Job::relayed(&envelope, ticket, &self.pending, &self.gauges);
                let sent = self.stop.run_until_cancelled(target.send(job)).await;
                if !sent.unwrap_or_default() {
                    return false;
                }
                fault::point!("relay.handed-out");
            }
        }
        if let Some(point) = passed {
            self.reclaiming.marks.push(Mark { ticket: self.pending.next(), point });
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
            tracing::warn!(module, channel, type_name, "nobody answers a command; it is kept");
        }
    }

    /// Gives groups that are behind another page each, where there is room for it.
    async fn catch_up(&mut self) {
        for outlet in &mut self.outlets {
            match outlet.catch_up(&*self.source, &self.reclaiming.marks).await {
                Ok(Progress::More) => self.room.notify_one(),
                Ok(Progress::Waits) => {}
                Err(error) => {
                    tracing::warn!(module = self.name, %error, "the outbox cannot be read again");
                }
            }
        }
    }

    async fn reclaim_when_due(&mut self) {
        let Reclaiming { every, rows, last, done, .. } = self.reclaiming;
        let many = || self.pending.low().saturating_sub(done) >= rows;
        if last.elapsed() >= every || many() {
            self.reclaim().await;
        }
    }

    /// Removes the rows that every group has applied or parked.
    async fn reclaim(&mut self) {
        let low = if fault::guard!("reclaim") { self.pending.low() } else { self.pending.next() };
        let Reclaiming { marks, last, done, .. } = &mut self.reclaiming;
        *last = Instant::now();
        *done = low;
        let Some(reached) = marks.reached(low) else { return };
        fault::point!("relay.reclaiming");
        if let Err(error) = self.source.reclaim(&reached.point).await {
            tracing::warn!(module = self.name, %error, "applied messages could not be removed");
            marks.put_back(reached);
        }
        fault::point!("relay.reclaimed");
    }
}
