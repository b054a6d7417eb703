//! Deliveries as they are asked for over HTTP.

use actix_web::{
    App, HttpMessage,
    body::to_bytes,
    dev::ServiceResponse,
    test::{TestRequest, call_service, init_service},
    web::Data,
};
use deliveries_api::TrackingCode;
use host::Cursors;
use identity::{Principal, Role};
use kernel::Timestamp;
use serde_json::Value;

use super::world::{World, scan};

/// An answer with its body read.
struct Heard {
    status: u16,
    headers: actix_web::http::header::HeaderMap,
    body: Vec<u8>,
}

impl Heard {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// Sends a request as the gateway does once it knows that staff asks.
async fn send(world: &World, request: TestRequest) -> Heard {
    let routes = world.routes.clone();
    let cursors = Data::new(Cursors::new(b"a secret"));
    let app = App::new().app_data(cursors).configure(|app| routes.configure(app));
    let app = init_service(app).await;
    let request = request.to_request();
    request.extensions_mut().insert(Principal {
        subject: "somebody".into(),
        roles: vec![Role::Warehouse],
        session: None,
        token: "t".into(),
        expires_at: Timestamp::from_micros(i64::MAX),
    });
    let response: ServiceResponse = call_service(&app, request).await;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = to_bytes(response.into_body()).await.unwrap().to_vec();
    Heard { status, headers, body }
}

async fn get(world: &World, path: &str) -> Heard {
    send(world, TestRequest::get().uri(path)).await
}

async fn post(world: &World, path: &str, key: &str) -> Heard {
    send(world, TestRequest::post().uri(path).insert_header(("Idempotency-Key", key))).await
}

fn href<'a>(resource: &'a Value, link: &str) -> Option<&'a str> {
    resource["_links"][link]["href"].as_str()
}

#[actix_web::test]
async fn staff_find_a_parcel_print_its_label_and_send_it() {
    for world in World::both(super::world::settings()).await {
        let (order, shipment) = world.prepared().await;
        world.prepared().await;
        let found =
            get(&world, &format!("/v1/admin/deliveries?order={}", order.order)).await.json();
        assert_eq!(found["items"].as_array().unwrap().len(), 1);
        let found = &found["items"][0];
        assert_eq!(found["order_number"], order.number.to_string());
        let label = get(&world, href(found, "label").unwrap()).await;
        assert_eq!(label.header("content-type"), Some("application/pdf"));
        assert!(label.body.starts_with(b"%PDF-"));
        assert_eq!(label.header("etag"), Some("\"1\""));

        let dispatch = href(found, "dispatch").unwrap();
        let sent = post(&world, dispatch, "one").await;
        assert_eq!((sent.status, sent.header("etag")), (200, Some("\"2\"")));
        assert_eq!(sent.header("idempotent-replayed"), None);
        let sent = sent.json();
        assert_eq!(sent["status"], "dispatched");
        for gone in ["dispatch", "cancel"] {
            assert_eq!(href(&sent, gone), None, "{gone}");
        }
        let again = post(&world, dispatch, "one").await;
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.json(), sent);
        let refused = post(&world, href(found, "cancel").unwrap(), "two").await;
        assert_eq!((refused.status, &refused.json()["code"]), (409, &"conflict".into()));
        let inspected = get(&world, href(&sent, "self").unwrap()).await.json();
        assert_eq!(inspected["id"], shipment.id.to_string());
    }
}

#[actix_web::test]
async fn the_list_is_read_page_by_page_the_newest_first() {
    for world in World::both(super::world::settings()).await {
        let mut expected = Vec::new();
        for _ in 0..5 {
            expected.insert(0, world.prepared().await.1.id.to_string());
        }
        let mut read: Vec<String> = Vec::new();
        let mut path = "/v1/admin/deliveries?status=ready&limit=2".to_owned();
        loop {
            let page = get(&world, &path).await.json();
            let items = page["items"].as_array().unwrap();
            read.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            path = format!("/v1/admin/deliveries?status=ready&limit=2&cursor={next}");
        }
        read.dedup();
        let mut sorted = expected.clone();
        sorted.sort_by(|one, other| other.cmp(one));
        assert_eq!(read, sorted);
        for none in ["status=lost", "carrier=nobody", "waybill=RX473124829DE"] {
            let page = get(&world, &format!("/v1/admin/deliveries?{none}")).await.json();
            assert_eq!(page["items"], Value::Array(Vec::new()), "{none}");
        }
        for wrong in ["status=gone", "waybill=RX473124828DE", "order=shp_1", "limit=0"] {
            let refused = get(&world, &format!("/v1/admin/deliveries?{wrong}")).await;
            assert_eq!(refused.status, 422, "{wrong}");
        }
    }
}

#[actix_web::test]
async fn a_carrier_tells_and_anybody_with_the_waybill_sees_it_and_nothing_else() {
    for world in World::both(super::world::settings()).await {
        world.work();
        let (_, shipment) = world.prepared().await;
        let waybill = shipment.waybill.clone().unwrap();
        let webhook = world.signed(&scan(&waybill, 1, TrackingCode::InTransit));
        let path = "/v1/webhooks/carriers/rialto-post";
        let tell = |signature: String| {
            let request = TestRequest::post().uri(path).set_payload(webhook.body.clone());
            send(&world, request.insert_header(("Carrier-Signature", signature)))
        };
        let forged = tell("t=1,v1=AAAA".to_owned()).await;
        assert_eq!((forged.status, &forged.json()["code"]), (401, &"unauthenticated".into()));
        let unsigned = TestRequest::post().uri(path).set_payload(webhook.body.clone());
        assert_eq!(send(&world, unsigned).await.status, 401);
        for duplicate in [false, true] {
            let told = tell(webhook.signature.clone()).await;
            assert_eq!((told.status, &told.json()["duplicate"]), (200, &duplicate.into()));
        }
        world.reaches(&shipment, deliveries_api::Status::InTransit).await;
        let tracking = get(&world, &format!("/v1/tracking/{waybill}")).await;
        let text = String::from_utf8(tracking.body.clone()).unwrap();
        for personal in ["Ada", "Buchstraße", "04109", "shp_", "ord_", "usr_", "Mug"] {
            assert!(!text.contains(personal), "{text}");
        }
        let tracking = tracking.json();
        assert_eq!(tracking["status"], "in_transit");
        assert_eq!(tracking["events"][0]["code"], "in_transit");
        for nothing in ["RX473124829DE", "RX473124828DE", "nothing"] {
            assert_eq!(get(&world, &format!("/v1/tracking/{nothing}")).await.status, 404);
        }
    }
}
