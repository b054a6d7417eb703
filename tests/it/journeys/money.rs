//! Money that the staff takes and gives back, and what a bank tells of its own accord.

use futures::future::join;
use serde_json::{Value, json};
use stripe_double::{WEBHOOK_SECRET, Webhook};

use super::{Shop, stripe};
use crate::world::{Patience, Shopper, Stage, euros, fresh_key, href};

/// Money is set aside first, and Stripe is known, though nobody asks it.
pub(super) const MANUAL: Shop = Shop::with(&[
    "payments.capture = \"manual\"",
    "payments.stripe.api_key = \"sk_test_nobody\"",
    "payments.stripe.webhook_secret = [\"whsec_test\"]",
]);

/// The payment of an order as the staff sees it.
pub(super) async fn inspected(admin: &Shopper, order: &Value) -> Value {
    let payment = href(order, "payment").replace("/v1/payments", "/v1/admin/payments");
    admin.get(&payment).await.expect(200)
}

pub(super) async fn money_is_given_back_in_parts_and_never_more_than_was_taken(stage: &Stage) {
    let goods = stage.publish("teapot", 1510, 3).await;
    let (ada, admin) = (stage.shopper("Ada").await, stage.admin().await);
    let order = ada.buy(&goods, 1).await;
    ada.wait_for(&order, "completed").await;
    let payment = inspected(&admin, &order).await;
    assert_eq!(payment["refundable"], euros(2000));

    let (refunds, key) = (href(&payment, "refund"), fresh_key());
    let part = json!({ "amount": euros(500), "reason": "a broken cup" });
    let refund = admin.post_once(refunds, &key, &part).await.expect(201);
    let again = admin.post_once(refunds, &key, &part).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.json(), refund);
    let done = |refund: &Value| refund["status"] == "succeeded";
    let what = "the money is given back";
    admin.until(what, Patience::MESSAGES, href(&refund, "self"), done).await;

    let too_much = json!({ "amount": euros(1501), "reason": "all of it" });
    let refused = admin.post_once(refunds, &fresh_key(), &too_much).await;
    refused.problem(409, "refund-exceeds-captured");
    let payment = inspected(&admin, &order).await;
    assert_eq!((&payment["refunded"], &payment["refundable"]), (&euros(500), &euros(1500)));
    let ledger = admin.get(href(&payment, "ledger")).await.expect(200);
    let entries = ledger["items"].as_array().unwrap();
    assert_eq!(entries.len(), 4, "{ledger}");
    assert_eq!(entries.iter().filter_map(|it| it["amount"]["minor"].as_i64()).sum::<i64>(), 0);
    assert_eq!(ada.follow(&order, "payment").await["refunded"], euros(500));
    ada.get(href(&payment, "ledger")).await.problem(403, "forbidden");
    ada.post_once(refunds, &fresh_key(), &part).await.problem(403, "forbidden");

    let heard = |order: &Value| order["payment_status"] == "partially_refunded";
    let what = "the order has heard of it";
    let order = ada.until(what, Patience::MESSAGES, href(&order, "self"), heard).await;
    assert_eq!(
        (&order["status"], &order["lines"][0]["cancelled"]),
        (&json!("completed"), &json!(0))
    );
    race(&admin.unrecorded("which of two refunds comes first is chance"), refunds).await;
    let back = |payment: &Value| payment["refunded"] == euros(1700);
    ada.payment(&order, back).await;
    assert_eq!(inspected(&admin, &order).await["refundable"], euros(300));
}

/// Two refunds at once that together exceed what is left: one of them is refused.
async fn race(admin: &Shopper, refunds: &str) {
    let part = json!({ "amount": euros(1200), "reason": "two of us answered the letter" });
    let keys = [fresh_key(), fresh_key()];
    let [one, other] = keys.each_ref().map(|key| admin.post_once(refunds, key, &part));
    let (one, other) = join(one, other).await;
    let (given, refused) = if one.status == 201 { (one, other) } else { (other, one) };
    let given = given.expect(201);
    refused.problem(409, "refund-exceeds-captured");
    let done = |refund: &Value| refund["status"] == "succeeded";
    let what = "the money of one is given back";
    admin.until(what, Patience::MESSAGES, href(&given, "self"), done).await;
}

pub(super) async fn what_is_set_aside_is_taken_or_let_go_by_the_staff(stage: &Stage) {
    let goods = stage.publish("samovar", 9900, 3).await;
    let (ada, admin) = (stage.shopper("Ada").await, stage.admin().await);
    let order = ada.buy(&goods, 1).await;
    let payment = ada.payment(&order, |payment| payment["status"] == "authorized").await;
    assert_eq!(payment["captured"], euros(0));
    let heard = |order: &Value| order["payment_status"] == "authorized";
    let what = "the order has heard of the money";
    let order = ada.until(what, Patience::MESSAGES, href(&order, "self"), heard).await;
    assert_eq!(order["status"], "pending");
    let payment = inspected(&admin, &order).await;
    let captured = admin.post_once(href(&payment, "capture"), &fresh_key(), &json!({})).await;
    assert_eq!(captured.expect(200)["captured"], order["totals"]["grand"]);
    ada.wait_for(&order, "completed").await;

    let other = ada.buy(&goods, 1).await;
    ada.payment(&other, |payment| payment["status"] == "authorized").await;
    ada.until(what, Patience::MESSAGES, href(&other, "self"), heard).await;
    let payment = inspected(&admin, &other).await;
    let voided = admin.post(href(&payment, "void"), &json!({})).await.expect(200);
    assert_eq!((&voided["status"], &voided["captured"]), (&json!("voided"), &euros(0)));
    let late = format!("{}/captures", href(&voided, "self"));
    admin.post_once(&late, &fresh_key(), &json!({})).await.problem(409, "conflict");
    let free = |order: &Value| order["payment_status"] == "none" && order["version"] == 4;
    let what = "the order has heard that the money is free";
    let unpaid = ada.until(what, Patience::MESSAGES, href(&other, "self"), free).await;
    assert_eq!(unpaid["status"], "pending");
}

pub(super) async fn what_a_bank_tells_is_taken_once_and_only_from_the_bank(stage: &Stage) {
    let guest = stage.guest();
    let event = stage.own("evt").replace('-', "_");
    let body = json!({ "id": event, "data": { "object": { "metadata": {} } } }).to_string();
    let signed = |secret, ago| Webhook::signed(secret, body.clone(), stripe::now() - ago);
    stripe::tell_unsigned(&guest, &body).await.problem(401, "unauthenticated");
    for (secret, ago) in [("somebody else", 0), (WEBHOOK_SECRET, 86_400)] {
        let refused = stripe::tell(&guest, &signed(secret, ago)).await;
        refused.problem(401, "unauthenticated");
    }
    stripe::tell(&guest, &signed(WEBHOOK_SECRET, 0)).await.expect(200);
    let again = stripe::tell(&guest, &signed(WEBHOOK_SECRET, 0)).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(200), json!({ "received": true }));
    let nobody = guest.post("/v1/webhooks/payments/nobody", &json!({ "id": "evt" })).await;
    nobody.problem(404, "not-found");
}
