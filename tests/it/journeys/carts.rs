//! What somebody is about to want.

use reqwest::Method;
use serde_json::{Value, json};

use super::Shop;
use crate::world::{Stage, VISA, euros, href, text};

/// A shop one of whose carriers answers nothing.
pub(super) const WITHOUT_COURIER: Shop =
    Shop::with(&["deliveries.others.rialto-courier.simulator.silent = true"]);

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

pub(super) async fn what_was_archived_meanwhile_cannot_be_ordered(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 2).await;
    let (ada, admin) = (stage.shopper("Ada").await, stage.admin().await);
    let cart = ada.cart_with(&goods, 1).await;
    let wish = ada.wish(&cart, VISA).await;
    let product = admin.get(&goods.path()).await.expect(200);
    let archive = format!("/v1/admin/products/{}/archive", text(&product["id"]));
    admin.post(&archive, &json!({})).await.expect(200);
    let cart = ada.follow(&cart, "self").await;
    assert_eq!(cart["requirements"][0]["code"], "variant-unavailable", "{cart}");
    assert!(cart["_links"].get("place-order").is_none(), "{cart}");
    ada.place(&wish).await.problem(409, "variant-unavailable");
    let line = format!("{}/lines/{}", href(&cart, "self"), goods.variant);
    ada.put(&line, &json!({ "quantity": 2 })).await.problem(409, "variant-unavailable");
    let cart = ada.delete(&line).await.expect(200);
    assert_eq!(cart["requirements"][0]["code"], "cart-empty");
}

pub(super) async fn a_price_that_changed_under_a_cart_is_accepted_before_it_is_paid(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 2).await;
    let (ada, admin) = (stage.shopper("Ada").await, stage.admin().await);
    let cart = ada.cart_with(&goods, 1).await;
    let wish = ada.wish(&cart, VISA).await;
    let product = admin.get(&goods.path()).await.expect(200);
    let (product, version) = (text(&product["id"]), product["version"].to_string());
    let variant = format!("/v1/admin/products/{product}/variants/{}", goods.variant);
    let dearer = admin.request(Method::PATCH, &variant).header("If-Match", quoted(&version));
    admin.send(dearer.json(&json!({ "price": euros(2499) }))).await.unwrap().expect(200);

    let cart = ada.follow(&cart, "self").await;
    assert_eq!(cart["requirements"][0]["code"], "price-changed", "{cart}");
    assert_eq!(cart["total"], euros(1999), "it is what it was when it was put in");
    ada.place(&wish).await.problem(409, "price-changed");
    let cart = ada.put_line(&cart, &goods, 1).await;
    assert_eq!((&cart["total"], &cart["requirements"]), (&euros(2499), &json!([])));
    ada.place(&wish).await.problem(409, "price-changed");
    let order = ada.place(&ada.wish(&cart, VISA).await).await.expect(201);
    assert_eq!(order["lines"][0]["price"], euros(2499));
}

/// A version as an entity tag.
fn quoted(version: &str) -> String {
    format!("\"{version}\"")
}

pub(super) async fn what_delivery_costs_is_what_all_carriers_say(stage: &Stage) {
    let quotes = quotes(stage).await;
    assert_eq!(methods(&quotes), ["standard", "express", "courier"], "{quotes}");
    assert_eq!(quotes.get("warnings"), None);
}

pub(super) async fn a_carrier_that_is_dead_is_named_and_hides_nobody_else(stage: &Stage) {
    let quotes = quotes(stage).await;
    assert_eq!(methods(&quotes), ["standard", "express"], "{quotes}");
    assert_eq!(quotes["warnings"][0]["code"], "carrier-silent");
    let named = quotes["warnings"][0]["detail"].as_str().unwrap();
    assert!(named.starts_with("rialto-courier"), "{named}");
    let open = "/v1/delivery-methods?country=DE&currency=EUR";
    let open = stage.guest().get(open).await.expect(200);
    assert_eq!(open["warnings"][0]["code"], "carrier-silent");
}

/// What it costs to send somebody a teapot.
async fn quotes(stage: &Stage) -> Value {
    let goods = stage.publish("teapot", 1999, 10).await;
    let ada = stage.shopper("Ada").await;
    let cart = ada.cart_with(&goods, 1).await;
    ada.get(&format!("{}?country=DE", href(&cart, "delivery-quotes"))).await.expect(200)
}

fn methods(quotes: &Value) -> Vec<&str> {
    let items = quotes["items"].as_array().unwrap();
    items.iter().map(|quote| quote["method"].as_str().unwrap()).collect()
}
