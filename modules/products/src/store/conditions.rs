//! Which products a wish means, in SQL.

use std::collections::BTreeMap;

use products_api::{Browse, Shown};
use storage::Backend;

use super::{rows::status_name, sql::Sql};

/// A wish, ready to be asked for.
pub(super) struct Wanted<'a> {
    pub(super) backend: Backend,
    pub(super) wish: &'a Browse,
    /// The words to be found.
    pub(super) words: &'a [String],
}

impl<'a> Wanted<'a> {
    /// The values that are asked for, by attribute.
    pub(super) fn attributes(&self) -> BTreeMap<&'a str, Vec<&'a str>> {
        let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for attribute in &self.wish.attributes {
            all.entry(&attribute.name).or_default().push(&attribute.value);
        }
        all
    }

    /// Adds `FROM product p …` with every condition but the one about the attribute `except`. With words,
    /// their row is `w`, and they come first: SQLite does not know how few products have them.
    pub(super) fn of(&self, sql: Sql, except: Option<&str>) -> Sql {
        let mut sql = self.shown(self.with_words(sql));
        if let Some(slug) = &self.wish.category {
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
        for (name, values) in self.attributes() {
            if except != Some(name) {
                sql = sql
                    .push(
                        " AND EXISTS (SELECT 1 FROM product_attribute f \
                         WHERE f.product = p.id AND f.name = ",
                    )
                    .bind(name)
                    .push(" AND f.value IN ")
                    .list(values.into_iter().map(Into::into))
                    .push(")");
            }
        }
        self.with_variant(sql)
    }

    fn with_words(&self, sql: Sql) -> Sql {
        if self.words.is_empty() {
            return sql.push(" FROM product p WHERE 1 = 1");
        }
        match self.backend {
            Backend::Sqlite => sql
                .push(
                    " FROM product_words w CROSS JOIN product p ON p.id = w.product WHERE \
                     w.number IN (SELECT rowid FROM product_search WHERE product_search MATCH ",
                )
                .bind(each(self.words, "\"", "\"*", " AND "))
                .push(")"),
            Backend::Postgres => sql
                .push(" FROM product_words w JOIN product p ON p.id = w.product WHERE w.search @@ ")
                .bind(each(self.words, "'", "':*", " & "))
                .push("::tsquery"),
        }
    }

    fn shown(&self, sql: Sql) -> Sql {
        match self.wish.shown {
            Shown::OnSale => sql.and("p.status = 'active'"),
            Shown::Any => sql,
            Shown::Only(status) => sql.and("p.status = ").bind(status_name(status)),
        }
    }

    /// One variant must have it all: a fitting price, and be in stock.
    fn with_variant(&self, mut sql: Sql) -> Sql {
        let Browse { price_min, price_max, in_stock, .. } = self.wish;
        if price_min.is_none() && price_max.is_none() && !in_stock {
            return sql;
        }
        sql = sql.and(
            "EXISTS (SELECT 1 FROM variant v JOIN stock_level s ON s.variant = v.id \
             WHERE v.product = p.id AND v.for_sale = 1",
        );
        if let Some(least) = price_min {
            sql = sql.and("v.price_minor >= ").bind(*least);
        }
        if let Some(most) = price_max {
            sql = sql.and("v.price_minor <= ").bind(*most);
        }
        if *in_stock {
            sql = sql.and("(s.tracked = 0 OR s.on_hand > s.reserved)");
        }
        sql.push(")")
    }
}

/// The words, each between two texts. They are letters and digits only, so there is nothing to escape.
fn each(words: &[String], before: &str, after: &str, between: &str) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("{before}{word}{after}")).collect();
    words.join(between)
}
