//! Why nothing was shown or done.

use kernel::{Code, Fault, Version, Violation};
use ports::Unreachable;
use saga::SagaId;
use serde::{Deserialize, Serialize};

use crate::MessageId;

/// Why a module said no.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each says what it is")]
pub enum Error {
    #[error("no such message is parked (any more)")]
    UnknownMessage(MessageId),
    #[error("it has changed since it was read: read it again")]
    Stale(Version),
    #[error(
        "its envelope is broken, so that another payload does not help: drop it, and mend by hand what it was \
         to do"
    )]
    BeyondRepair(MessageId),
    #[error("there is no saga {0}")]
    UnknownSaga(SagaId),
    #[error("the saga {0} has ended: nothing of it can be sent again")]
    Ended(SagaId),
    #[error(
        "the saga {0} was begun by another version, whose plan this one does not have: retry it where that runs"
    )]
    Foreign(SagaId),
    #[error("this Idempotency-Key was sent before with another request: use a fresh one")]
    KeyReused,
    #[error("the request is not valid")]
    Invalid(Vec<Violation>),
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("the module's books cannot be used")]
    Broken,
}

/// What every method of [`Operations`](crate::Operations) returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Fault for Error {
    fn code(&self) -> Code {
        match self {
            Self::UnknownMessage(_) | Self::UnknownSaga(_) => Code::NotFound,
            Self::Stale(_) => Code::PreconditionFailed,
            Self::BeyondRepair(_) | Self::Ended(_) | Self::Foreign(_) => Code::Conflict,
            Self::KeyReused => Code::IdempotencyKeyReused,
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
}
