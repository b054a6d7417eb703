//! Somebody who sends requests: a token or none, and an eye for what comes back.

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use reqwest::{Client, Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::Value;

/// No answer takes longer.
const LIMIT: Duration = Duration::from_secs(30);

/// Sends requests to the shop, wherever it listens now. Cloning shares the connections.
#[derive(Clone)]
pub(crate) struct Browser {
    client: Client,
    base: Arc<RwLock<String>>,
    token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Browser {
    pub(super) fn to_nowhere() -> Self {
        let client = Client::builder().no_proxy().timeout(LIMIT).build().unwrap();
        Self { client, base: Arc::default(), token: None }
    }

    /// From now on, for all clones.
    pub(super) fn goes_to(&self, base: &str) {
        base.clone_into(&mut self.base.write().unwrap());
    }

    /// The same, logged in.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Where the shop listens: `http://127.0.0.1:…`.
    pub(crate) fn base(&self) -> String {
        self.base.read().unwrap().clone()
    }

    /// A request to be completed by the caller.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base()));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.try_get(path).await.unwrap()
    }

    pub(crate) async fn try_get(&self, path: &str) -> reqwest::Result<Answer> {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PUT, path).json(body)).await.unwrap()
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
        Answer::of(request.json(body)).await
    }
}

impl Answer {
    /// Sends the request and reads the answer to its end.
    pub(crate) async fn of(request: RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Self { status, headers, text: response.text().await? })
    }

    /// The body, if the status is this one.
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
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
