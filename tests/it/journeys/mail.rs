//! What the shop writes to people.

use crate::world::{Patience, Stage, text};

pub(super) async fn whoever_orders_is_written_to_and_staff_can_see_it(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let (ada, admin) = (stage.shopper("Ada").await, stage.admin().await);
    let order = ada.buy(&goods, 1).await;
    ada.wait_for(&order, "completed").await;
    let outbox = format!("/v1/admin/mails?status=sent&order={}", text(&order["id"]));
    ada.get(&outbox).await.problem(403, "forbidden");
    let reader = admin.unrecorded("how often a mail is tried is chance");
    let both = |list: &serde_json::Value| list["items"].as_array().unwrap().len() >= 2;
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
