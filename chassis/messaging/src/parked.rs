//! Messages set aside: because they failed, or because they wait behind one of their key that did.
//! Retry queue, hold-back buffer and dead-letter queue in one.

mod review;

use std::time::Duration;

use kernel::{Timestamp, Version};
use rand::RngExt;
use sea_orm::{QueryResult, Value};
use serde::{Deserialize, Serialize};
use storage::{Database, Error, Tx};

pub use review::{Filter, Turn, behind_of, find, list, lock, turn};

use crate::{Envelope, Failure, Options, sql, subscriber::Try};

/// A message that was set aside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parked {
    /// Which one, for which subscriber.
    pub place: Place,
    /// What becomes of it.
    pub state: State,
    /// How often it was tried; 0 when it only waits behind another.
    pub attempts: u32,
    /// When it is tried again, if it is the first of its key.
    pub due_at: Timestamp,
    /// Why it is here.
    pub reason: String,
    /// How many messages of its key come first; nobody tries it before they are done.
    pub waits_for: u64,
    /// Counts its changes: tries, and what people do to it.
    pub version: Version,
    /// The message.
    pub envelope: Envelope,
}

/// Names one parked message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The group that could not handle it.
    pub subscriber: String,
    /// The module it comes from.
    pub source: String,
    /// Its channel.
    pub channel: String,
    /// The id of the thing it is about.
    pub key: String,
    /// Its number among the messages of that key.
    pub seq: i64,
}

/// What becomes of a parked message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is tried when it is due and the first of its key.
    Waiting,
    /// It waits for a person, and its key with it.
    Dead,
    /// A person gave it up: passed over when it is the first of its key.
    Dropped,
}

impl State {
    /// The state as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Dead => "dead",
            Self::Dropped => "dropped",
        }
    }

    fn read(text: &str) -> Self {
        match text {
            "waiting" => Self::Waiting,
            "dropped" => Self::Dropped,
            _ => Self::Dead,
        }
    }
}

const COLUMNS: &str = "p.subscriber, p.source, p.channel, p.key, p.seq, p.envelope, p.attempts, \
                       p.due_at, p.reason, p.state, p.version, COALESCE(m.seq, 0) AS mark";

const HERE: &str = "p.subscriber = $1 AND p.source = $2 AND p.channel = $3 AND p.key = $4 \
                    AND p.seq = $5";

/// The values of [`HERE`].
fn here(subscriber: &str, envelope: &Envelope, seq: i64) -> [Value; 5] {
    let Envelope { source, channel, key, .. } = envelope;
    [
        subscriber.into(),
        source.clone().into(),
        channel.clone().into(),
        key.clone().into(),
        seq.into(),
    ]
}

/// Joins the mark of the same key.
const FROM: &str = "FROM parked p LEFT JOIN inbox_mark m ON m.subscriber = p.subscriber \
                    AND m.source = p.source AND m.channel = p.channel AND m.key = p.key";

/// Only what is next in its key can be tried.
const NEXT: &str = "p.subscriber = $1 AND p.state <> 'dead' AND p.seq <= COALESCE(m.seq, 0) + 1";

/// Messages that are tried in one go.
const BATCH: usize = 32;

/// Tries in a row before a message is parked.
pub(crate) const TRIES_AT_ONCE: u32 = 3;

