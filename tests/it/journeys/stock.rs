//! Stock is held, sold, given back, and never sold twice.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::Shop;
use crate::world::{DECLINED, Patience, Stage, VISA, href};

/// Who does not pay soon does not get it. Payments has had time to hear of the order by then, whatever else the
/// machine carries: otherwise the customer would get more of it.
pub(super) const HASTY: Shop = Shop::with(&["orders.hold = \"20s\"", "orders.sweep = \"100ms\""]);

pub(super) async fn an_order_that_is_not_paid_in_time_expires_and_frees_its_stock(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 5).await;
    let ada = stage.shopper("Ada").await;
    let order = ada.buy_with(&goods, 3, DECLINED).await;
    assert_eq!(ada.available(&goods).await, 2);
    let order = ada.wait_for(&order, "expired").await;
    assert_eq!(order["payment_status"], "none");
    ada.wait_for_stock(&goods, 5, Patience::MESSAGES).await;
    let late = json!({ "reason": "too late" });
    let cancellation = format!("{}/cancellation", href(&order, "self"));
    ada.post(&cancellation, &late).await.problem(409, "order-not-cancellable");
}

pub(super) async fn cancelling_a_pending_order_frees_its_stock(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 5).await;
    let ada = stage.shopper("Ada").await;
    let order = ada.buy_with(&goods, 3, DECLINED).await;
    assert_eq!(ada.available(&goods).await, 2);
    let order = ada.declined(&order).await;
    let cancel = href(&order, "cancel");
    let reason = json!({ "reason": "found it cheaper" });
    let cancelled = ada.post(cancel, &reason).await.expect(200);
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(ada.post(cancel, &reason).await.expect(200)["status"], "cancelled");
    ada.wait_for_stock(&goods, 5, Patience::MESSAGES).await;
}

pub(super) async fn cancelling_a_completed_order_gives_everything_back(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 5).await;
    let ada = stage.shopper("Ada").await;
    let order = ada.buy(&goods, 1).await;
    let completed = ada.wait_for(&order, "completed").await;
    ada.shipments(&completed).await;
    let cancel = ada.request(Method::POST, href(&completed, "cancel"));
    let cancel = cancel.header("Prefer", "wait=30").json(&json!({ "reason": "regret" }));
    let chance = ada.unrecorded("which of its parts are noted before it is over is chance");
    let answer = chance.send(cancel).await.unwrap();
    assert_eq!(answer.header("preference-applied"), "wait=30");
    let order = answer.expect(200);
    assert_eq!(
        (&order["status"], &order["payment_status"]),
        (&json!("cancelled"), &json!("refunded"))
    );
    ada.wait_for_stock(&goods, 5, Patience::MESSAGES).await;
    assert_eq!(ada.shipments(&completed).await[0]["status"], "cancelled");
}

pub(super) async fn a_cancellation_is_under_way_until_everything_is_given_back(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 5).await;
    let ada = stage.shopper("Ada").await;
    let order = ada.buy(&goods, 2).await;
    let completed = ada.wait_for(&order, "completed").await;
    ada.shipments(&completed).await;
    let regret = json!({ "reason": "regret" });
    let under_way = ada.post(href(&completed, "cancel"), &regret).await.expect(200);
    assert_eq!(
        (&under_way["status"], &under_way["payment_status"]),
        (&json!("cancelling"), &json!("paid"))
    );
    assert!(under_way["_links"].get("cancel").is_none(), "{under_way}");
    let chance = ada.unrecorded("which of its parts are noted before it is over is chance");
    let over = |order: &Value| order["status"] == "cancelled";
    let place = href(&order, "self");
    let order = chance.until("it is cancelled", Patience::MESSAGES, place, over).await;
    assert_eq!(
        (&order["payment_status"], &order["delivery_status"]),
        (&json!("refunded"), &json!("none"))
    );
    ada.wait_for_stock(&goods, 5, Patience::MESSAGES).await;
}

pub(super) async fn too_little_stock_is_a_conflict_that_names_the_lines(stage: &Stage) {
    let plenty = stage.publish("teapot", 1999, 100).await;
    let scarce = stage.publish("samovar", 9900, 2).await;
    let ada = stage.shopper("Ada").await;
    ada.cart_with(&plenty, 1).await;
    let cart = ada.cart_with(&scarce, 3).await;
    assert_eq!(cart["requirements"][0]["code"], "insufficient-stock");
    let wish = ada.wish(&cart, VISA).await;
    let problem = ada.place(&wish).await.problem(409, "insufficient-stock");
    let errors = problem["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{problem}");
    assert_eq!(errors[0]["pointer"], "/lines/1");
    assert_eq!(ada.available(&plenty).await, 100, "all lines or none");
}

pub(super) async fn fifty_buyers_at_once_get_the_last_five_and_no_more(stage: &Stage) {
    let goods = stage.publish("samovar", 9900, 5).await;
    let names: Vec<String> = (0..50).map(|number| format!("Buyer {number}")).collect();
    let crowd = stage.unrecorded("which of them comes first is chance");
    let buyers = join_all(names.iter().map(|name| crowd.shopper(name))).await;
    let wishes = join_all(buyers.iter().map(async |buyer| {
        let cart = buyer.cart_with(&goods, 1).await;
        (buyer, buyer.wish(&cart, VISA).await)
    }))
    .await;
    let answers = join_all(wishes.iter().map(|(buyer, wish)| buyer.place(wish))).await;

    let mut orders = Vec::new();
    for ((buyer, _), answer) in wishes.iter().zip(answers) {
        match answer.status.as_u16() {
            201 => orders.push((buyer, answer.json())),
            _ => drop(answer.problem(409, "insufficient-stock")),
        }
    }
    assert_eq!(orders.len(), 5);
    for (buyer, order) in &orders {
        buyer.wait_for(order, "completed").await;
    }
    let admin = stage.admin().await;
    assert_eq!(admin.available(&goods).await, 0);
    let received = json!({ "variant": goods.variant, "change": 2, "reason": "a delivery" });
    let level = admin.post_once("/v1/admin/stock-movements", "delivery-1", &received).await;
    let level = level.expect(200);
    assert_eq!(level["available"], 2, "nothing was sold that was not there: {level}");
}
