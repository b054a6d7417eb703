//! Payments through their routes.

use actix_web::{
    App, HttpMessage,
    http::{Method, StatusCode, header::ETAG},
    test::{TestRequest, call_service, init_service, read_body},
};
use identity::{Principal, Role};
use kernel::Timestamp;
use payments_api::{Collect, Status};
use serde_json::{Value, json};

use super::world::{Stage, World, quick};

struct Reply {
    status: StatusCode,
    tag: Option<String>,
    body: Value,
}

/// Asks as the gateway does once it knows who it is.
async fn ask(
    world: &World,
    who: &str,
    method: Method,
    path: &str,
    key: Option<&str>,
    body: Option<Value>,
) -> Reply {
    let routes = world.routes.clone();
    let app = init_service(App::new().configure(|app| routes.configure(app))).await;
    let mut request = TestRequest::default().method(method).uri(path);
    if let Some(key) = key {
        request = request.insert_header(("idempotency-key", key));
    }
    if let Some(body) = body {
        request = request.set_json(body);
    }
    let request = request.to_request();
    request.extensions_mut().insert(Principal {
        subject: who.into(),
        roles: vec![Role::Customer],
        session: None,
        token: "t".into(),
        expires_at: Timestamp::from_micros(i64::MAX),
    });
    let response = call_service(&app, request).await;
    let tag = response.headers().get(ETAG).map(|tag| tag.to_str().unwrap().to_owned());
    let status = response.status();
    let body = serde_json::from_slice(&read_body(response).await).unwrap_or(Value::Null);
    Reply { status, tag, body }
}

async fn get(world: &World, wish: &Collect) -> Reply {
    let path = format!("/v1/payments/{}", wish.payment);
    ask(world, &wish.customer.to_string(), Method::GET, &path, None, None).await
}

async fn post(world: &World, wish: &Collect, link: &str, key: &str, body: Option<Value>) -> Reply {
    let who = wish.customer.to_string();
    ask(world, &who, Method::POST, link, Some(key), body).await
}

fn link<'a>(reply: &'a Reply, relation: &str) -> Option<&'a str> {
    reply.body["_links"][relation]["href"].as_str()
}

#[actix_web::test]
async fn every_route_has_a_policy_and_is_documented() {
    let world = Stage::here().open(quick()).await;
    assert_eq!(world.routes.check(), Ok(()));
}

#[actix_web::test]
async fn a_declined_payment_links_to_another_attempt_until_it_is_paid() {
    let world = Stage::here().open(quick()).await;
    let wish = world.collect("pm_card_chargeDeclined", Status::Requested).await;
    let open = get(&world, &wish).await;
    assert_eq!((open.status, open.body["status"].as_str()), (StatusCode::OK, Some("requested")));
    assert_eq!(open.tag.as_deref(), Some("\"2\""));
    assert_eq!(link(&open, "order"), Some(&*format!("/v1/orders/{}", wish.order)));
    assert_eq!(link(&open, "complete"), None);
    let attempts = link(&open, "attempts").unwrap();

    let token = |token: &str| Some(json!({ "token": token }));
    let declined = post(&world, &wish, attempts, "k-1", token("pm_card_chargeDeclined")).await;
    assert_eq!(declined.status, StatusCode::PAYMENT_REQUIRED);
    assert_eq!(declined.body["code"], "payment-declined");
    let paid = post(&world, &wish, attempts, "k-2", token("pm_card_visa")).await;
    assert_eq!((paid.status, paid.body["status"].as_str()), (StatusCode::OK, Some("captured")));
    assert_eq!(paid.body["captured"], json!({ "minor": 1999, "currency": "EUR" }));
    assert_eq!(link(&paid, "attempts"), None);
    let again = post(&world, &wish, attempts, "k-3", token("pm_card_visa")).await;
    assert_eq!(again.status, StatusCode::CONFLICT);

    let who = wish.customer.to_string();
    let keyless = ask(&world, &who, Method::POST, attempts, None, token("pm_card_visa")).await;
    assert_eq!(keyless.body["code"], "idempotency-key-missing");
}

#[actix_web::test]
async fn a_payment_that_wants_the_customer_links_to_its_completion() {
    let world = Stage::here().open(quick()).await;
    let wish = world.collect("pm_card_authenticationRequired", Status::RequiresAction).await;
    let waiting = get(&world, &wish).await;
    assert_eq!(waiting.body["status"], "requires_action");
    assert_eq!(waiting.body["next_action"]["kind"], "authenticate");
    assert_eq!(link(&waiting, "attempts"), None);
    let complete = link(&waiting, "complete").unwrap();
    let paid = post(&world, &wish, complete, "k", None).await;
    assert_eq!((paid.status, paid.body["status"].as_str()), (StatusCode::OK, Some("captured")));
}

#[actix_web::test]
async fn somebody_elses_payment_is_not_found() {
    let world = Stage::here().open(quick()).await;
    let wish = world.collect("pm_card_visa", Status::Captured).await;
    let stranger: users_api::UserId = kernel::Ids::system().next();
    for (path, expected) in [
        (format!("/v1/payments/{}", wish.payment), StatusCode::NOT_FOUND),
        ("/v1/payments/nonsense".to_owned(), StatusCode::NOT_FOUND),
    ] {
        let reply = ask(&world, &stranger.to_string(), Method::GET, &path, None, None).await;
        assert_eq!((reply.status, reply.body["code"].as_str()), (expected, Some("not-found")));
    }
}

#[actix_web::test]
async fn a_card_becomes_a_token_and_a_wrong_number_is_blamed() {
    let world = Stage::here().open(quick()).await;
    let who: users_api::UserId = kernel::Ids::system().next();
    let tokens = async |number: &str| {
        let body = Some(json!({ "card_number": number }));
        ask(&world, &who.to_string(), Method::POST, "/v1/payment-tokens", None, body).await
    };
    let good = tokens("4242 4242 4242 4242").await;
    assert_eq!(good.status, StatusCode::OK);
    assert_eq!(
        (&good.body["token"], &good.body["last4"]),
        (&json!("pm_card_visa"), &json!("4242"))
    );
    assert_eq!(good.body["_links"]["place-order"]["href"], "/v1/orders");
    let bad = tokens("4242 4242 4242 4241").await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(bad.body["errors"][0]["pointer"], "/card_number");
}
