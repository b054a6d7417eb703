//! Writing products: what is new and what has changed, for many of them by a few statements.

use std::collections::HashMap;

use kernel::{Ids, Timestamp};
use products_api::{Error, MovementId, Product, Variant, VariantId};
use sea_orm::Value;
use storage::{Failure, Tx};

use super::{
    Result,
    rows::{Name, attributes_json, options_json, status_name, to_json},
    sql::{Sql, insert},
};
use crate::domain::{catalogue::price_from, words};

/// One product that is different now.
pub(super) struct Change {
    /// What it was; nothing when it is new.
    pub(super) before: Option<Product>,
    /// What it is.
    pub(super) after: Product,
    /// How many there are of each new variant.
    pub(super) stock: HashMap<VariantId, u32>,
}

impl Change {
    /// The variants that were not there before.
    fn new_variants(&self) -> impl Iterator<Item = (usize, &Variant)> {
        let known = |variant: &Variant| {
            let before = self.before.iter().flat_map(|before| &before.variants);
            before.into_iter().any(|it| it.id == variant.id)
        };
        self.after.variants.iter().enumerate().filter(move |(_, variant)| !known(variant))
    }

    /// The variants that are different, with what they were.
    fn changed_variants(&self) -> impl Iterator<Item = (&Variant, &Variant)> {
        let before = self.before.iter().flat_map(|before| &before.variants);
        before.filter_map(|before| {
            let after = self.after.variants.iter().find(|it| it.id == before.id)?;
            (after != before).then_some((before, after))
        })
    }

    /// Whether `part` of the product is different.
    fn differs<T: PartialEq>(&self, part: impl Fn(&Product) -> T) -> bool {
        self.before.as_ref().is_none_or(|before| part(before) != part(&self.after))
    }
}

/// The ids of categories by their slugs.
pub(super) type Shelves = HashMap<String, String>;

/// Writes all `changes`, whose categories are among `shelves`.
pub(super) async fn save(
    tx: &Tx,
    changes: &[Change],
    shelves: &Shelves,
    ids: &Ids,
    now: Timestamp,
) -> Result<()> {
    insert_products(tx, changes).await?;
    for change in changes {
        if let Some(before) = &change.before {
            update_product(tx, before, &change.after).await?;
        }
    }
    shelve(tx, changes, shelves).await?;
    describe(tx, changes).await?;
    insert_variants(tx, changes).await?;
    for (before, after) in changes.iter().flat_map(Change::changed_variants) {
        update_variant(tx, before, after).await?;
    }
    receive(tx, changes, ids, now).await?;
    let reworded = changes.iter().filter(|change| change.differs(words::index));
    write_words(tx, reworded.map(|change| &change.after)).await
}

/// The columns of a product that change, in the order of both statements.
const CHANGING: &str = "slug, title, description, status, media, attributes, sort_title, \
    price_from, currency, sort_date, published_at, version";

fn changing(product: &Product) -> Result<[Value; 12]> {
    let price = price_from(&product.variants);
    let sort_date = product.published_at.unwrap_or(product.created_at);
    Ok([
        product.slug.clone().into(),
        product.title.clone().into(),
        product.description.clone().into(),
        status_name(product.status).into(),
        to_json(&product.media)?.into(),
        attributes_json(&product.attributes)?.into(),
        words::sort_key(&product.title).into(),
        price.map_or(0, |price| price.minor).into(),
        price.map(|price| price.currency.code()).into(),
        sort_date.micros().into(),
        product.published_at.map(Timestamp::micros).into(),
        product.version.0.cast_signed().into(),
    ])
}

async fn insert_products(tx: &Tx, changes: &[Change]) -> Result<()> {
    let mut rows: Vec<[Value; 14]> = Vec::new();
    for Change { after, .. } in changes.iter().filter(|change| change.before.is_none()) {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = changing(after)?;
        let (id, born) = (after.id.to_string().into(), after.created_at.micros().into());
        rows.push([id, born, a, b, c, d, e, f, g, h, i, j, k, l]);
    }
    let wanted = rows.len() as u64;
    let head = format!("INSERT INTO product (id, created_at, {CHANGING})");
    if insert(tx, &head, rows, " ON CONFLICT (slug) DO NOTHING").await? == wanted {
        return Ok(());
    }
    let slug = changes.iter().map(|change| change.after.slug.clone()).next().unwrap_or_default();
    Err(Failure::Refused(Error::SlugTaken(slug)))
}

