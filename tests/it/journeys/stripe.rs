//! Orders that are paid by Stripe, played by a server in its shape: what it is asked, and what it tells.

use std::time::{Duration, Instant, SystemTime};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use stripe_double::{Server, WEBHOOK_SECRET, Webhook};

use super::Shop;
use crate::world::{
    Answer, Browser, DECLINED, Patience, Shopper, Stage, VISA, euros, eventually, fresh_key, href,
    text,
};

/// A shop whose money comes by Stripe. What became of a charge it learns by the answer or by a webhook: nobody
/// looks for what is unknown before all journeys are over.
pub(super) const STRIPE: Shop = Shop::with(&[
    "payments.provider = \"stripe\"",
    "payments.stripe.url = \"{stripe}\"",
    "payments.stripe.api_key = \"sk_test_1\"",
    "payments.stripe.webhook_secret = [\"whsec_test\"]",
    "payments.stripe.return_url = \"https://shop.example/back\"",
    "payments.reconcile_after = \"15m\"",
]);

/// A card whose bank wants to see the customer.
const AUTHENTICATION: &str = "pm_card_authenticationRequired";
/// A card that pays, of which the answer never comes.
const ANSWER_LOST: &str = "pm_card_answerLost";

pub(super) async fn stripe_is_asked_once_for_an_order_and_gives_money_back(stage: &Stage) {
    let goods = stage.publish("teapot", 1510, 3).await;
    let (ada, admin) = (stage.shopper("Ada").await, stage.admin().await);
    let order = ada.buy_with(&goods, 1, DECLINED).await;
    let order = ada.declined(&order).await;
    let card = json!({ "token": VISA });
    ada.post_once(href(&order, "pay"), &fresh_key(), &card).await.expect(200);
    let order = ada.wait_for(&order, "completed").await;
    let payment = ada.follow(&order, "payment").await;
    assert_eq!(payment["captured"], order["totals"]["grand"]);
    let name = text(&payment["id"]);
    assert_eq!(stripe(stage).kept_of(name), (2000, 1));

    let inspected = format!("/v1/admin/payments/{name}");
    let inspected = admin.get(&inspected).await.expect(200);
    let part = json!({ "amount": euros(700), "reason": "a broken cup" });
    let refund = admin.post_once(href(&inspected, "refund"), &fresh_key(), &part).await.expect(201);
    let done = |refund: &Value| refund["status"] == "succeeded";
    let what = "the money is given back";
    admin.until(what, Patience::MESSAGES, href(&refund, "self"), done).await;
    assert_eq!(stripe(stage).kept_of(name), (1300, 1));
}

pub(super) async fn a_bank_that_has_seen_the_customer_tells_it_in_any_order(stage: &Stage) {
    let (ada, order, payment) = bought_with(stage, AUTHENTICATION).await;
    let (bank, name) = (stage.guest(), text(&payment["id"]));
    let seen = |payment: &Value| payment["status"] == "requires_action";
    let payment = ada.payment(&order, seen).await;
    assert_eq!(payment["next_action"]["url"], "https://bank.example/3ds");
    let early = ada.post(href(&payment, "complete"), &json!({})).await;
    early.problem(409, "payment-action-required");
    let stale = stripe(stage).webhook(name, now());

    stripe(stage).authenticate(name);
    let told = stripe(stage).webhook(name, now());
    let forged = Webhook::signed("a guess", told.body.clone(), now());
    tell(&bank, &forged).await.problem(401, "unauthenticated");
    let replayed = Webhook::signed(WEBHOOK_SECRET, told.body.clone(), now() - 86_400);
    tell(&bank, &replayed).await.problem(401, "unauthenticated");
    tell(&bank, &told).await.expect(200);
    ada.wait_for(&order, "completed").await;
    assert_eq!(tell(&bank, &told).await.header("idempotent-replayed"), "true");
    // What was true before comes last.
    tell(&bank, &stale).await.expect(200);
    let payment = ada.follow(&order, "payment").await;
    assert_eq!((&payment["status"], &payment["captured"]), (&json!("captured"), &euros(2489)));
    assert_eq!(stripe(stage).kept_of(name), (2489, 1));
}

