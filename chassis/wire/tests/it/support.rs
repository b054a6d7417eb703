//! A small port, the process that serves it, and a deployment they belong to.
#![expect(dead_code, reason = "more tests follow")]

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use identity::InternalTokens;
use kernel::SystemClock;
use ports::{Context, Meters, Transport, Unreachable};
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

/// Work that ends within `patience`.
pub fn within(patience: Duration) -> Context {
    Context::begin("carts", patience)
}

/// Makes a call and tells how long it took.
pub async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let started = Instant::now();
    (work.await, started.elapsed())
}
