//! How long a process under load takes to stop: what SIGTERM begins.

use std::time::Duration;

use tokio::task::JoinSet;

use crate::{
    joints::{Bus, Pair},
    stage::{Place, Servers},
    way,
    world::{Counted, say},
};

/// Times that a process is stopped.
const ROUNDS: usize = 100;
/// Transactions that are open at once.
const WRITERS: usize = 8;
/// Messages that are applied before a process is stopped.
const FIRST: u64 = 100;
const KEYS: usize = 500;

const SOME: [(Bus, Place); 4] = [
    (Bus::InProcess, Place::Sqlite),
    (Bus::InProcess, Place::Ticks),
    (Bus::Http, Place::Ticks),
    (Bus::RabbitMq, Place::Ticks),
];

pub(crate) async fn print(servers: &Servers) {
    println!("\ndrain: from the signal until all that was begun is committed and acknowledged");
    println!(
        "{:<22}{:>12}{:>12}{:>12}{:>12}",
        "bus / relay", "processes", "p50, ms", "p99, ms", "longest, ms"
    );
    for (bus, place) in SOME {
        let mut times = measure(servers, bus, place).await;
        times.sort_unstable();
        let millis = |quantile: f64| {
            let place = ((times.len() - 1) as f64 * quantile).round() as usize;
            times[place].as_secs_f64() * 1_000.0
        };
        println!(
            "{:<22}{:>12}{:>12.1}{:>12.1}{:>12.1}",
            way(bus, place),
            times.len(),
            millis(0.5),
            millis(0.99),
            millis(1.0)
        );
    }
}

async fn measure(servers: &Servers, bus: Bus, place: Place) -> Vec<Duration> {
    let stage = servers.stage(place).await;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let pair = Pair::open_at_once(servers, &stage, bus);
        let before = stage.board.applied();
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let shop = stage.shop.clone();
            writers.spawn(async move {
                for n in 0.. {
                    say(&shop, [Counted::healthy((n * WRITERS + writer) % KEYS, n)]).await;
                }
            });
        }
        stage.board.until(before + FIRST).await;
        times.extend(pair.close().await);
        writers.shutdown().await;
    }
    times
}
