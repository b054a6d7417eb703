//! What the rest of the shop may know about what is for sale, and how many.
//!
//! Catalogue and stock share a contract because "is it for sale" and "is one left" are asked together.
//! Quantities have one rule: they change by movements, and a reservation is made by one conditional
//! update per line: the check *is* the write. Whoever holds stock is an opaque [`Owner`] (orders use
//! the order's id), so this contract knows no other.
//!
//! A hold is idempotent by its owner, and a sale is idempotent too. A hold ends taken back because its
//! time was over, given back by its owner, or sold and then consumed when it leaves the house. Giving back
//! cannot be refused, because it follows decisions that cannot be taken back. Selling can: a hold whose
//! time was over is made again if there is stock, and if there is none the buyer gets the money back.

use kernel::{
    Code, Command, Event, Fault, Message, Money, Never, Page, PageRequest, Timestamp, Version,
    Violation,
};
use ports::{Unreachable, async_trait};
use serde::{Deserialize, Serialize};

mod catalogue;
mod stock;

pub use catalogue::{
    Browse, Category, CategoryId, NewCategory, NewProduct, NewVariant, OptionValue, Product,
    ProductId, ProductPublished, ProductRef, ProductSummary, Sort, Variant, VariantId,
};
pub use stock::{
    Adjust, CommitReservation, Extend, Hold, HoldLine, MovementId, Owner, ReleaseReservation,
    Reservation, ReservationId, ReservationState, Shortage, StockDepleted, StockLevel, Unavailable,
};

/// The catalogue and its stock, as their neighbours see them.
#[async_trait]
pub trait Products: Send + Sync {
    /// One page of what is on sale.
    async fn browse(&self, wish: Browse) -> Result<Page<ProductSummary>>;
    /// One product on sale, by id or slug.
    async fn product(&self, which: ProductRef) -> Result<Product>;
    /// Every category, parents before children, then by position.
    async fn categories(&self, scope: CategoryScope) -> Result<Vec<Category>>;
    /// Finds variants by id; unknown ones are left out.
    async fn variants(&self, ids: Vec<VariantId>) -> Result<Vec<Variant>>;
    /// Adds a category. Idempotent by slug: the second attempt is refused.
    async fn add_category(&self, wish: NewCategory) -> Result<Category>;
    /// Puts a product with its variants on sale and announces [`ProductPublished`]. Idempotent by slug.
    async fn publish(&self, wish: NewProduct) -> Result<Product>;
    /// Receives stock or corrects a count, by a movement. Idempotent by `cause`.
    async fn adjust(&self, wish: Adjust) -> Result<StockLevel>;
    /// Holds every line until `hold.expires_at`, or none of them. Idempotent by `hold.owner`.
    async fn reserve(&self, hold: Hold) -> Result<Reservation>;
    /// Holds for longer what is held; what is sold is left alone. Idempotent.
    async fn extend(&self, wish: Extend) -> Result<Reservation>;
    /// Gives back what `owner` holds. Idempotent: releasing again, or nothing, changes nothing.
    async fn release(&self, owner: Owner) -> Result<()>;
    /// What `owner` holds or held.
    async fn reservation(&self, owner: Owner) -> Result<Reservation>;
}

ports::remote! {
    Products in "products", Error => RemoteProducts, ProductsSkeleton, LocalProducts {
        query browse(Browse) -> Page<ProductSummary>;
        query product(ProductRef) -> Product;
        query categories(CategoryScope) -> Vec<Category>;
        query variants(Vec<VariantId>) -> Vec<Variant>;
        command add_category(NewCategory) -> Category;
        command publish(NewProduct) -> Product;
        command adjust(Adjust) -> StockLevel;
        command reserve(Hold) -> Reservation;
        command extend(Extend) -> Reservation;
        command release(Owner) -> ();
        query reservation(Owner) -> Reservation;
    }
}

/// Which categories are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CategoryScope {
    /// All of them.
    All,
}

/// Why products said no.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each says what it is")]
pub enum Error {
    #[error("there is no product {0}")]
    UnknownProduct(String),
    #[error("there is no variant {0}")]
    UnknownVariant(VariantId),
    #[error("there is no category {0}")]
    UnknownCategory(String),
    #[error("there is no reservation of {0}")]
    UnknownReservation(Owner),
    #[error("the slug {0} is taken")]
    SlugTaken(String),
    #[error("the SKU {0} is taken")]
    SkuTaken(String),
    #[error("there is not enough stock for {} of the lines", .0.len())]
    InsufficientStock(Vec<Shortage>),
    #[error("the reservation of {0} has ended")]
    ReservationEnded(Owner),
    #[error("the count of {variant} cannot fall to {would_be}: {reserved} are reserved")]
    BelowReserved { variant: VariantId, would_be: i64, reserved: i64 },
    #[error("the cursor is not one of ours")]
    BadCursor,
    #[error("the request is not valid")]
    Invalid(Vec<Violation>),
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("products failed")]
    Broken,
}

/// What every method of [`Products`] returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Fault for Error {
    fn code(&self) -> Code {
        match self {
            Self::UnknownProduct(_) | Self::UnknownVariant(_) | Self::UnknownCategory(_) => {
                Code::NotFound
            }
            Self::UnknownReservation(_) => Code::NotFound,
            Self::SlugTaken(_) | Self::SkuTaken(_) => Code::Conflict,
            Self::ReservationEnded(_) | Self::BelowReserved { .. } => Code::Conflict,
            Self::InsufficientStock(_) => Code::InsufficientStock,
            Self::Invalid(_) | Self::BadCursor => Code::ValidationFailed,
            Self::Unreachable(cause) => cause.code(),
            Self::Broken => Code::Internal,
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Invalid(violations) => violations.clone(),
            Self::InsufficientStock(shortages) => {
                shortages.iter().map(Shortage::violation).collect()
            }
            _ => Vec::new(),
        }
    }
}
