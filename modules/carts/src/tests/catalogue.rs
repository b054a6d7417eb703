//! A small catalogue in memory, whose prices change and which can fall silent.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use kernel::{Currency, Ids, Money, Page, PageRequest};
use ports::async_trait;
use products_api::{
    AddVariant, Adjust, Browse, Category, CategoryAt, CategoryRef, CategoryScope, ChangeCategory,
    ChangeProduct, ChangeVariant, Error, Extend, Found, Hold, Import, Imported, NewCategory,
    NewProduct, Owner, Product, ProductAt, ProductRef, Products, Reservation, Reservations, Result,
    Stock, StockEntry, StockLevel, StockMovement, StockMovements, Variant, VariantId,
};

/// Variants on sale. It sells nothing and holds nothing: carts only ask.
pub(super) struct Catalogue {
    ids: Ids,
    shelf: Mutex<Shelf>,
}

#[derive(Default)]
struct Shelf {
    variants: BTreeMap<VariantId, Variant>,
    mood: Mood,
    asked: u32,
}

#[derive(Clone, Copy, Default, PartialEq)]
pub(super) enum Mood {
    #[default]
    Answers,
    Hangs,
    Fails,
}

impl Catalogue {
    pub(super) fn new(ids: Ids) -> Self {
        Self { ids, shelf: Mutex::default() }
    }

    /// Puts ten pieces of something on sale.
    pub(super) fn sell(&self, title: &str, price: i64) -> VariantId {
        let variant = Variant {
            id: self.ids.next(),
            product: self.ids.next(),
            sku: format!("SKU-{title}"),
            title: title.into(),
            options: Vec::new(),
            price: Money::new(price, Currency::EUR),
            compare_at: None,
            weight_g: 100,
            barcode: None,
            track_stock: true,
            available: 10,
            for_sale: true,
        };
        let id = variant.id;
        self.shelf().variants.insert(id, variant);
        id
    }

    pub(super) fn change(&self, id: VariantId, change: impl FnOnce(&mut Variant)) {
        self.shelf().variants.get_mut(&id).map(change).unwrap();
    }

    pub(super) fn forget(&self, id: VariantId) {
        self.shelf().variants.remove(&id).unwrap();
    }

    pub(super) fn turn(&self, mood: Mood) {
        self.shelf().mood = mood;
    }

    /// How often somebody has asked.
    pub(super) fn asked(&self) -> u32 {
        self.shelf().asked
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap()
    }
}

#[async_trait]
impl Products for Catalogue {
    async fn variants(&self, ids: Vec<VariantId>) -> Result<Vec<Variant>> {
        let mood = {
            let mut shelf = self.shelf();
            shelf.asked += 1;
            shelf.mood
        };
        match mood {
            Mood::Answers => {
                let shelf = self.shelf();
                Ok(ids.iter().filter_map(|id| shelf.variants.get(id).cloned()).collect())
            }
            Mood::Hangs => std::future::pending().await,
            Mood::Fails => Err(Error::Broken),
        }
    }

    async fn browse(&self, _: Browse) -> Result<Found> {
        Err(Error::Broken)
    }

    async fn product(&self, which: ProductRef) -> Result<Product> {
        Err(Error::UnknownProduct(format!("{which:?}")))
    }

    async fn any_product(&self, which: ProductRef) -> Result<Product> {
        Err(Error::UnknownProduct(format!("{which:?}")))
    }

    async fn categories(&self, _: CategoryScope) -> Result<Vec<Category>> {
        Ok(Vec::new())
    }

    async fn category(&self, which: CategoryRef) -> Result<Category> {
        Err(Error::UnknownCategory(format!("{which:?}")))
    }

    async fn add_product(&self, wish: NewProduct) -> Result<Product> {
        Err(Error::SlugTaken(wish.slug))
    }

    async fn change_product(&self, wish: ChangeProduct) -> Result<Product> {
        Err(Error::UnknownProduct(wish.at.product.to_string()))
    }

    async fn publish(&self, which: ProductAt) -> Result<Product> {
        Err(Error::UnknownProduct(which.product.to_string()))
    }

    async fn archive(&self, which: ProductAt) -> Result<Product> {
        Err(Error::UnknownProduct(which.product.to_string()))
    }

    async fn remove_product(&self, which: ProductAt) -> Result<()> {
        Err(Error::UnknownProduct(which.product.to_string()))
    }

    async fn add_variant(&self, wish: AddVariant) -> Result<Product> {
        Err(Error::UnknownProduct(wish.at.product.to_string()))
    }

    async fn change_variant(&self, wish: ChangeVariant) -> Result<Product> {
        Err(Error::UnknownVariant(wish.variant))
    }

    async fn add_category(&self, wish: NewCategory) -> Result<Category> {
        Err(Error::SlugTaken(wish.slug))
    }

    async fn change_category(&self, wish: ChangeCategory) -> Result<Category> {
        Err(Error::UnknownCategory(wish.at.category.to_string()))
    }

    async fn remove_category(&self, which: CategoryAt) -> Result<()> {
        Err(Error::UnknownCategory(which.category.to_string()))
    }

    async fn import(&self, _: Import) -> Result<Vec<Imported>> {
        Ok(Vec::new())
    }

    async fn export(&self, _: PageRequest) -> Result<Page<NewProduct>> {
        Ok(Page { items: Vec::new(), next: None })
    }

    async fn adjust(&self, wish: Adjust) -> Result<StockLevel> {
        Err(Error::UnknownVariant(wish.variant))
    }

    async fn stock(&self, _: Stock) -> Result<Page<StockEntry>> {
        Ok(Page { items: Vec::new(), next: None })
    }

    async fn stock_movements(&self, _: StockMovements) -> Result<Page<StockMovement>> {
        Ok(Page { items: Vec::new(), next: None })
    }

    async fn reserve(&self, hold: Hold) -> Result<Reservation> {
        Err(Error::UnknownReservation(hold.owner))
    }

    async fn extend(&self, wish: Extend) -> Result<Reservation> {
        Err(Error::UnknownReservation(wish.owner))
    }

    async fn release(&self, _: Owner) -> Result<()> {
        Ok(())
    }

    async fn reservation(&self, owner: Owner) -> Result<Reservation> {
        Err(Error::UnknownReservation(owner))
    }

    async fn reservations(&self, _: Reservations) -> Result<Page<Reservation>> {
        Ok(Page { items: Vec::new(), next: None })
    }
}
