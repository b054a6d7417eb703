//! The nouns of the warehouse.

use super::*;

kernel::id! {
    /// Names one hold on stock.
    ReservationId = "rsv"
}
kernel::id! {
    /// Names one change of a quantity.
    MovementId = "mov"
}

/// Who holds stock; opaque here. Orders use the order's id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Owner(pub String);

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A wish to hold stock: all lines or none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hold {
    /// One owner has one reservation.
    pub owner: Owner,
    /// 1 to 100 lines, each variant once.
    pub lines: Vec<HoldLine>,
    /// When the hold may be taken back unless it was committed.
    pub expires_at: Timestamp,
}

/// One line of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldLine {
    /// What.
    pub variant: VariantId,
    /// How many, at least one.
    pub quantity: u32,
}

/// Stock that is held for somebody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    /// Never reused.
    pub id: ReservationId,
    /// Who holds it.
    pub owner: Owner,
    /// What is held.
    pub lines: Vec<HoldLine>,
    /// How far it has got.
    pub state: ReservationState,
    /// When a hold may be taken back; meaningless once committed.
    pub expires_at: Timestamp,
}

/// How far a reservation has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReservationState {
    /// Set aside until it expires.
    Held,
    /// Sold: it does not expire.
    Committed,
    /// Left the house.
    Consumed,
    /// Given back by its owner.
    Released,
    /// Taken back because its time was over.
    Expired,
}

/// A wish to hold longer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extend {
    /// Whose hold.
    pub owner: Owner,
    /// When it may be taken back; never earlier than before.
    pub expires_at: Timestamp,
}

/// Which reservations are wanted, the latest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reservations {
    /// Only those in this state.
    pub state: Option<ReservationState>,
    /// Which part.
    pub page: PageRequest,
}

/// A line for which there is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    /// The index of the line in the request.
    pub line: usize,
    /// What.
    pub variant: VariantId,
    /// How many were wanted.
    pub wanted: u32,
    /// How many there were when the check was made.
    pub available: i64,
}

impl Shortage {
    /// How the outside world hears of it.
    pub fn violation(&self) -> Violation {
        let Self { line, variant, wanted, available } = self;
        let detail = format!("{wanted} of {variant} are wanted, {available} are available");
        Violation::new(format!("/lines/{line}"), "insufficient-stock", detail)
    }
}

/// A change of what is on hand, from outside the shop.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Adjust {
    /// What.
    pub variant: VariantId,
    /// What happened.
    pub kind: Adjustment,
    /// How many came (positive) or are gone (negative); not zero. Only a correction may be negative.
    pub change: i64,
    /// Why, for the books: 1 to 200 characters.
    pub reason: String,
    /// Names the intention: the same cause is applied once.
    pub cause: String,
}

/// What can happen to stock from outside the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Adjustment {
    /// A supplier sent some.
    Received,
    /// A customer sent some back.
    Returned,
    /// Somebody counted, or broke one.
    Adjusted,
}

/// How many there are of a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockLevel {
    /// What.
    pub variant: VariantId,
    /// In the house.
    pub on_hand: i64,
    /// Of these, set aside: `0 <= reserved <= on_hand`.
    pub reserved: i64,
}

/// A shelf of the warehouse: a level, and what a person calls it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockEntry {
    /// How many.
    pub level: StockLevel,
    /// Of which product.
    pub product: ProductId,
    /// The product's title.
    pub title: String,
    /// What a warehouse calls it.
    pub sku: String,
    /// Whether it is counted at all.
    pub tracked: bool,
}

/// Which levels are wanted, by SKU.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stock {
    /// Only variants of this product.
    pub product: Option<ProductId>,
    /// Only this variant.
    pub sku: Option<String>,
    /// Only what is counted and of which at most so many can be bought.
    pub available_max: Option<i64>,
    /// Which part.
    pub page: PageRequest,
}

/// One change of a quantity: never changed, never deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockMovement {
    /// Never reused.
    pub id: MovementId,
    /// Of what.
    pub variant: VariantId,
    /// What happened.
    pub kind: MovementKind,
    /// How many; negative only when a count was corrected downwards.
    pub quantity: i64,
    /// Why.
    pub reason: String,
    /// The reservation it belongs to.
    pub reservation: Option<ReservationId>,
    /// When.
    pub at: Timestamp,
}

/// What can happen to stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MovementKind {
    /// It came: more on hand.
    Received,
    /// It was set aside.
    Reserved,
    /// It was given back: less set aside.
    Released,
    /// It left the house: less on hand, less set aside.
    Shipped,
    /// It came back: more on hand.
    Returned,
    /// The count was wrong: more or less on hand.
    Adjusted,
}

/// Which movements are wanted, the latest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StockMovements {
    /// Only those of this variant.
    pub variant: Option<VariantId>,
    /// Only those of this kind.
    pub kind: Option<MovementKind>,
    /// Which part.
    pub page: PageRequest,
}

/// Sell what is held: from now on it does not expire. When its time was over and it was taken back, it is
/// made again in the same transaction; refused when there is not enough any more, or when the owner gave
/// it back or never held anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommitReservation {
    /// Whose.
    pub owner: Owner,
}

/// There is nothing to sell: what was held is gone. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unavailable {
    /// Who wanted it.
    pub owner: Owner,
    /// What is missing; empty when nothing was held that could be made again.
    pub shortages: Vec<Shortage>,
}

impl Message for CommitReservation {
    const CHANNEL: &'static str = "products.commands";
    const TYPE: &'static str = "commit-reservation";
    fn key(&self) -> String {
        self.owner.0.clone()
    }
}

impl Command for CommitReservation {
    type Reply = ();
    type Refusal = Unavailable;
}

/// Give back what is held or sold, as long as it has not left the house. Leaves a tombstone: a later
/// `reserve` or [`CommitReservation`] by the same owner is refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReleaseReservation {
    /// Whose.
    pub owner: Owner,
}

impl Message for ReleaseReservation {
    const CHANNEL: &'static str = "products.commands";
    const TYPE: &'static str = "release-reservation";
    fn key(&self) -> String {
        self.owner.0.clone()
    }
}

impl Command for ReleaseReservation {
    type Reply = ();
    type Refusal = Never;
}
