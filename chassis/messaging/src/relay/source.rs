//! What a relay needs of an outbox, whatever database it is in.

use std::collections::BTreeSet;

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, Value};
use storage::Error;

use crate::{Envelope, envelope::Label, handover::Taken};

/// An outbox, read in an order that never contradicts the order of commits of one key.
#[async_trait]
pub(super) trait Source: Send + Sync {
    /// The next rows, from what was `taken` out of the hand-over or from the table.
    async fn next(&mut self, taken: &mut Taken) -> Result<Next, Error>;

    /// The first rows of `span` that are in the table still, at most `limit`.
    async fn again(&self, span: &Span<'_>, limit: usize) -> Result<Vec<Row>, Error>;

    /// Moves everything up to `passed` into the journal, except commands that nobody answers.
    async fn reclaim(&mut self, passed: &Point) -> Result<(), Error>;

    /// Lets another process relay at once.
    async fn release(&mut self) -> Result<(), Error>;
}

/// What a look at the outbox gave.
pub(super) enum Next {
    /// Rows to hand out.
    Rows(Rows),
    /// There are none left.
    Empty,
    /// Another process relays this database.
    Standby,
}

/// Rows in the order in which they are handed out.
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    /// The point before the first of them.
    pub(super) from: Point,
    /// How far the source is passed on with them, if that is known.
    pub(super) passed: Option<Point>,
}

/// A row of the outbox.
pub(super) struct Row {
    pub(super) pos: i64,
    pub(super) envelope: Envelope,
}

/// A point in the outbox before which everything was read.
#[derive(Clone, Debug)]
pub(super) enum Point {
    /// SQLite: after this row.
    After(i64),
    /// Postgres: everything visible in this snapshot is before it.
    Seen(String),
    /// Postgres: everything visible in `seen` is before it, and of what is visible in `tick` the
    /// rows up to `pos`.
    Within { seen: String, tick: String, pos: i64 },
}

/// Part of an outbox that was read before, for a group that could not take it then.
pub(super) struct Span<'a> {
    pub(super) from: &'a Point,
    pub(super) to: &'a Point,
    /// The last row of it that was read again.
    pub(super) after: i64,
    pub(super) channels: &'a BTreeSet<&'static str>,
}

impl Point {
    /// The point before the row at `pos`, which was read from this point on.
    pub(super) fn before(self, pos: i64) -> Self {
        match self {
            Self::After(_) => Self::After(pos - 1),
            Self::Within { seen, tick, .. } => Self::Within { seen, tick, pos: pos - 1 },
            Self::Seen(seen) => Self::Seen(seen),
        }
    }
}

/// Rows that are read at a time.
pub(super) const PAGE: usize = 256;

/// The columns of an outbox row that [`read`] needs.
pub(super) const COLUMNS: &str = "pos, shard, channel, key, seq, kind, envelope";

/// Reads all `rows`.
pub(super) fn read(rows: &[QueryResult]) -> Result<Vec<Row>, Error> {
    rows.iter().map(read_one).collect()
}

fn read_one(row: &QueryResult) -> Result<Row, Error> {
    let text: String = row.try_get("", "envelope")?;
    let label = || {
        Ok(Label {
            channel: row.try_get("", "channel")?,
            key: row.try_get("", "key")?,
            seq: row.try_get("", "seq")?,
            shard: row.try_get("", "shard")?,
            kind: row.try_get("", "kind")?,
        })
    };
    let wrong = |cause: serde_json::Error| Error::Other(DbErr::Custom(cause.to_string()));
    Ok(Row { pos: row.try_get("", "pos")?, envelope: open(&text, label, wrong)? })
}

/// The envelope written as `text`, or what stands for it when it cannot be read.
pub(super) fn open<E>(
    text: &str,
    label: impl FnOnce() -> Result<Label, E>,
    wrong: impl FnOnce(serde_json::Error) -> E,
) -> Result<Envelope, E> {
    match serde_json::from_str(text) {
        Ok(envelope) => Ok(envelope),
        Err(cause) => {
            tracing::error!(%cause, "an envelope in the outbox is broken");
            Envelope::broken(label()?, text).map_err(wrong)
        }
    }
}

/// The condition that keeps commands nobody answers; its values begin at placeholder `first`.
pub(super) fn answered(channels: &BTreeSet<&'static str>, first: usize) -> (String, Vec<Value>) {
    if channels.is_empty() {
        return ("kind <> 'command'".to_owned(), Vec::new());
    }
    let (places, values) = one_of(channels, first);
    (format!("(kind <> 'command' OR channel IN ({places}))"), values)
}

/// `channels` for an IN; their values begin at placeholder `first`.
pub(super) fn one_of(channels: &BTreeSet<&'static str>, first: usize) -> (String, Vec<Value>) {
    let places: Vec<_> = (first..first + channels.len()).map(|place| format!("${place}")).collect();
    (places.join(", "), channels.iter().map(|channel| Value::from(*channel)).collect())
}
