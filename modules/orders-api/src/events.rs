//! What orders announces. Every event of one order is applied in its order.

use kernel::{Event, Message};

use super::*;

/// An order was placed: it is pending and its stock is held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderPlaced {
    /// Which one.
    pub order: OrderId,
    /// For people.
    pub number: OrderNumber,
    /// Who bought: a user, or a guest's id.
    pub customer: UserId,
    /// How to reach a guest.
    pub contact: Option<Contact>,
    /// The cart it was.
    pub cart: CartId,
    /// What was bought.
    pub lines: Vec<Line>,
    /// What it costs.
    pub totals: Totals,
    /// The payment that was asked for.
    pub payment: PaymentId,
    /// When it gives its stock back unless it is paid.
    pub expires_at: Timestamp,
    /// The order's version.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

/// An order was paid and its stock is sold: it can be delivered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderCompleted {
    /// Which one.
    pub order: OrderId,
    /// For people.
    pub number: OrderNumber,
    /// Who bought: a user, or a guest's id.
    pub customer: UserId,
    /// How to reach a guest.
    pub contact: Option<Contact>,
    /// What was bought.
    pub lines: Vec<Line>,
    /// Where it goes.
    pub ship_to: PostalAddress,
    /// How it goes there.
    pub delivery_method: String,
    /// What was paid.
    pub total: Money,
    /// The order's version.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

/// An order was not paid in time; its stock is given back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderExpired {
    /// Which one.
    pub order: OrderId,
    /// For people.
    pub number: OrderNumber,
    /// Who had ordered.
    pub customer: UserId,
    /// How to reach a guest.
    pub contact: Option<Contact>,
    /// The order's version.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

/// A paid order is to be cancelled: the delivery is called off next, then the money goes back. If the
/// parcel has left already, [`OrderKept`] follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderCancelling {
    /// Which one.
    pub order: OrderId,
    /// Who had ordered.
    pub customer: UserId,
    /// Why.
    pub reason: String,
    /// The order's version.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

/// It was too late to cancel an order: it is completed again, as it was before [`OrderCancelling`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderKept {
    /// Which one.
    pub order: OrderId,
    /// Who had ordered.
    pub customer: UserId,
    /// Why, for the customer.
    pub reason: String,
    /// The order's version.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

/// An order was ended by the customer or the staff; its stock and its money are given back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderCancelled {
    /// Which one.
    pub order: OrderId,
    /// For people.
    pub number: OrderNumber,
    /// Who had ordered.
    pub customer: UserId,
    /// How to reach a guest.
    pub contact: Option<Contact>,
    /// Why.
    pub reason: String,
    /// The order's version.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

/// An order was ended by us: it cannot be fulfilled. What was paid is given back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderRejected {
    /// Which one.
    pub order: OrderId,
    /// For people.
    pub number: OrderNumber,
    /// Who had ordered.
    pub customer: UserId,
    /// How to reach a guest.
    pub contact: Option<Contact>,
    /// Why, for the customer.
    pub reason: String,
    /// The order's version.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

macro_rules! announced {
    ($($event:ident = $type:literal;)+) => {$(
        impl Message for $event {
            const CHANNEL: &'static str = "orders.order";
            const TYPE: &'static str = $type;
            fn key(&self) -> String {
                self.order.to_string()
            }
        }

        impl Event for $event {}
    )+};
}

announced! {
    OrderPlaced = "order-placed";
    OrderCompleted = "order-completed";
    OrderExpired = "order-expired";
    OrderCancelling = "order-cancelling";
    OrderKept = "order-kept";
    OrderCancelled = "order-cancelled";
    OrderRejected = "order-rejected";
}
