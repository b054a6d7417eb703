//! What callers make do with.

use std::{sync::Arc, time::Duration};

use ports::{Outcome, Transport, Unreachable, async_trait, stale};
use resilience::{Clock, Fallback, Fallbacks};
use serde::{Deserialize, Serialize};

use crate::neighbours::{Mood, Neighbour, command, no_reply, query, quick};

fn over(neighbour: &Neighbour, clock: &Clock, fallback: Fallback) -> Arc<dyn Transport> {
    let way = neighbour.edge(quick(), clock).transport();
    Arc::new(Fallbacks::around(way, clock.clone()).declare("ask", fallback))
}

#[tokio::test]
async fn a_default_is_given_when_no_answer_comes_and_never_instead_of_one() {
    let (neighbour, clock) = (Neighbour::of(1), Clock::manual());
    let wire = over(&neighbour, &clock, Fallback::reply(&"nothing").unwrap());
    assert_eq!(&wire.call(query()).await.unwrap().body[..], b"1");
    neighbour.set(0, Mood::Fails(no_reply()));
    let reply = wire.call(query()).await.unwrap();
    assert_eq!((reply.outcome, &reply.body[..]), (Outcome::Done, &b"\"nothing\""[..]));
    let mut other = query();
    other.method = "other".into();
    assert_eq!(wire.call(other).await.unwrap_err(), no_reply(), "nothing is declared for it");
}

#[tokio::test]
async fn the_last_good_answer_to_the_same_question_is_given_with_its_age_until_it_is_too_old() {
    let (neighbour, clock) = (Neighbour::of(1), Clock::manual());
    let wire = over(&neighbour, &clock, Fallback::LastGood(Duration::from_secs(60)));
    wire.call(query()).await.unwrap();
    wire.call(command()).await.unwrap();
    neighbour.set(0, Mood::Fails(no_reply()));
    clock.pass(Duration::from_secs(40));
    let reply = wire.call(query()).await.unwrap();
    assert_eq!((&reply.body[..], reply.age), (&b"1"[..], Some(Duration::from_secs(40))));
    let mut another = query();
    another.body = "2".into();
    assert_eq!(wire.call(another).await.unwrap_err(), no_reply());
    clock.pass(Duration::from_secs(21));
    assert!(wire.call(query()).await.is_err(), "it is older than a minute");
}

#[tokio::test]
async fn another_module_is_asked_for_queries_only() {
    let (neighbour, other, clock) = (Neighbour::of(1), Neighbour::of(1), Clock::manual());
    let way = other.edge(quick(), &clock).transport();
    let wire = over(&neighbour, &clock, Fallback::Ask(way));
    neighbour.set(0, Mood::Fails(no_reply()));
    wire.call(query()).await.unwrap();
    assert_eq!(wire.call(command()).await.unwrap_err(), no_reply());
    assert_eq!(other.all_calls(), 1);
}

/// A port as modules have them.
#[async_trait]
trait Desk: Send + Sync {
    async fn ask(&self, number: u64) -> Result<u64, Error>;
}

ports::remote! {
    Desk in "desk", Error => RemoteDesk, DeskSkeleton, LocalDesk {
        query ask(u64) -> u64;
    }
}

#[derive(Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
enum Error {
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
}

#[tokio::test]
async fn whoever_calls_a_port_can_find_out_that_an_answer_is_not_from_now() {
    let (neighbour, clock) = (Neighbour::of(1), Clock::manual());
    let wire = over(&neighbour, &clock, Fallback::LastGood(Duration::from_secs(60)));
    let desk = RemoteDesk::over(wire);
    assert_eq!(stale::noticing(desk.ask(7)).await, (Ok(7), None));
    neighbour.set(0, Mood::Fails(no_reply()));
    clock.pass(Duration::from_secs(5));
    assert_eq!(stale::noticing(desk.ask(7)).await, (Ok(7), Some(Duration::from_secs(5))));
    assert_eq!(desk.ask(8).await, Err(Error::Unreachable(no_reply())));
}
