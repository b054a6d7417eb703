//! The stages of a parcel's way.

use serde::{Deserialize, Serialize};

/// How far a shipment has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The carrier was not asked for a waybill yet.
    Pending,
    /// It has a waybill and waits for the carrier.
    Ready,
    /// The carrier has it.
    Dispatched,
    /// The carrier has scanned it on its way.
    InTransit,
    /// On the last van.
    OutForDelivery,
    /// Nobody was there; the carrier tries again.
    FailedAttempt,
    /// It arrived.
    Delivered,
    /// On the way back.
    Returning,
    /// Back in the house.
    Returned,
    /// The carrier has lost it.
    Lost,
    /// Called off before the carrier had it.
    Cancelled,
}

impl Status {
    /// Every status, in the order of the way.
    pub const ALL: [Self; 11] = [
        Self::Pending,
        Self::Ready,
        Self::Dispatched,
        Self::InTransit,
        Self::OutForDelivery,
        Self::FailedAttempt,
        Self::Delivered,
        Self::Returning,
        Self::Returned,
        Self::Lost,
        Self::Cancelled,
    ];

    /// The status in snake case, as JSON and tables write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Dispatched => "dispatched",
            Self::InTransit => "in_transit",
            Self::OutForDelivery => "out_for_delivery",
            Self::FailedAttempt => "failed_attempt",
            Self::Delivered => "delivered",
            Self::Returning => "returning",
            Self::Returned => "returned",
            Self::Lost => "lost",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether the carrier does not have it yet, so that it can be called off.
    pub const fn is_in_the_house(self) -> bool {
        matches!(self, Self::Pending | Self::Ready)
    }

    /// Whether the carrier has it, and something may still happen to it.
    pub const fn is_under_way(self) -> bool {
        match self {
            Self::Dispatched
            | Self::InTransit
            | Self::OutForDelivery
            | Self::FailedAttempt
            | Self::Returning
            | Self::Lost => true,
            Self::Pending | Self::Ready | Self::Delivered | Self::Returned | Self::Cancelled => {
                false
            }
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the status of a shipment")]
pub struct UnknownStatus(String);

impl std::str::FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        let status = Self::ALL.into_iter().find(|status| status.as_str() == text);
        status.ok_or_else(|| UnknownStatus(text.chars().take(64).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_reads_back_what_it_shows() {
        for status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        assert!("gone".parse::<Status>().is_err());
    }
}
