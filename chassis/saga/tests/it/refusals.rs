//! What a saga does when a neighbour says no, and when its own module changes its mind.

use saga::{Abandoned, Engine, Progress, Retried, SagaId, Status, What};
use storage::Database;

use crate::{
    trip::{No, Parcel, Trip},
    world::{Say, World},
};

on_both! {
    a_saga_whose_steps_are_done_completes,
    a_refused_step_compensates_the_earlier_ones_in_reverse,
    a_refusal_that_stays_is_sent_again,
    a_refused_step_may_be_done_by_its_owner_after_all,
    a_saga_that_waits_can_be_abandoned,
    a_saga_abandoned_while_a_step_is_under_way_undoes_that_step_first,
    a_saga_past_its_pivot_cannot_be_abandoned,
    duplicate_answers_change_nothing,
    a_pivot_that_is_refused_can_be_sent_again_or_given_up,
    a_saga_has_one_instance_per_key,
    a_step_whose_command_was_given_up_is_sent_again_and_the_first_answer_counts,
    an_undo_is_sent_again_too,
    what_has_ended_or_is_not_there_is_not_sent_again,
}

async fn abandon(db: &Database, engine: &Engine, id: &SagaId) -> Abandoned {
    let mut tx = db.begin().await.unwrap();
    let abandoned = engine.abandon(&mut tx, id, "it rains").await.unwrap();
    tx.commit().await.unwrap();
    abandoned
}

async fn again(db: &Database, engine: &Engine, id: &SagaId) -> bool {
    let mut tx = db.begin().await.unwrap();
    let sent = engine.again(&mut tx, id).await.unwrap();
    tx.commit().await.unwrap();
    sent
}

async fn retry(db: &Database, engine: &Engine, id: &SagaId) -> Retried {
    let mut tx = db.begin().await.unwrap();
    let retried = engine.retry(&mut tx, id, "ada wanted it").await.unwrap();
    tx.commit().await.unwrap();
    retried
}

async fn a_saga_whose_steps_are_done_completes(world: World) {
    let site = world.start().await;
    let id = site.begin(&Trip::new("rome")).await;
    site.reaches(&id, Status::Completed).await;

    assert_eq!(site.asked("rome").await, ["hotel", "money", "ticket"]);
    assert_eq!(site.noted("rome").await, ["paid", "arrived"]);
    let seen = site.engine.inspect(&id).await.unwrap().unwrap();
    assert!(seen.steps.iter().all(|step| step.progress == Progress::Done), "{:?}", seen.steps);
    assert_eq!(seen.data["receipt"], "receipt for money");
    let what: Vec<_> = seen.log.iter().map(|entry| (entry.what, entry.step.as_str())).collect();
    let done = |step| (What::Done, step);
    assert_eq!(what, [(What::Started, "hotel"), done("hotel"), done("money"), done("ticket")]);
}

async fn a_refused_step_compensates_the_earlier_ones_in_reverse(world: World) {
    let site = world.start().await;
    site.desk.says("money", &[Say::No(No::Never)]);
    let id = site.begin(&Trip::new("rome")).await;
    site.reaches(&id, Status::Compensated).await;

    let asked = ["hotel", "money", "cancel the hotel", "give back the seat"];
    assert_eq!(site.asked("rome").await, asked);
    assert_eq!(site.noted("rome").await, ["given up: the step money was refused", "undone"]);
    let seen = site.engine.inspect(&id).await.unwrap().unwrap();
    let progress: Vec<_> = seen.steps.iter().map(|step| step.progress).collect();
    use Progress::{Pending, Refused, Undone};
    assert_eq!(progress, [Undone, Undone, Refused, Pending, Pending]);
}