/// Sets a message aside that failed, or says how its next try failed. What was done to it meanwhile stays: it may
/// be gone, when another process has applied it.
pub(crate) async fn park(tx: &Tx, subscriber: &str, parked: Failed<'_>) -> Result<(), Error> {
    let Failed { envelope, state, attempts, due_at, reason, version } = parked;
    let place = here(subscriber, envelope, envelope.seq);
    let how: [Value; 4] =
        [i64::from(attempts).into(), due_at.micros().into(), reason.into(), state.as_str().into()];
    if version != Try::UNPARKED {
        let sql = "UPDATE parked SET attempts = $1, due_at = $2, reason = $3, state = $4, \
                   version = version + 1 WHERE subscriber = $5 AND source = $6 \
                   AND channel = $7 AND key = $8 AND seq = $9 AND version = $10";
        let values = how.into_iter().chain(place).chain([number(version)]);
        return sql::execute(tx, sql, values).await.map(drop);
    }
    let sql = "INSERT INTO parked \
               (subscriber, source, channel, key, seq, attempts, due_at, reason, state, envelope) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
               ON CONFLICT (subscriber, source, channel, key, seq) DO UPDATE SET \
               attempts = excluded.attempts, due_at = excluded.due_at, \
               reason = excluded.reason, state = excluded.state, version = parked.version + 1 \
               WHERE parked.version = $11";
    let rest = [json(envelope)?.into(), number(version)];
    sql::execute(tx, sql, place.into_iter().chain(how).chain(rest)).await.map(drop)
}

/// A message that is set aside after a failure.
pub(crate) struct Failed<'a> {
    /// As it was when it was tried, if it was parked before.
    pub(crate) version: Version,
    pub(crate) envelope: &'a Envelope,
    pub(crate) state: State,
    pub(crate) attempts: u32,
    pub(crate) due_at: Timestamp,
    pub(crate) reason: &'a str,
}

/// Sets a message aside because others of its key come first. It is tried as soon as they are done.
pub(crate) async fn hold(
    tx: &Tx,
    subscriber: &str,
    envelope: &Envelope,
    now: Timestamp,
) -> Result<(), Error> {
    let sql = "INSERT INTO parked \
               (subscriber, source, channel, key, seq, envelope, attempts, due_at, reason, state) \
               VALUES ($1, $2, $3, $4, $5, $6, 0, $7, 'others of its key come first', 'waiting') \
               ON CONFLICT (subscriber, source, channel, key, seq) DO NOTHING";
    let rest = [Value::from(json(envelope)?), now.micros().into()];
    let values = here(subscriber, envelope, envelope.seq).into_iter().chain(rest);
    sql::execute(tx, sql, values).await.map(drop)
}

/// The message is no longer parked, unless somebody changed it since it was read.
pub(crate) async fn remove(
    tx: &Tx,
    subscriber: &str,
    envelope: &Envelope,
    version: Version,
) -> Result<(), Failure> {
    let sql = format!("DELETE FROM parked AS p WHERE {HERE} AND p.version = $6");
    let place = here(subscriber, envelope, envelope.seq).into_iter().chain([number(version)]);
    if sql::execute(tx, sql, place).await?.rows_affected() == 0 {
        return Err(Failure::transient("it was changed while it was tried"));
    }
    Ok(())
}

/// Whether this very message is parked.
pub(crate) async fn holds(tx: &Tx, subscriber: &str, envelope: &Envelope) -> Result<bool, Error> {
    let sql = format!("SELECT p.seq FROM parked p WHERE {HERE}");
    Ok(sql::one(tx, sql, here(subscriber, envelope, envelope.seq)).await?.is_some())
}

/// Some of the messages whose time has come.
pub(crate) async fn due(
    db: &Database,
    subscriber: &str,
    now: Timestamp,
) -> Result<Vec<Parked>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} {FROM} WHERE {NEXT} AND p.due_at <= $2 \
         ORDER BY p.due_at, p.seq LIMIT {BATCH}"
    );
    let rows = sql::all(&db.reader(), sql, [subscriber.into(), now.micros().into()]).await?;
    rows.iter().map(read).collect()
}

/// The message behind `envelope` in its key, if it is parked and may be tried.
pub(crate) async fn behind(
    db: &Database,
    subscriber: &str,
    envelope: &Envelope,
) -> Result<Option<Parked>, Error> {
    let sql = format!("SELECT {COLUMNS} {FROM} WHERE {HERE} AND p.state <> 'dead'");
    let values = here(subscriber, envelope, envelope.seq + 1);
    sql::one(&db.reader(), sql, values).await?.as_ref().map(read).transpose()
}

