//! A second card, and a bank that wants to see the customer.

use std::time::Duration;

use payments_api::{ActionDone, Collect, Collected, Error, NewAttempt, Status};

use super::{
    told_everywhere,
    world::{Heard, Stage, quick},
};

fn another(wish: &Collect, token: &str, key: &str) -> NewAttempt {
    let Collect { customer, payment, .. } = *wish;
    NewAttempt { customer, payment, token: token.to_owned(), key: key.to_owned() }
}

fn done(wish: &Collect, action: &str) -> ActionDone {
    let Collect { customer, payment, .. } = *wish;
    ActionDone { customer, payment, action: action.to_owned() }
}

async fn a_second_card_after_a_decline_is_collected_once(stage: Stage) {
    let world = stage.open(quick()).await;
    let wish = world.collect("pm_card_chargeDeclined", Status::Requested).await;

    let poor = another(&wish, "pm_card_chargeDeclinedInsufficientFunds", "k-1");
    let declined = Err(Error::Declined("insufficient_funds".to_owned()));
    assert_eq!(world.payments.attempt(poor.clone()).await, declined);
    assert_eq!(world.payments.attempt(poor).await, declined, "the same key, the same answer");

    let good = another(&wish, "pm_card_visa", "k-2");
    let paid = world.payments.attempt(good.clone()).await.unwrap();
    assert_eq!((paid.status, paid.captured, paid.attempts.len()), (Status::Captured, 1999, 3));
    assert_eq!(world.payments.attempt(good).await, Ok(paid));

    let heard = world.heard(6).await;
    let collected = Heard::Collect(Ok(Collected { payment: wish.payment, amount: wish.amount }));
    assert_eq!(heard.iter().filter(|it| **it == collected).count(), 1, "{heard:?}");
    assert_eq!((world.charges(&wish).await, world.ledger(&wish).await), (1, (2, 0)));
}

async fn a_key_stands_for_one_card_only(stage: Stage) {
    let world = stage.open(quick()).await;
    let wish = world.collect("pm_card_chargeDeclined", Status::Requested).await;
    let first = another(&wish, "pm_card_chargeDeclined", "k");
    assert!(matches!(world.payments.attempt(first).await, Err(Error::Declined(_))));
    let other = world.payments.attempt(another(&wish, "pm_card_visa", "k")).await;
    assert_eq!(other, Err(Error::KeyReused));
    assert_eq!(world.charges(&wish).await, 0);
}

async fn what_is_paid_expired_or_no_token_cannot_be_tried_again(stage: Stage) {
    let world = stage.open(quick()).await;
    let paid = world.collect("pm_card_visa", Status::Captured).await;
    let again = world.payments.attempt(another(&paid, "pm_card_visa", "k")).await;
    assert_eq!(again, Err(Error::NotPayable(Status::Captured)));

    let open = world.collect("pm_card_chargeDeclined", Status::Requested).await;
    let number = world.payments.attempt(another(&open, "4242 4242 4242 4242", "k")).await;
    assert!(matches!(number, Err(Error::Invalid(_))));
    world.clock.advance(Duration::from_secs(901));
    let late = world.payments.attempt(another(&open, "pm_card_visa", "k")).await;
    assert!(matches!(late, Err(Error::Expired(_))), "{late:?}");
    assert_eq!(world.charges(&open).await, 0);
}

async fn two_cards_at_once_are_one_charge(stage: Stage) {
    let world = stage.open(quick()).await;
    let wish = world.collect("pm_card_chargeDeclined", Status::Requested).await;
    let (one, other) = tokio::join!(
        world.payments.attempt(another(&wish, "pm_card_visa", "k-1")),
        world.payments.attempt(another(&wish, "pm_card_visa", "k-2")),
    );
    assert!(one.is_ok() || other.is_ok(), "{one:?} {other:?}");
    world.until(&wish, Status::Captured).await;
    assert_eq!((world.charges(&wish).await, world.ledger(&wish).await), (1, (2, 0)));
}

async fn an_attempt_that_takes_long_is_answered_as_under_way(stage: Stage) {
    let mut settings = quick();
    settings.sandbox.latency = Duration::from_millis(300);
    settings.answer_within = Duration::from_millis(1);
    let world = stage.open(settings).await;
    let wish = world.collect("pm_card_chargeDeclined", Status::Requested).await;
    let under_way = world.payments.attempt(another(&wish, "pm_card_visa", "k-1")).await.unwrap();
    assert_eq!(under_way.status, Status::Processing);
    let third = world.payments.attempt(another(&wish, "pm_card_visa", "k-2")).await;
    assert_eq!(third, Err(Error::InProgress));
    world.until(&wish, Status::Captured).await;
    assert_eq!(world.charges(&wish).await, 1);
}

async fn a_bank_that_wants_the_customer_gets_them_and_then_pays(stage: Stage) {
    let world = stage.open(quick()).await;
    let token = world.token("4000 0025 0000 3155").await;
    let wish = world.collect(&token, Status::RequiresAction).await;
    let action = world.payment(&wish).await.unwrap().next_action.unwrap();
    assert_eq!(action.kind, "authenticate");
    assert_eq!(world.charges(&wish).await, 0);

    let wrong = world.payments.complete_action(done(&wish, "act_7")).await;
    assert_eq!(wrong, Err(Error::UnknownAction));
    let paid = world.payments.complete_action(done(&wish, &action.id)).await.unwrap();
    assert_eq!((paid.status, paid.next_action.clone()), (Status::Captured, None));
    assert_eq!(world.payments.complete_action(done(&wish, &action.id)).await, Ok(paid));
    let collected = Heard::Collect(Ok(Collected { payment: wish.payment, amount: wish.amount }));
    assert!(world.heard(2).await.contains(&collected));
    assert_eq!((world.charges(&wish).await, world.ledger(&wish).await), (1, (2, 0)));
}

told_everywhere!(
    a_second_card_after_a_decline_is_collected_once,
    a_key_stands_for_one_card_only,
    what_is_paid_expired_or_no_token_cannot_be_tried_again,
    two_cards_at_once_are_one_charge,
    an_attempt_that_takes_long_is_answered_as_under_way,
    a_bank_that_wants_the_customer_gets_them_and_then_pays,
);
