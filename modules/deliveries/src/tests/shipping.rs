//! From a completed order to a shipment with a waybill.

use std::collections::HashSet;

use actix_web::{
    App, HttpMessage,
    test::{TestRequest, call_and_read_body_json, init_service},
};
use deliveries_api::{Error, ShipmentOf, Status, Waybill};
use identity::{Principal, Role};
use kernel::{Ids, Timestamp};
use orders_api::DeliveryStatus;
use sea_orm::ConnectionTrait;
use serde_json::Value;

use super::{
    told_everywhere,
    world::{World, order},
};

async fn a_completed_order_gets_one_shipment_with_a_waybill(world: World) {
    let order = order();
    assert_eq!(world.shipments(&order).await, []);
    world.complete(&order).await;
    let shipments = world.shipments(&order).await;
    let [shipment] = &shipments[..] else { panic!("{shipments:?}") };
    assert_eq!((shipment.seq, shipment.status), (1, Status::Ready));
    assert_eq!((shipment.lines[0].quantity, &*shipment.lines[0].sku), (2, "MUG-1"));
    assert_eq!(shipment.ship_to, order.ship_to);
    assert_eq!((&*shipment.service, &*shipment.carrier), ("standard", "rialto-post"));
    let waybill = shipment.waybill.as_ref().unwrap();
    assert!(Waybill::try_from(waybill.to_string()).is_ok());
    let heard = world.heard();
    assert_eq!(heard.len(), 1);
    assert_eq!((heard[0].shipment, heard[0].overall), (shipment.id, DeliveryStatus::Preparing));
    let detail = format!("rialto-post {waybill}");
    assert_eq!(heard[0].moment.detail.as_ref(), Some(&detail));

    let which = ShipmentOf { customer: order.customer, shipment: shipment.id };
    assert_eq!(world.deliveries.shipment(which).await.as_ref(), Ok(shipment));
}

async fn an_order_completed_twice_is_shipped_once(world: World) {
    let order = order();
    world.complete(&order).await;
    world.complete(&order).await;
    assert_eq!(world.shipments(&order).await.len(), 1);
    assert_eq!(world.heard().len(), 1);
}

async fn a_waybill_that_is_taken_is_not_given_again(world: World) {
    let mut waybills = HashSet::new();
    for _ in 0..20 {
        let order = order();
        world.complete(&order).await;
        waybills.insert(world.shipments(&order).await[0].waybill.clone());
    }
    assert_eq!(waybills.len(), 20);
    let tx = world.db.begin().await.unwrap();
    let twins = "UPDATE shipment SET waybill = 'RX473124829DE'";
    assert!(tx.execute_unprepared(twins).await.is_err());
    tx.rollback().await.unwrap();
}

async fn somebody_elses_shipment_is_nobodys(world: World) {
    let order = order();
    world.complete(&order).await;
    let shipment = world.shipments(&order).await[0].id;
    let which = ShipmentOf { customer: Ids::system().next(), shipment };
    assert_eq!(world.deliveries.shipment(which).await, Err(Error::UnknownShipment(shipment)));
}

/// Begin, mark, insert, stream heads, outbox, commit.
const SHIPMENT: u64 = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shipment_costs_six_statements() {
    let world = World::here().await;
    world.complete(&order()).await;
    let mut cheapest = u64::MAX;
    for round in 1..=3 {
        let before = world.db.statements();
        world.announce(&order()).await;
        world.hears(1 + round).await;
        // What the relay removes or looks for now and then may fall into a round.
        cheapest = cheapest.min(world.db.statements() - before);
    }
    assert!(cheapest <= SHIPMENT, "{cheapest} statements");
}

#[test]
fn a_shipment_has_several_waybills_to_try() {
    let id = Ids::system().next();
    let waybills: HashSet<_> = (0..crate::domain::WAYBILLS)
        .map(|attempt| crate::domain::waybill(id, attempt).to_string())
        .collect();
    assert!(waybills.len() > 1);
}

#[actix_web::test]
async fn the_routes_are_documented_and_show_only_what_is_ones_own() {
    let world = World::here().await;
    assert_eq!(world.routes.check(), Ok(()));
    let order = order();
    world.complete(&order).await;
    let shipment = world.shipments(&order).await.remove(0);
    let list = ask(&world, &order.customer.to_string(), &of(&order.order.to_string())).await;
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["waybill"], shipment.waybill.unwrap().as_str());
    assert_eq!(items[0]["status"], "ready");
    let here = items[0]["_links"]["self"]["href"].as_str().unwrap();
    let own = ask(&world, &order.customer.to_string(), here).await;
    assert_eq!(own["id"], shipment.id.to_string());
    let stranger: users_api::UserId = Ids::system().next();
    let foreign = ask(&world, &stranger.to_string(), here).await;
    assert_eq!((foreign["status"].as_u64(), &foreign["code"]), (Some(404), &"not-found".into()));
    let none = ask(&world, &stranger.to_string(), &of(&order.order.to_string())).await;
    assert_eq!(none["items"], Value::Array(Vec::new()));

    world.work();
    let methods = ask(&world, "nobody", "/v1/delivery-methods?country=DE&currency=EUR").await;
    assert_eq!(methods["items"][0]["code"], "standard");
    assert_eq!(methods["items"][0]["price"]["minor"], 490);
    for query in ["country=DE&currency=euro", "country=XX&currency=EUR", "country=DE"] {
        let refused = ask(&world, "nobody", &format!("/v1/delivery-methods?{query}")).await;
        assert_eq!(refused["code"], "validation-failed", "{query}");
    }
}

fn of(order: &str) -> String {
    format!("/v1/orders/{order}/deliveries")
}

/// Asks as the gateway does once it knows who it is.
async fn ask(world: &World, who: &str, path: &str) -> Value {
    let routes = world.routes.clone();
    let app = init_service(App::new().configure(|app| routes.configure(app))).await;
    let request = TestRequest::get().uri(path).to_request();
    request.extensions_mut().insert(Principal {
        subject: who.into(),
        roles: vec![Role::Customer],
        session: None,
        token: "t".into(),
        expires_at: Timestamp::from_micros(i64::MAX),
    });
    call_and_read_body_json(&app, request).await
}

told_everywhere!(
    a_completed_order_gets_one_shipment_with_a_waybill,
    an_order_completed_twice_is_shipped_once,
    a_waybill_that_is_taken_is_not_given_again,
    somebody_elses_shipment_is_nobodys,
);
