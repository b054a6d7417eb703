//! Carts that nobody came back for in time.

use serde_json::json;

use crate::world::{Patience, Stage, VISA, href};

#[tokio::test]
async fn a_cart_that_is_over_is_not_ordered_though_nobody_has_swept() {
    let stage = Stage::with(&["carts.life = \"5s\"", "carts.sweep = \"1h\""]).await;
    let goods = stage.publish("teapot", 1999, 5).await;
    let ada = stage.shopper("Ada").await;
    let cart = ada.cart_with(&goods, 1).await;
    let wish = ada.wish(&cart, VISA).await;
    let own = href(&cart, "self");
    let seen = ada
        .until("the cart is over", Patience::MESSAGES, own, |it| it["status"] == "expired")
        .await;
    assert!(seen["_links"].get("place-order").is_none(), "{seen}");
    ada.place(&wish).await.problem(409, "conflict");
    let line = format!("{own}/lines/{}", goods.variant);
    ada.put(&line, &json!({ "quantity": 2 })).await.problem(409, "conflict");
    let other = ada.cart().await;
    assert_ne!(other["id"], cart["id"]);
    assert_eq!(other["lines"], json!([]));
}
