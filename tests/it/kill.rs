//! What is true after the process was killed in the middle of its work, again and again.

use std::time::Duration;

use rand::RngExt;

use crate::{
    fair::{self, Fair},
    world::{Deployment, Stage, World},
};

const KILLS: usize = 20;
/// How long a process works before it is killed: anything from nothing to this.
const LONGEST: Duration = Duration::from_millis(900);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_twenty_kills_every_acknowledged_order_exists_once_and_the_books_add_up() {
    kill_again_and_again(Deployment::WHOLE_ON_SQLITE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_twenty_kills_beside_a_database_server_the_books_add_up_as_well() {
    kill_again_and_again(Deployment::WHOLE_ON_POSTGRES).await;
}

/// Lets the process work for a random while, kills it and starts it again.
async fn kill_again_and_again(deployment: Deployment) {
    let stage = Stage::alone(World::open(deployment, fair::SETTINGS).await);
    let fair = Fair::open(&stage).await;
    let mut random = fair.chance();
    fair.during(async || {
        for _ in 0..KILLS {
            let micros = random.random_range(0..LONGEST.as_micros() as u64);
            tokio::time::sleep(Duration::from_micros(micros)).await;
            stage.kill_all().await;
            stage.start_all().await;
        }
        fair.goes_on(KILLS).await;
    })
    .await;
    stage.stop_all().await;
}
