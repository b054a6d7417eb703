//! The same users as a browser sees them.

use actix_web::{
    App, HttpMessage,
    body::MessageBody,
    dev::{Service, ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header},
    test::{self, TestRequest},
    web::Data,
};
use host::Cursors;
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
        self.send_with(method, path, token, &[], body).await
    }

    /// The same with more headers.
    async fn send_with(
        &self,
        method: Method,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Page {
        let routes = self.world.hosted.routes.clone();
        let verifier = self.verifier.clone();
        let app = App::new()
            .wrap_fn(move |request, next| {
                identify(&verifier, &request);
                next.call(request)
            })
            .app_data(Data::new(Cursors::new(b"a secret of the test")))
            .configure(|app| routes.configure(app));
        let app = test::init_service(app).await;
        let mut request = TestRequest::default().method(method).uri(path);
        request = request.peer_addr(([192, 0, 2, 1], 4711).into());
        request = request.insert_header((header::AUTHORIZATION, format!("Bearer {token}")));
        for header in headers {
            request = request.insert_header(*header);
        }
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

const KEY: &str = "idempotency-key";

impl Browser<'_> {
    /// Ada signs up and logs in.
    async fn ada(&self) -> Value {
        let wish = json!({ "email": "ada@example.com", "password": PASSWORD, "name": "Ada" });
        assert_eq!(self.send(Method::POST, "/v1/users", "", Some(wish)).await.status, 201);
        self.send(Method::POST, "/v1/sessions", "", credentials(PASSWORD)).await.body
    }
}

#[actix_web::test]
async fn what_changes_an_account_says_which_version_it_is_based_on() {
    let world = World::open(on_sqlite().await, Settings::default()).await;
    let browser = Browser { world: &world, verifier: world.verifier().await };
    let session = browser.ada().await;
    let token = session["access_token"].as_str().unwrap();
    let change = || Some(json!({ "name": "Ada King", "phone": null }));
    let patch = async |headers: &[(&str, &str)]| {
        browser.send_with(Method::PATCH, "/v1/users/me", token, headers, change()).await
    };
    assert_eq!(patch(&[]).await.status, 428);
    let stale = patch(&[("if-match", "\"7\"")]).await;
    assert_eq!((stale.status.as_u16(), &stale.body["current_version"]), (412, &json!(1)));
    let changed = patch(&[("if-match", "\"1\""), (KEY, "rename")]).await;
    assert_eq!((changed.status.as_u16(), &changed.body["name"]), (200, &json!("Ada King")));
    assert_eq!(changed.header(header::ETAG), "\"2\"");
    let again = patch(&[("if-match", "\"1\""), (KEY, "rename")]).await;
    assert_eq!((again.status, &again.body), (changed.status, &changed.body));
    assert_eq!(again.headers.get("idempotent-replayed").unwrap(), "true");
    for (method, path) in [
        (Method::DELETE, "/v1/users/me"),
        (Method::PUT, "/v1/users/me/addresses/adr_01ksr49200ex2aa2t8mr4hky10"),
        (Method::DELETE, "/v1/users/me/addresses/adr_01ksr49200ex2aa2t8mr4hky10"),
    ] {
        let place = json!({ "recipient": "Ada", "line1": "1 Way", "city": "Bonn",
            "postal_code": "53111", "country": "DE" });
        let body = Some(json!({ "label": "home", "address": place }));
        let page = browser.send(method.clone(), path, token, body).await;
        assert_eq!(page.status, 428, "{method} {path}");
    }
    let erased = browser
        .send_with(Method::DELETE, "/v1/users/me", token, &[("if-match", "\"2\"")], None)
        .await;
    assert_eq!(erased.status, 204);
    assert_eq!(browser.send(Method::GET, "/v1/users/me", token, None).await.status, 404);
}

#[actix_web::test]
async fn requests_with_a_password_can_be_repeated_and_keep_it_secret() {
    let world = World::open(on_sqlite().await, Settings::default()).await;
    let browser = Browser { world: &world, verifier: world.verifier().await };
    let post = async |path: &str, body: Value| {
        browser.send_with(Method::POST, path, "", &[(KEY, "one")], Some(body)).await
    };
    let wish =
        |password: &str| json!({ "email": "ada@example.com", "password": password, "name": "Ada" });
    let first = post("/v1/users", wish(PASSWORD)).await;
    let again = post("/v1/users", wish(PASSWORD)).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
    assert_eq!(first.body, again.body);
    assert_eq!(again.headers.get("idempotent-replayed").unwrap(), "true");
    let other = post("/v1/users", wish("another password")).await;
    assert_eq!(
        (other.status.as_u16(), &other.body["code"]),
        (422, &json!("idempotency-key-reused"))
    );

    let first = post("/v1/sessions", credentials(PASSWORD).unwrap()).await;
    let again = post("/v1/sessions", credentials(PASSWORD).unwrap()).await;
    assert_eq!((first.status.as_u16(), &first.body), (201, &again.body));
    assert_eq!(again.headers.get("idempotent-replayed").unwrap(), "true");

    let token = json!({ "refresh_token": first.body["refresh_token"] });
    let next = post("/v1/sessions/refresh", token.clone()).await;
    let again = post("/v1/sessions/refresh", token).await;
    assert_eq!((next.status.as_u16(), &next.body), (200, &again.body));
    assert_eq!(again.headers.get("idempotent-replayed").unwrap(), "true");
    let kept = super::log_ins::everything(&world, "idempotency").await;
    for secret in [&first.body, &next.body] {
        for part in ["refresh_token", "access_token"] {
            assert!(!kept.contains(secret[part].as_str().unwrap()), "{kept}");
        }
    }
}

#[actix_web::test]
async fn a_session_is_seen_continued_and_ended() {
    let world = World::open(on_sqlite().await, Settings::default()).await;
    let browser = Browser { world: &world, verifier: world.verifier().await };
    let session = browser.ada().await;
    let token = session["access_token"].as_str().unwrap();
    let refresh = async |token: &Value| {
        let body = json!({ "refresh_token": token });
        browser.send(Method::POST, "/v1/sessions/refresh", "", Some(body)).await
    };
    let next = refresh(&session["refresh_token"]).await;
    assert_eq!((next.status.as_u16(), &next.body["id"]), (200, &session["id"]));
    let same = refresh(&session["refresh_token"]).await;
    assert_eq!(same.body["refresh_token"], next.body["refresh_token"]);
    let list = browser.send(Method::GET, "/v1/users/me/sessions", token, None).await;
    assert_eq!(list.body["items"][0]["id"], session["id"]);
    assert_eq!(list.body["items"][0]["current"], true);
    let href = list.body["items"][0]["_links"]["self"]["href"].as_str().unwrap().to_owned();
    assert_eq!(browser.send(Method::GET, &href, token, None).await.status, 200);
    assert_eq!(browser.send(Method::DELETE, "/v1/sessions/current", token, None).await.status, 204);
    assert_eq!(browser.send(Method::GET, &href, token, None).await.status, 404);
    let over = refresh(&next.body["refresh_token"]).await;
    assert_eq!((over.status.as_u16(), &over.body["code"]), (401, &json!("unauthenticated")));
    let again = browser.send(Method::DELETE, "/v1/sessions/current", token, None).await;
    assert_eq!(again.status, 204, "whoever is out is out");
}
