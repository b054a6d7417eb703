//! Categories: read, added, changed, moved and removed.

use host::idempotency::remember;
use products_api::{
    Category, CategoryAt, CategoryId, CategoryRef, ChangeCategory, Error, NewCategory,
};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use storage::{Failure, Tx};

use super::{
    Result, Store,
    rows::{CategoryRow, Name},
    saving::raced,
    sql::Sql,
};
use crate::domain::catalogue::{changed_category, in_itself, too_deep};

const CATEGORY: &str = "SELECT c.id, c.slug, c.name, p.slug AS parent, c.position, c.version \
    FROM category c LEFT JOIN category p ON p.id = c.parent";

/// Where a category is in the tree.
#[derive(FromQueryResult)]
struct Place {
    id: String,
    depth: i64,
}

/// What is in the way of removing a category.
#[derive(FromQueryResult)]
struct Contents {
    below: i64,
    products: i64,
}

impl Store {
    /// Every category, parents before children.
    pub(crate) async fn categories(&self) -> Result<Vec<Category>> {
        let sql = Sql::new(CATEGORY).push(" ORDER BY c.depth, c.position, c.slug");
        let rows: Vec<CategoryRow> = sql.all(&self.db.reader()).await?;
        rows.into_iter().map(|row| Ok(row.category()?)).collect()
    }

    /// One category.
    pub(crate) async fn category(&self, which: &CategoryRef) -> Result<Option<Category>> {
        find(&self.db.reader(), which).await
    }

    /// Records a category.
    pub(crate) async fn add_category(&self, wish: &NewCategory) -> Result<Category> {
        let category = Category {
            id: self.ids.next(),
            slug: wish.slug.clone(),
            name: wish.name.clone(),
            parent: wish.parent.clone(),
            position: wish.position,
            version: kernel::Version::FIRST,
        };
        let mut tx = self.db.begin().await?;
        match insert(&tx, &category).await? {
            true => {
                remember(&mut tx, &category)?;
                tx.commit().await?;
                Ok(category)
            }
            false => Err(not_added(&tx, category).await?),
        }
    }

    /// Changes a category, and moves it with all that lies below it.
    pub(crate) async fn change_category(&self, wish: &ChangeCategory) -> Result<Category> {
        storage::retry(|| self.try_change(wish)).await
    }

    async fn try_change(&self, wish: &ChangeCategory) -> Result<Category> {
        let mut tx = self.db.begin().await?;
        let before = seen(&tx, &wish.at).await?;
        let mut after = changed_category(&before, wish).map_err(Failure::Refused)?;
        if after == before {
            tx.rollback().await?;
            return Ok(before);
        }
        after.version = before.version.next();
        if after.parent != before.parent {
            relocate(&tx, &after).await?;
        }
        let written = Sql::new("UPDATE category SET slug = ")
            .bind(after.slug.as_str())
            .push(", name = ")
            .bind(after.name.as_str())
            .push(", position = ")
            .bind(after.position)
            .push(", version = ")
            .bind(after.version.0.cast_signed())
            .push(" WHERE id = ")
            .bind(after.id.to_string())
            .push(" AND version = ")
            .bind(before.version.0.cast_signed())
            .execute(&tx)
            .await;
        match written {
            Ok(1) => {}
            Ok(_) => return Err(raced("the category was changed by somebody else")),
            Err(storage::Error::Unique { .. }) => {
                return Err(Failure::Refused(Error::SlugTaken(after.slug)));
            }
            Err(cause) => return Err(cause.into()),
        }
        remember(&mut tx, &after)?;
        tx.commit().await?;
        Ok(after)
    }

    /// Removes a category in which nothing is.
    pub(crate) async fn remove_category(&self, at: &CategoryAt) -> Result<()> {
        let tx = self.db.begin().await?;
        let category = seen(&tx, at).await?;
        let id = category.id.to_string();
        let contents: Option<Contents> =
            Sql::new("SELECT (SELECT COUNT(*) FROM category WHERE parent = ")
                .bind(id.as_str())
                .push(") AS below, (SELECT COUNT(*) FROM product_category WHERE category = $1)")
                .push(" AS products")
                .one(&tx)
                .await?;
        if let Some(Contents { below, products }) = contents
            && below + products > 0
        {
            let why = format!(
                "{below} categories and {products} products are in it: move them elsewhere first"
            );
            return Err(Failure::Refused(Error::NotPossible(why)));
        }
        Sql::new("DELETE FROM category WHERE id = ").bind(id).execute(&tx).await?;
        Ok(tx.commit().await?)
    }
}

/// Finds a category.
async fn find(on: &impl ConnectionTrait, which: &CategoryRef) -> Result<Option<Category>> {
    let sql = match which {
        CategoryRef::Id(id) => Sql::new(CATEGORY).push(" WHERE c.id = ").bind(id.to_string()),
        CategoryRef::Slug(slug) => Sql::new(CATEGORY).push(" WHERE c.slug = ").bind(slug.as_str()),
    };
    let row: Option<CategoryRow> = sql.one(on).await?;
    Ok(row.map(CategoryRow::category).transpose()?)
}

