//! What somebody is about to want.

use serde_json::json;

use crate::world::{Stage, VISA, euros, href};

pub(super) async fn a_cart_is_filled_changed_and_emptied(stage: &Stage) {
    let pot = stage.publish("teapot", 1999, 10).await;
    let cup = stage.publish("cup", 450, 10).await;
    let ada = stage.shopper("Ada").await;
    ada.cart_with(&pot, 1).await;
    let cart = ada.cart_with(&cup, 4).await;
    assert_eq!(cart["total"], euros(1999 + 4 * 450));
    let cart = ada.put_line(&cart, &cup, 2).await;
    assert_eq!(cart["total"], euros(1999 + 2 * 450));
    let line = format!("{}/lines/{}", href(&cart, "self"), pot.variant);
    let cart = ada.delete(&line).await.expect(200);
    assert_eq!(cart["lines"].as_array().unwrap().len(), 1, "{cart}");
    ada.delete(&line).await;
    assert_eq!(ada.cart().await["id"], cart["id"], "there is one active cart");
}

pub(super) async fn a_cart_says_what_stands_between_it_and_an_order(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 2).await;
    let (ada, eve) = (stage.shopper("Ada").await, stage.shopper("Eve").await);
    let cart = ada.cart_with(&goods, 2).await;
    assert_eq!(cart["requirements"], json!([]));
    let line = format!("{}/lines/{}", href(&cart, "self"), goods.variant);
    ada.put(&line, &json!({ "quantity": 0 })).await.problem(422, "validation-failed");
    ada.put(&line, &json!({ "quantity": 1000 })).await.problem(422, "validation-failed");

    let order = eve.buy(&goods, 1).await;
    eve.wait_for(&order, "completed").await;
    let cart = ada.follow(&cart, "self").await;
    assert_eq!(cart["requirements"][0]["code"], "insufficient-stock");
    assert!(cart["_links"].get("place-order").is_none(), "{cart}");
    let wish = ada.wish(&cart, VISA).await;
    ada.place(&wish).await.problem(409, "insufficient-stock");
}
