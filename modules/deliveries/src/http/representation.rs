//! How deliveries look to the world.

use actix_web::http::Method;
use deliveries_api::{Line, Quote, Quotes, Received, Shipment, Status, Tracking, TrackingEvent};
use host::Links;
use kernel::{Money, Timestamp};
use orders_api::OrderId;
use serde::Serialize;
use users_api::PostalAddress;
use utoipa::ToSchema;

use super::{label, wishes::DeliveryStage};

/// A shipment.
#[derive(Serialize, ToSchema)]
pub(super) struct DeliveryView {
    /// `shp_…`
    id: String,
    /// `ord_…`
    order_id: String,
    /// The number of the order, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_number: Option<String>,
    /// Counts the order's shipments, from 1.
    seq: u32,
    #[schema(inline, value_type = DeliveryStage)]
    status: Status,
    carrier: String,
    /// The delivery method.
    service: String,
    /// The carrier's number for it (UPU S10); there is none yet as long as it is `pending`.
    #[schema(example = "RX473124829DE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    waybill: Option<String>,
    lines: Vec<DeliveryLineView>,
    ship_to: DeliveryAddressView,
    created_at: Timestamp,
    version: u64,
    #[serde(rename = "_links")]
    links: Links,
}

/// One line of a shipment.
#[derive(Serialize, ToSchema)]
struct DeliveryLineView {
    /// `var_…`
    variant_id: String,
    sku: String,
    title: String,
    quantity: u32,
}

/// Where a shipment goes.
#[derive(Serialize, ToSchema)]
struct DeliveryAddressView {
    recipient: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    line1: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line2: Option<String>,
    city: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    postal_code: String,
    /// ISO 3166-1 alpha-2.
    country: String,
}

/// The shipments of one order.
#[derive(Serialize, ToSchema)]
pub(super) struct DeliveryList {
    items: Vec<DeliveryView>,
    #[serde(rename = "_links")]
    links: Links,
}

/// Where a parcel is.
#[derive(Serialize, ToSchema)]
pub(super) struct TrackingView {
    #[schema(example = "RX473124829DE")]
    waybill: String,
    carrier: String,
    #[schema(inline, value_type = DeliveryStage)]
    status: Status,
    /// The latest first.
    events: Vec<TrackingEventView>,
    #[serde(rename = "_links")]
    links: Links,
}

/// Something that happened to a parcel.
#[derive(Serialize, ToSchema)]
struct TrackingEventView {
    /// `accepted`, `in_transit`, `out_for_delivery`, `failed_attempt`, `delivered`, `returning`, `returned`
    /// or `lost`.
    #[schema(value_type = String, example = "in_transit")]
    code: deliveries_api::TrackingCode,
    occurred_at: Timestamp,
    /// A place.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    /// For people.
    text: String,
}

/// A carrier's message was taken in.
#[derive(Serialize, ToSchema)]
pub(super) struct CarrierReceipt {
    /// Whether it had come before.
    duplicate: bool,
}

/// The ways a parcel can go somewhere.
#[derive(Serialize, ToSchema)]
pub(super) struct MethodList {
    /// Cheapest first.
    items: Vec<MethodView>,
    /// What this answer cannot promise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<MethodWarning>,
    #[serde(rename = "_links")]
    links: Links,
}

/// Something that is not known.
#[derive(Serialize, ToSchema)]
struct MethodWarning {
    /// `carrier-silent`
    code: &'static str,
    /// For people.
    detail: String,
}

/// One way a parcel can go.
#[derive(Serialize, ToSchema)]
struct MethodView {
    /// What to give as `delivery_method`.
    #[schema(example = "standard")]
    code: String,
    name: String,
    price: Money,
    /// Within how many working days.
    days: u32,
}

impl DeliveryList {
    /// The shipments of `order`.
    pub(super) fn new(order: OrderId, shipments: Vec<Shipment>) -> Self {
        let here = format!("/v1/orders/{order}");
        let links = Links::of(format!("{here}/deliveries")).to("order", here);
        Self { items: shipments.into_iter().map(DeliveryView::of_customer).collect(), links }
    }
}

