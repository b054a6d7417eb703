//! What staff do to products.

use actix_web::{HttpResponse, web::Data};
use host::{
    Answer, IfMatch, KeyOnly, Keyed, Listing, Paging, Param, Problem, Query, Who,
    idempotency::Replies,
};
use products_api::{AddVariant, Error, ProductAt, ProductId, ProductRef, Products, VariantId};

use super::{
    shown::{KeptCard, KeptProduct, KeptVariant},
    told,
    wishes::{KeptSearch, NewProduct, NewVariant, ProductChange, VariantChange},
};

/// Lists products, on sale or not.
#[utoipa::path(get, path = "/v1/admin/products", operation_id = "list_kept", tag = "products",
    params(KeptSearch),
    responses((status = 200, body = Listing<KeptCard>, description = "A page of them."), Problem))]
pub(super) async fn list(
    products: Data<dyn Products>,
    search: Query<KeptSearch>,
    paging: Paging,
) -> Result<Answer<Listing<KeptCard>>, Problem> {
    let found = products.browse(search.0.wish(paging.page.clone())).await?;
    Ok(Answer::ok(Listing::new(&paging, found.page.map(KeptCard::from))))
}

/// Shows a product, on sale or not. Its ETag is what changes are based on.
#[utoipa::path(get, path = "/v1/admin/products/{id}", operation_id = "find_kept", tag = "products",
    params(("id" = String, Path)),
    responses((status = 200, body = KeptProduct, description = "The product as it is now."), Problem))]
pub(super) async fn find(
    products: Data<dyn Products>,
    id: Param<ProductId>,
) -> Result<Answer<KeptProduct>, Problem> {
    Ok(answer(products.any_product(ProductRef::Id(id.0)).await?))
}

/// Adds a product, as a draft unless its status is `active`: then it is on sale at once.
#[utoipa::path(post, path = "/v1/admin/products", tag = "products",
    request_body = NewProduct,
    responses((status = 201, body = KeptProduct, description = "The product as it is now."), Problem))]
pub(super) async fn add(
    products: Data<dyn Products>,
    replies: Data<Replies>,
    who: Who,
    wish: Keyed<NewProduct>,
) -> Result<Answer<KeptProduct>, Problem> {
    let Keyed { intent, body } = wish;
    let added = products.add_product(body.into());
    let added = replies.once(&who, "add a product", intent, added).await?;
    Ok(added.answer(created))
}

/// Changes what is told of a product; what is left out stays as it is.
#[utoipa::path(patch, path = "/v1/admin/products/{id}", tag = "products",
    request_body = ProductChange,
    params(("id" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = KeptProduct, description = "The product as it is now."), Problem))]
pub(super) async fn change(
    products: Data<dyn Products>,
    replies: Data<Replies>,
    who: Who,
    id: Param<ProductId>,
    based_on: IfMatch,
    wish: Keyed<ProductChange>,
) -> Result<Answer<KeptProduct>, Problem> {
    let at = ProductAt { product: id.0, based_on: Some(based_on.version()?) };
    let Keyed { intent, body } = wish;
    let changed = async { products.change_product(body.of(at)).await.map_err(told) };
    let changed = replies.once(&who, "change a product", intent, changed).await?;
    Ok(changed.answer(answer))
}

/// Deletes a draft for which no stock was ever booked.
#[utoipa::path(delete, path = "/v1/admin/products/{id}", tag = "products",
    params(("id" = String, Path), ("If-Match" = String, Header)),
    responses((status = 204, description = "It is gone."), Problem))]
