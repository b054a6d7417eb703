//! Cuts the words of products again when words are cut in another way than they were.

use sea_orm::FromQueryResult;

use super::{
    Result, Store,
    products::{Which, load},
    saving::write_words,
    sql::Sql,
};
use crate::domain::words::{EDITION, sort_key};

/// How many products are looked at in one transaction.
const BATCH: i64 = 200;

#[derive(FromQueryResult)]
struct Stale {
    id: String,
}

impl Store {
    /// Brings the words of some products up to date; false when there is nothing more to do. Safe beside
    /// others who do the same.
    pub(crate) async fn reword(&self) -> Result<bool> {
        storage::retry(|| async {
            let tx = self.db.begin().await?;
            let stale: Vec<Stale> = Sql::new(
                "SELECT p.id FROM product p WHERE NOT EXISTS (SELECT 1 FROM product_words w \
                 WHERE w.product = p.id AND w.edition = ",
            )
            .bind(EDITION)
            .push(") ORDER BY p.id LIMIT ")
            .bind(BATCH)
            .all(&tx)
            .await?;
            let ids: Vec<String> = stale.into_iter().map(|row| row.id).collect();
            let products = load(&tx, Which::Ids(&ids)).await?;
            write_words(&tx, products.iter()).await?;
            for product in &products {
                Sql::new("UPDATE product SET sort_title = ")
                    .bind(sort_key(&product.title))
                    .push(" WHERE id = ")
                    .bind(product.id.to_string())
                    .execute(&tx)
                    .await?;
            }
            tx.commit().await?;
            Ok(!ids.is_empty())
        })
        .await
    }
}
