//! The right to relay a database, for a while.

use std::time::{Duration, Instant};

use storage::{Database, Error};
use uuid::Uuid;

use crate::sql;

/// Held by one relay at a time. Every new owner begins a new epoch, so that the one before can no
/// longer remove anything.
pub(super) struct Lease {
    owner: String,
    length: Duration,
    /// The epoch it was given for, and when it was asked for last.
    held: Option<(i64, Instant)>,
}

/// The server's clock in microseconds.
const NOW: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";

impl Lease {
    pub(super) fn new(length: Duration) -> Self {
        Self { owner: Uuid::now_v7().to_string(), length, held: None }
    }

    /// The epoch of this owner, while it is one.
    pub(super) fn epoch(&self) -> Option<i64> {
        self.held.map(|(epoch, _)| epoch)
    }

    /// Gets or keeps the lease; false while another relay has it.
    pub(super) async fn renew(&mut self, db: &Database) -> Result<bool, Error> {
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
        fault::point!("lease.renewed");
        self.held = match row {
            Some(row) => Some((row.try_get("", "epoch")?, asked)),
            None => None,
        };
        Ok(self.held.is_some())
    }

    /// Lets somebody else have it at once.
    pub(super) async fn give_up(&mut self, db: &Database) -> Result<(), Error> {
        let Some((epoch, _)) = self.held.take() else { return Ok(()) };
        let tx = db.begin().await?;
        let sql = "UPDATE relay_state SET until = 0 WHERE owner = $1 AND epoch = $2";
        sql::execute(&tx, sql, [self.owner.clone().into(), epoch.into()]).await?;
        tx.commit().await
    }
}
