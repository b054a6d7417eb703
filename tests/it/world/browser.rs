//! Somebody who sends requests: a token or none, and an eye for what comes back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::{Client, Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::Value;

use super::{Patience, transcript::Transcript};

/// No answer takes longer.
const LIMIT: Duration = Duration::from_secs(30);

/// Sends requests to the shop, at each of its addresses in turn. Cloning shares the connections.
#[derive(Clone)]
pub(crate) struct Browser {
    client: Client,
    bases: Arc<[String]>,
    turn: Arc<AtomicUsize>,
    token: Option<String>,
    /// What a guest is known by.
    guest_token: Option<String>,
    who: Arc<str>,
    transcript: Option<Arc<Transcript>>,
}

/// What came back, and what was asked.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(super) method: Method,
    pub(super) path: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Browser {
    /// Sends requests to these addresses: `http://127.0.0.1:…`.
    pub(crate) fn to(bases: Vec<String>) -> Self {
        let client = Client::builder().no_proxy().timeout(LIMIT).build().unwrap();
        let (bases, turn) = (bases.into(), Arc::default());
        let (token, guest_token) = (None, None);
        Self { client, bases, turn, token, guest_token, who: "guest".into(), transcript: None }
    }

    /// The same, with everything it hears written down.
    pub(super) fn recorded(&self, transcript: Arc<Transcript>) -> Self {
        Self { transcript: Some(transcript), ..self.clone() }
    }

    /// The same, logged in.
    pub(crate) fn with_token(&self, who: &str, token: &str) -> Self {
        Self { token: Some(token.to_owned()), who: who.into(), ..self.clone() }
    }

    /// The same as a guest who is known by this token.
    pub(crate) fn with_guest_token(&self, who: &str, token: &str) -> Self {
        Self { guest_token: Some(token.to_owned()), who: who.into(), ..self.clone() }
    }

    /// The same, with nothing it hears written down, because it is not the same each time.
    pub(crate) fn unrecorded(&self, why: &str) -> Self {
        if let Some(transcript) = &self.transcript {
            transcript.leave_out(why);
        }
        self.quiet()
    }

    /// The same while it asks again and again: what it hears last is written down with
    /// [`Browser::record`].
    pub(super) fn quiet(&self) -> Self {
        Self { transcript: None, ..self.clone() }
    }

    /// Writes down an answer that was got while quiet.
    pub(super) fn record(&self, answer: &Answer) {
        if let Some(transcript) = &self.transcript {
            transcript.add(&self.who, answer);
        }
    }

    /// The access token, empty when nobody is logged in.
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// What a guest is known by; nothing for everybody else.
    pub(crate) fn guest_token(&self) -> Option<&str> {
        self.guest_token.as_deref()
    }

    /// Where the shop listens: `http://127.0.0.1:…`.
    pub(crate) fn base(&self) -> &str {
        &self.bases[self.turn.fetch_add(1, Ordering::Relaxed) % self.bases.len()]
    }

    /// A request to be completed by the caller.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base()));
        match (&self.token, &self.guest_token) {
            (Some(token), _) => request.bearer_auth(token),
            (None, Some(token)) => request.header("Guest-Token", token),
            (None, None) => request,
        }
    }

    /// Sends a request and reads the answer to its end.
    pub(crate) async fn send(&self, request: RequestBuilder) -> reqwest::Result<Answer> {
        let _turn = self.transcript.as_ref().map(|transcript| transcript.turn());
        let answer = Answer::of(request).await?;
        self.record(&answer);
        Ok(answer)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.try_get(path).await.unwrap()
    }

    pub(crate) async fn try_get(&self, path: &str) -> reqwest::Result<Answer> {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(body)).await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await.unwrap()
    }

    /// Looks again and again until what is there is like this; the last answer is what is written down.
    pub(crate) async fn until(
        &self,
        what: &str,
        limit: Duration,
        path: &str,
        like: impl Fn(&Value) -> bool,
    ) -> Value {
        let (quiet, begun) = (self.quiet(), Instant::now());
        loop {
            let answer = quiet.get(path).await;
            let found = answer.status.is_success().then(|| answer.json());
            if let Some(found) = found.filter(&like) {
                self.record(&answer);
                return found;
            }
            assert!(begun.elapsed() < limit, "not within {limit:?}: {what}, but {}", answer.text);
            tokio::time::sleep(Patience::PAUSE).await;
        }
    }

    /// A POST under an `Idempotency-Key`.
    pub(crate) async fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.try_post_once(path, key, body).await.unwrap()
    }

    pub(crate) async fn try_post_once(
        &self,
        path: &str,
        key: &str,
        body: &Value,
    ) -> reqwest::Result<Answer> {
        let request = self.request(Method::POST, path).header("Idempotency-Key", key);
        self.send(request.json(body)).await
    }
}

impl Answer {
    /// Sends the request and reads the answer to its end. Once more when a connection was taken for an idle
    /// one in the moment in which it was used (408; RFC 9110, section 15.5.9, says what clients do then).
    async fn of(request: RequestBuilder) -> reqwest::Result<Self> {
        let again = request.try_clone();
        let answer = Self::of_one(request).await?;
        match again.filter(|_| answer.status == StatusCode::REQUEST_TIMEOUT) {
            Some(again) => Self::of_one(again).await,
            None => Ok(answer),
        }
    }

    async fn of_one(request: RequestBuilder) -> reqwest::Result<Self> {
        let (client, request) = request.build_split();
        let request = request?;
        let (method, url) = (request.method().clone(), request.url().clone());
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let response = client.execute(request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Self { method, path, status, headers, text: response.text().await? })
    }

    /// What was asked for.
    pub(crate) fn method(&self) -> &Method {
        &self.method
    }

    /// The body, if the status is this one.
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{} {}: {}", self.method, self.path, self.text);
        self.json()
    }

    /// The body.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|cause| panic!("{cause}: {} {}", self.status, self.text))
    }

    /// A header, empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The problem document, if it is one with this status and code.
    pub(crate) fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let problem = self.expect(status);
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        for member in ["type", "title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
        }
        assert!(problem["retryable"].is_boolean(), "{problem}");
        problem
    }
}
