//! Looking at orders, waiting for them, and what staff do with them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{
    Answer, Browser, DECLINED, Shopper, Stage, VISA, address, euros, fresh_key, href, text,
};

/// Places an order and prefers to wait until its card was charged or declined.
async fn place_and_wait(buyer: &Shopper, wish: &Value) -> Value {
    let place = buyer.request(Method::POST, "/v1/orders");
    let place = place.header("Idempotency-Key", fresh_key()).header("Prefer", "wait=30");
    let answer = buyer.send(place.json(wish)).await.unwrap();
    assert_eq!(answer.header("preference-applied"), "wait=30");
    let position = answer.header("position").to_owned();
    let order = answer.expect(201);
    assert!(position.starts_with(&format!("{}.", text(&order["id"]))), "{position}");
    order
}

pub(super) async fn whoever_prefers_to_wait_is_told_how_it_ended(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 5).await;
    let (ada, eve) = (stage.shopper("Ada").await, stage.shopper("Eve").await);
    let cart = ada.cart_with(&goods, 1).await;
    let order = place_and_wait(&ada, &ada.wish(&cart, VISA).await).await;
    assert_eq!((&order["status"], &order["payment_status"]), (&json!("completed"), &json!("paid")));

    let cart = eve.cart_with(&goods, 1).await;
    let order = place_and_wait(&eve, &eve.wish(&cart, DECLINED).await).await;
    assert_eq!((&order["status"], &order["payment_status"]), (&json!("pending"), &json!("none")));
}

pub(super) async fn the_way_of_an_order_is_told_as_it_happens(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 5).await;
    let ada = stage.shopper("Ada").await;
    let order = ada.buy(&goods, 1).await;
    let events = href(&order, "events");
    // The stream ends when the purchase is settled.
    let answer = ada.unrecorded("how many changes one event tells is chance").get(events).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let told: Vec<Value> = answer
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    let moments = told.iter().flat_map(|event| event["moments"].as_array().unwrap());
    let moments: Vec<_> = moments.map(|moment| text(&moment["what"])).collect();
    assert_eq!(moments, ["order-placed", "payment-collected", "order-completed"]);
    assert_eq!(told.last().unwrap()["status"], "completed");

    let all = ada.get(events).await;
    assert!(all.text.starts_with("id: 3\nevent: progress\ndata: {"), "{}", all.text);
    let again = ada.request(Method::GET, events).header("Last-Event-ID", "3");
    assert_eq!(ada.send(again).await.unwrap().status, 204);
}

pub(super) async fn staff_find_orders_look_into_them_and_cancel_them(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 5).await;
    let (ada, admin) = (stage.shopper("Ada").await, stage.admin().await);
    let order = ada.buy_with(&goods, 2, DECLINED).await;
    let order = ada.declined(&order).await;
    let me = ada.get("/v1/users/me").await.expect(200);
    let list = format!("/v1/admin/orders?status=pending&customer_id={}", text(&me["id"]));
    let found = admin.get(&list).await.expect(200);
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
    let found = &found["items"][0];
    assert_eq!((&found["id"], &found["customer_id"]), (&order["id"], &me["id"]));
    let record = admin.follow(found, "self").await;
    assert_eq!(record["timeline"][1]["detail"], "card_declined");
    let reason = json!({ "reason": "the customer called" });
    let cancelled = admin.post(href(found, "cancel"), &reason).await.expect(200);
    assert_eq!(cancelled["status"], "cancelled");
    ada.get(&list).await.problem(403, "forbidden");
}

/// A request of a shopper without an account.
async fn ask(
    browser: &Browser,
    token: &str,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Answer {
    let request = browser.request(method, path).header("Guest-Token", token);
    let request = request.header("Idempotency-Key", fresh_key()).header("Prefer", "wait=30");
    let request = if let Some(body) = body { request.json(body) } else { request };
    browser.send(request).await.unwrap()
}

pub(super) async fn a_guest_buys_without_an_account_and_finds_the_order_again(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 5).await;
    let guest = stage.guest();
    let cart = guest.post("/v1/carts", &json!({})).await.expect(201);
    let token = text(&cart["guest_token"]).to_owned();
    guest.get(href(&cart, "self")).await.problem(401, "unauthenticated");
    let line = format!("{}/lines/{}", href(&cart, "self"), goods.variant);
    let quantity = json!({ "quantity": 1 });
    let cart = ask(&guest, &token, Method::PUT, &line, Some(&quantity)).await.expect(200);
    assert!(cart.get("guest_token").is_none(), "it is said once");
    let quotes = format!("{}?country=DE", href(&cart, "delivery-quotes"));
    let quotes = ask(&guest, &token, Method::GET, &quotes, None).await.expect(200);
    let method = &quotes["items"][0];
    let total = 1999 + method["price"]["minor"].as_i64().unwrap();

    let mut wish = json!({
        "cart_id": cart["id"],
        "expected_total": euros(total),
        "address": address(),
        "delivery_method": method["method"],
        "payment": { "token": VISA },
    });
    let unreachable = ask(&guest, &token, Method::POST, "/v1/orders", Some(&wish)).await;
    let problem = unreachable.problem(422, "validation-failed");
    assert_eq!(problem["errors"][0]["pointer"], "/contact/email");
    wish["contact"] = json!({ "email": "ada@guests.example" });
    let order = ask(&guest, &token, Method::POST, "/v1/orders", Some(&wish)).await.expect(201);
    assert_eq!((&order["status"], &order["contact"]), (&json!("completed"), &wish["contact"]));

    let number = text(&order["number"]);
    let found = guest.get(&format!("/v1/guest-orders/{number}?token={token}")).await.expect(200);
    assert_eq!(found["id"], order["id"]);
    let other = format!("gst_{}", "x".repeat(43));
    let nobody = guest.get(&format!("/v1/guest-orders/{number}?token={other}")).await;
    nobody.problem(404, "not-found");
}

pub(super) async fn what_a_guest_has_put_aside_is_there_after_logging_in(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let (guest, ada) = (stage.guest(), stage.shopper("Ada").await);
    let theirs = guest.post("/v1/carts", &json!({})).await.expect(201);
    let token = text(&theirs["guest_token"]).to_owned();
    let line = format!("{}/lines/{}", href(&theirs, "self"), goods.variant);
    ask(&guest, &token, Method::PUT, &line, Some(&json!({ "quantity": 2 }))).await.expect(200);
    let own = ada.cart_with(&goods, 3).await;
    let merge = format!("{}/merge", href(&theirs, "self"));
    let proof = json!({ "guest_token": token });
    let cart = ada.post(&merge, &proof).await.expect(200);
    assert_eq!((&cart["id"], &cart["lines"][0]["quantity"]), (&own["id"], &json!(5)));
    assert_eq!(ada.post(&merge, &proof).await.expect(200)["lines"][0]["quantity"], 5);
    let left = ask(&guest, &token, Method::GET, href(&theirs, "self"), None).await.expect(200);
    assert_eq!(left["status"], "merged");
}
