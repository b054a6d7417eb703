//! Money that is set aside first and taken when the staff says so.

use std::time::Duration;

use kernel::{Currency, Money};
use payments_api::{ActionDone, Capture, CaptureMode, Collect, Collected, Declined, Error, Status};

use super::{
    told_everywhere,
    world::{Heard, Stage, World, quick},
};
use crate::Settings;

fn manual() -> Settings {
    Settings { capture: CaptureMode::Manual, ..quick() }
}

fn eur(minor: i64) -> Option<Money> {
    Some(Money::new(minor, Currency::EUR))
}

async fn capture(
    world: &World,
    wish: &Collect,
    amount: Option<Money>,
) -> payments_api::Result<Status> {
    let captured = world.payments.capture(Capture { payment: wish.payment, amount }).await;
    captured.map(|payment| payment.status)
}

async fn what_is_set_aside_is_taken_when_the_staff_says_so(stage: Stage) {
    let world = stage.open(manual()).await;
    let wish = world.collect("pm_card_visa", Status::Authorized).await;
    assert_eq!(world.heard(1).await, [Heard::Authorized(wish.payment)]);
    let payment = world.payment(&wish).await.unwrap();
    assert_eq!((payment.authorized, payment.captured), (1999, 0));
    assert_eq!((world.charges(&wish).await, world.ledger(&wish).await), (0, (0, 0)));

    assert_eq!(capture(&world, &wish, None).await, Ok(Status::Captured));
    assert_eq!(capture(&world, &wish, None).await, Ok(Status::Captured), "twice is once");
    let collected = Collected { payment: wish.payment, amount: wish.amount };
    let heard = world.heard(3).await;
    assert!(heard.contains(&Heard::Collect(Ok(collected))), "{heard:?}");
    assert!(heard.contains(&Heard::Completed(wish.payment)), "{heard:?}");
    assert_eq!((world.charges(&wish).await, world.ledger(&wish).await), (1, (2, 0)));
    assert_eq!(
        world.payments.release(wish.payment).await,
        Err(Error::NotVoidable(Status::Captured))
    );
}

async fn a_part_may_be_taken_and_the_rest_is_let_go(stage: Stage) {
    let world = stage.open(manual()).await;
    let wish = world.collect("pm_card_visa", Status::Authorized).await;
    for wrong in [eur(0), eur(2000), Some(Money::new(1, Currency::JPY))] {
        assert!(matches!(capture(&world, &wish, wrong).await, Err(Error::Invalid(_))));
    }
    assert_eq!(capture(&world, &wish, eur(1500)).await, Ok(Status::Captured));
    let payment = world.payment(&wish).await.unwrap();
    assert_eq!((payment.authorized, payment.captured), (1999, 1500));
    let again = capture(&world, &wish, eur(499)).await;
    assert_eq!(again, Err(Error::NotCapturable(Status::Captured)));
    let amount = Money::new(1500, Currency::EUR);
    let collected = Collected { payment: wish.payment, amount };
    assert!(world.heard(3).await.contains(&Heard::Collect(Ok(collected))));
    let more = world.give_back(&wish, 1501).await;
    assert_eq!(more, Err(Error::RefundExceedsCaptured(amount)));
    world.void(&wish).await;
    let payment = world.until(&wish, Status::Voided).await;
    assert_eq!((payment.captured, payment.refunded), (1500, 1500));
    assert_eq!(world.ledger(&wish).await, (4, 0));
}

async fn the_staff_lets_go_of_what_is_set_aside(stage: Stage) {
    let world = stage.open(manual()).await;
    let wish = world.collect("pm_card_visa", Status::Authorized).await;
    let released = world.payments.release(wish.payment).await.unwrap();
    assert_eq!((released.status, released.captured), (Status::Voided, 0));
    assert_eq!(world.payments.release(wish.payment).await.unwrap().status, Status::Voided);
    assert_eq!(capture(&world, &wish, None).await, Err(Error::NotCapturable(Status::Voided)));
    let declined = Declined { payment: wish.payment, decline_code: "voided".to_owned() };
    let heard = world.heard(3).await;
    assert!(heard.contains(&Heard::Collect(Err(declined))), "{heard:?}");
    assert_eq!((world.charges(&wish).await, world.ledger(&wish).await), (0, (0, 0)));
    let open = world.collect("pm_card_chargeDeclined", Status::Requested).await;
    let nothing = world.payments.release(open.payment).await;
    assert_eq!(nothing, Err(Error::NotVoidable(Status::Requested)));
    assert_eq!(capture(&world, &open, None).await, Err(Error::NotCapturable(Status::Requested)));
}

