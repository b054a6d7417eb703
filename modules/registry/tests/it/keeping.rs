//! Leases that run out, and those that are kept because everybody is silent.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use testkit::eventually;

use crate::world::{LIMIT, World, instance, short_lived};

#[actix_web::test]
async fn whoever_falls_silent_alone_is_taken_out_and_the_others_stay() {
    let world = World::open().await;
    world.registered(&short_lived("silent", 1)).await;
    for id in ["one", "two", "three"] {
        world.registered(&short_lived(id, 6)).await;
    }
    eventually("the silent one is gone", LIMIT, async || {
        for id in ["one", "two", "three"] {
            assert_eq!(world.beat("SHOP", id).await, StatusCode::OK, "{id}");
        }
        !world.is_listed("SHOP", "silent").await
    })
    .await;
    let delta = world.read("/eureka/v2/apps/delta").await;
    assert_eq!(delta["applications"]["apps__hashcode"], "UP_3_");
    assert!(delta.to_string().contains(r#""actionType":"DELETED""#), "{delta}");
}

#[actix_web::test]
async fn one_alone_is_taken_out_too() {
    let world = World::open().await;
    world.registered(&short_lived("silent", 1)).await;
    eventually("it is gone", LIMIT, async || !world.is_listed("SHOP", "silent").await).await;
}

#[actix_web::test]
async fn when_everybody_falls_silent_nobody_is_forgotten_until_some_are_heard_again() {
    let world = World::open().await;
    for id in ["one", "two", "three", "four"] {
        world.registered(&short_lived(id, 1)).await;
    }
    // Long enough for every lease to be over, and for sweeps to see it.
    let until = Instant::now() + Duration::from_secs(4);
    eventually("time has passed", LIMIT, async || {
        for id in ["one", "two", "three", "four"] {
            assert!(world.is_listed("SHOP", id).await, "{id}");
        }
        Instant::now() > until
    })
    .await;
    eventually("those who stay silent are gone", LIMIT, async || {
        for id in ["one", "two", "three"] {
            assert_eq!(world.beat("SHOP", id).await, StatusCode::OK, "{id}");
        }
        !world.is_listed("SHOP", "four").await
    })
    .await;
}

#[actix_web::test]
async fn whoever_does_not_say_how_long_is_listed_for_ninety_seconds() {
    let world = World::open().await;
    let mut said = instance("one");
    said.as_object_mut().unwrap().remove("leaseInfo");
    world.registered(&said).await;
    let shown = world.read("/eureka/v2/instances/one").await;
    assert_eq!(shown["instance"]["leaseInfo"]["durationInSecs"], 90);
    assert_eq!(shown["instance"]["leaseInfo"]["renewalIntervalInSecs"], 30);
}