pub(super) async fn a_charge_whose_answer_is_lost_is_told_by_webhook(stage: &Stage) {
    let (ada, order, payment) = bought_with(stage, ANSWER_LOST).await;
    let name = text(&payment["id"]);
    let charged = async || (stripe(stage).kept_of(name).1 == 1).then_some(());
    eventually("it is charged", Patience::MESSAGES, charged).await;
    let told = stripe(stage).webhook(name, now());
    tell(&stage.guest(), &told).await.expect(200);
    let order = ada.wait_for(&order, "completed").await;
    let payment = ada.follow(&order, "payment").await;
    assert_eq!(payment["captured"], order["totals"]["grand"]);
    assert_eq!(payment["attempts"].as_array().unwrap().len(), 1, "{payment}");
    assert_eq!(stripe(stage).kept_of(name), (2489, 1));
}

pub(super) async fn a_webhook_is_answered_before_stripe_is_asked(stage: &Stage) {
    /// How long Stripe is waited for: `payments.patience`.
    const PATIENCE: Duration = Duration::from_secs(5);
    const TOLD: usize = 21;
    let (ada, order, payment) = bought_with(stage, AUTHENTICATION).await;
    let name = text(&payment["id"]);
    ada.payment(&order, |payment| payment["status"] == "requires_action").await;
    stripe(stage).authenticate(name);
    stripe(stage).unreadable(name);
    let bank = stage.guest().unrecorded("each webhook is told the same");
    let mut took = Vec::new();
    for _ in 0..TOLD {
        let (told, begun) = (stripe(stage).webhook(name, now()), Instant::now());
        tell(&bank, &told).await.expect(200);
        took.push(begun.elapsed());
    }
    took.sort();
    let (median, longest) = (took[TOLD / 2], took[TOLD - 1]);
    eprintln!("webhooks were answered in {median:.1?}, the slowest in {longest:.1?}");
    assert!(median < PATIENCE, "{took:?}");
    let waits = ada.follow(&order, "payment").await;
    assert_eq!(waits["status"], "requires_action", "it is not believed, Stripe is asked");
    stripe(stage).readable(name);
    ada.wait_for(&order, "completed").await;
    assert_eq!(stripe(stage).kept_of(name), (2489, 1));
}

/// Somebody who has bought something with this card, the order, and its payment, however far it has got.
async fn bought_with(stage: &Stage, card: &str) -> (Shopper, Value, Value) {
    let goods = stage.publish("teapot", 1999, 3).await;
    let ada = stage.shopper("Ada").await;
    let order = ada.buy_with(&goods, 1, card).await;
    let looking = ada.unrecorded("how far a payment has got when it is known is chance");
    let payment = looking.payment(&order, |_| true).await;
    (ada, order, payment)
}

fn stripe(stage: &Stage) -> &Server {
    stage.stripe().expect("its settings say where Stripe is")
}

/// Sends what Stripe tells, as it has signed it.
pub(super) async fn tell(bank: &Browser, told: &Webhook) -> Answer {
    let request = told_by(bank, &told.body).header("Stripe-Signature", &told.signature);
    bank.send(request).await.unwrap()
}

/// Sends what nobody has signed.
pub(super) async fn tell_unsigned(bank: &Browser, body: &str) -> Answer {
    bank.send(told_by(bank, body)).await.unwrap()
}

fn told_by(bank: &Browser, body: &str) -> RequestBuilder {
    let request = bank.request(Method::POST, "/v1/webhooks/payments/stripe");
    request.header("Content-Type", "application/json").body(body.to_owned())
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    i64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap()
}
