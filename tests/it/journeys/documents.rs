//! What the shop says about itself: its API, its numbers, its health, its traces.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use crate::world::{Patience, Stage, VISA, eventually, href};

pub(super) async fn the_document_of_the_api_names_every_route_that_answers(stage: &Stage) {
    let guest = stage.guest().unrecorded("it is long; the tests of the API read all of it");
    let document = guest.get("/openapi.json").await.expect(200);
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
        "/v1/orders/{id}/timeline",
        "/v1/admin/mails",
        "/v1/admin/mails/{id}",
    ];
    let missing: Vec<&str> = needed.into_iter().filter(|path| !named.contains(path)).collect();
    assert!(missing.is_empty(), "{missing:?} are not in {named:?}");
    assert_answers(stage, paths).await;
}

/// Every documented operation is one: it may refuse, but it is there. Probes are about one process, and
/// each process says something else.
async fn assert_answers(stage: &Stage, paths: &serde_json::Map<String, Value>) {
    let probes = ["/livez", "/readyz", "/startupz"];
    let guest = stage.guest().unrecorded("lists show what others have put there");
    for (path, operations) in paths.iter().filter(|(path, _)| !probes.contains(&path.as_str())) {
        for method in operations.as_object().unwrap().keys() {
            let Ok(verb) = Method::from_bytes(method.to_uppercase().as_bytes()) else { continue };
            let request = guest.request(verb, &path.replace(['{', '}'], ""));
            let answer = guest.send(request).await.unwrap();
            assert_ne!(answer.status, 405, "{method} {path} is documented and not offered");
            let routed = answer.status != 404 || answer.json()["code"] == "not-found";
            assert!(routed, "{method} {path}: {answer:?}");
        }
    }
}

pub(super) async fn the_page_about_the_api_needs_nothing_from_elsewhere(stage: &Stage) {
    let guest = stage.guest();
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

pub(super) async fn the_numbers_count_calls_statements_and_requests(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 3).await;
    let ada = stage.shopper("Ada").await;
    // Others may be shopping at the same time.
    let placed = ("port_calls_total", "method=\"place\",outcome=\"done\"");
    let posted = ("http_requests_total", "method=\"POST\",route=\"/v1/orders\",status=\"201\"");
    let before = [stage.metric(placed.0, placed.1).await, stage.metric(posted.0, posted.1).await];
    let order = ada.buy(&goods, 1).await;
    ada.wait_for(&order, "completed").await;
    assert!(stage.metric(placed.0, placed.1).await > before[0]);
    assert!(stage.metric(posted.0, posted.1).await > before[1]);
    for module in ["users", "products", "carts", "orders", "payments", "deliveries"] {
        let statements = stage.metric("db_statements_total", &format!("\"{module}\"")).await;
        assert!(statements > 0, "{module}");
    }
}

pub(super) async fn probes_tell_how_the_process_is(stage: &Stage) {
    for (name, insider) in stage.insiders() {
        for probe in ["/livez", "/readyz", "/startupz"] {
            assert_eq!(insider.get(probe).await.status, 200, "{probe} of {name}");
        }
    }
}

pub(super) async fn a_trace_that_begins_outside_goes_on_inside(stage: &Stage) {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    let goods = stage.publish("teapot", 1999, 3).await;
    let ada = stage.shopper("Ada").await;
    let cart = ada.cart_with(&goods, 1).await;
    let wish = ada.wish(&cart, VISA).await;
    let traceparent = format!("00-{TRACE}-b7ad6b7169203331-01");
    let request = ada.request(Method::POST, href(&cart, "place-order")).json(&wish);
    let request = request.header("traceparent", &traceparent).header("Idempotency-Key", "traced");
    let answer = ada.send(request).await.unwrap();
    let back = answer.header("traceparent").to_owned();
    assert!(back.starts_with(&format!("00-{TRACE}-")) && back != traceparent, "{back:?}");
    let order = answer.expect(201);
    ada.wait_for(&order, "completed").await;

    let lost = ada.request(Method::GET, "/v1/nothing").header("traceparent", &traceparent);
    let problem = ada.send(lost).await.unwrap().problem(404, "not-found");
    assert_eq!(problem["trace_id"], TRACE);

    let traced = async || {
        let log = stage.log();
        let mut lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.find(|line| line["trace_id"] == TRACE && line["route"] == "/v1/orders")
    };
    eventually("the trace is in a log", Patience::MESSAGES, traced).await;
}

pub(super) async fn a_tag_spares_reading_the_same_again(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 3).await;
    let guest = stage.guest();
    let tag = guest.get(&goods.path()).await.header("etag").to_owned();
    assert!(!tag.is_empty());
    let request = guest.request(Method::GET, &goods.path()).header("If-None-Match", &tag);
    let answer = guest.send(request).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (304, ""));
}
