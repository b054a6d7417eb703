//! Facts: what one announcement, or one record, says about an order.

use deliveries_api::{
    ShipmentCancelled, ShipmentDelivered, ShipmentDispatched, ShipmentId, ShipmentPrepared,
    ShipmentProgressed, ShipmentRecord, ShipmentSplit, Status as Parcel,
};
use history_api::Source;
use kernel::{Message, Moment, Money, Timestamp, Version};
use orders_api::{
    Line, Order, OrderCancelled, OrderCancelling, OrderCompleted, OrderExpired, OrderId, OrderKept,
    OrderNumber, OrderPlaced, OrderRecord, OrderRejected, PaymentId, PaymentStatus, Status,
};
use payments_api::{
    Payment, PaymentAuthorized, PaymentCompleted, PaymentFailed, PaymentRecord, PaymentRefunded,
    Status as State,
};
use users_api::UserId;

/// What is said about an order, and by whom.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fact {
    Order(OrderFact),
    Payment(PaymentFact),
    Shipment(ShipmentFact),
}

/// What orders says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OrderFact {
    pub(crate) order: OrderId,
    pub(crate) customer: UserId,
    pub(crate) version: Version,
    pub(crate) status: Status,
    pub(crate) placed: Option<Placed>,
}

/// What never changes about an order once it is placed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placed {
    pub(crate) number: OrderNumber,
    pub(crate) lines: Vec<Line>,
    pub(crate) total: Money,
    pub(crate) payment: PaymentId,
    pub(crate) at: Timestamp,
}

/// What payments says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PaymentFact {
    pub(crate) payment: PaymentId,
    pub(crate) order: OrderId,
    pub(crate) customer: UserId,
    pub(crate) version: Version,
    pub(crate) status: PaymentStatus,
}

/// What deliveries says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ShipmentFact {
    pub(crate) shipment: ShipmentId,
    pub(crate) order: OrderId,
    pub(crate) customer: UserId,
    pub(crate) version: Version,
    pub(crate) status: Parcel,
}

/// A fact and the moments that lead to it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) fact: Fact,
    pub(crate) moments: Vec<Moment>,
}

impl Fact {
    pub(crate) fn order(&self) -> OrderId {
        match self {
            Self::Order(fact) => fact.order,
            Self::Payment(fact) => fact.order,
            Self::Shipment(fact) => fact.order,
        }
    }

    pub(crate) fn source(&self) -> Source {
        match self {
            Self::Order(_) => Source::Orders,
            Self::Payment(_) => Source::Payments,
            Self::Shipment(_) => Source::Deliveries,
        }
    }

    /// The id of whatever it is about.
    pub(crate) fn thing(&self) -> String {
        match self {
            Self::Order(fact) => fact.order.to_string(),
            Self::Payment(fact) => fact.payment.to_string(),
            Self::Shipment(fact) => fact.shipment.to_string(),
        }
    }
}

/// Of a record's moments those that are announced too: who listened and who asks later know the same.
pub(crate) fn moments(source: Source, all: Vec<Moment>) -> Vec<Moment> {
    let announced: &[&str] = match source {
        Source::Orders => &[
            OrderPlaced::TYPE,
            OrderCompleted::TYPE,
            OrderExpired::TYPE,
            OrderCancelling::TYPE,
            OrderKept::TYPE,
            OrderCancelled::TYPE,
            OrderRejected::TYPE,
        ],
        Source::Payments => &[
            PaymentAuthorized::TYPE,
            PaymentCompleted::TYPE,
            PaymentFailed::TYPE,
            PaymentRefunded::TYPE,
        ],
        Source::Deliveries => &[
            ShipmentPrepared::TYPE,
            ShipmentDispatched::TYPE,
            ShipmentProgressed::TYPE,
            ShipmentDelivered::TYPE,
            ShipmentCancelled::TYPE,
            ShipmentSplit::TYPE,
        ],
    };
    all.into_iter().filter(|moment| announced.contains(&moment.what.as_str())).collect()
}

impl From<Order> for OrderFact {
    fn from(order: Order) -> Self {
        let placed = Placed {
            number: order.number,
            lines: order.lines.into_iter().map(Line::as_placed).collect(),
            total: order.totals.grand,
            payment: order.payment,
            at: order.placed_at,
        };
        Self {
            order: order.id,
            customer: order.customer,
            version: order.version,
            status: order.status,
            placed: Some(placed),
        }
    }
}

