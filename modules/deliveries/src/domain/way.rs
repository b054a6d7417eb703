//! The way of a parcel, stage by stage, and how far all parcels of an order have got together.

use deliveries_api::{
    Shipment, ShipmentCancelled, ShipmentDelivered, ShipmentDispatched, ShipmentPrepared,
    ShipmentProgressed, Status, Waybill,
};
use kernel::Timestamp;
use orders_api::DeliveryStatus;

use crate::parcel::{Change, News, Parcel};

/// The carrier has a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

/// Calls off every parcel of an order, or none when the carrier has one of them.
pub(crate) fn call_off(parcels: Vec<Parcel>, now: Timestamp) -> Result<Vec<Change>, Gone> {
    let status = |parcel: &Parcel| parcel.shipment.status;
    let here = |status: Status| status.is_in_the_house() || status == Status::Cancelled;
    if !parcels.iter().map(status).all(here) {
        return Err(Gone);
    }
    let mut order: Vec<Status> = parcels.iter().map(status).collect();
    let mut changes = Vec::new();
    for (nth, parcel) in parcels.into_iter().enumerate() {
        if parcel.shipment.status != Status::Cancelled {
            let mut change = Change::of(parcel);
            order[nth] = Status::Cancelled;
            advance(&mut change, Status::Cancelled, overall(&order), now);
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

/// Takes a parcel one step on and notes the news of it. `overall` is where that brings its order.
fn advance(change: &mut Change, to: Status, overall: DeliveryStatus, at: Timestamp) {
    let Parcel { shipment, dispatched_at, .. } = &mut change.parcel;
    shipment.version = shipment.version.next();
    shipment.status = to;
    if to == Status::Dispatched {
        *dispatched_at = Some(at);
    }
    note(change, overall, at);
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
