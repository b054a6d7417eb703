//! What deliveries announces. Every event about the shipments of one order is applied in its order.
//!
//! `lines` is empty in events that are older than this field: such a shipment is the whole order.

use kernel::{Event, Message, Moment};

use super::*;

/// A shipment has a waybill and waits for the carrier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShipmentPrepared {
    /// Which one.
    pub shipment: ShipmentId,
    /// Of which order.
    pub order: OrderId,
    /// Who gets it.
    pub customer: UserId,
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number for it.
    pub waybill: Waybill,
    /// What is in it.
    #[serde(default)]
    pub lines: Vec<Portion>,
    /// How far all shipments of the order have got together.
    pub overall: DeliveryStatus,
    /// The shipment's version.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

/// The carrier has a shipment: it can no longer be called off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShipmentDispatched {
    /// Which one.
    pub shipment: ShipmentId,
    /// Of which order.
    pub order: OrderId,
    /// Who gets it.
    pub customer: UserId,
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number for it.
    pub waybill: Waybill,
    /// What is in it.
    #[serde(default)]
    pub lines: Vec<Portion>,
    /// How far all shipments of the order have got together.
    pub overall: DeliveryStatus,
    /// The shipment's version.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

/// A shipment on its way got further, or did not: the carrier said so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShipmentProgressed {
    /// Which one.
    pub shipment: ShipmentId,
    /// Of which order.
    pub order: OrderId,
    /// Who gets it.
    pub customer: UserId,
    /// How far it has got.
    pub status: Status,
    /// What is in it.
    #[serde(default)]
    pub lines: Vec<Portion>,
    /// How far all shipments of the order have got together.
    pub overall: DeliveryStatus,
    /// The shipment's version.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

/// A shipment arrived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShipmentDelivered {
    /// Which one.
    pub shipment: ShipmentId,
    /// Of which order.
    pub order: OrderId,
    /// Who gets it.
    pub customer: UserId,
    /// What is in it.
    #[serde(default)]
    pub lines: Vec<Portion>,
    /// How far all shipments of the order have got together.
    pub overall: DeliveryStatus,
    /// The shipment's version.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

/// A shipment was called off before the carrier had it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShipmentCancelled {
    /// Which one.
    pub shipment: ShipmentId,
    /// Of which order.
    pub order: OrderId,
    /// Who gets it.
    pub customer: UserId,
    /// What is in it.
    #[serde(default)]
    pub lines: Vec<Portion>,
    /// How far all shipments of the order have got together.
    pub overall: DeliveryStatus,
    /// The shipment's version.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

/// A part of a shipment that is in the house became a shipment of its own, which [`ShipmentPrepared`] tells of
/// when it has a waybill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShipmentSplit {
    /// Which one.
    pub shipment: ShipmentId,
    /// Of which order.
    pub order: OrderId,
    /// Who gets it.
    pub customer: UserId,
    /// What has become of the part.
    pub into: ShipmentId,
    /// What is left in it.
    pub lines: Vec<Portion>,
    /// Whether it has a waybill yet.
    pub status: Status,
    /// How far all shipments of the order have got together.
    pub overall: DeliveryStatus,
    /// The shipment's version.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

macro_rules! announced {
    ($($event:ident = $type:literal, $detail:expr;)+) => {$(
        impl Message for $event {
            const CHANNEL: &'static str = "deliveries.shipment";
            const TYPE: &'static str = $type;
            fn key(&self) -> String {
                self.order.to_string()
            }
        }

        impl Event for $event {}

        impl From<&$event> for Moment {
            fn from(event: &$event) -> Self {
                let detail: fn(&$event) -> Option<String> = $detail;
                Self { detail: detail(event), ..Self::new(event.version, event.at, $type) }
            }
        }
    )+};
}

announced! {
    ShipmentPrepared = "shipment-prepared", |it| Some(format!("{} {}", it.carrier, it.waybill));
    ShipmentDispatched = "shipment-dispatched", |it| Some(format!("{} {}", it.carrier, it.waybill));
    ShipmentProgressed = "shipment-progressed", |it| Some(it.status.as_str().to_owned());
    ShipmentDelivered = "shipment-delivered", |_| None;
    ShipmentCancelled = "shipment-cancelled", |_| None;
    ShipmentSplit = "shipment-split", |it| Some(format!("into {}", it.into));
}
