//! Payments by Stripe's HTTP API, against a server in its shape.

use std::time::Duration;

use kernel::{Clock, Currency, Money};
use payments_api::{
    ActionDone, AttemptStatus, Capture, CaptureMode, Collect, Error, RefundOf, RefundStatus,
    Status, Webhook,
};
use stripe_double::{API_KEY, Fault, Server, WEBHOOK_SECRET};

use super::{
    told_everywhere,
    world::{Heard, Stage, World, quick},
};
use crate::{ProviderName, Secret, Settings};

fn by(server: &Server) -> Settings {
    let mut settings = quick();
    settings.provider = ProviderName::Stripe;
    settings.patience = Duration::from_millis(500);
    settings.reconcile_pause = Duration::from_millis(100);
    settings.stripe.url.clone_from(&server.url);
    settings.stripe.api_key = Some(Secret::from(API_KEY));
    settings.stripe.webhook_secret = vec![Secret::from(WEBHOOK_SECRET)];
    settings.stripe.return_url = Some("https://shop.example/back?from=bank".to_owned());
    settings
}

async fn shop(stage: Stage) -> (Server, World) {
    let server = Server::start().unwrap();
    let settings = by(&server);
    (server, stage.open(settings).await)
}

async fn a_card_is_charged_once_as_stripe_wants_to_be_asked(stage: Stage) {
    let (server, world) = shop(stage).await;
    let wish = world.collect("pm_card_visa", Status::Captured).await;
    let payment = world.payment(&wish).await.unwrap();
    let attempt = &payment.attempts[0];
    assert_eq!((attempt.provider.as_str(), attempt.status), ("stripe", AttemptStatus::Succeeded));
    assert_eq!(attempt.provider_ref.as_deref(), Some("pi_000001"));
    assert_eq!(server.kept(), (1999, 1));
    assert_eq!(world.ledger(&wish).await, (2, 0));
    assert!(world.heard(2).await.contains(&Heard::Completed(wish.payment)));
    let form = payments_api::Card { number: "4242424242424242".to_owned() };
    let refused = world.payments.tokenize(form).await;
    assert!(matches!(refused, Err(Error::UnknownProvider(_))), "Stripe has its own form");
    assert_eq!(server.wrong(), Vec::<String>::new());
}

