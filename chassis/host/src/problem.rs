//! Why a request failed, as `application/problem+json` (RFC 9457).

use std::{fmt, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use kernel::{Code, Fault, Violation};
use serde::Serialize;
use serde_json::{Map, Value};

/// The media type of every error.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A refusal or a failure on its way out.
///
/// Any [`Fault`] becomes one by `?`. What a client may know about a failure of ours (5xx) is its code
/// and nothing else; the cause goes to the log, once, with the trace id.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    code: Code,
    detail: String,
    violations: Vec<Violation>,
    retry_after: Option<Duration>,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<String>,
    instance: Option<String>,
    trace_id: Option<String>,
}

/// The document as it is sent.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    code: Code,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Violation],
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

impl Problem {
    /// A problem without a typed fault behind it. `detail` is for people; with a 5xx code it goes to
    /// the log instead of to the client.
    pub fn of(code: Code, detail: impl Into<String>) -> Self {
        let (detail, cause) = match code.status() {
            500.. => (code.title().to_owned(), Some(detail.into())),
            _ => (detail.into(), None),
        };
        Self(Box::new(Parts {
            code,
            detail,
            violations: Vec::new(),
            retry_after: None,
            members: Map::new(),
            headers: Vec::new(),
            cause,
            instance: None,
            trace_id: None,
        }))
    }

    /// There is nothing at this address, or not for this caller.
    pub fn not_found() -> Self {
        Self::of(Code::NotFound, "there is nothing here, or it is not yours to see")
    }

    /// One field of the request is wrong.
    pub fn invalid(violation: Violation) -> Self {
        Self::of(Code::ValidationFailed, violation.detail.clone()).blaming(violation)
    }

    /// Blames one more field.
    #[must_use]
    pub fn blaming(mut self, violation: Violation) -> Self {
        self.0.violations.push(violation);
        self
    }

    /// Says when to ask again.
    #[must_use]
    pub fn retry_after(mut self, pause: Duration) -> Self {
        self.0.retry_after = Some(pause);
        self
    }

    /// Adds an extension member to the document, such as the current version beside a 412.
    #[must_use]
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a header to the response.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Says which request it is about, for a problem that outlives the request's own task.
    #[must_use]
    pub fn about(mut self, instance: &str, trace: ports::Trace) -> Self {
        self.0.instance = Some(instance.to_owned());
        self.0.trace_id = Some(trace.id());
        self
    }

    /// The code a client can act on.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The fields that are to blame.
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }

    /// Answers with the problem, naming the path `instance` when it is known.
    pub fn respond(&self, instance: Option<&str>) -> HttpResponse {
        let code = self.0.code;
        let document = Document {
            r#type: format!("/problems/{code}"),
            title: code.title(),
            status: code.status(),
            detail: &self.0.detail,
            instance: instance.or(self.0.instance.as_deref()),
            code,
            retryable: code.retryable(),
            trace_id: self.trace_id(),
            errors: &self.0.violations,
            members: &self.0.members,
        };
        let mut response = HttpResponse::build(self.status_code());
        if code == Code::Unauthenticated {
            response.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        for (name, value) in &self.0.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        if let Some(pause) = self.0.retry_after {
            let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
            response.insert_header((RETRY_AFTER, seconds));
        }
        let body = serde_json::to_vec(&document).unwrap_or_else(|_| b"{}".to_vec());
        response.insert_header((CONTENT_TYPE, PROBLEM_JSON)).body(body)
    }

    /// Writes the cause of a failure of ours to the log.
    fn log(&self) {
        let Some(cause) = &self.0.cause else { return };
        let trace_id = self.trace_id();
        tracing::error!(code = %self.0.code, cause = %cause, trace_id, "a request failed");
    }

    fn trace_id(&self) -> Option<String> {
        ports::Context::trace().map(ports::Trace::id).or_else(|| self.0.trace_id.clone())
    }
}

impl<F: Fault> From<F> for Problem {
    fn from(fault: F) -> Self {
        let mut text = fault.to_string();
        let mut problem = Self::of(fault.code(), text.clone());
        if problem.0.cause.is_some() {
            let mut source = fault.source();
            while let Some(cause) = source {
                text = format!("{text}: {cause}");
                source = cause.source();
            }
            problem.0.cause = Some(text);
        }
        problem.0.violations = fault.violations();
        problem.0.retry_after = fault.retry_after();
        problem
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.log();
        self.respond(None)
    }
}
