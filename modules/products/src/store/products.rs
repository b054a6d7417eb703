//! Reading products with their variants, as many as there are by the same three statements.

use std::collections::HashMap;

use products_api::{Product, ProductRef, Variant, VariantId};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use storage::Error;

use super::{
    Result, Store,
    rows::{ProductRow, VariantRow},
    sql::Sql,
};

const PRODUCT: &str = "SELECT id, slug, title, description, status, media, attributes, \
    created_at, published_at, version FROM product WHERE ";

/// What a variant is; `for_sale` says in SQL whether it is for sale.
fn variant(for_sale: &str) -> Sql {
    Sql::new(format!(
        "SELECT v.id, v.product, v.sku, p.title, v.options, v.price_minor, v.compare_at_minor, \
         v.currency, v.weight_g, v.barcode, s.tracked, s.on_hand - s.reserved AS available, \
         CAST({for_sale} AS BIGINT) AS for_sale FROM variant v JOIN product p ON p.id = v.product \
         JOIN stock_level s ON s.variant = v.id WHERE "
    ))
}

/// A category that a product is in.
#[derive(FromQueryResult)]
struct Shelved {
    product: String,
    slug: String,
}

/// Which products are wanted.
#[derive(Clone, Copy)]
pub(super) enum Which<'a> {
    Ids(&'a [String]),
    Slugs(&'a [String]),
    /// Those after this id, so many.
    After(&'a str, i64),
}

/// The products in the order of their ids.
pub(super) async fn load(
    on: &impl ConnectionTrait,
    which: Which<'_>,
) -> std::result::Result<Vec<Product>, Error> {
    let texts =
        |texts: &[String]| texts.iter().map(|it| it.as_str().into()).collect::<Vec<Value>>();
    let sql = match which {
        Which::Ids([]) | Which::Slugs([]) => return Ok(Vec::new()),
        Which::Ids(ids) => Sql::new(PRODUCT).push("id IN ").list(texts(ids)),
        Which::Slugs(slugs) => Sql::new(PRODUCT).push("slug IN ").list(texts(slugs)),
        Which::After(id, _) => Sql::new(PRODUCT).push("id > ").bind(id),
    };
    let sql = sql.push(" ORDER BY id");
    let sql =
        if let Which::After(_, limit) = which { sql.push(" LIMIT ").bind(limit) } else { sql };
    let rows: Vec<ProductRow> = sql.all(on).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    let mut variants: HashMap<String, Vec<Variant>> = HashMap::new();
    let found: Vec<VariantRow> = variant("v.for_sale")
        .push("v.product IN ")
        .list(texts(&ids))
        .push(" ORDER BY v.product, v.position")
        .all(on)
        .await?;
    for row in found {
        variants.entry(row.product.clone()).or_default().push(row.variant()?);
    }
    let mut shelves: HashMap<String, Vec<String>> = HashMap::new();
    let found: Vec<Shelved> = Sql::new(
        "SELECT pc.product, c.slug FROM product_category pc JOIN category c ON c.id = pc.category \
         WHERE pc.product IN ",
    )
    .list(texts(&ids))
    .push(" ORDER BY pc.product, pc.position")
    .all(on)
    .await?;
    for row in found {
        shelves.entry(row.product).or_default().push(row.slug);
    }
    let product = |row: ProductRow| {
        let categories = shelves.remove(&row.id).unwrap_or_default();
        let variants = variants.remove(&row.id).unwrap_or_default();
        row.product(categories, variants)
    };
    rows.into_iter().map(product).collect()
}

/// One product.
pub(super) async fn find(
    on: &impl ConnectionTrait,
    which: &ProductRef,
) -> std::result::Result<Option<Product>, Error> {
    let found = match which {
        ProductRef::Id(id) => load(on, Which::Ids(&[id.to_string()])).await?,
        ProductRef::Slug(slug) => load(on, Which::Slugs(std::slice::from_ref(slug))).await?,
    };
    Ok(found.into_iter().next())
}

impl Store {
    /// One product with its variants, whatever its status.
    pub(crate) async fn product(&self, which: &ProductRef) -> Result<Option<Product>> {
        Ok(find(&self.db.reader(), which).await?)
    }

    /// The variants among `ids` that exist.
    pub(crate) async fn variants(&self, ids: &[VariantId]) -> Result<Vec<Variant>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let on_sale = "CASE WHEN p.status = 'active' THEN v.for_sale ELSE 0 END";
        let rows: Vec<VariantRow> = variant(on_sale)
            .push("v.id IN ")
            .list(ids.iter().map(|id| id.to_string().into()))
            .push(" ORDER BY v.id")
            .all(&self.db.reader())
            .await?;
        rows.into_iter().map(|row| Ok(row.variant()?)).collect()
    }
}
