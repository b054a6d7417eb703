//! One page of the catalogue, by one statement.

use kernel::{Money, Page};
use products_api::{Browse, Error, Found, ProductSummary, Sort};
use sea_orm::{FromQueryResult, Value};
use serde::{Deserialize, Serialize};
use storage::Failure;

use super::{
    Result, Store,
    conditions::Wanted,
    rows::{Name, currency, from_json, read, status},
    sql::Sql,
};

#[derive(FromQueryResult)]
struct SummaryRow {
    id: String,
    slug: String,
    title: String,
    status: String,
    media: String,
    sort_title: String,
    price_from: i64,
    currency: Option<String>,
    sort_date: i64,
    rank: i64,
    in_stock: i64,
}

/// Where a page ended: the sort key of its last product, and its id. `browse` gives it out as JSON.
#[derive(Serialize, Deserialize)]
enum Position {
    Title(String, String),
    Price(i64, String),
    PriceDown(i64, String),
    Newest(i64, String),
    Relevance(i64, String, String),
}

/// Looked at for the rows of the page only.
const IN_STOCK: &str = "CAST(CASE WHEN EXISTS (SELECT 1 FROM variant v \
    JOIN stock_level s ON s.variant = v.id WHERE v.product = page.id AND v.for_sale = 1 \
    AND (s.tracked = 0 OR s.on_hand > s.reserved)) THEN 1 ELSE 0 END AS BIGINT) AS in_stock";

impl Store {
    /// One page of what is wanted, of products that have all of `words`; and what there is to narrow it by.
    pub(crate) async fn browse(&self, wish: &Browse, words: &[String]) -> Result<Found> {
        let wanted = Wanted { backend: self.db.backend(), wish, words };
        let page = self.page(&wanted).await?;
        let facets = if wish.facets { self.facets(&wanted).await? } else { Vec::new() };
        Ok(Found { page, facets })
    }

    async fn page(&self, wanted: &Wanted<'_>) -> Result<Page<ProductSummary>> {
        let wish = wanted.wish;
        let sort = match wish.sort {
            Sort::Relevance if wanted.words.is_empty() => Sort::Title,
            sort => sort,
        };
        let after = wish.page.after.as_deref().map(|after| position(after, sort)).transpose()?;
        let first = after.is_none();
        let sql = Sql::new(format!(
            "SELECT page.*, {IN_STOCK} FROM (SELECT p.id, p.slug, p.title, p.status, p.media, \
             p.sort_title, p.price_from, p.currency, p.sort_date, "
        ));
        let rank = if sort == Sort::Relevance { rank(wanted.words) } else { ZERO.to_owned() };
        let sql = wanted.of(sql.push(&rank).push(" AS rank"), None);
        let limit = i64::from(wish.page.limit) + 1;
        let sql = ordered(sql, sort, &rank, after).push(" LIMIT ").bind(limit).push(") page");
        let sql = sql.push(&order(sort, "page.", "page.rank"));
        let rows: Vec<SummaryRow> = sql.all(&self.db.reader()).await?;
        if let (true, true, Some(slug)) = (first, rows.is_empty(), &wish.category) {
            self.known_category(slug).await?;
        }
        let rows = Page::cut(rows, wish.page.limit, |row| row.position(sort));
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
            Sort::PriceDown => Position::PriceDown(self.price_from, id),
            Sort::Newest => Position::Newest(self.sort_date, id),
            Sort::Relevance => Position::Relevance(self.rank, self.sort_title.clone(), id),
        };
        serde_json::to_string(&position).expect("text and numbers have a JSON form")
    }

    fn summary(self) -> Result<ProductSummary> {
        let currency = self.currency.as_deref().map(currency).transpose()?;
        Ok(ProductSummary {
            id: read(&self.id)?,
            slug: self.slug,
            title: self.title,
            status: status(&self.status)?,
            price_from: currency.map(|currency| Money::new(self.price_from, currency)),
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
                | (Position::PriceDown(..), Sort::PriceDown)
                | (Position::Newest(..), Sort::Newest)
                | (Position::Relevance(..), Sort::Relevance)
        )
    };
    position.filter(fits).ok_or(Failure::Refused(Error::BadCursor))
}

const ZERO: &str = "CAST(0 AS BIGINT)";

/// 0 for products with all words in their titles, 1 for others. Ours, so that it is the same on both
/// databases.
fn rank(words: &[String]) -> String {
    let each = words.iter().map(|word| format!("w.title LIKE '% {word}%'")).collect::<Vec<_>>();
    format!("CAST(CASE WHEN {} THEN 0 ELSE 1 END AS BIGINT)", each.join(" AND "))
}

/// Adds where the page begins, and its order.
fn ordered(sql: Sql, sort: Sort, rank: &str, after: Option<Position>) -> Sql {
    let sql = match after {
        None => sql,
        Some(after) => {
            let values: Vec<Value> = match after {
                Position::Title(title, id) => vec![title.into(), id.into()],
                Position::Price(number, id)
                | Position::PriceDown(number, id)
                | Position::Newest(number, id) => vec![number.into(), id.into()],
                Position::Relevance(rank, title, id) => vec![rank.into(), title.into(), id.into()],
            };
            let (columns, descending) = columns(sort, "p.", rank);
            let beyond = if descending { "<" } else { ">" };
            sql.push(&format!(" AND ({}) {beyond} ", columns.join(", "))).list(values)
        }
    };
    sql.push(&order(sort, "p.", rank))
}

fn order(sort: Sort, table: &str, rank: &str) -> String {
    let (columns, descending) = columns(sort, table, rank);
    let direction = if descending { " DESC" } else { "" };
    let columns: Vec<_> = columns.iter().map(|column| format!("{column}{direction}")).collect();
    format!(" ORDER BY {}", columns.join(", "))
}

/// What is sorted by, and whether the largest comes first.
fn columns(sort: Sort, table: &str, rank: &str) -> (Vec<String>, bool) {
    let by = |column: &str| vec![format!("{table}{column}"), format!("{table}id")];
    match sort {
        Sort::Title => (by("sort_title"), false),
        Sort::Price => (by("price_from"), false),
        Sort::PriceDown => (by("price_from"), true),
        Sort::Newest => (by("sort_date"), true),
        Sort::Relevance => {
            (std::iter::once(rank.to_owned()).chain(by("sort_title")).collect(), false)
        }
    }
}
