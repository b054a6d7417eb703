//! `rialto migrate`: the tables of every module, brought up to date or listed.

use std::fmt::Write;

use anyhow::{Context, Result};

use crate::{config::Loaded, house, modules};

/// Applies what is pending and says what that was.
pub async fn apply(loaded: &Loaded) -> Result<String> {
    let mut told = String::new();
    for name in modules::WITH_TABLES {
        let history = migrations::of(name).with_context(|| format!("{name} has no history"))?;
        let db = house::open(loaded, name).await?;
        let report = db.migrate(history).await.with_context(|| format!("the tables of {name}"))?;
        writeln!(told, "{name:12} {report}")?;
        db.close().await?;
    }
    Ok(told)
}

/// Says what is applied and what is pending.
pub async fn status(loaded: &Loaded) -> Result<String> {
    let mut told = String::new();
    for name in modules::WITH_TABLES {
        let history = migrations::of(name).with_context(|| format!("{name} has no history"))?;
        let db = house::open(loaded, name).await?;
        let status = db.migration_status(history).await?;
        writeln!(told, "{name:12} {status}")?;
        db.close().await?;
    }
    Ok(told)
}
