//! Putting products and categories on the shelves.

use kernel::Version;
use messaging::Publish;
use products_api::{
    Category, CategoryId, Error, MovementId, NewCategory, NewVariant, Product, ProductPublished,
    Variant,
};
use sea_orm::{FromQueryResult, Value};
use storage::{Failure, Tx};

use super::{
    Result, Store,
    rows::{Name, options_json, to_json},
    sql::Sql,
};
use crate::domain::catalogue::{Draft, too_deep};

/// A category that a new product goes into.
#[derive(FromQueryResult)]
struct Shelf {
    id: String,
    slug: String,
}

impl Store {
    /// Records a product with its variants and their first stock, and announces it.
    pub(crate) async fn publish(&self, draft: &Draft) -> Result<Product> {
        let product = self.made(draft);
        storage::retry(|| self.try_publish(draft, &product)).await?;
        Ok(product)
    }

    async fn try_publish(&self, draft: &Draft, product: &Product) -> Result<()> {
        let mut tx = self.db.begin().await?;
        insert_product(&tx, draft, product).await?;
        shelve(&tx, product).await?;
        insert_variants(&tx, product).await?;
        self.receive(&tx, product, &draft.wish.variants).await?;
        tx.publish(&ProductPublished {
            product: product.id,
            slug: product.slug.clone(),
            title: product.title.clone(),
            at: product.created_at,
        })?;
        Ok(tx.commit().await?)
    }

    fn made(&self, Draft { wish, .. }: &Draft) -> Product {
        let id = self.ids.next();
        let variant = |new: &NewVariant| Variant {
            id: self.ids.next(),
            product: id,
            sku: new.sku.clone(),
            title: wish.title.clone(),
            options: new.options.clone(),
            price: new.price,
            compare_at: new.compare_at,
            weight_g: new.weight_g,
            available: i64::from(new.on_hand),
            for_sale: true,
        };
        Product {
            id,
            slug: wish.slug.clone(),
            title: wish.title.clone(),
            description: wish.description.clone(),
            categories: wish.categories.clone(),
            media: wish.media.clone(),
            variants: wish.variants.iter().map(variant).collect(),
            created_at: self.clock.now(),
            version: Version::FIRST,
        }
    }

    /// Writes the first stock of every variant, with its movement where there is any.
    async fn receive(&self, tx: &Tx, product: &Product, wishes: &[NewVariant]) -> Result<()> {
        let stock: Vec<(String, i64)> = product
            .variants
            .iter()
            .zip(wishes)
            .map(|(variant, wish)| (variant.id.to_string(), i64::from(wish.on_hand)))
            .collect();
        let level = |(variant, on_hand): &(String, i64)| -> [Value; 3] {
            [variant.clone().into(), (*on_hand).into(), 0_i64.into()]
        };
        Sql::new("INSERT INTO stock_level (variant, on_hand, reserved)")
            .rows(stock.iter().map(level))
            .execute(tx)
            .await?;
        let movement = |(variant, on_hand): &(String, i64)| -> [Value; 6] {
            let id: MovementId = self.ids.next();
            [
                id.to_string().into(),
                variant.clone().into(),
                "received".into(),
                (*on_hand).into(),
                "first stock".into(),
                product.created_at.micros().into(),
            ]
        };
        let some = stock.iter().filter(|level| level.1 > 0);
        let movements: Vec<_> = some.map(movement).collect();
        if !movements.is_empty() {
            Sql::new("INSERT INTO stock_movement (id, variant, kind, quantity, reason, at)")
                .rows(movements)
                .execute(tx)
                .await?;
        }
        Ok(())
    }

    /// Records a category.
    pub(crate) async fn add_category(&self, wish: &NewCategory) -> Result<Category> {
        let NewCategory { slug, name, parent, position } = wish.clone();
        let id: CategoryId = self.ids.next();
        let sql = Sql::new(
            "INSERT INTO category (id, slug, name, position, parent, parent_depth, depth) ",
        );
        let own =
            [id.to_string().into(), slug.clone().into(), name.clone().into(), position.into()];
        let mut sql = own.into_iter().enumerate().fold(sql, |sql, (index, value): (_, Value)| {
            sql.push(if index == 0 { "SELECT " } else { ", " }).bind(value)
        });
        sql = match &parent {
            None => sql.push(", NULL, NULL, 1 WHERE 1 = 1"),
            Some(parent) => sql
                .push(", up.id, up.depth, up.depth + 1 FROM category up WHERE up.slug = ")
                .bind(parent.as_str()),
        };
        let tx = self.db.begin().await?;
        let added = sql.push(" ON CONFLICT (slug) DO NOTHING").execute(&tx).await;
        match added.map_err(|error| refused(error, too_deep))? {
            1 => tx.commit().await?,
            _ => return Err(self.not_added(&tx, slug, parent).await?),
        }
        Ok(Category { id, slug, name, parent, position })
    }

