//! Why a message was not handled.

/// What a handler ends with when it does not end well. A business refusal is not a failure but a
/// reply, see [`Answered`](crate::Answered).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It may work later: tried again, then parked with back-off.
    #[error("{0}")]
    Transient(String),
    /// It will never work as it is: parked at once, until a person looks at it.
    #[error("{0}")]
    Permanent(String),
}

impl Failure {
    /// May work later.
    pub fn transient(cause: impl std::fmt::Display) -> Self {
        Self::Transient(cause.to_string())
    }

    /// Will never work.
    pub fn permanent(cause: impl std::fmt::Display) -> Self {
        Self::Permanent(cause.to_string())
    }
}

impl From<storage::Error> for Failure {
    fn from(error: storage::Error) -> Self {
        Self::transient(error)
    }
}

impl From<sea_orm::DbErr> for Failure {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::transient(error)
    }
}
