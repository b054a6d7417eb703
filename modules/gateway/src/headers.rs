//! Headers of clients: those that are not believed, and limits for all of them.

use actix_web::{
    dev::ServiceRequest,
    http::{
        Uri,
        header::{CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue},
    },
};
use host::{Problem, door::value};
use kernel::Code;
use ports::Trace;

/// The most headers of one request.
const MAX_HEADERS: usize = 96;
/// The largest head: target and headers, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// The id of a request, in and out.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names, and beginnings of names, by which insiders tell each other who asks and from where.
const INSIDERS: [&str; 6] =
    ["x-user", "x-internal", "x-forwarded", "forwarded", "x-envoy", "rialto"];

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

/// Whether a header is for the connection it came by, and no further (RFC 9110, section 7.6.1).
pub(crate) fn is_hop(name: &str) -> bool {
    let is_listed = matches!(
        name,
        "connection" | "keep-alive" | "te" | "trailer" | "transfer-encoding" | "upgrade"
    );
    is_listed || name.starts_with("proxy-")
}

/// Whether a header is between processes of ours. Names are lower case by now; gateways disagree about
/// underscores.
pub(crate) fn is_insiders(name: &str) -> bool {
    if !name.starts_with(['x', 'f', 'r']) {
        return false;
    }
    let plain = name.replace('_', "-");
    INSIDERS.iter().any(|insider| {
        plain.strip_prefix(insider).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    })
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
            "rialto-caller",
        ] {
            assert!(is_insiders(name), "{name}");
        }
        for name in ["x-request-id", "x-username", "from", "user-agent", "x-forward"] {
            assert!(!is_insiders(name), "{name}");
        }
    }
}
