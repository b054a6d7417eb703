//! Request bodies: JSON into types, or raw bytes for signed webhooks.

use std::time::Duration;

use actix_web::{
    FromRequest, HttpRequest,
    dev::{Decompress, Payload},
    http::header::{CONTENT_TYPE, HeaderValue},
};
use bytes::{Bytes, BytesMut};
use futures::{FutureExt, future::LocalBoxFuture};
use kernel::{Code, Violation};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use super::intake::Intake;
use crate::{Operation, Problem, Route};

/// What is left of the deadline when waiting for a body ends, so that the client hears why.
const MARGIN: Duration = Duration::from_millis(100);

/// A JSON body, read as a `T`.
///
/// Another media type is a 415, too many bytes are a 413, text that is not JSON is a 400, and JSON that
/// is not a `T` is a 422 with the pointer of the culprit.
#[derive(Clone, Debug)]
pub struct Body<T>(pub T);

/// A body of any type, as it came over the wire. For webhooks, whose signature covers the bytes.
#[derive(Clone, Debug)]
pub struct RawBody(pub Bytes);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = json_bytes(request, payload);
        async move { Ok(Self(parse(&bytes.await?)?)) }.boxed_local()
    }
}

impl FromRequest for RawBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (limit, payload) = (limit(request), payload.take());
        async move { Ok(Self(read(payload, limit).await?)) }.boxed_local()
    }
}

/// The bytes of a body that claims to be JSON.
pub(super) fn json_bytes(
    request: &HttpRequest,
    payload: &mut Payload,
) -> LocalBoxFuture<'static, Result<Bytes, Problem>> {
    let accepted = is_json(request.headers().get(CONTENT_TYPE));
    let limit = limit(request);
    let payload = Decompress::from_headers(payload.take(), request.headers());
    async move {
        if !accepted {
            let detail = "send the body as application/json";
            return Err(Problem::of(Code::UnsupportedMediaType, detail));
        }
        read(payload, limit).await
    }
    .boxed_local()
}

fn is_json(content_type: Option<&HeaderValue>) -> bool {
    let Some(Ok(text)) = content_type.map(HeaderValue::to_str) else { return false };
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn limit(request: &HttpRequest) -> usize {
    let operation = request.app_data::<std::sync::Arc<Operation>>();
    operation.map_or(Route::BODY_LIMIT, |operation| operation.body_limit)
}

/// Reads a body to its end, which comes before the deadline.
async fn read<S, E>(payload: S, limit: usize) -> Result<Bytes, Problem>
where
    S: futures::Stream<Item = Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    let mut intake = Intake::new(payload, limit);
    let mut body = BytesMut::new();
    loop {
        let left = ports::Context::current().left().saturating_sub(MARGIN);
        match intake.next(left).await? {
            Some(piece) => body.extend_from_slice(&piece),
            None => return Ok(body.freeze()),
        }
    }
}

/// A body of more than `limit` bytes.
pub(crate) fn too_large(limit: usize) -> Problem {
    Problem::of(Code::PayloadTooLarge, format!("at most {limit} bytes are taken here"))
}

/// Reads JSON and says exactly what is wrong with it.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().clone();
        refused(&path, &error.into_inner())
    })?;
    reader.end().map_err(|error| refused_syntax(&error))?;
    Ok(value)
}

fn refused(path: &Path, error: &serde_json::Error) -> Problem {
    if error.classify() != Category::Data {
        return refused_syntax(error);
    }
    let text = error.to_string();
    let detail = text.split(" at line ").next().unwrap_or_default().to_owned();
    let mut pointer = pointer(path);
    let missing = detail.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    if let Some(field) = missing {
        pointer = format!("{pointer}/{}", escaped(field));
        return Problem::invalid(Violation::new(pointer, "required", "this field is required"));
    }
    let code = if detail.starts_with("unknown field") { "unknown-field" } else { "invalid" };
    Problem::invalid(Violation::new(pointer, code, detail))
}

fn refused_syntax(error: &serde_json::Error) -> Problem {
    Problem::of(Code::MalformedRequest, format!("the body is not JSON: {error}"))
}

/// The path as a JSON Pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        pointer.push('/');
        match segment {
            Segment::Seq { index } => pointer.push_str(&index.to_string()),
            Segment::Map { key } => pointer.push_str(&escaped(key)),
            Segment::Enum { variant } => pointer.push_str(&escaped(variant)),
            Segment::Unknown => pointer.push('?'),
        }
    }
    pointer
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt, stream};

    use super::{super::intake::IDLE, *};

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read from JSON")]
    struct Wish {
        lines: Vec<Line>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only read from JSON")]
    struct Line {
        qty: u32,
    }

    fn blamed(json: &str) -> (Code, String) {
        let problem = parse::<Wish>(json.as_bytes()).unwrap_err();
        let body = problem.violations().first().map(|it| it.pointer.clone());
        (problem.code(), body.unwrap_or_default())
    }

    #[test]
    fn what_is_wrong_in_a_body_is_pointed_at() {
        let invalid = |pointer: &str| (Code::ValidationFailed, pointer.to_owned());
        assert_eq!(blamed(r#"{"lines":[{"qty":1},{"qty":"2"}]}"#), invalid("/lines/1/qty"));
        assert_eq!(blamed(r#"{"lines":[{}]}"#), invalid("/lines/0/qty"));
        assert_eq!(blamed("{}"), invalid("/lines"));
        assert_eq!(blamed(r#"{"lines":[],"a/b~c":1}"#), invalid("/a~1b~0c"));
        let malformed = (Code::MalformedRequest, String::new());
        for text in ["", "{", r#"{"lines":[]} x"#, "lines=1"] {
            assert_eq!(blamed(text), malformed, "{text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_arriving_is_given_up() {
        let started = tokio::time::Instant::now();
        let one = stream::iter([Ok::<_, String>(Bytes::from_static(b"{"))]);
        let stalled = one.chain(stream::pending());
        let problem = read(Box::pin(stalled), 100).await.unwrap_err();
        assert_eq!(problem.code(), Code::RequestTimeout);
        assert!(started.elapsed() <= IDLE);
    }

    #[tokio::test]
    async fn a_body_may_be_as_large_as_its_limit_and_no_larger() {
        let chunks =
            |count| stream::iter(vec![Ok::<_, String>(Bytes::from_static(b"12345")); count]);
        assert_eq!(read(chunks(2), 10).await.unwrap().len(), 10);
        assert_eq!(read(chunks(3), 10).await.unwrap_err().code(), Code::PayloadTooLarge);
    }
}
