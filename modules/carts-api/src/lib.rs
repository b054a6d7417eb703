//! What the rest of the shop may know about what a shopper is about to want.
//!
//! A cart promises nothing: it never reserves stock, and its prices are snapshots of the moment a line
//! was put in. What stands between it and an order is a list of [`Requirement`]s, computed by one
//! function that serves both the shopper who looks and the order that is about to be placed. When
//! products cannot be reached a cart still answers from its snapshots and says so.

use kernel::{Code, Fault, Money, Timestamp, Version, Violation};
use ports::{Unreachable, async_trait};
use products_api::VariantId;
use serde::{Deserialize, Serialize};
use users_api::UserId;

kernel::id! {
    /// Names one cart.
    CartId = "crt"
}

/// Carts, as their neighbours see them.
#[async_trait]
pub trait Carts: Send + Sync {
    /// The customer's active cart; opened when there is none, so it is idempotent by customer.
    async fn open(&self, wish: OpenCart) -> Result<Cart>;
    /// One cart of the customer's, with requirements as they are now.
    async fn cart(&self, which: CartOf) -> Result<Cart>;
    /// Sets how many of a variant are in the cart, at today's price. Idempotent: it sets, it does not add.
    async fn put_line(&self, wish: PutLine) -> Result<Cart>;
    /// Takes a variant out. Idempotent: taking out what is not in changes nothing.
    async fn remove_line(&self, wish: RemoveLine) -> Result<Cart>;
    /// Puts what is in a guest's cart into the customer's: quantities add up and are capped, the newer price
    /// wins, and what is beyond the last line a cart can hold is left out. Idempotent: a cart is merged once.
    async fn merge(&self, wish: Merge) -> Result<Cart>;
    /// The ways in which what is in a cart can go to a country, cheapest first.
    async fn quotes(&self, wish: QuotesFor) -> Result<Quotes>;
}

ports::remote! {
    Carts in "carts", Error => RemoteCarts, CartsSkeleton, LocalCarts {
        command open(OpenCart) -> Cart;
        query cart(CartOf) -> Cart;
        command put_line(PutLine) -> Cart;
        command remove_line(RemoveLine) -> Cart;
        command merge(Merge) -> Cart;
        query quotes(QuotesFor) -> Quotes;
    }
}

/// A wish for a cart.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct OpenCart {
    /// Whose.
    pub customer: UserId,
    /// What all its prices are in.
    pub currency: kernel::Currency,
}

/// A cart and who asks for it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct CartOf {
    /// Whose it must be.
    pub customer: UserId,
    /// Which one.
    pub cart: CartId,
}

/// A wish for so many of a variant.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct PutLine {
    /// Whose cart.
    pub customer: UserId,
    /// Which cart.
    pub cart: CartId,
    /// What.
    pub variant: VariantId,
    /// How many, 1 to [`Cart::MAX_QUANTITY`].
    pub quantity: u32,
}

/// A wish for none of a variant.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RemoveLine {
    /// Whose cart.
    pub customer: UserId,
    /// Which cart.
    pub cart: CartId,
    /// What.
    pub variant: VariantId,
}

/// A wish to go on with a guest's cart as somebody who is logged in.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Merge {
    /// Whose cart it goes into.
    pub customer: UserId,
    /// Whose cart it is.
    pub guest: UserId,
    /// Which one.
    pub cart: CartId,
}

/// A cart and where its things would go.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QuotesFor {
    /// Whose cart.
    pub customer: UserId,
    /// Which cart.
    pub cart: CartId,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

/// What delivery costs, as far as the carriers have said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quotes {
    /// Cheapest first; none when nothing goes there.
    pub items: Vec<Quote>,
    /// The carriers that gave no answer: their prices are older, or not there.
    pub silent: Vec<String>,
}

/// One way a cart's things can go, and its price.
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

/// What a shopper is about to want.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cart {
    /// Never reused.
    pub id: CartId,
    /// Whose it is.
    pub customer: UserId,
    /// What all its prices are in.
    pub currency: kernel::Currency,
    /// In the order they were put in.
    pub lines: Vec<Line>,
    /// The sum of the lines at their snapshots.
    pub total: Money,
    /// How far it has got.
    pub status: Status,
    /// What stands between this cart and an order; empty when nothing does.
    pub requirements: Vec<Requirement>,
    /// Whether requirements were computed without products, from snapshots alone.
    pub stale: bool,
    /// When it is forgotten.
    pub expires_at: Timestamp,
    /// Its ETag.
    pub version: Version,
}

impl Cart {
    /// How many lines a cart holds.
    pub const MAX_LINES: usize = 100;
    /// How many of one variant a cart holds.
    pub const MAX_QUANTITY: u32 = 999;

    /// What all of it weighs, in grams.
    pub fn weight_g(&self) -> u64 {
        self.lines.iter().map(|line| u64::from(line.weight_g) * u64::from(line.quantity)).sum()
    }
}

/// One line of a cart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// What.
    pub variant: VariantId,
    /// How many.
    pub quantity: u32,
    /// Its SKU when it was put in.
    pub sku: String,
    /// Its title when it was put in.
    pub title: String,
    /// What one cost when it was put in.
    pub price: Money,
    /// What one weighed when it was put in, in grams.
    #[serde(default)]
    pub weight_g: u32,
}

/// How far a cart has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Lines come and go.
    Active,
    /// It became an order.
    Converted,
    /// What was in it went into the cart of somebody who logged in.
    Merged,
    /// Nobody came back for it.
    Expired,
}

/// Something that stands between a cart and an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// What is the matter.
    pub kind: RequirementKind,
    /// The index of the line that is to blame, when one is.
    pub line: Option<usize>,
    /// What is wrong and what would help, for people.
    pub detail: String,
}

/// What can stand between a cart and an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequirementKind {
    /// There is nothing in the cart.
    Empty,
    /// One costs something else now; putting the line in again accepts the new price.
    PriceChanged,
    /// There are fewer than wanted.
    OutOfStock,
    /// It is not for sale any more.
    Unavailable,
    /// Nobody has said where it goes. A cart has no address, so this is said when an order is placed.
    AddressMissing,
}

impl RequirementKind {
    /// The code by which the outside world hears of it.
    pub const fn code(self) -> Code {
        match self {
            Self::Empty => Code::CartEmpty,
            Self::PriceChanged => Code::PriceChanged,
            Self::OutOfStock => Code::InsufficientStock,
            Self::Unavailable => Code::VariantUnavailable,
            Self::AddressMissing => Code::ValidationFailed,
        }
    }
}

/// Why carts said no.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each says what it is")]
pub enum Error {
    #[error("there is no cart {0}")]
    UnknownCart(CartId),
    #[error("variant {0} is not for sale")]
    VariantUnavailable(VariantId),
    #[error("the cart is {0:?} and cannot be changed")]
    NotActive(Status),
    #[error("a cart holds at most {} lines", Cart::MAX_LINES)]
    TooManyLines,
    #[error("the request is not valid")]
    Invalid(Vec<Violation>),
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("carts failed")]
    Broken,
}

/// What every method of [`Carts`] returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Fault for Error {
    fn code(&self) -> Code {
        match self {
            Self::UnknownCart(_) => Code::NotFound,
            Self::VariantUnavailable(_) => Code::VariantUnavailable,
            Self::NotActive(_) => Code::Conflict,
            Self::TooManyLines | Self::Invalid(_) => Code::ValidationFailed,
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
