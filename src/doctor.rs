//! `rialto doctor`: looks at everything a start depends on, and says what to do.

use std::{fmt, net::TcpListener, path::Path};

use anyhow::{Context, Result, bail};
use storage::{Database, migration::State};

use crate::{compose, config::Loaded, house, migrate, modules};

/// What was found, in the order in which it was looked at.
#[derive(Default)]
pub struct Findings(Vec<Finding>);

struct Finding {
    about: String,
    result: Result<String>,
}

impl Findings {
    /// Whether nothing is wrong.
    pub fn healthy(&self) -> bool {
        self.0.iter().all(|finding| finding.result.is_ok())
    }

    fn note(&mut self, about: impl Into<String>, result: Result<String>) {
        self.0.push(Finding { about: about.into(), result });
    }
}

/// Looks at configuration, listener and databases. Changes nothing.
pub async fn examine(loaded: &Loaded) -> Findings {
    let mut findings = Findings::default();
    findings.note("configuration", Ok("every key is known".to_owned()));
    for (module, result) in compose::settings(loaded) {
        let result = result.map(|()| "settings can be read".to_owned());
        findings.note(format!("settings of {module}"), result);
    }
    findings.note("listener", listener(loaded));
    for module in modules::with_tables() {
        findings.note(format!("database of {module}"), database(loaded, module).await);
    }
    findings
}

fn listener(loaded: &Loaded) -> Result<String> {
    let address = loaded.config.http.public;
    TcpListener::bind(address).with_context(|| {
        format!("{address} is taken: stop what listens there, or set http.public (--listen)")
    })?;
    Ok(format!("{address} is free"))
}

async fn database(loaded: &Loaded, module: &str) -> Result<String> {
    let place = loaded.config.storage.place(module);
    let file = place.strip_prefix("sqlite://");
    if file.is_some_and(|file| !Path::new(file).exists()) {
        return Ok(format!("{place} will be created at the first start"));
    }
    let db = house::open(loaded, module).await.with_context(|| {
        format!("{place} cannot be opened: check storage.url, and that the server runs")
    })?;
    let looked = look(&db, module).await;
    db.close().await?;
    looked.map(|found| format!("{place}: {found}"))
}

async fn look(db: &Database, module: &str) -> Result<String> {
    let history = migrations::of(module).with_context(|| format!("{module} has no history"))?;
    let steps = db.migration_status(history).await?.steps;
    let count = |state: State| steps.iter().filter(|(_, found)| *found == state).count();
    let broken = steps.iter().find(|(_, state)| !matches!(state, State::Pending | State::Applied));
    if let Some((step, state)) = broken {
        bail!(
            "step {step} is {}: `rialto serve` and `rialto migrate` refuse it and say how to mend it",
            migrate::word(*state)
        );
    }
    let pending = count(State::Pending);
    if pending == 0 {
        compose::audit(module, db).await?;
        return Ok(format!("up to date, {} steps", count(State::Applied)));
    }
    Ok(format!("{pending} steps are applied at the next start, or now by `rialto migrate`"))
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { about, result } in &self.0 {
            match result {
                Ok(found) => writeln!(f, "ok    {about}: {found}")?,
                Err(error) => writeln!(f, "WRONG {about}: {error:#}")?,
            }
        }
        let wrong = self.0.iter().filter(|finding| finding.result.is_err()).count();
        match wrong {
            0 => writeln!(f, "Everything is well: `rialto serve` will start."),
            1 => writeln!(f, "One thing is wrong."),
            many => writeln!(f, "{many} things are wrong."),
        }
    }
}
