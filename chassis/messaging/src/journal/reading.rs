//! Reads what a module's database remembers of messages: outbox, journal, and what is parked.

use kernel::Timestamp;
use sea_orm::{DbErr, QueryResult, Value};
use serde::de::DeserializeOwned;
use storage::{Backend, Database, Error, Reader};
use uuid::Uuid;

use super::{
    Found, Late, Published, Waiting, Wanted,
    keep::{COLUMNS, json, member, trace},
    made_at,
};
use crate::{parked::Place, sql};

/// Rows of one kind that are read at most.
const MOST: u64 = 2_000;
/// Rows of an outbox that are looked at, the first ones: a backlog may be long, and has no index for this.
const SCANNED: u64 = 100_000;

/// Everything in `db` that fits what is wanted, at most 2,000 rows of a kind.
///
/// # Errors
///
/// When the database cannot be read, or has no journal yet.
pub async fn read(db: &Database, wanted: &Wanted) -> Result<Found, Error> {
    if wanted.is_empty() {
        return Ok(Found::default());
    }
    let (reader, backend) = (db.reader(), db.backend());
    // In this order: what moves meanwhile is seen where it was, or where it went, or twice.
    let mut there = outbox(&reader, backend, wanted).await?;
    let mut waiting = waiting(&reader, backend, wanted).await?;
    let mut published = journal(&reader, wanted).await?;
    let late = late(&reader, wanted).await?;
    there.retain(|message| published.iter().all(|kept| kept.id != message.id));
    published.extend(there);
    waiting.retain(|it| {
        let is_it =
            |late: &Late| late.message == it.message && late.subscriber == it.place.subscriber;
        !late.iter().any(is_it)
    });
    Ok(Found { published, late, waiting })
}

/// `column IN (…)` for each of the sets that has something in it, joined by OR.
struct Condition {
    sql: Vec<String>,
    values: Vec<Value>,
}

impl Condition {
    fn new() -> Self {
        Self { sql: Vec::new(), values: Vec::new() }
    }

    fn any<T: ToString>(mut self, column: &str, of: impl IntoIterator<Item = T>) -> Self {
        let first = self.values.len() + 1;
        self.values.extend(of.into_iter().map(|it| Value::from(it.to_string())));
        let places: Vec<_> = (first..=self.values.len()).map(|place| format!("${place}")).collect();
        if !places.is_empty() {
            self.sql.push(format!("{column} IN ({})", places.join(", ")));
        }
        self
    }

    async fn select(
        self,
        on: &Reader,
        columns: &str,
        also: &str,
    ) -> Result<Vec<QueryResult>, Error> {
        if self.sql.is_empty() {
            return Ok(Vec::new());
        }
        let any = self.sql.join(" OR ");
        let sql = format!("SELECT {columns} WHERE ({any}) {also} LIMIT {MOST}");
        sql::all(on, sql, self.values).await
    }
}

async fn journal(on: &Reader, wanted: &Wanted) -> Result<Vec<Published>, Error> {
    let columns = format!("{COLUMNS} FROM journal");
    let condition = Condition::new()
        .any("key", &wanted.keys)
        .any("id", &wanted.messages)
        .any("cause", &wanted.caused_by)
        .any("origin IS NOT NULL AND trace", &wanted.traces);
    condition.select(on, &columns, "ORDER BY id").await?.iter().map(kept).collect()
}

fn kept(row: &QueryResult) -> Result<Published, Error> {
    let id: Uuid = parsed(&row.try_get::<String>("", "id")?)?;
    let cause: Option<String> = row.try_get("", "cause")?;
    let (what, at): (Option<String>, Option<String>) =
        (row.try_get("", "origin")?, row.try_get("", "origin_at")?);
    let origin = match (what, at) {
        (Some(what), Some(at)) => Some(ports::Origin { what: what.into(), at: parsed(&at)? }),
        _ => None,
    };
    Ok(Published {
        id,
        cause: cause.as_deref().map(parsed).transpose()?,
        trace: row.try_get("", "trace")?,
        kind: parsed(&row.try_get::<String>("", "kind")?)?,
        channel: row.try_get("", "channel")?,
        type_name: row.try_get("", "type")?,
        key: row.try_get("", "key")?,
        seq: row.try_get("", "seq")?,
        sent_for: row.try_get("", "sent_for")?,
        answer_at: row.try_get("", "answer_at")?,
        origin,
        at: made_at(id),
        settled: true,
    })
}

async fn outbox(on: &Reader, backend: Backend, wanted: &Wanted) -> Result<Vec<Published>, Error> {
    let condition = Condition::new()
        .any("key", &wanted.keys)
        .any(&member(backend, "json", "id"), &wanted.messages)
        .any(&member(backend, "json", "causation_id"), &wanted.caused_by)
        .any(&trace(backend, "json"), &wanted.traces);
    let json = json(backend, "envelope");
    // OFFSET, so that each envelope is read once.
    let from = format!(
        "envelope FROM (SELECT pos, key, envelope, {json} AS json FROM outbox \
         ORDER BY pos LIMIT {SCANNED} OFFSET 0) AS waiting"
    );
    let rows = condition.select(on, &from, "ORDER BY pos").await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        found.extend(Published::read(&row.try_get::<String>("", "envelope")?));
    }
    Ok(found)
}

async fn late(on: &Reader, wanted: &Wanted) -> Result<Vec<Late>, Error> {
    let columns = "message, subscriber, key, attempts, reason, outcome, at FROM journal_late";
    let condition = Condition::new().any("key", &wanted.keys).any("message", &wanted.messages);
    let rows = condition.select(on, columns, "ORDER BY at").await?;
    let read = |row: &QueryResult| {
        let attempts: i64 = row.try_get("", "attempts")?;
        Ok(Late {
            message: parsed(&row.try_get::<String>("", "message")?)?,
            subscriber: row.try_get("", "subscriber")?,
            key: row.try_get("", "key")?,
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
            reason: row.try_get("", "reason")?,
            dropped: row.try_get::<String>("", "outcome")? == "dropped",
            at: Timestamp::from_micros(row.try_get("", "at")?),
        })
    };
    rows.iter().map(read).collect()
}

async fn waiting(on: &Reader, backend: Backend, wanted: &Wanted) -> Result<Vec<Waiting>, Error> {
    let id = member(backend, &json(backend, "p.envelope"), "id");
    let condition = Condition::new().any("p.key", &wanted.keys).any(&id, &wanted.messages);
    let columns = format!(
        "p.subscriber, p.source, p.channel, p.key, p.seq, p.state, p.attempts, p.reason, p.due_at, \
         {id} AS id FROM parked p"
    );
    let rows = condition.select(on, &columns, "ORDER BY p.seq").await?;
    let read = |row: &QueryResult| {
        let attempts: i64 = row.try_get("", "attempts")?;
        Ok(Waiting {
            message: parsed(&row.try_get::<String>("", "id")?)?,
            place: Place {
                subscriber: row.try_get("", "subscriber")?,
                source: row.try_get("", "source")?,
                channel: row.try_get("", "channel")?,
                key: row.try_get("", "key")?,
                seq: row.try_get("", "seq")?,
            },
            state: parsed(&row.try_get::<String>("", "state")?)?,
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
            reason: row.try_get("", "reason")?,
            due_at: Timestamp::from_micros(row.try_get("", "due_at")?),
        })
    };
    rows.iter().map(read).collect()
}

/// Reads a text that one of our own types has written.
fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let read = serde_json::from_value(text.into());
    Ok(read.map_err(|cause| DbErr::Json(format!("{text:?}: {cause}")))?)
}
