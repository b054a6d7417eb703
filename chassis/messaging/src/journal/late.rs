//! Writes down what a subscriber did not handle at the first try, in the transaction that is done with it.

use kernel::Timestamp;
use storage::{Error, Tx};

use crate::{Envelope, sql};

/// How a message that was late has ended.
#[derive(Clone, Copy)]
pub(crate) struct Ended<'a> {
    /// How often it failed.
    pub(crate) attempts: u32,
    /// Why, the last time.
    pub(crate) reason: &'a str,
    /// Whether a person gave it up.
    pub(crate) dropped: bool,
    pub(crate) at: Timestamp,
}

/// Notes how `envelope` ended for `subscriber`.
pub(crate) async fn note(
    tx: &Tx,
    subscriber: &str,
    envelope: &Envelope,
    ended: Ended<'_>,
) -> Result<(), Error> {
    let Ended { attempts, reason, dropped, at } = ended;
    let sql = "INSERT INTO journal_late (message, subscriber, key, attempts, reason, outcome, at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (message, subscriber) DO NOTHING";
    let values = [
        envelope.id.to_string().into(),
        subscriber.into(),
        envelope.key.clone().into(),
        i64::from(attempts).into(),
        reason.into(),
        if dropped { "dropped" } else { "applied" }.into(),
        at.micros().into(),
    ];
    sql::execute(tx, sql, values).await.map(drop)
}
