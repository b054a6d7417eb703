//! Why the database did not do what it was asked, as far as a caller can act on it.

use std::sync::Arc;

use sea_orm::{DbErr, RuntimeErr};
use sqlx::error::ErrorKind;

/// A failure of the database; the variants are what callers tell apart.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// A row with this key exists.
    #[error("unique constraint {constraint} is violated")]
    Unique {
        /// Postgres: the constraint's or index's name. SQLite: `table.column, table.column`.
        constraint: String,
    },
    /// A row would break a rule of its table.
    #[error("check constraint {constraint} is violated")]
    Check {
        /// The constraint's name, or its expression when it has none.
        constraint: String,
    },
    /// Concurrent transactions collided and this one lost. The same work may succeed if retried.
    #[error("a concurrent transaction was in the way: {0}")]
    Serialization(String),
    /// The answer to COMMIT was lost: the transaction is durable, or never happened.
    #[error("it is unknown whether the transaction was committed: {0}")]
    Unknown(String),
    /// The database could not be reached or did not get round to it. Nothing was committed.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// Anything else: a mistake in the program or its schema.
    #[error(transparent)]
    Other(DbErr),
}

impl Error {
    /// Whether the same unit of work, done again, may well succeed. Never true when the first one
    /// may have been committed.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Serialization(_) | Self::Unavailable(_))
    }

    /// The error of a COMMIT: where nobody can say what became of it, it is `Unknown`.
    pub(crate) fn of_commit(error: DbErr) -> Self {
        if let Some(database) = database_error(&error) {
            let code = database.code().unwrap_or_default();
            let interrupted = LOST_IN_COMMIT.iter().any(|prefix| code.starts_with(prefix));
            return if interrupted { Self::Unknown(error.to_string()) } else { error.into() };
        }
        Self::Unknown(error.to_string())
    }
}

/// SQLSTATEs that leave the outcome of a COMMIT open: connection exceptions (08), statement
/// completion unknown (40003), operator intervention (57P), system and internal errors (58, XX).
const LOST_IN_COMMIT: [&str; 5] = ["08", "40003", "57P", "58", "XX"];

/// SQLSTATEs of a server that cannot serve now: connection exceptions (08), insufficient
/// resources (53), operator intervention (57P).
const UNAVAILABLE: [&str; 3] = ["08", "53", "57P"];

/// SQLSTATEs of a lost race: serialization failure, deadlock, lock not available.
const COLLISION: [&str; 3] = ["40001", "40P01", "55P03"];

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if let Some(failure) = crate::sqlite::failure(&error) {
            return failure.classify(&error);
        }
        if let Some(database) = database_error(&error) {
            return of_postgres(database, &error);
        }
        match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Self::Unavailable(error.to_string()),
            DbErr::Exec(RuntimeErr::SqlxError(cause))
            | DbErr::Query(RuntimeErr::SqlxError(cause))
                if is_lost_connection(cause) =>
            {
                Self::Unavailable(error.to_string())
            }
            _ => Self::Other(error),
        }
    }
}

fn of_postgres(database: &dyn sqlx::error::DatabaseError, error: &DbErr) -> Error {
    let constraint = || database.constraint().unwrap_or("without a name").to_owned();
    let code = database.code().unwrap_or_default();
    match database.kind() {
        ErrorKind::UniqueViolation => Error::Unique { constraint: constraint() },
        ErrorKind::CheckViolation => Error::Check { constraint: constraint() },
        _ if COLLISION.contains(&code.as_ref()) => Error::Serialization(database.to_string()),
        _ if UNAVAILABLE.iter().any(|prefix| code.starts_with(prefix)) => {
            Error::Unavailable(database.to_string())
        }
        _ => Error::Other(error.clone()),
    }
}

/// The driver's own error inside of sea-orm's.
pub(crate) fn database_error(error: &DbErr) -> Option<&dyn sqlx::error::DatabaseError> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause))
        | DbErr::Conn(RuntimeErr::SqlxError(cause)) => cause.as_database_error(),
        _ => None,
    }
}

fn is_lost_connection(cause: &Arc<sqlx::Error>) -> bool {
    matches!(
        **cause,
        sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
    )
}

/// What a unit of work ends with when it does not end well: the domain said no, or the database
/// failed. Only the second may be retried.
#[derive(Debug, thiserror::Error)]
pub enum Failure<R> {
    /// The domain refused; the transaction was not committed.
    #[error("refused")]
    Refused(R),
    /// The database failed.
    #[error(transparent)]
    Storage(Error),
}

impl<R> From<Error> for Failure<R> {
    fn from(error: Error) -> Self {
        Self::Storage(error)
    }
}

impl<R> From<DbErr> for Failure<R> {
    fn from(error: DbErr) -> Self {
        Self::Storage(error.into())
    }
}
