//! What a customer is to the shop.

use serde_json::json;

use crate::world::{Stage, address, text};

pub(super) async fn whoever_signs_up_sees_what_the_shop_knows_about_them(stage: &Stage) {
    let ada = stage.shopper("Ada").await;
    let me = ada.get("/v1/users/me").await.expect(200);
    assert_eq!((&me["name"], &me["email"]), (&json!("Ada"), &json!(stage.email("Ada"))));
    assert_eq!(me["roles"], json!(["customer"]));
}

pub(super) async fn an_address_book_keeps_its_order(stage: &Stage) {
    let ada = stage.shopper("Ada").await;
    let empty = ada.get("/v1/users/me/addresses").await.expect(200);
    assert_eq!(empty["items"], json!([]));
    for label in ["home", "work", "parents"] {
        let entry = json!({ "label": label, "address": address() });
        ada.post("/v1/users/me/addresses", &entry).await.expect(201);
    }
    let book = ada.get("/v1/users/me/addresses").await.expect(200);
    let labels = book["items"].as_array().unwrap().iter().map(|entry| text(&entry["label"]));
    assert_eq!(labels.collect::<Vec<_>>(), ["home", "work", "parents"]);
    let nowhere = json!({ "label": "moon", "address": { "line1": "Mare Tranquillitatis" } });
    let answer = ada.post("/v1/users/me/addresses", &nowhere).await;
    answer.problem(422, "validation-failed");
}

pub(super) async fn the_keys_that_verify_tokens_are_public(stage: &Stage) {
    let keys = stage.guest().get("/.well-known/jwks.json").await.expect(200);
    let key = &keys["keys"][0];
    assert_eq!((&key["kty"], &key["crv"]), (&json!("OKP"), &json!("Ed25519")));
    assert!(key.get("d").is_none(), "the private half of a key is nobody's business: {key}");
}
