//! The keys that verify access tokens: they may come later than the first request, and change.
//!
//! **Invariants:** a token that may be good is not called bad. While no key is known, nobody is told that
//! their token is wrong; and a token of an unknown key waits for the keys to be looked up, unless they
//! were a moment ago. Keys that were known stay known when nobody can be asked.

use std::{
    fmt::Display,
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use actix_web::http::header::{HeaderValue, WWW_AUTHENTICATE};
use host::{Background, Problem, door};
use identity::{Jwks, Principal, TokenError, Verifier};
use kernel::Code;
use tokio::sync::{Notify, watch};

/// How far apart unknown keys may ask for the keys to be looked up.
const APART: Duration = Duration::from_secs(30);
/// How long a request waits for keys that are being looked up.
const WAIT: Duration = Duration::from_secs(2);
/// How long looking them up may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often they are looked up unasked.
const REFRESH: Duration = Duration::from_mins(5);
/// The first and the longest pause before trying again to look up keys of which none is known.
const SOON: Duration = Duration::from_millis(100);
const LATER: Duration = Duration::from_secs(5);

/// What access tokens are verified with. Cloning shares it.
#[derive(Clone)]
pub struct Keys(Arc<State>);

struct State {
    verifier: Verifier,
    known: AtomicBool,
    /// Whether somebody looks keys up at all.
    looked_up: AtomicBool,
    /// How many times they began to be looked up.
    begun: AtomicU64,
    ended: watch::Sender<Ended>,
    wanted: Notify,
    asked: Mutex<Asked>,
}

/// The last time that keys were looked up.
#[derive(Clone, Copy)]
struct Ended {
    time: u64,
    in_vain: bool,
}

/// When an unknown key last asked for the keys to be looked up, and the time that will answer it.
#[derive(Default)]
struct Asked {
    at: Option<Instant>,
    time: u64,
}

/// Keys that are known from the start.
impl From<Verifier> for Keys {
    fn from(verifier: Verifier) -> Self {
        Self::of(verifier, true)
    }
}

impl Keys {
    /// Keys that are still to come: `verifier` has none yet. Until then whatever needs to know who asks
    /// is `dependency-unavailable`.
    pub fn awaited(verifier: Verifier) -> Self {
        Self::of(verifier, false)
    }

    fn of(verifier: Verifier, known: bool) -> Self {
        Self(Arc::new(State {
            verifier,
            known: AtomicBool::new(known),
            looked_up: AtomicBool::new(false),
            begun: AtomicU64::new(0),
            ended: watch::Sender::new(Ended { time: 0, in_vain: false }),
            wanted: Notify::new(),
            asked: Mutex::default(),
        }))
    }

    /// Verifies with `keys` from now on.
    pub fn learn(&self, keys: &Jwks) {
        self.0.verifier.rotate(keys);
        self.0.known.store(true, SeqCst);
    }

    /// Looks the keys up with `fetch`: at once, again and again until some are known, then every five
    /// minutes and whenever a token names a key that is not among them.
    pub fn background<F, W, E>(&self, mut fetch: F) -> Background
    where
        F: FnMut() -> W + Send + 'static,
        W: Future<Output = Result<Jwks, E>> + Send,
        E: Display + Send,
    {
        let keys = self.clone();
        keys.0.looked_up.store(true, SeqCst);
        Background::new("keys of access tokens", move |stop| async move {
            let (mut pause, mut in_vain) = (SOON, false);
            loop {
                let time = keys.0.begun.fetch_add(1, SeqCst) + 1;
                match stop.run_until_cancelled(looked_up(fetch())).await {
                    None => return,
                    Some(Ok(found)) => {
                        keys.learn(&found);
                        (pause, in_vain) = (REFRESH, false);
                    }
                    Some(Err(cause)) => {
                        if !in_vain {
                            tracing::warn!(cause, "the keys of access tokens cannot be looked up");
                        }
                        (pause, in_vain) = (LATER.min(pause * 2), true);
                    }
                }
                keys.0.ended.send_replace(Ended { time, in_vain });
                let wanted = tokio::time::timeout(pause, keys.0.wanted.notified());
                stop.run_until_cancelled(wanted).await;
            }
        })
    }

    /// Whom `token` speaks for.
    ///
    /// # Errors
    /// 401 when it proves nothing, 503 when that cannot be said yet.
    pub(crate) async fn principal(
        &self,
        token: &str,
        left: Duration,
    ) -> Result<Principal, Problem> {
        let mut verified = self.0.verifier.verify(token);
        if verified == Err(TokenError::UnknownKey) {
            self.look_again(left).await?;
            verified = self.0.verifier.verify(token);
        }
        verified.map_err(|error| {
            let invalid = HeaderValue::from_static("Bearer error=\"invalid_token\"");
            Problem::from(error).header(WWW_AUTHENTICATE, invalid)
        })
    }

    /// Has the keys looked up, unless they were a moment ago, and waits for it.
    ///
    /// # Errors
    /// 503 when there are no keys, or not those that there are now.
    async fn look_again(&self, left: Duration) -> Result<(), Problem> {
        let unavailable = |cause| Problem::of(Code::DependencyUnavailable, cause).retry_after(WAIT);
        if !self.0.known.load(SeqCst) {
            return Err(unavailable("the keys that verify access tokens are not known yet"));
        }
        let time = self.want();
        let mut ended = self.0.ended.subscribe();
        let over = ended.wait_for(|ended| ended.time >= time);
        match tokio::time::timeout(WAIT.min(left), over).await {
            Ok(Ok(ended)) if !ended.in_vain => Ok(()),
            _ => Err(unavailable("the keys that verify access tokens cannot be looked up")),
        }
    }

    /// Asks for the keys to be looked up, unless they were asked for a moment ago, and says which time
    /// to wait for.
    fn want(&self) -> u64 {
        let mut asked = self.0.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = asked.at.is_none_or(|at| at.elapsed() >= APART);
        if is_due && self.0.looked_up.load(SeqCst) {
            // One that began before may not see what was published meanwhile.
            *asked = Asked { at: Some(Instant::now()), time: self.0.begun.load(SeqCst) + 1 };
            self.0.wanted.notify_one();
        }
        asked.time
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Keys").field(&self.0.verifier).finish()
    }
}

/// The keys, or why there are none.
async fn looked_up<E: Display>(
    asked: impl Future<Output = Result<Jwks, E>>,
) -> Result<Jwks, String> {
    let found = tokio::time::timeout(PATIENCE, door::caught(asked)).await;
    let found = found.map_err(|_| format!("no answer in {PATIENCE:?}"))?;
    match found.map_err(|_| "the look-up panicked".to_owned())? {
        Ok(found) if found.keys.is_empty() => Err("none is published".to_owned()),
        Ok(found) => Ok(found),
        Err(cause) => Err(cause.to_string()),
    }
}
