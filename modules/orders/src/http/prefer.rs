//! `Prefer: wait=5` (RFC 7240): the client would rather wait a little for a settled answer.

use std::{
    future::{Ready, ready},
    time::Duration,
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{HeaderMap, HeaderName},
};
use host::{Answer, Problem};

/// The longest time that is waited; whoever prefers more is answered then.
const LONGEST: u64 = 30;

/// How long the client would wait, if it would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Patience(Option<Duration>);

impl Patience {
    fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all("prefer").filter_map(|value| value.to_str().ok());
        let mut preferences = values.flat_map(|value| value.split([',', ';'])).map(str::trim);
        let seconds = preferences.find_map(|preference| {
            let (name, value) = preference.split_once('=')?;
            let is_wait = name.trim().eq_ignore_ascii_case("wait");
            is_wait.then(|| value.trim().trim_matches('"').parse::<u64>().ok()).flatten()
        });
        Self(seconds.map(|seconds| Duration::from_secs(seconds.min(LONGEST))))
    }

    /// How long to wait; nothing when nobody asked for it.
    pub(super) fn duration(self) -> Option<Duration> {
        self.0
    }

    /// Says that the preference was heeded, if there was one.
    pub(super) fn applied<T>(self, answer: Answer<T>) -> Answer<T> {
        match self.0 {
            Some(waited) => {
                let name = HeaderName::from_static("preference-applied");
                answer.with(name, &format!("wait={}", waited.as_secs()))
            }
            None => answer,
        }
    }
}

impl FromRequest for Patience {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request.headers())))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_preference_to_wait_is_read_among_others_and_has_an_end() {
        for (given, seconds) in [
            ("wait=5", Some(5)),
            ("respond-async, wait=10", Some(10)),
            ("Wait = \"2\"; foo", Some(2)),
            ("wait=9999", Some(LONGEST)),
            ("wait=soon", None),
            ("return=minimal", None),
        ] {
            let request = TestRequest::default().insert_header(("prefer", given)).to_http_request();
            let patience = Patience::of(request.headers());
            assert_eq!(patience.duration(), seconds.map(Duration::from_secs), "{given}");
        }
    }
}
