//! What a call between modules costs: a direct method call, the same through `Arc<dyn Port>`, through
//! the local wrapper (span, metrics, deadline, panics contained), and over the loopback wire (JSON).
//!
//! `cargo bench --bench ports` prints criterion's times and then a table of interleaved rounds, in
//! which the ratios can be trusted even on a busy machine.

use std::{
    future::Future,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::Criterion;
use ports::{Context, Meters, Unreachable, async_trait};
use serde::{Deserialize, Serialize};
use telemetry::{Format, Options};
use tokio::runtime::Runtime;

/// A port of one method, as cheap as a method can be.
#[async_trait]
trait Prices: Send + Sync {
    async fn price(&self, wish: Wish) -> Result<Price, Error>;
}

ports::remote! {
    Prices in "prices", Error => RemotePrices, PricesSkeleton, LocalPrices {
        query price(Wish) -> Price;
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct Wish {
    variant: u128,
    quantity: u32,
}

#[derive(Serialize, Deserialize)]
struct Price {
    minor: i64,
    quantity: u32,
}

#[derive(Debug, thiserror::Error, Serialize, Deserialize)]
enum Error {
    #[error("no such variant")]
    Unknown,
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
}

struct Service {
    minor: i64,
}

impl Service {
    async fn quote(&self, wish: Wish) -> Result<Price, Error> {
        if wish.variant == 0 {
            return Err(Error::Unknown);
        }
        Ok(Price { minor: self.minor * i64::from(wish.quantity), quantity: wish.quantity })
    }
}

#[async_trait]
impl Prices for Service {
    async fn price(&self, wish: Wish) -> Result<Price, Error> {
        self.quote(wish).await
    }
}

/// The same service behind each of its doors.
struct Doors {
    concrete: Service,
    bare: Arc<dyn Prices>,
    guarded: Arc<dyn Prices>,
    wired: Arc<dyn Prices>,
}

impl Doors {
    fn new() -> Self {
        let bare: Arc<dyn Prices> = Arc::new(Service { minor: 1999 });
        let guarded = LocalPrices::around(bare.clone(), &Meters::default());
        let wired = RemotePrices::over(PricesSkeleton::new(guarded.clone()));
        Self { concrete: Service { minor: 1999 }, bare, guarded, wired }
    }
}

fn wish() -> Wish {
    black_box(Wish { variant: 0x0190_8f3e_7b2c_7d4a_9c5e_1f2a_3b4c_5d6e, quantity: 2 })
}

fn main() {
    let filter = "info".to_owned();
    telemetry::init(&Options { format: Format::Json, filter }).expect("logging as in production");
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let doors = Doors::new();
    let mut criterion = Criterion::default()
        .sample_size(50)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    calls(&mut criterion, &runtime, &doors);
    criterion.final_summary();
    if std::env::args().any(|argument| argument == "--bench") {
        runtime.block_on(request().scope(compare(&doors)));
    }
}

/// The request that all calls work for; it outlives the measurement.
fn request() -> Context {
    Context::begin("edge", Duration::from_secs(3600))
}

fn calls(criterion: &mut Criterion, runtime: &Runtime, doors: &Doors) {
    let mut group = criterion.benchmark_group("one call");
    group.bench_function("direct", |b| {
        b.to_async(runtime).iter_custom(|times| request().scope(direct(doors, times)));
    });
    for (name, door) in [
        ("Arc<dyn Port>", &doors.bare),
        ("local wrapper", &doors.guarded),
        ("loopback wire", &doors.wired),
    ] {
        group.bench_function(name, |b| {
            b.to_async(runtime).iter_custom(|times| request().scope(through(&**door, times)));
        });
    }
    group.finish();
}

async fn direct(doors: &Doors, times: u64) -> Duration {
    repeat(times, || doors.concrete.quote(wish())).await
}

async fn through(door: &dyn Prices, times: u64) -> Duration {
    repeat(times, || door.price(wish())).await
}

async fn repeat<F: Future>(times: u64, call: impl Fn() -> F) -> Duration {
    let started = Instant::now();
    for _ in 0..times {
        black_box(call().await);
    }
    started.elapsed()
}

const ROUNDS: usize = 31;
const CALLS: u64 = 20_000;

/// Prints the median of interleaved rounds for each door, and how many times the first one it is.
async fn compare(doors: &Doors) {
    let mut measured = [const { Vec::new() }; 4];
    for _ in 0..ROUNDS {
        measured[0].push(direct(doors, CALLS).await);
        measured[1].push(through(&*doors.bare, CALLS).await);
        measured[2].push(through(&*doors.guarded, CALLS).await);
        measured[3].push(through(&*doors.wired, CALLS).await);
    }
    let nanos = measured.map(|rounds| median(rounds).as_secs_f64() * 1e9 / CALLS as f64);
    let rows = [
        ("direct call on the type", "-"),
        ("through Arc<dyn Port>", "100"),
        ("local wrapper", "300"),
        ("loopback wire, JSON", "-"),
    ];
    println!("\none call, the median of {ROUNDS} interleaved rounds");
    println!("{:26} {:>10} {:>10} {:>12}", "", "ns", "goal, ns", "ratio");
    for ((name, goal), took) in rows.into_iter().zip(nanos) {
        println!("{name:26} {took:>10.1} {goal:>10} {:>11.1}x", took / nanos[0]);
    }
}

fn median(mut rounds: Vec<Duration>) -> Duration {
    rounds.sort_unstable();
    rounds[rounds.len() / 2]
}
