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
    admin.post(href(&parcel, "dispatch"), &json!(null)).await.problem(409, "conflict");
    admin.get(href(&parcel, "label")).await.problem(409, "conflict");
    admin.get(href(&parcel, "self")).await.expect(200);
    assert_eq!(ada.shipments(&order).await[0]["status"], "cancelled");
}

/// An order that was bought, and its parcel as staff find it.
async fn bought(ada: &Shopper, admin: &Shopper, goods: &Goods) -> (Value, Value) {
    let order = ada.buy(goods, 1).await;
    let order = ada.wait_for(&order, "completed").await;
    ada.shipments(&order).await;
    let list = format!("/v1/admin/deliveries?status=ready&order={}", text(&order["id"]));
    let list = admin.get(&list).await.expect(200);
    (order, list["items"][0].clone())
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
