//! `rialto serve`: from modules to sockets, and back when told to stop.

use std::{io, net::TcpListener, time::Instant};

use actix_web::dev::Server;
use anyhow::{Context, Result, anyhow, ensure};
use discovery::registry::Membership;
use futures::future::{OptionFuture, try_join_all};
use host::{Background, Health};
use messaging::Running;
use resilience::Limiter;
use storage::Database;
use telemetry::Metrics;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use wire::http::Calls;

use crate::{
    banner::Banner,
    cli::Which,
    compose::{self, Shop},
    config::Loaded,
    demo,
    house::{Door, House},
    inside, numbers,
    registry::{self, Registry},
    topology::Seat,
    wires::{Lines, Wires},
};

/// Everything that has to be stopped, in the order in which it is.
struct Serving {
    health: Health,
    calls: Option<Calls>,
    membership: Option<Membership>,
    registry: Option<Registry>,
    servers: Vec<Server>,
    tasks: JoinHandle<()>,
    stop: CancellationToken,
    messages: Running,
    lines: Lines,
    databases: Vec<(&'static str, Database)>,
}

/// Runs one process until it is told to stop (SIGTERM or Ctrl-C), then drains it.
///
/// # Errors
/// When it cannot start; each says what to do.
pub async fn run(loaded: &Loaded, which: &Which) -> Result<()> {
    let began = Instant::now();
    crate::log::init(&loaded.config.log)?;
    let seat = loaded.layout.seat(which.process.as_deref(), which.replica)?;
    let public = seat.public().map(|address| bind(address, "--listen")).transpose()?;
    let key = format!("topology.processes.{}.internal", seat.place.name);
    let internal = seat.internal().map(|address| bind(address, &key)).transpose()?;
    ensure!(
        public.is_some() || internal.is_some(),
        "nobody could reach this process: it has no gateway (build it with --features gateway), and no \
         topology says where its neighbours find it (--config config/services.toml is an example)"
    );
    let wires = Wires::of(loaded, &seat)?;

    let dial = |caller, callee| wires.dial(caller, callee);
    let mut house = House::new(loaded, &seat.place.modules, Box::new(dial));
    let shop = compose::compose(&mut house).await?;
    let demo = if loaded.config.demo { demonstrate(&shop, &seat).await? } else { None };
    let metrics = Metrics::new(house.meters.clone());
    let limiter = Limiter::new(&loaded.config.topology.ingress, resilience::Clock::system());
    for (_, wire) in &mut house.wires {
        *wire = limiter.before(wire.clone());
    }
    numbers::count_load(&metrics, &limiter);
    numbers::count_statements(&metrics, &house.databases);
    let mut lines = wires.connect();
    let messages = wires.open_bus(&mut house, &mut lines);
    numbers::count_messages(&metrics, &messages.gauges());

    let mut servers = Vec::new();
    let (mut open, mut calls) = (None, None);
    let registry = registry::open(&mut house, &wires)?;
    let found_at = internal.as_ref().map(TcpListener::local_addr).transpose()?;
    if let Some(listener) = internal {
        let listening = inside::Listening { registry: registry.clone(), listener };
        let (server, answered) =
            inside::listen(&house, &wires, &messages, metrics.clone(), listening)?;
        servers.push(server);
        calls = Some(answered);
    }
    if let Some(listener) = public {
        open = Some(listener.local_addr()?);
        let metrics = metrics.clone();
        servers.push(answer_the_world(&mut house, &wires, &shop, metrics, listener).await?);
    }
    wires.serve_calls(&mut house);
    house.background.extend(wires.lookouts());
    numbers::count_edges(&metrics, &wires.edges);
    let (hosted, scheme) = (seat.place.modules.clone(), seat.place.scheme());
    let storage = loaded.config.storage.place("*");
    let House { health, background, databases, .. } = house;

    let stop = CancellationToken::new();
    let tasks = tokio::spawn(Background::run_all(background, stop.clone()));
    health.started();
    let membership = wires.join(loaded, found_at)?;
    let ready = began.elapsed();
    match open {
        Some(address) => {
            tracing::info!(ms = ready.as_millis(), "listening on {scheme}://{address}");
        }
        None => tracing::info!(ms = ready.as_millis(), process = %seat, "listening inside only"),
    }
    if let Some(address) = open.filter(|_| !which.stop_with_stdin) {
        eprint!("{}", Banner { scheme, address, ready, hosted, demo, storage });
    } else if let Some(customer) = demo {
        eprint!("{customer}");
    }
    let serving = Serving {
        health,
        calls,
        membership,
        registry,
        servers,
        tasks,
        stop,
        messages,
        lines,
        databases,
    };
    serving.until_told(loaded, which.stop_with_stdin).await
}

/// Takes the address before anything else is done, so that a busy one is known at once.
fn bind(address: &str, key: &str) -> Result<TcpListener> {
    TcpListener::bind(address).with_context(|| {
        format!(
            "cannot listen on {address}: stop what listens there, or choose another address with {key} \
             (port 0 takes any free one)"
        )
    })
}

/// The shop's first goods where products lives, and its first customer where users lives, when it has
/// none. The first replica does it for all.
async fn demonstrate(shop: &Shop, seat: &Seat) -> Result<Option<demo::Customer>> {
    if seat.replica != 1 {
        return Ok(None);
    }
    if let Door::Here(products) = &shop.products {
        demo::fill(&**products).await.context("cannot load the demo catalogue")?;
    }
    match &shop.users {
        Door::Here(users) => {
            let customer = demo::customer(&**users).await;
            Ok(Some(customer.context("cannot make the demo customer")?))
        }
        Door::There(..) => Ok(None),
    }
}

#[cfg(feature = "gateway")]
async fn answer_the_world(
    house: &mut House<'_>,
    wires: &Wires<'_>,
    shop: &Shop,
    metrics: Metrics,
    listener: TcpListener,
) -> Result<Server> {
    crate::edge::listen(house, wires, shop, metrics, listener).await
}

#[cfg(not(feature = "gateway"))]
async fn answer_the_world(
    _house: &mut House<'_>,
    _wires: &Wires<'_>,
    _shop: &Shop,
    _metrics: Metrics,
    _listener: TcpListener,
) -> Result<Server> {
    anyhow::bail!(
        "the gateway should run here, but this binary was built without it: build it with --features \
         gateway"
    )
}

impl Serving {
    async fn until_told(self, loaded: &Loaded, with_stdin: bool) -> Result<()> {
        let Self {
            health,
            calls,
            membership,
            registry,
            servers,
            tasks,
            stop,
            messages,
            lines,
            databases,
        } = self;
        let drain = loaded.config.http.drain;
        let handles: Vec<_> = servers.iter().map(Server::handle).collect();
        let mut serving = tokio::spawn(try_join_all(servers));
        tokio::select! {
            ended = &mut serving => return Err(anyhow!("a listener ended by itself: {:?}", ended?)),
            told = told_to_stop(with_stdin) => tracing::info!("{} received: draining", told?),
        }
        health.drain();
        if let Some(membership) = membership {
            membership.leave().await;
        }
        calls.inspect(Calls::drain);
        if let Some(registry) = registry {
            registry.close();
        }
        // The world first: what it asks for may still need the inside.
        for handle in handles.iter().rev() {
            handle.stop(true).await;
        }
        stop.cancel();
        tasks.await?;
        if let Err(unfinished) = messages.drain(drain).await {
            tracing::warn!(%unfinished, "messages go on after the next start");
        }
        lines.close().await;
        for (name, db) in databases {
            db.close().await.with_context(|| format!("the database of {name}"))?;
        }
        tracing::info!("stopped");
        Ok(())
    }
}

/// Waits for a signal that asks to stop, or for the end of standard input where that is one, and names it.
async fn told_to_stop(with_stdin: bool) -> Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    let ended: OptionFuture<_> = with_stdin.then(end_of_input).into();
    tokio::select! {
        _ = terminate.recv() => Ok("SIGTERM"),
        interrupted = tokio::signal::ctrl_c() => interrupted.map(|()| "Ctrl-C").map_err(Into::into),
        Some(_) = ended => Ok("the end of standard input"),
    }
}

/// Resolves when standard input ends. On a thread of its own, which nobody has to wait for: a read that
/// never returns must not keep the process from ending.
fn end_of_input() -> oneshot::Receiver<()> {
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        let read = io::copy(&mut io::stdin().lock(), &mut io::sink());
        tracing::debug!(?read, "standard input has ended");
        // Nobody waits when the process is stopping already.
        let (Ok(()) | Err(())) = ended.send(());
    });
    end
}
