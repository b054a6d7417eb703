//! Taking no money any more, whatever state a payment is in.

use std::time::Duration;

use payments_api::{ActionDone, Collect, Declined, Error, NewAttempt, Status};

use super::{
    told_everywhere,
    world::{Heard, Stage, World, quick},
};

fn voided_wish(wish: &Collect) -> Heard {
    let decline_code = "voided".to_owned();
    Heard::Collect(Err(Declined { payment: wish.payment, decline_code }))
}

/// Nothing is kept, the books say so, and the sender was told.
async fn assert_given_back(world: &World, wish: &Collect) {
    let payment = world.until(wish, Status::Voided).await;
    assert_eq!(payment.captured, payment.refunded);
    assert_eq!(world.kept(wish).await, 0);
    let (rows, sum) = world.ledger(wish).await;
    assert_eq!(sum, 0);
    assert_eq!(rows, if payment.captured > 0 { 4 } else { 0 });
    assert!(world.charges(wish).await <= 1);
}

async fn a_payment_voided_before_it_was_asked_for_takes_nothing_later(stage: Stage) {
    let world = stage.open(quick()).await;
    let wish = world.wish("pm_card_visa");
    world.void(&wish).await;
    world.until(&wish, Status::Voided).await;
    world.send(&wish).await;
    assert_eq!(world.heard(2).await, [Heard::Voided, voided_wish(&wish)]);
    assert_eq!(world.charges(&wish).await, 0);
}

async fn an_open_payment_is_closed_at_once(stage: Stage) {
    let world = stage.open(quick()).await;
    let wish = world.collect("pm_card_chargeDeclined", Status::Requested).await;
    world.heard(2).await;
    world.void(&wish).await;
    assert_given_back(&world, &wish).await;
    assert_eq!(world.heard(3).await[2], Heard::Voided);
    let Collect { customer, payment, .. } = wish;
    let (token, key) = ("pm_card_visa".to_owned(), "k".to_owned());
    let again = world.payments.attempt(NewAttempt { customer, payment, token, key }).await;
    assert_eq!(again, Err(Error::NotPayable(Status::Voided)));
}

async fn what_was_taken_is_given_back_once(stage: Stage) {
    let world = stage.open(quick()).await;
    let wish = world.collect("pm_card_visa", Status::Captured).await;
    world.heard(2).await;
    world.void(&wish).await;
    world.void(&wish).await;
    assert_given_back(&world, &wish).await;
    world.void(&wish).await;
    let heard = world.heard(6).await;
    let count = |it: &Heard| heard.iter().filter(|heard| *heard == it).count();
    assert_eq!(count(&Heard::Voided), 3, "{heard:?}");
    assert_eq!(count(&Heard::Refunded(wish.payment, 1999)), 1, "{heard:?}");
    let payment = world.payment(&wish).await.unwrap();
    assert_eq!((payment.captured, payment.refunded), (1999, 1999));
    assert_eq!((world.charges(&wish).await, world.ledger(&wish).await), (1, (4, 0)));
}

async fn a_payment_that_waits_for_the_customer_is_ended(stage: Stage) {
    let world = stage.open(quick()).await;
    let wish = world.collect("pm_card_authenticationRequired", Status::RequiresAction).await;
    let action = world.payment(&wish).await.unwrap().next_action.unwrap().id;
    world.void(&wish).await;
    assert_given_back(&world, &wish).await;
    assert_eq!(world.heard(1).await, [Heard::Voided]);
    let Collect { customer, payment, .. } = wish;
    let done = world.payments.complete_action(ActionDone { customer, payment, action }).await;
    assert!(done.is_err(), "{done:?}");
    assert_eq!(world.charges(&wish).await, 0);
}

async fn what_is_unknown_is_found_out_and_then_given_back(stage: Stage) {
    let mut settings = quick();
    settings.sandbox.silent = 1;
    settings.reconcile_after = Duration::from_secs(3600);
    let world = stage.open(settings).await;
    let wish = world.collect("pm_card_visa", Status::Processing).await;
    testkit::eventually("the card is charged", Duration::from_secs(20), async || {
        world.charges(&wish).await == 1
    })
    .await;
    world.void(&wish).await;
    assert_given_back(&world, &wish).await;
    assert!(world.heard(2).await.contains(&Heard::Voided));
    assert_eq!((world.charges(&wish).await, world.ledger(&wish).await), (1, (4, 0)));
}

async fn a_void_that_races_with_the_charge_leaves_nothing_taken(stage: Stage) {
    let mut settings = quick();
    settings.sandbox.latency = Duration::from_millis(5);
    let world = stage.open(settings).await;
    let mut wishes = Vec::new();
    for round in 0..12 {
        let wish = world.wish("pm_card_visa");
        world.send(&wish).await;
        for _ in 0..round * 10 {
            tokio::task::yield_now().await;
        }
        world.void(&wish).await;
        wishes.push(wish);
    }
    for wish in &wishes {
        assert_given_back(&world, wish).await;
    }
    let heard = world.heard(12).await;
    assert_eq!(heard.iter().filter(|it| **it == Heard::Voided).count(), 12);
}

told_everywhere!(
    a_payment_voided_before_it_was_asked_for_takes_nothing_later,
    an_open_payment_is_closed_at_once,
    what_was_taken_is_given_back_once,
    a_payment_that_waits_for_the_customer_is_ended,
    what_is_unknown_is_found_out_and_then_given_back,
    a_void_that_races_with_the_charge_leaves_nothing_taken,
);
