//! An order, and what belongs to it.

use super::*;

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
    /// Who pays for it.
    pub bill_to: PostalAddress,
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
    /// The last of its versions that was announced: what those who keep copies have, or will.
    pub announced: Version,
}

impl Order {
    /// Up to where a copy must have got to know what is known here.
    pub fn position(&self) -> Position {
        Position { order: self.id, version: self.announced }
    }
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
    /// What became of them since.
    #[serde(default, skip_serializing_if = "Counts::are_none")]
    pub counts: Counts,
}

impl Line {
    /// The line as it was when the order was placed.
    #[must_use]
    pub fn as_placed(self) -> Self {
        Self { counts: Counts::default(), ..self }
    }
}

/// What became of the things of one line. What was not sent and not cancelled is still in the house.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Will not be sent.
    pub cancelled: u32,
    /// Were given to a carrier, whatever happened to them afterwards.
    pub shipped: u32,
    /// Of those that were shipped, are back in the house.
    pub returned: u32,
}

impl Counts {
    /// Whether nothing has become of any of them yet.
    pub fn are_none(&self) -> bool {
        *self == Self::default()
    }
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
