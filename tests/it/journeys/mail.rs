//! What the shop writes to people.

use serde_json::{Value, json};

use super::{deliveries, money};
use crate::world::{Patience, Stage, euros, fresh_key, href, text};

pub(super) async fn whoever_orders_is_written_to_and_staff_can_see_it(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let (ada, admin) = (stage.shopper("Ada").await, stage.admin().await);
    let order = ada.buy(&goods, 1).await;
    ada.wait_for(&order, "completed").await;
    let outbox = format!("/v1/admin/mails?status=sent&order={}", text(&order["id"]));
    ada.get(&outbox).await.problem(403, "forbidden");
    let reader = admin.unrecorded("how often a mail is tried is chance");
    let both = |list: &Value| list["items"].as_array().unwrap().len() >= 2;
    let list = reader.until("two mails are sent", Patience::MESSAGES, &outbox, both).await;
    let mails = list["items"].as_array().unwrap();
    let kind = |wanted: &str| mails.iter().find(|mail| mail["kind"] == wanted).unwrap();
    let (placed, paid) = (kind("order-placed"), kind("order-paid"));
    for mail in [placed, paid] {
        assert_eq!(mail["to"], stage.email("Ada"), "{mail}");
        assert!(text(&mail["subject"]).contains(text(&order["number"])), "{mail}");
    }
    let letter = reader.follow(placed, "self").await;
    assert!(text(&letter["text"]).contains("Hello Ada,"), "{letter}");
}

pub(super) async fn whoever_is_sent_something_hears_of_every_step(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let (ada, admin) = (stage.shopper("Ada").await, stage.admin().await);
    let (order, parcel) = deliveries::bought(&ada, &admin, &goods).await;
    admin.post(href(&parcel, "dispatch"), &json!(null)).await.expect(200);
    deliveries::arrives(&stage.guest(), &parcel).await;
    let payment = money::inspected(&admin, &order).await;
    let part = json!({ "amount": euros(500), "reason": "a broken cup" });
    admin.post_once(href(&payment, "refund"), &fresh_key(), &part).await.expect(201);

    let outbox = format!("/v1/admin/mails?status=sent&order={}", text(&order["id"]));
    let reader = admin.unrecorded("how often a mail is tried is chance");
    let all = |list: &Value| list["items"].as_array().unwrap().len() >= 5;
    let list = reader.until("five mails are sent", Patience::MESSAGES, &outbox, all).await;
    let mails = list["items"].as_array().unwrap();
    let mut kinds: Vec<&str> = mails.iter().map(|mail| text(&mail["kind"])).collect();
    kinds.sort_unstable();
    let expected =
        ["order-delivered", "order-paid", "order-placed", "order-refunded", "order-shipped"];
    assert_eq!(kinds, expected);
    for mail in mails {
        assert_eq!(mail["to"], stage.email("Ada"), "{mail}");
        assert!(text(&mail["subject"]).contains(text(&order["number"])), "{mail}");
    }
}
