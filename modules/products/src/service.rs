//! Products at work: decide, then record.

use std::collections::HashSet;

use kernel::{Page, PageRequest, Violation};
use ports::async_trait;
use products_api::{
    AddVariant, Adjust, Browse, Category, CategoryAt, CategoryRef, CategoryScope, ChangeCategory,
    ChangeProduct, ChangeVariant, Error, Extend, Found, Hold, Import, Imported, NewCategory,
    NewProduct, Owner, Product, ProductAt, ProductRef, ProductStatus, Products, Reservation,
    Reservations, Result, Stock, StockEntry, StockLevel, StockMovement, StockMovements, Variant,
    VariantId,
};
use storage::Failure;

use crate::{
    domain::{catalogue, keeping, stock},
    store::Store,
};

/// How many products and variants are imported at once.
const IMPORTED: (usize, usize) = (500, 2_000);

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
    async fn browse(&self, wish: Browse) -> Result<Found> {
        let words = catalogue::searched(&wish)?;
        self.store.browse(&wish, &words).await.map_err(told)
    }

    async fn product(&self, which: ProductRef) -> Result<Product> {
        let product = self.any_product(which.clone()).await?;
        match product.status {
            ProductStatus::Active => Ok(product),
            ProductStatus::Draft | ProductStatus::Archived => Err(unknown(which)),
        }
    }

    async fn any_product(&self, which: ProductRef) -> Result<Product> {
        let found = self.store.product(&which).await.map_err(told)?;
        found.ok_or_else(|| unknown(which))
    }

    async fn variants(&self, ids: Vec<VariantId>) -> Result<Vec<Variant>> {
        let ids = catalogue::wanted(ids)?;
        self.store.variants(&ids).await.map_err(told)
    }

    async fn categories(&self, scope: CategoryScope) -> Result<Vec<Category>> {
        match scope {
            CategoryScope::All => self.store.categories().await.map_err(told),
        }
    }

    async fn category(&self, which: CategoryRef) -> Result<Category> {
        let found = self.store.category(&which).await.map_err(told)?;
        found.ok_or_else(|| {
            Error::UnknownCategory(match which {
                CategoryRef::Id(id) => id.to_string(),
                CategoryRef::Slug(slug) => slug,
            })
        })
    }

    async fn add_product(&self, wish: NewProduct) -> Result<Product> {
        let wish = catalogue::new_product(wish)?;
        self.store.add_product(&wish).await.map_err(told)
    }

    async fn change_product(&self, wish: ChangeProduct) -> Result<Product> {
        let change = |before: &Product| keeping::retold(before, &wish);
        self.store.edit(&wish.at, change).await.map_err(told)
    }

    async fn publish(&self, which: ProductAt) -> Result<Product> {
        let now = self.store.clock().now();
        let change = |before: &Product| keeping::published(before, now);
        self.store.edit(&which, change).await.map_err(told)
    }

    async fn archive(&self, which: ProductAt) -> Result<Product> {
        self.store.edit(&which, keeping::archived).await.map_err(told)
    }

    async fn remove_product(&self, which: ProductAt) -> Result<()> {
        self.store.remove_product(&which).await.map_err(told)
    }

    async fn add_variant(&self, wish: AddVariant) -> Result<Product> {
        let variant = catalogue::added_variant(wish.variant)?;
        self.store.add_variant(&wish.at, &variant).await.map_err(told)
    }

    async fn change_variant(&self, wish: ChangeVariant) -> Result<Product> {
        let change = |before: &Product| keeping::with_changed_variant(before, &wish);
        self.store.edit(&wish.at, change).await.map_err(told)
    }

    async fn add_category(&self, wish: NewCategory) -> Result<Category> {
        let wish = catalogue::category(wish)?;
        self.store.add_category(&wish).await.map_err(told)
    }

    async fn change_category(&self, wish: ChangeCategory) -> Result<Category> {
        self.store.change_category(&wish).await.map_err(told)
    }

    async fn remove_category(&self, which: CategoryAt) -> Result<()> {
        self.store.remove_category(&which).await.map_err(told)
    }

    async fn import(&self, wish: Import) -> Result<Vec<Imported>> {
        let variants = wish.products.iter().map(|product| product.variants.len()).sum::<usize>();
        if wish.products.len() > IMPORTED.0 || variants > IMPORTED.1 {
            let detail = "at most 500 products with 2,000 variants are imported at once";
            return Err(Error::Invalid(vec![Violation::new("/products", "length", detail)]));
        }
        let mut outcomes = Vec::with_capacity(wish.products.len());
        for part in apart(wish.products) {
            outcomes.extend(self.imported(part).await?);
        }
        Ok(outcomes)
    }

    async fn export(&self, page: PageRequest) -> Result<Page<NewProduct>> {
        catalogue::page(&page)?;
        self.store.export(&page).await.map_err(told)
    }

    async fn adjust(&self, wish: Adjust) -> Result<StockLevel> {
        let wish = stock::adjust(wish)?;
        self.store.adjust(&wish).await.map_err(told)
    }

    async fn stock(&self, which: Stock) -> Result<Page<StockEntry>> {
        catalogue::page(&which.page)?;
        self.store.stock(&which).await.map_err(told)
    }

    async fn stock_movements(&self, which: StockMovements) -> Result<Page<StockMovement>> {
        catalogue::page(&which.page)?;
        self.store.stock_movements(&which).await.map_err(told)
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

    async fn reservations(&self, which: Reservations) -> Result<Page<Reservation>> {
        catalogue::page(&which.page)?;
        self.store.reservations(&which).await.map_err(told)
    }
}

impl Service {
    /// Imports products of which none names what another one names.
    async fn imported(&self, wishes: Vec<NewProduct>) -> Result<Vec<Imported>> {
        let mut outcomes: Vec<Option<Imported>> = Vec::with_capacity(wishes.len());
        let mut accepted = Vec::with_capacity(wishes.len());
        for wish in wishes {
            match catalogue::listed(wish) {
                Ok(wish) => {
                    accepted.push(wish);
                    outcomes.push(None);
                }
                Err(Error::Invalid(violations)) => {
                    outcomes.push(Some(Imported::Refused(violations)));
                }
                Err(other) => return Err(other),
            }
        }
        let mut recorded = match accepted.is_empty() {
            true => Vec::new(),
            false => self.store.import(&accepted).await.map_err(told)?,
        }
        .into_iter();
        Ok(outcomes.into_iter().filter_map(|outcome| outcome.or_else(|| recorded.next())).collect())
    }
}

/// Parts of a list, in its order, in none of which a slug or a SKU occurs twice.
fn apart(products: Vec<NewProduct>) -> Vec<Vec<NewProduct>> {
    let mut parts = vec![Vec::new()];
    let mut seen = HashSet::new();
    for product in products {
        let skus = product.variants.iter().map(|variant| format!("sku {}", variant.sku));
        let names: Vec<_> = skus.chain([format!("slug {}", product.slug)]).collect();
        if names.iter().any(|name| seen.contains(name)) {
            parts.push(Vec::new());
            seen.clear();
        }
        seen.extend(names);
        if let Some(part) = parts.last_mut() {
            part.push(product);
        }
    }
    parts
}

fn unknown(which: ProductRef) -> Error {
    Error::UnknownProduct(match which {
        ProductRef::Id(id) => id.to_string(),
        ProductRef::Slug(slug) => slug,
    })
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
