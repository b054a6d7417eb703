//! What those see and do who run the shop.

use serde_json::json;

use crate::world::{DECLINED, Stage, text};

const MOVEMENTS: &str = "/v1/admin/stock-movements";

pub(super) async fn a_movement_is_booked_once_however_often_it_is_sent(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 5).await;
    let admin = stage.admin().await;
    let received = json!({ "variant": goods.variant, "change": 7, "reason": "a delivery" });
    let key = stage.own("delivery");
    for _ in 0..3 {
        let level = admin.post_once(MOVEMENTS, &key, &received).await.expect(200);
        assert_eq!(level["available"], 12, "{level}");
    }
    let broken = json!({ "variant": goods.variant, "change": -20, "reason": "a broken shelf" });
    let answer = admin.post_once(MOVEMENTS, &stage.own("shelf"), &broken).await;
    assert!(answer.status.is_client_error(), "{answer:?}");
    assert_eq!(admin.available(&goods).await, 12);
    admin.post(MOVEMENTS, &received).await.problem(400, "idempotency-key-missing");
}

pub(super) async fn staff_see_what_an_order_holds(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 5).await;
    let (ada, admin) = (stage.shopper("Ada").await, stage.admin().await);
    let order = ada.buy_with(&goods, 2, DECLINED).await;
    let path = format!("/v1/admin/reservations/{}", text(&order["id"]));
    let held = admin.get(&path).await.expect(200);
    assert_eq!(held["state"], "held", "{held}");
    ada.get(&path).await.problem(403, "forbidden");
    admin.get("/v1/admin/reservations/nobody").await.problem(404, "not-found");
}
