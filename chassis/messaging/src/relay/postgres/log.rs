//! The outbox as the transaction log has it, followed as long as that goes well.
//!
//! Of the log only what is new is taken. The table stays the memory: it keeps each row until every group
//! has committed it, and whatever happens to the log, the next tick finds the rows there. That is why the
//! slot is a temporary one, which keeps no log for a process that does not run.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use sea_orm::DbErr;
use storage::{Database, Error, Login};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::timeout,
};

use super::{
    Snapshot,
    session::{self, Broken},
};
use crate::{
    gauges::Course,
    handover::{Companion, Taken},
    relay::source::{Next, PAGE, Point, Row, Rows},
    sql,
};

/// The log of one database.
pub(in crate::relay) struct Log {
    module: &'static str,
    login: Login,
    companion: Arc<Companion>,
    course: Arc<Course>,
    state: State,
    /// The session with the server; it ends when this is dropped.
    session: JoinSet<Result<(), Broken>>,
    /// When to try again, and the pause after the next failure.
    again: Instant,
    pause: Duration,
    /// The operator knows that the log is not followed.
    told: bool,
}

enum State {
    Closed,
    Opening(oneshot::Receiver<Stream>),
    /// It has everything that is committed from now on.
    Open(Stream),
    Followed(Followed),
}

/// What a session gives and takes.
pub(super) struct Stream {
    pub(super) transactions: mpsc::Receiver<Transaction>,
    /// The place in the log up to which all transactions were given.
    pub(super) reached: watch::Receiver<u64>,
    /// The place up to which the server need not keep the log for us.
    pub(super) confirmed: watch::Sender<u64>,
}

/// The rows of one transaction.
pub(super) struct Transaction {
    pub(super) xid: u64,
    pub(super) rows: Vec<Row>,
    /// The place after its commit.
    pub(super) end: u64,
}

/// A log that is read.
struct Followed {
    stream: Stream,
    since: Instant,
    /// When the last goal was set.
    asked: Instant,
    /// What is to be reached before this process can say that it knows of everything.
    goal: Option<Goal>,
    /// The place up to which everything was handed out.
    upto: u64,
    /// The transactions that were handed out since the last goal.
    recent: BTreeSet<u64>,
}

/// Everything visible in `snapshot` is in the log before `place`.
struct Goal {
    snapshot: Snapshot,
    place: u64,
    set: Instant,
}

/// How long the log may take to show what is committed already. Ticks are faster then.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest wait before the relay may see to something else.
const SLICE: Duration = Duration::from_millis(50);
/// While there are rows all the time: how often a goal is set nevertheless.
const GOALS: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A log that was followed for so long is a good one.
const GOOD: Duration = Duration::from_secs(60);

impl Log {
    pub(in crate::relay) fn new(
        module: &'static str,
        login: Login,
        companion: Arc<Companion>,
        course: Arc<Course>,
    ) -> Self {
        Self {
            module,
            login,
            companion,
            course,
            state: State::Closed,
            session: JoinSet::new(),
            again: Instant::now(),
            pause: FIRST_PAUSE,
            told: false,
        }
    }

    /// Whether it has everything that is committed from now on.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// Whether there is something to wait for.
    pub(super) fn is_busy(&self) -> bool {
        matches!(&self.state, State::Followed(followed) if followed.goal.is_some())
    }

    /// Is followed from now on: everything that was committed before it was open has been read.
    pub(super) fn join(&mut self) {
        let state = std::mem::replace(&mut self.state, State::Closed);
        self.state = match state {
            State::Open(stream) => {
                tracing::info!(module = self.module, "messages are read from the transaction log");
                self.told = false;
                self.course.follows_log(true);
                State::Followed(Followed::new(stream))
            }
            other => other,
        };
    }

    /// Lets go of it: another process relays.
    pub(super) fn leave(&mut self) {
        self.close();
        self.again = Instant::now();
    }

    /// Gives what is new; nothing while it is not followed.
    pub(super) async fn next(
        &mut self,
        db: &Database,
        taken: &mut Taken,
        seen: &mut Snapshot,
    ) -> Result<Option<Next>, Error> {
        self.open_when_due();
        let State::Followed(followed) = &mut self.state else { return Ok(None) };
        if let Some(next) = followed.next(db, taken, seen, &self.course).await? {
            return Ok(Some(next));
        }
        let why = match self.session.try_join_next() {
            Some(Ok(Err(broken))) => broken,
            Some(_) => Broken::Ended,
            None => Broken::Slow(PATIENCE),
        };
        self.fall_back(&why);
        taken.look = true;
        Ok(None)
    }

    fn open_when_due(&mut self) {
        match &mut self.state {
            State::Closed if Instant::now() >= self.again => {
                let (opened, opening) = oneshot::channel();
                let companion = Arc::clone(&self.companion);
                let session = session::run(self.module, self.login.clone(), opened, companion);
                self.session.spawn(session);
                self.state = State::Opening(opening);
            }
            State::Opening(opening) => {
                if let Ok(stream) = opening.try_recv() {
                    self.state = State::Open(stream);
                    return;
                }
                match self.session.try_join_next() {
                    Some(Ok(Err(broken))) => self.fall_back(&broken),
                    Some(_) => self.fall_back(&Broken::Ended),
                    None => {}
                }
            }
            State::Closed | State::Open(_) | State::Followed(_) => {}
        }
    }

