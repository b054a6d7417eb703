//! Parcels on their way, carried by somebody whom the journey plays itself.

use std::time::SystemTime;

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};

use super::Shop;
use crate::world::{Answer, Browser, Goods, Patience, Shopper, Stage, href, text};

/// What the carrier and the shop both know.
const SECRET: &str = "between the carrier and the shop";
const WEBHOOKS: &str = "/v1/webhooks/carriers/rialto-post";

/// The simulated carrier takes days, so that only the journey tells where parcels are.
pub(super) const PLAYED: Shop = Shop::with(&[
    "deliveries.webhook_secret = \"between the carrier and the shop\"",
    "deliveries.simulator.time_lapse = 1",
]);

pub(super) async fn a_parcel_is_sent_followed_and_delivered(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let (ada, admin, guest) = (stage.shopper("Ada").await, stage.admin().await, stage.guest());
    let (order, parcel) = bought(&ada, &admin, &goods).await;

    let label = admin.get(href(&parcel, "label")).await;
    assert_eq!(label.header("content-type"), "application/pdf");
    let sent = admin.post_once(href(&parcel, "dispatch"), &stage.own("send"), &json!(null)).await;
    let sent = sent.expect(200);
    assert_eq!(sent["status"], "dispatched", "{sent}");
    let again = admin.post_once(href(&parcel, "dispatch"), &stage.own("send"), &json!(null)).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    let gone = &sent["_links"];
    assert!(gone.get("dispatch").is_none() && gone.get("cancel").is_none(), "{gone}");
    admin.post(href(&parcel, "cancel"), &json!(null)).await.problem(409, "conflict");

    let waybill = text(&parcel["waybill"]);
    tell(&guest, "a guess", waybill, 4, "delivered").await.problem(401, "unauthenticated");
    // The last comes first, and one of them twice.
    for (nth, code) in [(3, "out_for_delivery"), (1, "accepted"), (2, "in_transit")] {
        let told = tell(&guest, SECRET, waybill, nth, code).await.expect(200);
        assert_eq!(told["duplicate"], false);
    }
    assert_eq!(tell(&guest, SECRET, waybill, 2, "in_transit").await.expect(200)["duplicate"], true);
    let track = format!("/v1/tracking/{waybill}");
    let so_many =
        |count| move |it: &Value| it["events"].as_array().is_some_and(|all| all.len() == count);
    let tracking = guest.until("it is near", Patience::MESSAGES, &track, so_many(3)).await;
    assert_eq!(tracking["status"], "out_for_delivery", "{tracking}");
    tell(&guest, SECRET, waybill, 4, "delivered").await.expect(200);
    let tracking = guest.until("it is there", Patience::MESSAGES, &track, so_many(4)).await;
    assert_eq!(tracking["events"][0]["code"], "delivered", "{tracking}");
    assert!(!tracking.to_string().contains("Ada"), "{tracking}");

    let shipments = ada.shipments(&order).await;
    assert_eq!(shipments[0]["status"], "delivered");
    assert_eq!(href(&shipments[0], "track"), track);
}

pub(super) async fn a_parcel_that_staff_call_off_is_not_sent(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let (ada, admin) = (stage.shopper("Ada").await, stage.admin().await);
    let (order, parcel) = bought(&ada, &admin, &goods).await;
    ada.get(href(&parcel, "self")).await.problem(403, "forbidden");
    let cancelled = admin.post(href(&parcel, "cancel"), &json!(null)).await.expect(200);
    assert_eq!(cancelled["status"], "cancelled", "{cancelled}");
    ada.wait_for_stock(&goods, 10, Patience::MESSAGES).await;
    admin.post(href(&parcel, "dispatch"), &json!(null)).await.problem(409, "conflict");
    admin.get(href(&parcel, "label")).await.problem(409, "conflict");
    admin.get(href(&parcel, "self")).await.expect(200);
    assert_eq!(ada.shipments(&order).await[0]["status"], "cancelled");
}

pub(super) async fn an_order_is_sent_in_two_parcels_and_delivered_with_the_last(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let (ada, admin, guest) = (stage.shopper("Ada").await, stage.admin().await, stage.guest());
    let (order, first) = bought_so_many(&ada, &admin, &goods, 3).await;
    let part = |qty: u32| json!({ "lines": [{ "variant": goods.variant, "qty": qty }] });
    let split = href(&first, "split");
    admin.post(split, &part(3)).await.problem(422, "validation-failed");
    ada.post(split, &part(1)).await.problem(403, "forbidden");
    let second = admin.post_once(split, &stage.own("split"), &part(1)).await.expect(201);
    assert_eq!((&second["seq"], &second["lines"][0]["quantity"]), (&json!(2), &json!(1)));
    let again = admin.post_once(split, &stage.own("split"), &part(1)).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    let parcels = ada.shipments(&order).await;
    assert_eq!((parcels.len(), &parcels[0]["lines"][0]["quantity"]), (2, &json!(2)));

    let place = href(&order, "self");
    for (parcel, shipped, version, status) in
        [(&second, 1, 4, "partially_delivered"), (&first, 3, 6, "delivered")]
    {
        admin.post(href(parcel, "dispatch"), &json!(null)).await.expect(200);
        let counted =
            |order: &Value| order["lines"][0]["shipped"] == shipped && order["version"] == version;
        ada.until("it is counted", Patience::MESSAGES, place, counted).await;
        tell(&guest, SECRET, text(&parcel["waybill"]), 1, "delivered").await.expect(200);
        let so_far = |order: &Value| order["delivery_status"] == status;
        ada.until(status, Patience::MESSAGES, place, so_far).await;
        let no = json!({ "reason": "too late" });
        ada.post(&format!("{place}/cancellation"), &no).await.problem(409, "order-not-cancellable");
    }
    admin.post(split, &part(1)).await.problem(409, "conflict");
}

