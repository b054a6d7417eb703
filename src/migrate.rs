//! `rialto migrate`: the tables of every module, brought up to date or listed.

use std::fmt::Write;

use anyhow::{Context, Result};
use storage::{
    Database,
    migration::{History, State},
};

use crate::{config::Loaded, house, modules};

/// Applies what is pending and says what that was.
pub async fn apply(loaded: &Loaded) -> Result<String> {
    let mut told = String::new();
    for name in modules::with_tables() {
        let (db, history) = opened(loaded, name).await?;
        let report = db.migrate(history).await.with_context(|| format!("the tables of {name}"))?;
        db.close().await?;
        match report.applied.as_slice() {
            [] => writeln!(told, "{name:11} up to date, {} steps", report.already)?,
            applied => writeln!(told, "{name:11} applied {}", applied.join(", "))?,
        }
    }
    Ok(told)
}

/// Says what is applied and what is pending.
pub async fn status(loaded: &Loaded) -> Result<String> {
    let mut told = String::new();
    for name in modules::with_tables() {
        let (db, history) = opened(loaded, name).await?;
        let status = db.migration_status(history).await;
        db.close().await?;
        for (step, state) in status.with_context(|| format!("the tables of {name}"))?.steps {
            writeln!(told, "{name:11} {:10} {step}", word(state))?;
        }
    }
    Ok(told)
}

async fn opened(loaded: &Loaded, name: &str) -> Result<(Database, &'static History)> {
    let history = migrations::of(name).with_context(|| format!("{name} has no history"))?;
    Ok((house::open(loaded, name).await?, history))
}

/// The state in a word.
pub(crate) fn word(state: State) -> &'static str {
    match state {
        State::Pending => "pending",
        State::Applied => "applied",
        State::Unfinished => "UNFINISHED",
        State::Changed => "CHANGED",
        State::Unknown => "UNKNOWN",
    }
}
