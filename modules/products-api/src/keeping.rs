//! What staff do to the catalogue.

use super::*;

/// A product that does not exist yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewProduct {
    /// Lower-case letters, digits and dashes; unique.
    pub slug: String,
    /// 1 to 200 characters.
    pub title: String,
    /// At most 10,000 characters.
    pub description: String,
    /// Draft, or active: then it is on sale at once and needs a variant.
    pub status: ProductStatus,
    /// Slugs of existing categories.
    pub categories: Vec<String>,
    /// At most 50, each once.
    pub attributes: Vec<Attribute>,
    /// Absolute URLs or paths of pictures.
    pub media: Vec<String>,
    /// At most 100, with the same options and different choices.
    pub variants: Vec<NewVariant>,
}

/// A variant that does not exist yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewVariant {
    /// 1 to 64 characters, unique in the shop.
    pub sku: String,
    /// What tells it apart from its siblings.
    pub options: Vec<OptionValue>,
    /// Above zero.
    pub price: Money,
    /// Above the price, when there is one.
    pub compare_at: Option<Money>,
    /// Grams.
    pub weight_g: u32,
    /// 1 to 64 characters.
    pub barcode: Option<String>,
    /// Whether its stock is counted.
    pub track_stock: bool,
    /// Whether it is for sale while its product is.
    pub for_sale: bool,
    /// How many are on hand to begin with.
    pub on_hand: u32,
}

/// A product as somebody has seen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductAt {
    /// Which one.
    pub product: ProductId,
    /// The version that must still be the current one; any, when it is not said.
    pub based_on: Option<Version>,
}

/// A change of a product; what is absent stays as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeProduct {
    /// Which one.
    pub at: ProductAt,
    /// See [`NewProduct`].
    pub slug: Option<String>,
    /// See [`NewProduct`].
    pub title: Option<String>,
    /// See [`NewProduct`].
    pub description: Option<String>,
    /// See [`NewProduct`].
    pub categories: Option<Vec<String>>,
    /// See [`NewProduct`].
    pub attributes: Option<Vec<Attribute>>,
    /// See [`NewProduct`].
    pub media: Option<Vec<String>>,
}

/// One more variant of a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AddVariant {
    /// Of which one.
    pub at: ProductAt,
    /// In the currency of its siblings.
    pub variant: NewVariant,
}

/// A change of a variant; what is absent stays as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeVariant {
    /// Of which product.
    pub at: ProductAt,
    /// Which one.
    pub variant: VariantId,
    /// In the same currency as before.
    pub price: Option<Money>,
    /// What it used to cost.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    pub compare_at: Patch<Money>,
    /// Grams.
    pub weight_g: Option<u32>,
    /// What a till scans.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    pub barcode: Patch<String>,
    /// Whether its stock is counted.
    pub track_stock: Option<bool>,
    /// Whether it is for sale while its product is.
    pub for_sale: Option<bool>,
}

/// A category that does not exist yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewCategory {
    /// Lower-case letters, digits and dashes; unique.
    pub slug: String,
    /// 1 to 200 characters.
    pub name: String,
    /// The slug of an existing category; a tree is at most eight deep.
    pub parent: Option<String>,
    /// Its place among its siblings.
    pub position: i64,
}

/// A category as somebody has seen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryAt {
    /// Which one.
    pub category: CategoryId,
    /// The version that must still be the current one; any, when it is not said.
    pub based_on: Option<Version>,
}

/// A change of a category; what is absent stays as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeCategory {
    /// Which one.
    pub at: CategoryAt,
    /// See [`NewCategory`].
    pub slug: Option<String>,
    /// See [`NewCategory`].
    pub name: Option<String>,
    /// The slug of the category it is moved into, with everything below it; null, it is moved to the
    /// top. Never into itself or what lies below it.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    pub parent: Patch<String>,
    /// See [`NewCategory`].
    pub position: Option<i64>,
}

/// Products that may exist already, each told by its slug, their variants by their SKUs. What is there
/// is changed to what is said; its stock is not, and variants that are not named stay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Import {
    /// At most 500 with at most 2,000 variants. A category may be a path of slugs, `kitchen/tea`; what
    /// of it is missing is added.
    pub products: Vec<NewProduct>,
}

/// What became of one imported product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Imported {
    /// It is new.
    Created(ProductId),
    /// It was there and is different now.
    Changed(ProductId),
    /// It was there and is the same.
    Unchanged(ProductId),
    /// It was not taken, and nothing of it is changed.
    Refused(Vec<Violation>),
}
