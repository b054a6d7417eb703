//! Products at work: decide, then record.

use kernel::Page;
use ports::async_trait;
use products_api::{
    Adjust, Browse, Category, CategoryScope, Error, Extend, Hold, NewCategory, NewProduct, Owner,
    Product, ProductRef, ProductSummary, Products, Reservation, Result, StockLevel, Variant,
    VariantId,
};
use storage::Failure;

use crate::{
    domain::{catalogue, stock},
    store::Store,
};

pub(crate) struct Service {
    store: Store,
}

impl Service {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Products for Service {
    async fn browse(&self, wish: Browse) -> Result<Page<ProductSummary>> {
        let words = catalogue::words(&wish)?;
        self.store.browse(&wish, &words).await.map_err(told)
    }

    async fn product(&self, which: ProductRef) -> Result<Product> {
        let found = self.store.product(&which).await.map_err(told)?;
        found.ok_or_else(|| {
            Error::UnknownProduct(match which {
                ProductRef::Id(id) => id.to_string(),
                ProductRef::Slug(slug) => slug,
            })
        })
    }

    async fn categories(&self, scope: CategoryScope) -> Result<Vec<Category>> {
        match scope {
            CategoryScope::All => self.store.categories().await.map_err(told),
        }
    }

    async fn variants(&self, ids: Vec<VariantId>) -> Result<Vec<Variant>> {
        let ids = catalogue::wanted(ids)?;
        self.store.variants(&ids).await.map_err(told)
    }

    async fn add_category(&self, wish: NewCategory) -> Result<Category> {
        let wish = catalogue::category(wish)?;
        self.store.add_category(&wish).await.map_err(told)
    }

    async fn publish(&self, wish: NewProduct) -> Result<Product> {
        let draft = catalogue::draft(wish)?;
        self.store.publish(&draft).await.map_err(told)
    }

    async fn adjust(&self, wish: Adjust) -> Result<StockLevel> {
        let wish = stock::adjust(wish)?;
        self.store.adjust(&wish).await.map_err(told)
    }

    async fn reserve(&self, hold: Hold) -> Result<Reservation> {
        let hold = stock::hold(hold)?;
        self.store.reserve(&hold).await.map_err(told)
    }

    async fn extend(&self, wish: Extend) -> Result<Reservation> {
        self.store.extend(&wish).await.map_err(told)
    }

    async fn release(&self, owner: Owner) -> Result<()> {
        self.store.release(&owner).await.map_err(told)
    }

    async fn reservation(&self, owner: Owner) -> Result<Reservation> {
        let found = self.store.reservation(&owner).await.map_err(told)?;
        found.ok_or(Error::UnknownReservation(owner))
    }
}

/// Keeps a cause at home; a caller learns only that we failed.
fn told(failure: Failure<Error>) -> Error {
    match failure {
        Failure::Refused(error) => error,
        Failure::Storage(cause) => {
            tracing::error!(%cause, "products' store failed");
            Error::Broken
        }
    }
}
