//! Products for browsers and for staff. Handlers see the port, never the store.

mod shown;
mod wishes;

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    http::header::{ETAG, EntityTag, Header, IfNoneMatch},
    web::Data,
};
use host::{
    Answer, Body, IdempotencyKey, Listing, Paging, Param, Policy, Problem, Query, Route, Routes,
    Who,
};
use identity::Permission;
use products_api::{Browse, CategoryScope, Owner, ProductRef, Products};
use utoipa::OpenApi;

use shown::{Card, Categories, Category, Product, Reservation, StockLevel};
use wishes::{Movement, NewCategory, NewProduct, Search};

/// The largest product: 100 variants with their texts.
const PRODUCT_LIMIT: usize = 256 * 1024;

#[derive(OpenApi)]
#[openapi(paths(list, find, categories, publish, add_category, adjust, reservation))]
struct Document;

pub(crate) fn routes(products: Arc<dyn Products>) -> Routes {
    let write = Policy::Permission(Permission::ProductWrite);
    let read_stock = Policy::Permission(Permission::StockRead);
    let adjust_stock = Policy::Permission(Permission::StockAdjust);
    let new_product = Route::post("/v1/admin/products", publish).allow(write);
    let movement = Route::post("/v1/admin/stock-movements", adjust).allow(adjust_stock);
    let held = Route::get("/v1/admin/reservations/{owner}", reservation).allow(read_stock);
    Routes::new("products")
        .route(Route::get("/v1/products", list).allow(Policy::Public))
        .route(Route::get("/v1/products/{id_or_slug}", find).allow(Policy::Public))
        .route(Route::get("/v1/categories", categories).allow(Policy::Public))
        .route(new_product.body_limit(PRODUCT_LIMIT))
        .route(Route::post("/v1/admin/categories", add_category).allow(write))
        .route(movement.needs_idempotency_key())
        .route(held)
        .share(Data::from(products))
        .document::<Document>()
}

/// Lists what is on sale.
#[utoipa::path(get, path = "/v1/products", tag = "products",
    params(Search, ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listing<Card>), Problem))]
async fn list(
    products: Data<dyn Products>,
    search: Query<Search>,
    paging: Paging,
) -> Result<Answer<Listing<Card>>, Problem> {
    let Search { q, category, sort } = search.0;
    let wish = Browse { text: q, category, sort: sort.into(), page: paging.page.clone() };
    let page = products.browse(wish).await?;
    Ok(Answer::ok(Listing::new(&paging, page.map(Card::from))))
}

/// Shows one product with its variants and how many of each can be had.
#[utoipa::path(get, path = "/v1/products/{id_or_slug}", tag = "products",
    params(("id_or_slug" = String, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = Product), (status = 304), Problem))]
async fn find(
    request: HttpRequest,
    products: Data<dyn Products>,
    which: Param<String>,
) -> Result<HttpResponse, Problem> {
    let which = match which.0.parse() {
        Ok(id) => ProductRef::Id(id),
        Err(_) => ProductRef::Slug(which.0),
    };
    let product = products.product(which).await?;
    let tag = tag(&product);
    let mut response = match known(&request, &tag) {
        true => HttpResponse::NotModified().finish(),
        false => Answer::ok(Product::from(product)).respond_to(&request),
    };
    if let Ok(value) = tag.to_string().parse() {
        response.headers_mut().insert(ETAG, value);
    }
    Ok(response)
}

/// Lists every category, parents before children.
#[utoipa::path(get, path = "/v1/categories", tag = "products",
    responses((status = 200, body = Categories), Problem))]
async fn categories(products: Data<dyn Products>) -> Result<Answer<Categories>, Problem> {
    let all = products.categories(CategoryScope::All).await?;
    Ok(Answer::ok(Categories::from(all)))
}

/// Puts a product on sale. A slug is used once, so that a repeated request is refused.
#[utoipa::path(post, path = "/v1/admin/products", tag = "products", request_body = NewProduct,
    responses((status = 201, body = Product), Problem))]
async fn publish(
    products: Data<dyn Products>,
    wish: Body<NewProduct>,
) -> Result<Answer<Product>, Problem> {
    let product = products.publish(wish.0.into()).await?;
    let shown = Product::from(product);
    Ok(Answer::created(&shown.href(), shown))
}

/// Adds a category. A slug is used once, so that a repeated request is refused.
#[utoipa::path(post, path = "/v1/admin/categories", tag = "products", request_body = NewCategory,
    responses((status = 201, body = Category), Problem))]
async fn add_category(
    products: Data<dyn Products>,
    wish: Body<NewCategory>,
) -> Result<Answer<Category>, Problem> {
    let category = Category::from(products.add_category(wish.0.into()).await?);
    Ok(Answer::created("/v1/categories", category))
}

/// Receives stock or corrects a count. The key names the movement: it is booked once.
#[utoipa::path(post, path = "/v1/admin/stock-movements", tag = "products", request_body = Movement,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 200, body = StockLevel), Problem))]
async fn adjust(
    products: Data<dyn Products>,
    who: Who,
    key: IdempotencyKey,
    wish: Body<Movement>,
) -> Result<Answer<StockLevel>, Problem> {
    let staff = who.with(Permission::StockAdjust)?;
    let cause = format!("{} {key}", staff.subject);
    let level = products.adjust(wish.0.caused_by(cause)?).await?;
    Ok(Answer::ok(StockLevel::from(level)))
}

/// Shows what somebody, usually an order, holds or held.
#[utoipa::path(get, path = "/v1/admin/reservations/{owner}", tag = "products",
    params(("owner" = String, Path)),
    responses((status = 200, body = Reservation), Problem))]
async fn reservation(
    products: Data<dyn Products>,
    owner: Param<String>,
) -> Result<Answer<Reservation>, Problem> {
    let found = products.reservation(Owner(owner.0)).await?;
    Ok(Answer::ok(Reservation::from(found)))
}

/// The entity tag of what a shopper sees of a product: its version, and how many there are of each
/// variant. Whoever asks again wants to know that the last one is gone.
fn tag(product: &products_api::Product) -> EntityTag {
    let counts = product.variants.iter().map(|variant| format!(".{:x}", variant.available));
    EntityTag::new_strong(format!("{}{}", product.version, counts.collect::<String>()))
}

/// Whether the client has that representation already. The comparison is weak (RFC 9110, 13.1.2).
fn known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => request.headers().contains_key(IfNoneMatch::name()),
        Ok(IfNoneMatch::Items(items)) => items.iter().any(|item| item.weak_eq(tag)),
        Err(_) => false,
    }
}
