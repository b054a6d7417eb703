//! Doing a unit of work again.

use std::sync::atomic::{AtomicU32, Ordering};

use storage::{Error, Failure, retry};

async fn tries_until(error: impl Fn() -> Failure<&'static str>) -> (u32, Failure<&'static str>) {
    let tries = AtomicU32::new(0);
    let ended = retry(|| async {
        tries.fetch_add(1, Ordering::Relaxed);
        Err::<(), _>(error())
    })
    .await;
    (tries.load(Ordering::Relaxed), ended.unwrap_err())
}

#[tokio::test]
async fn a_collision_is_retried_four_times_and_then_told() {
    let (tries, ended) = tries_until(|| Error::Serialization("lost".into()).into()).await;
    assert_eq!(tries, 5);
    assert!(matches!(ended, Failure::Storage(Error::Serialization(_))));
}

#[tokio::test]
async fn what_may_have_been_committed_is_never_retried() {
    let (tries, _) = tries_until(|| Error::Unknown("no answer".into()).into()).await;
    assert_eq!(tries, 1);
}

#[tokio::test]
async fn a_refusal_is_never_retried() {
    let (tries, ended) = tries_until(|| Failure::Refused("sold out")).await;
    assert_eq!(tries, 1);
    assert!(matches!(ended, Failure::Refused("sold out")));
}

#[tokio::test]
async fn a_retry_that_succeeds_is_a_success() {
    let tries = AtomicU32::new(0);
    let ended: Result<_, Failure<()>> = retry(|| async {
        match tries.fetch_add(1, Ordering::Relaxed) {
            0 => Err(Error::Serialization("lost".into()).into()),
            nth => Ok(nth),
        }
    })
    .await;
    assert_eq!(ended.unwrap(), 1);
}
