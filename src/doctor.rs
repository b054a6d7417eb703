//! `rialto doctor`: looks at everything a start depends on, and says what to do.

use std::{fmt, net::TcpListener, path::Path};

use anyhow::{Context, Result, anyhow, bail};
use storage::{Database, migration::State};

use crate::{compose, config::Loaded, house, migrate, modules, wiring};

/// How long the broker may take.
#[cfg(feature = "rabbitmq")]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

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

/// Looks at configuration, topology, listeners, broker and databases: of one process, or of all, as if
/// they were to run on this machine. Changes nothing.
pub async fn examine(loaded: &Loaded, process: Option<&str>) -> Findings {
    let mut findings = Findings::default();
    findings.note("configuration", Ok("every key is known".to_owned()));
    for (module, result) in compose::settings(loaded) {
        let result = result.map(|()| "settings can be read".to_owned());
        findings.note(format!("settings of {module}"), result);
    }
    let layout = &loaded.layout;
    findings.note("topology", Ok(layout.summary()));
    let places = || layout.processes.iter().filter(|it| process.is_none_or(|name| it.name == name));
    if places().next().is_none() {
        let unknown = layout.seat(process, 1).map(|_| String::new());
        findings.note("process", unknown);
    }
    let missing = layout.unbuilt(places());
    if !missing.is_empty() {
        findings.note("this binary", Err(anyhow!("{missing}")));
    }
    for place in places() {
        for address in place.public.iter().chain(&place.internal) {
            findings.note(format!("listener of {}", place.name), listener(address));
        }
    }
    #[cfg(feature = "rabbitmq")]
    if layout.needs_broker() {
        findings.note("broker", broker(loaded).await);
    }
    let kept = modules::with_tables().into_iter().filter(|name| {
        let module = if *name == wiring::SANDBOX { "payments" } else { name };
        places().any(|place| place.hosts(module))
    });
    for module in kept {
        findings.note(format!("database of {module}"), database(loaded, module).await);
        if follows_log(loaded, module) {
            findings.note(format!("transaction log of {module}"), log(loaded, module).await);
        }
    }
    findings
}

fn listener(address: &str) -> Result<String> {
    TcpListener::bind(address).with_context(|| {
        format!(
            "{address} cannot be taken: stop what listens there, or set another address (--listen, or \
             topology.processes in a file)"
        )
    })?;
    Ok(format!("{address} is free"))
}

/// Whether the broker lets us in.
#[cfg(feature = "rabbitmq")]
async fn broker(loaded: &Loaded) -> Result<String> {
    use secrecy::ExposeSecret;

    let url = loaded.config.topology.rabbitmq.url.expose_secret();
    let (connection, supervisor) =
        amqp::Connection::new(url, "rialto doctor", amqp::Options::default())?;
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(supervisor.run(stop.clone()));
    let opened = tokio::time::timeout(PATIENCE, connection.incarnation()).await;
    stop.cancel();
    running.await?;
    let opened = opened.map_err(|_| ()).and_then(|opened| opened.map_err(|_| ()));
    match opened {
        Ok(_) => Ok("it answers and lets us in".to_owned()),
        Err(()) => bail!(
            "no connection within {PATIENCE:?}: check topology.rabbitmq.url, and that the broker runs; the \
             log says why"
        ),
    }
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

/// Whether the relay of `module` is to follow the transaction log of a server.
fn follows_log(loaded: &Loaded, module: &str) -> bool {
    let options = loaded.config.messaging.options();
    wiring::module(module).is_some()
        && options.relay_of(module) == messaging::Method::Log
        && loaded.config.storage.url_of(module).starts_with("postgres")
}

async fn log(loaded: &Loaded, module: &str) -> Result<String> {
    let db = house::open(loaded, module).await?;
    let relays = modules::with_tables().into_iter().filter(|it| follows_log(loaded, it)).count();
    let demands = messaging::log_demands(&db, relays).await;
    db.close().await?;
    let demands = demands?;
    if demands.is_empty() {
        return Ok("it can be followed".to_owned());
    }
    bail!("messages are read by ticks, because the log cannot be followed: {}", demands.join("; "))
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
