//! The way of a parcel, stage by stage.

use std::time::Duration;

use deliveries_api::{
    Error, Portion, Shipment, ShipmentCancelled, ShipmentDelivered, ShipmentDispatched, ShipmentId,
    ShipmentPrepared, ShipmentProgressed, ShipmentSplit, Status, TrackingEvent, Waybill,
};
use kernel::{Timestamp, Version};
use orders_api::DeliveryStatus;

use super::{splitting, together::overall, tracking};
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

    /// Takes `wanted` out of a parcel that is in the house; they become the parcel `id`, which has no waybill
    /// yet.
    pub(crate) fn split(
        mut self,
        wanted: &[Portion],
        id: ShipmentId,
        seq: u32,
        now: Timestamp,
    ) -> Result<(Change, Parcel), Error> {
        let status = self.status();
        if !status.is_in_the_house() {
            return Err(Error::NotDivisible(status));
        }
        let shipment = &mut self.change.parcel.shipment;
        let (kept, taken) = splitting::divide(&shipment.lines, wanted)?;
        let part = Shipment {
            id,
            seq,
            lines: taken,
            waybill: None,
            status: Status::Pending,
            created_at: now,
            version: Version::FIRST,
            ..shipment.clone()
        };
        shipment.lines = kept;
        shipment.version = shipment.version.next();
        let Shipment { id: shipment, order, customer, version, .. } = *shipment;
        let news = News::Split(ShipmentSplit {
            shipment,
            order,
            customer,
            into: id,
            lines: portions(&self.change.parcel.shipment),
            status,
            overall: overall(&self.statuses),
            version,
            at: now,
        });
        self.change.parcel.timeline.push(news.moment());
        self.change.news.push(news);
        Ok((self.change, Parcel::of(part)))
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

/// A parcel that was just prepared beside `others` of its order, under the waybill it could be given at once,
/// or without one: then the carrier is to be asked now.
pub(crate) fn born(mut parcel: Parcel, waybill: Option<Waybill>, others: &[Parcel]) -> Change {
    let at = parcel.shipment.created_at;
    if waybill.is_none() {
        parcel.due_at = Some(at);
        return Change::of(parcel);
    }
    parcel.shipment.waybill = waybill;
    parcel.shipment.status = Status::Ready;
    let mut change = Change::of(parcel);
    let others = others.iter().map(|other| other.shipment.status);
    let statuses: Vec<_> = others.chain([Status::Ready]).collect();
    note(&mut change, overall(&statuses), at);
    change
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
    let lines = portions(&parcel.shipment);
    Some(match status {
        Status::Pending => return None,
        Status::Ready => News::Prepared(ShipmentPrepared {
            shipment,
            order,
            customer,
            carrier,
            waybill: waybill?,
            lines,
            overall,
            version,
            at,
        }),
        Status::Dispatched => News::Dispatched(ShipmentDispatched {
            shipment,
            order,
            customer,
            carrier,
            waybill: waybill?,
            lines,
            overall,
            version,
            at,
        }),
        Status::Delivered => News::Delivered(ShipmentDelivered {
            shipment,
            order,
            customer,
            lines,
            overall,
            version,
            at,
        }),
        Status::Cancelled => News::Cancelled(ShipmentCancelled {
            shipment,
            order,
            customer,
            lines,
            overall,
            version,
            at,
        }),
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
            lines,
            overall,
            version,
            at,
        }),
    })
}

/// What is in a shipment, as it is announced.
pub(super) fn portions(shipment: &Shipment) -> Vec<Portion> {
    shipment.lines.iter().map(Portion::from).collect()
}
