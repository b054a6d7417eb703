//! Why users said no.

use std::time::Duration;

use kernel::{Code, Fault, Version, Violation};
use ports::Unreachable;
use serde::{Deserialize, Serialize};

use crate::{Address, AddressId, SessionId, UserId};

/// Why users said no.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each says what it is")]
pub enum Error {
    #[error("there is no user {0}")]
    UnknownUser(UserId),
    #[error("there is no address {0}")]
    UnknownAddress(AddressId),
    #[error("there is no log-in {0} that could be continued")]
    UnknownSession(SessionId),
    #[error("this token is not valid, or not any more: ask for another one")]
    UnknownToken,
    #[error("this refresh token is not valid, or not any more: log in again")]
    SessionOver,
    #[error("an account with this e-mail address exists")]
    EmailTaken,
    #[error("e-mail address or password is wrong")]
    WrongCredentials,
    #[error("too many attempts, try again in {seconds} seconds")]
    Throttled { seconds: u64 },
    #[error("this Idempotency-Key was sent before with another request: use a fresh one")]
    KeyReused,
    #[error("an address book holds at most {} addresses", Address::MAX)]
    TooManyAddresses,
    #[error("it has changed since it was read, its version is {current} now")]
    Stale { current: Version },
    #[error("nobody would be left who can give roles: make somebody else an administrator first")]
    LastAdmin,
    #[error("the account is erased")]
    Erased,
    #[error("the request is not valid")]
    Invalid(Vec<Violation>),
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("users failed")]
    Broken,
}

/// What every method of [`Users`](crate::Users) returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Fault for Error {
    fn code(&self) -> Code {
        match self {
            Self::UnknownUser(_)
            | Self::UnknownAddress(_)
            | Self::UnknownSession(_)
            | Self::UnknownToken => Code::NotFound,
            Self::EmailTaken | Self::TooManyAddresses | Self::LastAdmin | Self::Erased => {
                Code::Conflict
            }
            Self::WrongCredentials | Self::SessionOver => Code::Unauthenticated,
            Self::Throttled { .. } => Code::RateLimited,
            Self::KeyReused => Code::IdempotencyKeyReused,
            Self::Stale { .. } => Code::PreconditionFailed,
            Self::Invalid(_) => Code::ValidationFailed,
            Self::Unreachable(cause) => cause.code(),
            Self::Broken => Code::Internal,
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Invalid(violations) => violations.clone(),
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { seconds } => Some(Duration::from_secs(*seconds)),
            _ => None,
        }
    }
}
