//! The outbox as staff see it.

use actix_web::{
    App,
    http::header::{ETAG, IF_NONE_MATCH},
    test::{TestRequest, call_service, init_service, read_body},
    web::Data,
};
use host::Cursors;
use kernel::Ids;
use notifications_api::Status;
use serde_json::Value;

use super::world::{Place, World, placed, quick};

async fn get(world: &World, path: &str, tag: &str) -> (u16, String, Value) {
    let routes = world.routes.clone();
    let cursors = Data::new(Cursors::new(b"a secret"));
    let app = App::new().app_data(cursors).configure(|app| routes.configure(app));
    let app = init_service(app).await;
    let request = TestRequest::get().uri(path).insert_header((IF_NONE_MATCH, tag));
    let response = call_service(&app, request.to_request()).await;
    let tag = response.headers().get(ETAG).map(|it| it.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let body = serde_json::from_slice(&read_body(response).await).unwrap_or_default();
    (status, tag.unwrap_or_default(), body)
}

#[actix_web::test]
async fn every_route_has_a_policy_and_is_documented() {
    assert_eq!(World::open(Place::Sqlite, quick("")).await.routes.check(), Ok(()));
}

#[actix_web::test]
async fn staff_list_mails_and_read_them() {
    let world = World::open(Place::Sqlite, quick("")).await;
    let placed = placed(Ids::system().next(), Some("grace@example.com"));
    world.tell(&placed).await;
    let sent = world.mail(Status::Sent).await;
    let (_, _, list) = get(&world, "/v1/admin/mails?status=sent", "").await;
    let mail = &list["items"][0];
    assert_eq!((&mail["kind"], &mail["to"]), (&"order-placed".into(), &"grace@example.com".into()));
    assert_eq!(mail["_links"]["order"]["href"], format!("/v1/admin/orders/{}", placed.order));
    let (_, _, none) = get(&world, "/v1/admin/mails?status=failed", "").await;
    assert_eq!(none["items"].as_array().unwrap().len(), 0);
    let about = format!("/v1/admin/mails?order={}", placed.order);
    assert_eq!(get(&world, &about, "").await.2["items"][0]["id"], sent.id.to_string());
    let person = format!("/v1/admin/mails?person={}", placed.customer);
    assert_eq!(get(&world, &person, "").await.2["items"][0]["id"], sent.id.to_string());

    let path = mail["_links"]["self"]["href"].as_str().unwrap();
    let (_, tag, letter) = get(&world, path, "").await;
    assert!(letter["text"].as_str().unwrap().contains("44.88 EUR"), "{letter}");
    assert_eq!(get(&world, path, &tag).await.0, 304);
    let missing = format!("/v1/admin/mails/{}", Ids::system().next::<notifications_api::MailId>());
    assert_eq!(get(&world, &missing, "").await.2["code"], "not-found");
}