async fn a_refusal_that_stays_is_sent_again(world: World) {
    let site = world.start().await;
    site.desk.says("money", &[Say::No(No::NotYet), Say::No(No::NotYet)]);
    let id = site.begin(&Trip::new("rome")).await;
    for _ in 0..2 {
        site.reaches(&id, Status::Waiting).await;
        assert!(again(&site.db, &site.engine, &id).await);
    }
    site.reaches(&id, Status::Completed).await;

    assert!(!again(&site.db, &site.engine, &id).await, "nothing waits any longer");
    assert_eq!(site.asked("rome").await, ["hotel", "money", "money", "money", "ticket"]);
    assert_eq!(site.noted("rome").await, ["not paid yet", "not paid yet", "paid", "arrived"]);
}

async fn a_refused_step_may_be_done_by_its_owner_after_all(world: World) {
    let site = world.start().await;
    site.desk.says("money", &[Say::No(No::NotYet)]);
    let id = site.begin(&Trip::new("rome")).await;
    site.reaches(&id, Status::Waiting).await;
    site.desk.done("money").await;
    site.reaches(&id, Status::Completed).await;

    assert_eq!(site.asked("rome").await, ["hotel", "money", "ticket"]);
    assert_eq!(site.noted("rome").await, ["not paid yet", "paid", "arrived"]);
}

async fn a_saga_that_waits_can_be_abandoned(world: World) {
    let site = world.start().await;
    site.desk.says("money", &[Say::No(No::NotYet)]);
    let id = site.begin(&Trip::new("rome")).await;
    site.reaches(&id, Status::Waiting).await;
    assert_eq!(abandon(&site.db, &site.engine, &id).await, Abandoned::Taken);
    site.reaches(&id, Status::Compensated).await;

    let undone = ["give back the money", "cancel the hotel", "give back the seat"];
    assert_eq!(site.asked("rome").await[2..], undone);
    assert_eq!(site.noted("rome").await, ["not paid yet", "given up: it rains", "undone"]);
}

async fn a_saga_abandoned_while_a_step_is_under_way_undoes_that_step_first(world: World) {
    let site = world.start().await;
    site.desk.says("money", &[Say::Nothing]);
    let id = site.begin(&Trip::new("rome")).await;
    site.asks("rome", "money").await;
    assert_eq!(abandon(&site.db, &site.engine, &id).await, Abandoned::Taken);
    assert_eq!(abandon(&site.db, &site.engine, &id).await, Abandoned::Already);
    site.reaches(&id, Status::Compensated).await;

    site.desk.done("money").await;
    site.running.quiet(crate::world::LIMIT).await.unwrap();
    assert_eq!(abandon(&site.db, &site.engine, &id).await, Abandoned::Already);
    let undone = ["give back the money", "cancel the hotel", "give back the seat"];
    assert_eq!(site.asked("rome").await[2..], undone);
    assert_eq!(site.noted("rome").await, ["given up: it rains", "undone"]);
    let log = site.engine.inspect(&id).await.unwrap().unwrap().log;
    let last = log.last().unwrap();
    assert_eq!((last.what, last.step.as_str()), (What::Late, "money"));
}

async fn a_saga_past_its_pivot_cannot_be_abandoned(world: World) {
    let site = world.start().await;
    let unknown = SagaId::of::<Trip>("nowhere");
    assert_eq!(abandon(&site.db, &site.engine, &unknown).await, Abandoned::Unknown);

    let id = site.begin(&Trip::new("rome")).await;
    site.reaches(&id, Status::Completed).await;
    assert_eq!(abandon(&site.db, &site.engine, &id).await, Abandoned::TooLate);
    assert_eq!(site.status(&id).await, Status::Completed);
}

async fn duplicate_answers_change_nothing(world: World) {
    let site = world.start().await;
    site.desk.says("money", &[Say::Nothing]);
    let id = site.begin(&Trip::new("rome")).await;
    site.asks("rome", "money").await;
    for _ in 0..3 {
        site.desk.done("hotel").await;
    }
    site.running.quiet(crate::world::LIMIT).await.unwrap();
    assert_eq!(site.status(&id).await, Status::Running);
    for _ in 0..3 {
        site.desk.done("money").await;
    }
    site.desk.refuse("money", No::Never).await;
    site.reaches(&id, Status::Completed).await;

    assert_eq!(site.asked("rome").await, ["hotel", "money", "ticket"]);
    assert_eq!(site.noted("rome").await, ["paid", "arrived"]);
    assert_eq!(site.engine.inspect(&id).await.unwrap().unwrap().log.len(), 4);
}

