//! Every process of a topology inside this one: calls over loopback wires, messages through memory.
//!
//! What crosses from group to group is serialised as it would be between processes, and nothing is
//! started but this. That is how all ways to group the modules are tried.

use std::{
    collections::HashMap,
    net::TcpListener,
    sync::{Arc, OnceLock},
    time::Duration,
};

use actix_web::dev::Server;
use anyhow::{Context, Result};
use gateway::Gateway;
use host::Background;
use messaging::{Bus, Group, Options, Process, Running, memory::Memory};
use ports::{Call, Reply, Transport, Unreachable, async_trait};
use storage::Database;
use telemetry::Metrics;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    compose::{self, Shop},
    config::Loaded,
    edge,
    house::House,
    wires::Wires,
    wiring,
};

/// A shop whose modules are in groups that only know each other over wires.
pub struct Rehearsal<'a> {
    loaded: &'a Loaded,
    gateway: Gateway,
    groups: Vec<Running>,
    databases: Vec<(&'static str, Database)>,
    stop: CancellationToken,
    tasks: JoinHandle<()>,
}

/// The end of a wire to a module, before the module is there and after.
#[derive(Default)]
struct Loopback(OnceLock<Arc<dyn Transport>>);

#[async_trait]
impl Transport for Loopback {
    async fn call(&self, call: Call) -> Result<Reply, Unreachable> {
        match self.0.get() {
            Some(wire) => wire.call(call).await,
            None => Err(Unreachable::NoReply(format!("{} is not there yet", call.module))),
        }
    }
}

impl<'a> Rehearsal<'a> {
    /// Opens the modules of each group, and a gateway in front of all.
    ///
    /// # Errors
    /// When a module cannot be opened.
    pub async fn open(loaded: &'a Loaded, groups: &[Vec<&'static str>]) -> Result<Self> {
        let modules = || wiring::MODULES.iter().map(|module| module.name);
        let loops: HashMap<_, _> =
            modules().map(|name| (name, Arc::new(Loopback::default()))).collect();
        let links: HashMap<_, _> = modules().map(|name| (name, Memory::to(name))).collect();
        let dial = |_, callee| loops.get(callee).cloned().unwrap_or_default() as Arc<dyn Transport>;
        let mut front = House::new(loaded, &["gateway"], Box::new(dial));
        let (mut running, mut doors) = (Vec::new(), None);
        for group in groups {
            let mut house = House::new(loaded, group, Box::new(dial));
            let shop = compose::compose(&mut house).await?;
            for (name, wire) in house.wires.drain(..) {
                // The only one to set it.
                let (Ok(()) | Err(_)) = loops[name].0.set(wire);
            }
            running.push(start(&mut house, group, &links));
            front.routes.append(&mut house.routes);
            front.background.append(&mut house.background);
            front.databases.append(&mut house.databases);
            doors = doors.or(group.contains(&"users").then_some(shop));
        }
        let doors: Shop = doors.context("no group hosts users")?;
        let seat = loaded.layout.seat(None, 1)?;
        let wires = Wires::of(loaded, &seat)?;
        let metrics = Metrics::new(front.meters.clone());
        let gateway = edge::open(&mut front, &wires, &doors, metrics).await?;
        let House { health, background, databases, .. } = front;
        let stop = CancellationToken::new();
        let tasks = tokio::spawn(Background::run_all(background, stop.clone()));
        health.started();
        Ok(Self { loaded, gateway, groups: running, databases, stop, tasks })
    }

    /// Answers the world at `listener`.
    ///
    /// # Errors
    /// When the listener cannot be used.
    pub fn listen(&self, listener: TcpListener) -> Result<Server> {
        edge::serve(&self.gateway, &self.loaded.config.http, None, listener)
    }

    /// Ends everything. What was not finished within `limit` would go on after the next start.
    ///
    /// # Errors
    /// When a database cannot be closed.
    pub async fn close(self, limit: Duration) -> Result<()> {
        self.stop.cancel();
        self.tasks.await?;
        for group in self.groups {
            if let Err(unfinished) = group.drain(limit).await {
                tracing::warn!(%unfinished, "messages would go on after the next start");
            }
        }
        for (name, db) in self.databases {
            db.close().await.with_context(|| format!("the database of {name}"))?;
        }
        Ok(())
    }
}

/// Moves the messages of one group, to and from the others.
fn start(
    house: &mut House<'_>,
    group: &[&'static str],
    links: &HashMap<&'static str, Arc<Memory>>,
) -> Running {
    let listening = wiring::MODULES.iter().filter(|module| !module.listens.is_empty());
    let elsewhere = listening.filter(|module| !group.contains(&module.name)).map(|module| Group {
        name: module.name,
        channels: module.channels(),
        link: links[module.name].clone(),
    });
    let running = Process::open(Bus {
        modules: std::mem::take(&mut house.bus),
        elsewhere: elsewhere.collect(),
        siblings: None,
        options: Options::default(),
    });
    group.iter().for_each(|name| links[name].connect(running.inlet()));
    running
}
