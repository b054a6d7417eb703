//! Everything goes wrong that can, and the process dies again and again. In the end the books are right.

use std::time::Duration;

use futures::future::join_all;
use payments_api::{Capture, CaptureMode, Collect, NewAttempt, Status};

use super::{
    told_everywhere,
    world::{Stage, World, quick},
};
use crate::Settings;

/// How often the process dies, and how many ask for money in each of its lives.
const LIVES: usize = 8;
const WISHES: usize = 12;

fn broken() -> Settings {
    let mut settings = quick();
    settings.patience = Duration::from_millis(200);
    settings.answer_within = Duration::from_millis(20);
    settings.reconcile_pause = Duration::from_millis(40);
    settings.sandbox.latency = Duration::from_millis(2);
    settings.sandbox.answers_after = Duration::from_millis(2);
    settings.sandbox.refuse_percent = 20;
    settings.sandbox.silent_percent = 20;
    settings.sandbox.webhooks.send = true;
    settings.sandbox.webhooks.delay = Duration::from_millis(50);
    settings.sandbox.webhooks.twice_percent = 30;
    settings.sandbox.webhooks.forged_percent = 30;
    settings
}

/// Whatever people do to a payment, at any time.
async fn meddle(world: &World, wish: &Collect) {
    let Collect { customer, payment, .. } = *wish;
    match rand::random_range(0..6) {
        0 => world.void(wish).await,
        1 => world.send(wish).await,
        2 => {
            let (token, key) =
                ("pm_card_visa".to_owned(), format!("k{}", rand::random_range(0..3)));
            drop(world.payments.attempt(NewAttempt { customer, payment, token, key }).await);
        }
        3 => drop(world.payments.capture(Capture { payment, amount: None }).await),
        4 => drop(world.payments.release(payment).await),
        _ => drop(world.give_back(wish, rand::random_range(1..1999)).await),
    }
}

async fn money_is_neither_made_nor_lost(stage: Stage) {
    let mut stage = stage;
    let cards = ["pm_card_visa", "pm_card_visa", "pm_card_chargeDeclined", "pm_card_pendingRefund"];
    let mut wishes: Vec<Collect> = Vec::new();
    for life in 0..LIVES {
        let mut settings = broken();
        settings.capture = if life % 2 == 0 { CaptureMode::Automatic } else { CaptureMode::Manual };
        let world = stage.open(settings).await;
        for number in 0..WISHES {
            let wish = world.wish(cards[number % cards.len()]);
            world.send(&wish).await;
            wishes.push(wish);
        }
        for _ in 0..3 {
            let chosen: Vec<_> =
                (0..WISHES).map(|_| &wishes[rand::random_range(0..wishes.len())]).collect();
            join_all(chosen.into_iter().map(|wish| meddle(&world, wish))).await;
            tokio::time::sleep(Duration::from_millis(rand::random_range(0..30))).await;
            world.clock.advance(Duration::from_millis(30));
        }
        stage = world.crash().await;
    }
    let world = stage.open(quick()).await;
    for wish in &wishes {
        let settled = async || {
            world.clock.advance(Duration::from_millis(30));
            world.payment(wish).await.is_some_and(|payment| {
                payment.status != Status::Processing && payment.refund_pending == 0
            })
        };
        testkit::eventually("a payment is settled", Duration::from_secs(60), settled).await;
    }
    world.heard(0).await;
    let wrong =
        |of: &str, condition: &str| format!("SELECT COUNT(*) AS n FROM {of} WHERE {condition}");
    let ledger = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS n FROM ledger_entry";
    assert_eq!(world.number(ledger).await, 0);
    let payments = [
        "status = 'processing' OR refund_pending > 0",
        "undo IS NOT NULL AND status NOT IN ('voided', 'failed', 'expired')",
        "captured - refunded <> (SELECT COALESCE(SUM(amount), 0) FROM ledger_entry \
         WHERE payment_id = payment.id AND account = 'provider')",
        "refunded <> (SELECT COALESCE(SUM(amount), 0) FROM refund \
         WHERE payment_id = payment.id AND status = 'succeeded')",
    ];
    for condition in payments {
        let all_is_done = async || world.number(&wrong("payment", condition)).await == 0;
        testkit::eventually(condition, Duration::from_secs(20), all_is_done).await;
    }
    for wish in &wishes {
        assert!(world.charges(wish).await <= 1, "{wish:?}");
        let payment = world.payment(wish).await.unwrap();
        let kept = format!(
            "SELECT CAST(COALESCE(SUM(captured - refunded), 0) AS BIGINT) AS n FROM sandbox_charge \
             WHERE idempotency_key LIKE '{}:%'",
            wish.payment
        );
        assert_eq!(world.banked(&kept).await, payment.captured - payment.refunded, "{payment:?}");
    }
}

told_everywhere!(money_is_neither_made_nor_lost);
