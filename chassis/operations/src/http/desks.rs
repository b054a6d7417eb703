//! Whom to ask, and what to do about those who do not answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ::explain::{Gathered as Explained, Question, Start, gather};
use futures::future::join_all;
use kernel::{Code, Fault, Page, PageRequest};
use ports::Context;

use crate::{Error, Operations, Result};

/// How long a list waits for a module, if whoever reads it waits twice as long.
const PATIENCE: Duration = Duration::from_secs(2);

/// The operations of every module.
pub(super) struct Desks(Vec<(&'static str, Arc<dyn Operations>)>);

/// A module and its operations.
pub(super) type At<'a> = (&'static str, &'a dyn Operations);

/// A module that does not answer, and how it does not.
pub(super) struct Silent {
    pub(super) module: &'static str,
    pub(super) code: Code,
}

/// One page over several modules.
pub(super) struct Gathered<T> {
    pub(super) page: Page<T>,
    pub(super) silent: Vec<Silent>,
}

impl Desks {
    pub(super) fn of(mut modules: Vec<(&'static str, Arc<dyn Operations>)>) -> Self {
        modules.sort_by_key(|(module, _)| *module);
        Self(modules)
    }

    /// The operations of one module.
    pub(super) fn at(&self, module: &str) -> Option<&dyn Operations> {
        let (_, desk) = self.0.iter().find(|(name, _)| *name == module)?;
        Some(&**desk)
    }

    /// All that modules remember of what has to do with `start`.
    pub(super) async fn explain(&self, start: Start) -> Explained<Code> {
        let modules: Vec<&str> = self.0.iter().map(|(module, _)| *module).collect();
        let ask = async |module: &str, question: &Question| {
            let desk = self.at(module).ok_or(Code::NotFound)?;
            impatient(desk.explain(question.clone())).await.map_err(|cause| cause.code())
        };
        gather(&modules, start, ask).await
    }

    /// One page, of `limit` things, of what `ask` finds in the modules that are `wanted`, in the order of their
    /// names. `after` is where the page before ended: in which module, and where there.
    pub(super) async fn gather<'a, T>(
        &'a self,
        wanted: Option<&str>,
        limit: u32,
        after: Option<(String, String)>,
        key: impl Fn(&T) -> String,
        ask: impl AsyncFn(At<'a>, PageRequest) -> Result<Page<T>>,
    ) -> Gathered<T> {
        let is_left = |name: &str| after.as_ref().is_none_or(|(last, _)| name >= last.as_str());
        let modules = self.0.iter().filter(|(name, _)| is_left(name));
        let modules = modules.filter(|(name, _)| wanted.is_none_or(|wanted| *name == wanted));
        let found = join_all(modules.map(async |(module, desk)| {
            let last = after.as_ref().filter(|(last, _)| last == module);
            let part = PageRequest { limit, after: last.map(|(_, place)| place.clone()) };
            (*module, impatient(ask((module, &**desk), part)).await)
        }));
        let limit = limit as usize;
        let (mut items, mut silent, mut more) = (Vec::new(), Vec::new(), false);
        for (module, found) in found.await {
            match found {
                Ok(found) => {
                    more |= found.next.is_some() || items.len() + found.items.len() > limit;
                    // What comes behind a page that was cut belongs to the pages after it.
                    let left = limit.saturating_sub(items.len());
                    items.extend(found.items.into_iter().take(left));
                }
                Err(cause) => silent.push(Silent { module, code: cause.code() }),
            }
        }
        let next = items.last().filter(|_| more).map(key);
        Gathered { page: Page { items, next }, silent }
    }
}

/// Waits for an answer, but not for long.
async fn impatient<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    let mut context = Context::current();
    let patience = PATIENCE.min(context.left() / 2);
    context.deadline = Instant::now() + patience;
    let answered = tokio::time::timeout(patience, context.scope(answer)).await;
    answered.unwrap_or(Err(Error::Unreachable(ports::Unreachable::DeadlineExceeded)))
}
