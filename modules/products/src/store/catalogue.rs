//! Reading products, variants and categories.

use products_api::{Category, Product, ProductRef, Variant, VariantId};

use super::{
    Result, Store,
    rows::{CategoryRow, Name, ProductRow, VariantRow},
    sql::Sql,
};

const VARIANT: &str = "SELECT v.id, v.product, v.sku, p.title, v.options, v.price_minor, \
    v.compare_at_minor, v.currency, v.weight_g, s.on_hand - s.reserved AS available, v.for_sale \
    FROM variant v JOIN product p ON p.id = v.product JOIN stock_level s ON s.variant = v.id WHERE ";

impl Store {
    /// One product with its variants, by three statements.
    pub(crate) async fn product(&self, which: &ProductRef) -> Result<Option<Product>> {
        let reader = self.db.reader();
        let sql = Sql::new(
            "SELECT id, slug, title, description, media, created_at, version FROM product WHERE ",
        );
        let sql = match which {
            ProductRef::Id(id) => sql.push("id = ").bind(id.to_string()),
            ProductRef::Slug(slug) => sql.push("slug = ").bind(slug.as_str()),
        };
        let row: Option<ProductRow> = sql.one(&reader).await?;
        let Some(row) = row else { return Ok(None) };
        let variants: Vec<VariantRow> = Sql::new(VARIANT)
            .push("v.product = ")
            .bind(row.id.clone())
            .push(" ORDER BY v.position")
            .all(&reader)
            .await?;
        let categories: Vec<Name> = Sql::new(
            "SELECT c.slug AS name FROM product_category pc JOIN category c ON c.id = pc.category \
             WHERE pc.product = ",
        )
        .bind(row.id.clone())
        .push(" ORDER BY pc.position")
        .all(&reader)
        .await?;
        let categories = categories.into_iter().map(|category| category.name).collect();
        Ok(Some(row.product(categories, read_all(variants)?)?))
    }

    /// The variants among `ids` that exist.
    pub(crate) async fn variants(&self, ids: &[VariantId]) -> Result<Vec<Variant>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<VariantRow> = Sql::new(VARIANT)
            .push("v.id IN ")
            .list(ids.iter().map(|id| id.to_string().into()))
            .push(" ORDER BY v.id")
            .all(&self.db.reader())
            .await?;
        read_all(rows)
    }

    /// Every category, parents before children.
    pub(crate) async fn categories(&self) -> Result<Vec<Category>> {
        let rows: Vec<CategoryRow> = Sql::new(
            "SELECT c.id, c.slug, c.name, p.slug AS parent, c.position \
             FROM category c LEFT JOIN category p ON p.id = c.parent \
             ORDER BY c.depth, c.position, c.slug",
        )
        .all(&self.db.reader())
        .await?;
        rows.into_iter().map(|row| Ok(row.category()?)).collect()
    }
}

fn read_all(rows: Vec<VariantRow>) -> Result<Vec<Variant>> {
    rows.into_iter().map(|row| Ok(row.variant()?)).collect()
}
