//! Two processes in one, joined by the bus that is measured.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{App, HttpServer, dev::ServerHandle};
use discovery::Instances;
use identity::InternalTokens;
use kernel::{Message, SystemClock};
use messaging::{
    Group, Link, Module, Options, Process, Running, Subscriptions,
    http::Inbound,
    rabbitmq::{self, Broker},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use wire::http::Client;

use crate::{
    stage::{Place, Servers, Stage},
    world::{Counted, Ear},
};

/// What carries the events.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bus {
    InProcess,
    Http,
    RabbitMq,
}

/// A shop and an ear that listens to it, at work.
pub(crate) struct Pair {
    /// The shop's process first.
    processes: Vec<Running>,
    server: Option<ServerHandle>,
    tasks: JoinSet<()>,
    stop: CancellationToken,
    options: Options,
}

impl Pair {
    /// Comes back when the outbox is read as it should be.
    pub(crate) async fn open(servers: &Servers, stage: &Stage, bus: Bus) -> Self {
        let pair = Self::open_at_once(servers, stage, bus);
        let gauges = pair.processes[0].gauges();
        while stage.place == Place::Log && !gauges.source("shop").log {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        pair
    }

    /// Waits for nothing.
    pub(crate) fn open_at_once(servers: &Servers, stage: &Stage, bus: Bus) -> Self {
        let (db, subscriptions) = (stage.shop.clone(), Subscriptions::of("shop"));
        let shop = Module { name: "shop", db, subscriptions };
        let hears = Subscriptions::of("ear").on::<Counted>(Arc::new(Ear(stage.board.clone())));
        let ear = Module { name: "ear", db: stage.ear.clone(), subscriptions: hears };
        let mut pair = Self {
            processes: Vec::new(),
            server: None,
            tasks: JoinSet::new(),
            stop: CancellationToken::new(),
            options: stage.options(),
        };
        match bus {
            Bus::InProcess => {
                let options = pair.options.clone();
                pair.processes.push(Process::start_with(vec![shop, ear], options));
            }
            Bus::Http => pair.over_http(shop, ear),
            Bus::RabbitMq => pair.over_rabbitmq(&servers.rabbitmq.url(), shop, ear),
        }
        pair
    }

    fn over_http(&mut self, shop: Module, ear: Module) {
        let secret = "the secret that all test processes share";
        let tokens = InternalTokens::new(&secret.into(), Arc::new(SystemClock)).unwrap();
        let listener = Process::start_with(vec![ear], self.options.clone());
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

    fn over_rabbitmq(&mut self, url: &str, shop: Module, ear: Module) {
        let prefix = testkit::prefix();
        let mut publishes = self.broker(url, &prefix);
        self.join(shop, |channels| publishes.link("ear", channels));
        let inlet = self.processes[0].inlet();
        self.tasks.spawn(publishes.run(inlet, self.stop.clone()));
        let consumes = self.broker(url, &prefix);
        let listener = Process::start_with(vec![ear], self.options.clone());
        self.tasks.spawn(consumes.run(listener.inlet(), self.stop.clone()));
        self.processes.push(listener);
    }

    fn broker(&mut self, url: &str, prefix: &str) -> Broker {
        let mut connection = || {
            let (connection, supervisor) =
                amqp::Connection::new(url, "bench", amqp::Options::default()).unwrap();
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
        let options = self.options.clone();
        let bus = messaging::Bus { elsewhere, options, ..messaging::Bus::of(vec![shop]) };
        self.processes.push(Process::open(bus));
    }

    /// Stops, and gives how long the messages of each process took for that.
    pub(crate) async fn close(mut self) -> Vec<Duration> {
        let mut times = Vec::new();
        for process in self.processes {
            let begun = Instant::now();
            process.drain(Duration::from_secs(20)).await.unwrap();
            times.push(begun.elapsed());
        }
        self.stop.cancel();
        if let Some(server) = self.server {
            server.stop(true).await;
        }
        while self.tasks.join_next().await.is_some() {}
        times
    }
}
