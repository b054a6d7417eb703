//! What instances say, and what others decide about them.

use std::{collections::BTreeMap, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path, Payload, Query},
};
use host::Problem;
use kernel::{Code, Violation};

use super::{done, format, owned, wish};
use crate::{
    Registry,
    instance::{Instance, Record},
    status::Status,
};

/// The largest registration, in bytes.
const LARGEST: usize = 64 * 1024;

type Said = Query<BTreeMap<String, String>>;

/// Registers an instance, also one that is registered.
pub(super) async fn register(
    registry: Data<Registry>,
    request: HttpRequest,
    app: Path<String>,
    body: Payload,
) -> Result<HttpResponse, Problem> {
    let app = owned(&registry, &request, &app)?;
    let too_large =
        |_| Problem::of(Code::PayloadTooLarge, format!("it takes {LARGEST} bytes at most"));
    let body = body.to_bytes_limited(LARGEST).await.map_err(too_large)?;
    let body = body.map_err(|cause| Problem::of(Code::MalformedRequest, cause.to_string()))?;
    let said = format::read(&request, &body, "instance")?;
    let moment = registry.0.now();
    let drafted = wish::draft(said, &app, &registry.0.networks, registry.0.lease, moment.at);
    let (instance, status) = drafted.map_err(|fault| refused(&app, fault))?;
    registry.0.book().register(instance, status, moment)?;
    Ok(done(StatusCode::NO_CONTENT))
}

/// Says that an instance is alive. Whoever is not known should register again.
pub(super) async fn renew(
    registry: Data<Registry>,
    request: HttpRequest,
    which: Path<(String, String)>,
    said: Said,
) -> Result<HttpResponse, Problem> {
    let (app, id) = (owned(&registry, &request, &which.0)?, &which.1);
    let status = match said.get("status") {
        Some(word) if !word.is_empty() => Some(status(word)?),
        _ => None,
    };
    let dirty = said.get("lastDirtyTimestamp").and_then(|text| text.parse().ok());
    let moment = registry.0.now();
    registry.0.book().renew(&app, id, status, dirty, moment)?;
    Ok(done(StatusCode::OK))
}

/// Takes an instance out.
pub(super) async fn cancel(
    registry: Data<Registry>,
    request: HttpRequest,
    which: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (app, id) = (owned(&registry, &request, &which.0)?, &which.1);
    let moment = registry.0.now();
    registry.0.book().cancel(&app, id, moment)?;
    Ok(done(StatusCode::OK))
}

/// Decides about an instance, whatever it says of itself.
pub(super) async fn decide(
    registry: Data<Registry>,
    request: HttpRequest,
    which: Path<(String, String)>,
    said: Said,
) -> Result<HttpResponse, Problem> {
    let app = owned(&registry, &request, &which.0)?;
    let decided = status(said.get("value").map_or("", String::as_str))?;
    change(&registry, &app, &which.1, |record| record.overridden = Some(decided))
}

/// Lets an instance speak for itself again.
pub(super) async fn undecide(
    registry: Data<Registry>,
    request: HttpRequest,
    which: Path<(String, String)>,
    said: Said,
) -> Result<HttpResponse, Problem> {
    let app = owned(&registry, &request, &which.0)?;
    let now = said.get("value").map(|word| status(word)).transpose()?;
    change(&registry, &app, &which.1, |record| {
        record.overridden = None;
        record.said = now.unwrap_or(record.said);
    })
}

/// Adds to the metadata of an instance.
pub(super) async fn describe(
    registry: Data<Registry>,
    request: HttpRequest,
    which: Path<(String, String)>,
    said: Said,
) -> Result<HttpResponse, Problem> {
    let (app, id) = (owned(&registry, &request, &which.0)?, &which.1);
    let known = registry.0.book().find(&app, id).ok_or_else(Problem::not_found)?;
    let mut instance = Instance::clone(&known.instance);
    instance.metadata.extend(said.into_inner());
    wish::check_metadata(&instance.metadata).map_err(|fault| refused(&app, fault))?;
    let instance = Arc::new(instance);
    change(&registry, &app, id, |record| record.instance = instance)
}

fn change(
    registry: &Registry,
    app: &str,
    id: &str,
    change: impl FnOnce(&mut Record),
) -> Result<HttpResponse, Problem> {
    let moment = registry.0.now();
    registry.0.book().change(app, id, moment, change)?;
    Ok(done(StatusCode::OK))
}

/// The status that a word means, if it is one of Eureka's.
fn status(word: &str) -> Result<Status, Problem> {
    let status: Status = word.parse().unwrap_or(Status::Unknown);
    if status == Status::Unknown && !word.eq_ignore_ascii_case("unknown") {
        let detail =
            format!("{word:?} is no status: say UP, DOWN, STARTING, OUT_OF_SERVICE or UNKNOWN");
        return Err(Problem::of(Code::MalformedRequest, detail));
    }
    Ok(status)
}

fn refused(app: &str, violation: Violation) -> Problem {
    tracing::warn!(app, cause = violation.detail, "a registration was refused");
    Problem::of(Code::MalformedRequest, violation.detail.clone()).blaming(violation)
}
