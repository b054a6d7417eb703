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
    /// Who bought.
    pub customer: UserId,
    /// The cart it was.
    pub cart: CartId,
    /// What it costs.
    pub total: Money,
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
    /// Who bought.
    pub customer: UserId,
    /// What was bought.
    pub lines: Vec<Line>,
    /// Where it goes.
    pub ship_to: PostalAddress,
    /// How it goes there.
    pub delivery_method: String,
    /// What was paid.
    pub total: Money,
    /// When.
    pub at: Timestamp,
}

/// An order was not paid in time; its stock is given back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderExpired {
    /// Which one.
    pub order: OrderId,
    /// Who had ordered.
    pub customer: UserId,
    /// When.
    pub at: Timestamp,
}

/// An order was ended before it was paid; its stock is given back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderCancelled {
    /// Which one.
    pub order: OrderId,
    /// Who had ordered.
    pub customer: UserId,
    /// Why.
    pub reason: String,
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
    OrderCancelled = "order-cancelled";
}
