//! One page of the catalogue, by one statement.

use kernel::{Money, Page};
use products_api::{Browse, Error, ProductSummary, Sort};
use sea_orm::{FromQueryResult, Value};
use serde::{Deserialize, Serialize};
use storage::Failure;

use super::{
    Result, Store,
    rows::{Name, currency, from_json, read},
    sql::Sql,
};

#[derive(FromQueryResult)]
struct SummaryRow {
    id: String,
    slug: String,
    title: String,
    media: String,
    sort_title: String,
    price_from: i64,
    currency: String,
    created_at: i64,
    in_stock: i64,
}

/// Where a page ended: the sort key of its last product, and its id. `browse` gives it out as JSON.
#[derive(Serialize, Deserialize)]
enum Position {
    Title(String, String),
    Price(i64, String),
    Newest(i64, String),
}

const COLUMNS: &str = "SELECT p.id, p.slug, p.title, p.media, p.sort_title, p.price_from, \
    p.currency, p.created_at, CAST(CASE WHEN EXISTS (SELECT 1 FROM variant v \
    JOIN stock_level s ON s.variant = v.id WHERE v.product = p.id AND v.for_sale = 1 \
    AND s.on_hand > s.reserved) THEN 1 ELSE 0 END AS BIGINT) AS in_stock FROM product p WHERE 1 = 1";

impl Store {
    /// One page of what is on sale, of products that have all of `words`.
    pub(crate) async fn browse(
        &self,
        wish: &Browse,
        words: &[String],
    ) -> Result<Page<ProductSummary>> {
        let after =
            wish.page.after.as_deref().map(|after| position(after, wish.sort)).transpose()?;
        let first = after.is_none();
        let mut sql = Sql::new(COLUMNS);
        if let Some(slug) = &wish.category {
            sql = sql
                .push(
                    " AND p.id IN (WITH RECURSIVE shelf (id) AS (\
                     SELECT id FROM category WHERE slug = ",
                )
                .bind(slug.as_str())
                .push(
                    " UNION ALL SELECT c.id FROM category c JOIN shelf ON c.parent = shelf.id) \
                     SELECT pc.product FROM product_category pc \
                     JOIN shelf ON shelf.id = pc.category)",
                );
        }
        for word in words {
            sql = sql.push(" AND p.words LIKE ").bind(pattern(word)).push(" ESCAPE '\\'");
        }
        let limit = i64::from(wish.page.limit) + 1;
        let sql = ordered(sql, wish.sort, after).push(" LIMIT ").bind(limit);
        let rows: Vec<SummaryRow> = sql.all(&self.db.reader()).await?;
        if let (true, true, Some(slug)) = (first, rows.is_empty(), &wish.category) {
            self.known_category(slug).await?;
        }
        let rows = Page::cut(rows, wish.page.limit, |row| row.position(wish.sort));
        let items: Result<_> = rows.items.into_iter().map(SummaryRow::summary).collect();
        Ok(Page { items: items?, next: rows.next })
    }

    async fn known_category(&self, slug: &str) -> Result<()> {
        let sql = Sql::new("SELECT slug AS name FROM category WHERE slug = ").bind(slug);
        let found: Option<Name> = sql.one(&self.db.reader()).await?;
        let unknown = || Failure::Refused(Error::UnknownCategory(slug.to_owned()));
        found.map(|_| ()).ok_or_else(unknown)
    }
}

impl SummaryRow {
    fn position(&self, sort: Sort) -> String {
        let id = self.id.clone();
        let position = match sort {
            Sort::Title => Position::Title(self.sort_title.clone(), id),
            Sort::Price => Position::Price(self.price_from, id),
            Sort::Newest => Position::Newest(self.created_at, id),
        };
        serde_json::to_string(&position).expect("text and numbers have a JSON form")
    }

    fn summary(self) -> Result<ProductSummary> {
        Ok(ProductSummary {
            id: read(&self.id)?,
            slug: self.slug,
            title: self.title,
            price_from: Money::new(self.price_from, currency(&self.currency)?),
            in_stock: self.in_stock != 0,
            media: from_json(&self.media)?,
        })
    }
}

/// Reads a position that was given out for a list in the same order.
fn position(text: &str, sort: Sort) -> Result<Position> {
    let position: Option<Position> = serde_json::from_str(text).ok();
    let fits = |position: &Position| {
        matches!(
            (position, sort),
            (Position::Title(..), Sort::Title)
                | (Position::Price(..), Sort::Price)
                | (Position::Newest(..), Sort::Newest)
        )
    };
    position.filter(fits).ok_or(Failure::Refused(Error::BadCursor))
}

fn ordered(sql: Sql, sort: Sort, after: Option<Position>) -> Sql {
    let (column, beyond, direction) = match sort {
        Sort::Title => ("sort_title", ">", "ASC"),
        Sort::Price => ("price_from", ">", "ASC"),
        Sort::Newest => ("created_at", "<", "DESC"),
    };
    let after: Option<[Value; 2]> = after.map(|position| match position {
        Position::Title(title, id) => [title.into(), id.into()],
        Position::Price(number, id) | Position::Newest(number, id) => [number.into(), id.into()],
    });
    let sql = match after {
        None => sql,
        Some(after) => sql.push(&format!(" AND (p.{column}, p.id) {beyond} ")).list(after),
    };
    sql.push(&format!(" ORDER BY p.{column} {direction}, p.id {direction}"))
}

/// A LIKE pattern for texts that contain `word`, in which nothing is a wildcard.
fn pattern(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}