pub(super) async fn a_parcel_that_nobody_takes_comes_back(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let (ada, admin, guest) = (stage.shopper("Ada").await, stage.admin().await, stage.guest());
    let (order, parcel) = bought(&ada, &admin, &goods).await;
    admin.post(href(&parcel, "dispatch"), &json!(null)).await.expect(200);
    let waybill = text(&parcel["waybill"]);
    for (nth, code, overall) in [
        (1, "out_for_delivery", "in_transit"),
        (2, "failed_attempt", "in_transit"),
        (3, "returning", "returning"),
        (4, "returned", "returned"),
    ] {
        tell(&guest, SECRET, waybill, nth, code).await.expect(200);
        is_tracked(&guest, waybill, code, nth as usize).await;
        is_overall(&ada, &order, overall).await;
    }
    let order = ada.follow(&order, "self").await;
    let line = &order["lines"][0];
    assert_eq!((&line["shipped"], &line["returned"]), (&json!(1), &json!(1)), "{order}");
    assert_eq!(order["status"], "completed", "what becomes of the money is the staff's decision");
    assert!(order["_links"].get("cancel").is_none(), "{order}");
}

pub(super) async fn a_parcel_that_is_lost_may_be_found(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let (ada, admin, guest) = (stage.shopper("Ada").await, stage.admin().await, stage.guest());
    let (order, parcel) = bought(&ada, &admin, &goods).await;
    admin.post(href(&parcel, "dispatch"), &json!(null)).await.expect(200);
    let waybill = text(&parcel["waybill"]);
    for (nth, code, reached, told) in
        [(2, "lost", "lost", 1), (1, "in_transit", "lost", 2), (3, "delivered", "delivered", 3)]
    {
        tell(&guest, SECRET, waybill, nth, code).await.expect(200);
        is_tracked(&guest, waybill, reached, told).await;
    }
    is_overall(&ada, &order, "delivered").await;
}

/// Waits until anybody can see that a parcel has got so far, and so many things that happened to it.
async fn is_tracked(guest: &Browser, waybill: &str, status: &str, events: usize) {
    let so_far = |tracking: &Value| {
        let told = tracking["events"].as_array().is_some_and(|told| told.len() == events);
        told && tracking["status"] == status
    };
    guest.until(status, Patience::MESSAGES, &format!("/v1/tracking/{waybill}"), so_far).await;
}

/// Waits until the customer sees that the order has got so far.
async fn is_overall(ada: &Shopper, order: &Value, status: &str) {
    let so_far = |order: &Value| order["delivery_status"] == status;
    ada.until(status, Patience::MESSAGES, href(order, "self"), so_far).await;
}

/// An order that was bought, and its parcel as staff find it.
pub(super) async fn bought(ada: &Shopper, admin: &Shopper, goods: &Goods) -> (Value, Value) {
    bought_so_many(ada, admin, goods, 1).await
}

async fn bought_so_many(
    ada: &Shopper,
    admin: &Shopper,
    goods: &Goods,
    quantity: u32,
) -> (Value, Value) {
    let order = ada.buy(goods, quantity).await;
    let order = ada.wait_for(&order, "completed").await;
    ada.shipments(&order).await;
    let list = format!("/v1/admin/deliveries?status=ready&order={}", text(&order["id"]));
    let list = admin.get(&list).await.expect(200);
    (order, list["items"][0].clone())
}

/// Tells that a parcel has arrived.
pub(super) async fn arrives(carrier: &Browser, parcel: &Value) {
    tell(carrier, SECRET, text(&parcel["waybill"]), 1, "delivered").await.expect(200);
}

/// Tells what happened to a parcel, as whoever knows `secret`.
async fn tell(carrier: &Browser, secret: &str, waybill: &str, nth: u32, code: &str) -> Answer {
    let body = json!({
        "id": format!("{waybill}/{nth}"),
        "waybill": waybill,
        "code": code,
        "occurred_at": format!("2026-01-01T0{nth}:00:00Z"),
        "location": "Berlin",
        "text": "Something happened",
    });
    let body = body.to_string();
    let seconds = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
    let signature = format!("t={seconds},v1={}", URL_SAFE_NO_PAD.encode(tag));
    let request = carrier.request(Method::POST, WEBHOOKS).header("Carrier-Signature", signature);
    let request = request.header("Content-Type", "application/json").body(body);
    carrier.send(request).await.unwrap()
}
