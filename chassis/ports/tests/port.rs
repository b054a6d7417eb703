//! One story, told of a port in process and of the same port over the loopback wire.
#![allow(missing_docs, reason = "the names say it")]

use std::{sync::Arc, time::Duration};

use ports::{Context, Meters, Trace, Unreachable, async_trait};
use serde::{Deserialize, Serialize};

/// A port for the tests.
#[async_trait]
pub trait Echo: Send + Sync {
    /// Says it again, with the trace and the caller it saw.
    async fn say(&self, word: String) -> Result<Heard, Error>;
    /// Waits for as long as it is told.
    async fn wait(&self, pause: Duration) -> Result<(), Error>;
}

ports::remote! {
    Echo in "echo", Error => RemoteEcho, EchoSkeleton, LocalEcho {
        query say(String) -> Heard;
        command wait(Duration) -> ();
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    word: String,
    trace: String,
    caller: String,
    key: Option<String>,
}

#[derive(Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
pub enum Error {
    #[error("{0} is not a word")]
    NotAWord(String),
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
}

struct Service;

#[async_trait]
impl Echo for Service {
    async fn say(&self, word: String) -> Result<Heard, Error> {
        assert_ne!(word, "boom", "the word that breaks us");
        if word.is_empty() {
            return Err(Error::NotAWord(word));
        }
        let Context { trace, caller, idempotency_key, .. } = Context::current();
        let key = idempotency_key.map(|key| key.to_string());
        Ok(Heard { word, trace: trace.id(), caller: caller.into_owned(), key })
    }

    async fn wait(&self, pause: Duration) -> Result<(), Error> {
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

async fn check(story: impl AsyncFn(Arc<dyn Echo>, Meters)) {
    let meters = Meters::default();
    let here = LocalEcho::around(Arc::new(Service), &meters);
    story(here, meters).await;

    let meters = Meters::default();
    let here = LocalEcho::around(Arc::new(Service), &meters);
    story(RemoteEcho::over(EchoSkeleton::new(here)), meters).await;
}

#[tokio::test]
async fn a_call_carries_trace_and_key_and_names_who_answers() {
    check(async |echo, _| {
        let mut context = Context::begin("edge", Duration::from_secs(5));
        context.idempotency_key = Some("k-1".into());
        let trace: Trace = context.trace;
        let heard = context.scope(echo.say("hello".into())).await.unwrap();
        assert_eq!(heard.trace, trace.id());
        assert_eq!((heard.word.as_str(), heard.caller.as_str()), ("hello", "echo"));
        assert_eq!(heard.key.as_deref(), Some("k-1"));
    })
    .await;
}

#[tokio::test]
async fn a_refusal_keeps_its_type() {
    check(async |echo, _| {
        assert_eq!(echo.say(String::new()).await, Err(Error::NotAWord(String::new())));
    })
    .await;
}

#[tokio::test]
async fn a_deadline_ends_the_wait() {
    check(async |echo, _| {
        let context = Context::begin("edge", Duration::from_millis(20));
        let late = context.clone().scope(echo.wait(Duration::from_secs(60))).await;
        assert_eq!(late, Err(Error::Unreachable(Unreachable::DeadlineExceeded)));
        let too_late = context.scope(echo.say("hello".into())).await;
        assert_eq!(too_late, Err(Error::Unreachable(Unreachable::DeadlineExceeded)));
    })
    .await;
}

#[tokio::test]
async fn a_panic_is_an_answer_and_the_next_call_works() {
    check(async |echo, meters| {
        let broken = echo.say("boom".into()).await;
        let expected = Unreachable::Broken("echo.say panicked".into());
        assert_eq!(broken, Err(Error::Unreachable(expected)));
        assert!(echo.say("hello".into()).await.is_ok());
        let say = meters.snapshot().into_iter().find(|meter| meter.method == "say").unwrap();
        assert_eq!((say.done, say.refused, say.unreachable), (1, 0, 1));
    })
    .await;
}
