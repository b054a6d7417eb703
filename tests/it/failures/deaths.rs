//! Everything that can die dies while customers buy, and comes back; meanwhile somebody else is at its address.
//! Then everything that can fall silent does.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use servers::{Postgres, RabbitMq};

use super::impostor::{GARBAGE, Impostor};
use crate::{
    fair::{self, Fair},
    world::{Backing, Deployment, Stage, World},
};

/// Orders that must be acknowledged after each death.
const BUSINESS: usize = 10;
/// How long something stays away. The broker of a test must not lose queues that it has only just made.
const AWAY: Duration = Duration::from_secs(1);
/// How long the broker takes nothing.
const ALARM: Duration = Duration::from_secs(5);
/// Shares of the memory above which the broker takes nothing: none, and its own default.
const NO_MEMORY: &str = "0.00001";
const ENOUGH_MEMORY: &str = "0.4";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_split_shop_survives_the_death_of_each_process() {
    each_process_dies(Deployment::SPLIT_OVER_HTTP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_survive_the_death_of_each_other() {
    each_process_dies(Deployment::REPLICAS).await;
}

async fn each_process_dies(deployment: Deployment) {
    let stage = Stage::alone(World::open(deployment, fair::SETTINGS).await);
    let fair = Fair::open(&stage).await;
    fair.during(async || one_after_the_other(&stage, &fair).await).await;
    stage.stop_all().await;
}

/// Kills each process in turn and starts it again, then freezes each for a while.
async fn one_after_the_other(stage: &Stage, fair: &Fair<'_>) {
    let begun = Instant::now();
    for (name, garbage) in stage.names().into_iter().zip(GARBAGE.into_iter().cycle()) {
        fair.goes_on(BUSINESS).await;
        stage.kill(name).await;
        let impostor = Impostor::of(stage, name, garbage).await;
        tokio::time::sleep(AWAY).await;
        impostor.leave().await;
        stage.start(name).await;
        eprintln!("{:.1?}: {name} is back", begun.elapsed());
    }
    for name in stage.names() {
        fair.goes_on(BUSINESS).await;
        stage.freeze(name);
        tokio::time::sleep(AWAY).await;
        stage.thaw(name);
        eprintln!("{:.1?}: {name} goes on", begun.elapsed());
    }
    fair.goes_on(BUSINESS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_survive_the_death_of_each_process_of_the_broker_and_of_the_database() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("servers");
    let folder = servers::folder(&folder).await.unwrap();
    let started = tokio::join!(Postgres::start(&folder), RabbitMq::start(&folder));
    let (mut postgres, mut rabbitmq) = (started.0.unwrap(), started.1.unwrap());
    let backing = Backing { postgres: Some(postgres.url()), rabbitmq: Some(rabbitmq.url()) };
    let world = World::over(Deployment::SERVICES_OVER_RABBITMQ, fair::SETTINGS, backing).await;
    let stage = Stage::alone(world);
    let fair = Fair::open(&stage).await;
    fair.during(async || {
        one_after_the_other(&stage, &fair).await;

        rabbitmq.kill().await.unwrap();
        tokio::time::sleep(AWAY).await;
        rabbitmq.restart().await.unwrap();
        eprintln!("the broker is back");
        fair.goes_on(BUSINESS).await;

        rabbitmq.ctl(&["set_vm_memory_high_watermark", NO_MEMORY]).await.unwrap();
        tokio::time::sleep(ALARM).await;
        rabbitmq.ctl(&["set_vm_memory_high_watermark", ENOUGH_MEMORY]).await.unwrap();
        eprintln!("the broker takes messages again");
        fair.goes_on(BUSINESS).await;

        postgres.kill().await.unwrap();
        tokio::time::sleep(AWAY).await;
        postgres.restart().await.unwrap();
        eprintln!("the database is back");
        fair.goes_on(BUSINESS).await;
    })
    .await;
    stage.stop_all().await;
    drop(stage);
    rabbitmq.stop().await.unwrap();
    postgres.stop().await.unwrap();
}
