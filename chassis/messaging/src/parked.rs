//! Messages set aside: because they failed, or because they wait behind one of their key that did.
//! Retry queue, hold-back buffer and dead-letter queue in one.

use std::time::Duration;

use kernel::Timestamp;
use rand::RngExt;
use sea_orm::{QueryResult, Value};
use storage::{Database, Error, Tx};

use crate::{Envelope, Options, handover::Companion, sql, subscriber::now};

/// A message that was set aside.
#[derive(Clone, Debug)]
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
    /// The message.
    pub envelope: Envelope,
}

/// Names one parked message.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is tried when it is due and the first of its key.
    Waiting,
    /// It waits for a person, and its key with it.
    Dead,
    /// A person gave it up: passed over when it is the first of its key.
    Dropped,
}

impl State {
    fn as_str(self) -> &'static str {
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
                       p.due_at, p.reason, p.state";

const HERE: &str = "subscriber = $1 AND source = $2 AND channel = $3 AND key = $4 AND seq = $5";

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

/// Joins the mark of the same key; only what is next there can be tried.
const NEXT: &str = "FROM parked p LEFT JOIN inbox_mark m ON m.subscriber = p.subscriber \
                    AND m.source = p.source AND m.channel = p.channel AND m.key = p.key \
                    WHERE p.subscriber = $1 AND p.state <> 'dead' \
                    AND p.seq <= COALESCE(m.seq, 0) + 1";

/// Messages that are tried in one go.
const BATCH: usize = 32;

/// Tries in a row before a message is parked.
pub(crate) const TRIES_AT_ONCE: u32 = 3;

/// The first `limit` messages parked in this database, by subscriber and key.
///
/// # Errors
///
/// When the database cannot be read.
pub async fn list(db: &Database, limit: u32) -> Result<Vec<Parked>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM parked p \
         ORDER BY p.subscriber, p.source, p.channel, p.key, p.seq LIMIT $1"
    );
    let rows = sql::all(&db.reader(), sql, [i64::from(limit).into()]).await?;
    rows.iter().map(read).collect()
}

/// Has a message tried again at once; false when it is not parked.
///
/// # Errors
///
/// When the database cannot be written.
pub async fn retry(db: &Database, place: &Place) -> Result<bool, Error> {
    turn(db, place, State::Waiting).await
}

/// Gives a message up, so that those behind it can go on; false when it is not parked.
///
/// # Errors
///
/// When the database cannot be written.
pub async fn drop(db: &Database, place: &Place) -> Result<bool, Error> {
    turn(db, place, State::Dropped).await
}

async fn turn(db: &Database, place: &Place, state: State) -> Result<bool, Error> {
    let Place { subscriber, source, channel, key, seq } = place.clone();
    let sql = "UPDATE parked SET state = $1, due_at = $2 \
               WHERE subscriber = $3 AND source = $4 AND channel = $5 AND key = $6 AND seq = $7";
    let place = [subscriber.into(), source.into(), channel.into(), key.into(), seq.into()];
    let change = [Value::from(state.as_str()), now().micros().into()];
    let tx = db.begin().await?;
    let turned = sql::execute(&tx, sql, change.into_iter().chain(place)).await?;
    tx.commit().await?;
    Companion::of(db).parked.notify_one();
    Ok(turned.rows_affected() == 1)
}

/// Sets a message aside that failed, or says how its next try failed.
pub(crate) async fn park(tx: &Tx, subscriber: &str, parked: Failed<'_>) -> Result<(), Error> {
    let Failed { envelope, state, attempts, due_at, reason } = parked;
    let sql = "INSERT INTO parked \
               (subscriber, source, channel, key, seq, envelope, attempts, due_at, reason, state) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
               ON CONFLICT (subscriber, source, channel, key, seq) DO UPDATE SET \
               attempts = excluded.attempts, due_at = excluded.due_at, \
               reason = excluded.reason, state = excluded.state";
    let values = here(subscriber, envelope, envelope.seq).into_iter().chain([
        json(envelope)?.into(),
        i64::from(attempts).into(),
        due_at.micros().into(),
        reason.into(),
        state.as_str().into(),
    ]);
    sql::execute(tx, sql, values).await.map(std::mem::drop)
}

/// A message that is set aside after a failure.
pub(crate) struct Failed<'a> {
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
    sql::execute(tx, sql, values).await.map(std::mem::drop)
}

/// The message is no longer parked.
pub(crate) async fn remove(tx: &Tx, subscriber: &str, envelope: &Envelope) -> Result<(), Error> {
    let sql = format!("DELETE FROM parked WHERE {HERE}");
    let place = here(subscriber, envelope, envelope.seq);
    sql::execute(tx, sql, place).await.map(std::mem::drop)
}

/// Some of the messages whose time has come.
pub(crate) async fn due(
    db: &Database,
    subscriber: &str,
    now: Timestamp,
) -> Result<Vec<Parked>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} {NEXT} AND p.due_at <= $2 ORDER BY p.due_at, p.seq LIMIT {BATCH}"
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
    let sql = format!("SELECT {COLUMNS} FROM parked p WHERE {HERE} AND state <> 'dead'");
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
    let sql = format!("SELECT p.due_at {NEXT} ORDER BY p.due_at LIMIT 1");
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
    let attempts: i64 = row.try_get("", "attempts")?;
    Ok(Parked {
        place: Place {
            subscriber: row.try_get("", "subscriber")?,
            source: row.try_get("", "source")?,
            channel: row.try_get("", "channel")?,
            key: row.try_get("", "key")?,
            seq: row.try_get("", "seq")?,
        },
        state: State::read(&row.try_get::<String>("", "state")?),
        attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        due_at: Timestamp::from_micros(row.try_get("", "due_at")?),
        reason: row.try_get("", "reason")?,
        envelope: serde_json::from_str(&text).map_err(wrong)?,
    })
}
