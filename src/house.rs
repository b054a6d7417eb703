//! What a process is put together from: databases opened, modules admitted, neighbours reached.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use host::{Background, Health, Hosted, Routes};
use kernel::{Clock, Ids, SystemClock};
use operations::Operations;
use ports::{Call, Meters, Reply, Transport, Unreachable, async_trait};
use storage::Database;

use crate::{compose, config::Loaded, wiring};

/// A process in the making: whoever is admitted will be served, woken and drained.
pub struct House<'a> {
    /// The configuration in force.
    pub loaded: &'a Loaded,
    /// Tells the time to every module.
    pub clock: Arc<dyn Clock>,
    /// Gives out ids to every module.
    pub ids: Ids,
    /// Counts the calls of every port.
    pub meters: Meters,
    /// What probes are told.
    pub health: Health,
    /// What the world may ask for.
    pub routes: Vec<Routes>,
    /// How other processes call the modules that live here.
    pub wires: Vec<(&'static str, Arc<dyn Transport>)>,
    /// What people may do to the modules that live here, by module.
    pub desks: Vec<(&'static str, Arc<dyn Operations>)>,
    /// Who listens to whom.
    pub bus: Vec<messaging::Module>,
    /// What is done unasked.
    pub background: Vec<Background>,
    /// The databases of the modules that live here, by module.
    pub databases: Vec<(&'static str, Database)>,
    modules: Vec<&'static str>,
    dial: Dial<'a>,
}

/// Makes the way from a caller to a module that lives elsewhere.
pub type Dial<'a> = Box<dyn Fn(&'static str, &'static str) -> Arc<dyn Transport> + 'a>;

/// Where a module will live: its name and its own database, with its own history applied.
pub struct Site {
    /// The module.
    pub name: &'static str,
    /// Its database.
    pub db: Database,
}

/// How a module is reached.
pub enum Door<P: ?Sized> {
    /// It lives in this process.
    Here(Arc<P>),
    /// It lives elsewhere: a port over whatever leads there.
    There(&'static str, fn(Arc<dyn Transport>) -> Arc<P>),
}

impl<'a> House<'a> {
    /// An empty house for `modules`, from which the others are reached by `dial`.
    pub fn new(loaded: &'a Loaded, modules: &[&'static str], dial: Dial<'a>) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Self {
            loaded,
            ids: Ids::new(clock.clone()),
            clock,
            meters: Meters::default(),
            health: Health::new(),
            routes: Vec::new(),
            wires: Vec::new(),
            desks: Vec::new(),
            bus: Vec::new(),
            background: Vec::new(),
            databases: Vec::new(),
            modules: modules.to_vec(),
            dial,
        }
    }

    /// A house for `modules` that only a command lives in, beside whatever is running: what it asks and
    /// writes is in the modules' own databases, and nobody else is asked.
    pub fn beside(loaded: &'a Loaded, modules: &[&'static str]) -> Self {
        let nowhere = |_, callee| -> Arc<dyn Transport> { Arc::new(Elsewhere(callee)) };
        Self::new(loaded, modules, Box::new(nowhere))
    }

    /// Whether the module `name` lives here.
    pub fn hosts(&self, name: &str) -> bool {
        self.modules.contains(&name)
    }

    /// Opens the database of the module `name` and brings its tables up to date.
    pub async fn site(&self, name: &'static str) -> Result<Site> {
        let db = open(self.loaded, name).await?;
        let history = migrations::of(name).with_context(|| format!("{name} has no history"))?;
        db.migrate(history).await.with_context(|| format!("the tables of {name}"))?;
        Ok(Site { name, db })
    }

    /// Watches over the database of a site: counts it, asks for its health, and closes it at the end.
    pub fn keep(&mut self, site: &Site) {
        let db = site.db.clone();
        self.health.check(site.name, move || {
            let db = db.clone();
            async move { db.ping().await.map_err(|cause| cause.to_string()) }
        });
        self.databases.push((site.name, site.db.clone()));
    }

    /// Takes a module in and gives back the port by which its neighbours know it.
    ///
    /// # Errors
    /// When it listens to something else than everybody expects of it.
    pub fn admit<P: ?Sized>(&mut self, site: Site, module: Hosted<P>) -> Result<Arc<P>> {
        self.keep(&site);
        let Site { name, db } = site;
        let Hosted { port, wire, routes, subscriptions, sagas, background } = module;
        let expected = wiring::module(name).map(wiring::Module::channels).unwrap_or_default();
        ensure!(
            subscriptions.channels() == expected,
            "{name} listens to {:?}, but src/wiring.rs says {expected:?}: publishers elsewhere go by that \
             list, so mend it",
            subscriptions.channels()
        );
        self.routes.push(routes);
        let desk = operations::desk(db.clone(), self.clock.clone(), sagas, compose::knows(name));
        self.wires.push((name, operations::answer(wire, desk.clone())));
        self.desks.push((name, desk));
        self.background.extend(background);
        self.bus.push(messaging::Module { name, db, subscriptions });
        Ok(port)
    }

    /// The port behind `door`, as `caller` reaches it.
    pub fn port<P: ?Sized>(&self, caller: &'static str, door: &Door<P>) -> Arc<P> {
        match door {
            Door::Here(port) => port.clone(),
            Door::There(callee, stub) => stub((self.dial)(caller, callee)),
        }
    }
}

/// A module that a command does not need.
struct Elsewhere(&'static str);

#[async_trait]
impl Transport for Elsewhere {
    async fn call(&self, _call: Call) -> Result<Reply, Unreachable> {
        Err(Unreachable::NoReply(format!("{} is not asked by this command", self.0)))
    }
}

/// Opens the database of the module `name` as it is.
pub async fn open(loaded: &Loaded, name: &str) -> Result<Database> {
    let options = loaded.config.storage.options(name)?;
    Database::open(&options).await.with_context(|| format!("the database of {name}"))
}
