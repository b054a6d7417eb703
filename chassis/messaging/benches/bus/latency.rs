//! How long a message is on its way, when there is nothing else to do and under load.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use tokio::time::sleep_until;

use crate::{
    WAYS,
    joints::Pair,
    stage::{Servers, Stage},
    way,
    world::{Counted, micros, say},
};

/// Messages of an idle measurement.
const SINGLE: usize = 300;
/// Transactions of a measurement under load, and how many are to begin in a second.
const LOAD: usize = 10_000;
const RATE: u32 = 2_000;
/// Transactions that are open at once.
const WRITERS: usize = 64;
/// Keys that the events are about.
const KEYS: usize = 500;

pub(crate) async fn print(servers: &Servers) {
    println!("\nlatency: idle, and with {RATE} transactions a second, one message each");
    println!(
        "{:<22}{:>12}{:>12}{:>14}{:>14}{:>16}",
        "bus / relay", "p50, ms", "p99, ms", "load p50, ms", "load p99, ms", "applied, 1/s"
    );
    for (bus, place) in WAYS {
        let stage = servers.stage(place).await;
        let pair = Pair::open(servers, &stage, bus).await;
        say(&stage.shop, (0..1_000).map(|n| Counted::healthy(n % KEYS, n))).await;
        stage.board.until(1_000).await;
        let idle = idle(&stage).await;
        let (load, rate) = load(&stage).await;
        pair.close().await;
        println!(
            "{:<22}{:>12.2}{:>12.2}{:>14.2}{:>14.2}{rate:>16.0}",
            way(bus, place),
            millis(&idle, 0.5),
            millis(&idle, 0.99),
            millis(&load, 0.5),
            millis(&load, 0.99),
        );
    }
}

fn millis(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1_000.0
}

/// One message after the other.
async fn idle(stage: &Stage) -> Histogram<u64> {
    drop(stage.board.take_latency());
    for n in 0..SINGLE {
        tokio::time::sleep(Duration::from_millis(3)).await;
        let before = stage.board.applied();
        say(&stage.shop, [Counted::healthy(n % KEYS, n)]).await;
        stage.board.until(before + 1).await;
    }
    stage.board.take_latency()
}

/// Transactions begin at fixed times. Where one cannot, because all writers wait, the time it should have
/// begun at counts. Also gives the messages that were applied in a second.
async fn load(stage: &Stage) -> (Histogram<u64>, f64) {
    let before = stage.board.applied();
    let (next, begun, zero) = (Arc::new(AtomicUsize::new(0)), Instant::now(), micros());
    let writers = (0..WRITERS).map(|_| {
        let (next, shop) = (Arc::clone(&next), stage.shop.clone());
        tokio::spawn(async move {
            loop {
                let n = next.fetch_add(1, SeqCst);
                if n >= LOAD {
                    return;
                }
                let due = Duration::from_secs(1) * u32::try_from(n).unwrap() / RATE;
                sleep_until((begun + due).into()).await;
                let at = zero + u64::try_from(due.as_micros()).unwrap();
                say(&shop, [Counted { at, ..Counted::healthy(n % KEYS, n) }]).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    stage.board.until(before + u64::try_from(LOAD).unwrap()).await;
    (stage.board.take_latency(), LOAD as f64 / begun.elapsed().as_secs_f64())
}