/// Writes what a product has become, if it still is what it was.
async fn update_product(tx: &Tx, before: &Product, after: &Product) -> Result<()> {
    let columns = CHANGING.split(", ").zip(changing(after)?);
    let sql = columns.enumerate().fold(Sql::new("UPDATE product SET "), |sql, (index, column)| {
        let (name, value) = column;
        let comma = if index == 0 { "" } else { ", " };
        sql.push(&format!("{comma}{name} = ")).bind(value)
    });
    let written = sql
        .push(" WHERE id = ")
        .bind(before.id.to_string())
        .push(" AND version = ")
        .bind(before.version.0.cast_signed())
        .execute(tx)
        .await;
    match written {
        Ok(1) => Ok(()),
        Ok(_) => Err(raced("the product was changed by somebody else")),
        Err(storage::Error::Unique { .. }) => {
            Err(Failure::Refused(Error::SlugTaken(after.slug.clone())))
        }
        Err(cause) => Err(cause.into()),
    }
}

/// Puts products into their categories.
async fn shelve(tx: &Tx, changes: &[Change], shelves: &Shelves) -> Result<()> {
    let moved = |change: &&Change| change.differs(|product| product.categories.clone());
    forget(tx, "product_category", changes.iter().filter(moved)).await?;
    let mut rows: Vec<[Value; 3]> = Vec::new();
    for Change { after, .. } in changes.iter().filter(moved) {
        for (position, slug) in (0_i64..).zip(&after.categories) {
            let unknown = || Failure::Refused(Error::UnknownCategory(slug.clone()));
            let shelf = shelves.get(slug).ok_or_else(unknown)?;
            rows.push([after.id.to_string().into(), shelf.as_str().into(), position.into()]);
        }
    }
    let head = "INSERT INTO product_category (product, category, position)";
    insert(tx, head, rows, "").await?;
    Ok(())
}

/// Writes the attributes that are searched by.
async fn describe(tx: &Tx, changes: &[Change]) -> Result<()> {
    let described = |change: &&Change| change.differs(|product| product.attributes.clone());
    forget(tx, "product_attribute", changes.iter().filter(described)).await?;
    let mut rows: Vec<[Value; 3]> = Vec::new();
    for Change { after, .. } in changes.iter().filter(described) {
        for attribute in &after.attributes {
            let (name, value) = (attribute.name.as_str(), attribute.value.as_str());
            rows.push([after.id.to_string().into(), name.into(), value.into()]);
        }
    }
    insert(tx, "INSERT INTO product_attribute (product, name, value)", rows, "").await?;
    Ok(())
}

/// Removes the rows of those that had any.
async fn forget<'a>(tx: &Tx, table: &str, changes: impl Iterator<Item = &'a Change>) -> Result<()> {
    let known = changes.filter_map(|change| change.before.as_ref());
    let known: Vec<Value> = known.map(|before| before.id.to_string().into()).collect();
    if !known.is_empty() {
        let sql = Sql::new(format!("DELETE FROM {table} WHERE product IN ")).list(known);
        sql.execute(tx).await?;
    }
    Ok(())
}

async fn insert_variants(tx: &Tx, changes: &[Change]) -> Result<()> {
    let mut rows: Vec<[Value; 11]> = Vec::new();
    for (position, variant) in changes.iter().flat_map(Change::new_variants) {
        rows.push([
            variant.id.to_string().into(),
            variant.product.to_string().into(),
            variant.sku.clone().into(),
            i64::try_from(position).unwrap_or(i64::MAX).into(),
            options_json(&variant.options)?.into(),
            variant.price.minor.into(),
            variant.compare_at.map(|price| price.minor).into(),
            variant.price.currency.code().into(),
            i64::from(variant.weight_g).into(),
            variant.barcode.clone().into(),
            i64::from(variant.for_sale).into(),
        ]);
    }
    let wanted = rows.len() as u64;
    let head = "INSERT INTO variant (id, product, sku, position, options, price_minor, \
                compare_at_minor, currency, weight_g, barcode, for_sale)";
    match insert(tx, head, rows, " ON CONFLICT (sku) DO NOTHING").await? == wanted {
        true => Ok(()),
        false => Err(taken_sku(tx, changes).await?),
    }
}

