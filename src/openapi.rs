//! The OpenAPI document of everything this process answers, and a page to read it.

use std::{collections::BTreeMap, sync::Arc};

use actix_web::{
    HttpResponse,
    http::header::LOCATION,
    web::{Data, Path},
};
use anyhow::{Result, ensure};
use host::{Policy, Problem, Route, Routes};
use utoipa::{
    OpenApi,
    openapi::{
        self, RefOr, Schema,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_swagger_ui::Config;

#[derive(OpenApi)]
#[openapi(info(
    title = "Rialto",
    description = "A commerce backend. Errors are application/problem+json (RFC 9457) with a code from \
                   a closed list; times are RFC 3339 in UTC; money is minor units with a currency; \
                   `_links` hold what is related and what may be done now.",
    license(name = "MIT OR Apache-2.0")
))]
struct Frame;

/// One document from the documents of all modules.
///
/// # Errors
/// When two modules call different things by the same name.
pub fn merge(routes: &[Routes]) -> Result<openapi::OpenApi> {
    let mut whole = Frame::openapi();
    let mut named: BTreeMap<String, (&'static str, RefOr<Schema>)> = BTreeMap::new();
    for part in routes {
        let Some(document) = part.openapi() else { continue };
        for (name, schema) in document.components.iter().flat_map(|found| &found.schemas) {
            let (first, known) =
                named.entry(name.clone()).or_insert_with(|| (part.module(), schema.clone()));
            let same = serde_json::to_value(&known)? == serde_json::to_value(schema)?;
            ensure!(
                same,
                "{first} and {} both describe a {name} and mean different things: rename one",
                part.module()
            );
        }
        whole.merge(document.clone());
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = whole.components.get_or_insert_default();
    components.add_security_scheme("access_token", SecurityScheme::Http(bearer));
    Ok(whole)
}

/// `/openapi.json`, and `/docs`, a page that works without internet.
pub fn routes(document: &openapi::OpenApi) -> Result<Routes> {
    let public = |route: Route| route.allow(Policy::Public).undocumented();
    Ok(Routes::new("documentation")
        .route(public(Route::get("/openapi.json", json)))
        .route(public(Route::get("/docs", enter)))
        .route(public(Route::get("/docs/{file:.*}", page)))
        .share(Data::new(Document(document.to_json()?)))
        .share(Data::new(Page(Arc::new(Config::from("/openapi.json"))))))
}

/// The document as text.
struct Document(String);

/// What the page shows.
struct Page(Arc<Config<'static>>);

async fn json(document: Data<Document>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document.0.clone())
}

async fn enter() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

async fn page(file: Path<String>, page: Data<Page>) -> HttpResponse {
    match utoipa_swagger_ui::serve(&file, page.0.clone()) {
        Ok(Some(found)) => {
            HttpResponse::Ok().content_type(found.content_type).body(found.bytes.into_owned())
        }
        Ok(None) => Problem::not_found().respond(None),
        Err(cause) => {
            tracing::error!(%cause, "the documentation page cannot be shown");
            HttpResponse::InternalServerError().finish()
        }
    }
}
