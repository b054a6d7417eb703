//! The nouns of the catalogue, as everybody sees them.

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

/// What somebody wants to see of the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Browse {
    /// Words that title, description, attributes or SKUs must contain, or begin with.
    pub text: Option<String>,
    /// The slug of a category; what lies below it belongs to it.
    pub category: Option<String>,
    /// The least a variant costs, in minor units.
    pub price_min: Option<i64>,
    /// The most a variant costs, in minor units.
    pub price_max: Option<i64>,
    /// Only what can be bought now.
    pub in_stock: bool,
    /// Attributes a product must have: one of the values of each name.
    pub attributes: Vec<Attribute>,
    /// Whether values of attributes are counted.
    pub facets: bool,
    /// How far in its life a product must be.
    pub shown: Shown,
    /// In which order.
    pub sort: Sort,
    /// Which part.
    pub page: PageRequest,
}

/// Which products are meant, by how far they are in their lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// What is on sale: all that shoppers see.
    #[default]
    OnSale,
    /// All of them, for staff.
    Any,
    /// Those of one status, for staff.
    Only(ProductStatus),
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
    /// By lowest price, dearest first.
    PriceDown,
    /// By when they went on sale, newest first.
    Newest,
    /// Those with all words in the title first, each part by title.
    Relevance,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// One page of it.
    pub page: Page<ProductSummary>,
    /// The values of attributes among all of it, if they were asked for. Values of an attribute that
    /// is filtered by are counted as if it were not.
    pub facets: Vec<Facet>,
}

/// An attribute and how often each of its values occurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facet {
    /// The attribute: "material".
    pub name: String,
    /// Its values, the most frequent first.
    pub values: Vec<FacetValue>,
}

/// One value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FacetValue {
    /// The value: "stoneware".
    pub value: String,
    /// How many products have it.
    pub count: u64,
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
    /// How far it is in its life.
    pub status: ProductStatus,
    /// The price of its cheapest variant; a draft may have none.
    pub price_from: Option<Money>,
    /// Whether any variant can be bought now.
    pub in_stock: bool,
    /// Pictures, the first one first.
    pub media: Vec<String>,
}

/// How far a product is in its life: draft → active ⇄ archived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProductStatus {
    /// Being prepared; only staff see it.
    #[default]
    Draft,
    /// On sale.
    Active,
    /// Not on sale any more.
    Archived,
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

/// A product.
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
    /// How far it is in its life.
    pub status: ProductStatus,
    /// Slugs of the categories it is in.
    pub categories: Vec<String>,
    /// What it is like; a name may have several values.
    pub attributes: Vec<Attribute>,
    /// Pictures, the first one first.
    pub media: Vec<String>,
    /// What can be bought; at least one unless it is a draft.
    pub variants: Vec<Variant>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it first went on sale.
    pub published_at: Option<Timestamp>,
    /// Its ETag; a change of a variant counts, a change of stock does not.
    pub version: Version,
}

/// What a product is like, to be searched and counted by: material = stoneware.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Attribute {
    /// What is told: "material".
    pub name: String,
    /// What it is: "stoneware".
    pub value: String,
}

/// One choice that tells variants apart: colour = blue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// What a till scans.
    pub barcode: Option<String>,
    /// Whether its stock is counted. What is not counted never runs out.
    pub track_stock: bool,
    /// How many can be bought now: on hand and not reserved, or [`Variant::PLENTY`].
    pub available: i64,
    /// Whether it is for sale: neither it nor its product was taken off the shelves. In a product that is
    /// not on sale, whether it would be.
    pub for_sale: bool,
}

impl Variant {
    /// How many there are of what never runs out.
    pub const PLENTY: i64 = 1_000_000_000;
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
    /// Its ETag.
    pub version: Version,
}

/// A category by one of its names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CategoryRef {
    /// By id.
    Id(CategoryId),
    /// By slug.
    Slug(String),
}

/// Which categories are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CategoryScope {
    /// All of them.
    All,
}
