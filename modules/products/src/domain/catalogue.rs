//! What makes products, categories and wishes to browse acceptable.

use std::collections::{BTreeSet, HashSet};

use kernel::{Money, PageRequest};
use products_api::{
    Attribute, Browse, Category, ChangeCategory, Error, NewCategory, NewProduct, NewVariant,
    OptionValue, Product, ProductStatus, Result, Variant, VariantId,
};

use super::{
    check::{Check, refusal},
    words,
};

/// How many words a search may have.
const MOST_WORDS: usize = 10;
/// How many values of attributes a search may name.
const MOST_ATTRIBUTES: usize = 50;
/// How many variants are found at once.
const MOST_FOUND: usize = 1_000;
/// How many variants a product has.
const MOST_VARIANTS: usize = 100;
/// The dearest a variant can be, in minor units: sums of a full cart stay far from overflow.
const DEAREST: i64 = 1_000_000_000_000;

/// Accepts a product that is new, or says all that is wrong with it.
pub(crate) fn new_product(mut wish: NewProduct) -> Result<NewProduct> {
    let mut check = Check::default();
    described(&mut check, &mut wish);
    let born = wish.status != ProductStatus::Archived;
    check.that(born, "/status", "status", "a product is born as a draft or active");
    check.done(wish)
}

/// Accepts a product from a list, or says all that is wrong with it.
pub(crate) fn listed(mut wish: NewProduct) -> Result<NewProduct> {
    let mut check = Check::default();
    for path in std::mem::take(&mut wish.categories) {
        let parts = path.split('/').collect::<Vec<_>>();
        for part in &parts {
            check.slug(part, "/categories");
        }
        check.that(parts.len() <= 8, "/categories", "depth", "a tree is at most eight deep");
        wish.categories.push(path);
    }
    described(&mut check, &mut wish);
    check.done(wish)
}

fn described(check: &mut Check, wish: &mut NewProduct) {
    check.slug(&wish.slug, "/slug");
    wish.title = check.text(&wish.title, "/title", 1, 200);
    wish.description = check.text(&wish.description, "/description", 0, 10_000);
    lists(check, &wish.categories, &mut wish.attributes, &wish.media);
    let count = wish.variants.len();
    check.that(count <= MOST_VARIANTS, "/variants", "length", "at most 100 are taken");
    let some = wish.variants.iter().any(|variant| variant.for_sale);
    let some = some || wish.status != ProductStatus::Active;
    check.that(some, "/variants", "length", "what is on sale has a variant for sale");
    let currency = wish.variants.first().map(|variant| variant.price.currency);
    let mut skus = HashSet::new();
    for (index, variant) in wish.variants.iter_mut().enumerate() {
        let at = |field: &str| format!("/variants/{index}/{field}");
        new_variant(check, variant, &at);
        let fresh = skus.insert(variant.sku.clone());
        check.that(fresh, &at("sku"), "repeated", "another variant has this SKU");
        let one = Some(variant.price.currency) == currency;
        check.that(one, &at("price"), "currency", "all variants are priced in one currency");
    }
    let options: Vec<_> = wish.variants.iter().map(|variant| &variant.options[..]).collect();
    told_apart(check, &options);
}

fn lists(check: &mut Check, categories: &[String], attributes: &mut [Attribute], media: &[String]) {
    let distinct = categories.iter().collect::<HashSet<_>>().len() == categories.len();
    check.that(distinct, "/categories", "repeated", "a category is named twice");
    check.that(categories.len() <= 20, "/categories", "length", "at most 20 are taken");
    check.that(attributes.len() <= 50, "/attributes", "length", "at most 50 are taken");
    for attribute in attributes.iter_mut() {
        attribute.name = check.text(&attribute.name, "/attributes", 1, 60);
        attribute.value = check.text(&attribute.value, "/attributes", 1, 200);
        let plain = !attribute.name.contains([':', ',', '=', '|', '\\']);
        check.that(plain, "/attributes", "name", "a name has no : , = | or backslash");
    }
    let distinct = attributes.iter().collect::<HashSet<_>>().len() == attributes.len();
    check.that(distinct, "/attributes", "repeated", "the same is said twice");
    check.that(media.len() <= 50, "/media", "length", "at most 50 are taken");
    let short = media.iter().all(|url| (1..=2_000).contains(&url.chars().count()));
    check.that(short, "/media", "length", "1 to 2,000 characters are wanted");
}

fn new_variant(check: &mut Check, variant: &mut NewVariant, at: &dyn Fn(&str) -> String) {
    variant.sku = check.text(&variant.sku, &at("sku"), 1, 64);
    priced(check, variant.price, variant.compare_at, at);
    check.that(variant.options.len() <= 10, &at("options"), "length", "at most 10 are taken");
    for option in &mut variant.options {
        option.name = check.text(&option.name, &at("options"), 1, 60);
        option.value = check.text(&option.value, &at("options"), 1, 60);
    }
    let names: HashSet<_> = variant.options.iter().map(|option| &option.name).collect();
    let once = names.len() == variant.options.len();
    check.that(once, &at("options"), "repeated", "an option is named twice");
    variant.barcode = barcode(check, variant.barcode.take(), at);
}

fn priced(check: &mut Check, price: Money, compare_at: Option<Money>, at: &dyn Fn(&str) -> String) {
    let fits = (1..=DEAREST).contains(&price.minor);
    check.that(fits, &at("price"), "range", "a price is above zero");
    if let Some(before) = compare_at {
        let dearer = before.currency == price.currency
            && (price.minor.saturating_add(1)..=DEAREST).contains(&before.minor);
        check.that(dearer, &at("compare_at"), "range", "it is above the price, in its currency");
    }
}

