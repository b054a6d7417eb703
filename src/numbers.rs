//! What this process counts, and the page where it says so.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web::Data};
use host::{Policy, Route, Routes};
use messaging::Gauges;
use resilience::{Circuit, Counted, Edge, Edges, Limiter, Load};
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

/// Shows what became of the calls to every neighbour, and how it is with each.
pub fn count_edges(metrics: &Metrics, edges: &Edges) {
    for edge in edges.all() {
        let ends = |reading: Reading| {
            let (caller, callee) = edge.ends();
            reading.label("caller", caller).label("callee", callee)
        };
        let add = |name: &str, help: &str, read: fn(Counted) -> u64| {
            let edge = edge.clone();
            metrics.register(ends(Reading::counter(name, help, move || read(edge.counted()))));
        };
        add("edge_calls", "Calls to a neighbour", |now| now.calls);
        add("edge_failed", "Calls to a neighbour that got no answer", |now| now.failed);
        add("edge_retried", "Calls to a neighbour that were tried once more", |now| now.retried);
        let help = "Lost calls that were not tried once more because the budget was spent";
        add("edge_unaffordable", help, |now| now.unaffordable);
        add("edge_refused", "Tries refused because the circuit was open", |now| now.refused);
        add("edge_crowded", "Calls refused because too many were under way", |now| now.crowded);
        add("edge_late", "Calls refused because too little time was left", |now| now.late);
        add("edge_opened", "Times the circuit to a neighbour opened", |now| now.opened);
        let show = |name: &str, help: &str, read: fn(&Edge) -> u64| {
            let edge = edge.clone();
            metrics.register(ends(Reading::gauge(name, help, move || read(&edge))));
        };
        show("edge_under_way", "Calls to a neighbour under way", |edge| {
            edge.state().under_way as u64
        });
        show("edge_ejected", "Instances that are left alone", |edge| edge.state().ejected as u64);
        show(
            "edge_open",
            "1 while the circuit to a neighbour is not closed, 0 otherwise",
            |edge| u64::from(!matches!(edge.state().circuit, Circuit::Closed { .. })),
        );
    }
}

/// Shows how full this process is of calls from others.
pub fn count_load(metrics: &Metrics, limiter: &Limiter) {
    let show = |name: &str, help: &str, read: fn(Load) -> u64| {
        let limiter = limiter.clone();
        metrics.register(Reading::gauge(name, help, move || read(limiter.load())));
    };
    show("ingress_limit", "Calls this process takes at once", |now| now.limit.into());
    show("ingress_live", "Calls at work that somebody waits for", |now| now.live.into());
    show("ingress_batch", "Calls at work that nobody waits for", |now| now.batch.into());
    let limiter = limiter.clone();
    let help = "Calls turned away because there was too much to do";
    metrics.register(Reading::counter("ingress_shed", help, move || limiter.load().shed));
}
