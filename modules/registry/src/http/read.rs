//! What is registered, as Eureka's clients ask for it.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use host::Problem;

use super::{format::answer, view};
use crate::{Registry, instance::Instance};

/// Everybody.
pub(super) async fn all(registry: Data<Registry>, request: HttpRequest) -> HttpResponse {
    let listing = registry.0.book().list(|_| true);
    answer(&request, "applications", view::applications(&listing))
}

/// What changed in the last three minutes, with the numbers of everybody.
pub(super) async fn delta(registry: Data<Registry>, request: HttpRequest) -> HttpResponse {
    let now = registry.0.now().now;
    let listing = registry.0.book().recent(now);
    answer(&request, "applications", view::applications(&listing))
}

/// Everybody of one application.
pub(super) async fn application(
    registry: Data<Registry>,
    request: HttpRequest,
    app: Path<String>,
) -> Result<HttpResponse, Problem> {
    let app = app.to_uppercase();
    let listing = registry.0.book().list(|instance| *instance.app == *app);
    let found = view::application(&listing).ok_or_else(Problem::not_found)?;
    Ok(answer(&request, "application", found))
}

/// One instance of one application.
pub(super) async fn instance(
    registry: Data<Registry>,
    request: HttpRequest,
    which: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (app, id) = which.into_inner();
    let found = registry.0.book().find(&app.to_uppercase(), &id);
    let found = found.ok_or_else(Problem::not_found)?;
    Ok(answer(&request, "instance", view::instance(&found)))
}

/// One instance, whatever its application.
pub(super) async fn anywhere(
    registry: Data<Registry>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let listing = registry.0.book().list(|instance| *instance.id == **id);
    let found = listing.records.first().ok_or_else(Problem::not_found)?;
    Ok(answer(&request, "instance", view::instance(found)))
}

/// Everybody behind one virtual address.
pub(super) async fn vip(
    registry: Data<Registry>,
    request: HttpRequest,
    vip: Path<String>,
) -> Result<HttpResponse, Problem> {
    behind(&registry, &request, |instance| is_among(instance.vip.as_deref(), &vip))
}

/// Everybody behind one virtual address for TLS.
pub(super) async fn secure_vip(
    registry: Data<Registry>,
    request: HttpRequest,
    vip: Path<String>,
) -> Result<HttpResponse, Problem> {
    behind(&registry, &request, |instance| is_among(instance.secure_vip.as_deref(), &vip))
}

fn behind(
    registry: &Registry,
    request: &HttpRequest,
    which: impl Fn(&Instance) -> bool,
) -> Result<HttpResponse, Problem> {
    let listing = registry.0.book().list(which);
    match listing.records.is_empty() {
        true => Err(Problem::not_found()),
        false => Ok(answer(request, "applications", view::applications(&listing))),
    }
}

fn is_among(said: Option<&str>, vip: &str) -> bool {
    let mut all = said.unwrap_or_default().split(',').map(str::trim);
    all.any(|one| one.eq_ignore_ascii_case(vip))
}
