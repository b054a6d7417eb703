//! What is asked for: the call that happens most in the shop, `products.variants`, for three of them.

use std::collections::HashMap;
use std::sync::Arc;

use kernel::{Currency, Ids, Money};
use ports::{Meters, Transport, async_trait};
use products_api::{Error, OptionValue, Result, Variant, VariantId};

/// Variants in one call, as for a cart of three lines.
pub(crate) const WANTED: usize = 3;
/// Variants on the shelf.
const ON_SALE: usize = 1000;

/// The one method of the catalogue that is measured, derived as the real port is.
#[async_trait]
pub(crate) trait Catalogue: Send + Sync {
    async fn variants(&self, ids: Vec<VariantId>) -> Result<Vec<Variant>>;
}

ports::remote! {
    Catalogue in "products", Error => RemoteCatalogue, CatalogueSkeleton, LocalCatalogue {
        query variants(Vec<VariantId>) -> Vec<Variant>;
    }
}

/// Goods in memory, so that what is measured is the way to them.
#[derive(Clone)]
pub(crate) struct Shelf(Arc<HashMap<VariantId, Variant>>);

impl Shelf {
    pub(crate) fn fill() -> Self {
        let ids = Ids::system();
        let variants = (0..ON_SALE).map(|number| variant(&ids, number));
        Self(Arc::new(variants.map(|variant| (variant.id, variant)).collect()))
    }

    /// What a cart would ask for.
    pub(crate) fn wish(&self) -> Vec<VariantId> {
        self.0.keys().take(WANTED).copied().collect()
    }

    pub(crate) fn find(&self, ids: &[VariantId]) -> Vec<Variant> {
        ids.iter().filter_map(|id| self.0.get(id)).cloned().collect()
    }

    /// The port as a neighbour in the same process has it.
    pub(crate) fn port(&self) -> Arc<dyn Catalogue> {
        LocalCatalogue::around(Arc::new(self.clone()), &Meters::default())
    }

    /// The port as a process serves it to others.
    pub(crate) fn skeleton(&self) -> Arc<dyn Transport> {
        CatalogueSkeleton::new(self.port())
    }
}

#[async_trait]
impl Catalogue for Shelf {
    async fn variants(&self, ids: Vec<VariantId>) -> Result<Vec<Variant>> {
        Ok(self.find(&ids))
    }
}

fn variant(ids: &Ids, number: usize) -> Variant {
    let option = |name: &str, value: &str| OptionValue { name: name.into(), value: value.into() };
    Variant {
        id: ids.next(),
        product: ids.next(),
        sku: format!("TSHIRT-{number:05}-M"),
        title: "T-shirt of organic cotton".to_owned(),
        options: vec![option("colour", "midnight blue"), option("size", "M")],
        price: Money::new(1999, Currency::EUR),
        compare_at: Some(Money::new(2499, Currency::EUR)),
        weight_g: 180,
        available: 42,
        for_sale: true,
    }
}
