//! Our own ways from one module to another: in one process, over HTTP, over RabbitMQ.
//!
//! With all that belongs to them in the shop: a token, trace and deadline on every call, span, metrics
//! and panic containment around every answer.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpServer};
use anyhow::{Context as _, Result};
use discovery::Instances;
use identity::InternalTokens;
use kernel::SystemClock;
use ports::Context;
use products_api::VariantId;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use wire::{http, rabbitmq};

use crate::goods::{Catalogue, RemoteCatalogue, Shelf};
use crate::measure::Contestant;
use crate::server;

pub(crate) const HTTP: &str = "ours over HTTP, JSON";
pub(crate) const RABBITMQ: &str = "ours over RabbitMQ, JSON";

const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);
const MODULE: &str = "products";
const CALLER: &str = "carts";

pub(crate) fn in_process(shelf: &Shelf) -> Contestant {
    through("ours, in one process", shelf.port(), shelf)
}

pub(crate) fn over_http(shelf: &Shelf) -> Result<Contestant> {
    let tokens = tokens()?;
    let doors =
        http::calls(vec![(MODULE, shelf.skeleton())], tokens.clone(), &http::Options::default());
    let address = server::start("ours over HTTP", move |listener| async move {
        let app = move || App::new().configure(|app| doors.configure(app));
        let server =
            HttpServer::new(app).workers(1).disable_signals().listen(listener.into_std()?)?;
        Ok(server.run().await?)
    })?;
    let client = http::Client::new("edge", tokens, http::Options::default());
    let transport = client.dial(CALLER, MODULE, Instances::fixed([address.to_string()]));
    Ok(through(HTTP, RemoteCatalogue::over(transport), shelf))
}

pub(crate) async fn over_rabbitmq(shelf: &Shelf, broker: &str) -> Result<Contestant> {
    let prefix = format!("rivals-{}", std::process::id());
    let (url, names, wires) = (broker.to_owned(), prefix.clone(), vec![(MODULE, shelf.skeleton())]);
    server::start("ours over RabbitMQ", move |_| async move {
        let (connection, supervisor) =
            amqp::Connection::new(&url, "server", amqp::Options::default())?;
        let server = rabbitmq::Server::new(connection, &names, wires, tokens()?);
        let stop = CancellationToken::new();
        tokio::join!(supervisor.run(stop.clone()), server.run(stop));
        Ok(())
    })?;
    let (connection, supervisor) =
        amqp::Connection::new(broker, "client", amqp::Options::default())?;
    let client = rabbitmq::Client::new(connection, &prefix, tokens()?);
    let (transport, stop) = (client.dial(CALLER, MODULE), CancellationToken::new());
    tokio::spawn(supervisor.run(stop.clone()));
    tokio::spawn(async move { client.run(stop).await });
    let port = RemoteCatalogue::over(transport);
    served(&*port, shelf).await?;
    Ok(through(RABBITMQ, port, shelf).over_a_broker())
}

/// Waits until somebody answers.
async fn served(port: &dyn Catalogue, shelf: &Shelf) -> Result<()> {
    let limit = Instant::now() + PATIENCE;
    loop {
        match port.variants(shelf.wish()).await {
            Err(cause) if Instant::now() > limit => return Err(cause).context("nobody answers"),
            Err(_) => sleep(PAUSE).await,
            Ok(_) => return Ok(()),
        }
    }
}

fn tokens() -> Result<InternalTokens> {
    let secret = "a secret that all of these processes know".to_owned();
    Ok(InternalTokens::new(&secret.into(), Arc::new(SystemClock))?)
}

fn through(name: &'static str, port: Arc<dyn Catalogue>, shelf: &Shelf) -> Contestant {
    let wish: Arc<[VariantId]> = shelf.wish().into();
    Contestant::new(name, move || {
        let (port, ids) = (port.clone(), wish.to_vec());
        // Each call belongs to a request of its own.
        let request = Context::begin(CALLER, PATIENCE);
        request.scope(async move { Ok(port.variants(ids).await?.len()) })
    })
}
