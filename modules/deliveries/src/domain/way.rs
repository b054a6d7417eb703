//! The way of a parcel, stage by stage, and how far all parcels of an order have got together.

use std::time::Duration;

use deliveries_api::{
    Error, Shipment, ShipmentCancelled, ShipmentDelivered, ShipmentDispatched, ShipmentId,
    ShipmentPrepared, ShipmentProgressed, Status, TrackingEvent, Waybill,
};
use kernel::Timestamp;
use orders_api::DeliveryStatus;

use super::tracking;
use crate::parcel::{Change, News, Parcel};

/// One parcel that is about to change, among the parcels of its order.
pub(crate) struct Turn {
    statuses: Vec<Status>,
    nth: usize,
    change: Change,
}

impl Turn {
    /// The turn of the `nth` of an order's parcels.
    fn new(parcels: &[Parcel], nth: usize) -> Self {
        let statuses = parcels.iter().map(|parcel| parcel.shipment.status).collect();
        Self { statuses, nth, change: Change::of(parcels[nth].clone()) }
    }

    /// The turn of the parcel `id`; nothing when it is not among them.
    pub(crate) fn of(parcels: &[Parcel], id: ShipmentId) -> Option<Self> {
        let nth = parcels.iter().position(|parcel| parcel.shipment.id == id)?;
        Some(Self::new(parcels, nth))
    }

    /// The parcel as it is.
    pub(crate) fn parcel(&self) -> &Parcel {
        &self.change.parcel
    }

    /// How far the parcel has got.
    pub(crate) fn status(&self) -> Status {
        self.statuses[self.nth]
    }

    /// Gives a parcel its waybill.
    pub(crate) fn booked(mut self, waybill: Waybill, now: Timestamp) -> Option<Change> {
        if self.status() != Status::Pending {
            return None;
        }
        let Parcel { shipment, due_at, .. } = &mut self.change.parcel;
        shipment.waybill = Some(waybill);
        *due_at = None;
        self.step(Status::Ready, now);
        Some(self.change)
    }

    /// Gives a parcel to its carrier, who is asked about it `soon`; nothing when the carrier has it.
    pub(crate) fn dispatched(
        mut self,
        now: Timestamp,
        soon: Timestamp,
    ) -> Result<Option<Change>, Error> {
        match self.status() {
            Status::Ready => {
                self.change.parcel.due_at = Some(soon);
                self.step(Status::Dispatched, now);
                Ok(Some(self.change))
            }
            status @ (Status::Pending | Status::Cancelled) => Err(Error::NotDispatchable(status)),
            _ => Ok(None),
        }
    }

    /// Calls a parcel off; nothing when it was.
    pub(crate) fn cancelled(mut self, now: Timestamp) -> Result<Option<Change>, Error> {
        match self.status() {
            Status::Pending | Status::Ready => {
                let parcel = &mut self.change.parcel;
                // The carrier still counts on it.
                parcel.due_at = parcel.shipment.waybill.is_some().then_some(now);
                self.step(Status::Cancelled, now);
                Ok(Some(self.change))
            }
            Status::Cancelled => Ok(None),
            status => Err(Error::NotCancellable(status)),
        }
    }

    /// Takes a parcel to where its tracking events say that it is, as far as that is further. `fresh` says
    /// that some of them were not known before; `track_after` is how long to wait for more.
    pub(crate) fn tracked(
        mut self,
        events: &[TrackingEvent],
        fresh: bool,
        now: Timestamp,
        track_after: Duration,
    ) -> Change {
        let before = self.status();
        let to = tracking::reached(before, events);
        if to != before && before.is_in_the_house() && to != Status::Dispatched {
            self.step(Status::Dispatched, now);
        }
        if to != before {
            self.step(to, now);
        } else if fresh {
            let version = &mut self.change.parcel.shipment.version;
            *version = version.next();
        }
        let parcel = &mut self.change.parcel;
        if parcel.dispatched_at.is_some() {
            parcel.due_at = tracking::next_look(parcel, now, track_after);
        }
        self.change
    }

