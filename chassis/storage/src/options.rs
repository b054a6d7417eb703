//! What a database is opened with.

use std::{path::PathBuf, time::Duration};

use crate::Error;

/// The kind of database behind a [`Database`](crate::Database).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// SQLite in this process, one file.
    Sqlite,
    /// A PostgreSQL server, one schema.
    Postgres,
}

/// When SQLite waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// At every commit: what was committed survives a loss of power.
    Full,
    /// At checkpoints only: a loss of power may take the last commits, never the consistency.
    Normal,
    /// Never: a loss of power may destroy the file. For data that is thrown away anyway.
    Off,
}

/// How to open a [`Database`](crate::Database); [`Options::new`] gives the defaults.
#[derive(Debug, Clone)]
pub struct Options {
    /// `sqlite://path/file.db`, `sqlite::memory:` (a private file that is removed with the last
    /// handle) or `postgres://…`.
    pub url: String,
    /// Postgres: the schema that holds the tables, created when missing. SQLite: not used.
    pub schema: Option<String>,
    /// Connections that answer [`Reader`](crate::Reader)s.
    pub readers: u32,
    /// Postgres: connections that run transactions. SQLite has one writer.
    pub writers: u32,
    /// SQLite: when to wait for the disk. `Full` unless the url is `sqlite::memory:`, whose file
    /// survives nothing, so that it is `Off`.
    pub synchronous: Synchronous,
    /// SQLite: whether transactions that wait for the writer are made durable by one COMMIT.
    /// Each still commits or rolls back alone, and returns only when it is durable.
    pub group_commit: bool,
    /// SQLite: for how long a group takes in further members before it is committed.
    pub group_window: Duration,
    /// The longest wait for the writer's turn, a lock of another process or a connection.
    pub patience: Duration,
}

impl Options {
    /// The defaults for the database at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        let url = url.into();
        let synchronous = if url == MEMORY { Synchronous::Off } else { Synchronous::Full };
        Self {
            url,
            schema: None,
            readers: 4,
            writers: 8,
            synchronous,
            group_commit: true,
            group_window: Duration::from_millis(10),
            patience: Duration::from_secs(5),
        }
    }

    pub(crate) fn place(&self) -> Result<Place, Error> {
        if self.url == MEMORY {
            return Ok(Place::Memory);
        }
        if let Some(path) = self.url.strip_prefix("sqlite://")
            && !path.is_empty()
        {
            return Ok(Place::File(PathBuf::from(path)));
        }
        if self.url.starts_with("postgres://") || self.url.starts_with("postgresql://") {
            return Ok(Place::Server);
        }
        Err(Error::Unavailable(
            "a database url is sqlite://path/file.db, sqlite::memory: or postgres://…".into(),
        ))
    }
}

/// Where a url points to.
pub(crate) enum Place {
    Memory,
    File(PathBuf),
    Server,
}

const MEMORY: &str = "sqlite::memory:";
