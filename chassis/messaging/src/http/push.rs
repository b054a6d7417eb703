//! The sending end.

use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use discovery::{Instance, Instances};
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use ports::Unreachable;
use wire::http::Client;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Acknowledgement, Refusal, SENDER_WAITS};
use crate::{Batch, Link, Undelivered};

/// Pushes batches to the instances of one group.
pub(super) struct Push {
    client: Client,
    group: &'static str,
    instances: Instances,
    /// Instances that are asked last, by address, until when.
    avoided: Mutex<HashMap<Arc<str>, Instant>>,
}

/// How long an instance is avoided that did not take a batch.
const AVOIDED: Duration = Duration::from_secs(5);
/// The same for one that took it and fell silent: finding out again costs [`SENDER_WAITS`].
const SILENT: Duration = Duration::from_secs(60);

impl Push {
    pub(super) fn new(client: Client, group: &'static str, instances: Instances) -> Self {
        Self { client, group, instances, avoided: Mutex::default() }
    }

    /// The instances in the order in which they are asked for messages of `shard`: by rendezvous
    /// hashing, so that shards stay where they are when others come and go.
    fn in_order(&self, shard: u16) -> Vec<Instance> {
        let now = Instant::now();
        let mut avoided = self.avoided.lock().unwrap_or_else(PoisonError::into_inner);
        avoided.retain(|_, until| *until > now);
        let mut instances = self.instances.now().to_vec();
        instances.sort_by_cached_key(|Instance { address }| {
            let weight = xxh3_64_with_seed(address.as_bytes(), u64::from(shard));
            (avoided.contains_key(address), Reverse(weight))
        });
        instances
    }

    fn avoid(&self, instance: &Instance, time: Duration) {
        let mut avoided = self.avoided.lock().unwrap_or_else(PoisonError::into_inner);
        avoided.insert(Arc::clone(&instance.address), Instant::now() + time);
    }

    async fn push(&self, to: &Instance, body: Bytes) -> Result<Vec<bool>, Lost> {
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        let path = format!("/messages/{}", self.group).parse();
        *request.uri_mut() =
            path.map_err(|cause| Lost::of(format!("the group's name: {cause}")))?;
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.client.authorization(self.group));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let deadline = Instant::now() + SENDER_WAITS;
        match self.client.exchange_at(to, request, deadline).await {
            Ok(response) => self.read(to, &response),
            Err(cause) => {
                let silent = matches!(cause, Unreachable::DeadlineExceeded);
                Err(Lost { silent, ..Lost::of(format!("{}: {cause}", to.address)) })
            }
        }
    }

    fn read(&self, from: &Instance, response: &Response<Bytes>) -> Result<Vec<bool>, Lost> {
        let (status, body) = (response.status(), response.body());
        if status == StatusCode::OK
            && let Ok(Acknowledgement { group, applied }) = serde_json::from_slice(body)
            && group == self.group
        {
            return Ok(applied);
        }
        let stranger = |_| {
            Lost::of(format!(
                "what answers at {} is not a process of this deployment (status {})",
                from.address,
                status.as_u16()
            ))
        };
        let Refusal { undelivered } = serde_json::from_slice(body).map_err(stranger)?;
        Err(Lost { why: undelivered, silent: false })
    }
}

/// No acknowledgement came.
struct Lost {
    why: Undelivered,
    /// It took all the time there was.
    silent: bool,
}

impl Lost {
    fn of(why: String) -> Self {
        Self { why: Undelivered::Unanswered(why), silent: false }
    }
}

#[async_trait]
impl Link for Push {
    async fn carry(&self, batch: &Batch) -> Result<Vec<bool>, Undelivered> {
        let body = serde_json::to_vec(&batch.messages)
            .map_err(|cause| Undelivered::Unanswered(format!("no JSON: {cause}")))?;
        let body = Bytes::from(body);
        let mut failure = Undelivered::Unanswered("no instance is known".to_owned());
        for instance in self.in_order(batch.shard) {
            match self.push(&instance, body.clone()).await {
                Ok(applied) => return Ok(applied),
                Err(Lost { why: Undelivered::Busy, .. }) => return Err(Undelivered::Busy),
                Err(Lost { why, silent }) => {
                    self.avoid(&instance, if silent { SILENT } else { AVOIDED });
                    failure = why;
                }
            }
        }
        Err(failure)
    }
}
