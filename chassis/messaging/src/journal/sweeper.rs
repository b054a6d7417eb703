//! Forgets what is in the journal for long enough.

use std::sync::Arc;

use kernel::Timestamp;
use storage::{Database, Error};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::{Builder, Uuid};

use crate::{Options, sql, subscriber::now};

/// Rows that are removed in one transaction.
const BATCH: u64 = 500;

/// Forgets, until `stop`, what is old enough.
pub(crate) async fn sweep(db: Database, options: Arc<Options>, stop: CancellationToken) {
    while stop.run_until_cancelled(sleep(options.sweep_every)).await.is_some() {
        let before = now().minus(options.journal);
        while !stop.is_cancelled() {
            match forget(&db, before).await {
                Ok(false) => break,
                Ok(true) => tokio::task::yield_now().await,
                Err(error) => {
                    tracing::warn!(%error, "an old journal could not be forgotten");
                    break;
                }
            }
        }
    }
}

/// Forgets some of what is older; tells whether there may be more.
async fn forget(db: &Database, before: Timestamp) -> Result<bool, Error> {
    let first = first_id(before).to_string();
    let old = "SELECT id FROM journal WHERE id < $1 LIMIT 1";
    let late = "SELECT message AS id FROM journal_late WHERE at < $1 LIMIT 1";
    let reader = db.reader();
    if sql::one(&reader, old, [first.clone().into()]).await?.is_none()
        && sql::one(&reader, late, [before.micros().into()]).await?.is_none()
    {
        return Ok(false);
    }
    let messages = format!(
        "DELETE FROM journal WHERE id IN \
         (SELECT id FROM journal WHERE id < $1 ORDER BY id LIMIT {BATCH})"
    );
    let late = "DELETE FROM journal_late WHERE at < $1";
    let tx = db.begin().await?;
    let gone = sql::execute(&tx, messages, [first.into()]).await?.rows_affected();
    sql::execute(&tx, late, [before.micros().into()]).await?;
    tx.commit().await?;
    Ok(gone == BATCH)
}

/// The lowest UUIDv7 that is made at `moment`.
fn first_id(moment: Timestamp) -> Uuid {
    let millis = u64::try_from(moment.micros() / 1_000).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn ids_are_in_the_order_of_the_moments_they_are_made_at() {
        let (before, id, after) = (now(), Uuid::now_v7(), now().plus(Duration::from_millis(1)));
        assert!(first_id(before).to_string() <= id.to_string());
        assert!(id.to_string() < first_id(after).to_string());
    }
}
