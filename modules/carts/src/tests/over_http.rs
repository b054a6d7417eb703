//! The same carts as a browser sees them.

use actix_web::{
    App, HttpMessage,
    dev::Service,
    http::{Method, StatusCode, header},
    test::{self, TestRequest},
};
use identity::{Principal, Role};
use serde_json::{Value, json};

use super::{NOON, World, catalogue::Mood, on_postgres, on_sqlite};

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

async fn send(world: &World, method: Method, path: &str, body: Option<Value>) -> Page {
    send_under(None, world, method, path, body).await
}

/// Answers one request of Ada's, with this `Idempotency-Key`, the way it would be answered behind the
/// gateway.
async fn send_under(
    key: Option<&str>,
    world: &World,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Page {
    let routes = world.hosted.routes.clone();
    let ada = Principal {
        subject: world.ada.to_string().into(),
        roles: vec![Role::Customer],
        session: None,
        token: "a token".into(),
        expires_at: NOON,
    };
    let app = App::new()
        .wrap_fn(move |request, next| {
            request.extensions_mut().insert(ada.clone());
            next.call(request)
        })
        .configure(|app| routes.configure(app));
    let app = test::init_service(app).await;
    let mut request = TestRequest::default().method(method).uri(path);
    if let Some(body) = body {
        request = request.set_json(body);
    }
    if let Some(key) = key {
        request = request.insert_header(("idempotency-key", key));
    }
    let response = test::call_service(&app, request.to_request()).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = test::read_body(response).await;
    Page { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() }
}

#[actix_web::test]
async fn a_cart_is_filled_until_it_offers_to_become_an_order() {
    let world = World::open(on_sqlite().await);
    world.hosted.routes.check().unwrap();
    let mug = world.catalogue.sell("Mug", 900);

    let opened = send(&world, Method::POST, "/v1/carts", Some(json!({}))).await;
    assert_eq!((opened.status.as_u16(), opened.header(header::ETAG)), (201, "\"1\""));
    assert_eq!(opened.body["requirements"][0]["code"], "cart-empty");
    assert!(opened.body["_links"].get("place-order").is_none());
    let cart = opened.header(header::LOCATION).to_owned();
    let again = send(&world, Method::POST, "/v1/carts", Some(json!({ "currency": "USD" }))).await;
    assert_eq!((again.status.as_u16(), &again.body["id"]), (200, &opened.body["id"]));

    let line = format!("{cart}/lines/{mug}");
    let filled = send(&world, Method::PUT, &line, Some(json!({ "quantity": 2 }))).await;
    assert_eq!(filled.status, 200, "{}", filled.body);
    assert_eq!(filled.body["lines"][0]["total"], json!({ "minor": 1800, "currency": "EUR" }));
    let offer = json!({ "href": "/v1/orders", "method": "POST" });
    assert_eq!(filled.body["_links"]["place-order"], offer);

    world.catalogue.change(mug, |mug| mug.available = 1);
    let seen = send(&world, Method::GET, &cart, None).await;
    assert_eq!(seen.body["requirements"][0]["code"], "insufficient-stock");
    assert_eq!(seen.body["requirements"][0]["line"], 0);
    assert!(seen.body["_links"].get("place-order").is_none());

    let emptied = send(&world, Method::DELETE, &line, None).await;
    assert_eq!((emptied.status.as_u16(), &emptied.body["lines"]), (200, &json!([])));
}

#[actix_web::test]
async fn a_cart_that_could_not_be_compared_says_so() {
    let world = World::open(on_sqlite().await);
    let mug = world.catalogue.sell("Mug", 900);
    let cart = world.put(&world.cart().await, mug, 1).await.unwrap();
    world.catalogue.turn(Mood::Fails);
    let path = format!("/v1/carts/{}", cart.id);
    let seen = send(&world, Method::GET, &path, None).await;
    assert_eq!((seen.status.as_u16(), &seen.body["warnings"][0]["code"]), (200, &json!("stale")));
    assert!(seen.body["_links"].get("place-order").is_none());
    let path = format!("{path}/lines/{mug}");
    let put = send(&world, Method::PUT, &path, Some(json!({ "quantity": 2 }))).await;
    assert_eq!(put.status, 503);
}

#[actix_web::test]
async fn what_cannot_be_a_quantity_a_currency_or_a_cart_is_named() {
    let world = World::open(on_sqlite().await);
    let (cart, mug) = (world.cart().await, world.catalogue.sell("Mug", 900));
    let line = format!("/v1/carts/{}/lines/{mug}", cart.id);
    let page = send(&world, Method::PUT, &line, Some(json!({ "quantity": 0 }))).await;
    assert_eq!(
        (page.status.as_u16(), &page.body["errors"][0]["pointer"]),
        (422, &json!("/quantity"))
    );
    let page = send(&world, Method::POST, "/v1/carts", Some(json!({ "currency": "XYZ" }))).await;
    assert_eq!(
        (page.status.as_u16(), &page.body["errors"][0]["pointer"]),
        (422, &json!("/currency"))
    );
    let page = send(&world, Method::GET, "/v1/carts/crt_none", None).await;
    assert_eq!(page.status, 404);
}

#[actix_web::test]
async fn a_cart_that_is_opened_twice_under_one_key_is_shown_as_it_was_opened() {
    for db in [on_sqlite().await, on_postgres().await] {
        let world = World::open(db);
        let open = || send_under(Some("k"), &world, Method::POST, "/v1/carts", Some(json!({})));
        let first = open().await;
        assert_eq!(first.status, StatusCode::CREATED);
        let again = open().await;
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        assert_eq!(again.headers.get("idempotent-replayed").unwrap(), "true");
        assert!(first.headers.get("idempotent-replayed").is_none());
    }
}
