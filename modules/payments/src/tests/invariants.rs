//! What the database refuses by itself, and what a payment costs it.

use std::time::Duration;

use payments_api::Status;
use sea_orm::ConnectionTrait;

use super::{
    told_everywhere,
    world::{Stage, World, quick},
};

async fn assert_refused(world: &World, sql: &str) {
    let tx = world.db.begin().await.unwrap();
    let refused = tx.execute_unprepared(sql).await;
    assert!(refused.is_err(), "{sql}");
    tx.rollback().await.unwrap();
}

async fn the_database_refuses_impossible_payments_and_a_changed_ledger(stage: Stage) {
    let world = stage.open(quick()).await;
    let wish = world.collect("pm_card_visa", Status::Captured).await;
    let id = wish.payment;
    for change in [
        "refunded = 2000",
        "refund_pending = 1, refunded = 1999",
        "refund_pending = -1",
        "capture_pending = 1",
        "captured = 0",
        "captured = 2000, authorized = 2000",
        "status = 'voided'",
        "status = 'requested'",
        "status = 'paid'",
        "amount = 1",
        "version = 0",
    ] {
        assert_refused(&world, &format!("UPDATE payment SET {change} WHERE id = '{id}'")).await;
    }
    assert_refused(&world, "UPDATE ledger_entry SET amount = 1").await;
    assert_refused(&world, "DELETE FROM ledger_entry").await;
    let again = format!(
        "INSERT INTO ledger_entry (payment_id, posting, account, currency, amount, recorded_at) \
         VALUES ('{id}', 'capture', 'provider', 'EUR', 1999, 0)"
    );
    assert_refused(&world, &again).await;
    let twin = format!(
        "INSERT INTO payment SELECT 'pay_twin', order_id, customer_id, currency, amount, capture, \
         status, attempts, timeline, authorized, capture_pending, captured, refund_pending, \
         refunded, collect, undo, expires_at, due, version, created_at, updated_at \
         FROM payment WHERE id = '{id}'"
    );
    assert_refused(&world, &twin).await;
}

/// Handler 4 (begin, mark, insert, commit), sandbox 3 (begin, upsert, commit), outcome 6 (begin,
/// update, ledger, stream heads, outbox, commit).
const PAYMENT: u64 = 13;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_costs_thirteen_statements() {
    let mut settings = quick();
    settings.reconcile_every = Duration::from_secs(3600);
    let world = Stage::here().open(settings).await;
    let warm = world.collect("pm_card_visa", Status::Captured).await;
    assert_eq!(world.charges(&warm).await, 1);
    let mut cheapest = u64::MAX;
    for round in 1..=3 {
        let before = world.db.statements();
        world.send(&world.wish("pm_card_visa")).await;
        world.hears(2 * (round + 1)).await;
        // The relay removes what was applied now and then, which may fall into a round.
        cheapest = cheapest.min(world.db.statements() - before);
    }
    assert!(cheapest <= PAYMENT, "{cheapest} statements");
}

told_everywhere!(the_database_refuses_impossible_payments_and_a_changed_ledger);
