//! How deliveries look to the world.

use deliveries_api::{Line, Quote, Shipment, Status};
use host::Links;
use kernel::{Money, Timestamp};
use orders_api::OrderId;
use serde::{Deserialize, Serialize};
use users_api::PostalAddress;
use utoipa::{IntoParams, ToSchema};

/// Where a parcel would go, and in what its price is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Target {
    /// ISO 3166-1 alpha-2, upper case.
    #[param(example = "DE")]
    pub(super) country: String,
    /// ISO 4217, upper case.
    #[param(example = "EUR")]
    pub(super) currency: String,
}

/// A shipment.
#[derive(Serialize, ToSchema)]
pub(super) struct DeliveryView {
    /// `shp_…`
    id: String,
    /// `ord_…`
    order_id: String,
    /// Counts the order's shipments, from 1.
    seq: u32,
    /// `pending`, `ready`, `dispatched`, `in_transit`, `out_for_delivery`, `failed_attempt`, `delivered`,
    /// `returning`, `returned`, `lost` or `cancelled`.
    #[schema(value_type = String, example = "ready")]
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

/// The ways a parcel can go somewhere.
#[derive(Serialize, ToSchema)]
pub(super) struct MethodList {
    /// Cheapest first.
    items: Vec<MethodView>,
    #[serde(rename = "_links")]
    links: Links,
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
        Self { items: shipments.into_iter().map(Into::into).collect(), links }
    }
}

impl MethodList {
    /// What `here` answers.
    pub(super) fn new(here: String, quotes: Vec<Quote>) -> Self {
        let view = |quote: Quote| MethodView {
            code: quote.method,
            name: quote.name,
            price: quote.price,
            days: quote.days,
        };
        Self { items: quotes.into_iter().map(view).collect(), links: Links::of(here) }
    }
}

impl From<Shipment> for DeliveryView {
    fn from(shipment: Shipment) -> Self {
        let links = Links::of(format!("/v1/deliveries/{}", shipment.id))
            .to("order", format!("/v1/orders/{}", shipment.order));
        Self {
            id: shipment.id.to_string(),
            order_id: shipment.order.to_string(),
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
