//! Whether this process lives, has started, and wants traffic.
//!
//! **Invariant:** nothing here asks a neighbour. A process is ready when its own parts are.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, HeaderName},
    web::Data,
};
use futures::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::{Policy, Route, Routes};

/// How long a check may take.
const PATIENCE: Duration = Duration::from_secs(1);

type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// The state of this process as probes see it. Cloning shares it.
#[derive(Clone, Default)]
pub struct Health(Arc<State>);

#[derive(Default)]
struct State {
    started: AtomicBool,
    draining: AtomicBool,
    checks: RwLock<Vec<(String, Check)>>,
}

/// What a probe is told.
#[derive(Debug, Serialize, ToSchema)]
struct Report {
    /// `up`, or what else it is.
    status: &'static str,
    /// Each check by name: `ok`, or what is wrong.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    checks: BTreeMap<String, String>,
}

impl Health {
    /// Neither started nor draining, with nothing to check.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes readiness depend on `check`, which looks at a part of this process.
    pub fn check<C, F>(&self, name: impl Into<String>, check: C)
    where
        C: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let check: Check = Arc::new(move || check().boxed());
        let mut checks = self.0.checks.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        checks.push((name.into(), check));
    }

    /// Says that the start is over.
    pub fn started(&self) {
        self.0.started.store(true, Ordering::SeqCst);
    }

    /// Asks for no more traffic.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::SeqCst);
    }

    /// Whether no more traffic is wanted.
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::SeqCst)
    }

    /// `/livez`, `/readyz` and `/startupz`.
    pub fn routes(&self) -> Routes {
        Routes::new("health")
            .route(Route::get("/livez", livez).allow(Policy::Public))
            .route(Route::get("/readyz", readyz).allow(Policy::Public))
            .route(Route::get("/startupz", startupz).allow(Policy::Public))
            .share(Data::new(self.clone()))
            .document::<Document>()
    }

    async fn report(&self) -> (bool, Report) {
        if self.is_draining() {
            return (false, Report::of("draining"));
        }
        if !self.0.started.load(Ordering::SeqCst) {
            return (false, Report::of("starting"));
        }
        let checks =
            self.0.checks.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let asked = checks.into_iter().map(|(name, check)| async move {
            let answer = tokio::time::timeout(PATIENCE, check()).await;
            (name, answer.unwrap_or_else(|_| Err("no answer within a second".to_owned())))
        });
        let answers = join_all(asked).await;
        let ready = answers.iter().all(|(_, answer)| answer.is_ok());
        let words = |answer: Result<(), String>| answer.err().unwrap_or_else(|| "ok".to_owned());
        let checks = answers.into_iter().map(|(name, answer)| (name, words(answer))).collect();
        (ready, Report { status: if ready { "up" } else { "down" }, checks })
    }
}

impl Report {
    fn of(status: &'static str) -> Self {
        Self { status, checks: BTreeMap::new() }
    }

    fn respond(&self, good: bool) -> HttpResponse {
        match good {
            true => HttpResponse::Ok().insert_header(NOT_STORED).json(self),
            false => HttpResponse::ServiceUnavailable().insert_header(NOT_STORED).json(self),
        }
    }
}

/// How a process is is true for a moment only.
const NOT_STORED: (HeaderName, &str) = (CACHE_CONTROL, "no-store");

#[derive(OpenApi)]
#[openapi(paths(livez, readyz, startupz))]
struct Document;

/// Whether the process runs at all.
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, description = "It runs.", body = Report,
        headers(("Cache-Control" = String, description = "`no-store`")))))]
async fn livez() -> HttpResponse {
    Report::of("up").respond(true)
}

/// Whether the process wants traffic: its own parts work, and it is not draining.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    responses(
        (status = 200, description = "Yes.", body = Report,
            headers(("Cache-Control" = String, description = "`no-store`"))),
        (status = 503, description = "No.", body = Report))
)]
async fn readyz(health: Data<Health>) -> HttpResponse {
    let (ready, report) = health.report().await;
    report.respond(ready)
}

/// Whether the start is over.
#[utoipa::path(
    get,
    path = "/startupz",
    tag = "health",
    responses(
        (status = 200, description = "Yes.", body = Report,
            headers(("Cache-Control" = String, description = "`no-store`"))),
        (status = 503, description = "No.", body = Report))
)]
async fn startupz(health: Data<Health>) -> HttpResponse {
    let started = health.0.started.load(Ordering::SeqCst);
    Report::of(if started { "up" } else { "starting" }).respond(started)
}