async fn declined_cards_leave_the_payment_open_with_stripes_reason(stage: Stage) {
    let (server, world) = shop(stage).await;
    for (token, reason) in [
        ("pm_card_chargeDeclined", "card_declined"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
        ("tok_nonsense", "resource_missing"),
    ] {
        let wish = world.collect(token, Status::Requested).await;
        let payment = world.payment(&wish).await.unwrap();
        assert_eq!(payment.attempts[0].decline_code.as_deref(), Some(reason), "{token}");
    }
    assert_eq!((server.kept(), server.wrong()), ((0, 0), Vec::new()));
}

async fn what_is_set_aside_is_taken_in_part_and_given_back_in_parts(stage: Stage) {
    let server = Server::start().unwrap();
    let settings = Settings { capture: CaptureMode::Manual, ..by(&server) };
    let world = stage.open(settings).await;
    let wish = world.collect("pm_card_visa", Status::Authorized).await;
    assert_eq!(server.kept(), (0, 0));
    let amount = Some(Money::new(1500, Currency::EUR));
    let captured = world.payments.capture(Capture { payment: wish.payment, amount }).await.unwrap();
    assert_eq!((captured.status, captured.captured), (Status::Captured, 1500));
    world.give_back(&wish, 400).await.unwrap();
    world.give_back(&wish, 100).await.unwrap();
    world.void(&wish).await;
    world.until(&wish, Status::Voided).await;
    assert_eq!((server.kept(), world.ledger(&wish).await), ((0, 1), (8, 0)));

    let wish = world.collect("pm_card_visa", Status::Authorized).await;
    assert_eq!(world.payments.release(wish.payment).await.unwrap().status, Status::Voided);
    assert_eq!((server.kept(), server.wrong()), ((0, 1), Vec::new()));
}

async fn a_refund_under_way_is_read_again_instead_of_asked_for_again(stage: Stage) {
    let (server, world) = shop(stage).await;
    let wish = world.collect("pm_card_pendingRefund", Status::Captured).await;
    let refund = world.give_back(&wish, 700).await.unwrap();
    let which = RefundOf { payment: wish.payment, refund: refund.id };
    let named = async || {
        world.number("SELECT COUNT(*) AS n FROM refund WHERE provider_ref IS NOT NULL").await == 1
    };
    testkit::eventually("the refund has a name", Duration::from_secs(20), named).await;
    assert_eq!(world.payments.refund(which).await.unwrap().status, RefundStatus::Pending);
    server.settle_refunds();
    let done = async || {
        world.payments.refund(which).await.is_ok_and(|it| it.status == RefundStatus::Succeeded)
    };
    testkit::eventually("the refund is through", Duration::from_secs(20), done).await;
    assert_eq!((server.kept(), world.ledger(&wish).await), ((1299, 1), (4, 0)));
}

async fn whatever_goes_wrong_on_the_way_the_card_is_charged_once(stage: Stage) {
    let (server, world) = shop(stage).await;
    let faults = [Fault::Refuse, Fault::Fail, Fault::Hang];
    for first in faults {
        for second in faults {
            // Creating the intent goes wrong, then finding it or confirming it does.
            server.fail([first, second]);
            let wish = world.wish("pm_card_visa");
            world.send(&wish).await;
            world.until(&wish, Status::Captured).await;
            assert_eq!(world.ledger(&wish).await, (2, 0), "{first:?} {second:?}");
        }
    }
    assert_eq!(server.kept(), (1999 * 9, 9));
    assert_eq!(server.wrong(), Vec::<String>::new());
}

async fn a_confirmation_whose_answer_is_lost_is_found_out(stage: Stage) {
    let (server, world) = shop(stage).await;
    let mut wishes = Vec::new();
    for after in [Fault::Fail, Fault::Hang] {
        let wish = world.wish("pm_card_visa");
        let before = server.kept().1;
        server.confirmations(after);
        world.send(&wish).await;
        world.until(&wish, Status::Captured).await;
        assert_eq!(server.kept().1, before + 1);
        wishes.push(wish);
    }
    for wish in &wishes {
        assert_eq!(world.ledger(wish).await, (2, 0));
    }
    assert_eq!(server.wrong(), Vec::<String>::new());
}

async fn what_nobody_wants_any_more_is_ended_or_given_back(stage: Stage) {
    let (server, world) = shop(stage).await;
    for fault in [Fault::Refuse, Fault::Fail, Fault::Hang] {
        for confirmed in [false, true] {
            let wish = world.wish("pm_card_visa");
            match confirmed {
                true => server.confirmations(fault),
                false => server.fail([fault]),
            }
            world.send(&wish).await;
            world.void(&wish).await;
            let payment = world.until(&wish, Status::Voided).await;
            assert_eq!(payment.captured, payment.refunded, "{fault:?} {confirmed}");
            assert_eq!(server.kept().0, 0, "{fault:?} {confirmed}");
        }
    }
    assert_eq!(server.wrong(), Vec::<String>::new());
}

async fn a_bank_that_has_seen_the_customer_tells_by_webhook(stage: Stage) {
    let (server, world) = shop(stage).await;
    let wish = world.collect("pm_card_authenticationRequired", Status::RequiresAction).await;
    let Collect { customer, payment, .. } = wish;
    let action = world.payment(&wish).await.unwrap().next_action.unwrap();
    assert_eq!(action.url.as_deref(), Some("https://bank.example/3ds"));
    let done = ActionDone { customer, payment, action: action.id };
    let early = world.payments.complete_action(done.clone()).await;
    assert_eq!(early, Err(Error::ActionRequired));
    assert_eq!(server.kept(), (0, 0));

    server.authenticate(&payment.to_string());
    let stripe_double::Webhook { signature, body } =
        server.webhook(&payment.to_string(), world.clock.now().micros() / 1_000_000);
    let told = Webhook { provider: "stripe".to_owned(), signature: Some(signature), body };
    assert!(!world.payments.notice(told.clone()).await.unwrap().again);
    world.until(&wish, Status::Captured).await;
    assert!(world.payments.notice(told).await.unwrap().again);
    assert_eq!(server.kept(), (1999, 1));
    assert_eq!(world.ledger(&wish).await, (2, 0));
}

async fn a_key_that_stripe_does_not_accept_takes_nothing_and_forgets_nothing(stage: Stage) {
    let server = Server::start().unwrap();
    let mut settings = by(&server);
    settings.stripe.api_key = Some(Secret::from("sk_test_wrong"));
    let world = stage.open(settings).await;
    let wish = world.collect("pm_card_visa", Status::Processing).await;
    let world = world.crash().await.open(by(&server)).await;
    world.until(&wish, Status::Captured).await;
    assert_eq!(server.kept(), (1999, 1));
}

told_everywhere!(
    a_card_is_charged_once_as_stripe_wants_to_be_asked,
    declined_cards_leave_the_payment_open_with_stripes_reason,
    what_is_set_aside_is_taken_in_part_and_given_back_in_parts,
    a_refund_under_way_is_read_again_instead_of_asked_for_again,
    whatever_goes_wrong_on_the_way_the_card_is_charged_once,
    a_confirmation_whose_answer_is_lost_is_found_out,
    what_nobody_wants_any_more_is_ended_or_given_back,
    a_bank_that_has_seen_the_customer_tells_by_webhook,
    a_key_that_stripe_does_not_accept_takes_nothing_and_forgets_nothing,
);