    fn fall_back(&mut self, why: &Broken) {
        let module = self.module;
        if self.told {
            tracing::debug!(module, %why, "the transaction log still cannot be followed");
        } else {
            tracing::warn!(
                module,
                %why,
                "the transaction log cannot be followed; messages are read by ticks until it can"
            );
            self.told = true;
        }
        if matches!(&self.state, State::Followed(followed) if followed.since.elapsed() > GOOD) {
            self.pause = FIRST_PAUSE;
        }
        self.close();
        self.again = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    fn close(&mut self) {
        self.state = State::Closed;
        self.session = JoinSet::new();
        self.course.follows_log(false);
    }
}

impl Followed {
    fn new(stream: Stream) -> Self {
        let (since, recent) = (Instant::now(), BTreeSet::new());
        Self { stream, since, asked: since, goal: None, upto: 0, recent }
    }

    /// Gives what is new, or nothing when there will not be anything any more.
    async fn next(
        &mut self,
        db: &Database,
        taken: &mut Taken,
        seen: &mut Snapshot,
        course: &Course,
    ) -> Result<Option<Next>, Error> {
        loop {
            let from = Point::Seen(seen.to_string());
            let Some(rows) = self.take(seen) else { return Ok(None) };
            if self.goal.as_ref().is_some_and(|goal| self.upto >= goal.place) {
                self.settle(seen);
            }
            let is_due = taken.look || self.asked.elapsed() > GOALS;
            if self.goal.is_none() && is_due {
                taken.look = false;
                let goal = Goal::set(db).await?;
                course.lags(goal.place.saturating_sub(*self.stream.confirmed.borrow()));
                self.asked = goal.set;
                self.goal = Some(goal);
            }
            if !rows.is_empty() {
                let passed = Some(Point::Seen(seen.to_string()));
                return Ok(Some(Next::Rows(Rows { rows, from, passed })));
            }
            let Some(goal) = &self.goal else { return Ok(Some(Next::Empty)) };
            if goal.set.elapsed() > PATIENCE {
                return Ok(None);
            }
            match timeout(SLICE, self.stream.reached.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Ok(None),
                Err(_) => return Ok(Some(Next::Rows(Rows { rows, from, passed: None }))),
            }
        }
    }

    /// Takes a page of transactions that were not read before; nothing when the session has ended.
    fn take(&mut self, seen: &mut Snapshot) -> Option<Vec<Row>> {
        // Looked at first: what is before it is in the channel by now.
        let reached = *self.stream.reached.borrow_and_update();
        let mut rows = Vec::new();
        while rows.len() < PAGE {
            match self.stream.transactions.try_recv() {
                Ok(transaction) => {
                    self.upto = transaction.end;
                    if !seen.sees(transaction.xid) {
                        seen.add(transaction.xid);
                        self.recent.insert(transaction.xid);
                        rows.extend(transaction.rows);
                    }
                }
                Err(mpsc::error::TryRecvError::Empty) => {
                    self.upto = self.upto.max(reached);
                    break;
                }
                Err(mpsc::error::TryRecvError::Disconnected) if rows.is_empty() => return None,
                Err(mpsc::error::TryRecvError::Disconnected) => break,
            }
        }
        Some(rows)
    }

    /// The goal is reached: its snapshot, which is a small one, stands for everything before it.
    fn settle(&mut self, seen: &mut Snapshot) {
        let Some(Goal { snapshot, .. }) = self.goal.take() else { return };
        self.recent.retain(|xid| !snapshot.sees(*xid));
        *seen = snapshot;
        self.recent.iter().for_each(|xid| seen.add(*xid));
        self.stream.confirmed.send_replace(self.upto);
    }
}

impl Goal {
    async fn set(db: &Database) -> Result<Self, Error> {
        // The snapshot is taken before the place is looked up.
        let sql = "SELECT CAST(pg_current_snapshot() AS TEXT) AS tick, \
                   CAST(pg_current_wal_insert_lsn() - '0/0' AS BIGINT) AS place, \
                   CAST(current_setting('wal_block_size') AS BIGINT) AS page";
        let wrong = |what: &str| Error::Other(DbErr::Custom(what.to_owned()));
        let row = sql::one(&db.reader(), sql, []).await?.ok_or_else(|| wrong("no snapshot"))?;
        let (place, page): (i64, i64) = (row.try_get("", "place")?, row.try_get("", "page")?);
        // A page begins with a header, behind which the next record will be. The last one ended before it.
        let into_page = place % page;
        let place = if into_page <= PAGE_HEADER { place - into_page } else { place };
        let tick: String = row.try_get("", "tick")?;
        Ok(Self {
            snapshot: tick.parse().map_err(|_| wrong("an unreadable snapshot"))?,
            place: u64::try_from(place).unwrap_or_default(),
            set: Instant::now(),
        })
    }
}

/// The longest header of a page of the log, in bytes.
const PAGE_HEADER: i64 = 40;
