//! The rules of deliveries. Nothing here awaits, reads a clock or draws a number.

mod country;

use deliveries_api::{
    Destination, Error, Line, Quote, Result, Shipment, ShipmentId, ShipmentPrepared, Status,
    Waybill,
};
use kernel::{Identifier, Timestamp, Version, Violation};
use orders_api::{DeliveryStatus, OrderCompleted};

use crate::settings::{Method, Rate};

/// How many waybills are tried before somebody has to look.
pub(crate) const WAYBILLS: u32 = 8;

/// The shipment of an order that is sent as a whole.
const FIRST: u32 = 1;

/// What the methods cost to `to`, cheapest first; nothing for those that do not go there.
pub(crate) fn quotes(methods: &[Method], to: &Destination) -> Result<Vec<Quote>> {
    let zone = country::zone(&to.country).ok_or_else(|| {
        let detail = "a country is two upper case letters of ISO 3166-1, such as DE";
        Error::Invalid(vec![Violation::new("/country", "unknown-country", detail)])
    })?;
    let fits = |rate: &&Rate| rate.zone == zone && rate.price.currency == to.currency;
    let quote = |method: &Method| {
        let rate = method.rates.iter().find(fits)?;
        let (method, name) = (method.code.clone(), method.name.clone());
        Some(Quote { method, name, price: rate.price, days: rate.days })
    };
    let mut quotes: Vec<Quote> = methods.iter().filter_map(quote).collect();
    quotes.sort_by_key(|quote| quote.price.minor);
    Ok(quotes)
}

/// The parcel of a completed order, ready for the carrier under its first waybill.
pub(crate) fn prepare(
    order: OrderCompleted,
    id: ShipmentId,
    carrier: &str,
    now: Timestamp,
) -> Shipment {
    let line = |line: orders_api::Line| Line {
        variant: line.variant,
        quantity: line.quantity,
        sku: line.sku,
        title: line.title,
    };
    Shipment {
        id,
        order: order.order,
        seq: FIRST,
        customer: order.customer,
        lines: order.lines.into_iter().map(line).collect(),
        ship_to: order.ship_to,
        carrier: carrier.to_owned(),
        service: order.delivery_method,
        waybill: waybill(id, 0),
        status: Status::Ready,
        created_at: now,
        version: Version::FIRST,
    }
}

/// The `attempt`th waybill for a shipment, from the random bits of its id: different ones for different
/// shipments, but for chance.
pub(crate) fn waybill(id: ShipmentId, attempt: u32) -> Waybill {
    // The low 62 bits of a UUIDv7 are random.
    let random = id.uuid().as_u64_pair().1;
    Waybill::new(random.rotate_left(attempt * 7))
}

/// What is announced about a fresh shipment.
pub(crate) fn prepared(shipment: &Shipment) -> ShipmentPrepared {
    ShipmentPrepared {
        shipment: shipment.id,
        order: shipment.order,
        customer: shipment.customer,
        carrier: shipment.carrier.clone(),
        waybill: shipment.waybill.clone(),
        overall: DeliveryStatus::Preparing,
        version: shipment.version,
        at: shipment.created_at,
    }
}
