//! What a caller is spared, and what it is told.

use std::{sync::Arc, time::Duration};

use ports::{Call, Outcome, Reply, Transport, Unreachable, async_trait};
use resilience::{Circuit, Clock, EdgeState};
use tokio::sync::Semaphore;

use crate::neighbours::{Mood, Neighbour, command, no_reply, not_taken, query, quick};

#[tokio::test]
async fn a_reply_comes_back_as_it_was_given() {
    let neighbour = Neighbour::of(2);
    let edge = neighbour.edge(quick(), &Clock::system());
    let reply = edge.transport().call(query()).await.unwrap();
    assert_eq!((reply.outcome, &reply.body[..], reply.age), (Outcome::Done, &b"1"[..], None));
    let counted = edge.counted();
    assert_eq!((counted.calls, counted.failed, counted.retried), (1, 0, 0));
}

#[tokio::test]
async fn a_lost_query_is_tried_once_more_and_says_so_and_a_lost_command_is_not() {
    let neighbour = Neighbour::of(1);
    neighbour.set(0, Mood::Fails(no_reply()));
    let clock = Clock::manual();
    clock.pass(Duration::from_secs(10));
    let edge = neighbour.edge(quick(), &clock);
    let wire = edge.transport();
    assert_eq!(wire.call(query()).await.unwrap_err(), no_reply());
    assert_eq!((neighbour.all_calls(), neighbour.repeats()), (2, 1));
    assert_eq!(wire.call(command()).await.unwrap_err(), no_reply());
    assert_eq!(neighbour.all_calls(), 3);
    let mut keyed = command();
    keyed.headers.idempotency_key = Some("intent".into());
    assert_eq!(wire.call(keyed).await.unwrap_err(), no_reply());
    assert_eq!(neighbour.all_calls(), 5);
}

#[tokio::test]
async fn nobody_tries_again_behind_somebody_who_does() {
    let neighbour = Neighbour::of(1);
    neighbour.set(0, Mood::Fails(no_reply()));
    let clock = Clock::manual();
    clock.pass(Duration::from_secs(10));
    let wire = neighbour.edge(quick(), &clock).transport();
    let mut again = query();
    again.headers.is_repeat = true;
    wire.call(again).await.unwrap_err();
    assert_eq!(neighbour.all_calls(), 1);
}

#[tokio::test]
async fn retries_are_a_fifth_of_all_calls_when_nothing_else_is_allowed() {
    let neighbour = Neighbour::of(1);
    let clock = Clock::manual();
    let mut numbers = quick();
    numbers.retry.per_second = 0;
    numbers.breaker.failures = u64::MAX;
    numbers.breaker.success_percent = 0;
    let edge = neighbour.edge(numbers, &clock);
    let wire = edge.transport();
    neighbour.set(0, Mood::Fails(no_reply()));
    for _ in 0..100 {
        wire.call(query()).await.unwrap_err();
    }
    assert_eq!((neighbour.repeats(), neighbour.all_calls()), (20, 120));
    assert_eq!(edge.counted().unaffordable, 80);
}

#[tokio::test]
async fn a_call_that_an_instance_does_not_take_goes_to_the_next_also_when_it_is_a_command() {
    let neighbour = Neighbour::of(3);
    neighbour.set(0, Mood::Fails(not_taken()));
    neighbour.set(1, Mood::Fails(not_taken()));
    let edge = neighbour.edge(quick(), &Clock::system());
    let wire = edge.transport();
    for _ in 0..20 {
        wire.call(command()).await.unwrap();
    }
    assert_eq!((neighbour.calls()[2], edge.counted().retried), (20, 0));
}

#[tokio::test]
async fn an_instance_that_only_fails_is_soon_not_asked_and_queries_do_not_notice() {
    let neighbour = Neighbour::of(3);
    neighbour.set(0, Mood::Fails(no_reply()));
    let clock = Clock::manual();
    clock.pass(Duration::from_secs(10));
    let edge = neighbour.edge(quick(), &clock);
    let wire = edge.transport();
    for _ in 0..200 {
        // What failed is dear for a while; let it be forgotten, so that it is asked again.
        clock.pass(Duration::from_millis(200));
        let answer = wire.call(query()).await;
        assert!(answer.is_ok(), "{answer:?} after {:?}", edge.state());
    }
    assert!(neighbour.calls()[0] <= 40, "{:?}", neighbour.calls());
}

