//! What the rest of the shop may know about parcels and where they are.
//!
//! Nobody asks deliveries to begin: it listens for a completed order and prepares a shipment with a
//! waybill. What it offers is prices beforehand ([`Deliveries::quotes`]) and answers afterwards. It can
//! be told to call a delivery off ([`CancelDelivery`]) for as long as the carrier does not have the parcel.

use kernel::{
    Code, Currency, Fault, Moment, Money, Page, PageRequest, Timestamp, Version, Violation,
};
use orders_api::{DeliveryStatus, OrderId, OrderNumber};
use ports::{Unreachable, async_trait};
use products_api::VariantId;
use serde::{Deserialize, Serialize};
use users_api::{PostalAddress, UserId};

mod commands;
mod events;
mod status;
mod waybill;

pub use commands::{AlreadyDispatched, CancelDelivery};
pub use events::{
    ShipmentCancelled, ShipmentDelivered, ShipmentDispatched, ShipmentPrepared, ShipmentProgressed,
};
pub use status::{Status, UnknownStatus};
pub use waybill::{InvalidWaybill, Waybill};

kernel::id! {
    /// Names one shipment.
    ShipmentId = "shp"
}

/// Deliveries, as their neighbours see them.
#[async_trait]
pub trait Deliveries: Send + Sync {
    /// The ways a parcel can go to a country, cheapest first; none when nothing goes there.
    async fn quotes(&self, to: Destination) -> Result<Vec<Quote>>;
    /// The shipments of one order of the customer's, in their order.
    async fn of_order(&self, which: ShipmentsOf) -> Result<Vec<Shipment>>;
    /// One shipment of the customer's.
    async fn shipment(&self, which: ShipmentOf) -> Result<Shipment>;
    /// One page of every shipment there is, by id, with what happened to each; for those who keep copies.
    async fn records(&self, page: PageRequest) -> Result<Page<ShipmentRecord>>;
}

ports::remote! {
    Deliveries in "deliveries", Error => RemoteDeliveries, DeliveriesSkeleton, LocalDeliveries {
        query quotes(Destination) -> Vec<Quote>;
        query of_order(ShipmentsOf) -> Vec<Shipment>;
        query shipment(ShipmentOf) -> Shipment;
        query records(PageRequest) -> Page<ShipmentRecord>;
    }
}

/// Where a parcel would go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// ISO 3166-1 alpha-2, upper case.
    pub country: String,
    /// What prices are wanted in.
    pub currency: Currency,
    /// What the things in it cost, for methods that are free above a sum; unknown counts as nothing.
    #[serde(default)]
    pub worth: Option<Money>,
    /// What they weigh, in grams, for rates that end at a weight; unknown counts as nothing.
    #[serde(default)]
    pub weight_g: Option<u64>,
}

impl Destination {
    /// A parcel to `country` about which nothing else is known.
    pub fn new(country: impl Into<String>, currency: Currency) -> Self {
        Self { country: country.into(), currency, worth: None, weight_g: None }
    }

    /// Says what the things in it cost.
    #[must_use]
    pub fn worth(mut self, worth: Money) -> Self {
        self.worth = Some(worth);
        self
    }

    /// Says what they weigh, in grams.
    #[must_use]
    pub fn weighing(mut self, grams: u64) -> Self {
        self.weight_g = Some(grams);
        self
    }
}

/// One way a parcel can go, and its price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Names the method: `standard`, `express`.
    pub method: String,
    /// What a shopper reads.
    pub name: String,
    /// What it costs.
    pub price: Money,
    /// How many working days it takes, at the latest.
    pub days: u32,
}

/// An order's shipments and who asks for them.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ShipmentsOf {
    /// Whose the order must be.
    pub customer: UserId,
    /// Which order.
    pub order: OrderId,
}

/// A shipment and who asks for it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ShipmentOf {
    /// Whose it must be.
    pub customer: UserId,
    /// Which one.
    pub shipment: ShipmentId,
}

/// A shipment with everything that happened to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShipmentRecord {
    /// As it is now.
    pub shipment: Shipment,
    /// Oldest first.
    pub timeline: Vec<Moment>,
}

/// A parcel on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shipment {
    /// Never reused.
    pub id: ShipmentId,
    /// Of which order.
    pub order: OrderId,
    /// The order's number for people; unknown of shipments that are older than this field.
    #[serde(default)]
    pub number: Option<OrderNumber>,
    /// Counts the order's shipments, from 1.
    pub seq: u32,
    /// Who gets it.
    pub customer: UserId,
    /// What is in it.
    pub lines: Vec<Line>,
    /// Where it goes.
    pub ship_to: PostalAddress,
    /// Who carries it.
    pub carrier: String,
    /// How: the delivery method.
    pub service: String,
    /// The carrier's number for it; there is none as long as it is pending.
    pub waybill: Option<Waybill>,
    /// How far it has got.
    pub status: Status,
    /// When it came to be.
    pub created_at: Timestamp,
    /// Its ETag.
    pub version: Version,
}

/// One line of a shipment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// What.
    pub variant: VariantId,
    /// How many.
    pub quantity: u32,
    /// Its SKU, for the warehouse.
    pub sku: String,
    /// Its title, for the packing slip.
    pub title: String,
}

/// Why deliveries said no.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each says what it is")]
pub enum Error {
    #[error("there is no shipment {0}")]
    UnknownShipment(ShipmentId),
    #[error("the request is not valid")]
    Invalid(Vec<Violation>),
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("deliveries failed")]
    Broken,
}

/// What every method of [`Deliveries`] returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Fault for Error {
    fn code(&self) -> Code {
        match self {
            Self::UnknownShipment(_) => Code::NotFound,
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
}
