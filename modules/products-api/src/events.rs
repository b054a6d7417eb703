//! What products announce.
//!
//! A hold is not announced when it is made or given back: each announcement costs every order two
//! statements, and whoever holds stock knows it. The last one being gone is.

use super::*;

macro_rules! about_products {
    ($($event:ident = $kind:literal;)+) => {$(
        impl Message for $event {
            const CHANNEL: &'static str = "products.product";
            const TYPE: &'static str = $kind;
            fn key(&self) -> String {
                self.product.to_string()
            }
        }

        impl Event for $event {}
    )+};
}

about_products! {
    ProductPublished = "product-published";
    ProductChanged = "product-changed";
    ProductArchived = "product-archived";
    PriceChanged = "price-changed";
}

/// A product went on sale, for the first time or again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProductPublished {
    /// Which one.
    pub product: ProductId,
    /// Its place in a URL.
    pub slug: String,
    /// What a shopper reads first.
    pub title: String,
    /// When.
    pub at: Timestamp,
}

/// A product that is on sale is described differently, or has other variants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProductChanged {
    /// Which one.
    pub product: ProductId,
    /// What it is now.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

/// A product is not on sale any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProductArchived {
    /// Which one.
    pub product: ProductId,
    /// When.
    pub at: Timestamp,
}

/// A variant of a product that is on sale costs something else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriceChanged {
    /// Of which product.
    pub product: ProductId,
    /// Which variant.
    pub variant: VariantId,
    /// What it cost.
    pub before: Money,
    /// What it costs.
    pub after: Money,
    /// When.
    pub at: Timestamp,
}

/// The last one is gone: sold, held or counted away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StockDepleted {
    /// Of what.
    pub variant: VariantId,
    /// When.
    pub at: Timestamp,
}

impl Message for StockDepleted {
    const CHANNEL: &'static str = "products.stock";
    const TYPE: &'static str = "stock-depleted";
    fn key(&self) -> String {
        self.variant.to_string()
    }
}

impl Event for StockDepleted {}
