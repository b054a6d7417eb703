//! What a relay needs of an outbox, whatever database it is in.

use std::collections::BTreeSet;

use async_trait::async_trait;
use sea_orm::{QueryResult, Value};
use storage::Error;

use crate::{Envelope, handover::Taken};

/// An outbox, read in an order that never contradicts the order of commits of one key.
#[async_trait]
pub(super) trait Source: Send + Sync {
    /// The next rows, from what was `taken` out of the hand-over or from the table.
    async fn next(&mut self, taken: &mut Taken) -> Result<Next, Error>;

    /// Removes everything up to `passed`, except commands that nobody here answers.
    async fn reclaim(&mut self, passed: &Passed) -> Result<(), Error>;

    /// Lets another process relay at once.
    async fn release(&mut self) -> Result<(), Error>;
}

/// What a look at the outbox gave.
pub(super) enum Next {
    /// Rows to hand out, and how far the source is passed on with them, if that is known.
    Rows { envelopes: Vec<Envelope>, passed: Option<Passed> },
    /// There are none left.
    Empty,
    /// Another process relays this database.
    Standby,
}

/// A point in the outbox before which everything was read.
pub(super) enum Passed {
    /// SQLite: the last row.
    Pos(i64),
    /// Postgres: everything visible in this snapshot.
    Snapshot(String),
}

/// Rows that are read at a time.
pub(super) const PAGE: usize = 256;

/// The columns of an outbox row that [`read`] needs.
pub(super) const COLUMNS: &str = "pos, shard, channel, key, seq, kind, envelope";

/// A row's place and its envelope.
pub(super) fn read(row: &QueryResult) -> Result<(i64, Envelope), Error> {
    let text: String = row.try_get("", "envelope")?;
    let envelope = match serde_json::from_str(&text) {
        Ok(envelope) => envelope,
        Err(cause) => {
            tracing::error!(%cause, "an envelope in the outbox is broken");
            Envelope::broken(row, &text)?
        }
    };
    Ok((row.try_get("", "pos")?, envelope))
}

/// The condition that keeps commands nobody answers; its values begin at placeholder `first`.
pub(super) fn answered(channels: &BTreeSet<&'static str>, first: usize) -> (String, Vec<Value>) {
    if channels.is_empty() {
        return ("kind <> 'command'".to_owned(), Vec::new());
    }
    let places: Vec<_> = (first..first + channels.len()).map(|place| format!("${place}")).collect();
    let condition = format!("(kind <> 'command' OR channel IN ({}))", places.join(", "));
    (condition, channels.iter().map(|channel| Value::from(*channel)).collect())
}
