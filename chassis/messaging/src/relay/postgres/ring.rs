//! The ring of tables that the outbox consists of: what was emptied behind its head is thrown away, because
//! removed rows cannot be vacuumed while a transaction is open anywhere in the server.

use sea_orm::ConnectionTrait;
use storage::{Database, Error};

use crate::sql;

/// Remembers where the head was.
#[derive(Default)]
pub(super) struct Ring {
    head: i64,
}

/// The tables, and the positions that one of them takes in before it is the next one's turn.
const TABLES: i64 = 4;
const POSITIONS: i64 = 8_192;

impl Ring {
    /// Throws away what is left in tables without rows, if the head has moved into another one.
    pub(super) async fn turn(&mut self, db: &Database) -> Result<(), Error> {
        let sql = "SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence('outbox', 'pos') AS \
                   regclass)) AS pos";
        let Some(row) = sql::one(&db.reader(), sql, []).await? else { return Ok(()) };
        let pos: Option<i64> = row.try_get("", "pos")?;
        let head = pos.unwrap_or_default() / POSITIONS % TABLES;
        if head == self.head {
            return Ok(());
        }
        for table in (0..TABLES).filter(|table| *table != head) {
            if let Err(error) = empty(db, table).await {
                // Somebody reads it, a backup for example. There is a next time.
                tracing::debug!(table, %error, "a table of the outbox stays as it is for now");
            }
        }
        self.head = head;
        Ok(())
    }
}

/// Throws the table away and makes it anew, unless there are rows in it.
async fn empty(db: &Database, table: i64) -> Result<(), Error> {
    let sql = format!("SELECT pg_relation_size('outbox_{table}') AS bytes");
    let row = sql::one(&db.reader(), sql, []).await?;
    let bytes: Option<i64> = row.map(|row| row.try_get("", "bytes")).transpose()?;
    if bytes.is_none_or(|bytes| bytes == 0) {
        return Ok(());
    }
    let tx = db.begin().await?;
    // Nobody waits for this lock, nor behind it.
    tx.execute_unprepared(&format!("LOCK TABLE outbox_{table} IN ACCESS EXCLUSIVE MODE NOWAIT"))
        .await?;
    let sql = format!("SELECT 1 AS one FROM outbox_{table} LIMIT 1");
    if sql::one(&tx, sql, []).await?.is_none() {
        tx.execute_unprepared(&format!("TRUNCATE outbox_{table}")).await?;
    }
    tx.commit().await
}
