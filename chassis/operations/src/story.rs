//! What is said about sagas.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use host::Intent;
use kernel::{PageRequest, Timestamp};
use saga::{SagaId, Status};
use serde::{Deserialize, Serialize};

use crate::Entry;

/// Names one saga over all modules. Shown as `sag_…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaPlace {
    /// The module whose saga it is.
    pub module: String,
    /// Which of its sagas.
    pub saga: SagaId,
}

/// The text names no saga.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the id of a saga: they begin with sag_ and are shown in lists")]
pub struct InvalidSagaPlace(String);

/// Which sagas are wanted; all that is said must hold.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sagas {
    /// Of this kind: `checkout`.
    pub name: Option<String>,
    /// Standing there.
    pub status: Option<Status>,
    /// Those that have not ended, and have not moved since then.
    pub stuck_since: Option<Timestamp>,
    /// Which part of the list.
    pub page: PageRequest,
}

/// Everything that is known about a saga.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SagaInspection {
    /// Where it stands, step by step, and how it came there.
    pub saga: saga::Inspection,
    /// What people did to it, the newest first; not more than one page.
    pub audit: Vec<Entry>,
}

/// Somebody wants the step that a saga stands at to be sent again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SagaRetry {
    /// Which saga.
    pub saga: SagaId,
    /// Who wants it, for the audit: a user's id, or a name.
    pub by: String,
    /// Two wishes with one intent are one.
    pub intent: Option<Intent>,
}

/// A step was sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retried {
    /// The step whose command, or whose undo, was sent.
    pub step: String,
    /// Whether nothing was done now, because it was done before under the same intent.
    pub replayed: bool,
}

impl SagaPlace {
    /// What every id begins with.
    pub const PREFIX: &str = "sag_";
}

impl fmt::Display for SagaPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = serde_json::json!([self.module, self.saga]);
        write!(f, "{}{}", Self::PREFIX, URL_SAFE_NO_PAD.encode(place.to_string()))
    }
}

impl FromStr for SagaPlace {
    type Err = InvalidSagaPlace;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let place = || {
            let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(Self::PREFIX)?).ok()?;
            let (module, saga) = serde_json::from_slice(&bytes).ok()?;
            Some(Self { module, saga })
        };
        let found = place().filter(|it| it.to_string() == text);
        found.ok_or_else(|| InvalidSagaPlace(text.chars().take(200).collect()))
    }
}

impl<'de> Deserialize<'de> for SagaPlace {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_what_it_shows() {
        let saga = SagaId::from("checkout:ord_01jd8k3v7tf8ntx3v1a9g5r2qc".to_owned());
        let place = SagaPlace { module: "orders".to_owned(), saga };
        assert_eq!(place.to_string().parse(), Ok(place));
        assert!("sag_AAAA".parse::<SagaPlace>().is_err());
    }
}
