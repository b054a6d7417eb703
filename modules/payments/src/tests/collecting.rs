//! Asking for money.

use payments_api::{AttemptStatus, Collected, Declined, Error, PaymentOf, Status};

use super::{
    told_everywhere,
    world::{Heard, Stage, quick},
};

async fn a_good_card_is_charged_once_and_everybody_hears_of_it(stage: Stage) {
    let world = stage.open(quick()).await;
    let wish = world.collect("pm_card_visa", Status::Captured).await;

    let payment = world.payment(&wish).await.unwrap();
    assert_eq!((payment.captured, payment.refunded), (1999, 0));
    assert_eq!(payment.attempts[0].status, AttemptStatus::Succeeded);
    let heard = world.heard(2).await;
    let collected = Collected { payment: wish.payment, amount: wish.amount };
    assert_eq!(heard.len(), 2);
    assert!(heard.contains(&Heard::Collect(Ok(collected))));
    assert!(heard.contains(&Heard::Completed(wish.payment)));
    assert_eq!(world.charges(&wish).await, 1);
    assert_eq!(world.ledger(&wish).await, (2, 0));
}

async fn every_bad_card_is_declined_with_its_reason_and_leaves_the_payment_open(stage: Stage) {
    let world = stage.open(quick()).await;
    let cards = [
        ("4000 0000 0000 0002", "card_declined"),
        ("4000 0000 0000 9995", "insufficient_funds"),
        ("4000 0000 0000 0069", "expired_card"),
        ("4000 0000 0000 0127", "incorrect_cvc"),
        ("4000 0000 0000 0119", "processing_error"),
    ];
    for (index, (number, reason)) in cards.into_iter().enumerate() {
        let token = world.token(number).await;
        let wish = world.collect(&token, Status::Requested).await;
        let payment = world.payment(&wish).await.unwrap();
        assert_eq!(payment.attempts[0].decline_code.as_deref(), Some(reason));
        assert_eq!(payment.captured, 0);
        let heard = world.heard(2 * (index + 1)).await;
        let declined = Declined { payment: wish.payment, decline_code: reason.to_owned() };
        assert!(heard.contains(&Heard::Collect(Err(declined))));
        assert!(heard.contains(&Heard::Failed(wish.payment, reason.to_owned())));
        assert_eq!((world.charges(&wish).await, world.ledger(&wish).await), (0, (0, 0)));
    }
}

async fn a_wish_that_comes_twice_takes_the_money_once(stage: Stage) {
    let world = stage.open(quick()).await;
    let wish = world.wish("pm_card_visa");
    world.send(&wish).await;
    world.send(&wish).await;
    world.until(&wish, Status::Captured).await;
    world.send(&wish).await;
    let collected = Heard::Collect(Ok(Collected { payment: wish.payment, amount: wish.amount }));
    let heard = world.heard(3).await;
    assert!(heard.iter().filter(|it| **it == collected).count() >= 2, "{heard:?}");
    assert_eq!(heard.iter().filter(|it| **it == Heard::Completed(wish.payment)).count(), 1);
    assert_eq!((world.charges(&wish).await, world.ledger(&wish).await), (1, (2, 0)));
}

async fn a_wish_that_comes_too_late_takes_nothing(stage: Stage) {
    let world = stage.open(quick()).await;
    let mut wish = world.wish("pm_card_visa");
    wish.until = world.in_seconds(0);
    world.send(&wish).await;
    world.until(&wish, Status::Requested).await;
    let declined = Declined { payment: wish.payment, decline_code: "expired".to_owned() };
    assert_eq!(world.heard(1).await, [Heard::Collect(Err(declined))]);
    assert_eq!(world.charges(&wish).await, 0);
}

async fn a_card_number_instead_of_a_token_is_declined_and_not_kept(stage: Stage) {
    let world = stage.open(quick()).await;
    let wish = world.collect("4242424242424242", Status::Requested).await;
    assert_eq!(world.payment(&wish).await.unwrap().attempts, []);
    let declined = Declined { payment: wish.payment, decline_code: "invalid_token".to_owned() };
    assert_eq!(world.heard(1).await, [Heard::Collect(Err(declined))]);
}

async fn an_order_has_one_live_payment(stage: Stage) {
    let world = stage.open(quick()).await;
    let first = world.collect("pm_card_visa", Status::Captured).await;
    let mut second = world.wish("pm_card_visa");
    second.order = first.order;
    world.send(&second).await;
    let decline_code = "order_has_payment".to_owned();
    let declined = Declined { payment: second.payment, decline_code };
    assert!(world.heard(3).await.contains(&Heard::Collect(Err(declined))));
    assert_eq!(world.charges(&second).await, 0);
}

async fn somebody_elses_payment_is_nobodys(stage: Stage) {
    let world = stage.open(quick()).await;
    let wish = world.collect("pm_card_visa", Status::Captured).await;
    let which = PaymentOf { customer: kernel::Ids::system().next(), payment: wish.payment };
    let unknown = Err(Error::UnknownPayment(wish.payment));
    assert_eq!(world.payments.payment(which).await, unknown);
}

told_everywhere!(
    a_good_card_is_charged_once_and_everybody_hears_of_it,
    every_bad_card_is_declined_with_its_reason_and_leaves_the_payment_open,
    a_wish_that_comes_twice_takes_the_money_once,
    a_wish_that_comes_too_late_takes_nothing,
    a_card_number_instead_of_a_token_is_declined_and_not_kept,
    an_order_has_one_live_payment,
    somebody_elses_payment_is_nobodys,
);
