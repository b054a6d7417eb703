//! `rialto messages`: what was set aside, beside a shop that is open or closed.

mod report;

use std::{io::Read, path::Path};

use anyhow::{Context, Result};
use operations::{Audits, Change, Edit, MessageId, Messages as Wish, Operations, Parked};
use serde_json::value::RawValue;

use crate::{
    cli::{By, Messages},
    config::Loaded,
    desks::{self, Desk},
    report::{Told, everything},
    wiring::Module,
};

/// Carries out one command.
///
/// # Errors
/// When nothing could be done.
pub async fn run(loaded: &Loaded, command: Messages) -> Result<Told> {
    match command {
        Messages::List { module, channel, key, state, show } => {
            let state = state.map(Into::into);
            let wish = Wish { channel, key, state, ..Wish::default() };
            let mut report = report::messages(show.json);
            for module in desks::modules(module.as_deref())? {
                let found = at(loaded, module, async |desk| {
                    let page = async |page| desk.messages(Wish { page, ..wish.clone() }).await;
                    everything(show.limit, page).await
                });
                report.take(module.name, found.await, report::row);
            }
            Ok(report.told())
        }
        Messages::Audit { module, message, show } => {
            let named = message.as_ref().map(MessageId::module).or(module.as_deref());
            let subject = message.as_ref().map(ToString::to_string);
            let mut report = report::audit(show.json);
            for module in desks::modules(named)? {
                let found = at(loaded, module, async |desk| {
                    let subject = || subject.clone();
                    let page = async |page| desk.audit(Audits { subject: subject(), page }).await;
                    everything(show.limit, page).await
                });
                report.take(module.name, found.await, report::deed);
            }
            Ok(report.told())
        }
        Messages::Show { id, json } => {
            let module = home(&id)?;
            let found = at(loaded, module, async |desk| desk.message(id.clone()).await).await?;
            let told = if json { report::json(&found)? + "\n" } else { report::page(&found)? };
            Ok((told, true))
        }
        Messages::Retry { ids, by } => {
            each(loaded, ids, &by, "is tried again", async |desk, change| {
                Ok(desk.retry(change).await?.message)
            })
            .await
        }
        Messages::Drop { ids, by } => {
            each(loaded, ids, &by, "is given up", async |desk, change| {
                Ok(desk.discard(change).await?.message)
            })
            .await
        }
        Messages::Edit { id, file, retry, by } => {
            let payload = payload(file.as_deref())?;
            let done = if retry { "is changed and tried again" } else { "is changed" };
            each(loaded, vec![id], &by, done, async |desk, change| {
                let edit = Edit { change: change.clone(), payload: payload.clone() };
                let edited = desk.edit(edit).await?.message;
                if !retry {
                    return Ok(edited);
                }
                Ok(desk.retry(Change { based_on: Some(edited.version), ..change }).await?.message)
            })
            .await
        }
    }
}

/// Does something to each message, and says what became of it.
async fn each(
    loaded: &Loaded,
    ids: Vec<MessageId>,
    by: &By,
    done: &str,
    work: impl AsyncFn(&dyn Operations, Change) -> operations::Result<Parked>,
) -> Result<Told> {
    let (mut told, mut whole) = (String::new(), true);
    for id in ids {
        let change = Change { id: id.clone(), by: by.name(), based_on: None, intent: None };
        let changed = at(loaded, home(&id)?, async |desk| work(desk, change.clone()).await).await;
        match changed {
            Ok(parked) => told.push_str(&format!("{id} {done}{}\n", report::prospect(&parked))),
            Err(refusal) => {
                whole = false;
                told.push_str(&format!("{id} is as it was: {refusal:#}\n"));
            }
        }
    }
    Ok((told, whole))
}

/// The module where a message is parked.
fn home(id: &MessageId) -> Result<&'static Module> {
    desks::module(id.module())
}

/// Works at the desk of a module.
async fn at<T>(
    loaded: &Loaded,
    module: &'static Module,
    work: impl AsyncFnOnce(&dyn Operations) -> operations::Result<T>,
) -> Result<T> {
    let desk = Desk::open(loaded, module).await?;
    let done = work(&*desk.operations).await;
    desk.close().await?;
    Ok(done?)
}

/// The payload that was given.
fn payload(file: Option<&Path>) -> Result<Box<RawValue>> {
    let text = match file {
        Some(file) => std::fs::read_to_string(file)
            .with_context(|| format!("{} cannot be read", file.display()))?,
        None => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("standard input cannot be read")?;
            text
        }
    };
    serde_json::from_str(&text).context("the payload is not JSON")
}
