//! What survives a crash.

use saga::Status;

use crate::{
    trip::Trip,
    world::{Say, World},
};

on_both! {
    a_saga_started_just_before_a_crash_is_run_after_it,
    a_saga_goes_on_where_it_stood,
    a_saga_that_undoes_goes_on_undoing,
}

async fn a_saga_started_just_before_a_crash_is_run_after_it(world: World) {
    let id = {
        let db = world.travel().await;
        let mut tx = db.begin().await.unwrap();
        let id = world.engine(&db).start(&mut tx, &Trip::new("rome")).await.unwrap();
        tx.commit().await.unwrap();
        id
    };
    let site = world.start().await;
    site.reaches(&id, Status::Completed).await;
    assert_eq!(site.asked("rome").await, ["hotel", "money", "ticket"]);
}

async fn a_saga_goes_on_where_it_stood(world: World) {
    let site = world.start().await;
    site.desk.says("money", &[Say::Nothing]);
    let id = site.begin(&Trip::new("rome")).await;
    site.asks("rome", "money").await;
    // Answered, and down before anybody heard it, or just after.
    site.desk.done("money").await;
    drop(site);

    let site = world.start().await;
    site.reaches(&id, Status::Completed).await;
    assert_eq!(site.asked("rome").await, ["hotel", "money", "ticket"]);
    assert_eq!(site.noted("rome").await, ["paid", "arrived"]);
}

async fn a_saga_that_undoes_goes_on_undoing(world: World) {
    let site = world.start().await;
    site.desk.says("money", &[Say::Nothing]);
    let id = site.begin(&Trip::new("rome")).await;
    site.asks("rome", "money").await;
    let mut tx = site.db.begin().await.unwrap();
    site.engine.abandon(&mut tx, &id, "it rains").await.unwrap();
    tx.commit().await.unwrap();
    drop(site);

    let site = world.start().await;
    site.reaches(&id, Status::Compensated).await;
    let undone = ["give back the money", "cancel the hotel", "give back the seat"];
    assert_eq!(site.asked("rome").await[2..], undone);
    assert_eq!(site.noted("rome").await, ["given up: it rains", "undone"]);
}
