//! What makes a product, a category and a wish to browse acceptable.

use std::collections::HashSet;

use kernel::{Money, PageRequest};
use products_api::{Browse, Error, NewCategory, NewProduct, NewVariant, Result, VariantId};

use super::check::{Check, refusal};

/// How many words a search may have.
const MOST_WORDS: usize = 10;
/// How many variants are found at once.
const MOST_VARIANTS: usize = 1_000;
/// The dearest a variant can be, in minor units: sums of a full cart stay far from overflow.
const DEAREST: i64 = 1_000_000_000_000;

/// A product that can be put on sale.
pub(crate) struct Draft {
    /// The wish, trimmed.
    pub(crate) wish: NewProduct,
    /// The price of the cheapest variant.
    pub(crate) price_from: Money,
}

/// Turns a wish into a draft, or says all that is wrong with it.
pub(crate) fn draft(mut wish: NewProduct) -> Result<Draft> {
    let cheapest =
        wish.variants.iter().map(|variant| variant.price).min_by_key(|price| price.minor);
    let count = wish.variants.len();
    let Some(price_from) = cheapest.filter(|_| count <= 100) else {
        return Err(refusal("/variants", "length", "1 to 100 are wanted"));
    };
    let mut check = Check::default();
    check.slug(&wish.slug, "/slug");
    wish.title = check.text(&wish.title, "/title", 1, 200);
    wish.description = check.text(&wish.description, "/description", 0, 10_000);
    let distinct = wish.categories.iter().collect::<HashSet<_>>().len() == wish.categories.len();
    check.that(distinct, "/categories", "repeated", "a category is named twice");
    check.that(wish.categories.len() <= 20, "/categories", "length", "at most 20 are taken");
    check.that(wish.media.len() <= 50, "/media", "length", "at most 50 are taken");
    let mut skus = HashSet::new();
    for (index, variant) in wish.variants.iter_mut().enumerate() {
        let at = |field: &str| format!("/variants/{index}/{field}");
        acceptable(&mut check, variant, &at);
        let fresh = skus.insert(variant.sku.clone());
        check.that(fresh, &at("sku"), "repeated", "another variant has this SKU");
        let one = variant.price.currency == price_from.currency;
        check.that(one, &at("price"), "currency", "all variants are priced in one currency");
    }
    check.done(Draft { wish, price_from })
}

fn acceptable(check: &mut Check, variant: &mut NewVariant, at: &dyn Fn(&str) -> String) {
    variant.sku = check.text(&variant.sku, &at("sku"), 1, 64);
    let priced = (1..=DEAREST).contains(&variant.price.minor);
    check.that(priced, &at("price"), "range", "a price is above zero");
    if let Some(before) = variant.compare_at {
        let dearer = before.currency == variant.price.currency
            && (variant.price.minor + 1..=DEAREST).contains(&before.minor);
        check.that(dearer, &at("compare_at"), "range", "it is above the price, in its currency");
    }
    check.that(variant.options.len() <= 10, &at("options"), "length", "at most 10 are taken");
    for option in &mut variant.options {
        option.name = check.text(&option.name, &at("options"), 1, 60);
        option.value = check.text(&option.value, &at("options"), 1, 60);
    }
}

/// Accepts a category, or says all that is wrong with it.
pub(crate) fn category(mut wish: NewCategory) -> Result<NewCategory> {
    let mut check = Check::default();
    check.slug(&wish.slug, "/slug");
    wish.name = check.text(&wish.name, "/name", 1, 200);
    check.done(wish)
}

/// The refusal of a category that would lie deeper than a tree may be.
pub(crate) fn too_deep() -> Error {
    refusal("/parent", "depth", "a tree of categories is at most eight deep")
}

/// The words of a wish to browse, in lower case.
pub(crate) fn words(wish: &Browse) -> Result<Vec<String>> {
    let mut check = Check::default();
    let limit = wish.page.limit;
    let fits = (1..=PageRequest::MAX_LIMIT).contains(&limit);
    check.that(fits, "/page/limit", "range", "1 to 100 are wanted");
    let text = wish.text.as_deref().unwrap_or_default().to_lowercase();
    check.that(text.chars().count() <= 200, "/text", "length", "at most 200 characters are taken");
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    check.that(words.len() <= MOST_WORDS, "/text", "words", "at most 10 words are searched for");
    check.done(words)
}

/// Accepts a list of variants to be found.
pub(crate) fn wanted(ids: Vec<VariantId>) -> Result<Vec<VariantId>> {
    let mut check = Check::default();
    check.that(ids.len() <= MOST_VARIANTS, "", "length", "at most 1,000 are found at once");
    check.done(ids)
}
