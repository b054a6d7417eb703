//! Operations for staff, over all modules. Handlers know the port and representations, nothing else.

mod desks;
mod explain;
mod messages;
mod representation;
mod saga_view;
mod sagas;

use std::sync::Arc;

use actix_web::web::Data;
use host::{Policy, Route, Routes, Who};
use identity::Permission;
use utoipa::OpenApi;

use crate::Operations;
use desks::Desks;

/// The largest payload that a message is given by hand.
const PAYLOAD_LIMIT: usize = 1024 * 1024;

#[derive(OpenApi)]
#[openapi(paths(
    messages::list,
    messages::find,
    messages::retry,
    messages::edit,
    messages::discard,
    sagas::list,
    sagas::find,
    sagas::retry,
    explain::find
))]
struct Document;

/// The routes of everything that is operated on over HTTP: all modules, by name, wherever they live.
pub fn routes(modules: Vec<(&'static str, Arc<dyn Operations>)>) -> Routes {
    let read = Policy::Permission(Permission::OperationsRead);
    let mend = Policy::Permission(Permission::OperationsMend);
    let (message, saga) = ("/v1/admin/messages/{id}", "/v1/admin/sagas/{id}");
    let below = |path: &str| format!("{message}/{path}");
    Routes::new("operations")
        .share(Data::new(Desks::of(modules)))
        .route(Route::get("/v1/admin/messages", messages::list).allow(read))
        .route(Route::get(message, messages::find).allow(read))
        .route(Route::patch(message, messages::edit).allow(mend).body_limit(PAYLOAD_LIMIT))
        .route(Route::post(below("retry"), messages::retry).allow(mend))
        .route(Route::post(below("drop"), messages::discard).allow(mend))
        .route(Route::get("/v1/admin/sagas", sagas::list).allow(read))
        .route(Route::get(saga, sagas::find).allow(read))
        .route(Route::post(format!("{saga}/retry"), sagas::retry).allow(mend))
        .route(Route::get("/v1/admin/explain/{key}", explain::find).allow(read))
        .document::<Document>()
}

/// Whether `who` may change what they look at.
fn may_mend(who: &Who) -> bool {
    who.may(Permission::OperationsMend)
}
