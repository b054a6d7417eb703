//! Money that comes when what it was for is not held any more.

use serde_json::{Value, json};

use super::Shop;
use crate::world::{DECLINED, Goods, Patience, Shopper, Stage, VISA, fresh_key, href};

/// Holds are taken back as soon as they end, and nobody looks for orders that were not paid in time.
pub(super) const FORGETFUL: Shop = Shop::with(&[
    "orders.hold = \"3s\"",
    "orders.sweep = \"1h\"",
    "products.hold_grace = \"0s\"",
    "products.sweep_every = \"100ms\"",
]);

pub(super) async fn what_is_paid_late_is_held_again_if_it_is_still_there(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let (ada, order) = not_held_any_more(stage, &goods, 4).await;
    let card = json!({ "token": VISA });
    ada.post_once(href(&order, "pay"), &fresh_key(), &card).await.expect(200);
    let order = ada.wait_for(&order, "completed").await;
    assert_eq!(order["payment_status"], "paid");
    ada.wait_for_stock(&goods, 6, Patience::MESSAGES).await;
}

pub(super) async fn what_is_paid_late_and_sold_out_is_given_back(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let (ada, order) = not_held_any_more(stage, &goods, 4).await;
    let rival = stage.shopper("Rival").await;
    let theirs = rival.buy(&goods, 8).await;
    rival.wait_for(&theirs, "completed").await;

    let late = ada.unrecorded("how much of it has happened when it is answered is chance");
    let card = json!({ "token": VISA });
    let answer = late.post_once(href(&order, "pay"), &fresh_key(), &card).await;
    assert!(answer.status.is_success(), "{answer:?}");
    let what = "the order is rejected and its money given back";
    let over =
        |order: &Value| order["status"] == "rejected" && order["payment_status"] == "refunded";
    let order = ada.until(what, Patience::MESSAGES, href(&order, "self"), over).await;
    let back = |payment: &Value| payment["status"] == "voided";
    let payment = ada.payment(&order, back).await;
    assert_eq!(
        (&payment["captured"], &payment["refunded"]),
        (&order["totals"]["grand"], &order["totals"]["grand"])
    );
    ada.wait_for_stock(&goods, 2, Patience::MESSAGES).await;
    let cancellation = format!("{}/cancellation", href(&order, "self"));
    let no = json!({ "reason": "too late" });
    ada.post(&cancellation, &no).await.problem(409, "order-not-cancellable");
}

/// Somebody whose card was declined, and whose order holds nothing any more.
async fn not_held_any_more(stage: &Stage, goods: &Goods, quantity: u32) -> (Shopper, Value) {
    let ada = stage.shopper("Ada").await;
    let order = ada.buy_with(goods, quantity, DECLINED).await;
    let order = ada.declined(&order).await;
    ada.wait_for_stock(goods, 10, Patience::MESSAGES).await;
    (ada, order)
}
