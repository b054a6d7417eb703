//! Steps that take too long.

use saga::{Status, What};
use testkit::eventually;
use tokio_util::sync::CancellationToken;

use crate::{
    trip::{self, Trip},
    world::{LIMIT, Say, World},
};

on_both! {
    a_step_that_times_out_is_undone_and_its_late_answer_only_recorded,
    a_step_that_is_answered_in_time_is_left_alone,
    a_limit_that_runs_out_while_nobody_watches_is_noticed_at_the_start,
    a_limit_set_later_than_the_watch_began_is_noticed,
}

async fn a_step_that_times_out_is_undone_and_its_late_answer_only_recorded(world: World) {
    let site = world.start().await;
    site.desk.says("money", &[Say::Nothing]);
    let id = site.begin(&Trip::new("rome")).await;
    site.asks("rome", "money").await;
    assert_eq!(site.engine.sweep().await.unwrap(), 0, "there is time left");
    world.clock.advance(trip::LIMIT);
    assert_eq!(site.engine.sweep().await.unwrap(), 1);
    assert_eq!(site.engine.sweep().await.unwrap(), 0);
    site.reaches(&id, Status::Compensated).await;

    let asked = ["hotel", "money", "give back the money", "cancel the hotel", "give back the seat"];
    assert_eq!(site.asked("rome").await, asked);
    let why = "given up: the step money was not answered in time";
    assert_eq!(site.noted("rome").await, [why, "undone"]);

    for _ in 0..2 {
        site.desk.done("money").await;
    }
    site.running.quiet(LIMIT).await.unwrap();
    assert_eq!(site.status(&id).await, Status::Compensated);
    assert_eq!(site.asked("rome").await, asked);
    let log = site.engine.inspect(&id).await.unwrap().unwrap().log;
    assert_eq!(log.iter().filter(|entry| entry.what == What::Late).count(), 1);
}

async fn a_step_that_is_answered_in_time_is_left_alone(world: World) {
    let site = world.start().await;
    let id = site.begin(&Trip::new("rome")).await;
    site.reaches(&id, Status::Completed).await;
    world.clock.advance(10 * trip::LIMIT);
    assert_eq!(site.engine.sweep().await.unwrap(), 0);
    assert_eq!(site.status(&id).await, Status::Completed);
}

async fn a_limit_that_runs_out_while_nobody_watches_is_noticed_at_the_start(world: World) {
    let site = world.start().await;
    site.desk.says("money", &[Say::Nothing]);
    let id = site.begin(&Trip::new("rome")).await;
    site.asks("rome", "money").await;
    drop(site);
    world.clock.advance(trip::LIMIT);

    let site = world.start().await;
    let stop = CancellationToken::new();
    let (engine, until) = (site.engine.clone(), stop.clone());
    let watch = tokio::spawn(async move { engine.run(until).await });
    site.reaches(&id, Status::Compensated).await;
    stop.cancel();
    watch.await.unwrap();
}

async fn a_limit_set_later_than_the_watch_began_is_noticed(world: World) {
    let site = world.start().await;
    let stop = CancellationToken::new();
    let (engine, until) = (site.engine.clone(), stop.clone());
    let watch = tokio::spawn(async move { engine.run(until).await });
    for key in ["rome", "oslo"] {
        site.desk.says("money", &[Say::Nothing]);
        let id = site.begin(&Trip::new(key)).await;
        site.asks(key, "money").await;
        world.clock.advance(trip::LIMIT);
        // The watch sleeps by the machine's clock: an earlier limit wakes it.
        site.begin(&Trip::new(&format!("to wake {key}"))).await;
        let undone = async || site.status(&id).await == Status::Compensated;
        eventually("the limit is noticed", LIMIT, undone).await;
    }
    stop.cancel();
    watch.await.unwrap();
}
