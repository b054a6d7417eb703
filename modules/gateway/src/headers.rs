//! Headers of clients: those that are not believed, and limits for all of them.

use actix_web::{
    dev::ServiceRequest,
    http::{
        Uri,
        header::{CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue},
        uri::Authority,
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

/// Refuses a head that is too large, or that names two hosts or none.
pub(crate) fn check(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let line = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4;
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    let size = target + headers.iter().map(line).sum::<usize>();
    if headers.len() > MAX_HEADERS || size > MAX_HEAD {
        let detail = format!("at most {MAX_HEADERS} headers and {MAX_HEAD} bytes of them are read");
        return Err(Problem::of(Code::MalformedRequest, detail));
    }
    let host = headers.get(HOST).map(HeaderValue::as_bytes);
    if host.is_some_and(|host| !names_one_host(host)) {
        return Err(Problem::of(Code::MalformedRequest, "Host names one host, and at most a port"));
    }
    match (uri.authority(), host) {
        (Some(target), Some(host)) if !host.eq_ignore_ascii_case(target.as_str().as_bytes()) => {
            Err(Problem::of(Code::MalformedRequest, "the target and Host name two hosts"))
        }
        _ => Ok(()),
    }
}

/// Whether `host` is a name or an address, with a port or without, and nothing else.
fn names_one_host(host: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%:[]".contains(byte);
    let authority = Authority::try_from(host).ok();
    let port = authority.as_ref().and_then(|it| it.as_str().strip_prefix(it.host()));
    host.iter().all(plain)
        && port.is_some_and(|port| port.is_empty() || port[1..].parse::<u16>().is_ok())
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

    #[test]
    fn a_host_is_one_name_or_address_and_at_most_a_port() {
        for host in
            ["shop", "shop.example", "shop:8080", "127.0.0.1", "127.0.0.1:80", "[::1]:80", "[::1]"]
        {
            assert!(names_one_host(host.as_bytes()), "{host}");
        }
        let none = [
            "",
            "shop, other",
            "a b",
            "shop/v1",
            "user@shop",
            "shop:port",
            "shop:",
            "shop:99999",
            "a\\b",
        ];
        for host in none {
            assert!(!names_one_host(host.as_bytes()), "{host}");
        }
    }
}
