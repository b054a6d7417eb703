//! What deliveries announces. Every event about the shipments of one order is applied in its order.

use kernel::{Event, Message};

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
    /// How far all shipments of the order have got together.
    pub overall: DeliveryStatus,
    /// The shipment's version.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

macro_rules! announced {
    ($($event:ident = $type:literal;)+) => {$(
        impl Message for $event {
            const CHANNEL: &'static str = "deliveries.shipment";
            const TYPE: &'static str = $type;
            fn key(&self) -> String {
                self.order.to_string()
            }
        }

        impl Event for $event {}
    )+};
}

announced! {
    ShipmentPrepared = "shipment-prepared";
    ShipmentDispatched = "shipment-dispatched";
    ShipmentProgressed = "shipment-progressed";
    ShipmentDelivered = "shipment-delivered";
    ShipmentCancelled = "shipment-cancelled";
}
