//! The suite over HTTP push between sockets, and what only sockets have.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use actix_web::{App, HttpServer, dev::ServerHandle};
use async_trait::async_trait;
use bytes::Bytes;
use discovery::{Instance, Instances};
use identity::InternalTokens;
use kernel::SystemClock;
use messaging::{Bus, Group, Inlet, Subscriptions, http::Inbound};
use servers::Port;
use testkit::{Flow, Proxy, eventually};
use wire::http::{Client, Options};

use super::{Joint, Node, Process, Socket, Town, conformance, quiet, tidy};
use crate::world::*;

/// Addresses by process, taken when first asked for.
#[derive(Default)]
pub(crate) struct Http {
    ports: Mutex<HashMap<&'static str, Port>>,
    /// Where others think that a process is.
    fronts: Mutex<HashMap<&'static str, Vec<String>>>,
}

impl Http {
    fn address(&self, process: &'static str) -> String {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ports");
        let mut ports = self.ports.lock().unwrap();
        ports.entry(process).or_insert_with(|| Port::take(&folder).unwrap()).address().to_string()
    }

    fn instances(&self, process: &'static str) -> Instances {
        let front = self.fronts.lock().unwrap().get(process).cloned();
        Instances::fixed(front.unwrap_or_else(|| vec![self.address(process)]))
    }
}

pub(crate) fn tokens() -> InternalTokens {
    let secret = "the secret that all test processes share";
    InternalTokens::new(&secret.into(), Arc::new(SystemClock)).unwrap()
}

pub(crate) fn client(process: &str) -> Client {
    Client::new(process, tokens(), Options::default())
}

/// Serves the doors of a process.
pub(crate) fn serve(inlet: Inlet, address: &str) -> Server {
    let inbound = Inbound::new(inlet, tokens());
    let app = move || App::new().configure(|app| inbound.configure(app));
    let server = HttpServer::new(app).workers(1).disable_signals().shutdown_timeout(5);
    let server = server.bind(address).unwrap().run();
    let handle = server.handle();
    tokio::spawn(server);
    Server(handle)
}

pub(crate) struct Server(ServerHandle);

#[async_trait]
impl Socket for Server {
    async fn close(&mut self) {
        self.0.stop(true).await;
    }

    async fn die(&mut self) {
        self.0.stop(false).await;
    }
}

#[async_trait]
impl Joint for Http {
    async fn new() -> Self {
        Self::default()
    }

    async fn open(&self, Process { name, modules, elsewhere, options }: Process) -> Node {
        let client = client(name);
        let group = |(name, channels)| {
            let link = messaging::http::link(client.clone(), name, self.instances(name));
            Group { name, channels, link }
        };
        let elsewhere = elsewhere.into_iter().map(group).collect();
        let running = messaging::Process::open(Bus { modules, elsewhere, siblings: None, options });
        let socket = Box::new(serve(running.inlet(), &self.address(name)));
        Node { running, socket }
    }
}

conformance!(crate::bus::http::Http);

async fn post(address: &str, path: &str, token: Option<&str>, body: &str) -> (u16, String) {
    let mut request = ::http::Request::post(path).body(Bytes::from(body.to_owned())).unwrap();
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert(::http::header::AUTHORIZATION, value);
    }
    let to = Instance { address: address.into() };
    let answer = client("test").exchange_at(&to, request, Instant::now() + LIMIT).await.unwrap();
    (answer.status().as_u16(), String::from_utf8(answer.body().to_vec()).unwrap())
}

