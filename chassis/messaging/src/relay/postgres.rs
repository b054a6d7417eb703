//! The outbox on Postgres, read by snapshot ticks (the method of PgQ) or from the transaction log.
//!
//! Positions are given out before transactions commit, so that `pos > last` would miss what commits
//! late. What was read is known as a set of transactions instead, whichever way it was read; so the
//! relay goes over from one way to the other at any time. A tick is a snapshot; a batch is what is
//! visible in this tick and was not read before, sorted by position. The head of a stream is locked
//! from numbering to commit, so of one key a later position is never visible earlier.
//!
//! Rows are removed one by one, as soon as every group has them; what is left of them on the disk goes
//! when the ring of tables turns.

mod demands;
mod lease;
mod log;
mod pgoutput;
mod ring;
mod session;
mod snapshot;
mod ticks;

use std::sync::Arc;

use async_trait::async_trait;
pub use demands::log_demands;
use lease::Lease;
pub(super) use log::Log;
use ring::Ring;
use snapshot::Snapshot;
use storage::{Database, Error};
use ticks::Tick;

use super::source::{Next, Point, Row, Rows, Source, Span, answered};
use crate::{handover::Taken, journal::Keeper, relay::Routes, sql};

pub(super) struct Outbox {
    db: Database,
    routes: Arc<Routes>,
    keeper: Keeper,
    lease: Lease,
    /// Everything visible in it was read.
    seen: Snapshot,
    /// Everything visible in it was removed, but for commands that nobody answers.
    removed: Snapshot,
    ring: Ring,
    /// The tick that is being read.
    tick: Option<Tick>,
    log: Option<Log>,
}

impl Outbox {
    pub(super) fn new(
        db: Database,
        routes: Arc<Routes>,
        keeper: Keeper,
        lease: std::time::Duration,
        log: Option<Log>,
    ) -> Self {
        let (seen, removed) = (Snapshot::empty(), Snapshot::empty());
        let (lease, ring) = (Lease::new(lease), Ring::default());
        Self { db, routes, keeper, lease, seen, removed, ring, tick: None, log }
    }

    fn is_at_rest(&self) -> bool {
        self.tick.is_none() && !self.log.as_ref().is_some_and(Log::is_busy)
    }

    /// Goes on with the tick that is being read, or opens the next one if that is wanted.
    async fn read_tick(&mut self, taken: &mut Taken) -> Result<Next, Error> {
        let mut tick = match self.tick.take() {
            Some(tick) => tick,
            None if taken.look => {
                // Cleared before the tick is taken: what commits later asks for another look.
                taken.look = false;
                // A log that is open now has everything that this tick does not see.
                let joins = self.log.as_ref().is_some_and(Log::is_open);
                Tick::take(&self.db, joins).await?
            }
            None => return Ok(Next::Empty),
        };
        let from = tick.point(&self.seen);
        let was_begun = tick.is_begun();
        let rows = tick.read(&self.db, &self.seen).await?;
        if !tick.is_over() {
            self.tick = Some(tick);
            return Ok(Next::Rows(Rows { rows, from, passed: None }));
        }
        self.seen = tick.snapshot().clone();
        let passed = Some(Point::Seen(self.seen.to_string()));
        if let (true, Some(log)) = (tick.joins(), &mut self.log) {
            log.join();
            // The log may have had something that this tick did not see yet.
            taken.look = true;
        } else if rows.is_empty() && !was_begun {
            return Ok(Next::Empty);
        }
        Ok(Next::Rows(Rows { rows, from, passed }))
    }
}

#[async_trait]
impl Source for Outbox {
    async fn next(&mut self, taken: &mut Taken) -> Result<Next, Error> {
        if !taken.look && self.is_at_rest() {
            return Ok(Next::Empty);
        }
        if !self.lease.renew(&self.db).await? {
            self.tick = None;
            if let Some(log) = &mut self.log {
                log.leave();
            }
            return Ok(Next::Standby);
        }
        if let (None, Some(log)) = (&self.tick, &mut self.log)
            && let Some(next) = log.next(&self.db, taken, &mut self.seen).await?
        {
            return Ok(next);
        }
        self.read_tick(taken).await
    }

    async fn again(&self, span: &Span<'_>, limit: usize) -> Result<Vec<Row>, Error> {
        ticks::again(&self.db, span, limit).await
    }

    async fn reclaim(&mut self, passed: &Point) -> Result<(), Error> {
        let (Point::Seen(passed), Some(epoch)) = (passed, self.lease.epoch()) else {
            return Ok(());
        };
        let (condition, channels) = answered(&self.routes.answered, 4);
        let (fresh, seen) = (ticks::fresh(1), ticks::visible(2));
        let fence = if fault::guard!("fence") { "epoch = $3" } else { "epoch >= $3" };
        let sql = self.keeper.move_where(&format!(
            "{fresh} AND {seen} AND EXISTS (SELECT 1 FROM relay_state WHERE {fence}) \
             AND {condition}"
        ));
        let tx = self.db.begin().await?;
        let values = [self.removed.to_string().into(), passed.clone().into(), epoch.into()];
        sql::execute(&tx, sql, values.into_iter().chain(channels)).await?;
        tx.commit().await?;
        if let Ok(passed) = passed.parse() {
            self.removed = passed;
        }
        self.ring.turn(&self.db).await
    }

    async fn release(&mut self) -> Result<(), Error> {
        if let Some(log) = &mut self.log {
            log.leave();
        }
        self.lease.give_up(&self.db).await
    }
}
