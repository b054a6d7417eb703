//! Whoever carries the parcels, as this module sees one.

use async_trait::async_trait;
use deliveries_api::{Result, ShipmentId, TrackingCode, Waybill};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::settings::Method;

/// A carrier. What goes over a network may be asked again after a [`Silence`]: the same question has
/// the same effect once.
#[async_trait]
pub(crate) trait Carrier: Send + Sync {
    /// What it is called, also in the address of its webhooks.
    fn name(&self) -> &str;

    /// Whether it was agreed beforehand that it takes parcels by `method`: nobody is asked.
    fn offers(&self, method: &str) -> bool;

    /// Asks for the ways it takes parcels, and their prices.
    async fn rates(&self) -> std::result::Result<Vec<Method>, Silence>;

    /// The `attempt`th waybill for a shipment from the range that was agreed beforehand; nothing when the
    /// carrier wants to be asked. Nobody is asked here either.
    fn draw(&self, shipment: ShipmentId, attempt: u32) -> Option<Waybill>;

    /// Asks for a waybill. The same `attempt` for the same shipment is given the same one.
    async fn book(
        &self,
        shipment: ShipmentId,
        attempt: u32,
    ) -> std::result::Result<Waybill, Silence>;

    /// Takes back a waybill that will not be used.
    async fn cancel(&self, waybill: &Waybill) -> std::result::Result<(), Silence>;

    /// Tells that a parcel lies ready. If the carrier does not hear it, it learns it when it is asked
    /// [where](Self::track) the parcel is.
    fn collect(&self, consignment: Consignment);

    /// What has happened to a parcel so far, in any order.
    async fn track(&self, consignment: &Consignment) -> std::result::Result<Vec<Scan>, Silence>;

    /// Reads a webhook, if it was signed by the carrier not too long ago.
    fn verify_webhook(&self, signature: &str, body: &str, now: Timestamp) -> Result<Scan>;
}

/// A parcel that the carrier was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Consignment {
    pub(crate) waybill: Waybill,
    /// ISO 3166-1 alpha-2.
    pub(crate) country: String,
    pub(crate) city: String,
    pub(crate) handed_over_at: Timestamp,
}

/// One thing that happened to a parcel, in the carrier's words; the body of its webhooks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CarrierEvent)]
pub(crate) struct Scan {
    /// The carrier's name for it: what has the same one is the same.
    pub(crate) id: String,
    #[schema(value_type = String, example = "RX473124829DE")]
    pub(crate) waybill: Waybill,
    /// `accepted`, `in_transit`, `out_for_delivery`, `failed_attempt`, `delivered`, `returning`, `returned`
    /// or `lost`.
    #[schema(value_type = String, example = "in_transit")]
    pub(crate) code: TrackingCode,
    pub(crate) occurred_at: Timestamp,
    /// A place.
    #[serde(default)]
    pub(crate) location: Option<String>,
    /// For people.
    pub(crate) text: String,
}

/// No answer came. What was asked for may have been done all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Silence(pub(crate) &'static str);

impl std::fmt::Display for Silence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}
