//! Why something is published: for work that outlives the transaction it was asked for in.

use ports::Origin;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Envelope, ReplyAddress};

/// What is published because of a message, or of a request, long after it was handled. Can be stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Because {
    /// The message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Uuid>,
    /// What it was correlated by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// Where in a trace that was (W3C Trace Context).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// What set it off, if no message did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

impl Because {
    /// Because of the request or task that is at work now.
    pub fn now() -> Self {
        let traceparent = ports::Context::trace().map(ports::Trace::traceparent);
        Self { traceparent, origin: Origin::current(), ..Self::default() }
    }
}

impl From<&Envelope> for Because {
    fn from(message: &Envelope) -> Self {
        Self {
            message: Some(message.id),
            correlation_id: message.correlation_id.clone(),
            traceparent: message.traceparent.clone(),
            origin: None,
        }
    }
}

/// Because of the command that is to be answered there.
impl From<&ReplyAddress> for Because {
    fn from(address: &ReplyAddress) -> Self {
        Self {
            message: Some(address.command),
            correlation_id: address.correlation_id.clone(),
            traceparent: address.traceparent.clone(),
            origin: None,
        }
    }
}
