//! Giving back a part, and another, and never more than was taken.

use futures::future::join_all;
use kernel::{Currency, Money};
use payments_api::{
    Error, LedgerOf, NewRefund, PaymentRecord, Refund, RefundOf, RefundStatus, Status,
};

use super::{
    told_everywhere,
    world::{Heard, Stage, World, quick},
};

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

async fn settled(world: &World, refund: &Refund) -> Refund {
    let which = RefundOf { payment: refund.payment, refund: refund.id };
    let done = async || {
        world.payments.refund(which).await.is_ok_and(|it| it.status != RefundStatus::Pending)
    };
    testkit::eventually("the refund is settled", std::time::Duration::from_secs(20), done).await;
    world.payments.refund(which).await.unwrap()
}

async fn a_payment_is_given_back_in_parts_and_the_books_say_so(stage: Stage) {
    let world = stage.open(quick()).await;
    let wish = world.collect("pm_card_visa", Status::Captured).await;
    let first = world.give_back(&wish, 500).await.unwrap();
    assert_eq!((first.amount, first.status), (eur(500), RefundStatus::Pending));
    assert_eq!(settled(&world, &first).await.status, RefundStatus::Succeeded);
    let second = world.give_back(&wish, 1499).await.unwrap();
    assert_eq!(settled(&world, &second).await.status, RefundStatus::Succeeded);
    let more = world.give_back(&wish, 1).await;
    assert_eq!(more, Err(Error::RefundExceedsCaptured(eur(0))));

    let payment = world.until(&wish, Status::Captured).await;
    assert_eq!((payment.captured, payment.refunded, payment.refund_pending), (1999, 1999, 0));
    assert_eq!(payment.refunds.len(), 2);
    let heard = world.heard(4).await;
    for amount in [500, 1499] {
        assert!(heard.contains(&Heard::Refunded(wish.payment, amount)), "{heard:?}");
    }
    assert_eq!((world.kept(&wish).await, world.ledger(&wish).await), (0, (6, 0)));

    let mut page = kernel::PageRequest { limit: 4, after: None };
    let which = |page| LedgerOf { payment: wish.payment, page };
    let start = world.payments.ledger(which(page.clone())).await.unwrap();
    page.after = start.next;
    let rest = world.payments.ledger(which(page)).await.unwrap();
    assert_eq!((start.items.len(), rest.items.len(), rest.next), (4, 2, None));
    let entries: Vec<_> = start.items.into_iter().chain(rest.items).collect();
    assert_eq!(entries.iter().map(|entry| entry.amount.minor).sum::<i64>(), 0);
    assert_eq!(entries[0].posting, "capture");
    assert_eq!(entries[5].posting, format!("refund:{}", second.id));
}

async fn two_refunds_at_once_never_exceed_what_was_taken(stage: Stage) {
    let world = stage.open(quick()).await;
    for round in 0..5 {
        let wish = world.collect("pm_card_visa", Status::Captured).await;
        let both = join_all([1200, 1200].map(|minor| world.give_back(&wish, minor))).await;
        let (done, refused): (Vec<_>, Vec<_>) = both.into_iter().partition(Result::is_ok);
        assert_eq!(done.len(), 1, "round {round}");
        assert_eq!(refused, [Err(Error::RefundExceedsCaptured(eur(799)))]);
        let done = settled(&world, done[0].as_ref().unwrap()).await;
        assert_eq!(done.status, RefundStatus::Succeeded);
        let of_it = format!(
            "SELECT refunded AS n FROM sandbox_charge WHERE idempotency_key = '{}:1'",
            wish.payment
        );
        assert_eq!(world.banked(&of_it).await, 1200);
        assert_eq!(world.ledger(&wish).await, (4, 0));
    }
}

