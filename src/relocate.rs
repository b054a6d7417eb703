//! `rialto copy`: a module's tables, from where the configuration says they are into another database.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use storage::Database;

use crate::{
    config::{Loaded, Storage},
    house, wiring,
};

/// Copies everything that `module` keeps to `url`, and says what that was.
///
/// # Errors
/// When there is no such module, or one of the two databases is not ready for it; nothing is copied then.
pub async fn copy(loaded: &Loaded, module: &str, url: &str) -> Result<String> {
    let module = wiring::module(module).filter(|module| module.tables).with_context(|| {
        let names: Vec<_> =
            wiring::MODULES.iter().filter(|it| it.tables).map(|it| it.name).collect();
        format!("{module} is no module with tables: there are {}", names.join(", "))
    })?;
    let elsewhere = Storage {
        url: url.to_owned(),
        modules: Default::default(),
        ..loaded.config.storage.clone()
    };
    elsewhere.check().context("where to copy to")?;
    let mut told = String::new();
    for name in module.databases() {
        let history = migrations::of(name).with_context(|| format!("{name} has no history"))?;
        let place = elsewhere.place(name);
        ensure!(
            elsewhere.url_of(name) != loaded.config.storage.url_of(name),
            "{name} is at {place} already"
        );
        let from = house::open(loaded, name).await?;
        let to = Database::open(&elsewhere.options(name)?)
            .await
            .with_context(|| format!("opening {place}"))?;
        to.migrate(history).await.with_context(|| format!("the tables of {name} at {place}"))?;
        let copied = storage::copy(&from, &to, history).await;
        from.close().await?;
        to.close().await?;
        for (table, rows) in copied.with_context(|| format!("{name} was not copied"))? {
            writeln!(told, "{name:11} {table:20} {rows:>9} rows")?;
        }
    }
    writeln!(told, "\nNow say where it is, in the file of the topology:\n\n[storage.modules]")?;
    for name in module.databases() {
        writeln!(told, "{name} = \"{}\"", elsewhere.place(name))?;
    }
    Ok(told)
}
