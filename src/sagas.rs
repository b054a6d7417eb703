//! `rialto sagas`: stories over several modules, beside a shop that is open or closed.

use std::{fmt::Write, time::Duration};

use anyhow::Result;
use kernel::{Clock, SystemClock};
use operations::{Entry, Operations, SagaInspection, SagaPlace, SagaRetry, Sagas as Wish};
use saga::{StepProgress, Summary};
use serde_json::json;

use crate::{
    cli::Sagas,
    config::Loaded,
    desks::{self, Desk},
    report::{Report, Row, Told, everything},
    wiring::Module,
};

/// Carries out one command.
///
/// # Errors
/// When nothing could be done.
pub async fn run(loaded: &Loaded, command: Sagas) -> Result<Told> {
    match command {
        Sagas::List { module, name, status, idle, show } => {
            let idle = idle.map(|seconds| Duration::from_secs(seconds.into()));
            let stuck_since = idle.map(|idle| SystemClock.now().minus(idle));
            let status = status.map(Into::into);
            let headings = ["MODULE", "SAGA", "STATUS", "STEP", "MOVED", "ID"];
            let mut report = Report::new(headings, show.json);
            for module in desks::modules(module.as_deref())?.into_iter().filter(|it| begins(it)) {
                let found = at(loaded, module, async |desk| {
                    let page = async |page| {
                        desk.sagas(Wish { name: name.clone(), status, stuck_since, page }).await
                    };
                    everything(show.limit, page).await
                });
                report.take(module.name, found.await, row);
            }
            Ok(report.told())
        }
        Sagas::Show { id, json } => {
            let module = desks::module(&id.module)?;
            let find = async |desk: &dyn Operations| desk.saga(id.saga.clone()).await;
            let found = at(loaded, module, find).await?;
            let told = match json {
                true => serde_json::to_string_pretty(&found)? + "\n",
                false => page(&id, &found)?,
            };
            Ok((told, true))
        }
        Sagas::Retry { ids, by } => {
            let (mut told, mut whole) = (String::new(), true);
            for id in ids {
                let wish = SagaRetry { saga: id.saga.clone(), by: by.name(), intent: None };
                let module = desks::module(&id.module)?;
                let again = async |desk: &dyn Operations| desk.retry_saga(wish).await;
                match at(loaded, module, again).await {
                    Ok(sent) => writeln!(told, "{} is sent again: {}", id.saga, sent.step)?,
                    Err(refusal) => {
                        whole = false;
                        writeln!(told, "{} is as it was: {refusal:#}", id.saga)?;
                    }
                }
            }
            Ok((told, whole))
        }
    }
}

/// Whether a module begins sagas: then it keeps them.
fn begins(module: &Module) -> bool {
    let history = migrations::of(module.name);
    history.is_some_and(|history| history.steps.iter().any(|step| step.name == SAGAS))
}

/// The step in a module's history that makes the table of sagas.
const SAGAS: &str = "chassis/0003_saga";

/// Works at the desk of a module that is opened for it: only the module knows the plans of its sagas.
async fn at<T>(
    loaded: &Loaded,
    module: &'static Module,
    work: impl AsyncFnOnce(&dyn Operations) -> operations::Result<T>,
) -> Result<T> {
    let desk = Desk::of_module(loaded, module).await?;
    let done = work(&*desk.operations).await;
    desk.close().await?;
    Ok(done?)
}

fn row(module: &str, saga: &Summary) -> Row<6> {
    let Summary { id, status, step, known, updated_at, .. } = saga;
    let place = SagaPlace { module: module.to_owned(), saga: id.clone().into() };
    let step = if *known { step.clone() } else { format!("{step} of another version's plan") };
    let cells = [
        module.to_owned(),
        id.clone(),
        status.as_str().to_owned(),
        step,
        updated_at.to_string(),
        place.to_string(),
    ];
    let mut everything = json!(saga);
    everything["saga"] = json!(id);
    everything["id"] = json!(place.to_string());
    everything["module"] = json!(module);
    (cells, everything)
}

/// One saga for a person.
fn page(place: &SagaPlace, found: &SagaInspection) -> Result<String> {
    let SagaInspection { saga: saga::Inspection { summary, steps, log, data }, audit } = found;
    let mut told = String::new();
    writeln!(told, "{:11} {place}", "saga")?;
    writeln!(told, "{:11} {}, begun by {}", "is", summary.id, place.module)?;
    writeln!(told, "{:11} {} at {}", "stands", summary.status.as_str(), summary.step)?;
    if !summary.known {
        writeln!(told, "{:11} another version's: this binary leaves it alone", "plan")?;
    }
    for StepProgress { name, progress } in steps {
        writeln!(told, "{:11} {name}: {}", "step", word(progress))?;
    }
    for saga::Entry { at, what, step, turn, why } in log {
        let why = why.as_ref().map(|why| format!(", {why}")).unwrap_or_default();
        writeln!(told, "{at} {} {step} ({turn}){why}", word(what))?;
    }
    for Entry { at, actor, deed, before, after, .. } in audit {
        writeln!(told, "{:11} {at} {actor} {deed}: {before} → {after}", "audit")?;
    }
    write!(told, "data\n{data:#}\n")?;
    Ok(told)
}

/// The word that JSON has for it.
fn word(value: &impl serde::Serialize) -> String {
    json!(value).as_str().unwrap_or_default().to_owned()
}
