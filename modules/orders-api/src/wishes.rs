//! What orders can be asked for.

use super::*;

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
    /// Who pays for it, when that is not where it goes.
    pub bill_to: Option<ShipTo>,
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
    /// Where parcels go when the customer says nothing: the default of their address book. Without one
    /// there is an [`AddressMissing`](carts_api::RequirementKind::AddressMissing).
    Default,
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
    /// Who wants it.
    pub asker: Asker,
    /// Which one.
    pub order: OrderId,
    /// Why, 1 to 500 characters.
    pub reason: String,
}

/// On whose behalf something is done to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asker {
    /// Whoever bought, and it must be theirs.
    Customer(UserId),
    /// The shop's own people, who may do it to any.
    Staff,
}

/// The number of an order and who asks for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NumberOf {
    /// Whose it must be.
    pub customer: UserId,
    /// As people read it.
    pub number: OrderNumber,
}

/// A wish to hear when an order gets further.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Wait {
    /// Which order of whose.
    pub which: OrderOf,
    /// What the asker knows already; nothing when any version will do.
    pub after: Option<Version>,
    /// How long to wait; an answer may come a little later.
    pub patience: std::time::Duration,
}

/// Which orders are wanted; what is not said excludes none.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Search {
    /// Only theirs.
    pub customer: Option<UserId>,
    /// Only those that far.
    pub status: Option<Status>,
    /// Only those whose money is that far.
    pub payment_status: Option<PaymentStatus>,
    /// Only those whose parcels are that far.
    pub delivery_status: Option<DeliveryStatus>,
    /// Only those placed then or later.
    pub placed_from: Option<Timestamp>,
    /// Only those placed before.
    pub placed_before: Option<Timestamp>,
    /// Which part of them.
    pub page: PageRequest,
}
