//! What becomes of a product that staff change, and who hears of it.

use kernel::{Ids, Timestamp, Version};
use products_api::{
    ChangeProduct, ChangeVariant, Error, NewProduct, NewVariant, PriceChanged, Product,
    ProductArchived, ProductAt, ProductChanged, ProductId, ProductPublished, ProductStatus, Result,
    Variant,
};

use super::catalogue::changed;

/// A product that is made of an accepted wish. Each of its variants stands where its wish does.
pub(crate) fn made(wish: &NewProduct, ids: &Ids, now: Timestamp) -> Product {
    let id = ids.next();
    let variant = |new: &NewVariant| made_variant(new, id, &wish.title, ids);
    Product {
        id,
        slug: wish.slug.clone(),
        title: wish.title.clone(),
        description: wish.description.clone(),
        status: wish.status,
        categories: wish.categories.clone(),
        attributes: wish.attributes.clone(),
        media: wish.media.clone(),
        variants: wish.variants.iter().map(variant).collect(),
        created_at: now,
        published_at: (wish.status != ProductStatus::Draft).then_some(now),
        version: Version::FIRST,
    }
}

/// A variant that is made of an accepted wish.
pub(crate) fn made_variant(
    new: &NewVariant,
    product: ProductId,
    title: &str,
    ids: &Ids,
) -> Variant {
    let available = if new.track_stock { i64::from(new.on_hand) } else { Variant::PLENTY };
    Variant {
        id: ids.next(),
        product,
        sku: new.sku.clone(),
        title: title.to_owned(),
        options: new.options.clone(),
        price: new.price,
        compare_at: new.compare_at,
        weight_g: new.weight_g,
        barcode: new.barcode.clone(),
        track_stock: new.track_stock,
        available,
        for_sale: new.for_sale,
    }
}

/// Refuses a change of a product that is not any more what it was when somebody looked.
pub(crate) fn current(at: &ProductAt, product: &Product) -> Result<()> {
    match at.based_on {
        Some(version) if version != product.version => Err(Error::StaleProduct(product.version)),
        _ => Ok(()),
    }
}

/// The product after a change of what is told of it.
pub(crate) fn retold(before: &Product, wish: &ChangeProduct) -> Result<Product> {
    let mut after = before.clone();
    let ChangeProduct { at: _, slug, title, description, categories, attributes, media } =
        wish.clone();
    after.slug = slug.unwrap_or(after.slug);
    after.title = title.unwrap_or(after.title);
    after.description = description.unwrap_or(after.description);
    after.categories = categories.unwrap_or(after.categories);
    after.attributes = attributes.unwrap_or(after.attributes);
    after.media = media.unwrap_or(after.media);
    changed(after)
}

/// The product on sale.
pub(crate) fn published(before: &Product, now: Timestamp) -> Result<Product> {
    let published_at = before.published_at.or(Some(now));
    let after = Product { status: ProductStatus::Active, published_at, ..before.clone() };
    if before.variants.is_empty() {
        let detail = "a product without variants cannot be bought: add one first";
        return Err(Error::NotPossible(detail.to_owned()));
    }
    changed(after)
}

/// The product off the shelves.
pub(crate) fn archived(before: &Product) -> Result<Product> {
    if before.status == ProductStatus::Draft {
        let detail = "a draft was never on sale: it can be deleted";
        return Err(Error::NotPossible(detail.to_owned()));
    }
    Ok(Product { status: ProductStatus::Archived, ..before.clone() })
}

/// The product with one more variant.
pub(crate) fn with_variant(before: &Product, wish: &NewVariant, ids: &Ids) -> Result<Product> {
    let mut after = before.clone();
    after.variants.push(made_variant(wish, before.id, &before.title, ids));
    changed(after)
}

/// The product with a changed variant.
pub(crate) fn with_changed_variant(before: &Product, wish: &ChangeVariant) -> Result<Product> {
    let mut after = before.clone();
    let found = after.variants.iter_mut().find(|variant| variant.id == wish.variant);
    let variant = found.ok_or(Error::UnknownVariant(wish.variant))?;
    let ChangeVariant { price, compare_at, weight_g, barcode, track_stock, for_sale, .. } =
        wish.clone();
    variant.price = price.unwrap_or(variant.price);
    variant.compare_at = compare_at.applied_to(variant.compare_at);
    variant.weight_g = weight_g.unwrap_or(variant.weight_g);
    variant.barcode = barcode.applied_to(variant.barcode.take());
    variant.track_stock = track_stock.unwrap_or(variant.track_stock);
    variant.for_sale = for_sale.unwrap_or(variant.for_sale);
    changed(after)
}

/// The product as an accepted list says it is.
pub(crate) fn listed(
    before: &Product,
    wish: &NewProduct,
    ids: &Ids,
    now: Timestamp,
) -> Result<Product> {
    let mut after = before.clone();
    if wish.status == ProductStatus::Draft && before.status != ProductStatus::Draft {
        let detail = "what was on sale is not a draft any more: archive it";
        return Err(Error::NotPossible(detail.to_owned()));
    }
    after.status = wish.status;
    if after.status != ProductStatus::Draft {
        after.published_at = before.published_at.or(Some(now));
    }
    after.title.clone_from(&wish.title);
    after.description.clone_from(&wish.description);
    after.categories.clone_from(&wish.categories);
    after.attributes.clone_from(&wish.attributes);
    after.media.clone_from(&wish.media);
    for new in &wish.variants {
        match after.variants.iter_mut().find(|variant| variant.sku == new.sku) {
            None => after.variants.push(made_variant(new, before.id, &wish.title, ids)),
            Some(variant) => {
                variant.options.clone_from(&new.options);
                variant.price = new.price;
                variant.compare_at = new.compare_at;
                variant.weight_g = new.weight_g;
                variant.barcode.clone_from(&new.barcode);
                variant.track_stock = new.track_stock;
                variant.for_sale = new.for_sale;
            }
        }
    }
    changed(after)
}

/// What is announced about a change.
#[derive(Debug, PartialEq)]
pub(crate) enum News {
    Published(ProductPublished),
    Changed(ProductChanged),
    Archived(ProductArchived),
    Price(PriceChanged),
}

/// What is announced when a product becomes `after`; `before` is absent when it is new. Nobody hears of
/// what is not on sale.
pub(crate) fn news(before: Option<&Product>, after: &Product, at: Timestamp) -> Vec<News> {
    let product = after.id;
    let was = before.map_or(ProductStatus::Draft, |before| before.status);
    match (was, after.status) {
        (ProductStatus::Active, ProductStatus::Archived) => {
            vec![News::Archived(ProductArchived { product, at })]
        }
        (ProductStatus::Active, ProductStatus::Active) => {
            let version = after.version;
            let changed = News::Changed(ProductChanged { product, version, at });
            let prices = before.into_iter().flat_map(|before| prices(before, after, at));
            prices.chain([changed]).collect()
        }
        (_, ProductStatus::Active) => {
            let (slug, title) = (after.slug.clone(), after.title.clone());
            vec![News::Published(ProductPublished { product, slug, title, at })]
        }
        _ => Vec::new(),
    }
}

fn prices(before: &Product, after: &Product, at: Timestamp) -> impl Iterator<Item = News> {
    after.variants.iter().filter_map(move |variant| {
        let known = before.variants.iter().find(|known| known.id == variant.id)?;
        let (product, before, after) = (variant.product, known.price, variant.price);
        let news = PriceChanged { product, variant: variant.id, before, after, at };
        (before != after).then_some(News::Price(news))
    })
}
