//! Products from a list, and all of them as a list.

use std::collections::{HashMap, HashSet};

use kernel::{Fault, Page, PageRequest, Violation};
use products_api::{
    Category, Error, Imported, NewProduct, NewVariant, Product, ProductId, VariantId,
};
use sea_orm::FromQueryResult;
use storage::{Failure, Tx};

use super::{
    Result, Store, categories,
    keeping::{announce, stock_of},
    products::{Which, load},
    saving::{Change, Shelves, save},
    sql::Sql,
};
use crate::domain::keeping::{self, news};

/// A variant that exists, by its SKU.
#[derive(FromQueryResult)]
struct Known {
    sku: String,
    product: String,
}

/// A category and the one it lies in.
#[derive(FromQueryResult)]
struct Shelf {
    id: String,
    slug: String,
    parent: Option<String>,
}

#[derive(FromQueryResult)]
struct OnHand {
    variant: String,
    on_hand: i64,
}

impl Store {
    /// Adds or changes all of `wishes` in one transaction; those that cannot be are told why. None names
    /// what another one names.
    pub(crate) async fn import(&self, wishes: &[NewProduct]) -> Result<Vec<Imported>> {
        match storage::retry(|| self.try_import(wishes)).await {
            // Somebody else took a name meanwhile, or a rule of a table says no: find out who is to blame.
            Err(Failure::Refused(_)) | Err(Failure::Storage(storage::Error::Check { .. }))
                if wishes.len() > 1 =>
            {
                let mut all = Vec::with_capacity(wishes.len());
                for wish in wishes {
                    all.extend(Box::pin(self.import(std::slice::from_ref(wish))).await?);
                }
                Ok(all)
            }
            Err(Failure::Refused(error)) => Ok(vec![refused(&error)]),
            other => other,
        }
    }

    async fn try_import(&self, wishes: &[NewProduct]) -> Result<Vec<Imported>> {
        let mut tx = self.db.begin().await?;
        let now = self.clock.now();
        let slugs: Vec<String> = wishes.iter().map(|wish| wish.slug.clone()).collect();
        let found = load(&tx, Which::Slugs(&slugs)).await?;
        let mut found: HashMap<String, Product> =
            found.into_iter().map(|product| (product.slug.clone(), product)).collect();
        let known = known(&tx, wishes).await?;
        let mut shelves = self.shelves(&tx).await?;
        let (mut outcomes, mut changes) = (Vec::with_capacity(wishes.len()), Vec::new());
        for wish in wishes {
            let before = found.remove(&wish.slug);
            if let Some(taken) = taken(wish, before.as_ref(), &known) {
                outcomes.push(Imported::Refused(vec![taken]));
                continue;
            }
            let wish = NewProduct { categories: leaves(&wish.categories), ..wish.clone() };
            let after = match &before {
                None => Ok(keeping::made(&wish, &self.ids, now)),
                Some(before) => keeping::listed(before, &wish, &self.ids, now),
            };
            let mut after = match after {
                Ok(after) => after,
                Err(error) => {
                    outcomes.push(refused(&error));
                    continue;
                }
            };
            match &before {
                None => outcomes.push(Imported::Created(after.id)),
                Some(before) if *before == after => {
                    outcomes.push(Imported::Unchanged(after.id));
                    continue;
                }
                Some(before) => {
                    after.version = before.version.next();
                    outcomes.push(Imported::Changed(after.id));
                }
            }
            let stock = stock_of(&after, &wish.variants);
            changes.push(Change { before, after, stock });
        }
        let paths = wishes.iter().zip(&outcomes);
        let taken = paths.filter(|(_, outcome)| !matches!(outcome, Imported::Refused(_)));
        for path in taken.flat_map(|(wish, _)| &wish.categories) {
            self.put_up(&tx, path, &mut shelves).await?;
        }
        save(&tx, &changes, &shelves, &self.ids, now).await?;
        for Change { before, after, .. } in &changes {
            for news in news(before.as_ref(), after, now) {
                announce(&mut tx, &news)?;
            }
        }
        tx.commit().await?;
        Ok(outcomes)
    }

    async fn shelves(&self, tx: &Tx) -> Result<Shelves> {
        let all: Vec<Shelf> = Sql::new("SELECT id, slug, parent FROM category").all(tx).await?;
        Ok(all.into_iter().map(|shelf| (shelf.slug, shelf.id)).collect())
    }

    /// Adds the categories of `path` that are missing.
    async fn put_up(&self, tx: &Tx, path: &str, shelves: &mut Shelves) -> Result<()> {
        let mut parent: Option<String> = None;
        for slug in path.split('/') {
            if !shelves.contains_key(slug) {
                let category: Category = categories::unnamed(self.ids.next(), slug, parent);
                categories::insert(tx, &category).await?;
                shelves.insert(slug.to_owned(), category.id.to_string());
            }
            parent = Some(slug.to_owned());
        }
        Ok(())
    }

