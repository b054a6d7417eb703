//! Nudging the processes that host the same modules.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use discovery::{Instance, Instances};
use futures::future::join_all;
use http::{Method, Request, header::AUTHORIZATION};
use wire::http::Client;

use crate::Siblings;

/// The processes that host the same modules on the same databases: for each module, where they are
/// beside this one.
pub fn siblings(client: Client, others: HashMap<&'static str, Instances>) -> Arc<dyn Siblings> {
    Arc::new(Nudges { client, others })
}

struct Nudges {
    client: Client,
    others: HashMap<&'static str, Instances>,
}

/// Whoever does not answer by then finds the messages at the next poll.
const PATIENCE: Duration = Duration::from_secs(1);

#[async_trait]
impl Siblings for Nudges {
    async fn nudge(&self, module: &str) {
        let Some(others) = self.others.get(module) else { return };
        join_all(others.now().iter().map(|other| self.nudge_one(other, module))).await;
    }
}

impl Nudges {
    async fn nudge_one(&self, sibling: &Instance, module: &str) {
        let Ok(path) = format!("/nudges/{module}").parse() else { return };
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = path;
        request.headers_mut().insert(AUTHORIZATION, self.client.authorization(module));
        let nudged = self.client.exchange_at(sibling, request, Instant::now() + PATIENCE).await;
        match nudged.map(|response| response.status()) {
            Ok(status) if status.is_success() => {}
            Ok(status) => {
                tracing::warn!(sibling = &*sibling.address, module, %status, "a nudge was refused");
            }
            Err(cause) => {
                tracing::debug!(sibling = &*sibling.address, module, %cause, "a nudge was lost");
            }
        }
    }
}