pub(super) async fn remove(
    products: Data<dyn Products>,
    id: Param<ProductId>,
    based_on: IfMatch,
) -> Result<HttpResponse, Problem> {
    let at = ProductAt { product: id.0, based_on: Some(based_on.version()?) };
    products.remove_product(at).await.map_err(told)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Puts a product on sale, for the first time or again.
#[utoipa::path(post, path = "/v1/admin/products/{id}/publish", tag = "products",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = KeptProduct, description = "The product as it is now."), Problem))]
pub(super) async fn publish(
    products: Data<dyn Products>,
    replies: Data<Replies>,
    who: Who,
    id: Param<ProductId>,
    based_on: IfMatch,
    key: KeyOnly,
) -> Result<Answer<KeptProduct>, Problem> {
    let at = ProductAt { product: id.0, based_on: based_on.if_said()? };
    let published = async { products.publish(at).await.map_err(told) };
    let published = replies.once(&who, "publish a product", key.0, published).await?;
    Ok(published.answer(answer))
}

/// Takes a product off the shelves.
#[utoipa::path(post, path = "/v1/admin/products/{id}/archive", tag = "products",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = KeptProduct, description = "The product as it is now."), Problem))]
pub(super) async fn archive(
    products: Data<dyn Products>,
    replies: Data<Replies>,
    who: Who,
    id: Param<ProductId>,
    based_on: IfMatch,
    key: KeyOnly,
) -> Result<Answer<KeptProduct>, Problem> {
    let at = ProductAt { product: id.0, based_on: based_on.if_said()? };
    let archived = async { products.archive(at).await.map_err(told) };
    let archived = replies.once(&who, "archive a product", key.0, archived).await?;
    Ok(archived.answer(answer))
}

/// Adds a variant to a product.
#[utoipa::path(post, path = "/v1/admin/products/{id}/variants", tag = "products", request_body = NewVariant,
    params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 201, body = KeptProduct, description = "The product as it is now."), Problem))]
pub(super) async fn add_variant(
    products: Data<dyn Products>,
    replies: Data<Replies>,
    who: Who,
    id: Param<ProductId>,
    based_on: IfMatch,
    wish: Keyed<NewVariant>,
) -> Result<Answer<KeptProduct>, Problem> {
    let at = ProductAt { product: id.0, based_on: based_on.if_said()? };
    let Keyed { intent, body } = wish;
    let wish = AddVariant { at, variant: body.into() };
    let added = async { products.add_variant(wish).await.map_err(told) };
    let added = replies.once(&who, "add a variant", intent, added).await?;
    Ok(added.answer(created))
}

/// Shows a variant to those who change it. Its ETag is that of its product.
#[utoipa::path(get, path = "/v1/admin/products/{id}/variants/{variant}", tag = "products",
    params(("id" = String, Path), ("variant" = String, Path)),
    responses((status = 200, body = KeptVariant, description = "The variant."), Problem))]
pub(super) async fn find_variant(
    products: Data<dyn Products>,
    which: Param<(ProductId, VariantId)>,
) -> Result<Answer<KeptVariant>, Problem> {
    let (product, variant) = which.0;
    let product = products.any_product(ProductRef::Id(product)).await?;
    let version = product.version;
    let found = product.variants.into_iter().find(|it| it.id == variant);
    let found = found.ok_or(Error::UnknownVariant(variant))?;
    Ok(Answer::ok(KeptVariant::from(found)).version(version))
}

/// Changes a variant; what is left out stays as it is.
#[utoipa::path(patch, path = "/v1/admin/products/{id}/variants/{variant}", tag = "products", request_body = VariantChange,
    params(("id" = String, Path), ("variant" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = KeptProduct, description = "The product as it is now."), Problem))]
pub(super) async fn change_variant(
    products: Data<dyn Products>,
    replies: Data<Replies>,
    who: Who,
    which: Param<(ProductId, VariantId)>,
    based_on: IfMatch,
    wish: Keyed<VariantChange>,
) -> Result<Answer<KeptProduct>, Problem> {
    let (product, variant) = which.0;
    let at = ProductAt { product, based_on: Some(based_on.version()?) };
    let Keyed { intent, body } = wish;
    let changed = async { products.change_variant(body.of(at, variant)).await.map_err(told) };
    let changed = replies.once(&who, "change a variant", intent, changed).await?;
    Ok(changed.answer(answer))
}

fn answer(product: products_api::Product) -> Answer<KeptProduct> {
    let version = product.version;
    Answer::ok(KeptProduct::from(product)).version(version)
}

fn created(product: products_api::Product) -> Answer<KeptProduct> {
    let version = product.version;
    let shown = KeptProduct::from(product);
    Answer::created(&shown.href(), shown).version(version)
}
