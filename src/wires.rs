//! What leads from this process to its neighbours, and from them to it.

#[cfg(feature = "rabbitmq")]
mod broker;
mod finding;

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use anyhow::{Context, Result};
use discovery::{Instance, Instances, registry::Membership};
use host::{Background, Cursors};
use identity::InternalTokens;
use kernel::{Clock, SystemClock};
use messaging::{Bus, Group, Link, Running, Siblings};
use ports::Transport;
use resilience::{Dial, Edges};
use secrecy::{ExposeSecret, SecretString};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use wire::http::{Client, Options};

use self::finding::Finding;
use crate::{
    admin,
    config::{Carrier, Loaded},
    house::House,
    topology::{Layout, Seat},
    wiring::{self, Module},
};

/// The ways out of one process, and in.
pub struct Wires<'a> {
    layout: &'a Layout,
    seat: &'a Seat,
    /// What the processes know each other by.
    pub tokens: InternalTokens,
    /// Speaks to internal listeners.
    pub client: Client,
    /// How calls look on the wire.
    pub options: Options,
    /// Signs the cursors of lists, alike in all processes.
    pub cursors: Cursors,
    finding: Finding,
    /// What is known of every neighbour that is called.
    pub edges: Edges,
    #[cfg(feature = "rabbitmq")]
    broker: Option<broker::Broker>,
}

/// Connections to a broker and what runs over them, until they are closed: later than everything that
/// may still have something to say.
#[derive(Default)]
pub struct Lines {
    talk: Ended,
    connections: Ended,
}

/// Tasks that end when they are told to.
#[derive(Default)]
struct Ended {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Lines {
    /// Lets what runs over the connections come to its end, then closes them.
    pub async fn close(self) {
        self.talk.end().await;
        self.connections.end().await;
    }
}

impl Ended {
    async fn end(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(cause) = ended {
                tracing::error!(%cause, "a connection broke");
            }
        }
    }
}

impl<'a> Wires<'a> {
    /// The ways out of the process of `seat`. Nothing is connected yet.
    ///
    /// # Errors
    /// When the processes have no secret that they could know each other by, or the broker's URL is none.
    pub fn of(loaded: &'a Loaded, seat: &'a Seat) -> Result<Self> {
        let layout = &loaded.layout;
        let secret = secret(loaded)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let tokens = InternalTokens::new(&secret, clock).context(
            "topology.secret is what the processes know each other by: set RIALTO_TOPOLOGY__SECRET to the \
             same 32 characters or more for each of them, or let `rialto up` choose one",
        )?;
        let said = &loaded.config.topology.wire;
        let options =
            Options { connect: said.connect, idle: said.idle, body_limit: said.body_limit };
        Ok(Self {
            layout,
            seat,
            client: Client::new(&seat.to_string(), tokens.clone(), options.clone()),
            options,
            cursors: cursors(loaded, &secret),
            finding: Finding::of(loaded)?,
            edges: Edges::new(resilience::Clock::system()),
            #[cfg(feature = "rabbitmq")]
            broker: layout
                .needs_broker()
                .then(|| broker::Broker::of(&loaded.config.topology.rabbitmq, seat, &tokens))
                .transpose()?,
            tokens,
        })
    }

    /// Where the process that hosts `module` is found.
    pub fn instances(&self, module: &str) -> Instances {
        self.finding.module(self.layout, module)
    }

    /// Where a service in another language is found.
    pub fn service(&self, name: &str) -> Instances {
        self.finding.service(name)
    }

    /// Registers this process, which answers its neighbours at `address`, if there is a registry.
    ///
    /// # Errors
    /// When no thread can be had for it.
    pub fn join(&self, loaded: &Loaded, address: Option<SocketAddr>) -> Result<Option<Membership>> {
        self.finding.join(loaded, self.seat, &self.tokens, address)
    }

    /// What has to be done all the time to know where everybody is.
    pub fn lookouts(&self) -> Vec<Background> {
        self.finding.lookouts()
    }

    /// Whether this process has an internal listener.
    pub fn has_inside(&self) -> bool {
        self.seat.internal().is_some()
    }

