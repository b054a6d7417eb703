//! Where a request came from.

use std::{
    future::{Ready, ready},
    net::IpAddr,
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header::HeaderMap};

use crate::Problem;

/// The address a request came from: of the client, also when a gateway in another process let it in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peer(pub Option<IpAddr>);

impl Peer {
    /// The header by which a gateway tells the process that answers where a request came from. Gateways
    /// remove it from what clients send, and the internal door believes it only beside a token of the
    /// deployment.
    pub const HEADER: &str = "x-internal-peer";

    /// The address as text.
    pub fn text(self) -> Option<String> {
        self.0.map(|address| address.to_string())
    }

    /// What a gateway says of a request that it forwards.
    pub(crate) fn told(headers: &HeaderMap) -> Self {
        Self(headers.get(Self::HEADER).and_then(|value| value.to_str().ok()?.parse().ok()))
    }
}

impl FromRequest for Peer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let told = request.extensions().get::<Self>().copied();
        let connected = || Self(request.peer_addr().map(|peer| peer.ip()));
        ready(Ok(told.unwrap_or_else(connected)))
    }
}
