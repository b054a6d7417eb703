//! Opening a connection, with the settings that the rest relies on.

use std::{path::PathBuf, time::Duration};

use rusqlite::{Connection, config::DbConfig};
use sea_orm::DbErr;

use super::failure;
use crate::{Error, Synchronous};

/// A database file with what its connections have in common.
#[derive(Clone)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) synchronous: Synchronous,
    pub(super) patience: Duration,
}

impl File {
    /// Opens the connection that writes, on a thread that may block: setting up the log of a new
    /// file waits for the disk.
    pub(super) async fn open_writer(&self) -> Result<Connection, Error> {
        let file = self.clone();
        let opened = tokio::task::spawn_blocking(move || file.create()).await;
        opened.unwrap_or_else(|panic| Err(Error::Unavailable(panic.to_string())))
    }

    fn create(&self) -> Result<Connection, Error> {
        let unavailable = |why: &dyn std::fmt::Display| {
            Error::Unavailable(format!("cannot open {}: {why}", self.path.display()))
        };
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| unavailable(&error))?;
        }
        let patience = self.patience;
        self.open("OFF", patience)
            .and_then(|connection| {
                connection.pragma_update(None, "journal_mode", "WAL")?;
                connection.busy_timeout(Duration::ZERO)?;
                Ok(connection)
            })
            .map_err(|error| unavailable(&error))
    }

    /// Opens a connection that only reads.
    pub(super) fn open_reader(&self) -> rusqlite::Result<Connection> {
        self.open("ON", Duration::ZERO)
    }

    fn open(&self, query_only: &str, busy_timeout: Duration) -> rusqlite::Result<Connection> {
        let connection = Connection::open(&self.path)?;
        connection.busy_timeout(busy_timeout)?;
        let synchronous = match self.synchronous {
            Synchronous::Full => "FULL",
            Synchronous::Normal => "NORMAL",
            Synchronous::Off => "OFF",
        };
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "journal_size_limit", LOG_KEPT)?;
        connection.pragma_update(None, "query_only", query_only)?;
        // Without this, a value bound to LIMIT counts for the plan, and sea-orm's `one` would have
        // its cached statement prepared anew each time: 15 µs instead of 3.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_PREPARED);
        Ok(connection)
    }
}

/// Bytes of the log that stay on the disk after it was written back.
const LOG_KEPT: i64 = 64 << 20;
const STATEMENTS_PREPARED: usize = 512;

/// Tries again, without blocking the thread, while another connection holds the lock.
pub(super) async fn patiently<T>(
    patience: Duration,
    mut attempt: impl FnMut() -> Result<T, DbErr>,
) -> Result<T, DbErr> {
    let mut waited = Duration::ZERO;
    let mut pause = FIRST_PAUSE;
    loop {
        match attempt() {
            Err(error) if failure::is_lock(&error) && waited < patience => {
                tokio::time::sleep(pause).await;
                waited += pause;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            end => return end,
        }
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
