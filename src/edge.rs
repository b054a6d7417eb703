//! The edge of the process: every route behind the gateway, with its documents and its numbers.

use std::{net::TcpListener, sync::Arc};

use actix_web::{App, HttpServer, dev::Server};
use anyhow::{Context, Result};
use gateway::{Documents, Gateway, Keys, Service, Settings, Tls, Upstream};
use host::Policy;
use identity::{Jwk, Jwks, Verifier};
use kernel::Clock;
use operations::Operations;
use ports::Context as Work;
use serde::Deserialize;
use telemetry::Metrics;
use users_api::{KeyScope, PublicKey, Users};

use crate::{
    compose::Shop,
    config::Http,
    house::{Door, House},
    numbers, openapi,
    wires::Wires,
    wiring::{self, Module},
};

/// Answers the world at `listener`: with what lives here, and with what lives elsewhere.
///
/// # Errors
/// When a route has no policy or no document, or the keys of users that live here cannot be had.
pub async fn listen(
    house: &mut House<'_>,
    wires: &Wires<'_>,
    shop: &Shop,
    metrics: Metrics,
    listener: TcpListener,
) -> Result<Server> {
    let gateway = open(house, wires, shop, metrics).await?;
    let settings: gateway::Settings = house.loaded.settings("gateway")?;
    let tls = Tls::read(&settings.tls)?;
    house.background.extend(tls.as_ref().map(Tls::background));
    serve(&gateway, &house.loaded.config.http, tls.as_ref(), listener)
}

/// Answers the world at `listener` with `gateway`, over TLS if there is something to show.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(
    gateway: &Gateway,
    http: &Http,
    tls: Option<&Tls>,
    listener: TcpListener,
) -> Result<Server> {
    let gateway = gateway.clone();
    let app = move || App::new().wrap(gateway.middleware()).configure(|app| gateway.mount(app));
    let server = HttpServer::new(app)
        .workers(http.threads())
        .keep_alive(http.keep_alive)
        // Whoever goes away ends the work that is done for them.
        .h1_allow_half_closed(false)
        .client_request_timeout(Gateway::HEAD_TIMEOUT)
        .shutdown_timeout(http.drain.as_secs())
        .disable_signals();
    let server = match tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls.server())?,
        None => server.listen(listener)?,
    };
    Ok(server.run())
}

/// The gateway before everything that can be asked for, its tasks among the others of the house.
///
/// # Errors
/// As [`listen`].
pub async fn open(
    house: &mut House<'_>,
    wires: &Wires<'_>,
    shop: &Shop,
    metrics: Metrics,
) -> Result<Gateway> {
    let documents = Documents::default();
    let mut routes = house.routes.clone();
    routes.push(house.health.routes());
    if !wires.has_inside() {
        routes.push(numbers::nearby(metrics.clone()));
    }
    routes.push(operations::routes(desks(house, wires)));
    routes.push(openapi::routes(&routes, documents.clone())?);
    let asked = wires.elsewhere().filter(|module| module.name != wiring::REGISTRY);
    let upstream = |module| Upstream { module, instances: wires.instances(module) };
    let settings: Settings = house.loaded.settings("gateway")?;
    let service = |(name, policy): (&String, &Policy)| Service {
        name: name.clone(),
        policy: *policy,
        instances: wires.service(name),
    };
    let gateway = gateway::open(gateway::Needs {
        keys: keys(house, shop).await?,
        routes,
        remote: asked.map(|module| upstream(module.name)).collect(),
        services: settings.services.iter().map(service).collect(),
        client: Some(wires.client.clone()),
        documents,
        cursors: wires.cursors.clone(),
        metrics,
        deadline: house.loaded.config.http.deadline,
        settings,
    })?;
    house.background.extend(gateway.background());
    Ok(gateway)
}

/// The operations of every module that keeps tables, wherever it lives.
fn desks(house: &House<'_>, wires: &Wires<'_>) -> Vec<(&'static str, Arc<dyn Operations>)> {
    let away = wires.elsewhere().filter(|module| module.tables).map(|Module { name, .. }| {
        let way = wires.dial_http("gateway", name);
        (*name, operations::elsewhere(name, way))
    });
    house.desks.iter().cloned().chain(away).collect()
}

/// The keys that users publishes: known at once where users lives here, awaited where it does not.
async fn keys(house: &mut House<'_>, shop: &Shop) -> Result<Keys> {
    let Tokens { issuer, audience } = house.loaded.settings("users")?;
    let clock: Arc<dyn Clock> = house.clock.clone();
    let verifier = Verifier::new(&Jwks::default(), &issuer, &audience, clock);
    let keys = Keys::awaited(verifier);
    let users = house.port("gateway", &shop.users);
    if let Door::Here(users) = &shop.users {
        keys.learn(&published(&**users).await.context("no keys to verify tokens with")?);
    }
    house.background.push(keys.background(move || {
        let users = users.clone();
        let work = Work::begin("gateway", Work::PATIENCE);
        work.scope(async move { published(&*users).await })
    }));
    Ok(keys)
}

async fn published(users: &dyn Users) -> Result<Jwks, users_api::Error> {
    let keys = users.keys(KeyScope::AccessTokens).await?;
    let keys = keys.into_iter().map(|PublicKey { kid, x }| Jwk::of(kid, x));
    Ok(Jwks { keys: keys.collect() })
}

/// The part of users' section that everybody who verifies a token must agree with.
#[derive(Deserialize)]
struct Tokens {
    issuer: String,
    audience: String,
}
