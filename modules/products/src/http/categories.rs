//! Shelves, for shoppers and for staff.

use actix_web::{HttpResponse, web::Data};
use host::{Answer, IfMatch, Keyed, Param, Problem, Who, idempotency::Replies};
use products_api::{CategoryAt, CategoryId, CategoryRef, CategoryScope, Products};

use super::{
    shown::{Categories, Category},
    told,
    wishes::{CategoryChange, NewCategory},
};

/// Lists every category, parents before children.
#[utoipa::path(get, path = "/v1/categories", operation_id = "list_categories", tag = "products",
    responses((status = 200, body = Categories, description = "All of them."), Problem))]
pub(super) async fn list(products: Data<dyn Products>) -> Result<Answer<Categories>, Problem> {
    let all = products.categories(CategoryScope::All).await?;
    Ok(Answer::ok(Categories::from(all)))
}

/// Shows one category.
#[utoipa::path(get, path = "/v1/categories/{id_or_slug}", operation_id = "find_category", tag = "products",
    params(("id_or_slug" = String, Path)),
    responses((status = 200, body = Category, description = "The category."), Problem))]
pub(super) async fn find(
    products: Data<dyn Products>,
    which: Param<String>,
) -> Result<Answer<Category>, Problem> {
    let which = match which.0.parse() {
        Ok(id) => CategoryRef::Id(id),
        Err(_) => CategoryRef::Slug(which.0),
    };
    Ok(answer(products.category(which).await?))
}

/// Shows one category to those who change it.
#[utoipa::path(get, path = "/v1/admin/categories/{id}", operation_id = "find_kept_category",
    tag = "products", params(("id" = String, Path)),
    responses((status = 200, body = Category, description = "The category."), Problem))]
pub(super) async fn find_kept(
    products: Data<dyn Products>,
    id: Param<CategoryId>,
) -> Result<Answer<Category>, Problem> {
    Ok(answer(products.category(CategoryRef::Id(id.0)).await?))
}

/// Adds a category.
#[utoipa::path(post, path = "/v1/admin/categories", operation_id = "add_category", tag = "products",
    request_body = NewCategory,
    responses((status = 201, body = Category, description = "The category."), Problem))]
pub(super) async fn add(
    products: Data<dyn Products>,
    replies: Data<Replies>,
    who: Who,
    wish: Keyed<NewCategory>,
) -> Result<Answer<Category>, Problem> {
    let Keyed { intent, body } = wish;
    let added = products.add_category(body.into());
    let added = replies.once(&who, "add a category", intent, added).await?;
    Ok(added.answer(|category| {
        let (version, shown) = (category.version, Category::from(category));
        Answer::created(&shown.href(), shown).version(version)
    }))
}

/// Changes a category, or moves it with everything below it.
#[utoipa::path(patch, path = "/v1/admin/categories/{id}", operation_id = "change_category", tag = "products", request_body = CategoryChange,
    params(("id" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Category, description = "The category."), Problem))]
pub(super) async fn change(
    products: Data<dyn Products>,
    replies: Data<Replies>,
    who: Who,
    id: Param<CategoryId>,
    based_on: IfMatch,
    wish: Keyed<CategoryChange>,
) -> Result<Answer<Category>, Problem> {
    let at = CategoryAt { category: id.0, based_on: Some(based_on.version()?) };
    let Keyed { intent, body } = wish;
    let changed = products.change_category(body.of(at));
    let changed = async { changed.await.map_err(told) };
    let changed = replies.once(&who, "change a category", intent, changed).await?;
    Ok(changed.answer(answer))
}

/// Removes a category in which nothing is.
#[utoipa::path(delete, path = "/v1/admin/categories/{id}", operation_id = "remove_category", tag = "products",
    params(("id" = String, Path), ("If-Match" = String, Header)),
    responses((status = 204, description = "It is gone."), Problem))]
pub(super) async fn remove(
    products: Data<dyn Products>,
    id: Param<CategoryId>,
    based_on: IfMatch,
) -> Result<HttpResponse, Problem> {
    let at = CategoryAt { category: id.0, based_on: Some(based_on.version()?) };
    products.remove_category(at).await.map_err(told)?;
    Ok(HttpResponse::NoContent().finish())
}

fn answer(category: products_api::Category) -> Answer<Category> {
    let version = category.version;
    Answer::ok(Category::from(category)).version(version)
}
