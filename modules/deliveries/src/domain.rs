//! The rules of deliveries. Nothing here awaits, reads a clock or draws a number.

mod country;
mod quoting;
mod splitting;
mod together;
mod tracking;
mod way;

use deliveries_api::{Line, Shipment, ShipmentId, Status, Waybill};
use kernel::{Identifier, Timestamp, Version};
use orders_api::OrderCompleted;

use crate::parcel::Parcel;

pub(crate) use quoting::quotes;
pub(crate) use way::{Turn, born, call_off};

/// How many waybills are tried before somebody has to look.
pub(crate) const WAYBILLS: u32 = 8;

/// The shipment of an order that is sent as a whole.
pub(crate) const FIRST: u32 = 1;

/// The parcel of a completed order; it waits for a waybill.
pub(crate) fn prepare(
    order: OrderCompleted,
    id: ShipmentId,
    carrier: &str,
    now: Timestamp,
) -> Parcel {
    let line = |line: orders_api::Line| Line {
        variant: line.variant,
        quantity: line.quantity,
        sku: line.sku,
        title: line.title,
    };
    let shipment = Shipment {
        id,
        order: order.order,
        number: Some(order.number),
        seq: FIRST,
        customer: order.customer,
        lines: order.lines.into_iter().map(line).collect(),
        ship_to: order.ship_to,
        carrier: carrier.to_owned(),
        service: order.delivery_method,
        waybill: None,
        status: Status::Pending,
        created_at: now,
        version: Version::FIRST,
    };
    Parcel::of(shipment)
}

/// The `attempt`th waybill for a shipment, from the random bits of its id: different ones for different
/// shipments, but for chance.
pub(crate) fn waybill(id: ShipmentId, attempt: u32) -> Waybill {
    // The low 62 bits of a UUIDv7 are random.
    let random = id.uuid().as_u64_pair().1;
    Waybill::new(random.rotate_left(attempt * 7))
}
