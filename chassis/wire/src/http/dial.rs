//! The caller's end: a transport to a module that lives in other processes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use bytes::Bytes;
use discovery::Instances;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use ports::{Call, Headers, Kind, Reply, Transport, Unreachable};

use super::{
    Body, Client, answer,
    client::bearer,
    header::{ATTEMPT, CALLER, KEY, KIND, TIMEOUT, TRACEPARENT},
};
use crate::text;

/// How many headers a call has.
const HEADERS: usize = 11;

pub(super) struct Dialed {
    client: Client,
    caller: &'static str,
    module: &'static str,
    instances: Instances,
    turn: AtomicUsize,
    /// The last token, as a header.
    shown: ArcSwapOption<Shown>,
}

struct Shown {
    token: Arc<str>,
    header: HeaderValue,
}

impl Dialed {
    pub(super) fn new(
        client: Client,
        caller: &'static str,
        module: &'static str,
        instances: Instances,
    ) -> Self {
        let turn = AtomicUsize::new(0);
        Self { client, caller, module, instances, turn, shown: ArcSwapOption::empty() }
    }

    /// The current token as a header, written once for each token.
    fn authorization(&self) -> HeaderValue {
        let token = self.client.tokens().sign(self.caller, self.module);
        let shown = self.shown.load();
        if let Some(shown) = shown.as_ref().filter(|shown| Arc::ptr_eq(&shown.token, &token)) {
            return shown.header.clone();
        }
        let header = bearer(&token);
        self.shown.store(Some(Arc::new(Shown { token, header: header.clone() })));
        header
    }

    fn request(&self, call: &Call) -> Result<Request<Body>, Unreachable> {
        let path = Bytes::from(format!("/calls/{}/{}", self.module, call.method));
        let path = Uri::from_maybe_shared(path)
            .map_err(|_| Unreachable::Broken(format!("{:?} is no method", call.method)))?;
        let mut request = Request::new(Body::from(call.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = path;
        *request.headers_mut() = self.head(call.kind, &call.headers)?;
        Ok(request)
    }

    fn head(&self, kind: Kind, call: &Headers) -> Result<HeaderMap, Unreachable> {
        let left = call.deadline.saturating_duration_since(Instant::now());
        let mut head = HeaderMap::with_capacity(HEADERS);
        head.insert(AUTHORIZATION, self.authorization());
        head.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        head.insert(TRACEPARENT, value("trace", call.trace.traceparent())?);
        head.insert(TIMEOUT, value("deadline", text::timeout(left))?);
        head.insert(CALLER, value("caller", &*call.caller)?);
        head.insert(KIND, HeaderValue::from_static(text::kind(kind)));
        if let Some(key) = &call.idempotency_key {
            head.insert(KEY, value("idempotency key", &**key)?);
        }
        if call.is_repeat {
            head.insert(ATTEMPT, HeaderValue::from_static(text::SECOND));
        }
        Ok(head)
    }
}

#[async_trait]
impl Transport for Dialed {
    async fn call(&self, call: Call) -> Result<Reply, Unreachable> {
        let deadline = call.headers.deadline;
        if deadline <= Instant::now() {
            return Err(Unreachable::DeadlineExceeded);
        }
        let turn = self.turn.fetch_add(1, Relaxed);
        let request = || self.request(&call);
        let took = |response: &Response<Bytes>| response.status() != answer::DRAINING;
        let asked = self.client.ask(&self.instances, turn, deadline, request, took).await;
        let (neighbour, response) = asked?;
        answer::read(&neighbour.address, response)
    }
}

fn value<T>(what: &str, text: T) -> Result<HeaderValue, Unreachable>
where
    HeaderValue: TryFrom<T>,
{
    let value = HeaderValue::try_from(text);
    value.map_err(|_| Unreachable::Broken(format!("the {what} cannot be written in a header")))
}
