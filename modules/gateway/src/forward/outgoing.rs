//! The head of a request as it goes on to another process.

use std::{borrow::Cow, sync::Arc};

use actix_web::HttpRequest;
use bytes::Bytes;
use host::{Peer, Problem, door::timeout_text};
use http::{
    HeaderMap, HeaderName, HeaderValue, Request,
    header::{AUTHORIZATION, CONTENT_LENGTH, TRANSFER_ENCODING},
};
use kernel::Code;
use ports::Context;
use wire::http::Body;

use super::upload::{Length, Sent};
use crate::{admission::Visit, headers::is_hop, services::Known};

const PEER: HeaderName = HeaderName::from_static(Peer::HEADER);
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a head is made of.
pub(super) struct Outgoing<'a> {
    pub(super) request: &'a HttpRequest,
    pub(super) visit: &'a Visit,
    pub(super) context: &'a Context,
    pub(super) receiver: Receiver<'a>,
}

/// For whom it is.
pub(super) enum Receiver<'a> {
    /// A module of ours, which is told who asks by this token.
    Ours(Arc<str>),
    /// A service that is not ours.
    Stranger(&'a Known),
}

impl Outgoing<'_> {
    /// The whole request: the client's, with its own credentials, trace and patience replaced by ours. Strangers
    /// get no credentials.
    pub(super) fn with(&self, sent: Sent) -> Result<Request<Body>, Problem> {
        let unfit = |cause: http::Error| Problem::of(Code::Internal, cause.to_string());
        let target = self.request.uri().path_and_query().map_or("/", |target| target.as_str());
        let target = match &self.receiver {
            Receiver::Ours(_) => Cow::Borrowed(target),
            Receiver::Stranger(known) => Cow::Owned(known.target(target)),
        };
        let mut outgoing = Request::builder()
            .method(self.request.method().as_str())
            .uri(&*target)
            .body(sent.body)
            .map_err(unfit)?;
        self.fill(outgoing.headers_mut(), sent.length).map_err(unfit)?;
        Ok(outgoing)
    }

    fn fill(&self, headers: &mut HeaderMap, length: Length) -> Result<(), http::Error> {
        let given = self.request.headers();
        headers.reserve(given.len() + 4);
        for (name, value) in given.iter().filter(|(name, _)| !is_replaced(name.as_str())) {
            let name = HeaderName::from_bytes(name.as_str().as_bytes())?;
            headers.append(name, HeaderValue::from_bytes(value.as_bytes())?);
        }
        let text = |text: String| HeaderValue::from_maybe_shared(Bytes::from(text));
        headers.insert(TRACEPARENT, text(self.context.trace.traceparent())?);
        headers.insert(TIMEOUT, text(timeout_text(self.context.left()))?);
        headers.insert(REQUEST_ID, HeaderValue::from_bytes(self.visit.request_id.as_bytes())?);
        let peer = self.request.peer_addr().map(|peer| text(peer.ip().to_string())).transpose()?;
        let address = match &self.receiver {
            Receiver::Ours(token) => {
                let mut token = HeaderValue::try_from(format!("Bearer {token}"))?;
                token.set_sensitive(true);
                headers.insert(AUTHORIZATION, token);
                PEER
            }
            Receiver::Stranger(known) => {
                headers.insert(FORWARDED_PREFIX, text(known.prefix().to_owned())?);
                FORWARDED_FOR
            }
        };
        peer.map(|peer| headers.insert(address, peer));
        match length {
            Length::Known => {}
            Length::Announced(length) => drop(headers.insert(CONTENT_LENGTH, length.into())),
            Length::Unknown => {
                headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
            }
        }
        Ok(())
    }
}

/// Whether a header of the client ends here: it is for this connection, or we say it ourselves.
fn is_replaced(name: &str) -> bool {
    let is_ours = matches!(
        name,
        "authorization"
            | "content-length"
            | "expect"
            | "grpc-timeout"
            | "guest-token"
            | "traceparent"
            | "x-request-id"
    );
    is_ours || is_hop(name)
}
