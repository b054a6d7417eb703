//! The desks of modules, opened by a command beside whatever is running, or while nothing is.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use kernel::SystemClock;
use operations::Operations;
use storage::{Database, migration::State};

use crate::{
    compose,
    config::Loaded,
    house::{self, House},
    wiring::{self, Module},
};

/// The desk of one module and what it works on.
pub struct Desk {
    /// The module.
    pub module: &'static str,
    /// What can be done there.
    pub operations: Arc<dyn Operations>,
    databases: Vec<Database>,
}

impl Desk {
    /// Opens the desk of `module` over its database, as that is. Its sagas are not there: see
    /// [`of_module`](Self::of_module).
    ///
    /// # Errors
    /// When the database cannot be opened, or its tables are not those of this binary.
    pub async fn open(loaded: &Loaded, module: &'static Module) -> Result<Self> {
        let db = current(loaded, module.name).await?;
        let operations =
            operations::desk(db.clone(), Arc::new(SystemClock), None, compose::knows(module.name));
        Ok(Self { module: module.name, operations, databases: vec![db] })
    }

    /// Opens `module` and gives its desk.
    ///
    /// # Errors
    /// As [`open`](Self::open), or when the module is not in this binary.
    pub async fn of_module(loaded: &Loaded, module: &'static Module) -> Result<Self> {
        let name = module.name;
        current(loaded, name).await?.close().await?;
        let mut house = House::beside(loaded, &[name]);
        compose::compose(&mut house).await?;
        let desk = house.desks.into_iter().find(|(of, _)| *of == name);
        let (_, operations) = desk.with_context(|| format!("{name} was opened without a desk"))?;
        let databases = house.databases.into_iter().map(|(_, db)| db).collect();
        Ok(Self { module: name, operations, databases })
    }

    /// Closes the database.
    ///
    /// # Errors
    /// When it cannot be closed.
    pub async fn close(self) -> Result<()> {
        for db in &self.databases {
            db.close().await.with_context(|| format!("the database of {}", self.module))?;
        }
        Ok(())
    }
}

/// The database of a module, if its tables are those of this binary.
async fn current(loaded: &Loaded, name: &str) -> Result<Database> {
    let history = migrations::of(name).with_context(|| format!("{name} has no history"))?;
    let db = house::open(loaded, name).await?;
    let status = db.migration_status(history).await;
    let status = status.with_context(|| format!("the tables of {name}"))?;
    ensure!(
        status.steps.iter().all(|(_, state)| *state == State::Applied),
        "the tables of {name} are not those of this binary: look at `rialto migrate --status`"
    );
    Ok(db)
}

/// The module called `name`.
///
/// # Errors
/// When there is no such module with tables.
pub fn module(name: &str) -> Result<&'static Module> {
    modules(Some(name))?.first().copied().with_context(|| format!("{name} is no module"))
}

/// The module called `name`, if it keeps tables; all that do when none is named.
///
/// # Errors
/// When there is no such module.
pub fn modules(name: Option<&str>) -> Result<Vec<&'static Module>> {
    let kept = || wiring::MODULES.iter().filter(|module| module.tables);
    let found: Vec<_> =
        kept().filter(|module| name.is_none_or(|name| module.name == name)).collect();
    let names = || kept().map(|module| module.name).collect::<Vec<_>>().join(", ");
    ensure!(
        !found.is_empty(),
        "{} is no module with tables: there are {}",
        name.unwrap_or_default(),
        names()
    );
    Ok(found)
}