async fn taken_sku(tx: &Tx, changes: &[Change]) -> Result<Failure<Error>> {
    let variants = || changes.iter().flat_map(Change::new_variants).map(|(_, variant)| variant);
    let taken: Option<Name> = Sql::new("SELECT sku AS name FROM variant WHERE sku IN ")
        .list(variants().map(|variant| variant.sku.as_str().into()))
        .push(" AND id NOT IN ")
        .list(variants().map(|variant| variant.id.to_string().into()))
        .push(" ORDER BY sku LIMIT 1")
        .one(tx)
        .await?;
    let sku = taken.map(|row| row.name).unwrap_or_default();
    Ok(Failure::Refused(Error::SkuTaken(sku)))
}

async fn update_variant(tx: &Tx, before: &Variant, after: &Variant) -> Result<()> {
    Sql::new("UPDATE variant SET options = ")
        .bind(options_json(&after.options)?)
        .push(", price_minor = ")
        .bind(after.price.minor)
        .push(", compare_at_minor = ")
        .bind(after.compare_at.map(|price| price.minor))
        .push(", weight_g = ")
        .bind(i64::from(after.weight_g))
        .push(", barcode = ")
        .bind(after.barcode.clone())
        .push(", for_sale = ")
        .bind(i64::from(after.for_sale))
        .push(" WHERE id = ")
        .bind(after.id.to_string())
        .execute(tx)
        .await?;
    if before.track_stock != after.track_stock {
        Sql::new("UPDATE stock_level SET tracked = ")
            .bind(i64::from(after.track_stock))
            .push(" WHERE variant = ")
            .bind(after.id.to_string())
            .execute(tx)
            .await?;
    }
    Ok(())
}

/// Writes the first stock of every new variant, with its movement where there is any.
async fn receive(tx: &Tx, changes: &[Change], ids: &Ids, now: Timestamp) -> Result<()> {
    let (mut levels, mut movements) = (Vec::<[Value; 4]>::new(), Vec::<[Value; 6]>::new());
    for change in changes {
        for (_, variant) in change.new_variants() {
            let on_hand = i64::from(change.stock.get(&variant.id).copied().unwrap_or_default());
            let (id, tracked) = (variant.id.to_string(), i64::from(variant.track_stock));
            levels.push([id.clone().into(), on_hand.into(), 0_i64.into(), tracked.into()]);
            if on_hand > 0 {
                movements.push([
                    ids.next::<MovementId>().to_string().into(),
                    id.into(),
                    "received".into(),
                    on_hand.into(),
                    "first stock".into(),
                    now.micros().into(),
                ]);
            }
        }
    }
    let head = "INSERT INTO stock_level (variant, on_hand, reserved, tracked)";
    insert(tx, head, levels, "").await?;
    let head = "INSERT INTO stock_movement (id, variant, kind, quantity, reason, at)";
    insert(tx, head, movements, "").await?;
    Ok(())
}

/// Writes what products are found by.
pub(super) async fn write_words<'a>(
    tx: &Tx,
    products: impl Iterator<Item = &'a Product>,
) -> Result<()> {
    let row = |product: &Product| -> [Value; 4] {
        let words::Index { title, words } = words::index(product);
        [product.id.to_string().into(), title.into(), words.into(), words::EDITION.into()]
    };
    let head = "INSERT INTO product_words (product, title, words, edition)";
    let tail = " ON CONFLICT (product) DO UPDATE SET title = excluded.title, \
                words = excluded.words, edition = excluded.edition";
    insert(tx, head, products.map(row).collect(), tail).await?;
    Ok(())
}

/// Somebody else was in the way; the same again may succeed.
pub(super) fn raced(how: &str) -> Failure<Error> {
    Failure::Storage(storage::Error::Serialization(how.to_owned()))
}
