//! How orders look on the wire.

use actix_web::http::{Method, header::HeaderName};
use carts_api::CartId;
use host::{Answer, Links, Problem};
use kernel::{Code, Money, Timestamp, Version, Violation};
use orders_api::{DeliveryStatus, PaymentStatus, Status};
use orders_api::{Line, Order, OrderId, PaymentId, Totals};
use serde::{Deserialize, Serialize};
use users_api::{AddressId, PostalAddress};
use utoipa::ToSchema;

/// What to buy, for how much, and where it goes.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceRequest {
    /// The cart that becomes the order.
    #[schema(value_type = String, example = "crt_01jd8k3v7tf8ntx3v1a9g5r2qc")]
    pub(super) cart_id: CartId,
    /// What the customer agreed to pay, delivery included.
    pub(super) expected_total: Money,
    /// An entry of the customer's address book; or give `address`.
    #[schema(value_type = Option<String>)]
    pub(super) address_id: Option<AddressId>,
    /// Where it goes; or give `address_id`.
    pub(super) address: Option<AddressView>,
    /// The code of a delivery method: `standard`, `express`.
    #[schema(example = "standard")]
    pub(super) delivery_method: String,
    /// How it is paid.
    pub(super) payment: PaymentRequest,
}

/// How an order is paid.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PaymentRequest {
    /// A token that stands for a card, as the payment provider's form gave it.
    #[schema(example = "pm_card_visa")]
    pub(super) token: String,
}

/// Why an order is ended.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelRequest {
    /// 1 to 500 characters.
    #[schema(example = "I found it cheaper")]
    pub(super) reason: String,
}

/// Where an order goes.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddressView {
    /// Who receives it.
    recipient: String,
    /// For the carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// Street and number.
    line1: String,
    /// What does not fit there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line2: Option<String>,
    /// The city.
    city: String,
    /// State or province.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    /// As the country writes it.
    postal_code: String,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "DE")]
    country: String,
}

impl AddressView {
    /// The address, if a label could be printed from it.
    pub(super) fn checked(self) -> Result<PostalAddress, Problem> {
        let lengths = [
            ("recipient", self.recipient.trim(), 200),
            ("line1", self.line1.trim(), 200),
            ("city", self.city.trim(), 200),
            ("postal_code", self.postal_code.trim(), 20),
        ];
        for (field, text, longest) in lengths {
            if text.is_empty() || text.chars().count() > longest {
                let detail = format!("give 1 to {longest} characters");
                let pointer = format!("/address/{field}");
                return Err(Problem::invalid(Violation::new(pointer, "length", detail)));
            }
        }
        if !kernel::is_country(&self.country) {
            let detail = "give a country as ISO 3166-1 alpha-2, like DE";
            return Err(Problem::invalid(Violation::new("/address/country", "country", detail)));
        }
        Ok(self.into())
    }
}

/// The refusal of a wish with no address, or two.
pub(super) fn one_address() -> Problem {
    let detail = "give either `address_id` or `address`";
    Problem::of(Code::ValidationFailed, detail).blaming(Violation::new("", "one-address", detail))
}

impl From<AddressView> for PostalAddress {
    fn from(view: AddressView) -> Self {
        let AddressView { recipient, phone, line1, line2, city, region, postal_code, country } =
            view;
        Self { recipient, phone, line1, line2, city, region, postal_code, country }
    }
}

impl From<PostalAddress> for AddressView {
    fn from(address: PostalAddress) -> Self {
        let PostalAddress { recipient, phone, line1, line2, city, region, postal_code, country } =
            address;
        Self { recipient, phone, line1, line2, city, region, postal_code, country }
    }
}

/// An order as the customer sees it.
#[derive(Serialize, ToSchema)]
pub(super) struct OrderView {
    #[schema(value_type = String, example = "ord_01jd8k3v7tf8ntx3v1a9g5r2qc")]
    id: OrderId,
    /// For people, with a check digit.
    #[schema(example = "4711-0815-39X")]
    number: String,
    /// `pending`, `completed`, `cancelled` or `expired`.
    #[schema(value_type = String, example = "pending")]
    status: Status,
    /// `none` or `paid`.
    #[schema(value_type = String, example = "none")]
    payment_status: PaymentStatus,
    /// `none` or `preparing`.
    #[schema(value_type = String, example = "none")]
    delivery_status: DeliveryStatus,
    lines: Vec<LineView>,
    totals: TotalsView,
    ship_to: AddressView,
    delivery_method: String,
    placed_at: Timestamp,
    /// When a pending order gives its stock back.
    expires_at: Timestamp,
    version: u64,
    #[serde(rename = "_links")]
    links: Links,
    #[serde(skip)]
    place: String,
}

#[derive(Serialize, ToSchema)]
struct LineView {
    #[schema(value_type = String)]
    variant_id: products_api::VariantId,
    sku: String,
    title: String,
    quantity: u32,
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
        let place = format!("/v1/orders/{}", order.id);
        let Totals { items, shipping, grand } = order.totals;
        Self {
            links: links(&place, &order),
            place,
            id: order.id,
            number: order.number.to_string(),
            status: order.status,
            payment_status: order.payment_status,
            delivery_status: order.delivery_status,
            lines: order.lines.into_iter().map(LineView::from).collect(),
            totals: TotalsView { items, shipping, grand },
            ship_to: order.ship_to.into(),
            delivery_method: order.delivery_method,
            placed_at: order.placed_at,
            expires_at: order.expires_at,
            version: order.version.0,
        }
    }
}

impl From<Line> for LineView {
    fn from(line: Line) -> Self {
        let Line { variant, quantity, sku, title, price } = line;
        Self { variant_id: variant, sku, title, quantity, price }
    }
}

/// Related resources, and the actions that are allowed now.
fn links(place: &str, order: &Order) -> Links {
    let payable = order.status == Status::Pending && order.payment_status == PaymentStatus::None;
    let payment = payment(order.payment);
    let links = Links::of(place)
        .to("payment", &payment)
        .action(payable, "pay", Method::POST, format!("{payment}/attempts"))
        .action(payable, "cancel", Method::POST, format!("{place}/cancellation"));
    match order.delivery_status {
        DeliveryStatus::None => links,
        _ => links.to("deliveries", format!("{place}/deliveries")),
    }
}

fn payment(id: PaymentId) -> String {
    format!("/v1/payments/{id}")
}

impl OrderView {
    /// 200, tagged with its version.
    pub(super) fn found(self) -> Answer<Self> {
        let version = Version(self.version);
        Answer::ok(self).version(version)
    }

    /// 201; `replayed` when an earlier request had placed it.
    pub(super) fn created(self, replayed: bool) -> Answer<Self> {
        let (place, version) = (self.place.clone(), Version(self.version));
        let answer = Answer::created(&place, self).version(version);
        match replayed {
            true => answer.with(HeaderName::from_static("idempotent-replayed"), "true"),
            false => answer,
        }
    }
}
