//! Bodies on their way out and in.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Body as _, Frame, SizeHint};

use super::neighbour::Connection;

/// Whatever a body broke with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request: in memory, or still arriving.
#[derive(Debug)]
pub struct Body(Kind);

#[derive(Debug)]
enum Kind {
    Whole(Bytes),
    Stream(UnsyncBoxBody<Bytes, BoxError>),
}

impl Body {
    /// A body that is sent piece by piece, as `pieces` come.
    pub fn stream<E: Into<BoxError>>(
        pieces: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
    ) -> Self {
        let frames = pieces.map(|piece| piece.map(Frame::data).map_err(Into::into));
        Self(Kind::Stream(StreamBody::new(frames).boxed_unsync()))
    }
}

impl From<Bytes> for Body {
    fn from(whole: Bytes) -> Self {
        Self(Kind::Whole(whole))
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Kind::Whole(whole) if whole.is_empty() => Poll::Ready(None),
            Kind::Whole(whole) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(whole))))),
            Kind::Stream(stream) => Pin::new(stream).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(whole) => whole.is_empty(),
            Kind::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(whole) => SizeHint::with_exact(whole.len() as u64),
            Kind::Stream(stream) => stream.size_hint(),
        }
    }
}

/// The body of an answer, as it arrives. Its connection is used again once it was read to its end.
pub struct Incoming {
    body: hyper::body::Incoming,
    connection: Option<Connection>,
}

impl Incoming {
    pub(super) fn new(body: hyper::body::Incoming, connection: Connection) -> Self {
        if body.is_end_stream() {
            connection.keep();
            return Self { body, connection: None };
        }
        Self { body, connection: Some(connection) }
    }

    /// The body as a stream of its pieces, without trailers.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, hyper::Error>> + Send {
        let pieces = async |mut body: Self| loop {
            match body.frame().await? {
                Ok(frame) => match frame.into_data() {
                    Ok(piece) => return Some((Ok(piece), body)),
                    Err(_trailers) => {}
                },
                Err(cause) => return Some((Err(cause), body)),
            }
        };
        futures::stream::unfold(self, pieces)
    }

    /// The whole body, unless it is larger than `limit` bytes.
    pub(super) async fn whole(mut self, limit: usize) -> Result<Bytes, Unread> {
        if self.size_hint().lower() > limit as u64 {
            return Err(Unread::TooLarge);
        }
        let mut first = Bytes::new();
        let mut all = BytesMut::new();
        while let Some(frame) = self.frame().await {
            let Ok(piece) = frame.map_err(Unread::BrokeOff)?.into_data() else { continue };
            if first.len() + all.len() + piece.len() > limit {
                return Err(Unread::TooLarge);
            }
            if first.is_empty() && all.is_empty() {
                first = piece;
                continue;
            }
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&piece);
        }
        Ok(if all.is_empty() { first } else { all.freeze() })
    }
}

/// Why there is no whole body.
#[derive(Debug)]
pub(super) enum Unread {
    TooLarge,
    BrokeOff(hyper::Error),
}

impl hyper::body::Body for Incoming {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let is_over = frame.is_none() || self.body.is_end_stream();
        if let Some(connection) = self.connection.take_if(|_| is_over) {
            connection.keep();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.body.fmt(f)
    }
}