impl MethodList {
    /// What `here` answers.
    pub(super) fn new(here: String, quotes: Quotes) -> Self {
        let warning = |carrier: String| MethodWarning {
            code: "carrier-silent",
            detail: format!("{carrier} gave no answer"),
        };
        let view = |quote: Quote| MethodView {
            code: quote.method,
            name: quote.name,
            price: quote.price,
            days: quote.days,
        };
        Self {
            items: quotes.items.into_iter().map(view).collect(),
            warnings: quotes.silent.into_iter().map(warning).collect(),
            links: Links::of(here),
        }
    }
}

impl DeliveryView {
    /// A shipment as its customer sees it.
    pub(super) fn of_customer(shipment: Shipment) -> Self {
        let links = Links::of(format!("/v1/deliveries/{}", shipment.id))
            .to("order", format!("/v1/orders/{}", shipment.order));
        Self::new(shipment, links)
    }

    /// A shipment as staff see it, with what they can do about it now.
    pub(super) fn of_staff(shipment: Shipment) -> Self {
        let here = staff_place(&shipment.id.to_string());
        let post = |to: &str| (Method::POST, format!("{here}/{to}"));
        let (dispatch, cancel, split) = (post("dispatch"), post("cancellation"), post("split"));
        let things: u32 = shipment.lines.iter().map(|line| line.quantity).sum();
        let divisible = shipment.status.is_in_the_house() && things > 1;
        let mut links = Links::of(&here)
            .to("order", format!("/v1/admin/orders/{}", shipment.order))
            .action(divisible, "split", split.0, split.1)
            .action(shipment.status == Status::Ready, "dispatch", dispatch.0, dispatch.1)
            .action(shipment.status.is_in_the_house(), "cancel", cancel.0, cancel.1);
        if label::is_there(&shipment) {
            links = links.to("label", format!("{here}/label"));
        }
        Self::new(shipment, links)
    }

    /// Where staff find it.
    pub(super) fn place(&self) -> String {
        staff_place(&self.id)
    }

    fn new(shipment: Shipment, mut links: Links) -> Self {
        if let Some(waybill) = &shipment.waybill {
            links = links.to("track", format!("/v1/tracking/{waybill}"));
        }
        Self {
            id: shipment.id.to_string(),
            order_id: shipment.order.to_string(),
            order_number: shipment.number.map(Into::into),
            seq: shipment.seq,
            status: shipment.status,
            carrier: shipment.carrier,
            service: shipment.service,
            waybill: shipment.waybill.map(Into::into),
            lines: shipment.lines.into_iter().map(Into::into).collect(),
            ship_to: shipment.ship_to.into(),
            created_at: shipment.created_at,
            version: shipment.version.0,
            links,
        }
    }
}

fn staff_place(id: &str) -> String {
    format!("/v1/admin/deliveries/{id}")
}

impl From<Tracking> for TrackingView {
    fn from(tracking: Tracking) -> Self {
        let Tracking { waybill, carrier, status, events, .. } = tracking;
        let links = Links::of(format!("/v1/tracking/{waybill}"));
        let events = events.into_iter().map(Into::into).collect();
        Self { waybill: waybill.into(), carrier, status, events, links }
    }
}

impl From<TrackingEvent> for TrackingEventView {
    fn from(event: TrackingEvent) -> Self {
        let TrackingEvent { code, occurred_at, location, text, .. } = event;
        Self { code, occurred_at, location, text }
    }
}

impl From<Received> for CarrierReceipt {
    fn from(received: Received) -> Self {
        Self { duplicate: received.duplicate }
    }
}

impl From<Line> for DeliveryLineView {
    fn from(line: Line) -> Self {
        let Line { variant, quantity, sku, title } = line;
        Self { variant_id: variant.to_string(), sku, title, quantity }
    }
}

impl From<PostalAddress> for DeliveryAddressView {
    fn from(address: PostalAddress) -> Self {
        let PostalAddress { recipient, phone, line1, line2, city, region, postal_code, country } =
            address;
        Self { recipient, phone, line1, line2, city, region, postal_code, country }
    }
}
