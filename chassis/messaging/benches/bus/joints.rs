//! Two processes in one, joined by the bus that is measured.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use actix_web::{App, HttpServer, dev::ServerHandle};
use discovery::Instances;
use identity::InternalTokens;
use kernel::{Message, SystemClock};
use messaging::{
    Group, Link, Module, Process, Running, Subscriptions,
    http::Inbound,
    rabbitmq::{self, Broker},
};
use storage::Database;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use wire::http::Client;

use crate::world::{Counted, Ear, Place};

/// What carries the events.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bus {
    InProcess,
    Http,
    RabbitMq,
}

/// A shop, and an ear that listens to it.
pub(crate) struct Pair {
    pub(crate) shop: Database,
    /// The ear's process last.
    processes: Vec<Running>,
    server: Option<ServerHandle>,
    tasks: JoinSet<()>,
    stop: CancellationToken,
    _folder: TempDir,
}

impl Pair {
    pub(crate) async fn open(bus: Bus, place: Place) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shop = place.database(&folder, "shop").await;
        let db = place.database(&folder, "ear").await;
        let speaks = Subscriptions::of("shop");
        let shop_module = Module { name: "shop", db: shop.clone(), subscriptions: speaks };
        let hears = Subscriptions::of("ear").on::<Counted>(Arc::new(Ear));
        let ear_module = Module { name: "ear", db, subscriptions: hears };
        let mut pair = Self {
            shop,
            processes: Vec::new(),
            server: None,
            tasks: JoinSet::new(),
            stop: CancellationToken::new(),
            _folder: folder,
        };
        match bus {
            Bus::InProcess => {
                pair.processes.push(Process::start(vec![shop_module, ear_module]));
            }
            Bus::Http => pair.over_http(shop_module, ear_module),
            Bus::RabbitMq => pair.over_rabbitmq(shop_module, ear_module),
        }
        pair
    }

    fn over_http(&mut self, shop: Module, ear: Module) {
        let secret = "the secret that all test processes share";
        let tokens = InternalTokens::new(&secret.into(), Arc::new(SystemClock)).unwrap();
        let listener = Process::start(vec![ear]);
        let inbound = Inbound::new(listener.inlet(), tokens.clone());
        let app = move || App::new().configure(|app| inbound.configure(app));
        let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let instances = Instances::fixed([server.addrs()[0].to_string()]);
        let server = server.run();
        self.server = Some(server.handle());
        self.tasks.spawn(async move { server.await.unwrap() });
        let client = Client::new("shop", tokens, wire::http::Options::default());
        self.join(shop, |_| messaging::http::link(client, "ear", instances));
        self.processes.push(listener);
    }

    fn over_rabbitmq(&mut self, shop: Module, ear: Module) {
        let prefix = testkit::prefix();
        let mut publishes = self.broker(&prefix);
        self.join(shop, |channels| publishes.link("ear", channels));
        let inlet = self.processes[0].inlet();
        self.tasks.spawn(publishes.run(inlet, self.stop.clone()));
        let consumes = self.broker(&prefix);
        let listener = Process::start(vec![ear]);
        self.tasks.spawn(consumes.run(listener.inlet(), self.stop.clone()));
        self.processes.push(listener);
    }

    fn broker(&mut self, prefix: &str) -> Broker {
        let mut connection = || {
            let url = testkit::rabbitmq();
            let (connection, supervisor) =
                amqp::Connection::new(&url, "bench", amqp::Options::default()).unwrap();
            self.tasks.spawn(supervisor.run(self.stop.clone()));
            connection
        };
        let (publish, consume) = (connection(), connection());
        let expires = Some(Duration::from_mins(1));
        let options = rabbitmq::Options { expires, ..rabbitmq::Options::default() };
        Broker::new(publish, consume, prefix, options)
    }

    fn join(&mut self, shop: Module, link: impl FnOnce(&BTreeSet<&'static str>) -> Arc<dyn Link>) {
        let channels = BTreeSet::from([Counted::CHANNEL]);
        let link = link(&channels);
        let elsewhere = vec![Group { name: "ear", channels, link }];
        let bus = messaging::Bus { elsewhere, ..messaging::Bus::of(vec![shop]) };
        self.processes.push(Process::open(bus));
    }

    /// Events that are applied so far.
    pub(crate) fn applied(&self) -> u64 {
        self.processes.last().unwrap().gauges().read().applied
    }

    pub(crate) async fn until_applied(&self, events: u64) {
        while self.applied() < events {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    pub(crate) async fn close(mut self) {
        for process in self.processes {
            process.drain(Duration::from_secs(20)).await.unwrap();
        }
        self.stop.cancel();
        if let Some(server) = self.server {
            server.stop(true).await;
        }
        while self.tasks.join_next().await.is_some() {}
    }
}