impl From<Payment> for PaymentFact {
    fn from(payment: Payment) -> Self {
        Self {
            payment: payment.id,
            order: payment.order,
            customer: payment.customer,
            version: payment.version,
            status: status(payment.status, payment.captured, payment.refunded),
        }
    }
}

/// How far a payment has got, in the words of orders.
fn status(state: State, captured: i64, refunded: i64) -> PaymentStatus {
    match state {
        _ if captured > 0 && refunded >= captured => PaymentStatus::Refunded,
        _ if captured > 0 && refunded > 0 => PaymentStatus::PartiallyRefunded,
        _ if captured > 0 => PaymentStatus::Paid,
        State::Authorized => PaymentStatus::Authorized,
        _ => PaymentStatus::None,
    }
}

impl From<OrderRecord> for Told {
    fn from(OrderRecord { order, timeline }: OrderRecord) -> Self {
        let moments = moments(Source::Orders, timeline);
        Self { fact: Fact::Order(order.into()), moments }
    }
}

impl From<PaymentRecord> for Told {
    fn from(PaymentRecord { payment, timeline }: PaymentRecord) -> Self {
        let moments = moments(Source::Payments, timeline);
        Self { fact: Fact::Payment(payment.into()), moments }
    }
}

impl From<ShipmentRecord> for Told {
    fn from(ShipmentRecord { shipment, timeline }: ShipmentRecord) -> Self {
        let fact = ShipmentFact {
            shipment: shipment.id,
            order: shipment.order,
            customer: shipment.customer,
            version: shipment.version,
            status: shipment.status,
        };
        let moments = moments(Source::Deliveries, timeline);
        Self { fact: Fact::Shipment(fact), moments }
    }
}

macro_rules! told {
    ($fact:ident by $($event:ident as |$it:ident| $made:expr;)+) => {$(
        impl From<$event> for Told {
            fn from($it: $event) -> Self {
                let moments = vec![Moment::from(&$it)];
                Self { fact: Fact::$fact($made), moments }
            }
        }
    )+};
}

/// An order that has come to `status`.
macro_rules! came_to {
    ($it:ident, $status:expr) => {
        OrderFact {
            order: $it.order,
            customer: $it.customer,
            version: $it.version,
            status: $status,
            placed: None,
        }
    };
}

told! { Order by
    OrderPlaced as |it| OrderFact {
        placed: Some(Placed {
            number: it.number,
            lines: it.lines,
            total: it.totals.grand,
            payment: it.payment,
            at: it.at,
        }),
        ..came_to!(it, Status::Pending)
    };
    OrderCompleted as |it| came_to!(it, Status::Completed);
    OrderExpired as |it| came_to!(it, Status::Expired);
    OrderCancelling as |it| came_to!(it, Status::Cancelling);
    OrderKept as |it| came_to!(it, Status::Completed);
    OrderCancelled as |it| came_to!(it, Status::Cancelled);
    OrderRejected as |it| came_to!(it, Status::Rejected);
}

/// A payment that has come to `status`.
macro_rules! paid {
    ($it:ident, $status:expr) => {
        PaymentFact {
            payment: $it.payment,
            order: $it.order,
            customer: $it.customer,
            version: $it.version,
            status: $status,
        }
    };
}

told! { Payment by
    PaymentAuthorized as |it| paid!(it, PaymentStatus::Authorized);
    PaymentCompleted as |it| paid!(it, PaymentStatus::Paid);
    PaymentFailed as |it| paid!(it, PaymentStatus::None);
    PaymentRefunded as |it| paid!(it, match it.refunded < it.captured {
        true => PaymentStatus::PartiallyRefunded,
        false => PaymentStatus::Refunded,
    });
}

/// A shipment that has come to `status`.
macro_rules! shipped {
    ($it:ident, $status:expr) => {
        ShipmentFact {
            shipment: $it.shipment,
            order: $it.order,
            customer: $it.customer,
            version: $it.version,
            status: $status,
        }
    };
}

told! { Shipment by
    ShipmentPrepared as |it| shipped!(it, Parcel::Ready);
    ShipmentDispatched as |it| shipped!(it, Parcel::Dispatched);
    ShipmentProgressed as |it| shipped!(it, it.status);
    ShipmentDelivered as |it| shipped!(it, Parcel::Delivered);
    ShipmentCancelled as |it| shipped!(it, Parcel::Cancelled);
    ShipmentSplit as |it| shipped!(it, it.status);
}
