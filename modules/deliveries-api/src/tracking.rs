//! What a carrier says of a parcel on its way.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::*;

kernel::id! {
    /// Names one thing that happened to a parcel.
    TrackingEventId = "trk"
}

/// Where a parcel is, for anybody who knows its waybill: nothing in it tells whose it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tracking {
    /// The carrier's number for it.
    pub waybill: Waybill,
    /// Who carries it.
    pub carrier: String,
    /// How far it has got.
    pub status: Status,
    /// What happened to it, the latest first.
    pub events: Vec<TrackingEvent>,
    /// The shipment's version.
    pub version: Version,
}

/// Something that happened to a parcel, as its carrier says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrackingEvent {
    /// Never reused.
    pub id: TrackingEventId,
    /// What.
    pub code: TrackingCode,
    /// When, by the carrier's clock.
    pub occurred_at: Timestamp,
    /// Where: a place, not an address.
    pub location: Option<String>,
    /// The same for people.
    pub text: String,
    /// How it came to be known.
    pub source: TrackingSource,
}

/// What can happen to a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackingCode {
    /// The carrier took it.
    Accepted,
    /// It was scanned on its way.
    InTransit,
    /// It is on the last van.
    OutForDelivery,
    /// Nobody was there.
    FailedAttempt,
    /// It arrived.
    Delivered,
    /// It is on its way back.
    Returning,
    /// It is back in the house.
    Returned,
    /// It cannot be found.
    Lost,
}

/// How something that happened to a parcel came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackingSource {
    /// The carrier told.
    Webhook,
    /// The carrier was asked.
    Poll,
}

/// What a carrier sent, word for word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Who claims to have sent it.
    pub carrier: String,
    /// `t=<seconds>,v1=<HMAC-SHA-256 of "<seconds>.<body>" in URL-safe base 64>`
    pub signature: String,
    /// What the signature covers.
    pub body: String,
}

/// A webhook was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// Whether it had come before.
    pub duplicate: bool,
}
