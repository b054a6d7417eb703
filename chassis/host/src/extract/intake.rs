//! A request's body, piece by piece.

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

use actix_web::http::header::{CONNECTION, HeaderValue};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use kernel::Code;

use super::body::too_large;
use crate::Problem;

/// How long a body may stand still.
pub(super) const IDLE: Duration = Duration::from_secs(10);
/// How long a body may trickle before its rate is looked at.
const GRACE: Duration = Duration::from_secs(5);
/// The slowest body that is waited for, in bytes a second.
const SLOWEST: u64 = 240;

/// Takes in a body: no more than its limit, and not from somebody who does not send it.
///
/// Only the time in which nothing arrived counts, not what the reader does in between.
#[derive(Debug)]
pub struct Intake<S> {
    payload: S,
    limit: usize,
    taken: usize,
    waited: Duration,
}

impl<S, E> Intake<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Display,
{
    /// Takes in at most `limit` bytes of `payload`.
    pub fn new(payload: S, limit: usize) -> Self {
        Self { payload, limit, taken: 0, waited: Duration::ZERO }
    }

    /// The next piece, and nothing at the end. Waits for `patience`, but never longer than 10 s.
    ///
    /// # Errors
    /// 413 beyond the limit, 408 for what arrives too slowly or not at all, 400 for what is broken.
    pub async fn next(&mut self, patience: Duration) -> Result<Option<Bytes>, Problem> {
        let began = Instant::now();
        let piece = tokio::time::timeout(IDLE.min(patience), self.payload.next()).await;
        let Ok(piece) = piece else { return Err(too_slow("the body stopped arriving")) };
        let Some(piece) = piece else { return Ok(None) };
        let piece = piece.map_err(|cause| {
            Problem::of(Code::MalformedRequest, format!("the body cannot be read: {cause}"))
        })?;
        self.taken += piece.len();
        self.waited += began.elapsed();
        if self.taken > self.limit {
            return Err(too_large(self.limit));
        }
        if self.waited > GRACE && (self.taken as u64) < SLOWEST * self.waited.as_secs() {
            return Err(too_slow("the body arrives too slowly"));
        }
        Ok(Some(piece))
    }
}

fn too_slow(detail: &str) -> Problem {
    Problem::of(Code::RequestTimeout, detail).header(CONNECTION, HeaderValue::from_static("close"))
}
