//! One field of a partial change (JSON Merge Patch, RFC 7396).

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a change says about one field: nothing, that it shall be empty, or its new value.
///
/// ```
/// use kernel::Patch;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Change {
///     #[serde(default, skip_serializing_if = "Patch::is_absent")]
///     phone: Patch<String>, // in a representation: #[schema(value_type = Option<String>)]
/// }
///
/// let silent: Change = serde_json::from_str("{}").unwrap();
/// let clears: Change = serde_json::from_str(r#"{"phone":null}"#).unwrap();
/// assert_eq!((silent.phone, clears.phone), (Patch::Absent, Patch::Null));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Leave it as it is.
    #[default]
    Absent,
    /// Empty it.
    Null,
    /// Set it.
    Value(T),
}

impl<T> Patch<T> {
    /// Whether nothing is said. For `skip_serializing_if`, without which silence would become [`Null`](Self::Null).
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The field after the change.
    pub fn applied_to(self, now: Option<T>) -> Option<T> {
        match self {
            Self::Absent => now,
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }

    /// The change with its value read more closely.
    ///
    /// # Errors
    /// What `read` says about the value.
    pub fn try_map<U, E>(self, read: impl FnOnce(T) -> Result<U, E>) -> Result<Patch<U>, E> {
        Ok(match self {
            Self::Absent => Patch::Absent,
            Self::Null => Patch::Null,
            Self::Value(value) => Patch::Value(read(value)?),
        })
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_none(),
            Self::Value(value) => serializer.serialize_some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}
