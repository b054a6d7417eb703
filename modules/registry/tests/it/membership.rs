//! Processes of this deployment in the registry: `chassis/discovery` against it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use discovery::{
    Instances,
    registry::{Announcement, Directory, Membership, Options},
};
use identity::InternalTokens;
use reqwest::{Method, StatusCode};
use testkit::eventually;
use url::Url;

use crate::world::{LIMIT, World, instance};

/// Registers as `orders` at `127.0.0.1:port`, found and followed at `registry`.
fn join(registry: SocketAddr, tokens: &InternalTokens, port: u16) -> (Membership, Directory) {
    let tokens = tokens.clone();
    let options = Options {
        urls: vec![Url::parse(&format!("http://{registry}/eureka/")).unwrap()],
        credential: Arc::new(move || format!("Bearer {}", tokens.sign("checkout", "registry"))),
        beat: Duration::from_millis(100),
        lease: Duration::from_secs(1),
    };
    let announcement = Announcement {
        modules: vec!["orders", "payments"],
        id: format!("checkout-{port}"),
        address: ([127, 0, 0, 1], port).into(),
    };
    let directory = Directory::default();
    let joined = Membership::begin(options, announcement, directory.clone());
    (joined.unwrap(), directory)
}

fn ports(instances: &Instances) -> Vec<u16> {
    let port = |it: &discovery::Instance| it.address.parse::<SocketAddr>().unwrap().port();
    instances.now().iter().map(port).collect()
}

async fn are(instances: &Instances, expected: &[u16]) {
    eventually(&format!("they are at {expected:?}"), LIMIT, async || ports(instances) == expected)
        .await;
}

#[actix_web::test]
async fn replicas_find_each_other_and_are_gone_as_soon_as_they_leave() {
    let world = World::open().await;
    let (_one, directory) = join(world.address, &world.tokens, 1001);
    let orders = directory.instances("orders", ["127.0.0.1:1".to_owned()]);
    are(&orders, &[1001]).await;
    let mut changes = orders.changes();
    let (two, other) = join(world.address, &world.tokens, 1002);
    are(&orders, &[1001, 1002]).await;
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    are(&other.instances("payments", []), &[1001, 1002]).await;

    two.leave().await;
    assert!(!world.is_listed("ORDERS", "checkout-1002").await, "leaving is known at once");
    are(&orders, &[1001]).await;
    assert!(changes.has_changed().unwrap());
}

#[actix_web::test]
async fn whoever_dies_without_a_word_leaves_traffic() {
    let world = World::open().await;
    let (_one, directory) = join(world.address, &world.tokens, 1001);
    let orders = directory.instances("orders", []);
    let mut dead = instance("dead");
    dead["app"] = "ORDERS".into();
    dead["port"]["$"] = 1002.into();
    dead["leaseInfo"] = serde_json::json!({ "renewalIntervalInSecs": 1, "durationInSecs": 2 });
    let insider = world.tokens.sign("checkout", "registry");
    let request = world.anonymous(Method::POST, "/eureka/apps/ORDERS").bearer_auth(&*insider);
    let answer = request.json(&serde_json::json!({ "instance": dead })).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    are(&orders, &[1001, 1002]).await;
    are(&orders, &[1001]).await;
}

#[actix_web::test]
async fn a_registry_that_dies_and_one_that_has_forgotten_everything_change_nothing() {
    let world = World::open().await;
    let tokens = world.tokens.clone();
    let (_one, directory) = join(world.address, &tokens, 1001);
    let (_two, _) = join(world.address, &tokens, 1002);
    world.registered(&instance("shop")).await;
    let (orders, shop) = (directory.instances("orders", []), directory.instances("shop", []));
    are(&orders, &[1001, 1002]).await;
    are(&shop, &[8081]).await;
    let changes = (orders.changes(), shop.changes());

    let address = world.crash().await;
    let world = World::at(address).await;
    eventually("both have registered again", LIMIT, async || {
        world.is_listed("ORDERS", "checkout-1001").await
            && world.is_listed("ORDERS", "checkout-1002").await
    })
    .await;
    let mut late = instance("late");
    late["app"] = "STALL".into();
    world.registered(&late).await;
    are(&directory.instances("stall", []), &[8081]).await;
    assert_eq!(ports(&shop), [8081], "whoever has not come back yet is still asked");
    assert!(!changes.0.has_changed().unwrap() && !changes.1.has_changed().unwrap());
}

#[actix_web::test]
async fn without_a_registry_the_topology_holds() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let tokens = InternalTokens::new(&crate::world::SECRET.into(), Arc::new(kernel::SystemClock));
    let tokens = tokens.unwrap();
    let (member, directory) = join(free, &tokens, 1001);
    let orders = directory.instances("orders", ["127.0.0.1:1".to_owned()]);
    assert_eq!(ports(&orders), [1]);
    let world = World::at(free).await;
    are(&orders, &[1001]).await;
    world.crash().await;
    member.leave().await;
    assert_eq!(ports(&orders), [1001]);
}