    /// One page of all products, oldest first, as they can be imported.
    pub(crate) async fn export(&self, page: &PageRequest) -> Result<Page<NewProduct>> {
        let reader = self.db.reader();
        let after = page.after.as_deref().unwrap_or_default();
        let found = load(&reader, Which::After(after, i64::from(page.limit) + 1)).await?;
        let page = Page::cut(found, page.limit, |product| product.id.to_string());
        let ids = page.items.iter().flat_map(|product| &product.variants);
        let ids: Vec<sea_orm::Value> = ids.map(|variant| variant.id.to_string().into()).collect();
        let mut stock: HashMap<String, i64> = HashMap::new();
        for part in ids.chunks(STOCK_AT_ONCE) {
            let sql = Sql::new("SELECT variant, on_hand FROM stock_level WHERE variant IN ");
            let rows: Vec<OnHand> = sql.list(part.iter().cloned()).all(&reader).await?;
            stock.extend(rows.into_iter().map(|row| (row.variant, row.on_hand)));
        }
        let shelves: Vec<Shelf> =
            Sql::new("SELECT id, slug, parent FROM category").all(&reader).await?;
        let on_hand = |id: VariantId| stock.get(&id.to_string()).copied().unwrap_or_default();
        Ok(page.map(|product| listed(product, &on_hand, &shelves)))
    }
}

/// How many levels are read by one statement.
const STOCK_AT_ONCE: usize = 2_000;

/// The variants that exist among those that are named.
async fn known(tx: &Tx, wishes: &[NewProduct]) -> Result<HashMap<String, ProductId>> {
    let skus = wishes.iter().flat_map(|wish| &wish.variants);
    let skus: HashSet<&str> = skus.map(|variant| variant.sku.as_str()).collect();
    if skus.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<Known> = Sql::new("SELECT sku, product FROM variant WHERE sku IN ")
        .list(skus.into_iter().map(Into::into))
        .all(tx)
        .await?;
    let owner = |known: Known| Ok((known.sku, super::rows::read(&known.product)?));
    found.into_iter().map(owner).collect()
}

/// The first SKU of `wish` that is another product's.
fn taken(
    wish: &NewProduct,
    before: Option<&Product>,
    known: &HashMap<String, ProductId>,
) -> Option<Violation> {
    let own = before.map(|before| before.id);
    wish.variants.iter().enumerate().find_map(|(index, variant)| {
        let owner = known.get(&variant.sku)?;
        let detail = format!("the SKU {} is taken", variant.sku);
        let violation = Violation::new(format!("/variants/{index}/sku"), "taken", detail);
        (own != Some(*owner)).then_some(violation)
    })
}

fn refused(error: &Error) -> Imported {
    let violations = error.violations();
    Imported::Refused(match violations.is_empty() {
        true => vec![Violation::new("", error.code().as_str(), error.to_string())],
        false => violations,
    })
}

/// The last parts of paths.
fn leaves(paths: &[String]) -> Vec<String> {
    let leaf = |path: &String| path.rsplit('/').next().unwrap_or_default().to_owned();
    paths.iter().map(leaf).collect()
}

fn listed(product: Product, on_hand: &impl Fn(VariantId) -> i64, shelves: &[Shelf]) -> NewProduct {
    NewProduct {
        slug: product.slug,
        title: product.title,
        description: product.description,
        status: product.status,
        categories: product.categories.iter().map(|slug| path(slug, shelves)).collect(),
        attributes: product.attributes,
        media: product.media,
        variants: product
            .variants
            .into_iter()
            .map(|variant| NewVariant {
                on_hand: u32::try_from(on_hand(variant.id)).unwrap_or(u32::MAX),
                sku: variant.sku,
                options: variant.options,
                price: variant.price,
                compare_at: variant.compare_at,
                weight_g: variant.weight_g,
                barcode: variant.barcode,
                track_stock: variant.track_stock,
                for_sale: variant.for_sale,
            })
            .collect(),
    }
}

/// The slugs from the top down to `slug`.
fn path(slug: &str, shelves: &[Shelf]) -> String {
    let mut path = vec![slug.to_owned()];
    let mut shelf = shelves.iter().find(|shelf| shelf.slug == slug);
    while let Some(parent) = shelf.and_then(|shelf| shelf.parent.as_deref()) {
        shelf = shelves.iter().find(|shelf| shelf.id == parent);
        path.extend(shelf.map(|shelf| shelf.slug.clone()));
    }
    path.reverse();
    path.join("/")
}
