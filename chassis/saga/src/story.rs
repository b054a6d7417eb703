//! What happened to sagas, for whoever explains why something happened to the things they are about.

use kernel::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};
use serde::{Deserialize, Serialize};
use storage::{Database, Error};

use crate::{
    log::{self, Entry},
    outgoing::Ticket,
    store,
    transition::Status,
};

/// What happened to one saga.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// Which saga: its answers come under this key.
    pub id: String,
    /// Where it stands.
    pub status: Status,
    /// When it began.
    pub began_at: Timestamp,
    /// What happened, oldest first.
    pub log: Vec<Entry>,
}

/// What a command of a saga was sent for, as far as its correlation id tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errand {
    /// Counts the commands of the saga, from 1. Entries of its log name it.
    pub turn: u64,
    /// The index of the step.
    pub position: usize,
    /// Whether the command undoes that step.
    pub undoes: bool,
}

impl Errand {
    /// Reads the correlation id of a command of a saga, or of the answer to it.
    pub fn read(correlation_id: &str) -> Option<Self> {
        let ticket: Ticket = correlation_id.parse().ok()?;
        let (turn, position) = (ticket.state.turn, ticket.state.position);
        Some(Self { turn, position, undoes: ticket.undoes() })
    }
}

/// The stories of those of these sagas that are in `db`.
///
/// # Errors
///
/// When the database fails, or holds something that is no saga.
pub async fn stories<'a>(
    db: &Database,
    ids: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Story>, Error> {
    let values: Vec<Value> = ids.into_iter().map(Value::from).collect();
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<_> = (1..=values.len()).map(|place| format!("${place}")).collect();
    let sql = format!(
        "SELECT id, status, log, created_at FROM saga WHERE id IN ({}) ORDER BY id",
        places.join(", ")
    );
    let reader = db.reader();
    let rows = reader.query_all_raw(store::statement(&reader, sql, values)).await?;
    rows.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<Story, Error> {
    let (id, status): (String, String) = (row.try_get("", "id")?, row.try_get("", "status")?);
    let unknown = || DbErr::Type(format!("{status:?} is not the status of a saga"));
    let text: String = row.try_get("", "log")?;
    let unreadable = |cause: serde_json::Error| DbErr::Json(format!("{id}: {cause}"));
    Ok(Story {
        status: Status::parse(&status).ok_or_else(unknown)?,
        began_at: Timestamp::from_micros(row.try_get("", "created_at")?),
        log: log::read(&text).map_err(unreadable)?,
        id,
    })
}