async fn an_order_that_is_given_up_lets_go_of_what_is_set_aside(stage: Stage) {
    let world = stage.open(manual()).await;
    let wish = world.collect("pm_card_visa", Status::Authorized).await;
    world.void(&wish).await;
    let payment = world.until(&wish, Status::Voided).await;
    assert_eq!((payment.captured, payment.refunded), (0, 0));
    assert_eq!(world.heard(2).await, [Heard::Authorized(wish.payment), Heard::Voided]);
    assert_eq!((world.charges(&wish).await, world.ledger(&wish).await), (0, (0, 0)));
}

async fn a_capture_whose_answer_is_lost_is_found_out(stage: Stage) {
    let world = stage.open(manual()).await;
    let wish = world.collect("pm_card_visa", Status::Authorized).await;
    let mut settings = manual();
    settings.sandbox.silent = 2;
    settings.answer_within = Duration::from_millis(1);
    let world = world.crash().await.open(settings).await;
    assert_eq!(capture(&world, &wish, None).await, Ok(Status::Authorized));
    world.until(&wish, Status::Captured).await;
    assert_eq!((world.charges(&wish).await, world.ledger(&wish).await), (1, (2, 0)));
}

async fn a_capture_and_a_void_at_once_leave_nothing_half_done(stage: Stage) {
    let mut settings = manual();
    settings.sandbox.silent_percent = 30;
    let world = stage.open(settings).await;
    for _ in 0..6 {
        let wish = world.collect("pm_card_visa", Status::Authorized).await;
        let (_, ()) = tokio::join!(capture(&world, &wish, None), world.void(&wish));
        let payment = world.until(&wish, Status::Voided).await;
        assert_eq!(payment.captured, payment.refunded);
        assert_eq!(world.kept(&wish).await, 0);
        assert_eq!(world.ledger(&wish).await.1, 0);
    }
}

async fn money_that_the_bank_does_not_hold_any_more_cannot_be_taken(stage: Stage) {
    let world = stage.open(manual()).await;
    let wish = world.collect("pm_card_visa", Status::Authorized).await;
    let lapsed = format!(
        "UPDATE sandbox_charge SET status = 'cancelled' WHERE idempotency_key = '{}:1'",
        wish.payment
    );
    world.bank(&lapsed).await;
    assert_eq!(capture(&world, &wish, None).await, Ok(Status::Failed));
    let decline_code = "authorization_expired".to_owned();
    let heard = world.heard(3).await;
    assert!(heard.contains(&Heard::Failed(wish.payment, decline_code)), "{heard:?}");
    assert_eq!(world.ledger(&wish).await, (0, 0));
}

async fn a_bank_that_wants_the_customer_sets_aside_afterwards(stage: Stage) {
    let world = stage.open(manual()).await;
    let wish = world.collect("pm_card_authenticationRequired", Status::RequiresAction).await;
    let Collect { customer, payment, .. } = wish;
    let action = world.payment(&wish).await.unwrap().next_action.unwrap().id;
    let done = ActionDone { customer, payment, action };
    let went_on = world.payments.complete_action(done).await.unwrap();
    assert_eq!(went_on.status, Status::Authorized);
    assert_eq!(capture(&world, &wish, None).await, Ok(Status::Captured));
}

told_everywhere!(
    what_is_set_aside_is_taken_when_the_staff_says_so,
    a_part_may_be_taken_and_the_rest_is_let_go,
    the_staff_lets_go_of_what_is_set_aside,
    an_order_that_is_given_up_lets_go_of_what_is_set_aside,
    a_capture_whose_answer_is_lost_is_found_out,
    a_capture_and_a_void_at_once_leave_nothing_half_done,
    money_that_the_bank_does_not_hold_any_more_cannot_be_taken,
    a_bank_that_wants_the_customer_sets_aside_afterwards,
);
