//! Our own ways from one module to another: in one process, over HTTP, over RabbitMQ.
//!
//! With all that belongs to them in the shop: a token, trace and deadline on every call, span, metrics
//! and panic containment around every answer.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpServer};
use anyhow::Result;
use discovery::Instances;
use identity::InternalTokens;
use kernel::SystemClock;
use ports::Context;
use products_api::VariantId;
use wire::http::{Client, Options, calls};

use crate::goods::{Catalogue, RemoteCatalogue, Shelf};
use crate::measure::Contestant;
use crate::server;

pub(crate) const HTTP: &str = "ours over HTTP, JSON";
pub(crate) const RABBITMQ: &str = "ours over RabbitMQ, JSON";

const PATIENCE: Duration = Duration::from_secs(10);
const MODULE: &str = "products";
const CALLER: &str = "carts";

pub(crate) fn local(shelf: &Shelf) -> Contestant {
    through("ours, in one process", shelf.port(), shelf)
}

pub(crate) fn http(shelf: &Shelf) -> Result<Contestant> {
    let tokens = tokens()?;
    let doors = calls(vec![(MODULE, shelf.skeleton())], tokens.clone(), &Options::default());
    let address = server::start("ours over HTTP", move |listener| async move {
        let app = move || App::new().configure(|app| doors.configure(app));
        let server =
            HttpServer::new(app).workers(1).disable_signals().listen(listener.into_std()?)?;
        Ok(server.run().await?)
    })?;
    let client = Client::new("edge", tokens, Options::default());
    let transport = client.dial(CALLER, MODULE, Instances::fixed([address.to_string()]));
    Ok(through(HTTP, RemoteCatalogue::over(transport), shelf))
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
