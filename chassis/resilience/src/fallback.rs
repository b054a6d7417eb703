//! What a caller makes do with when no answer comes, declared method by method.
//!
//! **Invariants:** a method that nobody declared fails as it always did. A refusal is an answer, and never
//! replaced. An answer that is not from now says how old it is.

use std::{borrow::Cow, collections::HashMap, sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use ports::{Call, Kind, Outcome, Reply, Transport, Unreachable, async_trait};
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::Clock;

/// Answers remembered for one method. Two questions that meet in one place take turns being remembered.
const PLACES: usize = 256;
/// The largest answer that is remembered, in bytes.
const LARGEST: usize = 64 * 1024;

/// What to make do with.
pub enum Fallback {
    /// This reply.
    Default(Bytes),
    /// The last good answer to the same question, unless it is older than this. For queries only.
    LastGood(Duration),
    /// What another module answers to the same question.
    Ask(Arc<dyn Transport>),
}

impl Fallback {
    /// Makes do with `reply`.
    ///
    /// # Errors
    /// When the reply cannot be written.
    pub fn reply(reply: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self::Default(serde_json::to_vec(reply)?.into()))
    }
}

/// Around a transport whose caller declared fallbacks.
pub struct Fallbacks {
    inner: Arc<dyn Transport>,
    clock: Clock,
    methods: HashMap<Cow<'static, str>, Declared>,
}

enum Declared {
    Default(Bytes),
    LastGood(Memory),
    Ask(Arc<dyn Transport>),
}

/// The last good answers of one method.
struct Memory {
    at_most: Duration,
    places: Box<[ArcSwapOption<Remembered>]>,
}

struct Remembered {
    question: Bytes,
    reply: Reply,
    at: Duration,
}

impl Fallbacks {
    /// Around `inner`. Nothing is declared yet.
    pub fn around(inner: Arc<dyn Transport>, clock: Clock) -> Self {
        Self { inner, clock, methods: HashMap::new() }
    }

    /// Declares what to make do with when `method` is not answered.
    #[must_use]
    pub fn declare(mut self, method: &'static str, fallback: Fallback) -> Self {
        let declared = match fallback {
            Fallback::Default(reply) => Declared::Default(reply),
            Fallback::LastGood(at_most) => Declared::LastGood(Memory::of(at_most)),
            Fallback::Ask(other) => Declared::Ask(other),
        };
        self.methods.insert(Cow::Borrowed(method), declared);
        self
    }
}

#[async_trait]
impl Transport for Fallbacks {
    async fn call(&self, call: Call) -> Result<Reply, Unreachable> {
        let Some(declared) = self.methods.get(&call.method) else {
            return self.inner.call(call).await;
        };
        let again = call.clone();
        let lost = match self.inner.call(call).await {
            Ok(reply) => {
                if let Declared::LastGood(memory) = declared {
                    memory.remember(&again, &reply, self.clock.now());
                }
                return Ok(reply);
            }
            Err(lost) => lost,
        };
        let made_do = match declared {
            Declared::Default(body) => {
                Ok(Reply { outcome: Outcome::Done, body: body.clone(), age: None })
            }
            Declared::LastGood(memory) => {
                memory.recall(&again, self.clock.now()).ok_or(lost.clone())
            }
            // Who was asked first and gave no answer may have done it all the same.
            Declared::Ask(other) if again.kind == Kind::Query => other.call(again.clone()).await,
            Declared::Ask(_) => Err(lost.clone()),
        };
        if made_do.is_ok() {
            let (module, method) = (&*again.module, &*again.method);
            tracing::debug!(module, method, %lost, "made do with a fallback");
        }
        made_do
    }
}

impl Memory {
    fn of(at_most: Duration) -> Self {
        Self { at_most, places: (0..PLACES).map(|_| ArcSwapOption::empty()).collect() }
    }

    fn remember(&self, call: &Call, reply: &Reply, at: Duration) {
        let fits = call.body.len() + reply.body.len() <= LARGEST;
        if call.kind != Kind::Query || reply.outcome != Outcome::Done || !fits {
            return;
        }
        let remembered = Remembered { question: call.body.clone(), reply: reply.clone(), at };
        self.place(call).store(Some(Arc::new(remembered)));
    }

    fn recall(&self, call: &Call, now: Duration) -> Option<Reply> {
        let remembered = self.place(call).load_full()?;
        let age = now.saturating_sub(remembered.at);
        if remembered.question != call.body || age > self.at_most {
            return None;
        }
        Some(Reply { age: Some(age), ..remembered.reply.clone() })
    }

    fn place(&self, call: &Call) -> &ArcSwapOption<Remembered> {
        let at = xxh3_64_with_seed(&call.body, 0) % self.places.len() as u64;
        &self.places[at as usize]
    }
}
