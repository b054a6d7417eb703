//! What a process is put together from: databases opened, modules admitted.

use std::sync::Arc;

use anyhow::{Context, Result};
use host::{Background, Health, Hosted, Routes};
use kernel::{Clock, Ids, SystemClock};
use ports::Meters;
use storage::Database;

use crate::config::Loaded;

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
    /// Who listens to whom.
    pub bus: Vec<messaging::Module>,
    /// What is done unasked.
    pub background: Vec<Background>,
    /// The databases of the modules that live here, by module.
    pub databases: Vec<(&'static str, Database)>,
}

/// Where a module will live: its name and its own database, with its own history applied.
pub struct Site {
    /// The module.
    pub name: &'static str,
    /// Its database.
    pub db: Database,
}

impl<'a> House<'a> {
    /// An empty house.
    pub fn new(loaded: &'a Loaded) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Self {
            loaded,
            ids: Ids::new(clock.clone()),
            clock,
            meters: Meters::default(),
            health: Health::new(),
            routes: Vec::new(),
            bus: Vec::new(),
            background: Vec::new(),
            databases: Vec::new(),
        }
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
    /// Its wire is for other processes; in one process nobody needs it.
    pub fn admit<P: ?Sized>(&mut self, site: Site, module: Hosted<P>) -> Arc<P> {
        self.keep(&site);
        let Site { name, db } = site;
        let Hosted { port, wire: _, routes, subscriptions, background } = module;
        self.routes.push(routes);
        self.background.extend(background);
        self.bus.push(messaging::Module { name, db, subscriptions });
        port
    }
}

/// Opens the database of the module `name` as it is.
pub async fn open(loaded: &Loaded, name: &str) -> Result<Database> {
    let options = loaded.config.storage.options(name)?;
    Database::open(&options).await.with_context(|| format!("the database of {name}"))
}
