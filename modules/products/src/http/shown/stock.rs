//! How stock looks to those who keep it.

use host::Links;
use kernel::Timestamp;
use products_api::VariantId;
use serde::Serialize;
use utoipa::ToSchema;

/// How many there are of a variant.
#[derive(Serialize, ToSchema)]
struct StockLevel {
    variant: String,
    /// In the house.
    on_hand: i64,
    /// Of these, set aside.
    reserved: i64,
    /// Of these, not set aside.
    available: i64,
}

/// How many there are of a variant after a movement.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Booked {
    #[serde(flatten)]
    level: StockLevel,
    #[serde(rename = "_links")]
    links: Links,
}

/// How many there are of a variant, and what it is.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct StockEntry {
    #[serde(flatten)]
    level: StockLevel,
    sku: String,
    /// The product's title.
    title: String,
    product: String,
    /// Whether it is counted at all; what is not counted never runs out.
    tracked: bool,
    #[serde(rename = "_links")]
    links: Links,
}

/// One change of a quantity.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct StockMovement {
    id: String,
    variant: String,
    /// received, reserved, released, shipped, returned or adjusted.
    #[schema(value_type = String)]
    kind: products_api::MovementKind,
    /// Negative only when a count was corrected downwards.
    quantity: i64,
    reason: String,
    /// The reservation it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    reservation: Option<String>,
    at: Timestamp,
    #[serde(rename = "_links")]
    links: Links,
}

/// Stock that is or was held for somebody.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Reservation {
    id: String,
    owner: String,
    lines: Vec<HeldLine>,
    /// held, committed, consumed, released or expired.
    #[schema(value_type = String)]
    state: products_api::ReservationState,
    expires_at: Timestamp,
    #[serde(rename = "_links")]
    links: Links,
}

/// One line of a reservation.
#[derive(Serialize, ToSchema)]
struct HeldLine {
    variant: String,
    quantity: u32,
}

impl From<products_api::StockLevel> for StockLevel {
    fn from(level: products_api::StockLevel) -> Self {
        let products_api::StockLevel { variant, on_hand, reserved } = level;
        let available = on_hand - reserved;
        Self { variant: variant.to_string(), on_hand, reserved, available }
    }
}

impl From<products_api::StockLevel> for Booked {
    fn from(level: products_api::StockLevel) -> Self {
        let links = Links::default().to("movements", movements(level.variant));
        Self { level: level.into(), links }
    }
}

impl From<products_api::StockEntry> for StockEntry {
    fn from(entry: products_api::StockEntry) -> Self {
        let products_api::StockEntry { level, product, title, sku, tracked } = entry;
        let links = Links::default()
            .to("product", format!("/v1/admin/products/{product}"))
            .to("movements", movements(level.variant));
        Self { level: level.into(), sku, title, product: product.to_string(), tracked, links }
    }
}

impl From<products_api::StockMovement> for StockMovement {
    fn from(movement: products_api::StockMovement) -> Self {
        Self {
            id: movement.id.to_string(),
            variant: movement.variant.to_string(),
            kind: movement.kind,
            quantity: movement.quantity,
            reason: movement.reason,
            reservation: movement.reservation.map(|reservation| reservation.to_string()),
            at: movement.at,
            links: Links::default().to("movements", movements(movement.variant)),
        }
    }
}

/// Where all movements of a variant are.
fn movements(variant: VariantId) -> String {
    format!("/v1/admin/stock-movements?variant={variant}")
}

impl From<products_api::Reservation> for Reservation {
    fn from(reservation: products_api::Reservation) -> Self {
        let products_api::Reservation { id, owner, lines, state, expires_at } = reservation;
        let links = Links::of(format!("/v1/admin/reservations/{owner}"));
        let line = |line: products_api::HoldLine| HeldLine {
            variant: line.variant.to_string(),
            quantity: line.quantity,
        };
        let lines = lines.into_iter().map(line).collect();
        Self { id: id.to_string(), owner: owner.0, lines, state, expires_at, links }
    }
}
