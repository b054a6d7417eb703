//! The edge of the process: every route behind the gateway, with its documents and its numbers.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web::Data};
use anyhow::{Context, Result};
use gateway::Gateway;
use host::{Cursors, Policy, Route, Routes};
use identity::{Jwk, Jwks, Verifier};
use kernel::Clock;
use messaging::Gauges;
use secrecy::ExposeSecret;
use serde::Deserialize;
use storage::Database;
use telemetry::{Metrics, Reading};
use users_api::{KeyScope, PublicKey, Users};

use crate::{house::House, openapi};

/// Puts the gateway in front of everything that `house` answers, and its tasks among the others.
///
/// # Errors
/// When a route has no policy or no document, or the keys that verify tokens cannot be had.
pub async fn open(house: &mut House<'_>, users: &dyn Users, metrics: Metrics) -> Result<Gateway> {
    for (module, db) in &house.databases {
        count_statements(&metrics, module, db.clone());
    }
    let mut routes = std::mem::take(&mut house.routes);
    routes.push(house.health.routes());
    routes.push(numbers(metrics.clone()));
    let document = openapi::merge(&routes)?;
    routes.push(openapi::routes(&document)?);
    let gateway = gateway::open(gateway::Needs {
        verifier: verifier(house, users).await?,
        routes,
        cursors: cursors(house),
        metrics,
        deadline: house.loaded.config.http.deadline,
        settings: house.loaded.settings("gateway")?,
    })?;
    house.background.push(gateway.background());
    Ok(gateway)
}

/// Verifies access tokens with the keys that users publishes.
async fn verifier(house: &House<'_>, users: &dyn Users) -> Result<Verifier> {
    let keys = users.keys(KeyScope::AccessTokens).await.context("no keys to verify tokens with")?;
    let keys =
        Jwks { keys: keys.into_iter().map(|PublicKey { kid, x }| Jwk::of(kid, x)).collect() };
    let Tokens { issuer, audience } = house.loaded.settings("users")?;
    let clock: Arc<dyn Clock> = house.clock.clone();
    Ok(Verifier::new(&keys, &issuer, &audience, clock))
}

/// The part of users' section that everybody who verifies a token must agree with.
#[derive(Deserialize)]
struct Tokens {
    issuer: String,
    audience: String,
}

fn cursors(house: &House<'_>) -> Cursors {
    match house.loaded.config.http.cursor_key.expose_secret() {
        "" => Cursors::new(&rand::random::<[u8; 32]>()),
        key => Cursors::new(key.as_bytes()),
    }
}

/// `/metrics`, for programs on this machine.
fn numbers(metrics: Metrics) -> Routes {
    Routes::new("telemetry")
        .route(Route::get("/metrics", scrape).allow(Policy::Public).undocumented())
        .share(Data::new(metrics))
}

async fn scrape(request: HttpRequest, metrics: Data<Metrics>) -> HttpResponse {
    match request.peer_addr() {
        Some(peer) if peer.ip().is_loopback() => telemetry::scrape(metrics).await,
        _ => host::Problem::not_found().respond(Some(request.path())),
    }
}

fn count_statements(metrics: &Metrics, module: &'static str, db: Database) {
    let help = "SQL statements sent, BEGIN and COMMIT included";
    let reading = Reading::counter("db_statements", help, move || db.statements());
    metrics.register(reading.label("module", module));
}

/// Shows how many messages there were and what became of them.
pub fn count_messages(metrics: &Metrics, gauges: &Arc<Gauges>) {
    let add = |name: &str, help: &str, read: fn(messaging::Reading) -> u64| {
        let gauges = gauges.clone();
        metrics.register(Reading::counter(name, help, move || read(gauges.read())));
    };
    add("messages_published", "Messages handed to the bus", |now| now.published);
    add("messages_applied", "Messages whose effect is committed", |now| now.applied);
    add("messages_duplicate", "Messages that had been applied before", |now| now.duplicates);
    add("messages_parked", "Messages set aside because they failed", |now| now.parked);
}
