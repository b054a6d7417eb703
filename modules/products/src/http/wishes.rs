//! What clients may ask for.

use host::Problem;
use kernel::{Money, Violation};
use products_api::{Adjust, OptionValue};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// What a shopper is looking for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Search {
    /// Words that title or description must contain.
    pub(super) q: Option<String>,
    /// The slug of a category; what lies below it belongs to it.
    pub(super) category: Option<String>,
    /// title (A first), price (cheapest first) or newest.
    #[serde(default)]
    #[param(inline)]
    pub(super) sort: Sort,
}

/// The order of the list.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = ProductSort)]
pub(super) enum Sort {
    #[default]
    Title,
    Price,
    Newest,
}

/// A product that does not exist yet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProduct {
    /// Lower-case letters, digits and dashes; unique.
    slug: String,
    /// 1 to 200 characters.
    title: String,
    /// At most 10,000 characters.
    #[serde(default)]
    description: String,
    /// Slugs of existing categories.
    #[serde(default)]
    categories: Vec<String>,
    /// Absolute URLs or paths of pictures.
    #[serde(default)]
    media: Vec<String>,
    /// 1 to 100, all priced in one currency.
    variants: Vec<NewVariant>,
}

/// A variant that does not exist yet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewVariant {
    /// 1 to 64 characters, unique in the shop.
    sku: String,
    #[serde(default)]
    options: Vec<NewChoice>,
    price: Money,
    /// What it used to cost; above the price.
    compare_at: Option<Money>,
    #[serde(default)]
    weight_g: u32,
    /// How many are on hand to begin with.
    #[serde(default)]
    on_hand: u32,
}

/// What tells a variant apart from its siblings: colour, blue.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewChoice {
    name: String,
    value: String,
}

/// A category that does not exist yet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCategory {
    /// Lower-case letters, digits and dashes; unique.
    slug: String,
    /// 1 to 200 characters.
    name: String,
    /// The slug of an existing category; a tree is at most eight deep.
    parent: Option<String>,
    /// Its place among its siblings, smallest first.
    #[serde(default)]
    position: i64,
}

/// Stock that came or went.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Movement {
    /// The id of the variant.
    variant: String,
    /// How many came (positive) or are gone (negative); not zero.
    change: i64,
    /// Why, for the books: 1 to 200 characters.
    reason: String,
}

impl From<Sort> for products_api::Sort {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Title => Self::Title,
            Sort::Price => Self::Price,
            Sort::Newest => Self::Newest,
        }
    }
}

impl From<NewProduct> for products_api::NewProduct {
    fn from(wish: NewProduct) -> Self {
        Self {
            slug: wish.slug,
            title: wish.title,
            description: wish.description,
            categories: wish.categories,
            media: wish.media,
            variants: wish.variants.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<NewVariant> for products_api::NewVariant {
    fn from(wish: NewVariant) -> Self {
        let choice = |it: NewChoice| OptionValue { name: it.name, value: it.value };
        Self {
            sku: wish.sku,
            options: wish.options.into_iter().map(choice).collect(),
            price: wish.price,
            compare_at: wish.compare_at,
            weight_g: wish.weight_g,
            on_hand: wish.on_hand,
        }
    }
}

impl From<NewCategory> for products_api::NewCategory {
    fn from(NewCategory { slug, name, parent, position }: NewCategory) -> Self {
        Self { slug, name, parent, position }
    }
}

impl Movement {
    /// The change, named by `cause`.
    pub(super) fn caused_by(self, cause: String) -> Result<Adjust, Problem> {
        let Self { variant, change, reason } = self;
        let invalid = |_| {
            Problem::invalid(Violation::new("/variant", "invalid", "the id of a variant is wanted"))
        };
        Ok(Adjust { variant: variant.parse().map_err(invalid)?, change, reason, cause })
    }
}
