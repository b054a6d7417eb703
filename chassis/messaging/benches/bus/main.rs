//! Events from end to end over each bus: published in a transaction of one process, applied in a
//! transaction of another, all guarantees on.
//!
//! Run with `cargo bench -p messaging`, with the servers of `RIALTO_TEST_POSTGRES` and
//! `RIALTO_TEST_RABBITMQ`. Prints one table.

#![expect(clippy::unwrap_used, reason = "a measurement that fails is none")]

mod joints;
mod world;

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use messaging::Publish;

use joints::{Bus, Pair};
use world::{Counted, Place};

/// Events of one measurement of throughput.
const EVENTS: usize = 20_000;
/// Transactions that are open at once.
const WRITERS: usize = 32;
/// Keys that the events are about.
const KEYS: usize = 500;
/// Events of one measurement of latency.
const SINGLE: usize = 300;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!(
        "{:<26}{:>14}{:>14}{:>12}{:>12}",
        "bus / databases", "1 a tx, ev/s", "10 a tx, ev/s", "p50, ms", "p99, ms"
    );
    let rows = [
        (Bus::InProcess, Place::Sqlite),
        (Bus::InProcess, Place::Postgres),
        (Bus::Http, Place::Sqlite),
        (Bus::Http, Place::Postgres),
        (Bus::RabbitMq, Place::Sqlite),
        (Bus::RabbitMq, Place::Postgres),
    ];
    for (bus, place) in rows {
        let (single, tenfold, latency) = runtime.block_on(measure(bus, place));
        let millis = |quantile| latency.value_at_quantile(quantile) as f64 / 1_000.0;
        println!(
            "{:<26}{single:>14.0}{tenfold:>14.0}{:>12.2}{:>12.2}",
            format!("{bus:?} / {place:?}"),
            millis(0.5),
            millis(0.99)
        );
    }
}

/// Events a second with one and with ten in a transaction, and microseconds from the begin of a
/// publishing transaction to the commit of the applying one when there is nothing else to do.
async fn measure(bus: Bus, place: Place) -> (f64, f64, Histogram<u64>) {
    let pair = Pair::open(bus, place).await;
    throughput(&pair, 2_000, 1).await;
    let single = throughput(&pair, EVENTS, 1).await;
    let tenfold = throughput(&pair, EVENTS, 10).await;
    let latency = latency(&pair).await;
    pair.close().await;
    (single, tenfold, latency)
}

async fn throughput(pair: &Pair, events: usize, together: usize) -> f64 {
    let began = Instant::now();
    let before = pair.applied();
    let writers = (0..WRITERS).map(|writer| {
        let db = pair.shop.clone();
        tokio::spawn(async move {
            for turn in 0..events / WRITERS / together {
                let mut tx = db.begin().await.unwrap();
                for one in 0..together {
                    let n = (turn * together + one) * WRITERS + writer;
                    let key = format!("k{}", n % KEYS);
                    tx.publish(&Counted { key, n: i64::try_from(n).unwrap() }).unwrap();
                }
                tx.commit().await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let all = events / WRITERS / together * together * WRITERS;
    pair.until_applied(before + u64::try_from(all).unwrap()).await;
    all as f64 / began.elapsed().as_secs_f64()
}

async fn latency(pair: &Pair) -> Histogram<u64> {
    let mut histogram = Histogram::new(3).unwrap();
    for n in 0..SINGLE {
        tokio::time::sleep(Duration::from_millis(3)).await;
        let (began, before) = (Instant::now(), pair.applied());
        let mut tx = pair.shop.begin().await.unwrap();
        tx.publish(&Counted { key: format!("k{}", n % KEYS), n: 0 }).unwrap();
        tx.commit().await.unwrap();
        while pair.applied() == before {
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
        histogram.record(u64::try_from(began.elapsed().as_micros()).unwrap()).unwrap();
    }
    histogram
}
