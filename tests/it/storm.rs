//! Every fault at once: a provider that refuses, forgets to answer and tells everything twice, a carrier that
//! does the same, and processes that are killed in between.

use std::{convert::Infallible, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    books::Books,
    fair::Fair,
    world::{Deployment, Shopper, Stage, World, fresh_key, href},
};

const CHECKOUTS: usize = 2000;
/// Checkouts between two kills, at most.
const CALM: usize = 150;
/// Parcels that are sent off at a time, and how long the hands rest in between.
const ARMFUL: usize = 5;
const BREATH: Duration = Duration::from_millis(500);
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

/// Two thousand checkouts, and a kill every now and then.
async fn weather(deployment: Deployment) {
    let stage = Stage::alone(World::open(deployment, FAULTS).await);
    let fair = Fair::open(&stage).await;
    let clerk = stage.admin().await;
    let mut random = StdRng::seed_from_u64(rand::random());
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
        let mut sent = 0;
        tokio::select! {
            () = killing => {}
            never = send_off(&clerk, &mut sent) => match never {},
        }
        let (arrived, others) = Books::of(&stage).await.arrived().await;
        eprintln!(
            "{sent} parcels were sent off: {arrived} arrived, {others} went back or got lost"
        );
        assert!(arrived > 0 && others > 0 && arrived + others >= sent);
    })
    .await;
    stage.stop_all().await;
}

/// Gives the carrier what is ready, as long as there is somebody who waits for it; counts what was taken.
async fn send_off(clerk: &Shopper, sent: &mut usize) -> Infallible {
    let ready = format!("/v1/admin/deliveries?status=ready&limit={ARMFUL}");
    loop {
        tokio::time::sleep(BREATH).await;
        let Ok(list) = clerk.send(clerk.request(Method::GET, &ready)).await else { continue };
        let list = if list.status.is_success() { list.json() } else { Value::Null };
        for parcel in list["items"].as_array().into_iter().flatten() {
            let dispatch = href(parcel, "dispatch");
            let answer = clerk.try_post_once(dispatch, &fresh_key(), &json!(null)).await;
            *sent += usize::from(answer.is_ok_and(|answer| answer.status.is_success()));
        }
    }
}
