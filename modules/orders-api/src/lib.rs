//! What the rest of the shop may know about promises made.
//!
//! An order is stored before any money moves, and its money never changes afterwards. "Completed" is the
//! purchase, not the delivery: the payment is taken and the stock is sold. How far the money and the parcels
//! have got is told by two more statuses, as payments and deliveries announce it. A declined card does not
//! end an order: it stays payable until it expires.
//!
//! Other modules' things are kept as ids and snapshots: what a line cost and was called when the order
//! was placed is part of the promise, whatever the catalogue says tomorrow.

use carts_api::{CartId, Requirement};
use kernel::{Code, Fault, Moment, Money, Page, PageRequest, Timestamp, Version, Violation};
use ports::{Unreachable, async_trait};
use products_api::{Shortage, VariantId};
use serde::{Deserialize, Serialize};
use users_api::{AddressId, PostalAddress, UserId};

mod error;
mod events;
mod moments;
mod number;
mod order;
mod wishes;

pub use error::{Error, Result};
pub use events::{
    OrderCancelled, OrderCancelling, OrderCompleted, OrderExpired, OrderKept, OrderPlaced,
    OrderRejected,
};
pub use number::{InvalidNumber, OrderNumber};
pub use order::{
    Contact, Counts, DeliveryStatus, InvalidPosition, Line, Order, OrderRecord, PaymentStatus,
    Placed, Position, Status, Totals,
};
pub use wishes::{
    Asker, CancelOrder, Idempotency, NumberOf, OrderOf, PlaceOrder, Search, ShipTo, Wait,
};

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
    /// The order of a customer by the number that people read.
    async fn numbered(&self, which: NumberOf) -> Result<Order>;
    /// One order of the customer's with its timeline: as soon as it has got further than `wait.after`, or
    /// as it is when `wait.patience` is over.
    async fn progress(&self, wait: Wait) -> Result<OrderRecord>;
    /// Ends an order, and announces it. A pending one is cancelled at once. A completed one becomes
    /// cancelling: it is cancelled when its delivery is called off and its money given back, and completed
    /// again when the parcel has left already. Idempotent: what is cancelled or cancelling stays so.
    async fn cancel(&self, wish: CancelOrder) -> Result<Order>;
    /// Any order with its timeline; for staff.
    async fn record(&self, which: OrderId) -> Result<OrderRecord>;
    /// One page of orders, the newest first; for staff.
    async fn search(&self, wish: Search) -> Result<Page<Order>>;
    /// One page of every order there is, by id, with what was announced of each; for those who keep copies.
    async fn records(&self, page: PageRequest) -> Result<Page<OrderRecord>>;
}

ports::remote! {
    Orders in "orders", Error => RemoteOrders, OrdersSkeleton, LocalOrders {
        command place(PlaceOrder) -> Placed;
        query order(OrderOf) -> Order;
        query numbered(NumberOf) -> Order;
        query progress(Wait) -> OrderRecord;
        command cancel(CancelOrder) -> Order;
        query record(OrderId) -> OrderRecord;
        query search(Search) -> Page<Order>;
        query records(PageRequest) -> Page<OrderRecord>;
    }
}
