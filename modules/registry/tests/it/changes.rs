//! What changed: versions, numbers, and the last three minutes.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::world::{World, instance};

/// Version, numbers, and what happened to whom.
fn told(applications: &Value) -> (u64, String, Vec<(String, String)>) {
    let all = &applications["applications"];
    let mut happened = Vec::new();
    for app in all["application"].as_array().unwrap() {
        for it in app["instance"].as_array().unwrap() {
            let text = |name: &str| it[name].as_str().unwrap().to_owned();
            happened.push((text("instanceId"), text("actionType")));
        }
    }
    let version = all["versions__delta"].as_u64().unwrap();
    (version, all["apps__hashcode"].as_str().unwrap().to_owned(), happened)
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(id, action)| ((*id).to_owned(), (*action).to_owned())).collect()
}

#[actix_web::test]
async fn changes_are_told_with_the_numbers_of_everybody() {
    let world = World::open().await;
    let (first, hash, all) = told(&world.read("/eureka/v2/apps").await);
    assert_eq!((hash.as_str(), all.len()), ("", 0));

    for id in ["one", "two", "three"] {
        world.registered(&instance(id)).await;
    }
    let (second, hash, all) = told(&world.read("/eureka/v2/apps/delta").await);
    assert!(second > first);
    assert_eq!(hash, "UP_3_");
    assert_eq!(all, pairs(&[("one", "ADDED"), ("two", "ADDED"), ("three", "ADDED")]));

    assert_eq!(world.beat("SHOP", "one").await, StatusCode::OK);
    assert_eq!(
        told(&world.read("/eureka/v2/apps/delta").await).0,
        second,
        "a heartbeat is no change"
    );

    let down = "/eureka/v2/apps/SHOP/two/status?value=DOWN";
    assert_eq!(world.status(Method::PUT, down).await, StatusCode::OK);
    let gone = "/eureka/v2/apps/SHOP/one";
    assert_eq!(world.status(Method::DELETE, gone).await, StatusCode::OK);
    let (third, hash, all) = told(&world.read("/eureka/v2/apps/delta").await);
    assert!(third > second);
    assert_eq!(hash, "DOWN_1_UP_1_");
    assert_eq!(all, pairs(&[("three", "ADDED"), ("two", "MODIFIED"), ("one", "DELETED")]));
    let (full, hash, all) = told(&world.read("/eureka/v2/apps").await);
    assert_eq!((full, hash.as_str()), (third, "DOWN_1_UP_1_"));
    assert_eq!(all, pairs(&[("three", "ADDED"), ("two", "MODIFIED")]));
}

#[actix_web::test]
async fn whoever_registers_again_has_changed() {
    let world = World::open().await;
    world.registered(&instance("one")).await;
    let mut said = instance("one");
    said["port"]["$"] = 9999.into();
    world.registered(&said).await;
    let (_, hash, all) = told(&world.read("/eureka/v2/apps/delta").await);
    assert_eq!((hash.as_str(), all), ("UP_1_", pairs(&[("one", "MODIFIED")])));
    let shown = world.read("/eureka/v2/instances/one").await;
    assert_eq!(shown["instance"]["port"]["$"], 9999);
}
