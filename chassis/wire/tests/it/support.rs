//! A small port, the process that serves it, and a deployment they belong to.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use identity::InternalTokens;
use kernel::SystemClock;
use ports::{Call, Context, Kind, Meters, Reply, Transport, Unreachable};
use serde::{Deserialize, Serialize};

/// A port with one method for everything that can happen to a call.
#[ports::async_trait]
pub trait Desk: Send + Sync {
    /// Says what was asked, unless it is rude.
    async fn echo(&self, words: String) -> Result<String, Error>;
    /// Books something.
    async fn book(&self, number: u64) -> Result<u64, Error>;
    /// Panics.
    async fn panic(&self, _: ()) -> Result<(), Error>;
    /// Answers after so many milliseconds.
    async fn wait(&self, millis: u64) -> Result<u64, Error>;
    /// Answers with so many letters.
    async fn spell(&self, letters: usize) -> Result<String, Error>;
}

/// What the port refuses, or what happened to the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Error {
    /// The words are rude.
    Rude(String),
    /// No reply.
    Unreachable(Unreachable),
}

impl From<Unreachable> for Error {
    fn from(unreachable: Unreachable) -> Self {
        Self::Unreachable(unreachable)
    }
}

ports::remote! {
    Desk in "desk", Error => RemoteDesk, DeskSkeleton, LocalDesk {
        query echo(String) -> String;
        command book(u64) -> u64;
        command panic(()) -> ();
        query wait(u64) -> u64;
        query spell(usize) -> String;
    }
}

/// The port's implementation; remembers for whom it worked.
#[derive(Default)]
pub struct Clerk {
    /// The contexts of all calls.
    pub seen: Mutex<Vec<Context>>,
}

impl Clerk {
    fn note(&self) {
        self.seen.lock().unwrap().push(Context::current());
    }

    /// How many calls arrived.
    pub fn calls(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

#[ports::async_trait]
impl Desk for Clerk {
    async fn echo(&self, words: String) -> Result<String, Error> {
        self.note();
        if words == "rude" { Err(Error::Rude(words)) } else { Ok(words) }
    }

    async fn book(&self, number: u64) -> Result<u64, Error> {
        self.note();
        Ok(number)
    }

    async fn panic(&self, (): ()) -> Result<(), Error> {
        panic!("on purpose")
    }

    async fn wait(&self, millis: u64) -> Result<u64, Error> {
        self.note();
        tokio::time::sleep(Duration::from_millis(millis)).await;
        Ok(millis)
    }

    async fn spell(&self, letters: usize) -> Result<String, Error> {
        Ok("x".repeat(letters))
    }
}

/// Panics, and nobody guards it.
pub struct Unguarded;

#[ports::async_trait]
impl Transport for Unguarded {
    async fn call(&self, _: Call) -> Result<Reply, Unreachable> {
        panic!("on purpose")
    }
}

/// The port as a process serves it: guarded, behind its skeleton.
pub fn skeleton(clerk: &Arc<Clerk>) -> Arc<dyn Transport> {
    DeskSkeleton::new(LocalDesk::around(clerk.clone(), &Meters::default()))
}

/// The tokens of the deployment that all tests are part of.
pub fn tokens() -> InternalTokens {
    tokens_of("the secret that all test processes share")
}

/// The tokens of another deployment.
pub fn tokens_of(secret: &str) -> InternalTokens {
    InternalTokens::new(&secret.into(), Arc::new(SystemClock)).unwrap()
}

/// How long a call may take that is expected to be answered.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Makes a call for a request that ends within [`PATIENCE`].
pub async fn asked<T>(call: impl Future<Output = T>) -> T {
    asked_within(PATIENCE, call).await
}

/// Makes a call for a request that ends within `patience`.
pub async fn asked_within<T>(patience: Duration, call: impl Future<Output = T>) -> T {
    Context::begin("carts", patience).scope(call).await
}

/// What happened to a call that was not answered, and how long that took.
pub async fn lost<T: std::fmt::Debug>(
    patience: Duration,
    call: impl Future<Output = Result<T, Error>>,
) -> (Unreachable, Duration) {
    let started = Instant::now();
    match asked_within(patience, call).await {
        Err(Error::Unreachable(unreachable)) => (unreachable, started.elapsed()),
        answer => panic!("expected no reply, and got {answer:?}"),
    }
}

/// What happened to a call that got no reply, in words.
pub async fn no_reply<T: std::fmt::Debug>(call: impl Future<Output = Result<T, Error>>) -> String {
    match lost(PATIENCE, call).await {
        (Unreachable::NoReply(text) | Unreachable::NotTaken(text), took) if took < PATIENCE / 2 => {
            text
        }
        other => panic!("expected no reply at once, and got {other:?}"),
    }
}

/// A call of that method with that body, as no stub of ours would write it.
pub fn raw(method: &'static str, body: &'static [u8]) -> Call {
    let headers = Context::begin("carts", PATIENCE).into();
    let kind = Kind::Command;
    Call { module: "desk".into(), method: method.into(), kind, headers, body: body.into() }
}
