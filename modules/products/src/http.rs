//! Products for browsers and for staff. Handlers see the port, never the store.

mod catalogue;
mod categories;
mod importing;
mod keeping;
mod shown;
mod stock;
mod wishes;

use std::sync::Arc;

use actix_web::web::Data;
use host::{IfMatch, Policy, Problem, Route, Routes, idempotency::Replies};
use identity::Permission;
use products_api::{Error, Products};
use utoipa::OpenApi;

/// The largest product: 100 variants with their texts.
const PRODUCT_LIMIT: usize = 256 * 1024;
/// The largest list of products that is taken over HTTP; the command line takes any.
const IMPORT_LIMIT: usize = 32 * 1024 * 1024;

#[derive(OpenApi)]
#[openapi(paths(
    catalogue::list,
    catalogue::find,
    categories::list,
    categories::find,
    categories::find_kept,
    categories::add,
    categories::change,
    categories::remove,
    keeping::list,
    keeping::find,
    keeping::add,
    keeping::change,
    keeping::remove,
    keeping::publish,
    keeping::archive,
    keeping::add_variant,
    keeping::find_variant,
    keeping::change_variant,
    importing::import,
    stock::levels,
    stock::movements,
    stock::adjust,
    stock::reservations,
    stock::reservation
))]
struct Document;

pub(crate) fn routes(products: Arc<dyn Products>, replies: Replies) -> Routes {
    let write = Policy::Permission(Permission::ProductWrite);
    let read_stock = Policy::Permission(Permission::StockRead);
    let adjust_stock = Policy::Permission(Permission::StockAdjust);
    let product = "/v1/admin/products/{id}";
    let category = "/v1/admin/categories/{id}";
    let below = |path: &str| format!("{product}/{path}");
    Routes::new("products")
        .route(Route::get("/v1/products", catalogue::list).allow(Policy::Public))
        .route(Route::get("/v1/products/{id_or_slug}", catalogue::find).allow(Policy::Public))
        .route(Route::get("/v1/categories", categories::list).allow(Policy::Public))
        .route(Route::get("/v1/categories/{id_or_slug}", categories::find).allow(Policy::Public))
        .route(Route::post("/v1/admin/categories", categories::add).allow(write))
        .route(Route::get(category, categories::find_kept).allow(write))
        .route(Route::patch(category, categories::change).allow(write))
        .route(Route::delete(category, categories::remove).allow(write))
        .route(Route::get("/v1/admin/products", keeping::list).allow(write))
        .route(Route::get(product, keeping::find).allow(write))
        .route(
            Route::post("/v1/admin/products", keeping::add).allow(write).body_limit(PRODUCT_LIMIT),
        )
        .route(Route::patch(product, keeping::change).allow(write).body_limit(PRODUCT_LIMIT))
        .route(Route::delete(product, keeping::remove).allow(write))
        .route(Route::post(below("publish"), keeping::publish).allow(write))
        .route(Route::post(below("archive"), keeping::archive).allow(write))
        .route(Route::post(below("variants"), keeping::add_variant).allow(write))
        .route(Route::get(below("variants/{variant}"), keeping::find_variant).allow(write))
        .route(Route::patch(below("variants/{variant}"), keeping::change_variant).allow(write))
        .route(
            Route::post("/v1/admin/products/import", importing::import)
                .allow(write)
                .body_limit(IMPORT_LIMIT),
        )
        .route(Route::get("/v1/admin/stock", stock::levels).allow(read_stock))
        .route(Route::get("/v1/admin/stock-movements", stock::movements).allow(read_stock))
        .route(
            Route::post("/v1/admin/stock-movements", stock::adjust)
                .allow(adjust_stock)
                .needs_idempotency_key(),
        )
        .route(Route::get("/v1/admin/reservations", stock::reservations).allow(read_stock))
        .route(Route::get("/v1/admin/reservations/{owner}", stock::reservation).allow(read_stock))
        .share(Data::from(products))
        .share(Data::new(replies))
        .document::<Document>()
}

/// A refusal as the world hears it: a stale version names the current one.
fn told(error: Error) -> Problem {
    match error {
        Error::StaleProduct(current) | Error::StaleCategory(current) => IfMatch::stale(current),
        other => other.into(),
    }
}