    /// The modules that live in other processes.
    pub fn elsewhere(&self) -> impl Iterator<Item = &'static Module> {
        let here = &self.seat.place;
        wiring::MODULES.iter().filter(|module| !here.hosts(module.name))
    }

    /// The way from `caller` to `callee`, by what the topology says.
    pub fn dial(&self, caller: &'static str, callee: &'static str) -> Arc<dyn Transport> {
        match self.layout.carrier(caller, callee) {
            #[cfg(feature = "rabbitmq")]
            Carrier::Rabbitmq if self.broker.is_some() => {
                // Which process answers is chosen by the broker: to a caller it is one instance.
                let way = self.broker().calls.dial(caller, callee);
                let one = Instances::fixed(["rabbitmq"]);
                self.resilient(caller, callee, one, Box::new(move |_| way.clone()))
            }
            Carrier::Http | Carrier::Rabbitmq => self.dial_http(caller, callee),
        }
    }

    /// The way over HTTP, whatever the topology says.
    pub fn dial_http(&self, caller: &'static str, callee: &'static str) -> Arc<dyn Transport> {
        let client = self.client.clone();
        let dial = move |instance: &Instance| {
            client.dial(caller, callee, Instances::fixed([instance.address.clone()]))
        };
        self.resilient(caller, callee, self.instances(callee), Box::new(dial))
    }

    fn resilient(
        &self,
        caller: &'static str,
        callee: &'static str,
        instances: Instances,
        dial: Dial,
    ) -> Arc<dyn Transport> {
        let numbers = self.layout.numbers(caller, callee);
        self.edges.edge((caller, callee), numbers, instances, dial).transport()
    }

    /// Connects to the broker, if anything crosses there.
    pub fn connect(&self) -> Lines {
        let lines = Lines::default();
        #[cfg(feature = "rabbitmq")]
        let lines = match &self.broker {
            Some(broker) => broker.connect(lines),
            None => lines,
        };
        lines
    }

    /// Starts to move messages, within this process and to and from the others.
    pub fn open_bus(&self, house: &mut House<'_>, lines: &mut Lines) -> Running {
        let modules = std::mem::take(&mut house.bus);
        let (siblings, options) = (self.siblings(), house.loaded.config.messaging.options());
        let open =
            |elsewhere| messaging::Process::open(Bus { modules, elsewhere, siblings, options });
        #[cfg(feature = "rabbitmq")]
        if let (crate::config::Bus::Rabbitmq, Some(broker)) = (self.layout.bus, &self.broker) {
            let mut bus = broker.bus();
            let running = open(self.groups(|module| bus.link(module.name, &module.channels())));
            let (inlet, stop) = (running.inlet(), lines.talk.stop.clone());
            lines.talk.tasks.spawn(bus.run(inlet, stop));
            return running;
        }
        #[cfg(not(feature = "rabbitmq"))]
        let _ = lines;
        let link = |group| messaging::http::link(self.client.clone(), group, self.instances(group));
        open(self.groups(|module| link(module.name)))
    }

    /// The subscriber groups that live in other processes, each with the way to it.
    fn groups(&self, mut link: impl FnMut(&Module) -> Arc<dyn Link>) -> Vec<Group> {
        let listening = self.elsewhere().filter(|module| !module.listens.is_empty());
        let group = |module: &'static Module| Group {
            name: module.name,
            channels: module.channels(),
            link: link(module),
        };
        listening.map(group).collect()
    }

    /// The other replicas of this process, which share its databases.
    fn siblings(&self) -> Option<Arc<dyn Siblings>> {
        let others = self.seat.siblings();
        if others.is_empty() {
            return None;
        }
        let others = Instances::fixed(others);
        let modules = self.seat.place.modules.iter().map(|module| (*module, others.clone()));
        Some(messaging::http::siblings(self.client.clone(), modules.collect::<HashMap<_, _>>()))
    }

    /// Answers calls that come over a broker.
    pub fn serve_calls(&self, house: &mut House<'_>) {
        #[cfg(feature = "rabbitmq")]
        if let Some(broker) = &self.broker {
            let asked = |name: &str| self.layout.carried(name, Carrier::Rabbitmq);
            let wires = house.wires.iter().filter(|(name, _)| asked(name)).cloned().collect();
            house.background.extend(broker.serve_calls(wires, &self.tokens));
        }
        #[cfg(not(feature = "rabbitmq"))]
        let _ = house;
    }

    #[cfg(feature = "rabbitmq")]
    fn broker(&self) -> &broker::Broker {
        self.broker.as_ref().expect("asked for only where there is one")
    }
}

/// The secret of the deployment. A process without neighbours knows nobody, so that it may make one up.
fn secret(loaded: &Loaded) -> Result<SecretString> {
    let chosen = &loaded.config.topology.secret;
    match chosen.expose_secret() {
        "" if !loaded.layout.is_split() => {
            Ok(format!("{}{}", admin::random(), admin::random()).into())
        }
        _ => Ok(chosen.clone()),
    }
}

/// Signs with the key that was chosen, or with one that all processes can make from their secret.
fn cursors(loaded: &Loaded, secret: &SecretString) -> Cursors {
    match loaded.config.http.cursor_key.expose_secret() {
        "" => Cursors::new(format!("cursors {}", secret.expose_secret()).as_bytes()),
        key => Cursors::new(key.as_bytes()),
    }
}
