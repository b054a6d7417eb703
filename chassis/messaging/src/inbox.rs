//! The marks: how far a subscriber has come with each key. They never expire, so a redelivery is
//! recognised however late it comes.

use sea_orm::Value;
use storage::{Error, Tx};

use crate::{Envelope, parked, sql};

/// What a mark says about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It is the next one; the mark stands at it now.
    Moved,
    /// It was applied before.
    Passed,
    /// Others of its key come first.
    Ahead,
    /// It became the next one while the mark was asked.
    Changed,
}

/// Lets a mark move only if the message is not parked. Whoever tries a parked message does without.
const UNPARKED: &str = "NOT EXISTS (SELECT 1 FROM parked p WHERE p.subscriber = $2 \
                        AND p.source = $3 AND p.channel = $4 AND p.key = $5 AND p.seq = $1)";

/// Moves the mark to a message that comes from the bus, as [`advance`]. One that comes again and is parked
/// waits there: people may have edited or dropped it.
pub(crate) async fn admit(
    tx: &Tx,
    subscriber: &str,
    envelope: &Envelope,
    first: i64,
) -> Result<Mark, Error> {
    match step(tx, subscriber, envelope, first, UNPARKED).await? {
        Mark::Changed if parked::holds(tx, subscriber, envelope).await? => Ok(Mark::Ahead),
        mark => Ok(mark),
    }
}

/// Moves the mark to `envelope` if it stands just before `first` or later. Usually that is the
/// message itself; `first` is lower when those from there on were overlooked. This one statement is
/// all that a delivery in order costs.
pub(crate) async fn advance(
    tx: &Tx,
    subscriber: &str,
    envelope: &Envelope,
    first: i64,
) -> Result<Mark, Error> {
    step(tx, subscriber, envelope, first, "1 = 1").await
}

async fn step(
    tx: &Tx,
    subscriber: &str,
    envelope: &Envelope,
    first: i64,
    condition: &str,
) -> Result<Mark, Error> {
    let values = mark(subscriber, envelope);
    let moved = if first == 1 {
        let sql = format!(
            "INSERT INTO inbox_mark (seq, subscriber, source, channel, key) \
             SELECT $1, $2, $3, $4, $5 WHERE {condition} \
             ON CONFLICT (subscriber, source, channel, key) \
             DO UPDATE SET seq = excluded.seq WHERE inbox_mark.seq < excluded.seq"
        );
        sql::execute(tx, sql, values).await?
    } else {
        let sql = format!(
            "UPDATE inbox_mark SET seq = $1 \
             WHERE subscriber = $2 AND source = $3 AND channel = $4 AND key = $5 \
             AND seq < $1 AND seq >= $6 AND {condition}"
        );
        sql::execute(tx, sql, values.into_iter().chain([(first - 1).into()])).await?
    };
    if moved.rows_affected() == 1 {
        return Ok(Mark::Moved);
    }
    let sql = "SELECT seq FROM inbox_mark \
               WHERE subscriber = $1 AND source = $2 AND channel = $3 AND key = $4";
    let row = sql::one(tx, sql, mark(subscriber, envelope).into_iter().skip(1)).await?;
    let last: i64 = row.map(|row| row.try_get("", "seq")).transpose()?.unwrap_or_default();
    Ok(match last {
        _ if last >= envelope.seq && !fault::guard!("mark") => Mark::Moved,
        _ if last >= envelope.seq => Mark::Passed,
        _ if last >= first - 1 => Mark::Changed,
        _ if !fault::guard!("order") => Mark::Moved,
        _ => Mark::Ahead,
    })
}

/// Moves the marks of many keys over everything from their first message to these, by one statement. Marks
/// that stand there or further stay: what is before them was passed over.
pub(crate) async fn advance_from_start(
    tx: &Tx,
    subscriber: &str,
    mut envelopes: Vec<&Envelope>,
) -> Result<(), Error> {
    if envelopes.is_empty() {
        return Ok(());
    }
    // The same order for everybody, so that nobody waits for whom he holds up.
    envelopes.sort_by_key(|it| (&it.source, &it.channel, &it.key));
    let sql = format!(
        "INSERT INTO inbox_mark (seq, subscriber, source, channel, key) VALUES {} \
         ON CONFLICT (subscriber, source, channel, key) \
         DO UPDATE SET seq = excluded.seq WHERE inbox_mark.seq < excluded.seq",
        sql::tuples(envelopes.len(), 5)
    );
    let values = envelopes.into_iter().flat_map(|envelope| mark(subscriber, envelope));
    sql::execute(tx, &sql, values).await?;
    Ok(())
}

fn mark(subscriber: &str, envelope: &Envelope) -> [Value; 5] {
    let Envelope { source, channel, key, seq, .. } = envelope;
    [
        (*seq).into(),
        subscriber.into(),
        source.clone().into(),
        channel.clone().into(),
        key.clone().into(),
    ]
}
