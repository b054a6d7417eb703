//! The same lists as a browser sees them.

use actix_web::{
    App, HttpMessage,
    http::{
        StatusCode,
        header::{ETAG, IF_NONE_MATCH, RETRY_AFTER},
    },
    test::{TestRequest, call_service, init_service, read_body},
    web::Data,
};
use host::Cursors;
use identity::{Principal, Role};
use kernel::Timestamp;
use serde_json::{Value, json};

use super::world::{Life, Place, World};

struct Seen {
    status: StatusCode,
    tag: String,
    retry_after: Option<String>,
    body: Value,
}

async fn get(world: &World, life: &Life, path: &str, headers: &[(&str, &str)]) -> Seen {
    let routes = world.routes.clone();
    let cursors = Data::new(Cursors::new(b"a secret"));
    let app = App::new().app_data(cursors).configure(|app| routes.configure(app));
    let app = init_service(app).await;
    let mut request = TestRequest::get().uri(path);
    for header in headers {
        request = request.insert_header(*header);
    }
    let request = request.to_request();
    request.extensions_mut().insert(Principal {
        subject: life.customer.to_string().into(),
        roles: vec![Role::Customer],
        session: None,
        token: "t".into(),
        expires_at: Timestamp::from_micros(i64::MAX),
    });
    let response = call_service(&app, request).await;
    let header = |name| response.headers().get(name).map(|it| it.to_str().unwrap().to_owned());
    let (status, tag) = (response.status(), header(ETAG).unwrap_or_default());
    let retry_after = header(RETRY_AFTER);
    let body = serde_json::from_slice(&read_body(response).await).unwrap_or_default();
    Seen { status, tag, retry_after, body }
}

#[actix_web::test]
async fn every_route_has_a_policy_and_is_documented() {
    assert_eq!(World::open(Place::Here).await.routes.check(), Ok(()));
}

#[actix_web::test]
async fn a_browser_reads_its_list_and_follows_it_to_a_timeline() {
    let world = World::open(Place::Here).await;
    let first = Life::new();
    let second = Life::of(first.customer);
    for life in [first, second] {
        world.tell(&life.placed()).await;
    }
    world.tell(&first.completed()).await;
    world.tell(&first.prepared()).await;

    let page = get(&world, &first, "/v1/orders?limit=1", &[]).await;
    assert_eq!(page.body["items"][0]["id"], second.order.to_string());
    let rest = format!("/v1/orders?limit=1&cursor={}", page.body["next_cursor"].as_str().unwrap());
    let page = get(&world, &first, &rest, &[]).await;
    let entry = &page.body["items"][0];
    assert_eq!((&entry["status"], &entry["version"]), (&json!("completed"), &json!(3)));
    assert_eq!(entry["total"], json!({ "minor": 4488, "currency": "EUR" }));
    assert_eq!(page.body.get("next_cursor"), None);
    let known = get(&world, &first, &rest, &[(IF_NONE_MATCH.as_str(), &page.tag)]).await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);

    let timeline = entry["_links"]["timeline"]["href"].as_str().unwrap();
    let timeline = get(&world, &first, timeline, &[]).await.body;
    let what: Vec<_> =
        timeline["items"].as_array().unwrap().iter().map(|it| it["what"].clone()).collect();
    assert_eq!(what, ["order-placed", "order-completed", "shipment-prepared"]);

    let filtered = get(&world, &first, "/v1/orders?delivery_status=preparing", &[]).await.body;
    assert_eq!(filtered["items"].as_array().unwrap().len(), 1);
    let nonsense = get(&world, &first, "/v1/orders?status=lost", &[]).await;
    assert_eq!(nonsense.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[actix_web::test]
async fn a_browser_says_what_it_has_just_done() {
    let world = World::open(Place::Here).await;
    let life = Life::new();
    world.announce(&life.placed()).await;
    let position = life.position(1).to_string();
    let seen = get(&world, &life, "/v1/orders", &[("Read-After", &position)]).await;
    assert_eq!(seen.body["items"][0]["version"], 1);
    let path = format!("/v1/orders/{}/timeline?after_position={position}", life.order);
    let seen = get(&world, &life, &path, &[]).await;
    assert_eq!(seen.body["items"][0]["what"], "order-placed");

    let late = life.position(9).to_string();
    let seen = get(&world, &life, "/v1/orders", &[("Read-After", &late)]).await;
    assert_eq!(seen.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(seen.body["code"], "dependency-unavailable");
    assert_eq!(seen.retry_after.as_deref(), Some("1"));
    let seen = get(&world, &life, "/v1/orders", &[("Read-After", "soon")]).await;
    assert_eq!(seen.body["errors"][0]["code"], "invalid-position");
}