fn barcode(
    check: &mut Check,
    barcode: Option<String>,
    at: &dyn Fn(&str) -> String,
) -> Option<String> {
    barcode.map(|barcode| check.text(&barcode, &at("barcode"), 1, 64))
}

/// All variants offer the same choices, and no two the same ones.
fn told_apart(check: &mut Check, options: &[&[OptionValue]]) {
    let names = |options: &[OptionValue]| -> BTreeSet<String> {
        options.iter().map(|option| option.name.clone()).collect()
    };
    let mut seen = BTreeSet::new();
    for (index, choices) in options.iter().enumerate() {
        let at = format!("/variants/{index}/options");
        let alike = names(choices) == names(options[0]);
        check.that(alike, &at, "options", "all variants of a product have the same options");
        let mut sorted = choices.to_vec();
        sorted.sort();
        check.that(seen.insert(sorted), &at, "repeated", "another variant has the same choices");
    }
}

/// Accepts a product as it would be after a change, or says all that is wrong with it.
pub(crate) fn changed(mut product: Product) -> Result<Product> {
    let mut check = Check::default();
    check.slug(&product.slug, "/slug");
    product.title = check.text(&product.title, "/title", 1, 200);
    product.description = check.text(&product.description, "/description", 0, 10_000);
    lists(&mut check, &product.categories, &mut product.attributes, &product.media);
    let title = product.title.clone();
    let count = product.variants.len();
    check.that(count <= MOST_VARIANTS, "/variants", "length", "at most 100 are taken");
    let currency = product.variants.first().map(|variant| variant.price.currency);
    for (index, variant) in product.variants.iter_mut().enumerate() {
        let at = |field: &str| format!("/variants/{index}/{field}");
        variant.title.clone_from(&title);
        priced(&mut check, variant.price, variant.compare_at, &at);
        variant.barcode = barcode(&mut check, variant.barcode.take(), &at);
        let one = Some(variant.price.currency) == currency;
        check.that(one, &at("price"), "currency", "all variants are priced in one currency");
    }
    let options: Vec<_> = product.variants.iter().map(|variant| &variant.options[..]).collect();
    told_apart(&mut check, &options);
    let product = check.done(product)?;
    if product.status == ProductStatus::Active && !product.variants.iter().any(|it| it.for_sale) {
        let detail = "what is on sale has a variant for sale: archive the product instead";
        return Err(Error::NotPossible(detail.to_owned()));
    }
    Ok(product)
}

/// Accepts a variant to be added to a product, or says all that is wrong with it.
pub(crate) fn added_variant(mut wish: NewVariant) -> Result<NewVariant> {
    let mut check = Check::default();
    new_variant(&mut check, &mut wish, &|field| format!("/{field}"));
    check.done(wish)
}

/// What a list shows as the price: of the cheapest variant, if any is for sale among those.
pub(crate) fn price_from(variants: &[Variant]) -> Option<Money> {
    let cheapest = |all: bool| {
        let shown = variants.iter().filter(|variant| all || variant.for_sale);
        shown.map(|variant| variant.price).min_by_key(|price| price.minor)
    };
    cheapest(false).or_else(|| cheapest(true))
}

/// Accepts a category, or says all that is wrong with it.
pub(crate) fn category(mut wish: NewCategory) -> Result<NewCategory> {
    let mut check = Check::default();
    check.slug(&wish.slug, "/slug");
    wish.name = check.text(&wish.name, "/name", 1, 200);
    check.done(wish)
}

/// The category after a change, or all that is wrong with it.
pub(crate) fn changed_category(before: &Category, wish: &ChangeCategory) -> Result<Category> {
    let mut after = before.clone();
    let ChangeCategory { at: _, slug, name, parent, position } = wish.clone();
    after.slug = slug.unwrap_or(after.slug);
    after.name = name.unwrap_or(after.name);
    after.parent = parent.applied_to(after.parent);
    after.position = position.unwrap_or(after.position);
    let mut check = Check::default();
    check.slug(&after.slug, "/slug");
    after.name = check.text(&after.name, "/name", 1, 200);
    check.done(after)
}

/// The refusal of a category that would lie deeper than a tree may be.
pub(crate) fn too_deep() -> Error {
    refusal("/parent", "depth", "a tree of categories is at most eight deep")
}

/// The refusal of a category that would lie in itself.
pub(crate) fn in_itself() -> Error {
    refusal("/parent", "cycle", "a category cannot be moved into itself or what lies below it")
}

/// The words of a wish to browse.
pub(crate) fn searched(wish: &Browse) -> Result<Vec<String>> {
    let mut check = Check::default();
    paged(&mut check, &wish.page);
    let text = wish.text.as_deref().unwrap_or_default();
    check.that(text.chars().count() <= 200, "/text", "length", "at most 200 characters are taken");
    let words = words::words(text);
    check.that(words.len() <= MOST_WORDS, "/text", "words", "at most 10 words are searched for");
    let few = wish.attributes.len() <= MOST_ATTRIBUTES;
    check.that(few, "/attributes", "length", "at most 50 are taken");
    check.done(words)
}

/// Accepts the page that is asked for.
pub(crate) fn page(page: &PageRequest) -> Result<()> {
    let mut check = Check::default();
    paged(&mut check, page);
    check.done(())
}

fn paged(check: &mut Check, page: &PageRequest) {
    let fits = (1..=PageRequest::MAX_LIMIT).contains(&page.limit);
    check.that(fits, "/page/limit", "range", "1 to 100 are wanted");
}

/// Accepts a list of variants to be found.
pub(crate) fn wanted(ids: Vec<VariantId>) -> Result<Vec<VariantId>> {
    let mut check = Check::default();
    check.that(ids.len() <= MOST_FOUND, "", "length", "at most 1,000 are found at once");
    check.done(ids)
}
