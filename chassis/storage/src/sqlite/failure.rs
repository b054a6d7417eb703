//! SQLite's errors, carried through sea-orm's so that they can be told apart afterwards.

use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc};

use rusqlite::ffi;
use sea_orm::{DbErr, RuntimeErr};
use sqlx::error::{DatabaseError, ErrorKind};

use crate::{Error, error::database_error};

/// What SQLite said: an extended result code and its message.
#[derive(Debug)]
pub(crate) struct Failure {
    code: i32,
    message: String,
}

/// Finds SQLite's own words inside of a sea-orm error.
pub(crate) fn of(error: &DbErr) -> Option<&Failure> {
    database_error(error)?.try_downcast_ref()
}

/// Wraps a driver error for sea-orm; [`of`] unwraps it.
pub(super) fn wrap(error: rusqlite::Error) -> DbErr {
    match error {
        rusqlite::Error::SqliteFailure(failure, message) => {
            let message = message.unwrap_or_else(|| failure.to_string());
            let failure = Failure { code: failure.extended_code, message };
            DbErr::Query(RuntimeErr::SqlxError(Arc::new(sqlx::Error::Database(Box::new(failure)))))
        }
        rusqlite::Error::SqlInputError { error, msg, .. } => {
            wrap(rusqlite::Error::SqliteFailure(error, Some(msg)))
        }
        other => DbErr::Query(RuntimeErr::Internal(other.to_string())),
    }
}

/// Whether another connection holds the lock that was needed.
pub(super) fn is_lock(error: &DbErr) -> bool {
    let code = of(error).map(Failure::primary_code);
    matches!(code, Some(ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED))
}

/// The error of a COMMIT. After a failure to write or to sync, the log may or may not hold the
/// transaction when it is read again.
pub(super) fn of_commit(error: DbErr) -> Error {
    match of(&error).map(Failure::primary_code) {
        Some(ffi::SQLITE_CONSTRAINT | ffi::SQLITE_BUSY | ffi::SQLITE_FULL) => error.into(),
        _ => Error::Unknown(error.to_string()),
    }
}

impl Failure {
    /// What it means to a caller; `error` is the one this was found in.
    pub(crate) fn classify(&self, error: &DbErr) -> Error {
        match (self.kind(), self.primary_code()) {
            (ErrorKind::UniqueViolation, _) => Error::Unique { constraint: self.subject() },
            (ErrorKind::CheckViolation, _) => Error::Check { constraint: self.subject() },
            (_, ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED) => {
                Error::Serialization(self.message.clone())
            }
            (
                _,
                ffi::SQLITE_IOERR | ffi::SQLITE_FULL | ffi::SQLITE_CANTOPEN | ffi::SQLITE_NOMEM,
            ) => Error::Unavailable(self.message.clone()),
            _ => Error::Other(error.clone()),
        }
    }

    /// The code without its extension.
    fn primary_code(&self) -> i32 {
        self.code & 0xff
    }

    /// What comes after the colon in "UNIQUE constraint failed: shelf.id".
    fn subject(&self) -> String {
        let subject = self.message.split_once(": ").map(|(_, subject)| subject);
        subject.unwrap_or(&self.message).to_owned()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLite code {})", self.message, self.code)
    }
}

impl StdError for Failure {}

impl DatabaseError for Failure {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code.to_string().into())
    }

    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        match self.code {
            ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID => ErrorKind::UniqueViolation,
            ffi::SQLITE_CONSTRAINT_CHECK => ErrorKind::CheckViolation,
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => ErrorKind::ForeignKeyViolation,
            ffi::SQLITE_CONSTRAINT_NOTNULL => ErrorKind::NotNullViolation,
            _ => ErrorKind::Other,
        }
    }
}
