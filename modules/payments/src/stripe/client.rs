//! Requests to Stripe: form-encoded, authorised, repeatable. What is no definite answer is a silence.

use std::time::Duration;

use reqwest::{RequestBuilder, StatusCode, header::CONTENT_TYPE, redirect};
use serde::Deserialize;
use serde_json::Value;
use url::form_urlencoded;

use super::intent::{self, Intent};
use crate::{
    provider::{Outcome, Silence, Verdict},
    settings::Secret,
};

/// The version of the API that this adapter speaks.
const VERSION: &str = "2024-06-20";
const FORM: &str = "application/x-www-form-urlencoded";
const CONNECT: Duration = Duration::from_secs(3);

pub(super) struct Client {
    /// Why there is none is said at each request.
    http: Result<reqwest::Client, String>,
    url: String,
    api_key: Secret,
}

/// A definite answer.
pub(super) enum Reply {
    /// It is so.
    Done(Value),
    /// It is not so, and never was.
    Refused(Refusal),
}

/// Why Stripe said no.
#[derive(Deserialize)]
pub(super) struct Refusal {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    decline_code: Option<String>,
    #[serde(default)]
    payment_intent: Option<Value>,
}

#[derive(Deserialize)]
struct Failed {
    error: Refusal,
}

impl Client {
    pub(super) fn new(url: String, api_key: Secret) -> Self {
        // Nobody but Stripe may get the key, so nobody is followed.
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|cause| format!("there is no HTTP client: {cause}"));
        Self { http, url: url.trim_end_matches('/').to_owned(), api_key }
    }

    /// Posts a form. Sent again under the same `key`, it has no other effect and gets the same answer.
    pub(super) async fn post(
        &self,
        path: &str,
        key: &str,
        form: &[(&str, String)],
    ) -> Result<Reply, Silence> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.http()?.post(format!("{}{path}", self.url));
        let request = request.header(CONTENT_TYPE, FORM).header("idempotency-key", key).body(body);
        self.send(request).await
    }

    /// Reads something.
    pub(super) async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Reply, Silence> {
        let mut url = format!("{}{path}", self.url);
        if !query.is_empty() {
            let query =
                form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
            url = format!("{url}?{query}");
        }
        self.send(self.http()?.get(url)).await
    }

    fn http(&self) -> Result<&reqwest::Client, Silence> {
        self.http.as_ref().map_err(|cause| Silence(cause.clone()))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Reply, Silence> {
        let request = request.bearer_auth(self.api_key.expose()).header("stripe-version", VERSION);
        // The address may hold a name of the customer's, and is not the reader's business.
        let lost = |cause: reqwest::Error| Silence(cause.without_url().to_string());
        let response = request.send().await.map_err(lost)?;
        let status = response.status();
        let body = response.bytes().await.map_err(lost)?;
        if status.is_success() {
            let value = serde_json::from_slice(&body);
            return value.map(Reply::Done).map_err(|cause| Silence(format!("no JSON: {cause}")));
        }
        let unsure =
            status.is_server_error() || status.is_redirection() || UNSURE.contains(&status);
        match serde_json::from_slice::<Failed>(&body) {
            Ok(Failed { error }) if !unsure && error.kind != "idempotency_error" => {
                Ok(Reply::Refused(error))
            }
            Ok(Failed { error }) => {
                Err(Silence(format!("{status}: {} {}", error.kind, error.code())))
            }
            Err(_) => Err(Silence(format!("{status}"))),
        }
    }
}

/// What says nothing about the thing that was asked for: a key that is not accepted, or one that is being
/// worked on, or too many requests.
const UNSURE: [StatusCode; 5] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::CONFLICT,
    StatusCode::TOO_MANY_REQUESTS,
];

impl Refusal {
    /// The reason, in Stripe's words.
    pub(super) fn code(&self) -> String {
        let code = self.decline_code.as_ref().filter(|code| *code != "generic_decline");
        code.or(self.code.as_ref()).unwrap_or(&self.kind).clone()
    }

    /// What the refusal means to a charge.
    pub(super) fn outcome(self) -> Outcome {
        let intent = self.payment_intent.clone().and_then(|intent| intent::read(intent).ok());
        let reference = intent.map(|intent| intent.id);
        Outcome { reference, verdict: Verdict::Declined(self.code()) }
    }

    /// What the refusal to confirm `intent` means to its charge: when the intent is not in a state to be
    /// confirmed, that state.
    pub(super) fn outcome_of(self, intent: &Intent) -> Outcome {
        let now = self.payment_intent.clone().and_then(|intent| intent::read(intent).ok());
        if self.kind != "card_error"
            && let Some(now) = now
        {
            return now.outcome();
        }
        Outcome { reference: Some(intent.id.clone()), verdict: Verdict::Declined(self.code()) }
    }

    /// A refusal to show something, which says nothing about it.
    pub(super) fn silence(&self) -> Silence {
        Silence(format!("it cannot be read: {}", self.code()))
    }
}
