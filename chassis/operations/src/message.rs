//! What is said about parked messages.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use host::Intent;
use kernel::{PageRequest, Version};
use messaging::parked::{Parked, Place, State};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::value::RawValue;

use crate::Entry;

/// Names one parked message, and with it the module where it is parked. Shown as `msg_…`, which means nothing
/// to anybody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageId(Place);

/// The text names no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the id of a parked message: they begin with msg_ and are shown in lists")]
pub struct InvalidMessageId(String);

/// Which parked messages are wanted; all that is said must hold.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Messages {
    /// For this subscriber group; a module has one, of its own name.
    pub group: Option<String>,
    /// Of this channel.
    pub channel: Option<String>,
    /// About the thing with this id.
    pub key: Option<String>,
    /// In this state.
    pub state: Option<State>,
    /// Which part of the list.
    pub page: PageRequest,
}

/// Everything that is known about a parked message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Inspection {
    /// The message, and why it is here.
    pub message: Parked,
    /// How many messages of its key wait behind it.
    pub behind: u64,
    /// What people did to it, the newest first; not more than one page.
    pub audit: Vec<Entry>,
}

/// Somebody wants something to be done to a message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Change {
    /// Which message.
    pub id: MessageId,
    /// Who wants it, for the audit: a user's id, or a name.
    pub by: String,
    /// The version that was looked at, which must still be the current one.
    pub based_on: Option<Version>,
    /// Two wishes with one intent are one.
    pub intent: Option<Intent>,
}

/// Somebody wants a message to say something else.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Edit {
    /// Which one, and who wants it.
    pub change: Change,
    /// What it says from now on; any JSON, because only its reader knows what fits.
    pub payload: Box<RawValue>,
}

/// What was done to a message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Changed {
    /// As it is parked now.
    pub message: Parked,
    /// Whether nothing was done now, because it was done before under the same intent.
    pub replayed: bool,
}

impl MessageId {
    /// What every id begins with.
    pub const PREFIX: &str = "msg_";

    /// The id of the message that is parked there.
    pub fn of(place: &Place) -> Self {
        Self(place.clone())
    }

    /// Where it is parked.
    pub fn place(&self) -> &Place {
        &self.0
    }

    /// The module where it is parked: a subscriber group is named after its module.
    pub fn module(&self) -> &str {
        &self.0.subscriber
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { subscriber, source, channel, key, seq } = &self.0;
        let place = serde_json::json!([subscriber, source, channel, key, seq]);
        write!(f, "{}{}", Self::PREFIX, URL_SAFE_NO_PAD.encode(place.to_string()))
    }
}

impl FromStr for MessageId {
    type Err = InvalidMessageId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let place = || {
            let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(Self::PREFIX)?).ok()?;
            let (subscriber, source, channel, key, seq) = serde_json::from_slice(&bytes).ok()?;
            Some(Self(Place { subscriber, source, channel, key, seq }))
        };
        // One message has one id: nothing else that could be read as it counts.
        let found = place().filter(|id| id.to_string() == text);
        found.ok_or_else(|| InvalidMessageId(text.chars().take(200).collect()))
    }
}

impl Serialize for MessageId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MessageId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_shows_and_nothing_else_is_one() {
        let place = Place {
            subscriber: "orders".into(),
            source: "payments".into(),
            channel: "orders.saga".into(),
            key: "checkout:ord_1 \"ü\"".into(),
            seq: 7,
        };
        let id = MessageId::of(&place);
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        let spaced = URL_SAFE_NO_PAD.encode("[\"a\", \"b\", \"c\", \"d\", 1]");
        for other in ["", "msg_", "nothing", &text[4..], &format!("msg_{spaced}")] {
            assert!(other.parse::<MessageId>().is_err(), "{other}");
        }
    }
}
