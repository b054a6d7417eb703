//! What the rest of the shop may know about parcels and where they are.
//!
//! Nobody asks deliveries to begin: it listens for a completed order and prepares a shipment with a
//! waybill. What it offers is prices beforehand ([`Deliveries::quotes`]) and answers afterwards. It can
//! be told to call a delivery off ([`CancelDelivery`]) for as long as the carrier does not have the parcel.

use kernel::{Code, Fault, Moment, Page, PageRequest, Timestamp, Version, Violation};
use orders_api::{DeliveryStatus, OrderId, OrderNumber};
use ports::{Unreachable, async_trait};
use products_api::VariantId;
use serde::{Deserialize, Serialize};
use users_api::{PostalAddress, UserId};

mod commands;
mod events;
mod quoting;
mod status;
mod tracking;
mod waybill;

pub use commands::{AlreadyDispatched, CancelDelivery};
pub use events::{
    ShipmentCancelled, ShipmentDelivered, ShipmentDispatched, ShipmentPrepared, ShipmentProgressed,
    ShipmentSplit,
};
pub use quoting::{Destination, Quote, Quotes};
pub use status::{Status, UnknownStatus};
pub use tracking::{
    Received, Tracking, TrackingCode, TrackingEvent, TrackingEventId, TrackingSource, Webhook,
};
pub use waybill::{InvalidWaybill, Waybill};

/// The channel at which deliveries asks whoever goes to its carriers.
pub const CARRIERS: &str = "deliveries.carriers";
/// The channel at which it gathers what they say.
pub const RATES: &str = "deliveries.rates";

kernel::id! {
    /// Names one shipment.
    ShipmentId = "shp"
}

/// Deliveries, as their neighbours see them.
#[async_trait]
pub trait Deliveries: Send + Sync {
    /// The ways a parcel can go to a country, as all carriers have told; and who of them has not.
    async fn quotes(&self, to: Destination) -> Result<Quotes>;
    /// The shipments of one order of the customer's, in their order.
    async fn of_order(&self, which: ShipmentsOf) -> Result<Vec<Shipment>>;
    /// One shipment of the customer's.
    async fn shipment(&self, which: ShipmentOf) -> Result<Shipment>;
    /// One page of every shipment there is, by id, with what happened to each; for those who keep copies.
    async fn records(&self, page: PageRequest) -> Result<Page<ShipmentRecord>>;
    /// One page of the shipments that are asked for, the newest first; for staff.
    async fn list(&self, wish: ListShipments) -> Result<Page<Shipment>>;
    /// One shipment, whosever it is; for staff.
    async fn inspect(&self, shipment: ShipmentId) -> Result<Shipment>;
    /// Where the parcel with this waybill is; for anybody.
    async fn track(&self, waybill: Waybill) -> Result<Tracking>;
    /// Gives a parcel to its carrier. Idempotent: a parcel that is under way or has arrived stays as it is.
    async fn dispatch(&self, shipment: ShipmentId) -> Result<Shipment>;
    /// Calls off a parcel that is still in the house. Idempotent: a cancelled shipment stays cancelled.
    async fn cancel(&self, shipment: ShipmentId) -> Result<Shipment>;
    /// Makes a parcel of its own of a part of one that is still in the house, and gives the new one. Done again
    /// it takes another part: idempotent by the `Idempotency-Key` of the request.
    async fn split(&self, wish: SplitShipment) -> Result<Shipment>;
    /// Takes in what a carrier has sent; it is applied soon afterwards. Idempotent by the event's id.
    async fn receive(&self, webhook: Webhook) -> Result<Received>;
}

ports::remote! {
    Deliveries in "deliveries", Error => RemoteDeliveries, DeliveriesSkeleton, LocalDeliveries {
        query quotes(Destination) -> Quotes;
        query of_order(ShipmentsOf) -> Vec<Shipment>;
        query shipment(ShipmentOf) -> Shipment;
        query records(PageRequest) -> Page<ShipmentRecord>;
        query list(ListShipments) -> Page<Shipment>;
        query inspect(ShipmentId) -> Shipment;
        query track(Waybill) -> Tracking;
        command dispatch(ShipmentId) -> Shipment;
        command cancel(ShipmentId) -> Shipment;
        command split(SplitShipment) -> Shipment;
        command receive(Webhook) -> Received;
    }
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

/// Which shipments staff want to see; nothing said is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListShipments {
    /// Only those that have got so far.
    pub status: Option<Status>,
    /// Only those of this order.
    pub order: Option<OrderId>,
    /// Only those of this customer.
    pub customer: Option<UserId>,
    /// Only those of this carrier.
    pub carrier: Option<String>,
    /// Only the one with this waybill.
    pub waybill: Option<Waybill>,
    /// Which part of the list.
    pub page: PageRequest,
}

/// A part of a shipment that is to be sent apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitShipment {
    /// Which one.
    pub shipment: ShipmentId,
    /// What is taken out of it: something, not everything, each thing once.
    pub lines: Vec<Portion>,
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

/// So many of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portion {
    /// What.
    pub variant: VariantId,
    /// How many.
    pub quantity: u32,
}

impl From<&Line> for Portion {
    fn from(line: &Line) -> Self {
        Self { variant: line.variant, quantity: line.quantity }
    }
}

/// Why deliveries said no.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each says what it is")]
pub enum Error {
    #[error("there is no shipment {0}")]
    UnknownShipment(ShipmentId),
    #[error("there is no parcel {0}")]
    UnknownWaybill(Waybill),
    #[error("there is no carrier {0}")]
    UnknownCarrier(String),
    #[error("the shipment is {0} and cannot be given to the carrier")]
    NotDispatchable(Status),
    #[error("the shipment is {0}: the carrier has it, and it cannot be called off")]
    NotCancellable(Status),
    #[error("the shipment is {0} and cannot be split")]
    NotDivisible(Status),
    #[error("the signature is not the carrier's, or it is too old")]
    Forged,
    #[error("the carrier's message cannot be read: {0}")]
    Unreadable(String),
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
            Self::UnknownShipment(_) | Self::UnknownWaybill(_) | Self::UnknownCarrier(_) => {
                Code::NotFound
            }
            Self::NotDispatchable(_) | Self::NotCancellable(_) | Self::NotDivisible(_) => {
                Code::Conflict
            }
            Self::Forged => Code::Unauthenticated,
            Self::Unreadable(_) => Code::MalformedRequest,
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
