//! The edge of the process: every route behind the gateway, with its documents and its numbers.

use std::{net::TcpListener, sync::Arc};

use actix_web::{App, HttpServer, dev::Server};
use anyhow::{Context, Result};
use gateway::{Documents, Gateway};
use host::Cursors;
use identity::{Jwk, Jwks, Verifier};
use kernel::Clock;
use secrecy::ExposeSecret;
use serde::Deserialize;
use telemetry::Metrics;
use users_api::{KeyScope, PublicKey, Users};

use crate::{compose::Shop, house::House, numbers, openapi, wires::Wires};

/// Answers the world at `listener`.
///
/// # Errors
/// When a route has no policy or no document.
pub async fn listen(
    house: &mut House<'_>,
    _wires: &Wires<'_>,
    shop: &Shop,
    metrics: Metrics,
    listener: TcpListener,
) -> Result<Server> {
    let users = house.port("gateway", &shop.users);
    let gateway = open(house, &*users, metrics).await?;
    let http = &house.loaded.config.http;
    let app = move || App::new().wrap(gateway.middleware()).configure(|app| gateway.mount(app));
    let server = HttpServer::new(app)
        .workers(http.threads())
        .keep_alive(http.keep_alive)
        .client_request_timeout(Gateway::HEAD_TIMEOUT)
        .shutdown_timeout(http.drain.as_secs())
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

async fn open(house: &mut House<'_>, users: &dyn Users, metrics: Metrics) -> Result<Gateway> {
    let mut routes = std::mem::take(&mut house.routes);
    routes.push(house.health.routes());
    routes.push(numbers::nearby(metrics.clone()));
    let document = openapi::merge(&routes)?;
    routes.push(openapi::routes(&document)?);
    let gateway = gateway::open(gateway::Needs {
        keys: verifier(house, users).await?.into(),
        routes,
        remote: Vec::new(),
        client: None,
        documents: Documents::default(),
        cursors: cursors(house),
        metrics,
        deadline: house.loaded.config.http.deadline,
        settings: house.loaded.settings("gateway")?,
    })?;
    house.background.extend(gateway.background());
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