/// An edge whose circuit is open, on a clock of its own.
async fn broken(neighbour: &Neighbour) -> (Arc<resilience::Edge>, Arc<dyn Transport>, Clock) {
    let clock = Clock::manual();
    let edge = neighbour.edge(quick(), &clock);
    let wire = edge.transport();
    neighbour.set(0, Mood::Fails(no_reply()));
    for _ in 0..5 {
        wire.call(command()).await.unwrap_err();
    }
    (edge, wire, clock)
}

#[tokio::test]
async fn after_five_failures_in_a_row_calls_fail_at_once_until_one_has_tried() {
    let neighbour = Neighbour::of(1);
    let (edge, wire, clock) = broken(&neighbour).await;
    let refused = wire.call(query()).await.unwrap_err();
    assert!(
        matches!(&refused, Unreachable::NotTaken(text) if text.contains("circuit to desk is open"))
    );
    assert_eq!(neighbour.all_calls(), 5);
    assert!(matches!(edge.state().circuit, Circuit::Open { for_ms: 500..=1500 }));
    neighbour.set(0, Mood::Answers);
    clock.pass(Duration::from_millis(1500));
    wire.call(query()).await.unwrap();
    assert_eq!(edge.state().circuit, Circuit::Closed { failures: 0 });
    let counted = edge.counted();
    assert_eq!((counted.opened, counted.refused), (1, 1));
}

#[tokio::test]
async fn one_call_tries_while_the_others_fail_at_once_and_if_it_is_given_up_the_next_one_tries() {
    let neighbour = Neighbour::of(1);
    let (edge, wire, clock) = broken(&neighbour).await;
    clock.pass(Duration::from_millis(1500));
    let gate = Arc::new(Semaphore::new(0));
    neighbour.set(0, Mood::Waits(gate.clone()));
    let mut probe = Box::pin(wire.call(query()));
    assert!(futures_now(&mut probe).await.is_none(), "it waits for an answer");
    assert_eq!(edge.state().circuit, Circuit::HalfOpen);
    wire.call(query()).await.unwrap_err();
    assert_eq!(neighbour.all_calls(), 6);
    drop(probe);
    gate.add_permits(1);
    wire.call(query()).await.unwrap();
    assert_eq!(edge.state().circuit, Circuit::Closed { failures: 0 });
}

/// What a future comes to without waiting.
async fn futures_now<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    tokio::select! {
        biased;
        done = future => Some(done),
        () = std::future::ready(()) => None,
    }
}

#[tokio::test]
async fn more_calls_than_there_are_places_fail_at_once_and_places_come_back() {
    let neighbour = Neighbour::of(1);
    let gate = Arc::new(Semaphore::new(0));
    neighbour.set(0, Mood::Waits(gate.clone()));
    let mut numbers = quick();
    numbers.at_once = 2;
    let edge = neighbour.edge(numbers, &Clock::system());
    let wire = edge.transport();
    let (mut one, mut two) = (Box::pin(wire.call(query())), Box::pin(wire.call(query())));
    assert!(futures_now(&mut one).await.is_none() && futures_now(&mut two).await.is_none());
    assert!(matches!(wire.call(query()).await, Err(Unreachable::Busy(_))));
    drop(one);
    gate.add_permits(2);
    two.await.unwrap();
    wire.call(query()).await.unwrap();
    assert_eq!((edge.state().under_way, edge.counted().crowded), (0, 1));
}

