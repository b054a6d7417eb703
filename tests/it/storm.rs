//! Every fault at once: a provider that refuses, forgets to answer and tells everything twice, a carrier that
//! does the same, and processes that are killed in between.

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{
    fair::Fair,
    world::{Deployment, Stage, World},
};

const CHECKOUTS: usize = 2000;
/// Checkouts between two kills, at most.
const CALM: usize = 150;
const FAULTS: &[&str] = &[
    "orders.hold = \"1h\"",
    "payments.patience = \"500ms\"",
    "payments.reconcile_every = \"200ms\"",
    "payments.reconcile_after = \"1s\"",
    "payments.reconcile_pause = \"2s\"",
    "payments.sandbox.latency = \"5ms\"",
    "payments.sandbox.refuse_percent = 10",
    "payments.sandbox.silent_percent = 10",
    "payments.sandbox.webhooks.send = true",
    "payments.sandbox.webhooks.delay = \"2s\"",
    "payments.sandbox.webhooks.twice_percent = 30",
    "payments.sandbox.webhooks.forged_percent = 20",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_shop_on_sqlite_weathers_every_fault() {
    weather(Deployment::WHOLE_ON_SQLITE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_on_postgres_weather_every_fault() {
    weather(Deployment::SERVICES_OVER_HTTP).await;
}

/// Two thousand checkouts, and a kill every now and then.
async fn weather(deployment: Deployment) {
    let stage = Stage::alone(World::open(deployment, FAULTS).await);
    let fair = Fair::open(&stage).await;
    let mut random = StdRng::seed_from_u64(rand::random());
    fair.during(async || {
        let mut sold = 0;
        while sold < CHECKOUTS {
            let some = random.random_range(1..=CALM);
            fair.goes_on(some).await;
            sold += some;
            stage.kill_all().await;
            tokio::time::sleep(Duration::from_millis(random.random_range(0..200))).await;
            stage.start_all().await;
        }
    })
    .await;
    stage.stop_all().await;
}
