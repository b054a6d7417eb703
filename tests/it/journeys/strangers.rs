//! What belongs to somebody else does not exist.

use serde_json::json;

use crate::world::{DECLINED, Stage, VISA, fresh_key, href, text};

pub(super) async fn what_belongs_to_another_customer_is_not_found(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let (ada, eve) = (stage.shopper("Ada").await, stage.shopper("Eve").await);
    let bought = ada.buy(&goods, 1).await;
    let bought = ada.wait_for(&bought, "completed").await;
    let shipment = ada.shipments(&bought).await.remove(0);
    let pending = ada.buy_with(&goods, 1, DECLINED).await;
    let cart = ada.cart_with(&goods, 1).await;

    for link in ["self", "payment"] {
        eve.get(href(&bought, link)).await.problem(404, "not-found");
    }
    eve.get(href(&shipment, "self")).await.problem(404, "not-found");
    eve.get(href(&cart, "self")).await.problem(404, "not-found");
    let line = format!("{}/lines/{}", href(&cart, "self"), goods.variant);
    eve.put(&line, &json!({ "quantity": 9 })).await.problem(404, "not-found");
    let reason = json!({ "reason": "because" });
    eve.post(href(&pending, "cancel"), &reason).await.problem(404, "not-found");
    let card = json!({ "token": VISA });
    eve.post_once(href(&pending, "pay"), &fresh_key(), &card).await.problem(404, "not-found");
    let wish = eve.wish(&cart, VISA).await;
    eve.place(&wish).await.problem(404, "not-found");
    let theirs = eve.get(href(&bought, "deliveries")).await;
    assert!(theirs.status == 404 || theirs.json()["items"] == json!([]), "{theirs:?}");

    assert_eq!(ada.declined(&pending).await["status"], "pending");
    assert_eq!(ada.follow(&cart, "self").await["lines"][0]["quantity"], 1);
}

pub(super) async fn an_address_book_is_its_owners_business(stage: &Stage) {
    let (ada, eve) = (stage.shopper("Ada").await, stage.shopper("Eve").await);
    let goods = stage.publish("teapot", 1999, 10).await;
    let entry = json!({ "label": "home", "address": crate::world::address() });
    let entry = ada.post("/v1/users/me/addresses", &entry).await.expect(201);
    let path = format!("/v1/users/me/addresses/{}", text(&entry["id"]));
    ada.get(&path).await.expect(200);
    eve.get(&path).await.problem(404, "not-found");
    let cart = eve.cart_with(&goods, 1).await;
    let mut wish = eve.wish(&cart, VISA).await;
    wish.as_object_mut().unwrap().remove("address");
    wish["address_id"] = entry["id"].clone();
    eve.place(&wish).await.problem(422, "validation-failed");
}

pub(super) async fn a_customer_is_not_staff(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let eve = stage.shopper("Eve").await;
    let gift = json!({ "variant": goods.variant, "change": 1, "reason": "a gift" });
    let answer = eve.post_once("/v1/admin/stock-movements", "gift", &gift).await;
    answer.problem(403, "forbidden");
    let category = json!({ "slug": stage.own("eves"), "name": "Eve's own" });
    eve.post("/v1/admin/categories", &category).await.problem(403, "forbidden");
    stage.guest().post("/v1/admin/categories", &category).await.problem(401, "unauthenticated");
}
