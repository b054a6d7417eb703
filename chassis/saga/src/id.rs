//! What names one instance of a saga.

use serde::{Deserialize, Serialize};

use crate::Saga;

/// Names one instance: the saga's name and its key, `checkout:ord_01jd…`.
///
/// It is made of what a module knows anyway, so nobody has to remember it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SagaId(String);

impl SagaId {
    /// The instance of `S` about the thing called `key`.
    pub fn of<S: Saga>(key: impl std::fmt::Display) -> Self {
        Self(format!("{}:{key}", S::NAME))
    }

    /// The id as it is stored and shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Takes any text: an id that names nothing is unknown, not malformed.
impl From<String> for SagaId {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Display for SagaId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
