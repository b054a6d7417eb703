//! How orders and their timelines look in lists.

use history_api::{Entry, Filter, Happened, Source};
use host::Links;
use kernel::{Money, Timestamp};
use orders_api::{DeliveryStatus, Line, PaymentStatus, Status};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which orders are wanted; all that is said must hold.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// `pending`, `completed`, `cancelling`, `cancelled`, `expired` or `rejected`.
    #[param(value_type = Option<String>, example = "completed")]
    status: Option<Status>,
    /// `none`, `authorized`, `paid`, `partially_refunded` or `refunded`.
    #[param(value_type = Option<String>, example = "paid")]
    payment_status: Option<PaymentStatus>,
    /// `none`, `preparing`, `in_transit`, `partially_delivered`, `delivered`, `returning` or `returned`.
    #[param(value_type = Option<String>, example = "in_transit")]
    delivery_status: Option<DeliveryStatus>,
    /// Placed at this instant or later.
    #[param(value_type = Option<String>, format = DateTime)]
    placed_from: Option<Timestamp>,
    /// Placed before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    placed_to: Option<Timestamp>,
    /// The same as the header `Read-After`.
    pub(super) after_position: Option<String>,
}

/// What the timeline must know.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedTimeline {
    /// The same as the header `Read-After`.
    pub(super) after_position: Option<String>,
}

impl Wanted {
    pub(super) fn filter(self) -> Filter {
        let Self { status, payment_status, delivery_status, placed_from, placed_to, .. } = self;
        Filter { status, payment_status, delivery_status, placed_from, placed_to }
    }
}

/// An order in the list of all of them.
#[derive(Serialize, ToSchema)]
pub(super) struct OrderEntry {
    /// `ord_…`
    id: String,
    /// For people, with a check digit.
    number: String,
    /// `pending`, `completed`, `cancelling`, `cancelled`, `expired` or `rejected`.
    #[schema(value_type = String, example = "completed")]
    status: Status,
    /// `none`, `authorized`, `paid`, `partially_refunded` or `refunded`.
    #[schema(value_type = String, example = "paid")]
    payment_status: PaymentStatus,
    /// `none`, `preparing`, `in_transit`, `partially_delivered`, `delivered`, `returning` or `returned`.
    #[schema(value_type = String, example = "preparing")]
    delivery_status: DeliveryStatus,
    lines: Vec<OrderEntryLine>,
    /// What the customer pays, or has paid.
    total: Money,
    placed_at: Timestamp,
    /// Which version of the order the list knows; the order itself may be further.
    version: u64,
    #[serde(rename = "_links")]
    links: Links,
}

/// What was bought.
#[derive(Serialize, ToSchema)]
struct OrderEntryLine {
    sku: String,
    title: String,
    quantity: u32,
    /// What one cost.
    price: Money,
}

impl From<Entry> for OrderEntry {
    fn from(entry: Entry) -> Self {
        let href = format!("/v1/orders/{}", entry.order);
        let mut links = Links::of(&href)
            .to("timeline", format!("{href}/timeline"))
            .to("payment", format!("/v1/payments/{}", entry.payment));
        if entry.delivery_status != DeliveryStatus::None {
            links = links.to("deliveries", format!("{href}/deliveries"));
        }
        Self {
            id: entry.order.to_string(),
            number: entry.number.to_string(),
            status: entry.status,
            payment_status: entry.payment_status,
            delivery_status: entry.delivery_status,
            lines: entry.lines.into_iter().map(OrderEntryLine::from).collect(),
            total: entry.total,
            placed_at: entry.placed_at,
            version: entry.version.0,
            links,
        }
    }
}

impl From<Line> for OrderEntryLine {
    fn from(Line { quantity, sku, title, price, .. }: Line) -> Self {
        Self { sku, title, quantity, price }
    }
}

/// Something that happened to an order, its payment or one of its parcels.
#[derive(Serialize, ToSchema)]
pub(super) struct TimelineEntry {
    at: Timestamp,
    /// In kebab case, for programs.
    #[schema(example = "order-placed")]
    what: String,
    /// More about it, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Who told it: `orders`, `payments` or `deliveries`.
    #[schema(value_type = String, example = "orders")]
    source: Source,
    /// What it happened to: `ord_…`, `pay_…` or `shp_…`.
    thing: String,
    /// Which version of it that led to.
    version: u64,
    #[serde(rename = "_links")]
    links: Links,
}

impl From<Happened> for TimelineEntry {
    fn from(Happened { source, thing, moment }: Happened) -> Self {
        let (relation, place) = match source {
            Source::Orders => ("order", "orders"),
            Source::Payments => ("payment", "payments"),
            Source::Deliveries => ("delivery", "deliveries"),
        };
        Self {
            links: Links::default().to(relation, format!("/v1/{place}/{thing}")),
            at: moment.at,
            what: moment.what,
            detail: moment.detail,
            source,
            thing,
            version: moment.version.0,
        }
    }
}
