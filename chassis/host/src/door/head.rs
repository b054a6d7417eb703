//! What the head of a request says about itself: who asks, in which trace, and for how long.

use std::{borrow::Cow, time::Duration};

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use identity::{GuestToken, InvalidGuestToken};
use kernel::Code;
use ports::{Context, Trace};

use crate::{IdempotencyKey, Problem};

/// The position in a trace (W3C Trace Context).
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// By which a shopper without an account proves to be the same one as before.
pub const GUEST_TOKEN: HeaderName = HeaderName::from_static("guest-token");
/// How long whoever asks will wait, as gRPC writes it: `250m` for 250 ms.
pub const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The request as the work on it sees it: in the trace that was sent, for as long as `caller` waits but
/// no longer than `longest`.
pub fn context(
    caller: impl Into<Cow<'static, str>>,
    headers: &HeaderMap,
    longest: Duration,
) -> Context {
    let asked = timeout(headers).unwrap_or(Duration::MAX);
    let mut context = Context::begin(caller, asked.min(longest));
    context.trace = trace(headers);
    let key = IdempotencyKey::of(headers).ok().flatten();
    context.idempotency_key = key.map(|key| key.as_str().into());
    context
}

/// The token of a request, if it has one.
///
/// # Errors
/// 401 when there are several, or something else than a bearer token.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
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

/// The guest token of a request, if it has one.
///
/// # Errors
/// 401 for what is no guest token.
pub fn guest(headers: &HeaderMap) -> Result<Option<GuestToken>, Problem> {
    let Some(value) = headers.get(GUEST_TOKEN) else { return Ok(None) };
    let unfit = |why: InvalidGuestToken| Problem::of(Code::Unauthenticated, why.to_string());
    let text = value.to_str().map_err(|_| unfit(InvalidGuestToken))?;
    text.parse().map(Some).map_err(unfit)
}

/// Continues the trace that was sent, or begins one.
pub fn trace(headers: &HeaderMap) -> Trace {
    let sent = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok());
    sent.and_then(Trace::parse).map_or_else(Trace::start, Trace::child)
}

/// How long whoever asks will wait, when it says so in a way we understand.
pub fn timeout(headers: &HeaderMap) -> Option<Duration> {
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

/// The time left as [`TIMEOUT`] says it: at most eight digits, in microseconds where they suffice.
pub fn timeout_text(left: Duration) -> String {
    match (left.as_micros(), left.as_millis()) {
        (micros @ ..=99_999_999, _) => format!("{micros}u"),
        (_, millis @ ..=99_999_999) => format!("{millis}m"),
        _ => format!("{}S", left.as_secs().min(99_999_999)),
    }
}

/// Plain text as a header's value.
pub fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn the_time_left_reads_back() {
        for left in [
            Duration::ZERO,
            Duration::from_micros(99_999_999),
            Duration::from_millis(100_000),
            Duration::from_hours(30),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(TIMEOUT, value(&timeout_text(left)));
            assert_eq!(timeout(&headers), Some(left));
        }
    }
}
