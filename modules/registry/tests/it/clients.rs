//! Clients that others wrote for Eureka, as they are.

use std::{collections::BTreeMap, process::Stdio};

use reqwest::{Method, StatusCode};
use serde_json::json;
use testkit::eventually;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use crate::world::{LIMIT, World, instance};

const PY_EUREKA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/clients/py_eureka.py");
const EUREKA_JS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/clients/eureka.js");

/// A client in a process of its own.
struct Client {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    told: ChildStdin,
}

impl Client {
    /// Starts it, and waits until it has registered.
    async fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = child.stdin.take().unwrap();
        let mut client = Self { child, said, told };
        assert_eq!(client.line().await, "started");
        client
    }

    async fn line(&mut self) -> String {
        let line = timeout(LIMIT, self.said.next_line()).await.expect("the client says something");
        line.unwrap().expect("the client still runs: is it installed?")
    }

    /// Tells it something; gives whom it knows then, with their states.
    async fn tell(&mut self, word: &str) -> BTreeMap<String, String> {
        self.told.write_all(format!("{word}\n").as_bytes()).await.unwrap();
        serde_json::from_str(&self.line().await).unwrap()
    }

    /// Waits until it knows exactly these.
    async fn knows(&mut self, all: &[(&str, &str)]) {
        let all: BTreeMap<_, _> =
            all.iter().map(|(id, status)| ((*id).to_owned(), (*status).to_owned())).collect();
        eventually(&format!("the client knows {all:?}"), LIMIT, async || {
            self.tell("list").await == all
        })
        .await;
    }

    /// Ends it without a word.
    async fn crash(mut self) {
        self.child.kill().await.unwrap();
    }
}

async fn python(world: &World) -> Client {
    let mut command = Command::new(testkit::python());
    command.args([PY_EUREKA, &world.url(), "8081"]);
    Client::start(command).await
}

async fn node(world: &World) -> Client {
    let mut command = Command::new("node");
    command.env("NODE_PATH", testkit::node_modules()).args([EUREKA_JS, &world.url()]);
    Client::start(command).await
}

async fn beats(world: &World, ids: &[&str]) {
    for id in ids {
        assert_eq!(world.beat("SHOP", id).await, StatusCode::OK, "{id}");
    }
}

#[actix_web::test]
async fn py_eureka_client_registers_stays_follows_changes_and_leaves() {
    let world = World::open().await;
    world.registered(&instance("other")).await;
    let mut client = python(&world).await;
    let shown = world.read("/eureka/v2/apps/SHOP/python").await;
    let shown = &shown["instance"];
    assert_eq!(shown["metadata"]["language"], "python");
    assert_eq!(shown["port"], json!({ "$": 8081, "@enabled": "true" }));
    assert_eq!(shown["leaseInfo"]["durationInSecs"], 3);
    client.knows(&[("other", "UP"), ("python", "UP")]).await;

    let renewed = async || {
        let shown = world.read("/eureka/v2/apps/SHOP/python").await;
        shown["instance"]["leaseInfo"]["lastRenewalTimestamp"].as_i64().unwrap()
    };
    let first = renewed().await;
    eventually("it renews its lease", LIMIT, async || renewed().await > first).await;

    world.registered(&instance("third")).await;
    let gone = "/eureka/v2/apps/SHOP/other";
    assert_eq!(world.status(Method::DELETE, gone).await, StatusCode::OK);
    client.knows(&[("python", "UP"), ("third", "UP")]).await;

    client.tell("OUT_OF_SERVICE").await;
    let shown = world.read("/eureka/v2/apps/SHOP/python").await;
    assert_eq!(shown["instance"]["status"], "OUT_OF_SERVICE");
    client.knows(&[("python", "OUT_OF_SERVICE"), ("third", "UP")]).await;

    client.tell("stop").await;
    assert!(!world.is_listed("SHOP", "python").await);
}

#[actix_web::test]
async fn py_eureka_client_that_was_forgotten_registers_again() {
    let world = World::open().await;
    let _client = python(&world).await;
    let path = "/eureka/v2/apps/SHOP/python";
    assert_eq!(world.status(Method::DELETE, path).await, StatusCode::OK);
    eventually("it is back", LIMIT, async || world.is_listed("SHOP", "python").await).await;
}

#[actix_web::test]
async fn a_client_that_crashes_is_taken_out() {
    let world = World::open().await;
    let client = python(&world).await;
    world.registered(&instance("one")).await;
    world.registered(&instance("two")).await;
    client.crash().await;
    eventually("it is gone", LIMIT, async || {
        beats(&world, &["one", "two"]).await;
        !world.is_listed("SHOP", "python").await
    })
    .await;
}

#[actix_web::test]
async fn eureka_js_client_registers_stays_follows_changes_and_leaves() {
    let world = World::open().await;
    world.registered(&instance("other")).await;
    let mut client = node(&world).await;
    let shown = world.read("/eureka/v2/apps/STALL/node").await;
    assert_eq!(shown["instance"]["port"], json!({ "$": 8082, "@enabled": "true" }));
    client.knows(&[("other", "UP"), ("node", "UP")]).await;

    let mut third = instance("third");
    third["hostName"] = "third.internal".into();
    world.registered(&third).await;
    client.knows(&[("other", "UP"), ("node", "UP"), ("third", "UP")]).await;
    let gone = "/eureka/v2/apps/STALL/node";
    assert_eq!(world.status(Method::DELETE, gone).await, StatusCode::OK);
    eventually("it is back", LIMIT, async || world.is_listed("STALL", "node").await).await;

    client.tell("stop").await;
    assert!(!world.is_listed("STALL", "node").await);
}
