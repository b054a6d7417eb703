//! What the guarantees cost, from end to end: published in a transaction of one process, applied in a
//! transaction of another, all guarantees on.
//!
//! `cargo bench -p messaging` starts a private Postgres and a private RabbitMQ, both of which wait for their
//! disks, and prints a table for each of
//!
//! | name | what |
//! |---|---|
//! | `latency` | from the begin of a publishing transaction to the commit of the applying one, idle and at 2,000 transactions a second |
//! | `backlog` | messages a second, from an outbox in which `--backlog N` of them wait (100,000), also beside a transaction that somebody keeps open; for RabbitMQ beside what lapin takes for the same without any guarantee |
//! | `poison` | healthy messages a second when one in a hundred fails, relative to none, in pairs of runs |
//! | `drain` | how long a process under load takes to stop |
//!
//! `cargo bench -p messaging -- latency drain` prints only those.

#![expect(clippy::unwrap_used, reason = "a measurement that fails is none")]

mod backlog;
mod bare;
mod drain;
mod joints;
mod latency;
mod poison;
mod stage;
mod world;

use std::path::Path;

use joints::Bus;
use stage::{Place, Servers};

/// Every bus with every relay.
const WAYS: [(Bus, Place); 9] = [
    (Bus::InProcess, Place::Sqlite),
    (Bus::InProcess, Place::Ticks),
    (Bus::InProcess, Place::Log),
    (Bus::Http, Place::Sqlite),
    (Bus::Http, Place::Ticks),
    (Bus::Http, Place::Log),
    (Bus::RabbitMq, Place::Sqlite),
    (Bus::RabbitMq, Place::Ticks),
    (Bus::RabbitMq, Place::Log),
];

#[tokio::main]
async fn main() {
    // A run of all tests compiles and starts benches as well, and has nothing to measure.
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let backlog = arguments.iter().position(|it| it == "--backlog");
    let backlog = backlog.and_then(|it| arguments.get(it + 1)?.parse().ok()).unwrap_or(100_000);
    let names = ["latency", "backlog", "poison", "drain"];
    let all = !names.iter().any(|name| arguments.iter().any(|it| it == name));
    let wants = |name: &str| all || arguments.iter().any(|it| it == name);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("messaging");
    std::fs::create_dir_all(&folder).unwrap();
    let servers = Servers::start(&folder).await;
    if wants("latency") {
        latency::print(&servers).await;
    }
    if wants("backlog") {
        backlog::print(&servers, backlog).await;
    }
    if wants("poison") {
        poison::print(&servers).await;
    }
    if wants("drain") {
        drain::print(&servers).await;
    }
    servers.stop().await;
}

/// `InProcess / Ticks`.
fn way(bus: Bus, place: Place) -> String {
    format!("{bus:?} / {place:?}")
}
