//! How orders look on the wire.

use actix_web::http::{Method, header::HeaderName};
use host::{Answer, Links};
use kernel::{Moment, Money, Timestamp};
use orders_api::{
    Counts, DeliveryStatus, Line, Order, OrderId, OrderRecord, PaymentId, PaymentStatus, Position,
    Status, Totals,
};
use serde::Serialize;
use users_api::UserId;
use utoipa::ToSchema;

use super::request::{AddressView, ContactView};

/// Tells up to where a copy must have got to know what an answer says.
const POSITION: HeaderName = HeaderName::from_static("position");

/// An order as the customer sees it.
#[derive(Serialize, ToSchema)]
pub(super) struct OrderView {
    #[schema(value_type = String, example = "ord_01jd8k3v7tf8ntx3v1a9g5r2qc")]
    id: OrderId,
    /// For people, with a check digit.
    #[schema(example = "4711-0815-39X")]
    number: String,
    /// `pending`, `completed`, `cancelling`, `cancelled`, `expired` or `rejected`.
    #[schema(value_type = String, example = "pending")]
    status: Status,
    /// `none`, `authorized`, `paid`, `partially_refunded` or `refunded`.
    #[schema(value_type = String, example = "none")]
    payment_status: PaymentStatus,
    /// `none`, `preparing`, `in_transit`, `partially_delivered`, `delivered`, `returning` or `returned`.
    #[schema(value_type = String, example = "none")]
    delivery_status: DeliveryStatus,
    lines: Vec<LineView>,
    totals: TotalsView,
    ship_to: AddressView,
    bill_to: AddressView,
    /// How the guest who ordered is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<ContactView>,
    delivery_method: String,
    placed_at: Timestamp,
    /// When a pending order gives its stock back.
    expires_at: Timestamp,
    version: u64,
    #[serde(rename = "_links")]
    links: Links,
    #[serde(skip)]
    position: Position,
}

/// An order as the shop's own people see it.
#[derive(Serialize, ToSchema)]
pub(super) struct StaffOrderView {
    /// Who bought: a user, or a guest's id.
    #[schema(value_type = String, example = "usr_01jd8k3v7tf8ntx3v1a9g5r2qc")]
    customer_id: UserId,
    #[serde(flatten)]
    order: OrderView,
}

/// An order with everything that happened to it.
#[derive(Serialize, ToSchema)]
pub(super) struct RecordView {
    #[serde(flatten)]
    order: StaffOrderView,
    /// Oldest first.
    timeline: Vec<MomentView>,
}

/// Something that happened to an order.
#[derive(Serialize, ToSchema)]
pub(super) struct MomentView {
    /// The version of the order it led to.
    version: u64,
    at: Timestamp,
    /// What happened.
    #[schema(example = "order-placed")]
    what: String,
    /// More about it, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// What a stream of events tells: where an order stands, and how it came there since the last one.
#[derive(Serialize, ToSchema)]
pub(super) struct ProgressView {
    #[schema(value_type = String)]
    id: OrderId,
    #[schema(value_type = String, example = "completed")]
    status: Status,
    #[schema(value_type = String, example = "paid")]
    payment_status: PaymentStatus,
    #[schema(value_type = String, example = "preparing")]
    delivery_status: DeliveryStatus,
    version: u64,
    /// Up to where a copy must have got to know this.
    position: String,
    /// Oldest first.
    moments: Vec<MomentView>,
}

#[derive(Serialize, ToSchema)]
struct LineView {
    #[schema(value_type = String)]
    variant_id: products_api::VariantId,
    sku: String,
    title: String,
    quantity: u32,
    /// How many of them will not be sent.
    cancelled: u32,
    /// How many were given to a carrier.
    shipped: u32,
    /// How many of those are back.
    returned: u32,
    /// What one costs.
    price: Money,
}

#[derive(Serialize, ToSchema)]
struct TotalsView {
    items: Money,
    shipping: Money,
    /// What the customer pays.
    grand: Money,
}

impl From<Order> for OrderView {
    fn from(order: Order) -> Self {
        let links = links(&order);
        Self::with(order, links)
    }
}

impl OrderView {
    fn with(order: Order, links: Links) -> Self {
        let Totals { items, shipping, grand } = order.totals;
        Self {
            links,
            position: order.position(),
            id: order.id,
            number: order.number.to_string(),
            status: order.status,
            payment_status: order.payment_status,
            delivery_status: order.delivery_status,
            lines: order.lines.into_iter().map(LineView::from).collect(),
            totals: TotalsView { items, shipping, grand },
            ship_to: order.ship_to.into(),
            bill_to: order.bill_to.into(),
            contact: order.contact.map(|contact| ContactView { email: contact.email }),
            delivery_method: order.delivery_method,
            placed_at: order.placed_at,
            expires_at: order.expires_at,
            version: order.version.0,
        }
    }

