//! What a process tells its neighbours about the routes of a module: `GET /routes/{module}`.

use std::sync::Arc;

use actix_web::http::Method;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::OpenApi;

use crate::{Operation, Policy, Routes, Unfit, door::is_plain};

/// The public operations of one module and its OpenAPI document, as JSON between processes.
#[derive(Clone, Serialize, Deserialize)]
pub struct RouteTable {
    operations: Vec<Described>,
    /// The module's part of the OpenAPI document.
    pub openapi: Option<OpenApi>,
}

/// An [`Operation`] as JSON.
#[derive(Clone, Serialize, Deserialize)]
struct Described {
    method: String,
    pattern: String,
    #[serde(deserialize_with = "if_known")]
    policy: Option<Policy>,
    body_limit: usize,
    idempotency_key: bool,
    documented: bool,
}

impl RouteTable {
    /// The table of `routes`.
    ///
    /// # Errors
    /// When a pattern has a regular expression: other processes would have to trust it.
    pub fn of(routes: &Routes) -> Result<Self, Unfit> {
        let operations = routes.table();
        readable(operations.iter().map(|operation| &**operation))?;
        Ok(Self {
            operations: operations.iter().map(|operation| Described::of(operation)).collect(),
            openapi: routes.openapi(),
        })
    }

    /// The operations, which `module` serves.
    ///
    /// # Errors
    /// When a method is none, or a pattern cannot be compared with paths as it is.
    pub fn operations(&self, module: &'static str) -> Result<Vec<Arc<Operation>>, Unfit> {
        let read = self.operations.iter().map(|described| described.read(module));
        let operations: Vec<Operation> = read.collect::<Result<_, _>>()?;
        readable(operations.iter())?;
        Ok(operations.into_iter().map(Arc::new).collect())
    }
}

impl Described {
    fn of(operation: &Operation) -> Self {
        let Operation { module: _, method, pattern, policy, .. } = operation;
        Self {
            method: method.to_string(),
            pattern: pattern.clone(),
            policy: *policy,
            body_limit: operation.body_limit,
            idempotency_key: operation.idempotency_key,
            documented: operation.documented,
        }
    }

    fn read(&self, module: &'static str) -> Result<Operation, Unfit> {
        let Self { method, pattern, policy, body_limit, idempotency_key, documented } = self;
        let unknown = |_| Unfit(vec![format!("{method:?} of {module} is no HTTP method")]);
        Ok(Operation {
            module,
            method: Method::from_bytes(method.as_bytes()).map_err(unknown)?,
            pattern: pattern.clone(),
            policy: *policy,
            body_limit: *body_limit,
            idempotency_key: *idempotency_key,
            documented: *documented,
        })
    }
}

/// Whether every process reads the patterns alike.
fn readable<'a>(operations: impl Iterator<Item = &'a Operation>) -> Result<(), Unfit> {
    let odd = operations.filter(|operation| !is_plain(&operation.pattern));
    let sentence = |operation: &Operation| {
        format!(
            "{operation} cannot be forwarded: parameters are whole segments, and only the last may \
             take several, as in /files/{{path:.*}}"
        )
    };
    let odd: Vec<String> = odd.map(sentence).collect();
    if odd.is_empty() { Ok(()) } else { Err(Unfit(odd)) }
}

/// A policy that this binary does not know lets nobody in.
fn if_known<'de, D: Deserializer<'de>>(given: D) -> Result<Option<Policy>, D::Error> {
    let policy = serde_json::Value::deserialize(given)?;
    Ok(serde_json::from_value(policy).ok())
}
