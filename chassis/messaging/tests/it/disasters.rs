//! Whatever happens to processes, databases, a broker and the links between them: nothing is lost, nothing comes
//! twice, nothing out of order.
//!
//! The cast are processes of their own beside a private Postgres and a private RabbitMQ: two that say numbers
//! from one database, and two groups that hear them, one of them in two processes. The parent strikes at random,
//! with a seed that is printed, while they talk. Each hearer knows what the next number about each thing is, and
//! writes down when it hears another one.

mod actor;
mod books;
mod faults;
mod scene;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use messaging::Method;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use faults::Fault;
use scene::Scene;

/// How much is done.
struct Plan {
    relay: Method,
    faults: Faults,
    /// Numbers that are said at least.
    messages: i64,
    /// How long it may take until everything is heard, once nothing more happens.
    patience: Duration,
}

enum Faults {
    /// Each kind so many times.
    OfEach(usize),
    /// So many, those more often that cost little time.
    Drawn(usize),
}

/// How long until somebody hears something new, at most.
const RECOVERY: Duration = Duration::from_secs(180);

async fn nothing_is_lost_doubled_or_out_of_order(plan: Plan) {
    let seed = std::env::var("RIALTO_SEED").ok().and_then(|it| it.parse().ok());
    let seed: u64 = seed.unwrap_or_else(rand::random);
    println!("RIALTO_SEED={seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let faults = match plan.faults {
        Faults::OfEach(times) => Fault::each(times, &mut dice),
        Faults::Drawn(number) => (0..number).map(|_| Fault::draw(&mut dice)).collect(),
    };
    let mut scene = Scene::open(plan.relay).await;
    scene.wait_for_more(RECOVERY).await;
    let (baseline, begun) = (scene.space().await, Instant::now());
    let mut recoveries: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for fault in &faults {
        let held = Duration::from_millis(dice.random_range(50..800));
        scene.strike(fault, held).await;
        let recovery = scene.wait_for_more(RECOVERY).await;
        recoveries.entry(fault.name()).or_default().push(recovery);
        scene.nobody_has_left();
    }
    scene.wait_for_messages(plan.messages, plan.patience).await;
    let said = scene.fall_silent(plan.patience).await;
    let took = begun.elapsed();
    let space = scene.settled(plan.patience).await;
    scene.close().await;

    println!(
        "{} faults, {said} numbers said, each heard by two groups, in {took:.0?}",
        faults.len()
    );
    println!("lost 0, doubled 0, out of order 0");
    println!("bytes of outboxes before and after: {} and {}", baseline.outbox, space.outbox);
    println!(
        "memory of the processes before and after, KiB: {} and {}",
        baseline.memory, space.memory
    );
    println!("until something new was heard, after the fault was over (median, longest):");
    for (name, mut times) in recoveries {
        times.sort_unstable();
        let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
        println!("  {name:<44} {:>4} times {median:>10.0?} {longest:>10.0?}", times.len());
    }
    assert!(space.outbox <= baseline.outbox + BYTES, "outboxes have grown");
}

/// What outboxes may be larger than before, in bytes: pages that are kept, not rows.
const BYTES: i64 = 8 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_ticks_a_disaster_of_each_kind_does_no_harm() {
    nothing_is_lost_doubled_or_out_of_order(Plan {
        relay: Method::Ticks,
        faults: Faults::OfEach(1),
        messages: 1_000,
        patience: Duration::from_secs(240),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_log_a_disaster_of_each_kind_does_no_harm() {
    nothing_is_lost_doubled_or_out_of_order(Plan {
        relay: Method::Log,
        faults: Faults::OfEach(1),
        messages: 1_000,
        patience: Duration::from_secs(240),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes long; cargo xtask prove runs it"]
async fn prove_that_a_thousand_disasters_do_no_harm() {
    nothing_is_lost_doubled_or_out_of_order(Plan {
        relay: Method::Ticks,
        faults: Faults::Drawn(1_000),
        messages: 1_000_000,
        patience: Duration::from_secs(1_800),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes long; cargo xtask prove runs it"]
async fn prove_the_same_with_the_log() {
    nothing_is_lost_doubled_or_out_of_order(Plan {
        relay: Method::Log,
        faults: Faults::Drawn(300),
        messages: 100_000,
        patience: Duration::from_secs(1_800),
    })
    .await;
}