    /// 200, tagged with its version.
    pub(super) fn found(self) -> Answer<Self> {
        let (version, position) = (self.version, self.position);
        positioned(Answer::ok(self), version, position)
    }

    /// 201: the order was placed.
    pub(super) fn created(self) -> Answer<Self> {
        let (version, position) = (self.version, self.position);
        positioned(Answer::created(&place(self.id), self), version, position)
    }
}

impl From<Order> for StaffOrderView {
    fn from(order: Order) -> Self {
        let links = staff_links(&order);
        Self { customer_id: order.customer, order: OrderView::with(order, links) }
    }
}

impl StaffOrderView {
    /// 200, tagged with its version.
    pub(super) fn found(self) -> Answer<Self> {
        let (version, position) = (self.order.version, self.order.position);
        positioned(Answer::ok(self), version, position)
    }
}

impl From<OrderRecord> for RecordView {
    fn from(record: OrderRecord) -> Self {
        let timeline = record.timeline.into_iter().map(MomentView::from).collect();
        Self { order: record.order.into(), timeline }
    }
}

impl RecordView {
    /// 200, tagged with its version.
    pub(super) fn found(self) -> Answer<Self> {
        let (version, position) = (self.order.order.version, self.order.order.position);
        positioned(Answer::ok(self), version, position)
    }
}

impl From<OrderRecord> for ProgressView {
    fn from(record: OrderRecord) -> Self {
        let OrderRecord { order, timeline } = record;
        Self {
            id: order.id,
            status: order.status,
            payment_status: order.payment_status,
            delivery_status: order.delivery_status,
            version: order.version.0,
            position: order.position().to_string(),
            moments: timeline.into_iter().map(MomentView::from).collect(),
        }
    }
}

impl From<Moment> for MomentView {
    fn from(moment: Moment) -> Self {
        let Moment { version, at, what, detail } = moment;
        Self { version: version.0, at, what, detail }
    }
}

impl From<Line> for LineView {
    fn from(line: Line) -> Self {
        let Line { variant, quantity, sku, title, price, counts } = line;
        let Counts { cancelled, shipped, returned } = counts;
        Self { variant_id: variant, sku, title, quantity, cancelled, shipped, returned, price }
    }
}

fn positioned<T>(answer: Answer<T>, version: u64, position: Position) -> Answer<T> {
    answer.version(kernel::Version(version)).with(POSITION, &position.to_string())
}

/// Where the customer finds an order.
pub(super) fn place(id: OrderId) -> String {
    format!("/v1/orders/{id}")
}

/// Related resources, and the actions that are allowed now.
fn links(order: &Order) -> Links {
    let (place, payment) = (place(order.id), payment(order.payment));
    let payable = order.status == Status::Pending && order.payment_status == PaymentStatus::None;
    let links = Links::of(&place)
        .to("payment", &payment)
        .to("events", format!("{place}/events"))
        .to("timeline", format!("{place}/timeline"))
        .action(payable, "pay", Method::POST, format!("{payment}/attempts"))
        .action(is_cancellable(order), "cancel", Method::POST, format!("{place}/cancellation"));
    match order.delivery_status {
        DeliveryStatus::None => links,
        _ => links.to("deliveries", format!("{place}/deliveries")),
    }
}

fn staff_links(order: &Order) -> Links {
    let place = format!("/v1/admin/orders/{}", order.id);
    let cancel = format!("{place}/cancellation");
    Links::of(&place).to("payment", format!("/v1/admin/payments/{}", order.payment)).action(
        is_cancellable(order),
        "cancel",
        Method::POST,
        cancel,
    )
}

/// Whether a wish to cancel can succeed.
fn is_cancellable(order: &Order) -> bool {
    let in_house =
        matches!(order.delivery_status, DeliveryStatus::None | DeliveryStatus::Preparing);
    match order.status {
        Status::Pending => true,
        Status::Completed => in_house,
        Status::Cancelling | Status::Cancelled | Status::Expired | Status::Rejected => false,
    }
}

fn payment(id: PaymentId) -> String {
    format!("/v1/payments/{id}")
}
