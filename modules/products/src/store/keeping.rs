//! Adding, changing and removing products.

use std::collections::HashMap;

use host::idempotency::remember;
use messaging::Publish;
use products_api::{
    Error, NewProduct, NewVariant, Product, ProductAt, ProductRef, ProductStatus, VariantId,
};
use sea_orm::FromQueryResult;
use storage::{Failure, Tx};

use super::{
    Result, Store,
    products::find,
    saving::{Change, Shelves, raced, save},
    sql::Sql,
};
use crate::domain::keeping::{self, News, news};

/// A category that products go into.
#[derive(FromQueryResult)]
struct Shelf {
    id: String,
    slug: String,
}

impl Store {
    /// Records a product with its variants and their first stock.
    pub(crate) async fn add_product(&self, wish: &NewProduct) -> Result<Product> {
        let product = keeping::made(wish, &self.ids, self.clock.now());
        let stock = stock_of(&product, &wish.variants);
        storage::retry(|| async {
            let mut tx = self.db.begin().await?;
            let (after, stock) = (product.clone(), stock.clone());
            self.write(&mut tx, Change { before: None, after, stock }).await?;
            Ok(tx.commit().await?)
        })
        .await?;
        Ok(product)
    }

    /// Changes the product to what `change` makes of it, if it is still what somebody has seen.
    pub(crate) async fn edit(
        &self,
        at: &ProductAt,
        change: impl Fn(&Product) -> products_api::Result<Product>,
    ) -> Result<Product> {
        storage::retry(|| self.try_edit(at, &change, &[])).await
    }

    /// Adds a variant to the product, if it is still what somebody has seen.
    pub(crate) async fn add_variant(&self, at: &ProductAt, wish: &NewVariant) -> Result<Product> {
        let new = std::slice::from_ref(wish);
        let change = |before: &Product| keeping::with_variant(before, wish, &self.ids);
        storage::retry(|| self.try_edit(at, &change, new)).await
    }

    async fn try_edit(
        &self,
        at: &ProductAt,
        change: &impl Fn(&Product) -> products_api::Result<Product>,
        new: &[NewVariant],
    ) -> Result<Product> {
        let mut tx = self.db.begin().await?;
        let before = self.seen(&tx, at).await?;
        let mut after = change(&before).map_err(Failure::Refused)?;
        if after == before {
            tx.rollback().await?;
            return Ok(before);
        }
        after.version = before.version.next();
        let stock = stock_of(&after, new);
        let change = Change { before: Some(before), after: after.clone(), stock };
        self.write(&mut tx, change).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// The product, if it is still what somebody has seen.
    async fn seen(&self, tx: &Tx, at: &ProductAt) -> Result<Product> {
        let found = find(tx, &ProductRef::Id(at.product)).await?;
        let unknown = || Failure::Refused(Error::UnknownProduct(at.product.to_string()));
        let found = found.ok_or_else(unknown)?;
        keeping::current(at, &found).map_err(Failure::Refused)?;
        Ok(found)
    }

    /// Writes one change, announces it, and remembers the product as the reply.
    async fn write(&self, tx: &mut Tx, change: Change) -> Result<()> {
        let now = self.clock.now();
        let shelves = shelves(tx, &change.after.categories).await?;
        let changes = [change];
        save(tx, &changes, &shelves, &self.ids, now).await?;
        let [change] = changes;
        for news in news(change.before.as_ref(), &change.after, now) {
            announce(tx, &news)?;
        }
        Ok(remember(tx, &change.after)?)
    }

    /// Forgets a draft that never had stock.
    pub(crate) async fn remove_product(&self, at: &ProductAt) -> Result<()> {
        storage::retry(|| self.try_remove(at)).await
    }

    async fn try_remove(&self, at: &ProductAt) -> Result<()> {
        let tx = self.db.begin().await?;
        let product = self.seen(&tx, at).await?;
        let no = |why: &str| Err(Failure::Refused(Error::NotPossible(why.to_owned())));
        if product.status != ProductStatus::Draft {
            return no("a product that was on sale stays, because orders name it: archive it");
        }
        let id = || product.id.to_string();
        let of = "variant IN (SELECT id FROM variant WHERE product = ";
        let moved: Option<Counted> =
            Sql::new(format!("SELECT COUNT(*) AS count FROM stock_movement WHERE {of}"))
                .bind(id())
                .push(")")
                .one(&tx)
                .await?;
        if moved.is_some_and(|moved| moved.count > 0) {
            return no("stock was booked for it, and books are kept: publish and archive it");
        }
        for table in ["product_words", "product_attribute", "product_category"] {
            let sql = Sql::new(format!("DELETE FROM {table} WHERE product = ")).bind(id());
            sql.execute(&tx).await?;
        }
        let sql = Sql::new(format!("DELETE FROM stock_level WHERE {of}")).bind(id()).push(")");
        sql.execute(&tx).await?;
        Sql::new("DELETE FROM variant WHERE product = ").bind(id()).execute(&tx).await?;
        let removed = Sql::new("DELETE FROM product WHERE id = ")
            .bind(id())
            .push(" AND status = 'draft' AND version = ")
            .bind(product.version.0.cast_signed())
            .execute(&tx)
            .await?;
        if removed == 0 {
            return Err(raced("the product was changed by somebody else"));
        }
        Ok(tx.commit().await?)
    }
}

#[derive(FromQueryResult)]
struct Counted {
    count: i64,
}

/// Says `news` when `tx` is committed.
pub(super) fn announce(tx: &mut Tx, news: &News) -> std::result::Result<(), storage::Error> {
    match news {
        News::Published(event) => tx.publish(event),
        News::Changed(event) => tx.publish(event),
        News::Archived(event) => tx.publish(event),
        News::Price(event) => tx.publish(event),
    }
}

/// How many there are of each variant that stands in `new`, by its SKU.
pub(super) fn stock_of(product: &Product, new: &[NewVariant]) -> HashMap<VariantId, u32> {
    let on_hand = |sku: &str| new.iter().find(|new| new.sku == sku).map(|new| new.on_hand);
    let variants = product.variants.iter();
    variants.filter_map(|variant| Some((variant.id, on_hand(&variant.sku)?))).collect()
}

/// The categories among `slugs` that exist.
async fn shelves(tx: &Tx, slugs: &[String]) -> Result<Shelves> {
    if slugs.is_empty() {
        return Ok(Shelves::new());
    }
    let found: Vec<Shelf> = Sql::new("SELECT id, slug FROM category WHERE slug IN ")
        .list(slugs.iter().map(|slug| slug.as_str().into()))
        .all(tx)
        .await?;
    Ok(found.into_iter().map(|shelf| (shelf.slug, shelf.id)).collect())
}
