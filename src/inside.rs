//! The internal listener: what other processes of the deployment, and probes, may ask.

use std::net::TcpListener;

use actix_web::{App, HttpServer, dev::Server};
use anyhow::Result;
use host::Interior;
use messaging::Running;
use telemetry::Metrics;
use wire::http::Calls;

use crate::{edges::Page, house::House, numbers, registry::Registry, wires::Wires};

/// Where the neighbours are answered, and by which registry if it lives here.
pub struct Listening {
    /// The registry that lives here.
    pub registry: Option<Registry>,
    /// The address, taken.
    pub listener: TcpListener,
}

/// Answers calls to the modules that live here, messages for them, what the gateway forwards, and probes.
/// Also gives what is told when no more calls are to be taken.
///
/// # Errors
/// When a route is not as it should be, or the listener cannot be used.
pub fn listen(
    house: &House<'_>,
    wires: &Wires<'_>,
    messages: &Running,
    metrics: Metrics,
    listening: Listening,
) -> Result<(Server, Calls)> {
    let Listening { registry, listener } = listening;
    let http = &house.loaded.config.http;
    let tokens = || wires.tokens.clone();
    let calls = wire::http::calls(house.wires.clone(), tokens(), &wires.options);
    let inbound = messaging::http::Inbound::new(messages.inlet(), tokens());
    let open = [house.health.routes(), numbers::routes(metrics)];
    let routes = house.routes.clone();
    let interior = Interior::new(routes, tokens(), wires.cursors.clone(), http.deadline)?;
    let edges = Page::of(wires.edges.clone(), tokens(), house.ids.clone(), house.databases.clone());
    let answered = calls.clone();
    let app = move || {
        let (calls, inbound, edges) = (calls.clone(), inbound.clone(), edges.clone());
        let (open, interior) = (open.clone(), interior.clone());
        let registry = registry.clone();
        App::new().configure(move |app| {
            calls.configure(app);
            inbound.configure(app);
            edges.configure(app);
            open.iter().for_each(|routes| routes.configure(app));
            if let Some(registry) = &registry {
                registry.configure(app);
            }
            interior.configure(app);
        })
    };
    let server = HttpServer::new(app)
        .workers(http.threads())
        .keep_alive(http.keep_alive)
        // Whoever goes away ends the work that is done for them.
        .h1_allow_half_closed(false)
        .shutdown_timeout(http.drain.as_secs())
        .disable_signals()
        .listen(listener)?;
    Ok((server.run(), answered))
}
