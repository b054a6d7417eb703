//! How an answer tells that there is none.

use bytes::Bytes;
use http::{Response, StatusCode};
use ports::{Reply, Unreachable};
use serde::{Deserialize, Serialize};

use super::header::OUTCOME;
use crate::text;

/// The statuses by which a process of ours says that it did not carry out a call.
const KNOWN: [StatusCode; 9] = [
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::BAD_GATEWAY,
    DRAINING,
    StatusCode::GATEWAY_TIMEOUT,
];

/// The status of a process that takes no more calls: whoever asked may ask another instance.
pub(super) const DRAINING: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

/// The body of an answer that is no reply.
#[derive(Serialize, Deserialize)]
struct Lost {
    unreachable: Unreachable,
}

/// Writes down that there is no reply.
pub(super) fn write(unreachable: Unreachable) -> Vec<u8> {
    serde_json::to_vec(&Lost { unreachable }).expect("a variant and a text are JSON")
}

/// What the answer that came from `address` says.
pub(super) fn read(address: &str, response: Response<Bytes>) -> Result<Reply, Unreachable> {
    let status = response.status();
    let outcome = response.headers().get(OUTCOME).and_then(|it| text::read_outcome(it.as_bytes()));
    if let (StatusCode::OK, Some(outcome)) = (status, outcome) {
        return Ok(Reply { outcome, body: response.into_body(), age: None });
    }
    let told = KNOWN.contains(&status).then(|| serde_json::from_slice::<Lost>(response.body()));
    Err(match told {
        // Whoever takes no more calls has not carried this one out.
        Some(Ok(Lost { unreachable: Unreachable::NoReply(text) })) if status == DRAINING => {
            Unreachable::NotTaken(text)
        }
        Some(Ok(Lost { unreachable })) => unreachable,
        _ => Unreachable::NoReply(format!(
            "what answers at {address} is not a process of this deployment (status {})",
            status.as_u16()
        )),
    })
}