    /// Takes the parcel one step on and notes the news of it.
    fn step(&mut self, to: Status, at: Timestamp) {
        self.statuses[self.nth] = to;
        let Parcel { shipment, dispatched_at, .. } = &mut self.change.parcel;
        shipment.version = shipment.version.next();
        shipment.status = to;
        if to == Status::Dispatched {
            *dispatched_at = Some(at);
        }
        note(&mut self.change, overall(&self.statuses), at);
    }
}

/// Calls off every parcel of an order, or none when the carrier has one of them.
pub(crate) fn call_off(mut parcels: Vec<Parcel>, now: Timestamp) -> Result<Vec<Change>, Error> {
    let mut changes = Vec::new();
    for nth in 0..parcels.len() {
        if let Some(change) = Turn::new(&parcels, nth).cancelled(now)? {
            parcels[nth] = change.parcel.clone();
            changes.push(change);
        }
    }
    Ok(changes)
}

/// A parcel that was just prepared, under the waybill it could be given at once.
pub(crate) fn born_ready(mut parcel: Parcel, waybill: Waybill) -> Change {
    parcel.shipment.waybill = Some(waybill);
    parcel.shipment.status = Status::Ready;
    let at = parcel.shipment.created_at;
    let mut change = Change::of(parcel);
    note(&mut change, DeliveryStatus::Preparing, at);
    change
}

/// A parcel that was just prepared and waits for a waybill: the carrier is to be asked now.
pub(crate) fn born_pending(mut parcel: Parcel) -> Change {
    parcel.due_at = Some(parcel.shipment.created_at);
    Change::of(parcel)
}

/// Notes that a parcel has become what it is.
fn note(change: &mut Change, overall: DeliveryStatus, at: Timestamp) {
    let news = news(&change.parcel, overall, at);
    change.parcel.timeline.extend(news.as_ref().map(News::moment));
    change.news.extend(news);
}

/// What there is to tell about a parcel that has become what it is.
fn news(parcel: &Parcel, overall: DeliveryStatus, at: Timestamp) -> Option<News> {
    let Shipment { id: shipment, order, customer, version, status, .. } = parcel.shipment;
    let carrier = parcel.shipment.carrier.clone();
    let waybill = parcel.shipment.waybill.clone();
    Some(match status {
        Status::Pending => return None,
        Status::Ready => {
            let waybill = waybill?;
            News::Prepared(ShipmentPrepared {
                shipment,
                order,
                customer,
                carrier,
                waybill,
                overall,
                version,
                at,
            })
        }
        Status::Dispatched => {
            let waybill = waybill?;
            News::Dispatched(ShipmentDispatched {
                shipment,
                order,
                customer,
                carrier,
                waybill,
                overall,
                version,
                at,
            })
        }
        Status::Delivered => {
            News::Delivered(ShipmentDelivered { shipment, order, customer, overall, version, at })
        }
        Status::Cancelled => {
            News::Cancelled(ShipmentCancelled { shipment, order, customer, overall, version, at })
        }
        Status::InTransit
        | Status::OutForDelivery
        | Status::FailedAttempt
        | Status::Returning
        | Status::Returned
        | Status::Lost => News::Progressed(ShipmentProgressed {
            shipment,
            order,
            customer,
            status,
            overall,
            version,
            at,
        }),
    })
}

/// How far the parcels of an order have got together. Those that were called off do not count.
pub(crate) fn overall(parcels: &[Status]) -> DeliveryStatus {
    let parcels: Vec<_> = parcels.iter().filter(|it| **it != Status::Cancelled).collect();
    let all = |like: fn(Status) -> bool| parcels.iter().all(|status| like(**status));
    let some = |like: fn(Status) -> bool| parcels.iter().any(|status| like(**status));
    if parcels.is_empty() {
        DeliveryStatus::None
    } else if all(|status| status == Status::Delivered) {
        DeliveryStatus::Delivered
    } else if some(|status| status == Status::Delivered) {
        DeliveryStatus::PartiallyDelivered
    } else if all(|status| status == Status::Returned) {
        DeliveryStatus::Returned
    } else if some(|status| matches!(status, Status::Returning | Status::Returned)) {
        DeliveryStatus::Returning
    } else if some(Status::is_under_way) {
        DeliveryStatus::InTransit
    } else {
        DeliveryStatus::Preparing
    }
}