async fn many_small_refunds_at_once_are_each_given_back_once(stage: Stage) {
    let mut settings = quick();
    settings.sandbox.silent_percent = 30;
    settings.sandbox.refuse_percent = 30;
    let world = stage.open(settings).await;
    let wish = world.wish("pm_card_visa");
    world.send(&wish).await;
    world.until(&wish, Status::Captured).await;
    let all = join_all((0..8).map(|_| world.give_back(&wish, 300))).await;
    let (done, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    // One that met another five times in a row was told so; the others were reserved or too much.
    assert!(!done.is_empty() && done.len() <= 6, "{done:?} {refused:?}");
    for refund in &done {
        let refund = settled(&world, refund.as_ref().unwrap()).await;
        assert_eq!(refund.status, RefundStatus::Succeeded);
    }
    let given = 300 * i64::try_from(done.len()).unwrap();
    let payment = world.payment(&wish).await.unwrap();
    assert_eq!((payment.refunded, payment.refund_pending), (given, 0));
    assert_eq!(
        world.banked("SELECT CAST(SUM(refunded) AS BIGINT) AS n FROM sandbox_charge").await,
        given
    );
}

async fn a_refund_that_the_provider_refuses_frees_its_amount(stage: Stage) {
    let world = stage.open(quick()).await;
    let token = world.token("4000 0000 0000 5126").await;
    let wish = world.collect(&token, Status::Captured).await;
    let refund = world.give_back(&wish, 1999).await.unwrap();
    assert_eq!(settled(&world, &refund).await.status, RefundStatus::Failed);
    let payment = world.payment(&wish).await.unwrap();
    assert_eq!((payment.refunded, payment.refund_pending), (0, 0));
    assert_eq!(world.ledger(&wish).await, (2, 0));
    world.give_back(&wish, 1999).await.unwrap();
}

async fn a_refund_that_takes_longer_is_asked_about_until_it_is_through(stage: Stage) {
    let world = stage.open(quick()).await;
    let token = world.token("4000 0000 0000 7726").await;
    let wish = world.collect(&token, Status::Captured).await;
    let refund = world.give_back(&wish, 700).await.unwrap();
    assert_eq!(settled(&world, &refund).await.status, RefundStatus::Succeeded);
    assert_eq!(world.ledger(&wish).await, (4, 0));
}

async fn closing_a_payment_gives_back_what_refunds_have_left(stage: Stage) {
    let world = stage.open(quick()).await;
    let wish = world.collect("pm_card_visa", Status::Captured).await;
    let refund = world.give_back(&wish, 500).await.unwrap();
    world.void(&wish).await;
    let payment = world.until(&wish, Status::Voided).await;
    assert_eq!((payment.captured, payment.refunded), (1999, 1999));
    assert_eq!(settled(&world, &refund).await.status, RefundStatus::Succeeded);
    let heard = world.heard(5).await;
    assert!(heard.contains(&Heard::Voided), "{heard:?}");
    assert!(heard.contains(&Heard::Refunded(wish.payment, 1499)), "{heard:?}");
    assert_eq!((world.kept(&wish).await, world.ledger(&wish).await), (0, (6, 0)));
    assert!(matches!(world.give_back(&wish, 1).await, Err(Error::RefundExceedsCaptured(_))));

    // All of it is back already.
    let wish = world.collect("pm_card_visa", Status::Captured).await;
    settled(&world, &world.give_back(&wish, 1999).await.unwrap()).await;
    world.void(&wish).await;
    let payment = world.until(&wish, Status::Voided).await;
    assert_eq!((payment.refunded, payment.refunds.len()), (1999, 1));
}

async fn a_refund_of_nothing_or_in_other_money_or_of_another_payment_is_none(stage: Stage) {
    let world = stage.open(quick()).await;
    let wish = world.collect("pm_card_visa", Status::Captured).await;
    let wishes =
        [(eur(0), "x"), (eur(-1), "x"), (Money::new(1, Currency::JPY), "x"), (eur(1), " ")];
    for (amount, reason) in wishes {
        let refund = NewRefund { payment: wish.payment, amount, reason: reason.to_owned() };
        let refused = world.payments.give_back(refund).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
    let open = world.collect("pm_card_chargeDeclined", Status::Requested).await;
    let nothing = world.give_back(&open, 1).await;
    assert_eq!(nothing, Err(Error::RefundExceedsCaptured(eur(0))));
    let refund = world.give_back(&wish, 1).await.unwrap();
    let other = RefundOf { payment: open.payment, refund: refund.id };
    assert_eq!(world.payments.refund(other).await, Err(Error::UnknownRefund(refund.id)));
}

async fn copies_are_told_what_was_announced(stage: Stage) {
    let world = stage.open(quick()).await;
    let wish = world.collect("pm_card_visa", Status::Captured).await;
    settled(&world, &world.give_back(&wish, 500).await.unwrap()).await;
    let page = world.payments.records(kernel::PageRequest::default()).await.unwrap();
    let [PaymentRecord { payment, timeline }] = &page.items[..] else { panic!("{page:?}") };
    assert_eq!((payment.id, payment.refunds.len()), (wish.payment, 1));
    let told: Vec<_> = timeline
        .iter()
        .map(|it| (it.what.as_str(), it.detail.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(told, [("payment-completed", "19.99 EUR"), ("payment-refunded", "5.00 EUR")]);
    assert_eq!((timeline[0].version.0, timeline[1].version), (2, payment.version));
}

told_everywhere!(
    a_payment_is_given_back_in_parts_and_the_books_say_so,
    two_refunds_at_once_never_exceed_what_was_taken,
    many_small_refunds_at_once_are_each_given_back_once,
    a_refund_that_the_provider_refuses_frees_its_amount,
    a_refund_that_takes_longer_is_asked_about_until_it_is_through,
    closing_a_payment_gives_back_what_refunds_have_left,
    a_refund_of_nothing_or_in_other_money_or_of_another_payment_is_none,
    copies_are_told_what_was_announced,
);
