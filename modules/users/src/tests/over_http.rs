//! The same users as a browser sees them.

use actix_web::{
    App, HttpMessage,
    body::MessageBody,
    dev::{Service, ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header},
    test::{self, TestRequest},
};
use identity::Verifier;
use serde_json::{Value, json};

use super::{PASSWORD, World, on_sqlite};
use crate::{Rate, Settings};

/// Answers one request the way it would be answered behind the gateway.
struct Browser<'a> {
    world: &'a World,
    verifier: Verifier,
}

struct Page {
    status: StatusCode,
    headers: header::HeaderMap,
    body: Value,
}

impl Page {
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).unwrap().to_str().unwrap()
    }
}

impl Browser<'_> {
    async fn send(&self, method: Method, path: &str, token: &str, body: Option<Value>) -> Page {
        let routes = self.world.hosted.routes.clone();
        let verifier = self.verifier.clone();
        let app = App::new()
            .wrap_fn(move |request, next| {
                identify(&verifier, &request);
                next.call(request)
            })
            .configure(|app| routes.configure(app));
        let app = test::init_service(app).await;
        let mut request = TestRequest::default().method(method).uri(path);
        request = request.peer_addr(([192, 0, 2, 1], 4711).into());
        request = request.insert_header((header::AUTHORIZATION, format!("Bearer {token}")));
        if let Some(body) = body {
            request = request.set_json(body);
        }
        page(test::call_service(&app, request.to_request()).await).await
    }
}

fn identify(verifier: &Verifier, request: &ServiceRequest) {
    let value = request.headers().get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    let token = value.and_then(|it| it.strip_prefix("Bearer ")).unwrap_or_default();
    if let Ok(principal) = verifier.verify(token) {
        request.extensions_mut().insert(principal);
    }
}

async fn page(response: ServiceResponse<impl MessageBody>) -> Page {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = test::read_body(response).await;
    Page { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() }
}

fn credentials(password: &str) -> Option<Value> {
    Some(json!({ "email": "ada@example.com", "password": password }))
}

#[actix_web::test]
async fn somebody_signs_up_logs_in_and_adds_an_address() {
    let world = World::open(on_sqlite().await, Settings::default()).await;
    let browser = Browser { world: &world, verifier: world.verifier().await };
    let wish = json!({ "email": "ada@example.com", "password": PASSWORD, "name": "Ada" });

    let page = browser.send(Method::POST, "/v1/users", "", Some(wish)).await;
    assert_eq!(page.status, 201, "{}", page.body);
    assert_eq!(page.header(header::LOCATION), "/v1/users/me");
    assert!(!page.body.to_string().contains(PASSWORD));

    let page = browser.send(Method::POST, "/v1/sessions", "", credentials(PASSWORD)).await;
    assert_eq!(page.status, 201, "{}", page.body);
    assert_eq!(page.header(header::CACHE_CONTROL), "no-store");
    let token = page.body["access_token"].as_str().unwrap().to_owned();

    let page = browser.send(Method::GET, "/v1/users/me", &token, None).await;
    assert_eq!((page.status.as_u16(), &page.body["email"]), (200, &json!("ada@example.com")));
    assert_eq!(page.header(header::ETAG), "\"1\"");

    let place = json!({ "recipient": "Ada", "line1": "1 Way", "city": "Bonn",
        "postal_code": "53111", "country": "DE" });
    let wish = json!({ "label": "home", "address": place });
    let page = browser.send(Method::POST, "/v1/users/me/addresses", &token, Some(wish)).await;
    assert_eq!(page.status, 201, "{}", page.body);
    let location = page.header(header::LOCATION).to_owned();
    let page = browser.send(Method::GET, &location, &token, None).await;
    assert_eq!((page.status.as_u16(), &page.body["address"]), (200, &place));
    let page = browser.send(Method::GET, "/v1/users/me/addresses", &token, None).await;
    assert_eq!(page.body["items"][0]["_links"]["self"]["href"], location);
}

#[actix_web::test]
async fn whoever_does_not_say_who_is_asking_gets_no_account() {
    let world = World::open(on_sqlite().await, Settings::default()).await;
    let browser = Browser { world: &world, verifier: world.verifier().await };
    let page = browser.send(Method::GET, "/v1/users/me", "forged", None).await;
    assert_eq!((page.status.as_u16(), &page.body["code"]), (401, &json!("unauthenticated")));
}

#[actix_web::test]
async fn too_many_failures_are_answered_with_the_time_to_wait() {
    let failures_per_address = Rate { burst: 1, interval: std::time::Duration::from_secs(5) };
    let settings = Settings { failures_per_address, ..Settings::default() };
    let world = World::open(on_sqlite().await, settings).await;
    let browser = Browser { world: &world, verifier: world.verifier().await };
    let page = browser.send(Method::POST, "/v1/sessions", "", credentials("wrong horse")).await;
    assert_eq!(page.status, 401);
    let page = browser.send(Method::POST, "/v1/sessions", "", credentials("wrong horse")).await;
    assert_eq!((page.status.as_u16(), &page.body["code"]), (429, &json!("rate-limited")));
    assert_eq!(page.header(header::RETRY_AFTER), "5");
}

#[actix_web::test]
async fn the_public_keys_may_be_cached() {
    let world = World::open(on_sqlite().await, Settings::default()).await;
    let browser = Browser { world: &world, verifier: world.verifier().await };
    let page = browser.send(Method::GET, "/.well-known/jwks.json", "", None).await;
    assert_eq!(page.header(header::CACHE_CONTROL), "public, max-age=300");
    let key = &page.body["keys"][0];
    assert_eq!(
        (&key["kty"], &key["crv"], &key["use"]),
        (&json!("OKP"), &json!("Ed25519"), &json!("sig"))
    );
}
