//! A request's body on its way to another process.

use std::{
    future::Future,
    task::{Poll, ready},
    time::Duration,
};

use actix_web::{
    dev::Payload,
    http::header::{CONTENT_LENGTH, HeaderMap},
    rt::task::JoinHandle,
};
use bytes::{Bytes, BytesMut};
use futures::{
    SinkExt, StreamExt,
    channel::mpsc::{self, Receiver, Sender},
    stream::poll_fn,
};
use host::{Intake, Problem};
use hyper::body::Body as _;
use kernel::Code;
use ports::Context;
use wire::http::Body;

/// The largest body that is kept in memory, so that it can be sent again.
const SMALL: u64 = 64 * 1024;
/// How many pieces of a larger one may wait for the other process.
const AHEAD: usize = 2;
/// What is left of the deadline when waiting for a small body ends, so that the client hears why.
const MARGIN: Duration = Duration::from_millis(100);

/// A body that may still be arriving. Dropped, it arrives no more, and what was sent of it is broken.
pub(super) struct Upload(Option<Pump>);

/// A body, and what is said about its length.
pub(super) struct Sent {
    pub(super) body: Body,
    pub(super) length: Length,
}

/// Who knows how long a body is.
pub(super) enum Length {
    /// The body itself.
    Known,
    /// The client said so.
    Announced(u64),
    /// Nobody.
    Unknown,
}

impl Sent {
    /// A body that is in memory.
    pub(super) fn whole(body: Bytes) -> Self {
        Self { body: body.into(), length: Length::Known }
    }

    /// Whether there is nothing to send.
    pub(super) fn is_empty(&self) -> bool {
        self.body.is_end_stream()
    }
}

impl Upload {
    /// Takes the body of a request: all of it when it says that it is small, else as it comes.
    ///
    /// # Errors
    /// 413 or 400 for a small body that is larger than `limit`, or does not arrive.
    pub(super) async fn of(
        headers: &HeaderMap,
        payload: Payload,
        limit: usize,
    ) -> Result<(Sent, Self), Problem> {
        let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let announced = announced.and_then(|length| length.parse::<u64>().ok());
        if matches!(payload, Payload::None) || announced == Some(0) {
            return Ok((Sent::whole(Bytes::new()), Self(None)));
        }
        let intake = Intake::new(payload, limit);
        let length = match announced {
            Some(length) if length <= SMALL => {
                return Ok((Sent::whole(whole(intake).await?), Self(None)));
            }
            Some(length) => Length::Announced(length),
            None => Length::Unknown,
        };
        let (sender, receiver) = mpsc::channel(AHEAD);
        let pump = actix_web::rt::spawn(pump(intake, sender));
        Ok((Sent { body: pieces(receiver), length }, Self(Some(Pump(pump)))))
    }

    /// Waits for `answer`, unless the body fails before.
    ///
    /// # Errors
    /// 413 when the body is too large, 400 when it stops arriving.
    pub(super) async fn while_waiting_for<T>(
        mut self,
        answer: impl Future<Output = T>,
    ) -> Result<(T, Self), Problem> {
        let Some(Pump(pump)) = &mut self.0 else { return Ok((answer.await, self)) };
        let mut answer = std::pin::pin!(answer);
        let ended = tokio::select! {
            biased;
            ended = pump => ended,
            answer = &mut answer => return Ok((answer, self)),
        };
        self.0 = None;
        match ended {
            Ok(Ok(())) => Ok((answer.await, self)),
            Ok(Err(problem)) => Err(problem),
            Err(cause) => Err(Problem::of(Code::Internal, format!("a body broke: {cause}"))),
        }
    }
}

/// The task that takes a body from the client. It ends with its owner.
struct Pump(JoinHandle<Result<(), Problem>>);

impl Drop for Pump {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A piece of a body, or its end.
type Piece = Option<Bytes>;

/// Carries a body over, no faster than it is taken.
async fn pump(mut intake: Intake<Payload>, mut to: Sender<Piece>) -> Result<(), Problem> {
    loop {
        let piece = intake.next(Duration::MAX).await?;
        let is_last = piece.is_none();
        // Nobody takes it any more: the answer is complete, or there will be none.
        let is_unwanted = to.send(piece).await.is_err();
        if is_last || is_unwanted {
            return Ok(());
        }
    }
}

/// The pieces as a body. It is complete only if it is said to be.
fn pieces(mut from: Receiver<Piece>) -> Body {
    Body::stream(poll_fn(move |cx| match ready!(from.poll_next_unpin(cx)) {
        Some(Some(piece)) => Poll::Ready(Some(Ok(piece))),
        Some(None) => {
            from.close();
            Poll::Ready(None)
        }
        None => Poll::Ready(Some(Err("the client did not send the whole body"))),
    }))
}

async fn whole(mut intake: Intake<Payload>) -> Result<Bytes, Problem> {
    let (mut first, mut all) = (Bytes::new(), BytesMut::new());
    loop {
        let left = Context::current().left().saturating_sub(MARGIN);
        match intake.next(left).await? {
            None if all.is_empty() => return Ok(first),
            None => return Ok(all.freeze()),
            Some(piece) if first.is_empty() => first = piece,
            Some(piece) => {
                if all.is_empty() {
                    all.extend_from_slice(&first);
                }
                all.extend_from_slice(&piece);
            }
        }
    }
}