#[tokio::test]
async fn a_call_is_not_begun_with_less_time_left_than_an_answer_usually_takes() {
    let neighbour = Neighbour::of(1);
    let clock = Clock::manual();
    let edge = neighbour.edge(quick(), &clock);
    let wire = edge.transport();
    let gate = Arc::new(Semaphore::new(0));
    neighbour.set(0, Mood::Waits(gate.clone()));
    let mut slow = Box::pin(wire.call(query()));
    assert!(futures_now(&mut slow).await.is_none());
    clock.pass(Duration::from_secs(3));
    gate.add_permits(1);
    slow.await.unwrap();
    let mut hurried = query();
    hurried.headers.deadline = std::time::Instant::now() + Duration::from_secs(2);
    assert_eq!(wire.call(hurried.clone()).await.unwrap_err(), Unreachable::DeadlineExceeded);
    assert_eq!((neighbour.all_calls(), edge.counted().late), (1, 1));
    // What it usually takes is forgotten, so that one finds out.
    clock.pass(Duration::from_secs(60));
    gate.add_permits(1);
    hurried.headers.deadline = std::time::Instant::now() + Duration::from_secs(2);
    wire.call(hurried).await.unwrap();
}

#[tokio::test]
async fn numbers_that_change_hold_from_the_next_call_on_and_wrong_ones_are_refused() {
    let clock = Clock::manual();
    let neighbour = Neighbour::of(1);
    let edges = resilience::Edges::new(clock);
    let way = neighbour.edge(quick(), &Clock::system()).transport();
    let instances = discovery::Instances::fixed(["0"]);
    let dial = Box::new(move |_: &discovery::Instance| way.clone());
    let edge = edges.edge(("shop", "desk"), quick(), instances, dial);
    let patch = |text| serde_json::from_str(text).unwrap();
    let wrong = edges.tuning("shop", "desk", &patch(r#"{"patience": "0s"}"#)).err().unwrap();
    assert!(wrong.to_string().contains("patience is zero"), "{wrong}");
    let wrong = edges.tuning("shop", "desk", &patch(r#"{"patiense": "1s"}"#)).err().unwrap();
    assert!(wrong.to_string().contains("unknown field `patiense`"), "{wrong}");
    assert!(edges.tuning("shop", "nowhere", &patch("{}")).is_err());
    let tuning = edges.tuning("shop", "desk", &patch(r#"{"retry": {"percent": 0}}"#)).unwrap();
    assert_eq!((tuning.before.retry.percent, tuning.after.retry.percent), (20, 0));
    let EdgeState { numbers, .. } = tuning.apply();
    assert_eq!((numbers.retry.percent, numbers.retry.per_second), (0, 10));
    assert_eq!(edge.numbers().retry.percent, 0);
    assert_eq!(edges.states("shop").len(), 1);
}

/// A module in between: when its neighbour gives no reply, it answers with an error of its own.
struct Tier(Arc<dyn Transport>);

#[async_trait]
impl Transport for Tier {
    async fn call(&self, call: Call) -> Result<Reply, Unreachable> {
        let refused = |lost: Unreachable| Reply {
            outcome: Outcome::Refused,
            body: lost.to_string().into(),
            age: None,
        };
        Ok(self.0.call(call).await.unwrap_or_else(refused))
    }
}

/// Only the tier that sees the loss tries again.
#[tokio::test]
async fn three_tiers_of_retries_do_not_multiply() {
    let neighbour = Neighbour::of(1);
    neighbour.set(0, Mood::Fails(no_reply()));
    let mut numbers = quick();
    numbers.retry.per_second = 0;
    numbers.breaker.failures = u64::MAX;
    numbers.breaker.success_percent = 0;
    let clock = Clock::manual();
    let mut way = neighbour.edge(numbers.clone(), &clock).transport();
    for _ in 0..2 {
        let inner: Arc<dyn Transport> = Arc::new(Tier(way.clone()));
        let dial = Box::new(move |_: &discovery::Instance| inner.clone());
        let instances = discovery::Instances::fixed(["one"]);
        let edge =
            resilience::Edge::new(("a", "b"), numbers.clone(), clock.clone(), instances, dial);
        way = edge.transport();
    }
    for _ in 0..1000 {
        assert_eq!(way.call(query()).await.unwrap().outcome, Outcome::Refused);
    }
    assert_eq!(neighbour.all_calls(), 1200);
}
