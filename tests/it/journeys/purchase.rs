//! The main scenario, as a stranger would walk it: by links, from the list of products to the parcel.

use serde_json::json;

use crate::world::{Stage, VISA, address, euros, href, text};

pub(super) async fn a_stranger_signs_up_fills_a_cart_pays_and_gets_a_waybill(stage: &Stage) {
    let shelf = stage.own("tea");
    let category = json!({ "slug": shelf, "name": "Everything for tea" });
    let admin = stage.admin().await;
    admin.post("/v1/admin/categories", &category).await.expect(201);
    admin.publish_in(&[&shelf], &stage.own("teapot"), 1999, 10).await;
    let guest = stage.guest();

    let email = stage.email("Ada");
    let shouted = email.replace("ada", "Ada").replace("example", "Example");
    let account = json!({ "email": shouted, "password": "a long password", "name": "Ada" });
    let account = guest.post("/v1/users", &account).await.expect(201);
    assert_eq!((&account["name"], &account["roles"]), (&json!("Ada"), &json!(["customer"])));
    let ada = stage.log_in("Ada", &email, "a long password").await;

    let shelf = guest.get(&format!("/v1/products?category={shelf}")).await.expect(200);
    let card = &shelf["items"][0];
    assert_eq!((&card["title"], &card["in_stock"]), (&json!(stage.own("teapot")), &json!(true)));
    let teapot = guest.get(href(card, "self")).await.expect(200);
    let variant = text(&teapot["variants"][0]["id"]);

    let cart = ada.post("/v1/carts", &json!({})).await.expect(201);
    let line = format!("{}/lines/{variant}", href(&cart, "self"));
    let cart = ada.put(&line, &json!({ "quantity": 2 })).await.expect(200);
    assert_eq!(cart["total"], euros(3998));
    assert_eq!(cart["requirements"], json!([]));

    let wish = ada.wish(&cart, VISA).await;
    assert_eq!(href(&cart, "place-order"), "/v1/orders");
    let placed = ada.place_under("ada-1", &wish).await;
    let location = placed.header("location").to_owned();
    let order = placed.expect(201);
    assert_eq!(order["status"], "pending");
    assert_eq!(order["totals"]["grand"], wish["expected_total"]);
    assert_eq!(location, href(&order, "self"));

    let order = ada.wait_for(&order, "completed").await;
    assert_eq!(order["payment_status"], "paid");
    assert_eq!(order["delivery_status"], "preparing");
    let links = order["_links"].as_object().unwrap();
    assert!(links.contains_key("cancel") && !links.contains_key("pay"), "{links:?}");

    let payment = ada.follow(&order, "payment").await;
    assert_eq!(payment["status"], "captured");
    assert_eq!(payment["captured"], order["totals"]["grand"]);

    let shipments = ada.shipments(&order).await;
    assert_eq!(shipments.len(), 1);
    assert!(!text(&shipments[0]["waybill"]).is_empty());
    assert_eq!(shipments[0]["ship_to"], address());
    assert_eq!(shipments[0]["lines"][0]["quantity"], 2);
    let shipment = ada.follow(&shipments[0], "self").await;
    assert_eq!(shipment["order_id"], order["id"]);

    assert_eq!(guest.get(href(card, "self")).await.json()["variants"][0]["available"], 8);
    assert_ne!(ada.cart().await["id"], cart["id"], "the cart has become the order");
}

pub(super) async fn an_order_goes_to_an_address_from_the_address_book(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let ada = stage.shopper("Ada").await;
    let entry = json!({ "label": "home", "address": address() });
    let entry = ada.post("/v1/users/me/addresses", &entry).await.expect(201);
    let cart = ada.cart_with(&goods, 1).await;
    let mut wish = ada.wish(&cart, VISA).await;
    wish.as_object_mut().unwrap().remove("address");
    wish["address_id"] = entry["id"].clone();
    let order = ada.place(&wish).await.expect(201);
    assert_eq!(order["ship_to"], address());

    let bob = stage.shopper("Bob").await;
    let cart = bob.cart_with(&goods, 1).await;
    let mut wish = bob.wish(&cart, VISA).await;
    wish.as_object_mut().unwrap().remove("address");
    bob.place(&wish).await.problem(422, "validation-failed");
    let entry = json!({ "label": "work", "address": address(), "default_shipping": true });
    bob.post("/v1/users/me/addresses", &entry).await.expect(201);
    assert_eq!(bob.place(&wish).await.expect(201)["ship_to"], address());
}

pub(super) async fn what_a_customer_agreed_to_pay_is_what_an_order_costs_or_there_is_none(
    stage: &Stage,
) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let ada = stage.shopper("Ada").await;
    let cart = ada.cart_with(&goods, 1).await;
    let mut wish = ada.wish(&cart, VISA).await;
    let right = wish["expected_total"].clone();
    wish["expected_total"] = euros(1999 - 500);
    ada.place(&wish).await.problem(409, "price-changed");
    assert_eq!(ada.available(&goods).await, 10);
    wish["expected_total"] = right;
    ada.place(&wish).await.expect(201);
}

pub(super) async fn nothing_is_sold_that_cannot_be_brought_there(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let ada = stage.shopper("Ada").await;
    let cart = ada.cart_with(&goods, 1).await;
    let mut wish = ada.wish(&cart, VISA).await;
    wish["address"]["country"] = json!("JP");
    wish["delivery_method"] = json!("express");
    ada.place(&wish).await.problem(422, "address-undeliverable");
    assert_eq!(ada.available(&goods).await, 10);
    wish["address"]["country"] = json!("XX");
    ada.place(&wish).await.problem(422, "validation-failed");
    wish["address"]["country"] = json!("FR");
    wish["expected_total"] = euros(1999 + 1990);
    assert_eq!(ada.place(&wish).await.expect(201)["ship_to"]["country"], "FR");
}

pub(super) async fn an_empty_cart_is_not_an_order(stage: &Stage) {
    let ada = stage.shopper("Ada").await;
    let cart = ada.cart().await;
    let wish = ada.wish(&cart, VISA).await;
    ada.place(&wish).await.problem(422, "cart-empty");
}
