//! `rialto explain`: why things happened to an order, out of the databases of all modules.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use explain::{Fragment, Gathered, Line, Missing, Question, assemble, gather, text};
use serde::Serialize;
use storage::Database;

use crate::{compose, config::Loaded, house, wiring};

/// The tree of causes of one thing.
#[derive(Serialize)]
struct Explanation<'a> {
    thing: &'a str,
    lines: &'a [Line],
    missing: &'a [Missing<String>],
    cut: bool,
}

/// Explains the order that has this id or number, or anything else with an id, or what happened in a trace.
///
/// # Errors
/// When nothing is remembered of it.
pub async fn run(loaded: &Loaded, thing: &str, json: bool) -> Result<String> {
    let books = Books::open(loaded).await;
    let explained = books.explain(thing, json).await;
    books.close().await?;
    explained
}

/// The databases of all modules, or why they cannot be opened.
struct Books(BTreeMap<&'static str, Result<Database, String>>);

impl Books {
    async fn open(loaded: &Loaded) -> Self {
        let mut books = BTreeMap::new();
        for module in wiring::MODULES.iter().filter(|module| module.tables) {
            let opened = house::open(loaded, module.name).await;
            books.insert(module.name, opened.map_err(|cause| format!("{cause:#}")));
        }
        Self(books)
    }

    async fn close(self) -> Result<()> {
        for db in self.0.into_values().flatten() {
            db.close().await?;
        }
        Ok(())
    }

    async fn explain(&self, thing: &str, json: bool) -> Result<String> {
        let modules: Vec<&str> = self.0.keys().copied().collect();
        let ask = async |module: &str, question: &Question| self.ask(module, question).await;
        let Gathered { fragments, missing, cut } = gather(&modules, thing.into(), ask).await;
        let lines = assemble(&fragments);
        if lines.is_empty() {
            let silent = missing.iter().map(said).collect::<String>();
            bail!("nothing is remembered of {thing}\n{silent}");
        }
        if json {
            let told = Explanation { thing, lines: &lines, missing: &missing, cut };
            return Ok(serde_json::to_string_pretty(&told)? + "\n");
        }
        let rest = if cut { "There is more, which is left out.\n" } else { "" };
        Ok(text(&lines) + rest + &missing.iter().map(said).collect::<String>())
    }

    async fn ask(&self, module: &str, question: &Question) -> Result<Fragment, String> {
        match self.0.get(module) {
            Some(Ok(db)) => {
                let fragment = compose::fragment(module, db, question).await;
                fragment.map_err(|cause| cause.to_string())
            }
            Some(Err(why)) => Err(why.clone()),
            None => Err("there is no such module".to_owned()),
        }
    }
}

/// A line about a module that did not answer.
fn said(Missing { module, why }: &Missing<String>) -> String {
    format!("{module} does not answer: {why}\n")
}
