//! What Eureka's clients ask for, and what they are answered.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::world::{World, instance};

#[actix_web::test]
async fn whoever_registers_is_found_by_every_way_there_is() {
    let world = World::open().await;
    world.registered(&instance("one")).await;
    let ways = [
        "/apps",
        "/apps/delta",
        "/apps/SHOP",
        "/apps/shop",
        "/apps/SHOP/one",
        "/instances/one",
        "/vips/shop",
        "/vips/stall",
        "/svips/shop-tls",
    ];
    for way in ways {
        for path in [
            format!("/eureka{way}"),
            format!("/eureka{way}/"),
            format!("/eureka/v2{way}"),
            format!("/eureka/v2{way}/"),
        ] {
            let found = world.read(&path).await;
            assert!(found.to_string().contains(r#""instanceId":"one""#), "{path}: {found}");
        }
    }
    let absent = [
        "/apps/OTHER",
        "/apps/SHOP/two",
        "/instances/two",
        "/vips/other",
        "/svips/shop",
        "/other",
        "/apps/SHOP/one/other",
    ];
    for path in absent {
        let status = world.status(Method::GET, &format!("/eureka/v2{path}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[actix_web::test]
async fn an_instance_is_shown_as_it_described_itself() {
    let world = World::open().await;
    world.registered(&instance("one")).await;
    let shown = world.read("/eureka/v2/apps/SHOP/one").await;
    let shown = &shown["instance"];
    let said = instance("one");
    for name in ["instanceId", "hostName", "app", "ipAddr", "status", "port", "securePort"] {
        assert_eq!(shown[name], said[name], "{name}");
    }
    for name in ["vipAddress", "secureVipAddress", "dataCenterInfo", "metadata"] {
        assert_eq!(shown[name], said[name], "{name}");
    }
    assert_eq!(shown["lastDirtyTimestamp"], "1000");
    assert!(shown["lastUpdatedTimestamp"].as_str().unwrap().parse::<i64>().unwrap() > 0);
    assert_eq!(shown["leaseInfo"]["durationInSecs"], 90);
    assert!(shown["leaseInfo"]["registrationTimestamp"].as_i64().unwrap() > 0);
    assert_eq!(shown["actionType"], "ADDED");
    assert_eq!(shown["overriddenstatus"], "UNKNOWN");
}

#[actix_web::test]
async fn a_heartbeat_of_somebody_unknown_is_answered_with_register_again() {
    let world = World::open().await;
    assert_eq!(world.beat("SHOP", "one").await, StatusCode::NOT_FOUND);
    world.registered(&instance("one")).await;
    assert_eq!(world.beat("SHOP", "one").await, StatusCode::OK);
    let stale = "/eureka/v2/apps/SHOP/one?status=UP&lastDirtyTimestamp=1000";
    assert_eq!(world.status(Method::PUT, stale).await, StatusCode::OK);
    let newer = "/eureka/v2/apps/SHOP/one?status=UP&lastDirtyTimestamp=1001";
    assert_eq!(world.status(Method::PUT, newer).await, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn a_heartbeat_may_say_that_an_instance_is_down() {
    let world = World::open().await;
    world.registered(&instance("one")).await;
    let down = "/eureka/v2/apps/SHOP/one?status=DOWN";
    assert_eq!(world.status(Method::PUT, down).await, StatusCode::OK);
    let shown = world.read("/eureka/v2/instances/one").await;
    assert_eq!(shown["instance"]["status"], "DOWN");
    let wrong = "/eureka/v2/apps/SHOP/one?status=TIRED";
    assert_eq!(world.status(Method::PUT, wrong).await, StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn what_others_decide_stands_until_they_take_it_back() {
    let world = World::open().await;
    world.registered(&instance("one")).await;
    let decide = "/eureka/v2/apps/SHOP/one/status?value=OUT_OF_SERVICE";
    assert_eq!(world.status(Method::PUT, decide).await, StatusCode::OK);
    let beat = "/eureka/v2/apps/SHOP/one?status=UP";
    assert_eq!(world.status(Method::PUT, beat).await, StatusCode::OK);
    world.registered(&instance("one")).await;
    let shown = world.read("/eureka/v2/instances/one").await;
    assert_eq!(shown["instance"]["status"], "OUT_OF_SERVICE");
    assert_eq!(shown["instance"]["overriddenstatus"], "OUT_OF_SERVICE");

    let undecide = "/eureka/v2/apps/SHOP/one/status";
    assert_eq!(world.status(Method::DELETE, undecide).await, StatusCode::OK);
    let shown = world.read("/eureka/v2/instances/one").await;
    assert_eq!(shown["instance"]["status"], "UP");
    assert_eq!(shown["instance"]["overriddenstatus"], "UNKNOWN");

    let absent = "/eureka/v2/apps/SHOP/two/status";
    let status = world.status(Method::PUT, &format!("{absent}?value=DOWN")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(world.status(Method::DELETE, absent).await, StatusCode::NOT_FOUND);
    let nothing = "/eureka/v2/apps/SHOP/one/status";
    assert_eq!(world.status(Method::PUT, nothing).await, StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn metadata_is_added_to() {
    let world = World::open().await;
    world.registered(&instance("one")).await;
    let path = "/eureka/v2/apps/SHOP/one/metadata?zone=b&weight=3";
    assert_eq!(world.status(Method::PUT, path).await, StatusCode::OK);
    let shown = world.read("/eureka/v2/instances/one").await;
    assert_eq!(shown["instance"]["metadata"], json!({ "zone": "b", "weight": "3" }));
    let absent = "/eureka/v2/apps/SHOP/two/metadata?zone=b";
    assert_eq!(world.status(Method::PUT, absent).await, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn whoever_cancels_is_gone() {
    let world = World::open().await;
    world.registered(&instance("one")).await;
    let path = "/eureka/v2/apps/SHOP/one";
    assert_eq!(world.status(Method::DELETE, path).await, StatusCode::OK);
    assert_eq!(world.status(Method::DELETE, path).await, StatusCode::NOT_FOUND);
    assert!(!world.is_listed("SHOP", "one").await);
    assert_eq!(world.status(Method::GET, "/eureka/v2/apps/SHOP").await, StatusCode::NOT_FOUND);
    assert_eq!(world.beat("SHOP", "one").await, StatusCode::NOT_FOUND);
}