    async fn not_added(
        &self,
        tx: &Tx,
        slug: String,
        parent: Option<String>,
    ) -> Result<Failure<Error>> {
        let taken: Option<Name> = Sql::new("SELECT slug AS name FROM category WHERE slug = ")
            .bind(slug.as_str())
            .one(tx)
            .await?;
        Ok(Failure::Refused(match (taken, parent) {
            (None, Some(parent)) => Error::UnknownCategory(parent),
            _ => Error::SlugTaken(slug),
        }))
    }
}

async fn insert_product(tx: &Tx, draft: &Draft, product: &Product) -> Result<()> {
    let words = format!("{}\n{}", product.title, product.description).to_lowercase();
    let added = Sql::new(
        "INSERT INTO product (id, slug, title, description, media, words, sort_title, \
         price_from, currency, created_at, version)",
    )
    .rows([[
        product.id.to_string().into(),
        product.slug.clone().into(),
        product.title.clone().into(),
        product.description.clone().into(),
        to_json(&product.media)?.into(),
        words.into(),
        product.title.to_lowercase().into(),
        draft.price_from.minor.into(),
        draft.price_from.currency.code().into(),
        product.created_at.micros().into(),
        product.version.0.cast_signed().into(),
    ]])
    .push(" ON CONFLICT (slug) DO NOTHING")
    .execute(tx)
    .await?;
    match added {
        1 => Ok(()),
        _ => Err(Failure::Refused(Error::SlugTaken(product.slug.clone()))),
    }
}

/// Puts the product into its categories.
async fn shelve(tx: &Tx, product: &Product) -> Result<()> {
    if product.categories.is_empty() {
        return Ok(());
    }
    let found: Vec<Shelf> = Sql::new("SELECT id, slug FROM category WHERE slug IN ")
        .list(product.categories.iter().map(|slug| slug.as_str().into()))
        .all(tx)
        .await?;
    let mut rows: Vec<[Value; 3]> = Vec::with_capacity(product.categories.len());
    for (position, slug) in (0_i64..).zip(&product.categories) {
        let Some(shelf) = found.iter().find(|shelf| shelf.slug == *slug) else {
            return Err(Failure::Refused(Error::UnknownCategory(slug.clone())));
        };
        rows.push([product.id.to_string().into(), shelf.id.clone().into(), position.into()]);
    }
    Sql::new("INSERT INTO product_category (product, category, position)")
        .rows(rows)
        .execute(tx)
        .await?;
    Ok(())
}

async fn insert_variants(tx: &Tx, product: &Product) -> Result<()> {
    let mut rows: Vec<[Value; 10]> = Vec::with_capacity(product.variants.len());
    for (position, variant) in (0_i64..).zip(&product.variants) {
        rows.push([
            variant.id.to_string().into(),
            product.id.to_string().into(),
            variant.sku.clone().into(),
            position.into(),
            options_json(&variant.options)?.into(),
            variant.price.minor.into(),
            variant.compare_at.map(|price| price.minor).into(),
            variant.price.currency.code().into(),
            i64::from(variant.weight_g).into(),
            i64::from(variant.for_sale).into(),
        ]);
    }
    let wanted = rows.len() as u64;
    let added = Sql::new(
        "INSERT INTO variant (id, product, sku, position, options, price_minor, \
         compare_at_minor, currency, weight_g, for_sale)",
    )
    .rows(rows)
    .push(" ON CONFLICT (sku) DO NOTHING")
    .execute(tx)
    .await?;
    if added == wanted { Ok(()) } else { Err(taken_sku(tx, product).await?) }
}

async fn taken_sku(tx: &Tx, product: &Product) -> Result<Failure<Error>> {
    let taken: Option<Name> = Sql::new("SELECT sku AS name FROM variant WHERE product <> ")
        .bind(product.id.to_string())
        .push(" AND sku IN ")
        .list(product.variants.iter().map(|variant| variant.sku.as_str().into()))
        .push(" ORDER BY sku LIMIT 1")
        .one(tx)
        .await?;
    let sku = taken.map(|row| row.name).unwrap_or_default();
    Ok(Failure::Refused(Error::SkuTaken(sku)))
}

/// A broken rule of a table is the caller's; anything else is ours.
fn refused(error: storage::Error, why: impl Fn() -> Error) -> Failure<Error> {
    match error {
        storage::Error::Check { .. } => Failure::Refused(why()),
        other => Failure::Storage(other),
    }
}
