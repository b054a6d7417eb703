//! A parcel as this module knows it: the shipment that others see, and what only its keeper needs.

use deliveries_api::{
    Shipment, ShipmentCancelled, ShipmentDelivered, ShipmentDispatched, ShipmentPrepared,
    ShipmentProgressed, ShipmentRecord, ShipmentSplit, Status,
};
use kernel::{Moment, Timestamp, Version};
use messaging::Publish;
use storage::{Error, Tx};

use crate::carrier::Consignment;

/// A shipment with its keeper's notes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parcel {
    pub(crate) shipment: Shipment,
    /// What happened to it, oldest first.
    pub(crate) timeline: Vec<Moment>,
    /// When the carrier got it.
    pub(crate) dispatched_at: Option<Timestamp>,
    /// When something is to be done about it with the carrier.
    pub(crate) due_at: Option<Timestamp>,
}

impl Parcel {
    /// A parcel of which there is nothing to tell yet.
    pub(crate) fn of(shipment: Shipment) -> Self {
        Self { shipment, timeline: Vec::new(), dispatched_at: None, due_at: None }
    }

    /// What the carrier knows of it; nothing as long as the carrier does not have it.
    pub(crate) fn consignment(&self) -> Option<Consignment> {
        let to = &self.shipment.ship_to;
        Some(Consignment {
            waybill: self.shipment.waybill.clone()?,
            country: to.country.clone(),
            city: to.city.clone(),
            handed_over_at: self.dispatched_at?,
        })
    }
}

/// A parcel's next state, and what it was before.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) from: (Version, Status),
    pub(crate) parcel: Parcel,
    pub(crate) news: Vec<News>,
}

/// What is announced about a parcel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum News {
    Prepared(ShipmentPrepared),
    Dispatched(ShipmentDispatched),
    Progressed(ShipmentProgressed),
    Delivered(ShipmentDelivered),
    Cancelled(ShipmentCancelled),
    Split(ShipmentSplit),
}

impl Change {
    /// Nothing is changed about `parcel` yet.
    pub(crate) fn of(parcel: Parcel) -> Self {
        let from = (parcel.shipment.version, parcel.shipment.status);
        Self { from, parcel, news: Vec::new() }
    }
}

impl News {
    /// The entry it makes in the timeline.
    pub(crate) fn moment(&self) -> Moment {
        match self {
            Self::Prepared(event) => event.into(),
            Self::Dispatched(event) => event.into(),
            Self::Progressed(event) => event.into(),
            Self::Delivered(event) => event.into(),
            Self::Cancelled(event) => event.into(),
            Self::Split(event) => event.into(),
        }
    }

    /// Tells everyone who listens.
    pub(crate) fn publish(&self, tx: &mut Tx) -> Result<(), Error> {
        match self {
            Self::Prepared(event) => tx.publish(event),
            Self::Dispatched(event) => tx.publish(event),
            Self::Progressed(event) => tx.publish(event),
            Self::Delivered(event) => tx.publish(event),
            Self::Cancelled(event) => tx.publish(event),
            Self::Split(event) => tx.publish(event),
        }
    }
}

impl From<Parcel> for ShipmentRecord {
    fn from(parcel: Parcel) -> Self {
        Self { shipment: parcel.shipment, timeline: parcel.timeline }
    }
}
