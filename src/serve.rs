//! `rialto serve`: from modules to sockets, and back when told to stop.

use std::{net::TcpListener, time::Instant};

use actix_web::{App, HttpServer, dev::Server};
use anyhow::{Context, Result};
use gateway::Gateway;
use host::{Background, Health};
use messaging::Running;
use storage::Database;
use telemetry::Metrics;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    banner::Banner,
    compose::{self, Shop},
    config::{Http, Loaded},
    demo, edge,
    house::House,
};

/// Everything that has to be stopped, in the order in which it is.
struct Serving {
    health: Health,
    server: Server,
    tasks: JoinHandle<()>,
    stop: CancellationToken,
    messages: Running,
    databases: Vec<(&'static str, Database)>,
}

/// Runs the shop until it is told to stop (SIGTERM or Ctrl-C), then drains it.
///
/// # Errors
/// When it cannot start; each says what to do.
pub async fn run(loaded: &Loaded) -> Result<()> {
    let began = Instant::now();
    crate::log::init(&loaded.config.log)?;
    let http = &loaded.config.http;
    let listener = bind(http)?;
    let address = listener.local_addr()?;

    let mut house = House::new(loaded);
    let shop = compose::compose(&mut house).await?;
    let demo = if loaded.config.demo { Some(fill(&shop).await?) } else { None };
    let hosted = house.bus.iter().map(|module| module.name).collect();
    let metrics = Metrics::new(house.meters.clone());
    let gateway = edge::open(&mut house, &*shop.users, metrics.clone()).await?;
    let House { health, bus, background, databases, .. } = house;

    let stop = CancellationToken::new();
    let messages = messaging::Process::start(bus);
    edge::count_messages(&metrics, &messages.gauges());
    let tasks = tokio::spawn(Background::run_all(background, stop.clone()));
    let server = listen(http, listener, gateway)?;
    health.started();
    let ready = began.elapsed();
    tracing::info!(ms = ready.as_millis(), "listening on http://{address}");
    eprint!(
        "{}",
        Banner { address, ready, hosted, demo, storage: loaded.config.storage.place("*") }
    );

    let serving = Serving { health, server, tasks, stop, messages, databases };
    serving.until_told(http).await
}

/// Takes the address before anything else is done, so that a busy one is known at once.
fn bind(http: &Http) -> Result<TcpListener> {
    TcpListener::bind(http.public).with_context(|| {
        format!(
            "cannot listen on {}: stop what listens there, or choose another address with --listen \
             (port 0 takes any free one)",
            http.public
        )
    })
}

/// The shop's first goods and its first customer, when it has none.
async fn fill(shop: &Shop) -> Result<demo::Customer> {
    demo::load(&*shop.products, &*shop.users).await.context("cannot load the demo catalogue")
}

fn listen(http: &Http, listener: TcpListener, gateway: Gateway) -> Result<Server> {
    let workers = match http.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers,
    };
    let app = move || App::new().wrap(gateway.middleware()).configure(|app| gateway.mount(app));
    let server = HttpServer::new(app)
        .workers(workers)
        .keep_alive(http.keep_alive)
        .client_request_timeout(Gateway::HEAD_TIMEOUT)
        .shutdown_timeout(http.drain.as_secs())
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

impl Serving {
    async fn until_told(self, http: &Http) -> Result<()> {
        let Self { health, server, tasks, stop, messages, databases } = self;
        let handle = server.handle();
        let mut serving = tokio::spawn(server);
        tokio::select! {
            ended = &mut serving => ended??,
            told = told_to_stop() => tracing::info!("{} received: draining", told?),
        }
        health.drain();
        handle.stop(true).await;
        stop.cancel();
        tasks.await?;
        if let Err(unfinished) = messages.drain(http.drain).await {
            tracing::warn!(%unfinished, "messages go on after the next start");
        }
        for (name, db) in databases {
            db.close().await.with_context(|| format!("the database of {name}"))?;
        }
        tracing::info!("stopped");
        Ok(())
    }
}

/// Waits for a signal that asks to stop, and names it.
async fn told_to_stop() -> Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok("SIGTERM"),
        interrupted = tokio::signal::ctrl_c() => interrupted.map(|()| "Ctrl-C").map_err(Into::into),
    }
}
