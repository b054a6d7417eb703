//! What this process counts, and the page where it says so.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web::Data};
use host::{Policy, Route, Routes};
use messaging::Gauges;
use storage::Database;
use telemetry::{Metrics, Reading};

/// `/metrics` on an internal listener.
pub fn routes(metrics: Metrics) -> Routes {
    Routes::new("telemetry")
        .route(Route::get("/metrics", telemetry::scrape).allow(Policy::Public).undocumented())
        .share(Data::new(metrics))
}

/// `/metrics` on a public listener, where there is no internal one: for programs on this machine.
pub fn nearby(metrics: Metrics) -> Routes {
    Routes::new("telemetry")
        .route(Route::get("/metrics", scrape_nearby).allow(Policy::Public).undocumented())
        .share(Data::new(metrics))
}

async fn scrape_nearby(request: HttpRequest, metrics: Data<Metrics>) -> HttpResponse {
    match request.peer_addr() {
        Some(peer) if peer.ip().is_loopback() => telemetry::scrape(metrics).await,
        _ => host::Problem::not_found().respond(Some(request.path())),
    }
}

/// Shows how many statements each module's database was sent.
pub fn count_statements(metrics: &Metrics, databases: &[(&'static str, Database)]) {
    for (module, db) in databases {
        let help = "SQL statements sent, BEGIN and COMMIT included";
        let db = db.clone();
        let reading = Reading::counter("db_statements", help, move || db.statements());
        metrics.register(reading.label("module", *module));
    }
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
    for module in gauges.modules() {
        let add = |name: &str, help: &str, read: fn(messaging::Source) -> u64| {
            let gauges = gauges.clone();
            let reading = Reading::gauge(name, help, move || read(gauges.source(module)));
            metrics.register(reading.label("module", module));
        };
        let help = "1 while this process relays the module from the transaction log, 0 otherwise";
        add("relay_follows_log", help, |now| u64::from(now.log));
        let help = "Bytes of the transaction log that the server keeps for the relay";
        add("relay_log_lag_bytes", help, |now| now.lag);
    }
}