async fn a_pivot_that_is_refused_can_be_sent_again_or_given_up(world: World) {
    let site = world.start().await;
    for (key, give_up) in [("gone", false), ("kept", true)] {
        site.desk.says("let go", &[Say::No(No::NotYet)]);
        let id = site.begin(&Parcel(Trip::new(key))).await;
        site.reaches(&id, Status::Waiting).await;
        if give_up {
            assert_eq!(abandon(&site.db, &site.engine, &id).await, Abandoned::Taken);
            site.reaches(&id, Status::Compensated).await;
        } else {
            assert!(again(&site.db, &site.engine, &id).await);
            site.reaches(&id, Status::Completed).await;
        }
    }
    assert_eq!(site.noted("gone").await, ["not let go yet", "gone"]);
    assert_eq!(site.noted("kept").await, ["not let go yet", "still here"]);
    assert_eq!(site.asked("kept").await, ["weigh", "let go"], "there was nothing to undo");
}

async fn a_saga_has_one_instance_per_key(world: World) {
    let site = world.start().await;
    let id = site.begin(&Trip::new("rome")).await;
    site.reaches(&id, Status::Completed).await;
    let mut tx = site.db.begin().await.unwrap();
    let twice = site.engine.start(&mut tx, &Trip::new("rome")).await;
    assert!(matches!(twice, Err(storage::Error::Unique { .. })), "{twice:?}");
}

async fn a_step_whose_command_was_given_up_is_sent_again_and_the_first_answer_counts(world: World) {
    let site = world.start().await;
    site.desk.says("money", &[Say::Nothing, Say::Nothing]);
    let id = site.begin(&Trip::new("rome")).await;
    site.asks("rome", "money").await;
    let sent = Retried::Sent { status: Status::Running, step: "money" };
    assert_eq!(retry(&site.db, &site.engine, &id).await, sent);
    site.running.quiet(crate::world::LIMIT).await.unwrap();
    assert_eq!(site.asked("rome").await, ["hotel", "money", "money"]);

    site.desk.done("money").await;
    site.reaches(&id, Status::Completed).await;
    site.desk.done("money").await;
    site.running.quiet(crate::world::LIMIT).await.unwrap();
    assert_eq!(site.noted("rome").await, ["paid", "arrived"]);
    let log = site.engine.inspect(&id).await.unwrap().unwrap().log;
    let again = log.iter().find(|entry| entry.what == What::Again).unwrap();
    assert_eq!((again.step.as_str(), again.why.as_deref()), ("money", Some("ada wanted it")));
}

async fn an_undo_is_sent_again_too(world: World) {
    let site = world.start().await;
    site.desk.says("money", &[Say::No(No::Never)]);
    site.desk.says("cancel the hotel", &[Say::Nothing]);
    let id = site.begin(&Trip::new("rome")).await;
    site.asks("rome", "cancel the hotel").await;
    let sent = Retried::Sent { status: Status::Undoing, step: "hotel" };
    assert_eq!(retry(&site.db, &site.engine, &id).await, sent);
    site.reaches(&id, Status::Compensated).await;
    let asked = ["hotel", "money", "cancel the hotel", "cancel the hotel", "give back the seat"];
    assert_eq!(site.asked("rome").await, asked);
}

async fn what_has_ended_or_is_not_there_is_not_sent_again(world: World) {
    let site = world.start().await;
    let id = site.begin(&Trip::new("rome")).await;
    site.reaches(&id, Status::Completed).await;
    assert_eq!(retry(&site.db, &site.engine, &id).await, Retried::Ended);
    let nobody = SagaId::of::<Trip>("nobody");
    assert_eq!(retry(&site.db, &site.engine, &nobody).await, Retried::Unknown);
}
