//! What the rest of the shop may know about promises made.
//!
//! An order is stored before any money moves, and its money never changes afterwards. "Completed" is the
//! purchase, not the delivery: the payment is taken and the stock is sold. What happens to the parcel is
//! told by deliveries. A declined card does not end an order: it stays payable until it expires.
//!
//! Other modules' things are kept as ids and snapshots: what a line cost and was called when the order
//! was placed is part of the promise, whatever the catalogue says tomorrow.

use carts_api::{CartId, Requirement};
use kernel::{Code, Fault, Moment, Money, Page, PageRequest, Timestamp, Version, Violation};
use ports::{Unreachable, async_trait};
use products_api::{Shortage, VariantId};
use serde::{Deserialize, Serialize};
use users_api::{AddressId, PostalAddress, UserId};

mod events;
mod moments;
mod number;

pub use events::{
    OrderCancelled, OrderCancelling, OrderCompleted, OrderExpired, OrderPlaced, OrderRejected,
};
pub use number::{InvalidNumber, OrderNumber};

/// The channel at which answers to the checkout's commands arrive.
pub const REPLIES: &str = "orders.saga";

kernel::id! {
    /// Names one order.
    OrderId = "ord"
}
kernel::id! {
    /// Names one payment. Given out by orders, so that the link to it is known before payments is asked.
    PaymentId = "pay"
}

/// Orders, as their neighbours see them.
#[async_trait]
pub trait Orders: Send + Sync {
    /// Turns a cart into an order: pending, with its stock held and its payment asked for, and announces
    /// [`OrderPlaced`]. Idempotent by `wish.idempotency`; one cart becomes one order.
    async fn place(&self, wish: PlaceOrder) -> Result<Placed>;
    /// One order of the customer's.
    async fn order(&self, which: OrderOf) -> Result<Order>;
    /// Ends a pending order. Idempotent: a cancelled order stays cancelled.
    async fn cancel(&self, wish: CancelOrder) -> Result<Order>;
    /// One page of every order there is, by id, with what happened to each; for those who keep copies.
    async fn records(&self, page: PageRequest) -> Result<Page<OrderRecord>>;
}

ports::remote! {
    Orders in "orders", Error => RemoteOrders, OrdersSkeleton, LocalOrders {
        command place(PlaceOrder) -> Placed;
        query order(OrderOf) -> Order;
        command cancel(CancelOrder) -> Order;
        query records(PageRequest) -> Page<OrderRecord>;
    }
}

/// A wish to buy what is in a cart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlaceOrder {
    /// Who buys: a user, or a guest's id.
    pub customer: UserId,
    /// How to reach a guest; needed for guests, ignored for users.
    pub contact: Option<Contact>,
    /// What.
    pub cart: CartId,
    /// What the customer agreed to pay, delivery included.
    pub expected_total: Money,
    /// Where it goes.
    pub ship_to: ShipTo,
    /// The code of a delivery method.
    pub delivery_method: String,
    /// A token that stands for a card, as the payment provider's form gave it; never a card number.
    pub payment_token: String,
    /// Names the intention: two wishes with one key are one order.
    pub idempotency: Idempotency,
}

/// The client's own name for a request, and what the request was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    /// The `Idempotency-Key`, unique for one customer.
    pub key: String,
    /// A hash of the request, so that a key cannot be used for another one.
    pub fingerprint: String,
}

/// Where an order goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShipTo {
    /// To an entry of the customer's address book.
    Book(AddressId),
    /// To this address.
    Here(PostalAddress),
}

/// How to reach somebody without an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// An e-mail address.
    pub email: String,
}

/// An order with everything that happened to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderRecord {
    /// As it is now.
    pub order: Order,
    /// Oldest first.
    pub timeline: Vec<Moment>,
}

/// Up to which change of an order somebody wants to see: what a reader of copies waits for.
///
/// Shown as `ord_….3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Which order.
    pub order: OrderId,
    /// At least this version of it.
    pub version: Version,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.order, self.version.0)
    }
}

/// The text is no position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a position: give the header Position of an earlier answer as it was")]
pub struct InvalidPosition(String);

impl std::str::FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let read = || {
            let (order, version) = text.split_once('.')?;
            let version = version.parse().ok().filter(|_| !version.starts_with('+'))?;
            Some(Self { order: order.parse().ok()?, version: Version(version) })
        };
        read().ok_or_else(|| InvalidPosition(text.chars().take(64).collect()))
    }
}

/// A placed order, and whether this request placed it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placed {
    /// As it was right after it was placed.
    pub order: Order,
    /// Whether an earlier request with the same key had placed it.
    pub replayed: bool,
}

/// An order and who asks for it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct OrderOf {
    /// Whose it must be.
    pub customer: UserId,
    /// Which one.
    pub order: OrderId,
}

/// A wish to end an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CancelOrder {
    /// Whose it must be.
    pub customer: UserId,
    /// Which one.
    pub order: OrderId,
    /// Why, 1 to 500 characters.
    pub reason: String,
}