/// Whether anything is parked at all, and when the next try is due.
pub(crate) async fn outlook(
    db: &Database,
    subscriber: &str,
) -> Result<(bool, Option<Timestamp>), Error> {
    let sql = "SELECT seq FROM parked WHERE subscriber = $1 LIMIT 1";
    if sql::one(&db.reader(), sql, [subscriber.into()]).await?.is_none() {
        return Ok((false, None));
    }
    let sql = format!("SELECT p.due_at {FROM} WHERE {NEXT} ORDER BY p.due_at LIMIT 1");
    let row = sql::one(&db.reader(), sql, [subscriber.into()]).await?;
    let due = row.map(|row| row.try_get("", "due_at")).transpose()?;
    Ok((true, due.map(Timestamp::from_micros)))
}

/// How long a message waits after so many tries: doubling, with jitter of a half.
pub(crate) fn pause(options: &Options, attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(TRIES_AT_ONCE).min(20);
    let pause = options.first_pause.saturating_mul(1 << doublings).min(options.longest_pause);
    pause.mul_f64(rand::rng().random_range(0.5..1.0))
}

fn json(envelope: &Envelope) -> Result<String, Error> {
    let wrong = |cause: serde_json::Error| sea_orm::DbErr::Json(cause.to_string());
    Ok(serde_json::to_string(envelope).map_err(wrong)?)
}

fn read(row: &QueryResult) -> Result<Parked, Error> {
    let text: String = row.try_get("", "envelope")?;
    let wrong = |cause: serde_json::Error| sea_orm::DbErr::Json(cause.to_string());
    let count = |column| Ok::<i64, Error>(row.try_get("", column)?);
    let (seq, mark) = (count("seq")?, count("mark")?);
    Ok(Parked {
        place: Place {
            subscriber: row.try_get("", "subscriber")?,
            source: row.try_get("", "source")?,
            channel: row.try_get("", "channel")?,
            key: row.try_get("", "key")?,
            seq,
        },
        state: State::read(&row.try_get::<String>("", "state")?),
        attempts: u32::try_from(count("attempts")?).unwrap_or(u32::MAX),
        waits_for: (seq - mark - 1).max(0).cast_unsigned(),
        version: Version(count("version")?.cast_unsigned()),
        due_at: Timestamp::from_micros(row.try_get("", "due_at")?),
        reason: row.try_get("", "reason")?,
        envelope: serde_json::from_str(&text).map_err(wrong)?,
    })
}

fn number(version: Version) -> Value {
    version.0.cast_signed().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const EAR: &str = "ear";

    fn failed(envelope: &Envelope, version: Version) -> Failed<'_> {
        let (state, due_at) = (State::Waiting, Timestamp::from_micros(1));
        Failed { version, envelope, state, attempts: 3, due_at, reason: "told to fail" }
    }

    /// Two processes try it, one of them applies it, and the other one fails for that reason.
    #[tokio::test]
    async fn what_another_process_has_applied_is_not_parked_again() {
        let db = Database::open(&storage::Options::new("sqlite::memory:")).await.unwrap();
        db.migrate(&migrations::CHASSIS).await.unwrap();
        let envelope: Envelope = serde_json::from_value(json!({
            "id": uuid::Uuid::now_v7(), "source": "shop", "channel": "shop.count", "type": "counted",
            "version": 1, "key": "k", "shard": 0, "seq": 1, "kind": "event",
            "content_type": "application/json", "payload": {},
        }))
        .unwrap();
        let tx = db.begin().await.unwrap();
        park(&tx, EAR, failed(&envelope, Try::UNPARKED)).await.unwrap();
        tx.commit().await.unwrap();
        let due = async || due(&db, EAR, Timestamp::from_micros(2)).await.unwrap();
        let version = due().await.remove(0).version;
        let tx = db.begin().await.unwrap();
        park(&tx, EAR, failed(&envelope, version)).await.unwrap();
        let next = version.next();
        assert!(remove(&tx, EAR, &envelope, version).await.is_err(), "it is another one now");
        remove(&tx, EAR, &envelope, next).await.unwrap();
        park(&tx, EAR, failed(&envelope, next)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(due().await.is_empty());
    }
}
