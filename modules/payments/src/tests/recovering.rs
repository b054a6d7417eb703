//! Providers that fall silent, and processes that die.

use std::time::Duration;

use payments_api::{Collect, Collected, Status};

use super::{
    told_everywhere,
    world::{Heard, Stage, World, quick},
};

/// Longer than any test.
const NEVER: Duration = Duration::from_secs(3600);

async fn assert_taken_once(world: &World, wish: &Collect) {
    world.until(wish, Status::Captured).await;
    let heard = world.heard(2).await;
    let collected = Heard::Collect(Ok(Collected { payment: wish.payment, amount: wish.amount }));
    assert_eq!(heard.iter().filter(|it| **it == collected).count(), 1, "{heard:?}");
    assert_eq!(heard.iter().filter(|it| **it == Heard::Completed(wish.payment)).count(), 1);
    assert_eq!((world.charges(wish).await, world.ledger(wish).await), (1, (2, 0)));
}

async fn a_lost_answer_is_found_out_without_a_second_charge(stage: Stage) {
    let mut settings = quick();
    settings.sandbox.silent = 3;
    let world = stage.open(settings).await;
    let wish = world.wish("pm_card_visa");
    world.send(&wish).await;
    assert_taken_once(&world, &wish).await;
}

async fn a_provider_that_is_down_is_asked_again_under_the_same_key(stage: Stage) {
    let mut settings = quick();
    settings.sandbox.refuse = 5;
    let world = stage.open(settings).await;
    let wish = world.wish("pm_card_visa");
    world.send(&wish).await;
    assert_taken_once(&world, &wish).await;
}

async fn no_answer_in_time_is_unknown_and_not_a_refusal(stage: Stage) {
    let mut settings = quick();
    settings.sandbox.latency = NEVER;
    settings.patience = Duration::from_millis(10);
    let world = stage.open(settings).await;
    let wish = world.collect("pm_card_visa", Status::Processing).await;
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.payment(&wish).await.unwrap().status, Status::Processing);

    let world = world.crash().await.open(quick()).await;
    assert_taken_once(&world, &wish).await;
}

async fn a_crash_before_the_charge_is_made_up_for(stage: Stage) {
    let mut settings = quick();
    settings.sandbox.latency = NEVER;
    settings.patience = NEVER;
    let world = stage.open(settings).await;
    let wish = world.collect("pm_card_visa", Status::Processing).await;
    assert_eq!(world.charges(&wish).await, 0);

    let world = world.crash().await.open(quick()).await;
    assert_taken_once(&world, &wish).await;
}

async fn a_crash_after_the_charge_does_not_charge_again(stage: Stage) {
    let mut settings = quick();
    settings.sandbox.silent = u32::MAX;
    settings.reconcile_after = NEVER;
    let world = stage.open(settings).await;
    let wish = world.collect("pm_card_visa", Status::Processing).await;
    testkit::eventually("the card is charged", Duration::from_secs(20), async || {
        world.charges(&wish).await == 1
    })
    .await;

    let world = world.crash().await.open(quick()).await;
    assert_taken_once(&world, &wish).await;
}

async fn a_crash_while_money_is_given_back_gives_it_back_once(stage: Stage) {
    let world = stage.open(quick()).await;
    let wish = world.collect("pm_card_visa", Status::Captured).await;
    world.heard(2).await;
    let mut settings = quick();
    settings.sandbox.silent = u32::MAX;
    let world = world.crash().await.open(settings).await;
    world.void(&wish).await;
    testkit::eventually("the money is given back", Duration::from_secs(20), async || {
        world.kept(&wish).await == 0
    })
    .await;
    assert_eq!(world.payment(&wish).await.unwrap().status, Status::Captured);

    let world = world.crash().await.open(quick()).await;
    let payment = world.until(&wish, Status::Voided).await;
    assert_eq!((payment.captured, payment.refunded), (1999, 1999));
    assert!(world.heard(4).await[2..].contains(&Heard::Voided));
    assert_eq!((world.charges(&wish).await, world.ledger(&wish).await), (1, (4, 0)));
}

async fn a_charge_nobody_wants_any_more_is_not_made_up_for(stage: Stage) {
    let mut settings = quick();
    settings.sandbox.latency = NEVER;
    settings.patience = NEVER;
    let world = stage.open(settings).await;
    let wish = world.collect("pm_card_visa", Status::Processing).await;

    world.clock.advance(Duration::from_secs(901));
    let world = world.crash().await.open(quick()).await;
    let payment = world.until(&wish, Status::Requested).await;
    assert_eq!(payment.attempts[0].decline_code.as_deref(), Some("expired"));
    assert_eq!(world.charges(&wish).await, 0);
}

async fn many_at_once_are_each_taken_once(stage: Stage) {
    let world = stage.open(quick()).await;
    let wishes: Vec<_> = (0..40).map(|_| world.wish("pm_card_visa")).collect();
    for wish in &wishes {
        world.send(wish).await;
    }
    for wish in &wishes {
        world.until(wish, Status::Captured).await;
        assert_eq!((world.charges(wish).await, world.ledger(wish).await), (1, (2, 0)));
    }
    assert_eq!(world.heard(80).await.len(), 80);
}

told_everywhere!(
    a_lost_answer_is_found_out_without_a_second_charge,
    a_provider_that_is_down_is_asked_again_under_the_same_key,
    no_answer_in_time_is_unknown_and_not_a_refusal,
    a_crash_before_the_charge_is_made_up_for,
    a_crash_after_the_charge_does_not_charge_again,
    a_crash_while_money_is_given_back_gives_it_back_once,
    a_charge_nobody_wants_any_more_is_not_made_up_for,
    many_at_once_are_each_taken_once,
);
