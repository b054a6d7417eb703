//! What customers may ask about everything they have ordered: the query side.
//!
//! History owns no truth. It listens to orders, payments and deliveries and keeps one row for each order
//! with all that a list shows, and a timeline of what happened. A list is then one query in one place,
//! however many modules know a part of the answer, and works while they do not. It can be dropped and
//! made again from its sources while it is asked.
//!
//! Copies are late, usually by milliseconds. Whoever has just changed an order and wants to see that has
//! its [`Position`] from the answer, and asks for what happened up to there.

use kernel::{Code, Fault, Moment, Money, Page, PageRequest, Timestamp, Version, Violation};
use orders_api::{
    DeliveryStatus, Line, OrderId, OrderNumber, PaymentId, PaymentStatus, Position, Status,
};
use ports::{Unreachable, async_trait};
use serde::{Deserialize, Serialize};
use users_api::UserId;

/// History, as its neighbours see it.
#[async_trait]
pub trait History: Send + Sync {
    /// One page of the customer's orders, the newest first.
    async fn orders(&self, wish: OrdersOf) -> Result<Page<Entry>>;
    /// One page of what happened to one order of the customer's, the oldest first.
    async fn timeline(&self, wish: TimelineOf) -> Result<Page<Happened>>;
}

ports::remote! {
    History in "history", Error => RemoteHistory, HistorySkeleton, LocalHistory {
        query orders(OrdersOf) -> Page<Entry>;
        query timeline(TimelineOf) -> Page<Happened>;
    }
}

/// Whose orders are wanted, and which.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrdersOf {
    /// Who bought: a user, or a guest's id.
    pub customer: UserId,
    /// Which of them.
    pub filter: Filter,
    /// Which part of the list.
    pub page: PageRequest,
    /// What the list must know.
    pub after: Option<Position>,
}

/// Which orders are wanted; all that is said must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// How far the purchase has got.
    pub status: Option<Status>,
    /// How far the money has got.
    pub payment_status: Option<PaymentStatus>,
    /// How far the parcels have got.
    pub delivery_status: Option<DeliveryStatus>,
    /// Placed at this instant or later.
    pub placed_from: Option<Timestamp>,
    /// Placed before this instant.
    pub placed_to: Option<Timestamp>,
}

/// An order whose timeline is wanted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TimelineOf {
    /// Whose it must be.
    pub customer: UserId,
    /// Which one.
    pub order: OrderId,
    /// Which part of the timeline.
    pub page: PageRequest,
    /// What the timeline must know.
    pub after: Option<Position>,
}

/// One order, as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Which one.
    pub order: OrderId,
    /// For people.
    pub number: OrderNumber,
    /// What was bought.
    pub lines: Vec<Line>,
    /// What it costs.
    pub total: Money,
    /// The payment that was asked for.
    pub payment: PaymentId,
    /// How far the purchase has got.
    pub status: Status,
    /// How far the money has got.
    pub payment_status: PaymentStatus,
    /// How far the parcels have got.
    pub delivery_status: DeliveryStatus,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// The version of the order that the list knows.
    pub version: Version,
}

/// One entry of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// Who told it.
    pub source: Source,
    /// The id of the thing it happened to: of the order itself, its payment, or a shipment.
    pub thing: String,
    /// What happened.
    pub moment: Moment,
}

/// Who tells what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The order itself.
    Orders,
    /// Its money.
    Payments,
    /// Its parcels.
    Deliveries,
}

impl Source {
    /// Every source.
    pub const ALL: &[Self] = &[Self::Orders, Self::Payments, Self::Deliveries];

    /// The module's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Payments => "payments",
            Self::Deliveries => "deliveries",
        }
    }
}

/// Why history said no.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each says what it is")]
pub enum Error {
    #[error("there is no order {0}")]
    UnknownOrder(OrderId),
    #[error("what happened up to {0} is not known here yet")]
    Behind(Position),
    #[error("the request is not valid")]
    Invalid(Vec<Violation>),
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("history failed")]
    Broken,
}

/// What every method of [`History`] returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Fault for Error {
    fn code(&self) -> Code {
        match self {
            Self::UnknownOrder(_) => Code::NotFound,
            Self::Behind(_) => Code::DependencyUnavailable,
            Self::Invalid(_) => Code::ValidationFailed,
            Self::Unreachable(cause) => cause.code(),
            Self::Broken => Code::Internal,
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Invalid(violations) => violations.clone(),
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        matches!(self, Self::Behind(_)).then_some(std::time::Duration::from_secs(1))
    }
}
