//! What people do with parked messages: look at them, have them retried, edit them, give them up.

use async_trait::async_trait;
use sea_orm::Value;
use serde_json::value::RawValue;
use storage::{Attachment, Backend, Database, Error, Tx};

use super::{COLUMNS, FROM, HERE, Parked, Place, State, json, number, read};
use crate::{handover::Companion, sql, subscriber::now};

/// Which parked messages are wanted; all that is said must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// For this subscriber group.
    pub subscriber: Option<String>,
    /// Of this channel.
    pub channel: Option<String>,
    /// About the thing with this id.
    pub key: Option<String>,
    /// In this state.
    pub state: Option<State>,
    /// Those behind this place: the last one of the page before.
    pub after: Option<Place>,
}

/// What a person does to a parked message.
#[derive(Clone, Debug)]
pub enum Turn {
    /// It is tried again at once, or as soon as it is the first of its key.
    Retry,
    /// It is given up, so that those behind it can go on.
    Drop,
    /// It says something else when it is tried next. Nothing else of its envelope changes.
    Edit(Box<RawValue>),
}

/// Up to `limit` messages that are parked in this database, by subscriber, stream and number.
///
/// # Errors
///
/// When the database cannot be read.
pub async fn list(db: &Database, filter: &Filter, limit: u32) -> Result<Vec<Parked>, Error> {
    let mut conditions = vec!["1 = 1".to_owned()];
    let mut values: Vec<Value> = Vec::new();
    let state = filter.state.map(|state| state.as_str().to_owned());
    let wanted = [
        ("p.subscriber", filter.subscriber.clone()),
        ("p.channel", filter.channel.clone()),
        ("p.key", filter.key.clone()),
        ("p.state", state),
    ];
    for (column, value) in wanted {
        if let Some(value) = value {
            values.push(value.into());
            conditions.push(format!("{column} = ${}", values.len()));
        }
    }
    if let Some(after) = &filter.after {
        let first = values.len() + 1;
        values.extend(after.values());
        let places: Vec<_> = (first..first + 5).map(|place| format!("${place}")).collect();
        let places = places.join(", ");
        conditions.push(format!("(p.subscriber, p.source, p.channel, p.key, p.seq) > ({places})"));
    }
    let sql = format!(
        "SELECT {COLUMNS} {FROM} WHERE {} \
         ORDER BY p.subscriber, p.source, p.channel, p.key, p.seq LIMIT {limit}",
        conditions.join(" AND ")
    );
    let rows = sql::all(&db.reader(), sql, values).await?;
    rows.iter().map(read).collect()
}

/// One parked message; nothing when it is not parked, or not any more.
///
/// # Errors
///
/// When the database cannot be read.
pub async fn find(db: &Database, place: &Place) -> Result<Option<Parked>, Error> {
    let sql = format!("SELECT {COLUMNS} {FROM} WHERE {HERE}");
    sql::one(&db.reader(), sql, place.values()).await?.as_ref().map(read).transpose()
}

/// How many messages wait behind this one.
///
/// # Errors
///
/// When the database cannot be read.
pub async fn behind_of(db: &Database, place: &Place) -> Result<u64, Error> {
    let sql = "SELECT COUNT(*) AS n FROM parked \
               WHERE subscriber = $1 AND source = $2 AND channel = $3 AND key = $4 AND seq > $5";
    let row = sql::one(&db.reader(), sql, place.values()).await?;
    let count: Option<i64> = row.map(|row| row.try_get("", "n")).transpose()?;
    Ok(count.unwrap_or_default().cast_unsigned())
}

/// Reads a parked message that this transaction is about to change; nobody else changes it meanwhile.
///
/// # Errors
///
/// When the database fails.
pub async fn lock(tx: &Tx, place: &Place) -> Result<Option<Parked>, Error> {
    let lock = match tx.database().backend() {
        Backend::Postgres => " FOR UPDATE OF p",
        Backend::Sqlite => "",
    };
    let sql = format!("SELECT {COLUMNS} {FROM} WHERE {HERE}{lock}");
    sql::one(tx, sql, place.values()).await?.as_ref().map(read).transpose()
}

/// Changes a message that is [locked](lock), and says how it is parked now. Whoever tries parked messages
/// in this process looks at it when `tx` has committed, other processes within five seconds.
///
/// # Errors
///
/// When the database fails.
pub async fn turn(tx: &mut Tx, parked: &Parked, turn: Turn) -> Result<Parked, Error> {
    let mut turned = Parked { version: parked.version.next(), ..parked.clone() };
    match turn {
        Turn::Retry => (turned.state, turned.due_at) = (State::Waiting, now()),
        Turn::Drop => (turned.state, turned.due_at) = (State::Dropped, now()),
        Turn::Edit(payload) => turned.envelope.payload = payload,
    }
    let sql = "UPDATE parked SET state = $1, due_at = $2, envelope = $3, version = $4 \
               WHERE subscriber = $5 AND source = $6 AND channel = $7 AND key = $8 AND seq = $9";
    let change: [Value; 4] = [
        turned.state.as_str().into(),
        turned.due_at.micros().into(),
        json(&turned.envelope)?.into(),
        number(turned.version),
    ];
    sql::execute(tx, sql, change.into_iter().chain(parked.place.values())).await?;
    tx.attachment::<Turned>();
    Ok(turned)
}

impl Place {
    fn values(&self) -> [Value; 5] {
        let Self { subscriber, source, channel, key, seq } = self.clone();
        [subscriber.into(), source.into(), channel.into(), key.into(), seq.into()]
    }
}

/// Wakes whoever tries parked messages.
#[derive(Default)]
struct Turned;

#[async_trait]
impl Attachment for Turned {
    async fn before_commit(&mut self, _tx: &Tx) -> Result<(), Error> {
        Ok(())
    }

    fn committed(self: Box<Self>, db: &Database) {
        Companion::of(db).parked.notify_one();
    }
}
