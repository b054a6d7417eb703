//! The outbox on Postgres, read by snapshot ticks (the method of PgQ).
//!
//! Positions are given out before transactions commit, so that `pos > last` would miss what commits
//! late. A tick is a snapshot instead; a batch is what is visible in this tick and was not in the
//! one before, sorted by position. The head of a stream is locked from numbering to commit, so of
//! one key a later position is never visible earlier.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use storage::{Database, Error};
use uuid::Uuid;

use super::source::{COLUMNS, Next, PAGE, Point, Row, Rows, Source, Span, answered, one_of, read};
use crate::{handover::Taken, relay::Routes, sql};

pub(super) struct Outbox {
    db: Database,
    routes: Arc<Routes>,
    lease: Lease,
    /// Everything visible in it was read.
    last: String,
    /// The tick that is being read, and the position it was read up to.
    tick: Option<(String, i64)>,
}

/// The right to relay this database, for a while.
struct Lease {
    owner: String,
    length: Duration,
    /// The epoch it was given for, and when it was asked for last.
    held: Option<(i64, Instant)>,
}

/// A snapshot in which nothing is visible.
const NOTHING: &str = "1:1:";

/// The server's clock in microseconds.
const NOW: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";

impl Outbox {
    pub(super) fn new(db: Database, routes: Arc<Routes>, length: Duration) -> Self {
        let lease = Lease { owner: Uuid::now_v7().to_string(), length, held: None };
        Self { db, routes, lease, last: NOTHING.to_owned(), tick: None }
    }

    /// Opens the next tick; nothing when no transaction has ended since the last one.
    async fn tick(&mut self) -> Result<Option<(String, i64)>, Error> {
        let sql = "SELECT CAST(pg_current_snapshot() AS TEXT) AS tick";
        let row = sql::one(&self.db.reader(), sql, []).await?;
        let missing = || sea_orm::DbErr::RecordNotFound("pg_current_snapshot()".to_owned());
        let tick: String = row.ok_or_else(missing)?.try_get("", "tick")?;
        Ok((tick != self.last).then_some((tick, 0)))
    }
}

#[async_trait]
impl Source for Outbox {
    async fn next(&mut self, taken: &mut Taken) -> Result<Next, Error> {
        if self.tick.is_none() {
            if !taken.look {
                return Ok(Next::Empty);
            }
            if !self.lease.renew(&self.db).await? {
                return Ok(Next::Standby);
            }
            // Cleared before the tick is taken: what commits later asks for another look.
            taken.look = false;
            self.tick = self.tick().await?;
        }
        let Some((tick, after)) = self.tick.clone() else { return Ok(Next::Empty) };
        let sql = format!(
            "SELECT {COLUMNS} FROM outbox \
             WHERE xid >= pg_snapshot_xmin(CAST($1 AS pg_snapshot)) \
             AND NOT pg_visible_in_snapshot(xid, CAST($1 AS pg_snapshot)) \
             AND pg_visible_in_snapshot(xid, CAST($2 AS pg_snapshot)) \
             AND pos > $3 ORDER BY pos LIMIT {PAGE}"
        );
        let values = [self.last.clone().into(), tick.clone().into(), after.into()];
        let rows = read(&sql::all(&self.db.reader(), sql, values).await?)?;
        let from = Point::Within { seen: self.last.clone(), tick: tick.clone(), pos: after };
        let passed = if let (PAGE, Some(last)) = (rows.len(), rows.last()) {
            self.tick = Some((tick, last.pos));
            None
        } else {
            self.tick = None;
            self.last.clone_from(&tick);
            Some(Point::Seen(tick))
        };
        if rows.is_empty() && after == 0 {
            return Ok(Next::Empty);
        }
        Ok(Next::Rows(Rows { rows, from, passed }))
    }

    async fn again(&self, span: &Span<'_>, limit: usize) -> Result<Vec<Row>, Error> {
        // Of a point within a tick, `tick` and `pos` are what is before it beside `seen`.
        let (seen, tick, pos) = match span.from {
            Point::Within { seen, tick, pos } => (seen.as_str(), tick.as_str(), *pos),
            Point::Seen(seen) => (seen.as_str(), NOTHING, 0),
            Point::After(_) => return Ok(Vec::new()),
        };
        let Point::Seen(to) = span.to else { return Ok(Vec::new()) };
        let (places, channels) = one_of(span.channels, 6);
        let sql = format!(
            "SELECT {COLUMNS} FROM outbox \
             WHERE xid >= pg_snapshot_xmin(CAST($1 AS pg_snapshot)) \
             AND xid < pg_snapshot_xmax(CAST($2 AS pg_snapshot)) \
             AND NOT pg_visible_in_snapshot(xid, CAST($1 AS pg_snapshot)) \
             AND pg_visible_in_snapshot(xid, CAST($2 AS pg_snapshot)) \
             AND NOT (pos <= $3 AND pg_visible_in_snapshot(xid, CAST($4 AS pg_snapshot))) \
             AND pos > $5 AND channel IN ({places}) ORDER BY pos LIMIT {limit}"
        );
        let values = [seen.into(), to.as_str().into(), pos.into(), tick.into(), span.after.into()];
        read(&sql::all(&self.db.reader(), sql, values.into_iter().chain(channels)).await?)
    }

    async fn reclaim(&mut self, passed: &Point) -> Result<(), Error> {
        let (Point::Seen(tick), Some((epoch, _))) = (passed, self.lease.held) else {
            return Ok(());
        };
        let (condition, channels) = answered(&self.routes.answered, 3);
        let sql = format!(
            "DELETE FROM outbox WHERE xid < pg_snapshot_xmax(CAST($1 AS pg_snapshot)) \
             AND pg_visible_in_snapshot(xid, CAST($1 AS pg_snapshot)) \
             AND EXISTS (SELECT 1 FROM relay_state WHERE epoch = $2) AND {condition}"
        );
        let tx = self.db.begin().await?;
        let values = [tick.clone().into(), epoch.into()];
        sql::execute(&tx, sql, values.into_iter().chain(channels)).await?;
        tx.commit().await
    }

    async fn release(&mut self) -> Result<(), Error> {
        let Some((epoch, _)) = self.lease.held.take() else { return Ok(()) };
        let tx = self.db.begin().await?;
        let sql = "UPDATE relay_state SET until = 0 WHERE owner = $1 AND epoch = $2";
        sql::execute(&tx, sql, [self.lease.owner.clone().into(), epoch.into()]).await?;
        tx.commit().await
    }
}

impl Lease {
    /// Gets or keeps the lease; false while another relay has it. Every new owner begins a new
    /// epoch, so that the one before can no longer remove anything.
    async fn renew(&mut self, db: &Database) -> Result<bool, Error> {
        if self.held.is_some_and(|(_, asked)| asked.elapsed() < self.length / 3) {
            return Ok(true);
        }
        let asked = Instant::now();
        let length = i64::try_from(self.length.as_micros()).unwrap_or(i64::MAX);
        let sql = format!(
            "UPDATE relay_state SET owner = $1, until = {NOW} + $2, \
             epoch = epoch + CASE WHEN owner = $1 THEN 0 ELSE 1 END \
             WHERE id = 1 AND (owner = $1 OR until < {NOW}) RETURNING epoch"
        );
        let tx = db.begin().await?;
        let row = sql::one(&tx, sql, [self.owner.clone().into(), length.into()]).await?;
        tx.commit().await?;
        self.held = match row {
            Some(row) => Some((row.try_get("", "epoch")?, asked)),
            None => None,
        };
        Ok(self.held.is_some())
    }
}
