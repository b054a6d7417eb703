//! The OpenAPI document of everything that is answered here, wherever the modules live, and a page to
//! read it.

mod examples;
mod links;

use std::{collections::BTreeMap, sync::Arc};

use actix_web::{
    HttpResponse,
    http::header::LOCATION,
    web::{Data, Path},
};
use anyhow::{Result, ensure};
use arc_swap::ArcSwap;
use gateway::{Document, Documents};
use host::{Policy, Problem, Route, Routes};
use utoipa::{
    OpenApi,
    openapi::{self, RefOr, Schema},
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

/// A module's name and its document.
type Part = (&'static str, Arc<openapi::OpenApi>);

/// One document from the documents of all modules, as text.
///
/// # Errors
/// As [`merge`].
fn told(parts: &[Part]) -> Result<String> {
    let mut whole = serde_json::to_value(merge(parts)?)?;
    examples::add(&mut whole);
    links::add(&mut whole);
    Ok(whole.to_string())
}

/// One document from the documents of all modules.
///
/// # Errors
/// When two modules call different things by the same name.
fn merge(parts: &[Part]) -> Result<openapi::OpenApi> {
    let mut whole = Frame::openapi();
    let mut named: BTreeMap<String, (&'static str, RefOr<Schema>)> = BTreeMap::new();
    for (module, document) in parts {
        for (name, schema) in document.components.iter().flat_map(|found| &found.schemas) {
            let (first, known) =
                named.entry(name.clone()).or_insert_with(|| (module, schema.clone()));
            let same = serde_json::to_value(&known)? == serde_json::to_value(schema)?;
            ensure!(
                same,
                "{first} and {module} both describe a {name} and mean different things: rename one"
            );
        }
        let headers = document.components.iter().flat_map(|found| found.headers.clone());
        whole.components.get_or_insert_default().headers.extend(headers);
        whole.merge((**document).clone());
    }
    Ok(whole)
}

/// `/openapi.json` of what `here` and the modules elsewhere answer, as far as their documents are known,
/// and `/docs`, a page that works without internet.
///
/// # Errors
/// When two modules of `here` call different things by the same name.
pub fn routes(here: &[Routes], elsewhere: Documents) -> Result<Routes> {
    let parts = here.iter().filter_map(|part| Some((part.module(), part.openapi()?.into())));
    let described = Described::of(parts.collect(), elsewhere)?;
    let public = |route: Route| route.allow(Policy::Public).undocumented();
    Ok(Routes::new("documentation")
        .route(public(Route::get("/openapi.json", json)))
        .route(public(Route::get("/docs", enter)))
        .route(public(Route::get("/docs/{file:.*}", page)))
        .share(Data::new(described))
        .share(Data::new(Page(Arc::new(Config::from("/openapi.json"))))))
}

/// The document as text, merged again when a module elsewhere has told or changed its own.
struct Described {
    here: Vec<Part>,
    elsewhere: Documents,
    text: ArcSwap<(Arc<Vec<Document>>, String)>,
}

impl Described {
    fn of(here: Vec<Part>, elsewhere: Documents) -> Result<Self> {
        let text = told(&here)?;
        // Not the list that is known: the first reader merges it.
        Ok(Self { here, elsewhere, text: ArcSwap::from_pointee((Arc::default(), text)) })
    }

    fn now(&self) -> Arc<(Arc<Vec<Document>>, String)> {
        let (seen, known) = (self.text.load_full(), self.elsewhere.now());
        if Arc::ptr_eq(&seen.0, &known) {
            return seen;
        }
        let parts = known.iter().map(|Document { module, openapi }| (*module, openapi.clone()));
        let parts: Vec<Part> = self.here.iter().cloned().chain(parts).collect();
        match told(&parts) {
            Ok(text) => {
                let fresh = Arc::new((known, text));
                self.text.store(fresh.clone());
                fresh
            }
            Err(cause) => {
                tracing::error!(%cause, "the documents of the modules do not fit together");
                seen
            }
        }
    }
}

/// What the page shows.
struct Page(Arc<Config<'static>>);

async fn json(described: Data<Described>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(described.now().1.clone())
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
