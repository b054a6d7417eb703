//! How often each value of each attribute occurs among what was found, by one statement.

use std::{cmp::Reverse, collections::BTreeMap};

use products_api::{Facet, FacetValue};
use sea_orm::FromQueryResult;

use super::{Result, Store, conditions::Wanted, sql::Sql};

/// The most values that are shown of an attribute.
const VALUES: usize = 100;
/// The most attributes that are shown.
const NAMES: usize = 50;

#[derive(FromQueryResult)]
struct Row {
    name: String,
    value: String,
    count: i64,
}

impl Store {
    /// The facets of what is wanted. An attribute that is filtered by is counted as if it were not, so that
    /// its other values can be chosen too.
    pub(super) async fn facets(&self, wanted: &Wanted<'_>) -> Result<Vec<Facet>> {
        let filtered = wanted.attributes();
        let mut sql = counted(Sql::new(""), wanted, None);
        if !filtered.is_empty() {
            sql = sql.push(" AND a.name NOT IN ").list(filtered.keys().map(|name| (*name).into()));
        }
        sql = sql.push(GROUPED);
        for name in filtered.keys() {
            sql = counted(sql.push(" UNION ALL "), wanted, Some(name));
            sql = sql.push(" AND a.name = ").bind(*name).push(GROUPED);
        }
        Ok(told(sql.all(&self.db.reader()).await?))
    }
}

const GROUPED: &str = " GROUP BY a.name, a.value";

fn counted(sql: Sql, wanted: &Wanted<'_>, except: Option<&str>) -> Sql {
    let products = "SELECT a.name, a.value, COUNT(*) AS count FROM product_attribute a \
                    WHERE a.product IN (SELECT p.id";
    wanted.of(sql.push(products), except).push(")")
}

/// Attributes by name, values by frequency: sorted here, so that both databases agree.
fn told(rows: Vec<Row>) -> Vec<Facet> {
    let mut facets: BTreeMap<String, Vec<FacetValue>> = BTreeMap::new();
    for Row { name, value, count } in rows {
        let count = count.cast_unsigned();
        facets.entry(name).or_default().push(FacetValue { value, count });
    }
    let facet = |(name, mut values): (String, Vec<FacetValue>)| {
        values.sort_by(|a, b| (Reverse(a.count), &a.value).cmp(&(Reverse(b.count), &b.value)));
        values.truncate(VALUES);
        Facet { name, values }
    };
    facets.into_iter().take(NAMES).map(facet).collect()
}
