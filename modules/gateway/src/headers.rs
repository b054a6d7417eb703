//! Headers that are not believed, and those that are.

use std::time::Duration;

use actix_web::{
    dev::ServiceRequest,
    http::{
        Uri,
        header::{AUTHORIZATION, CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue},
    },
};
use host::Problem;
use kernel::Code;
use ports::Trace;

/// The most headers of one request.
const MAX_HEADERS: usize = 96;
/// The largest head: target and headers, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// The id of a request, in and out.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The position in a trace (W3C Trace Context), in and out.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// How long the client waits, as gRPC writes it: `250m` for 250 ms.
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// Names, and beginnings of names, by which insiders tell each other who asks and from where.
const INSIDERS: [&str; 5] = ["x-user", "x-internal", "x-forwarded", "forwarded", "x-envoy"];

/// Refuses a head that is too large, or that names two hosts.
pub(crate) fn check(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let line = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4;
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    let size = target + headers.iter().map(line).sum::<usize>();
    if headers.len() > MAX_HEADERS || size > MAX_HEAD {
        let detail = format!("at most {MAX_HEADERS} headers and {MAX_HEAD} bytes of them are read");
        return Err(Problem::of(Code::MalformedRequest, detail));
    }
    let host = headers.get(HOST).map(HeaderValue::as_bytes);
    match (uri.authority(), host) {
        (Some(target), Some(host)) if !host.eq_ignore_ascii_case(target.as_str().as_bytes()) => {
            Err(Problem::of(Code::MalformedRequest, "the target and Host name two hosts"))
        }
        _ => Ok(()),
    }
}

/// Removes what a client may not tell us: insiders' headers in any spelling, and whatever `Connection`
/// names.
pub(crate) fn strip(request: &mut ServiceRequest) {
    let headers = request.headers();
    let named = headers.get_all(CONNECTION).filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = named.flat_map(|value| value.split(',')).map(str::trim).collect();
    let hop = |name: &str| hops.iter().any(|hop| hop.eq_ignore_ascii_case(name));
    let removed: Vec<HeaderName> = headers
        .keys()
        .filter(|name| is_insiders(name.as_str()) || hop(name.as_str()))
        .cloned()
        .collect();
    for name in removed {
        request.headers_mut().remove(name);
    }
}

/// Header names are lower case by now; gateways disagree about underscores.
fn is_insiders(name: &str) -> bool {
    if !name.starts_with(['x', 'f']) {
        return false;
    }
    let plain = name.replace('_', "-");
    INSIDERS.iter().any(|insider| {
        plain.strip_prefix(insider).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    })
}

/// The token of a request, if it has one.
///
/// # Errors
/// 401 when there are several, or something else than a bearer token.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut all = headers.get_all(AUTHORIZATION);
    let Some(value) = all.next() else { return Ok(None) };
    let token = value.to_str().ok().and_then(|text| text.split_once(' '));
    match token {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && all.next().is_none() => {
            Ok(Some(token.trim()))
        }
        _ => {
            Err(Problem::of(Code::Unauthenticated, "send one Authorization: Bearer <access token>"))
        }
    }
}

/// Continues the client's trace, or begins one.
pub(crate) fn trace(headers: &HeaderMap) -> Trace {
    let sent = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok());
    sent.and_then(Trace::parse).map_or_else(Trace::start, Trace::child)
}

/// The client's own id of the request, when it is short and plain; else the id of the trace.
pub(crate) fn request_id(headers: &HeaderMap, trace: Trace) -> HeaderValue {
    let plain = |value: &&HeaderValue| {
        let visible = |byte: &u8| (0x21..=0x7e).contains(byte);
        (1..=128).contains(&value.len()) && value.as_bytes().iter().all(visible)
    };
    let sent = headers.get(REQUEST_ID).filter(plain).cloned();
    sent.unwrap_or_else(|| value(&trace.id()))
}

/// How long the client waits, when it says so in a way we understand.
pub(crate) fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(TIMEOUT)?.to_str().ok()?;
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok().filter(|_| number.len() <= 8)?;
    match unit {
        "H" => Some(Duration::from_hours(number)),
        "M" => Some(Duration::from_mins(number)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// Plain text as a header's value.
pub(crate) fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insiders_headers_are_known_in_every_spelling() {
        for name in [
            "x-user-id",
            "x_user_id",
            "x-user",
            "x-internal-token",
            "x_internal-token",
            "x-forwarded-for",
            "x_forwarded_for",
            "forwarded",
            "x-envoy-peer",
        ] {
            assert!(is_insiders(name), "{name}");
        }
        for name in ["x-request-id", "x-username", "from", "user-agent", "x-forward"] {
            assert!(!is_insiders(name), "{name}");
        }
    }

    #[test]
    fn a_timeout_is_read_as_grpc_writes_it() {
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(TIMEOUT, HeaderValue::from_static(text));
            timeout(&headers)
        };
        assert_eq!(read("250m"), Some(Duration::from_millis(250)));
        assert_eq!(read("2S"), Some(Duration::from_secs(2)));
        for broken in ["", "m", "5", "5x", "-1S", "123456789S"] {
            assert_eq!(read(broken), None, "{broken}");
        }
    }
}
