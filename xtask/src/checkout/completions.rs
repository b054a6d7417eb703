//! When orders were completed, as the shop's own database has it.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rusqlite::{Connection, OpenFlags};

use crate::load::Latency;

/// How often it is looked whether all are completed.
const PAUSE: Duration = Duration::from_millis(200);

/// The completed orders among those placed since some instant.
pub(crate) struct Completions {
    /// From placed to completed.
    pub(crate) latency: Latency,
    /// How long after that instant each was completed, in microseconds.
    after: Vec<i64>,
}

impl Completions {
    /// Waits until `placed` orders that were placed after `begun` (since the Unix epoch) are completed, or
    /// patience is over: then fewer are.
    pub(crate) async fn of(
        folder: &Path,
        begun: Duration,
        placed: usize,
        patience: Duration,
    ) -> Result<Self> {
        let file = folder.join("orders.db");
        let orders = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .with_context(|| format!("{} cannot be opened", file.display()))?;
        let begun = i64::try_from(begun.as_micros())?;
        let limit = Instant::now() + patience;
        loop {
            let found = read(&orders, begun)?;
            if found.count() >= placed || Instant::now() > limit {
                return Ok(found);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.after.len()
    }

    /// How many were completed in this time.
    pub(crate) fn within(&self, window: Duration) -> usize {
        let window = i64::try_from(window.as_micros()).unwrap_or(i64::MAX);
        self.after.iter().filter(|after| **after <= window).count()
    }
}

/// A checkout's saga begins in the transaction that places the order, and its last change completes it.
fn read(orders: &Connection, begun: i64) -> Result<Completions> {
    let mut query = orders.prepare_cached(
        "SELECT created_at, updated_at FROM saga WHERE status = 'completed' AND created_at >= ?1",
    )?;
    let mut rows = query.query([begun])?;
    let mut found = Completions { latency: Latency::new(), after: Vec::new() };
    while let Some(row) = rows.next()? {
        let (placed, completed): (i64, i64) = (row.get(0)?, row.get(1)?);
        let took = u64::try_from(completed - placed).unwrap_or_default();
        found.latency.record(Duration::from_micros(took));
        found.after.push(completed - begun);
    }
    Ok(found)
}
