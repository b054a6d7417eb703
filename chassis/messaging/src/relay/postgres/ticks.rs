//! Snapshot ticks: what is visible in one snapshot and not in another, in the order of positions.
//!
//! Which transactions those are follows from the two snapshots: the ones that began after the earlier
//! snapshot, and the ones that were running in it. Only their entries of the index are looked at, so that
//! a transaction which is open for long costs nothing: neither the rows that were read since it began nor
//! what is left of removed ones, which cannot be vacuumed as long as it runs.

use storage::{Database, Error};

use super::Snapshot;
use crate::{
    relay::source::{COLUMNS, PAGE, Point, Row, Span, one_of, read},
    sql,
};

/// A snapshot whose rows are being read.
pub(super) struct Tick {
    snapshot: Snapshot,
    /// The position it was read up to.
    after: i64,
    is_over: bool,
    joins: bool,
}

/// Rows the snapshot at placeholder `seen` does not see. Says it in a way that an index can answer.
pub(super) fn fresh(seen: usize) -> String {
    format!(
        "(xid >= pg_snapshot_xmax(CAST(${seen} AS pg_snapshot)) \
         OR xid = ANY(ARRAY(SELECT pg_snapshot_xip(CAST(${seen} AS pg_snapshot)))))"
    )
}

/// Rows the snapshot at placeholder `tick` sees.
pub(super) fn visible(tick: usize) -> String {
    format!(
        "xid < pg_snapshot_xmax(CAST(${tick} AS pg_snapshot)) \
         AND pg_visible_in_snapshot(xid, CAST(${tick} AS pg_snapshot))"
    )
}

impl Tick {
    /// Takes a snapshot now. `joins` says what is to happen once it is read.
    pub(super) async fn take(db: &Database, joins: bool) -> Result<Self, Error> {
        let sql = "SELECT CAST(pg_current_snapshot() AS TEXT) AS tick";
        let row = sql::one(&db.reader(), sql, []).await?;
        let wrong = |what: String| Error::Other(sea_orm::DbErr::Custom(what));
        let row = row.ok_or_else(|| wrong("no snapshot".to_owned()))?;
        let tick: String = row.try_get("", "tick")?;
        let snapshot =
            tick.parse().map_err(|cause: super::snapshot::NoSnapshot| wrong(cause.to_string()))?;
        Ok(Self { snapshot, after: 0, is_over: false, joins })
    }

    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Whether a page of it was read.
    pub(super) fn is_begun(&self) -> bool {
        self.after > 0
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether the log is read once this is over.
    pub(super) fn joins(&self) -> bool {
        self.joins
    }

    /// The point up to which it was read, where everything visible in `seen` was read before it.
    pub(super) fn point(&self, seen: &Snapshot) -> Point {
        Point::Within { seen: seen.to_string(), tick: self.snapshot.to_string(), pos: self.after }
    }

    /// Reads the next page of what `seen` does not see. The first page is found by transaction, which
    /// is little for a tick that follows another closely. Further ones are found by position, because
    /// otherwise all that is left would be sorted for each page.
    pub(super) async fn read(&mut self, db: &Database, seen: &Snapshot) -> Result<Vec<Row>, Error> {
        if self.snapshot == *seen {
            self.is_over = true;
            return Ok(Vec::new());
        }
        let sql = if self.after == 0 {
            let (fresh, visible) = (fresh(1), visible(2));
            let order = if fault::guard!("sort") { "pos + 0" } else { "xid" };
            format!(
                "SELECT {COLUMNS} FROM outbox WHERE {fresh} AND {visible} AND pos > $3 \
                 ORDER BY {order} LIMIT {PAGE}"
            )
        } else {
            format!(
                "SELECT {COLUMNS} FROM outbox \
                 WHERE NOT pg_visible_in_snapshot(xid, CAST($1 AS pg_snapshot)) \
                 AND pg_visible_in_snapshot(xid, CAST($2 AS pg_snapshot)) \
                 AND pos > $3 ORDER BY pos LIMIT {PAGE}"
            )
        };
        let values = [seen.to_string().into(), self.snapshot.to_string().into(), self.after.into()];
        let rows = read(&sql::all(&db.reader(), sql, values).await?)?;
        match rows.last() {
            Some(last) if rows.len() == PAGE => self.after = last.pos,
            _ => self.is_over = true,
        }
        Ok(rows)
    }
}

/// The first rows of `span` that are in the table still, at most `limit`.
pub(super) async fn again(db: &Database, span: &Span<'_>, limit: usize) -> Result<Vec<Row>, Error> {
    let nothing = Snapshot::empty().to_string();
    // Of a point within a tick, `tick` and `pos` are what is before it beside `seen`.
    let (seen, tick, pos) = match span.from {
        Point::Within { seen, tick, pos } => (seen, tick, *pos),
        Point::Seen(seen) => (seen, &nothing, 0),
        Point::After(_) => return Ok(Vec::new()),
    };
    let Point::Seen(to) = span.to else { return Ok(Vec::new()) };
    let (fresh, visible) = (fresh(1), visible(2));
    let (places, channels) = one_of(span.channels, 6);
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox WHERE {fresh} AND {visible} \
         AND NOT (pos <= $3 AND pg_visible_in_snapshot(xid, CAST($4 AS pg_snapshot))) \
         AND pos > $5 AND channel IN ({places}) ORDER BY pos + 0 LIMIT {limit}"
    );
    let values = [
        seen.clone().into(),
        to.clone().into(),
        pos.into(),
        tick.clone().into(),
        span.after.into(),
    ];
    read(&sql::all(&db.reader(), sql, values.into_iter().chain(channels)).await?)
}
