//! Rows of the table `gathering`.

use kernel::Timestamp;
use sea_orm::{DbErr, QueryResult, Value};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use storage::{Backend, Database, Error, Tx};
use uuid::Uuid;

use crate::sql;

/// A gathering that has no outcome yet.
pub(super) struct Open {
    pub(super) id: Uuid,
    pub(super) about: String,
    pub(super) expected: usize,
    pub(super) entries: Vec<Entry>,
}

/// An answer that has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) from: String,
    pub(super) command: Uuid,
    pub(super) answer: Box<RawValue>,
}

impl Open {
    pub(super) fn new(id: Uuid, about: String, expected: usize) -> Self {
        Self { id, about, expected, entries: Vec::new() }
    }

    /// Adds an answer, unless the same module has answered the same command before.
    pub(super) fn add(&mut self, entry: Entry) -> bool {
        let same = |known: &Entry| known.from == entry.from && known.command == entry.command;
        let new = !self.entries.iter().any(same);
        if new {
            self.entries.push(entry);
        }
        new
    }
}

pub(super) async fn insert(
    tx: &Tx,
    channel: &str,
    open: &Open,
    due_at: Timestamp,
) -> Result<(), Error> {
    let sql = "INSERT INTO gathering (id, channel, about, expected, due_at, answers) \
               VALUES ($1, $2, $3, $4, $5, '')";
    let expected = i64::try_from(open.expected).map_err(broken)?;
    let values: [Value; 5] = [
        open.id.to_string().into(),
        channel.into(),
        open.about.clone().into(),
        expected.into(),
        due_at.micros().into(),
    ];
    sql::execute(tx, sql, values).await.map(drop)
}

/// The gathering, if it has no outcome yet; nobody else touches it until `tx` ends.
pub(super) async fn lock(tx: &Tx, channel: &str, id: Uuid) -> Result<Option<Open>, Error> {
    let lock = match tx.database().backend() {
        Backend::Sqlite => "",
        Backend::Postgres => " FOR UPDATE",
    };
    let sql = format!(
        "SELECT id, about, expected, answers FROM gathering WHERE id = $1 AND channel = $2{lock}"
    );
    let row = sql::one(tx, sql, [id.to_string().into(), channel.into()]).await?;
    row.as_ref().map(read).transpose()
}

/// Keeps what has come so far.
pub(super) async fn write(tx: &Tx, open: &Open) -> Result<(), Error> {
    let line = |entry| serde_json::to_string(entry).map(|line| line + "\n");
    let lines = open.entries.iter().map(line).collect::<Result<String, _>>().map_err(broken)?;
    let values: [Value; 2] = [lines.into(), open.id.to_string().into()];
    sql::execute(tx, "UPDATE gathering SET answers = $1 WHERE id = $2", values).await.map(drop)
}

/// Removes a gathering and gives it as it was: whoever does that concludes it.
pub(super) async fn close(tx: &Tx, id: Uuid) -> Result<Option<Open>, Error> {
    let sql = "DELETE FROM gathering WHERE id = $1 RETURNING id, about, expected, answers";
    let row = sql::one(tx, sql, [id.to_string().into()]).await?;
    row.as_ref().map(read).transpose()
}

/// The gatherings whose time is over, the oldest first.
pub(super) async fn due(
    db: &Database,
    channel: &str,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Uuid>, Error> {
    let sql = format!(
        "SELECT id FROM gathering WHERE channel = $1 AND due_at <= $2 ORDER BY due_at LIMIT {limit}"
    );
    let rows = sql::all(&db.reader(), sql, [channel.into(), now.micros().into()]).await?;
    rows.iter().map(id).collect()
}

/// When the time of the next one is over.
pub(super) async fn next(db: &Database, channel: &str) -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT min(due_at) AS due_at FROM gathering WHERE channel = $1";
    let row = sql::one(&db.reader(), sql, [channel.into()]).await?;
    let due_at: Option<i64> = row.map(|row| row.try_get("", "due_at")).transpose()?.flatten();
    Ok(due_at.map(Timestamp::from_micros))
}

fn read(row: &QueryResult) -> Result<Open, Error> {
    let expected: i64 = row.try_get("", "expected")?;
    let answers: String = row.try_get("", "answers")?;
    let entries = answers.lines().map(serde_json::from_str).collect::<Result<_, _>>();
    Ok(Open {
        id: id(row)?,
        about: row.try_get("", "about")?,
        expected: expected.try_into().map_err(broken)?,
        entries: entries.map_err(broken)?,
    })
}

fn id(row: &QueryResult) -> Result<Uuid, Error> {
    let id: String = row.try_get("", "id")?;
    id.parse().map_err(broken)
}

fn broken(cause: impl std::fmt::Display) -> Error {
    Error::Other(DbErr::Custom(format!("a gathering cannot be read or written: {cause}")))
}
