//! Every fault at once: a provider that refuses, forgets to answer and tells everything twice, a carrier that
//! does the same, customers who change their minds, staff who call off and give back, and processes that are
//! killed in between.

mod staff;

use std::time::Duration;

use rand::RngExt;

use crate::{
    books::Books,
    fair::Fair,
    world::{Deployment, Stage, World},
};
use staff::Staff;

const CHECKOUTS: usize = 2000;
/// Checkouts between two kills, at most.
const CALM: usize = 150;
const FAULTS: &[&str] = &[
    "orders.hold = \"30s\"",
    "orders.sweep = \"1s\"",
    "products.hold_grace = \"5s\"",
    "products.sweep_every = \"1s\"",
    "payments.patience = \"500ms\"",
    "payments.reconcile_every = \"200ms\"",
    "payments.reconcile_after = \"1s\"",
    "payments.reconcile_pause = \"2s\"",
    "payments.sandbox.latency = \"5ms\"",
    "payments.sandbox.answers_after = \"5ms\"",
    "payments.sandbox.refuse_percent = 10",
    "payments.sandbox.silent_percent = 10",
    "payments.sandbox.webhooks.send = true",
    "payments.sandbox.webhooks.delay = \"2s\"",
    "payments.sandbox.webhooks.twice_percent = 30",
    "payments.sandbox.webhooks.forged_percent = 20",
    "deliveries.sweep = \"200ms\"",
    "deliveries.track_after = \"2s\"",
    "deliveries.ask_again = \"500ms\"",
    "deliveries.simulator.time_lapse = 43200",
    "deliveries.simulator.latency = \"5ms\"",
    "deliveries.simulator.refuse = 10",
    "deliveries.simulator.delay = \"300ms\"",
    "deliveries.simulator.lost = 20",
    "deliveries.simulator.duplicated = 30",
    "deliveries.simulator.disordered = 30",
    "deliveries.simulator.forged = 20",
    "deliveries.simulator.nobody_home = 30",
    "deliveries.simulator.parcels_returned = 50",
    "deliveries.simulator.parcels_lost = 5",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_shop_on_sqlite_weathers_every_fault() {
    weather(Deployment::WHOLE_ON_SQLITE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_on_postgres_weather_every_fault() {
    weather(Deployment::SERVICES_OVER_HTTP).await;
}

/// In the worlds between those two; see `cargo xtask prove`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes long; cargo xtask prove runs it"]
async fn prove_that_a_whole_shop_on_postgres_weathers_every_fault() {
    weather(Deployment::WHOLE_ON_POSTGRES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes long; cargo xtask prove runs it"]
async fn prove_that_a_split_shop_on_sqlite_weathers_every_fault() {
    weather(Deployment::SPLIT_OVER_HTTP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes long; cargo xtask prove runs it"]
async fn prove_that_services_over_rabbitmq_weather_every_fault() {
    weather(Deployment::SERVICES_OVER_RABBITMQ).await;
}

/// Two thousand checkouts, and a kill every now and then.
async fn weather(deployment: Deployment) {
    let stage = Stage::alone(World::open(deployment, FAULTS).await);
    let fair = Fair::open(&stage).await.of_the_fickle();
    let mut staff = Staff::new(stage.admin().await, fair.chance());
    let mut random = fair.chance();
    fair.during(async || {
        let killing = async {
            let mut sold = 0;
            while sold < CHECKOUTS {
                let some = random.random_range(1..=CALM);
                fair.goes_on(some).await;
                sold += some;
                stage.kill_all().await;
                tokio::time::sleep(Duration::from_millis(random.random_range(0..200))).await;
                stage.start_all().await;
            }
        };
        tokio::select! {
            () = killing => {}
            never = staff.work() => match never {},
        }
        let (arrived, others) = Books::of(&stage).await.arrived().await;
        let sent = staff.sent;
        eprintln!(
            "{sent} parcels were sent off: {arrived} arrived, {others} went back or got lost"
        );
        assert!(arrived > 0 && others > 0 && arrived + others >= sent);
    })
    .await;
    Books::of(&stage).await.weathered().await;
    stage.stop_all().await;
}
