//! `rialto edges`: what every process knows about the neighbours it calls, and other numbers while it runs.

mod page;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use discovery::Instance;
use hyper::{
    Method, Request, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use identity::InternalTokens;
use kernel::SystemClock;
use resilience::{Circuit, EdgeState};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wire::http::{Client, Options};

use crate::{
    cli::{By, Edges},
    config::Loaded,
    report::Told,
    table::Table,
};

pub use page::Page;

/// What tokens for this page are addressed to.
const AUDIENCE: &str = "edges";
/// How long one process may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Other numbers for one edge.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tune {
    /// Those that change (JSON Merge Patch).
    numbers: Value,
    /// Who says so, for the audit.
    by: String,
}

/// What one process answered.
enum Answer<T> {
    Told(T),
    /// It does not know the edge.
    Unknown,
}

/// Carries out one command.
///
/// # Errors
/// When the processes cannot be asked, or one of them refuses.
pub async fn run(loaded: &Loaded, command: Edges) -> Result<Told> {
    let processes = Processes::of(loaded)?;
    match command {
        Edges::List { json } => processes.list(json).await,
        Edges::Tune { edge, numbers, by } => processes.tune(&edge, &numbers, &by).await,
    }
}

/// Every process of a deployment, by its name and number.
struct Processes {
    client: Client,
    all: Vec<(String, Instance)>,
}

impl Processes {
    fn of(loaded: &Loaded) -> Result<Self> {
        ensure!(
            loaded.layout.is_split(),
            "this topology is one process, in which nobody calls over a network: name the one that is running \
             with --config"
        );
        let secret = &loaded.config.topology.secret;
        let tokens = InternalTokens::new(secret, Arc::new(SystemClock)).context(
            "topology.secret is what lets you in: set RIALTO_TOPOLOGY__SECRET to that of the processes",
        )?;
        let client = Client::new("rialto edges", tokens, Options::default());
        let mut all = Vec::new();
        for place in &loaded.layout.processes {
            for (index, address) in place.internal.iter().enumerate() {
                let name = match place.replicas {
                    1 => place.name.clone(),
                    _ => format!("{}-{}", place.name, index + 1),
                };
                all.push((name, Instance { address: address.as_str().into() }));
            }
        }
        Ok(Self { client, all })
    }

    async fn list(&self, json: bool) -> Result<Told> {
        let headings = [
            "PROCESS",
            "EDGE",
            "CIRCUIT",
            "CALLS",
            "FAILED",
            "RETRIED",
            "INSTANCE",
            "ITS CIRCUIT",
            "COST",
        ];
        let (mut table, mut lines, mut whole) = (Table::new(headings), String::new(), true);
        for (name, at) in &self.all {
            match self.ask::<Vec<EdgeState>>(at, Method::GET, "/edges", Bytes::new()).await {
                Ok(Answer::Told(edges)) => {
                    for edge in edges {
                        rows(name, &edge).into_iter().for_each(|row| table.add(row));
                        lines.push_str(&serde_json::to_string(&Located { process: name, edge })?);
                        lines.push('\n');
                    }
                }
                Ok(Answer::Unknown) => {
                    eprintln!("rialto: {name} has no page of its edges: it is of another version");
                    whole = false;
                }
                Err(cause) => {
                    eprintln!("rialto: {name} does not tell: {cause:#}");
                    whole = false;
                }
            }
        }
        Ok((if json { lines } else { table.to_string() }, whole))
    }

    /// In every process where the edge begins; with replicas that is several.
    async fn tune(&self, edge: &str, numbers: &str, by: &By) -> Result<Told> {
        let ends = edge.split_once("->").map(|(from, to)| (from.trim(), to.trim()));
        let (caller, callee) = ends.context("an edge is written as \"carts -> products\"")?;
        let numbers: Value = toml::from_str(numbers)
            .context("numbers are written as in a configuration: 'patience = \"1s\"'")?;
        let body = serde_json::to_vec(&Tune { numbers, by: by.name() })?;
        let path = format!("/edges/{caller}/{callee}");
        let (mut told, mut whole) = (String::new(), true);
        for (name, at) in &self.all {
            let asked = self.ask::<EdgeState>(at, Method::PATCH, &path, body.clone().into());
            match asked.await {
                Ok(Answer::Told(_)) => {
                    told.push_str(&format!("{name}: {edge} has other numbers\n"))
                }
                Ok(Answer::Unknown) => {}
                Err(cause) => {
                    eprintln!("rialto: {name}: {cause:#}");
                    whole = false;
                }
            }
        }
        if told.is_empty() && whole {
            bail!("no process that answers has the edge {edge}: `rialto edges list` shows them");
        }
        Ok((told, whole))
    }

    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        at: &Instance,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Answer<T>> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().context("an edge is named by two modules")?;
        let token = self.client.authorization(AUDIENCE);
        request.headers_mut().insert(AUTHORIZATION, token);
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let response = self.client.exchange_at(at, request, Instant::now() + PATIENCE).await?;
        read(&response)
    }
}

fn read<T: serde::de::DeserializeOwned>(response: &Response<Bytes>) -> Result<Answer<T>> {
    match response.status() {
        StatusCode::OK => Ok(Answer::Told(serde_json::from_slice(response.body())?)),
        StatusCode::NOT_FOUND => Ok(Answer::Unknown),
        _ => bail!("{}", String::from_utf8_lossy(response.body())),
    }
}

#[derive(Serialize)]
struct Located<'a> {
    process: &'a str,
    #[serde(flatten)]
    edge: EdgeState,
}

/// A row for each instance of the neighbour.
fn rows(process: &str, edge: &EdgeState) -> Vec<[String; 9]> {
    let EdgeState { caller, callee, circuit, counted, .. } = edge;
    let row = |instance: &resilience::InstanceState| {
        let out = if instance.ejected { ", left alone" } else { "" };
        [
            process.to_owned(),
            format!("{caller} -> {callee}"),
            in_words(*circuit),
            counted.calls.to_string(),
            counted.failed.to_string(),
            counted.retried.to_string(),
            instance.address.clone(),
            format!("{}{out}", in_words(instance.circuit)),
            format!("{:.1} ms", instance.cost_us as f64 / 1000.0),
        ]
    };
    edge.instances.iter().map(row).collect()
}

fn in_words(circuit: Circuit) -> String {
    match circuit {
        Circuit::Closed { failures: 0 } => "closed".to_owned(),
        Circuit::Closed { failures } => format!("closed, {failures} failed in a row"),
        Circuit::Open { for_ms } => format!("open for {for_ms} ms"),
        Circuit::HalfOpen => "half-open".to_owned(),
    }
}
