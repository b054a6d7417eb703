//! Changes as they happen.

use futures::StreamExt;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::time::timeout;

use crate::world::{LIMIT, World, instance, short_lived};

/// An open `/registry/watch`.
struct Watch {
    pieces: std::pin::Pin<Box<dyn futures::Stream<Item = reqwest::Result<bytes::Bytes>>>>,
    text: String,
}

impl Watch {
    async fn open(world: &World) -> Self {
        let answer = world.ask(Method::GET, "/registry/watch").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { pieces: Box::pin(answer.bytes_stream()), text: String::new() }
    }

    /// The next event and its data; nothing at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name).map(str::to_owned))
                };
                let Some(data) = field("data: ") else { continue };
                assert!(field("id: ").is_some(), "{event}");
                return Some((field("event: ").unwrap(), serde_json::from_str(&data).unwrap()));
            }
            let piece = timeout(LIMIT, self.pieces.next()).await.expect("something is said")?;
            self.text.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
        }
    }

    /// What happened to whom.
    async fn change(&mut self) -> (String, String) {
        let (event, data) = self.next().await.unwrap();
        assert_eq!(event, "instance");
        let text = |name: &str| data["instance"][name].as_str().unwrap().to_owned();
        (text("instanceId"), text("actionType"))
    }
}

#[actix_web::test]
async fn watchers_are_told_everybody_and_then_every_change() {
    let world = World::open().await;
    world.registered(&instance("one")).await;
    let mut watch = Watch::open(&world).await;
    let (event, all) = watch.next().await.unwrap();
    assert_eq!(event, "registry");
    assert_eq!(all, world.read("/eureka/v2/apps").await);

    world.registered(&instance("two")).await;
    assert_eq!(watch.change().await, ("two".into(), "ADDED".into()));
    assert_eq!(world.beat("SHOP", "two").await, StatusCode::OK);
    let decide = "/eureka/v2/apps/SHOP/one/status?value=DOWN";
    assert_eq!(world.status(Method::PUT, decide).await, StatusCode::OK);
    assert_eq!(watch.change().await, ("one".into(), "MODIFIED".into()));
    let gone = "/eureka/v2/apps/SHOP/one";
    assert_eq!(world.status(Method::DELETE, gone).await, StatusCode::OK);
    assert_eq!(watch.change().await, ("one".into(), "DELETED".into()));
    world.registered(&short_lived("short", 1)).await;
    assert_eq!(watch.change().await, ("short".into(), "ADDED".into()));
    assert_eq!(watch.change().await, ("short".into(), "DELETED".into()));
}

#[actix_web::test]
async fn watching_ends_when_the_registry_stops() {
    let world = World::open().await;
    let mut watch = Watch::open(&world).await;
    assert_eq!(watch.next().await.unwrap().0, "registry");
    world.registry.close();
    assert_eq!(watch.next().await, None);
    let status = world.status(Method::GET, "/registry/watch").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
}
