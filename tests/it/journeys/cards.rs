//! Cards that do not pay at once.

use serde_json::{Value, json};

use super::Shop;
use crate::world::{DECLINED, Patience, Stage, VISA, eventually, fresh_key, href, text};

/// The provider carries out the first request without answering, and nobody waits for it for long.
pub(super) const SILENT: Shop = Shop::with(&[
    "payments.sandbox.silent = 1",
    "payments.patience = \"100ms\"",
    "payments.reconcile_after = \"500ms\"",
    "log.filter = \"debug\"",
]);

/// A card whose bank wants to see the customer.
const AUTHENTICATION: &str = "pm_card_authenticationRequired";

pub(super) async fn a_declined_card_leaves_the_order_payable_and_another_one_completes_it(
    stage: &Stage,
) {
    let goods = stage.publish("teapot", 1999, 3).await;
    let ada = stage.shopper("Ada").await;
    let order = ada.buy_with(&goods, 1, DECLINED).await;

    let declined = |payment: &Value| payment["attempts"][0]["status"] == "declined";
    let payment = ada.payment(&order, declined).await;
    assert_eq!(payment["attempts"][0]["decline_code"], "card_declined");
    assert_eq!(payment["captured"]["minor"], 0);
    let order = ada.declined(&order).await;
    assert_eq!((&order["status"], &order["payment_status"]), (&json!("pending"), &json!("none")));
    assert_eq!(ada.available(&goods).await, 2, "its stock is still held");

    let pay = href(&order, "pay");
    let broke = json!({ "token": "pm_card_chargeDeclinedInsufficientFunds" });
    ada.post_once(pay, &fresh_key(), &broke).await.problem(402, "payment-declined");

    let token = json!({ "card_number": "4242 4242 4242 4242" });
    let token = ada.post("/v1/payment-tokens", &token).await.expect(200);
    let card = json!({ "token": token["token"] });
    let paid = ada.post_once(pay, &fresh_key(), &card).await.expect(200);
    assert_eq!(paid["status"], "captured");
    let order = ada.wait_for(&order, "completed").await;
    assert_eq!(ada.shipments(&order).await.len(), 1);
    assert_eq!(ada.available(&goods).await, 2);
}

pub(super) async fn a_payment_that_needs_the_customer_goes_on_when_the_customer_has_acted(
    stage: &Stage,
) {
    let goods = stage.publish("teapot", 1999, 3).await;
    let ada = stage.shopper("Ada").await;
    let order = ada.buy_with(&goods, 1, AUTHENTICATION).await;
    let payment = ada.payment(&order, |payment| payment["status"] == "requires_action").await;
    assert_eq!(payment["next_action"]["kind"], "authenticate");
    let attempts = format!("{}/attempts", href(&payment, "self"));
    let other = json!({ "token": VISA });
    let busy = ada.post_once(&attempts, &fresh_key(), &other).await;
    busy.problem(409, "payment-action-required");
    ada.post(href(&payment, "complete"), &json!({})).await.expect(200);
    let order = ada.wait_for(&order, "completed").await;
    assert_eq!(ada.follow(&order, "payment").await["captured"], order["totals"]["grand"]);
}

pub(super) async fn a_payment_fails_when_too_many_cards_were_declined(stage: &Stage) {
    /// `payments.attempts`.
    const CARDS: usize = 10;
    let goods = stage.publish("teapot", 1999, 3).await;
    let ada = stage.shopper("Ada").await;
    let order = ada.buy_with(&goods, 1, DECLINED).await;
    let order = ada.declined(&order).await;
    let (pay, broke) = (href(&order, "pay"), json!({ "token": DECLINED }));
    let stubborn = ada.unrecorded("each card is told the same");
    for _ in 1..CARDS {
        stubborn.post_once(pay, &fresh_key(), &broke).await.problem(402, "payment-declined");
    }
    let payment = ada.payment(&order, |payment| payment["status"] == "failed").await;
    assert_eq!(payment["attempts"].as_array().unwrap().len(), CARDS, "{payment}");
    let late = json!({ "token": VISA });
    ada.post_once(pay, &fresh_key(), &late).await.problem(409, "conflict");
    assert_eq!(ada.follow(&order, "payment").await["captured"]["minor"], 0);
}

pub(super) async fn a_charge_whose_answer_is_lost_is_neither_lost_nor_repeated(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 3).await;
    let ada = stage.shopper("Ada").await;
    let order = ada.buy(&goods, 1).await;
    let order = ada.wait_for(&order, "completed").await;
    let payment = ada.follow(&order, "payment").await;
    assert_eq!(payment["captured"], order["totals"]["grand"]);
    assert_eq!(payment["attempts"].as_array().unwrap().len(), 1, "{payment}");
}

pub(super) async fn the_number_of_a_card_is_nowhere_in_the_log(stage: &Stage) {
    let ada = stage.shopper("Ada").await;
    let card = json!({ "card_number": "4242424242424242" });
    let token = ada.post("/v1/payment-tokens", &card).await.expect(200);
    assert_eq!(text(&token["last4"]), "4242");
    let logged = async || stage.log().contains("/v1/payment-tokens").then_some(());
    eventually("the request is in a log", Patience::MESSAGES, logged).await;
    assert!(!stage.log().contains("4242424242424242"));
}
