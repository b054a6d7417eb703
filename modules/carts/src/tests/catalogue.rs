//! A small catalogue in memory, whose prices change and which can fall silent.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use kernel::{Currency, Ids, Money, Page};
use ports::async_trait;
use products_api::{
    Adjust, Browse, Category, CategoryScope, Error, Extend, Hold, NewCategory, NewProduct, Owner,
    Product, ProductRef, ProductSummary, Products, Reservation, Result, StockLevel, Variant,
    VariantId,
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

    async fn browse(&self, _: Browse) -> Result<Page<ProductSummary>> {
        Ok(Page { items: Vec::new(), next: None })
    }

    async fn product(&self, which: ProductRef) -> Result<Product> {
        Err(Error::UnknownProduct(format!("{which:?}")))
    }

    async fn categories(&self, _: CategoryScope) -> Result<Vec<Category>> {
        Ok(Vec::new())
    }

    async fn add_category(&self, wish: NewCategory) -> Result<Category> {
        Err(Error::SlugTaken(wish.slug))
    }

    async fn publish(&self, wish: NewProduct) -> Result<Product> {
        Err(Error::SlugTaken(wish.slug))
    }

    async fn adjust(&self, wish: Adjust) -> Result<StockLevel> {
        Err(Error::UnknownVariant(wish.variant))
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
}