/// The category, if it is still what somebody has seen.
async fn seen(tx: &Tx, at: &CategoryAt) -> Result<Category> {
    let found = find(tx, &CategoryRef::Id(at.category)).await?;
    let unknown = || Failure::Refused(Error::UnknownCategory(at.category.to_string()));
    let found = found.ok_or_else(unknown)?;
    match at.based_on {
        Some(version) if version != found.version => {
            Err(Failure::Refused(Error::StaleCategory(found.version)))
        }
        _ => Ok(found),
    }
}

/// Adds a category; false when its slug is taken or its parent is unknown.
pub(super) async fn insert(tx: &Tx, category: &Category) -> Result<bool> {
    let head = "INSERT INTO category (id, slug, name, position, parent, parent_depth, depth) ";
    let own: [Value; 4] = [
        category.id.to_string().into(),
        category.slug.as_str().into(),
        category.name.as_str().into(),
        category.position.into(),
    ];
    let sql = own.into_iter().enumerate().fold(Sql::new(head), |sql, (index, value)| {
        sql.push(if index == 0 { "SELECT " } else { ", " }).bind(value)
    });
    let sql = match &category.parent {
        None => sql.push(", NULL, NULL, 1 WHERE 1 = 1"),
        Some(parent) => sql
            .push(", up.id, up.depth, up.depth + 1 FROM category up WHERE up.slug = ")
            .bind(parent.as_str()),
    };
    let added = sql.push(" ON CONFLICT (slug) DO NOTHING").execute(tx).await;
    Ok(added.map_err(deep)? == 1)
}

async fn not_added(tx: &Tx, category: Category) -> Result<Failure<Error>> {
    let Category { slug, parent, .. } = category;
    let taken: Option<Name> = Sql::new("SELECT slug AS name FROM category WHERE slug = ")
        .bind(slug.as_str())
        .one(tx)
        .await?;
    Ok(Failure::Refused(match (taken, parent) {
        (None, Some(parent)) => Error::UnknownCategory(parent),
        _ => Error::SlugTaken(slug),
    }))
}

/// Moves a category below its parent, with everything below it, by one statement: in between, depths would
/// not fit together.
async fn relocate(tx: &Tx, category: &Category) -> Result<()> {
    let place = |which: &str, value: String| {
        Sql::new(format!("SELECT id, depth FROM category WHERE {which} = ")).bind(value)
    };
    let own: Option<Place> = place("id", category.id.to_string()).one(tx).await?;
    let own = own.ok_or_else(|| raced("the category is gone"))?;
    let parent: Option<Place> = match &category.parent {
        None => None,
        Some(slug) => {
            let found: Option<Place> = place("slug", slug.clone()).one(tx).await?;
            let unknown = || Failure::Refused(Error::UnknownCategory(slug.clone()));
            Some(found.ok_or_else(unknown)?)
        }
    };
    let below: Vec<Name> =
        Sql::new("WITH RECURSIVE below (id) AS (SELECT id FROM category WHERE id = ")
            .bind(own.id.as_str())
            .push(
                " UNION ALL SELECT c.id FROM category c JOIN below ON c.parent = below.id) \
         SELECT id AS name FROM below",
            )
            .all(tx)
            .await?;
    if parent.as_ref().is_some_and(|parent| below.iter().any(|it| it.name == parent.id)) {
        return Err(Failure::Refused(in_itself()));
    }
    let up = parent.as_ref().map(|parent| parent.depth);
    let deeper = up.unwrap_or(0) + 1 - own.depth;
    Sql::new("UPDATE category SET parent = CASE WHEN id = ")
        .bind(own.id)
        .push(" THEN ")
        .bind(parent.map(|parent| parent.id))
        .push(" ELSE parent END, parent_depth = CASE WHEN id = $1 THEN ")
        .bind(up)
        .push(" ELSE parent_depth + ")
        .bind(deeper)
        .push(" END, depth = depth + $4 WHERE id IN ")
        .list(below.into_iter().map(|it| it.name.into()))
        .execute(tx)
        .await
        .map_err(deep)?;
    Ok(())
}

/// A tree that became too deep is the caller's; anything else is ours.
fn deep(error: storage::Error) -> Failure<Error> {
    match error {
        storage::Error::Check { .. } => Failure::Refused(too_deep()),
        other => Failure::Storage(other),
    }
}

/// The category of `slug` that a list needs, to be named by a person later.
pub(super) fn unnamed(id: CategoryId, slug: &str, parent: Option<String>) -> Category {
    let mut name = slug.replace('-', " ");
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let version = kernel::Version::FIRST;
    Category { id, slug: slug.to_owned(), name, parent, position: 0, version }
}
