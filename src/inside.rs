//! The internal listener: what other processes of the deployment, and probes, may ask.

use std::net::TcpListener;

use actix_web::{App, HttpServer, dev::Server};
use anyhow::Result;
use messaging::Running;
use telemetry::Metrics;

use crate::{house::House, numbers, wires::Wires};

/// Answers calls to the modules that live here, messages for them, what the gateway forwards, and probes.
///
/// # Errors
/// When the listener cannot be used.
pub fn listen(
    house: &House<'_>,
    wires: &Wires<'_>,
    _messages: &Running,
    metrics: Metrics,
    listener: TcpListener,
) -> Result<Server> {
    let calls = wire::http::calls(house.wires.clone(), wires.tokens.clone(), &wires.options);
    let open = [house.health.routes(), numbers::routes(metrics)];
    let http = &house.loaded.config.http;
    let app = move || {
        let (calls, open) = (calls.clone(), open.clone());
        App::new().configure(move |app| {
            calls.configure(app);
            open.iter().for_each(|routes| routes.configure(app));
        })
    };
    let server = HttpServer::new(app)
        .workers(http.threads())
        .keep_alive(http.keep_alive)
        .shutdown_timeout(http.drain.as_secs())
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}