/// A promise made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Never reused.
    pub id: OrderId,
    /// For people: on the invoice and on the phone.
    pub number: OrderNumber,
    /// Who bought: a user, or a guest's id.
    pub customer: UserId,
    /// How to reach a guest; a user is reached as the user says.
    pub contact: Option<Contact>,
    /// The cart it was.
    pub cart: CartId,
    /// What was bought, as it was.
    pub lines: Vec<Line>,
    /// Where it goes.
    pub ship_to: PostalAddress,
    /// How it goes there.
    pub delivery_method: String,
    /// What it costs; never changes.
    pub totals: Totals,
    /// How far the purchase has got.
    pub status: Status,
    /// How far the money has got.
    pub payment_status: PaymentStatus,
    /// How far the parcels have got.
    pub delivery_status: DeliveryStatus,
    /// The payment that was asked for.
    pub payment: PaymentId,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When a pending order gives its stock back.
    pub expires_at: Timestamp,
    /// Its ETag.
    pub version: Version,
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// What.
    pub variant: VariantId,
    /// How many, at least one.
    pub quantity: u32,
    /// Its SKU when the order was placed.
    pub sku: String,
    /// Its title when the order was placed.
    pub title: String,
    /// What one cost.
    pub price: Money,
}

/// What an order costs. All in one currency; `grand` is the sum of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// The lines.
    pub items: Money,
    /// Delivery.
    pub shipping: Money,
    /// What the customer pays.
    pub grand: Money,
}

/// How far a purchase has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Placed and payable; its stock is held.
    Pending,
    /// Paid, and its stock is sold.
    Completed,
    /// Paid, and being undone: the delivery is called off, then the money goes back.
    Cancelling,
    /// Ended by the customer or the staff; what was paid was given back.
    Cancelled,
    /// Not paid in time.
    Expired,
    /// Ended by us: the stock was gone when the money came, or the address is none. What was paid was
    /// given back.
    Rejected,
}

/// How far the money of an order has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Nothing was taken.
    None,
    /// The bank has set it aside; it was not taken yet.
    Authorized,
    /// All of it was taken.
    Paid,
    /// A part of it was given back.
    PartiallyRefunded,
    /// All of it was given back.
    Refunded,
}

/// How far the parcels of an order have got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// There is nothing to deliver yet.
    None,
    /// Shipments are being prepared.
    Preparing,
    /// With the carrier.
    InTransit,
    /// Some of its shipments arrived.
    PartiallyDelivered,
    /// All of them arrived.
    Delivered,
    /// On the way back.
    Returning,
    /// Back in the house.
    Returned,
}

/// Why orders said no.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each says what it is")]
pub enum Error {
    #[error("there is no order {0}")]
    UnknownOrder(OrderId),
    #[error("there is no cart {0}")]
    UnknownCart(CartId),
    #[error("cart {0} has already become an order, or has expired")]
    CartNotActive(CartId),
    #[error("the cart cannot be ordered as it is: {}", .0.first().map_or("", |first| &first.detail))]
    Unmet(Vec<Requirement>),
    #[error("the total is {actual}, not {expected}")]
    PriceChanged { expected: Money, actual: Money },
    #[error("there is not enough stock for {} of the lines", .0.len())]
    InsufficientStock(Vec<Shortage>),
    #[error("there is no such address in the address book")]
    UnknownAddress,
    #[error("{method} does not deliver to {country}")]
    Undeliverable { method: String, country: String },
    #[error("the order can no longer be cancelled: it is {0:?}")]
    NotCancellable(Status),
    #[error("the Idempotency-Key was used for another request")]
    KeyReused,
    #[error("a request with this Idempotency-Key is still being worked on")]
    InProgress,
    #[error("the request is not valid")]
    Invalid(Vec<Violation>),
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("orders failed")]
    Broken,
}

/// What every method of [`Orders`] returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Fault for Error {
    fn code(&self) -> Code {
        match self {
            Self::UnknownOrder(_) | Self::UnknownCart(_) => Code::NotFound,
            Self::CartNotActive(_) => Code::Conflict,
            Self::Unmet(requirements) => {
                requirements.first().map_or(Code::Conflict, |first| first.kind.code())
            }
            Self::PriceChanged { .. } => Code::PriceChanged,
            Self::InsufficientStock(_) => Code::InsufficientStock,
            Self::UnknownAddress | Self::Invalid(_) => Code::ValidationFailed,
            Self::Undeliverable { .. } => Code::AddressUndeliverable,
            Self::NotCancellable(_) => Code::OrderNotCancellable,
            Self::KeyReused => Code::IdempotencyKeyReused,
            Self::InProgress => Code::RequestInProgress,
            Self::Unreachable(cause) => cause.code(),
            Self::Broken => Code::Internal,
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Invalid(violations) => violations.clone(),
            Self::InsufficientStock(shortages) => {
                shortages.iter().map(Shortage::violation).collect()
            }
            Self::Unmet(requirements) => requirements.iter().map(unmet).collect(),
            Self::UnknownAddress => {
                let detail = "this address is not in your address book".to_owned();
                vec![Violation::new("/address_id", "unknown-address", detail)]
            }
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        matches!(self, Self::InProgress).then_some(std::time::Duration::from_secs(1))
    }
}

fn unmet(requirement: &Requirement) -> Violation {
    let pointer = match requirement.line {
        Some(line) => format!("/lines/{line}"),
        None => "/cart_id".to_owned(),
    };
    Violation::new(pointer, requirement.kind.code().as_str(), requirement.detail.clone())
}
