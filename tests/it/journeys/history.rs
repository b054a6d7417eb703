//! What customers see of everything that they have ordered.

use serde_json::json;

use crate::world::{DECLINED, Patience, Stage, text};

pub(super) async fn whoever_has_bought_nothing_sees_nothing(stage: &Stage) {
    let (ada, bob) = (stage.shopper("Ada").await, stage.shopper("Bob").await);
    let goods = stage.publish("teapot", 1999, 10).await;
    let order = bob.buy(&goods, 1).await;
    let none = ada.get("/v1/orders").await.expect(200);
    assert_eq!(none["items"], json!([]));
    let timeline = format!("/v1/orders/{}/timeline", text(&order["id"]));
    ada.get(&timeline).await.problem(404, "not-found");
    stage.guest().get("/v1/orders").await.problem(401, "unauthenticated");
    ada.get("/v1/orders?status=lost").await.problem(422, "validation-failed");
}

pub(super) async fn a_timeline_tells_what_became_of_an_order(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let ada = stage.shopper("Ada").await;
    let order = ada.buy(&goods, 2).await;
    let order = ada.wait_for(&order, "completed").await;
    ada.shipments(&order).await;
    let path = format!("/v1/orders/{}/timeline", text(&order["id"]));
    let whole = |timeline: &serde_json::Value| timeline["items"].as_array().unwrap().len() == 4;
    let looking = ada.unrecorded("moments are told as they come");
    let timeline = looking.until("four things are told", Patience::MESSAGES, &path, whole).await;
    let told = timeline["items"].as_array().unwrap().iter();
    let told: Vec<&str> = told.map(|moment| text(&moment["what"])).collect();
    let expected = ["order-placed", "payment-completed", "order-completed", "shipment-prepared"];
    assert_eq!(told, expected);
    let first = ada.get(&format!("{path}?limit=1")).await.expect(200);
    assert_eq!(first["items"][0], timeline["items"][0]);
    assert!(first["next_cursor"].is_string());
}

pub(super) async fn a_list_knows_what_its_reader_knows(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let ada = stage.shopper("Ada").await;
    let paid = ada.buy(&goods, 1).await;
    let paid = ada.wait_for(&paid, "completed").await;
    ada.shipments(&paid).await;
    let open = ada.buy_with(&goods, 3, DECLINED).await;
    let reader = ada.unrecorded("how far the list is ahead of what is asked is chance");
    let position = format!("{}.{}", text(&open["id"]), open["version"]);
    let list = reader.get(&format!("/v1/orders?after_position={position}")).await.expect(200);
    assert_eq!(list["items"][0]["id"], open["id"], "{list}");
    assert_eq!(list["items"][0]["total"], open["totals"]["grand"]);

    let done = "/v1/orders?status=completed&payment_status=paid&delivery_status=preparing";
    let found = |list: &serde_json::Value| list["items"].as_array().unwrap().len() == 1;
    let list = reader.until("the list knows all of it", Patience::MESSAGES, done, found).await;
    assert_eq!(list["items"][0]["id"], paid["id"]);
    let page = reader.get("/v1/orders?limit=1").await.expect(200);
    assert_eq!(page["items"][0]["id"], open["id"]);
    let rest = format!("/v1/orders?limit=1&cursor={}", text(&page["next_cursor"]));
    assert_eq!(reader.get(&rest).await.expect(200)["items"][0]["id"], paid["id"]);
}