#[tokio::test]
async fn nobody_delivers_or_nudges_without_a_token_for_the_group() {
    let town = Town::<Http>::new(World::sqlite()).await;
    let (_, _ear) = town.ear("ear", &Ear::new(), patient()).await;
    let address = town.joint.address("ear");
    let (right, wrong) = (tokens().sign("test", "ear"), tokens().sign("test", "nose"));
    for path in ["/messages/ear", "/nudges/ear"] {
        assert_eq!(post(&address, path, None, "[]").await.0, 401, "{path}");
        assert_eq!(post(&address, path, Some("nonsense"), "[]").await.0, 401, "{path}");
        assert_eq!(post(&address, path, Some(&wrong), "[]").await.0, 401, "{path}");
    }
    assert_eq!(post(&address, "/messages/ear", Some(&right), "[]").await, (200, TOOK.into()));
    assert_eq!(post(&address, "/nudges/ear", Some(&right), "").await.0, 204);
    let (status, answer) = post(&address, "/messages/nose", Some(&wrong), "[]").await;
    assert_eq!((status, &*answer), (404, r#"{"undelivered":"not-here"}"#));
}

const TOOK: &str = r#"{"group":"ear","applied":[]}"#;

#[tokio::test]
async fn what_is_no_message_is_refused_in_words() {
    let town = Town::<Http>::new(World::sqlite()).await;
    let (_, _ear) = town.ear("ear", &Ear::new(), patient()).await;
    let address = town.joint.address("ear");
    let token = tokens().sign("test", "ear");
    for body in ["", "{}", "[1]", "[{\"id\": 7}]"] {
        let (status, answer) = post(&address, "/messages/ear", Some(&token), body).await;
        assert_eq!(status, 400, "{body}");
        assert!(answer.contains("no array of envelopes"), "{answer}");
    }
}

/// A neighbour whose network fails in every way, one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_misbehaves_loses_and_doubles_nothing() {
    let town = Town::<Http>::new(World::sqlite()).await;
    let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
    let proxy = Proxy::to(town.joint.address("ear")).await;
    town.joint.fronts.lock().unwrap().insert("ear", vec![proxy.address()]);
    let (shop, node) = town.shop(&["ear"], patient()).await;
    let applied = async |n: usize| {
        eventually("all is applied", LIMIT, async || noted(&db, "ear", "k").await.len() == n).await;
    };
    publish(&shop, "k", 1..=10).await;
    applied(10).await;
    // The answers are lost with their connections, again and again.
    proxy.to_client(Flow::Hold);
    publish(&shop, "k", 11..=20).await;
    applied(20).await;
    proxy.cut();
    tokio::time::sleep(Duration::from_millis(100)).await;
    proxy.cut();
    proxy.to_client(Flow::Pass);
    quiet(&[&node, &ear]).await;
    proxy.refuse();
    publish(&shop, "k", 21..=30).await;
    eventually("it was tried in vain", LIMIT, async || {
        node.running.gauges().distance("ear").resent > 0
    })
    .await;
    assert_eq!(noted(&db, "ear", "k").await.len(), 20);
    proxy.accept();
    applied(30).await;
    proxy.to_server(Flow::Delay(Duration::from_millis(50)));
    publish(&shop, "k", 31..=40).await;
    quiet(&[&node, &ear]).await;
    assert_eq!(noted(&db, "ear", "k").await, (1..=40).collect::<Vec<_>>());
    assert_eq!(count(&db, "parked").await, 0, "nothing came too early");
}

/// Something else answers at the address: a web server, or noise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_at_the_address_takes_nothing() {
    let town = Town::<Http>::new(World::sqlite()).await;
    let address = town.joint.address("ear");
    let stranger = HttpServer::new(|| {
        App::new().default_service(actix_web::web::to(|| async { "[true, true]" }))
    });
    let stranger = stranger.workers(1).disable_signals().bind(&address).unwrap().run();
    let handle = stranger.handle();
    tokio::spawn(stranger);
    let (shop, node) = town.shop(&["ear"], tidy()).await;
    let resent = || node.running.gauges().distance("ear").resent;
    publish(&shop, "k", 1..=2).await;
    eventually("it was tried in vain", LIMIT, async || resent() > 0).await;
    handle.stop(false).await;
    let noise = tokio::net::TcpListener::bind(&address).await.unwrap();
    let noise = tokio::spawn(async move {
        loop {
            let (mut stream, _) = noise.accept().await.unwrap();
            let spoken = tokio::io::AsyncWriteExt::write_all(&mut stream, b"220 mail ready\r\n");
            spoken.await.unwrap_or_default();
        }
    });
    publish(&shop, "k", [3]).await;
    let before = resent();
    eventually("it was tried in vain again", LIMIT, async || resent() > before + 4).await;
    noise.abort();
    assert_eq!(count(&shop, "outbox").await, 3);
    let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
    quiet(&[&node, &ear]).await;
    assert_eq!(noted(&db, "ear", "k").await, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_instances_of_a_group_share_its_shards_and_take_over_from_each_other() {
    let town = Town::<Http>::new(World::postgres()).await;
    let mut instances = Vec::new();
    for name in ["ear-1", "ear-2"] {
        let db = town.world.database("ear").await;
        let hears = Subscriptions::of("ear").on::<Counted>(Ear::new());
        let modules = vec![module("ear", &db, hears)];
        let process = Process { name, modules, elsewhere: Vec::new(), options: patient() };
        instances.push((db, town.open(process).await));
    }
    let addresses = ["ear-1", "ear-2"].map(|name| town.joint.address(name));
    town.joint.fronts.lock().unwrap().insert("ear", addresses.to_vec());
    let (shop, node) = town.shop(&["ear"], tidy()).await;
    let say = async |n: i64| {
        for key in 0..40 {
            publish(&shop, &format!("k{key}"), [n]).await;
        }
    };
    say(1).await;
    say(2).await;
    quiet(&[&node]).await;
    let applied = |node: &Node| node.running.gauges().read();
    let (one, other) = (applied(&instances[0].1), applied(&instances[1].1));
    assert_eq!((one.applied + other.applied, one.duplicates + other.duplicates), (80, 0));
    assert!(one.applied > 0 && other.applied > 0, "{one:?} {other:?}");
    let (_, first) = instances.remove(0);
    first.kill().await;
    say(3).await;
    quiet(&[&node]).await;
    let (db, _) = &instances[0];
    for (key, numbers) in effects(db, "ear").await {
        assert_eq!(numbers, [1, 2, 3], "{key}");
    }
    assert_eq!(effects(db, "ear").await.len(), 40);
}
