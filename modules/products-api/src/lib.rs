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
//! Parcels that leave are heard of by the event of deliveries, and consume the reservation of their order.
//!
//! What staff change they change as they have seen it: [`ProductAt`] and [`CategoryAt`] name the version.

use kernel::{
    Code, Command, Event, Fault, Message, Money, Never, Page, PageRequest, Patch, Timestamp,
    Version, Violation,
};
use ports::{Unreachable, async_trait};
use serde::{Deserialize, Serialize};

mod catalogue;
mod events;
mod keeping;
mod stock;

pub use catalogue::{
    Attribute, Browse, Category, CategoryId, CategoryRef, CategoryScope, Facet, FacetValue, Found,
    OptionValue, Product, ProductId, ProductRef, ProductStatus, ProductSummary, Shown, Sort,
    Variant, VariantId,
};
pub use events::{PriceChanged, ProductArchived, ProductChanged, ProductPublished, StockDepleted};
pub use keeping::{
    AddVariant, CategoryAt, ChangeCategory, ChangeProduct, ChangeVariant, Import, Imported,
    NewCategory, NewProduct, NewVariant, ProductAt,
};
pub use stock::{
    Adjust, Adjustment, CommitReservation, Extend, Hold, HoldLine, MovementId, MovementKind, Owner,
    ReleaseReservation, Reservation, ReservationId, ReservationState, Reservations, Shortage,
    Stock, StockEntry, StockLevel, StockMovement, StockMovements, Unavailable,
};

/// The catalogue and its stock, as their neighbours see them.
#[async_trait]
pub trait Products: Send + Sync {
    /// One page of what is on sale, or of what staff keep.
    async fn browse(&self, wish: Browse) -> Result<Found>;
    /// One product on sale, by id or slug.
    async fn product(&self, which: ProductRef) -> Result<Product>;
    /// One product, on sale or not, for staff.
    async fn any_product(&self, which: ProductRef) -> Result<Product>;
    /// Finds variants by id, for sale or not; unknown ones are left out.
    async fn variants(&self, ids: Vec<VariantId>) -> Result<Vec<Variant>>;
    /// Every category, parents before children, then by position.
    async fn categories(&self, scope: CategoryScope) -> Result<Vec<Category>>;
    /// One category, by id or slug.
    async fn category(&self, which: CategoryRef) -> Result<Category>;

    /// Adds a product with its variants and their first stock, as a draft or on sale. Idempotent by
    /// slug: the second attempt is refused.
    async fn add_product(&self, wish: NewProduct) -> Result<Product>;
    /// Changes what is told of a product. Idempotent: what is so already is no change.
    async fn change_product(&self, wish: ChangeProduct) -> Result<Product>;
    /// Puts a product on sale, and says so. Idempotent.
    async fn publish(&self, which: ProductAt) -> Result<Product>;
    /// Takes a product off the shelves, and says so. Idempotent.
    async fn archive(&self, which: ProductAt) -> Result<Product>;
    /// Forgets a draft that never had stock. Idempotent: what is gone is unknown.
    async fn remove_product(&self, which: ProductAt) -> Result<()>;
    /// Adds a variant. Idempotent by SKU: the second attempt is refused.
    async fn add_variant(&self, wish: AddVariant) -> Result<Product>;
    /// Changes a variant. Idempotent: what is so already is no change.
    async fn change_variant(&self, wish: ChangeVariant) -> Result<Product>;
    /// Adds a category. Idempotent by slug: the second attempt is refused.
    async fn add_category(&self, wish: NewCategory) -> Result<Category>;
    /// Changes a category, or moves it with all below it. Idempotent: what is so already is no change.
    async fn change_category(&self, wish: ChangeCategory) -> Result<Category>;
    /// Removes an empty category. Idempotent: what is gone is unknown.
    async fn remove_category(&self, which: CategoryAt) -> Result<()>;
    /// Adds or changes products as they stand in a list; one reply for each. Idempotent: what is so
    /// already is no change.
    async fn import(&self, wish: Import) -> Result<Vec<Imported>>;
    /// One page of all products as [`import`](Self::import) takes them, oldest first, with what is on
    /// hand now.
    async fn export(&self, page: PageRequest) -> Result<Page<NewProduct>>;

    /// Receives stock or corrects a count, by a movement. Idempotent by `cause`.
    async fn adjust(&self, wish: Adjust) -> Result<StockLevel>;
    /// One page of stock levels, for staff.
    async fn stock(&self, which: Stock) -> Result<Page<StockEntry>>;
    /// One page of the books, for staff.
    async fn stock_movements(&self, which: StockMovements) -> Result<Page<StockMovement>>;
    /// Holds every line until `hold.expires_at`, or none of them. Idempotent by `hold.owner`.
    async fn reserve(&self, hold: Hold) -> Result<Reservation>;
    /// Holds for longer what is held; what is sold is left alone. Idempotent.
    async fn extend(&self, wish: Extend) -> Result<Reservation>;
    /// Gives back what `owner` holds. Idempotent: releasing again, or nothing, changes nothing.
    async fn release(&self, owner: Owner) -> Result<()>;
    /// What `owner` holds or held.
    async fn reservation(&self, owner: Owner) -> Result<Reservation>;
    /// One page of reservations, for staff.
    async fn reservations(&self, which: Reservations) -> Result<Page<Reservation>>;
}

ports::remote! {
    Products in "products", Error => RemoteProducts, ProductsSkeleton, LocalProducts {
        query browse(Browse) -> Found;
        query product(ProductRef) -> Product;
        query any_product(ProductRef) -> Product;
        query variants(Vec<VariantId>) -> Vec<Variant>;
        query categories(CategoryScope) -> Vec<Category>;
        query category(CategoryRef) -> Category;
        command add_product(NewProduct) -> Product;
        command change_product(ChangeProduct) -> Product;
        command publish(ProductAt) -> Product;
        command archive(ProductAt) -> Product;
        command remove_product(ProductAt) -> ();
        command add_variant(AddVariant) -> Product;
        command change_variant(ChangeVariant) -> Product;
        command add_category(NewCategory) -> Category;
        command change_category(ChangeCategory) -> Category;
        command remove_category(CategoryAt) -> ();
        command import(Import) -> Vec<Imported>;
        query export(PageRequest) -> Page<NewProduct>;
        command adjust(Adjust) -> StockLevel;
        query stock(Stock) -> Page<StockEntry>;
        query stock_movements(StockMovements) -> Page<StockMovement>;
        command reserve(Hold) -> Reservation;
        command extend(Extend) -> Reservation;
        command release(Owner) -> ();
        query reservation(Owner) -> Reservation;
        query reservations(Reservations) -> Page<Reservation>;
    }
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
    #[error("the product is at version {0} by now")]
    StaleProduct(Version),
    #[error("the category is at version {0} by now")]
    StaleCategory(Version),
    #[error("{0}")]
    NotPossible(String),
    #[error("the variant {0} is not for sale")]
    NotForSale(VariantId),
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
            Self::StaleProduct(_) | Self::StaleCategory(_) => Code::PreconditionFailed,
            Self::NotForSale(_) => Code::VariantUnavailable,
            Self::NotPossible(_) => Code::Conflict,
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
