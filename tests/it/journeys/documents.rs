//! What the shop says about itself: its API, its numbers, its health, its traces.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use crate::world::{Answer, VISA, World, href};

#[tokio::test]
async fn the_document_of_the_api_names_every_route_that_answers() {
    let world = World::whole().await;
    let document = world.guest().get("/openapi.json").await.expect(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let paths = document["paths"].as_object().unwrap();
    let named: BTreeSet<&str> = paths.keys().map(String::as_str).collect();
    let needed = [
        "/v1/users",
        "/v1/sessions",
        "/v1/users/me",
        "/v1/users/me/addresses",
        "/v1/users/me/addresses/{id}",
        "/.well-known/jwks.json",
        "/v1/products",
        "/v1/products/{id_or_slug}",
        "/v1/categories",
        "/v1/admin/products",
        "/v1/admin/categories",
        "/v1/admin/stock-movements",
        "/v1/admin/reservations/{owner}",
        "/v1/carts",
        "/v1/carts/{id}",
        "/v1/carts/{id}/lines/{variant}",
        "/v1/orders",
        "/v1/orders/{id}",
        "/v1/orders/{id}/cancellation",
        "/v1/orders/{id}/deliveries",
        "/v1/payments/{id}",
        "/v1/payments/{id}/attempts",
        "/v1/payments/{id}/actions/{action}/complete",
        "/v1/payment-tokens",
        "/v1/deliveries/{id}",
        "/v1/delivery-methods",
    ];
    let missing: Vec<&str> = needed.into_iter().filter(|path| !named.contains(path)).collect();
    assert!(missing.is_empty(), "{missing:?} are not in {named:?}");
    assert_answers(&world, paths).await;
}

/// Every documented operation is one: it may refuse, but it is there.
async fn assert_answers(world: &World, paths: &serde_json::Map<String, Value>) {
    for (path, operations) in paths {
        for method in operations.as_object().unwrap().keys() {
            let Ok(verb) = Method::from_bytes(method.to_uppercase().as_bytes()) else { continue };
            let request = world.guest().request(verb, &path.replace(['{', '}'], ""));
            let answer = Answer::of(request).await.unwrap();
            assert_ne!(answer.status, 405, "{method} {path} is documented and not offered");
            let routed = answer.status != 404 || answer.json()["code"] == "not-found";
            assert!(routed, "{method} {path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn the_page_about_the_api_needs_nothing_from_elsewhere() {
    let world = World::whole().await;
    let guest = world.guest();
    let page = guest.get("/docs/").await;
    assert_eq!(page.status, 200);
    let sources = page
        .text
        .split(['"', '\''])
        .filter(|word| ["http://", "https://", "//"].iter().any(|start| word.starts_with(start)));
    assert_eq!(sources.collect::<Vec<_>>(), Vec::<&str>::new());
    assert!(page.text.contains("swagger-ui"), "{}", page.text);
    assert_eq!(guest.get("/docs/swagger-ui-bundle.js").await.status, 200);
}

#[tokio::test]
async fn the_numbers_count_calls_statements_and_requests() {
    let world = World::whole().await;
    let goods = world.publish("teapot", 1999, 3).await;
    let ada = world.shopper("Ada").await;
    let order = ada.buy(&goods, 1).await;
    ada.wait_for(&order, "completed").await;
    assert_eq!(world.metric("port_calls_total", "method=\"place\",outcome=\"done\"").await, 1);
    for module in ["users", "products", "carts", "orders", "payments", "deliveries"] {
        let statements = world.metric("db_statements_total", &format!("\"{module}\"")).await;
        assert!(statements > 0, "{module}");
    }
    let posts = "method=\"POST\",route=\"/v1/orders\",status=\"201\"";
    assert_eq!(world.metric("http_requests_total", posts).await, 1);
}

#[tokio::test]
async fn probes_tell_how_the_process_is() {
    let world = World::whole().await;
    for probe in ["/livez", "/readyz", "/startupz"] {
        assert_eq!(world.guest().get(probe).await.status, 200, "{probe}");
    }
}

#[tokio::test]
async fn a_trace_that_begins_outside_goes_on_inside() {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    let mut world = World::whole().await;
    let goods = world.publish("teapot", 1999, 3).await;
    let ada = world.shopper("Ada").await;
    let cart = ada.cart_with(&goods, 1).await;
    let wish = ada.wish(&cart, VISA).await;
    let traceparent = format!("00-{TRACE}-b7ad6b7169203331-01");
    let request = ada.request(Method::POST, href(&cart, "place-order")).json(&wish);
    let request = request.header("traceparent", &traceparent).header("Idempotency-Key", "traced");
    let answer = Answer::of(request).await.unwrap();
    let back = answer.header("traceparent").to_owned();
    assert!(back.starts_with(&format!("00-{TRACE}-")) && back != traceparent, "{back:?}");
    let order = answer.expect(201);
    ada.wait_for(&order, "completed").await;

    let lost = ada.request(Method::GET, "/v1/nothing").header("traceparent", &traceparent);
    let problem = Answer::of(lost).await.unwrap().problem(404, "not-found");
    assert_eq!(problem["trace_id"], TRACE);

    let log = world.stop().await;
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let traced: Vec<Value> = lines.filter(|line| line["trace_id"] == TRACE).collect();
    assert!(traced.iter().any(|line| line["route"] == "/v1/orders"), "{traced:?}");
}

#[tokio::test]
async fn a_tag_spares_reading_the_same_again() {
    let world = World::whole().await;
    world.publish("teapot", 1999, 3).await;
    let guest = world.guest();
    let tag = guest.get("/v1/products/teapot").await.header("etag").to_owned();
    assert!(!tag.is_empty());
    let request = guest.request(Method::GET, "/v1/products/teapot").header("If-None-Match", &tag);
    let answer = Answer::of(request).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (304, ""));
}
