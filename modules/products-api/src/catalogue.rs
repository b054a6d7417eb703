//! The nouns of the catalogue.

use super::*;

kernel::id! {
    /// Names one product for as long as the shop exists.
    ProductId = "prd"
}
kernel::id! {
    /// Names one variant of a product: what is put into a cart.
    VariantId = "var"
}
kernel::id! {
    /// Names one category.
    CategoryId = "cat"
}

/// What a shopper wants to see.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Browse {
    /// Words that title or description must contain.
    pub text: Option<String>,
    /// The slug of a category; what lies below it belongs to it.
    pub category: Option<String>,
    /// In which order.
    pub sort: Sort,
    /// Which part.
    pub page: PageRequest,
}

/// The order of a list of products; ties are broken by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sort {
    /// By title, A first.
    #[default]
    Title,
    /// By lowest price, cheapest first.
    Price,
    /// By birth, newest first.
    Newest,
}

/// A product in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProductSummary {
    /// Never reused.
    pub id: ProductId,
    /// Its place in a URL.
    pub slug: String,
    /// What a shopper reads first.
    pub title: String,
    /// The price of its cheapest variant.
    pub price_from: Money,
    /// Whether any variant can be bought now.
    pub in_stock: bool,
    /// Pictures, the first one first.
    pub media: Vec<String>,
}

/// A product by one of its names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProductRef {
    /// By id.
    Id(ProductId),
    /// By slug.
    Slug(String),
}

/// A product on sale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// Never reused.
    pub id: ProductId,
    /// Its place in a URL, unique.
    pub slug: String,
    /// What a shopper reads first.
    pub title: String,
    /// What a shopper reads next.
    pub description: String,
    /// Slugs of the categories it is in.
    pub categories: Vec<String>,
    /// Pictures, the first one first.
    pub media: Vec<String>,
    /// What can be bought, at least one.
    pub variants: Vec<Variant>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its ETag.
    pub version: Version,
}

/// One choice that tells variants apart: colour = blue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionValue {
    /// What is chosen: "colour".
    pub name: String,
    /// The choice: "blue".
    pub value: String,
}

/// Something that can be bought, as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// Never reused.
    pub id: VariantId,
    /// The product it is a variant of.
    pub product: ProductId,
    /// What a warehouse calls it, unique.
    pub sku: String,
    /// The product's title.
    pub title: String,
    /// What tells it apart from its siblings.
    pub options: Vec<OptionValue>,
    /// What one costs now.
    pub price: Money,
    /// What it used to cost, to be shown struck out.
    pub compare_at: Option<Money>,
    /// Grams.
    pub weight_g: u32,
    /// How many can be bought now: on hand and not reserved.
    pub available: i64,
    /// Whether it is for sale at all.
    pub for_sale: bool,
}

/// A product that does not exist yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewProduct {
    /// Lower-case letters, digits and dashes; unique.
    pub slug: String,
    /// 1 to 200 characters.
    pub title: String,
    /// At most 10,000 characters.
    pub description: String,
    /// Slugs of existing categories.
    pub categories: Vec<String>,
    /// Absolute URLs or paths of pictures.
    pub media: Vec<String>,
    /// At least one, at most 100.
    pub variants: Vec<NewVariant>,
}

/// A variant that does not exist yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// How many are on hand to begin with.
    pub on_hand: u32,
}

/// A shelf of the shop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Category {
    /// Never reused.
    pub id: CategoryId,
    /// Its place in a URL, unique.
    pub slug: String,
    /// What a shopper reads.
    pub name: String,
    /// The slug of the category it lies in.
    pub parent: Option<String>,
    /// Its place among its siblings, smallest first.
    pub position: i64,
}

/// A category that does not exist yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
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

/// A product went on sale.
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

impl Message for ProductPublished {
    const CHANNEL: &'static str = "products.product";
    const TYPE: &'static str = "product-published";
    fn key(&self) -> String {
        self.product.to_string()
    }
}

impl Event for ProductPublished {}
