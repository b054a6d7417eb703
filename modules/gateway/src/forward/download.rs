//! An answer on its way back from another process.

use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use actix_web::{
    HttpRequest, HttpResponse,
    body::{BodySize, MessageBody},
    http::{
        self as actix, ConnectionType, Method,
        header::{self, HeaderName, HeaderValue},
    },
};
use bytes::Bytes;
use http::{
    HeaderMap, Response, StatusCode,
    header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE},
};
use hyper::body::Body as _;
use tokio::time::Sleep;
use wire::http::Incoming;

use super::upload::Upload;
use crate::headers::{is_hop, is_insiders};

/// The answer for the client of `request`. Its body comes as it comes; unless it is a stream of events,
/// it may stand still for `patience`.
pub(super) fn response(
    request: &HttpRequest,
    answer: Response<Incoming>,
    upload: Upload,
    patience: Duration,
) -> HttpResponse {
    let (head, incoming) = answer.into_parts();
    let patience = (!is_event_stream(&head.headers)).then_some(patience);
    let size = size(request.method(), head.status, &head.headers, &incoming);
    let status = actix::StatusCode::from_u16(head.status.as_u16());
    let body = Download { incoming, size, patience, still: None, _upload: upload };
    let status = status.unwrap_or(actix::StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::with_body(status, body).map_into_boxed_body();
    copy(&head.headers, response.headers_mut());
    if size == BodySize::Stream {
        response.headers_mut().remove(header::CONTENT_LENGTH);
        if request.version() < actix::Version::HTTP_11 {
            response.head_mut().no_chunking(true);
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
    }
    response
}

/// Copies every header that is for the client. The server knows when a length is not to be said.
fn copy(from: &HeaderMap, to: &mut header::HeaderMap) {
    let named = from.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = named.flat_map(|value| value.split(',')).map(str::trim).collect();
    for (name, value) in from {
        let text = name.as_str();
        let is_named = hops.iter().any(|hop| hop.eq_ignore_ascii_case(text));
        if is_named || is_hop(text) || is_insiders(text) {
            continue;
        }
        let name = HeaderName::from_bytes(text.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
            to.append(name, value);
        }
    }
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("text/event-stream")
}

/// How long the body is, or would be.
fn size(method: &Method, status: StatusCode, headers: &HeaderMap, body: &Incoming) -> BodySize {
    if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        return BodySize::None;
    }
    let announced = || headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
    let length = if method == Method::HEAD { announced() } else { body.size_hint().exact() };
    length.map_or(BodySize::Stream, BodySize::Sized)
}

/// The body of an answer, as it arrives. Dropped, it ends the request in the other process.
struct Download {
    incoming: Incoming,
    size: BodySize,
    /// How long it may stand still.
    patience: Option<Duration>,
    /// Since when it does, more or less.
    still: Option<Pin<Box<Sleep>>>,
    /// The request's body may still be on its way.
    _upload: Upload,
}

impl MessageBody for Download {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        while let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) {
            self.still = None;
            match frame {
                None => return Poll::Ready(None),
                Some(Err(cause)) => return Poll::Ready(Some(Err(cause.into()))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) => return Poll::Ready(Some(Ok(piece))),
                    Err(_trailers) => {}
                },
            }
        }
        let Some(patience) = self.patience else { return Poll::Pending };
        let sleep = || Box::pin(tokio::time::sleep_until((Instant::now() + patience).into()));
        let still = self.still.get_or_insert_with(sleep);
        still.as_mut().poll(cx).map(|()| Some(Err("the answer stopped arriving".into())))
    }
}
