//! Who is asked, as often as it should be.

use ports::{Call, Reply, Unreachable, async_trait};
use proptest::prelude::*;

use super::*;
use crate::{Clock, core::bench, instance::Surroundings};

struct Silent;

#[async_trait]
impl Transport for Silent {
    async fn call(&self, _call: Call) -> Result<Reply, Unreachable> {
        Err(Unreachable::NoReply("nobody".into()))
    }
}

fn pool(names: &[&str]) -> Pool {
    let names: Vec<Arc<str>> = names.iter().map(|name| Arc::from(*name)).collect();
    Pool::new(Instances::fixed(names), Box::new(|_| Arc::new(Silent)))
}

fn answer(is_good: bool) -> Result<Reply, Unreachable> {
    match is_good {
        true => Ok(Reply { outcome: ports::Outcome::Done, body: "1".into(), age: None }),
        false => Err(Unreachable::NoReply("nobody".into())),
    }
}

/// A call to the instance at `index` that takes `took`.
fn call(pool: &Pool, index: usize, clock: &Clock, took: Duration, is_good: bool) {
    let (table, numbers) = (pool.table(clock.now()), Numbers::default());
    let all = table.members.len();
    let around = Surroundings { edge: "a -> b", bench: &pool.bench, all, numbers: &numbers };
    let visit = table.members[index].visit(around, clock);
    clock.pass(took);
    visit.end(&answer(is_good));
}

/// How often each instance is chosen of so many times.
fn chosen(pool: &Pool, clock: &Clock, times: usize) -> Vec<usize> {
    let table = pool.table(clock.now());
    let mut chosen = vec![0; table.members.len()];
    for _ in 0..times {
        let dice = rand::random();
        let index = table.pick(&[], clock.now(), &Numbers::default(), dice).unwrap();
        chosen[index] += 1;
    }
    chosen
}

#[test]
fn a_slow_instance_is_asked_only_when_it_is_compared_with_itself() {
    let (pool, clock) = (pool(&["a", "b", "c"]), Clock::manual());
    for index in 0..3 {
        let took = if index == 0 { 50 } else { 1 };
        call(&pool, index, &clock, Duration::from_millis(took), true);
    }
    assert_eq!(chosen(&pool, &clock, 300)[0], 0);
    // What was slow fades.
    clock.pass(Duration::from_secs(120));
    for index in 1..3 {
        call(&pool, index, &clock, Duration::from_millis(1), true);
    }
    assert!(chosen(&pool, &clock, 300)[0] > 0);
}

#[test]
fn an_instance_that_fails_is_left_alone_and_then_tried_by_one_call() {
    let (pool, clock) = (pool(&["a", "b"]), Clock::manual());
    for _ in 0..5 {
        call(&pool, 0, &clock, Duration::ZERO, false);
    }
    assert_eq!((pool.bench.out(), chosen(&pool, &clock, 100)), (1, vec![0, 100]));
    clock.pass(Duration::from_secs(2));
    assert_eq!(chosen(&pool, &clock, 1), [1, 0], "it is due");
    call(&pool, 0, &clock, Duration::ZERO, true);
    assert_eq!(pool.bench.out(), 0);
}

#[test]
fn an_instance_that_is_back_gets_fewer_calls_for_a_while() {
    let (pool, clock) = (pool(&["a", "b"]), Clock::manual());
    for _ in 0..5 {
        call(&pool, 0, &clock, Duration::ZERO, false);
    }
    clock.pass(Duration::from_secs(2));
    call(&pool, 0, &clock, Duration::ZERO, true);
    // So long that what it cost is forgotten, and it would be the cheaper one of equals.
    call(&pool, 1, &clock, Duration::from_millis(20_000), true);
    let early = chosen(&pool, &clock, 2000)[0];
    clock.pass(Duration::from_secs(30));
    let late = chosen(&pool, &clock, 2000)[0];
    assert!(early < late && late > 1900, "{early} and then {late} of 2000");
}

#[test]
fn all_are_used_when_fewer_than_half_are_well() {
    let (pool, clock) = (pool(&["a", "b", "c"]), Clock::manual());
    for index in [0, 1] {
        for _ in 0..5 {
            call(&pool, index, &clock, Duration::ZERO, false);
        }
    }
    let table = pool.table(clock.now());
    assert!(table.is_panic(&Numbers::default()));
    assert_eq!(pool.bench.out(), 1, "half of three is one");
    clock.pass(Duration::from_millis(1));
    let asked: Vec<_> = (0..3)
        .filter_map(|it| table.pick(&[it], clock.now(), &Numbers::default(), [0.0; 3]))
        .collect();
    assert!(asked.contains(&0), "also the one that is out: {asked:?}");
}

#[test]
fn who_is_tried_already_is_not_chosen_again_and_everybody_is_tried_once() {
    let (pool, clock) = (pool(&["a", "b", "c", "d"]), Clock::manual());
    let table = pool.table(clock.now());
    let mut tried = Vec::new();
    while let Some(next) = table.pick(&tried, clock.now(), &Numbers::default(), rand::random()) {
        assert!(!tried.contains(&next));
        tried.push(next);
    }
    assert_eq!(tried.len(), 4);
}

proptest! {
    #[test]
    fn however_instances_fail_no_more_are_out_than_the_cap_and_somebody_is_always_chosen(
        count in 1_usize..7,
        events in prop::collection::vec((0_usize..7, any::<bool>(), 0_u64..3000), 0..200),
    ) {
        let names = ["a", "b", "c", "d", "e", "f"];
        let count = count.min(names.len());
        let (pool, clock) = (pool(&names[..count]), Clock::manual());
        for (index, is_good, passes) in events {
            call(&pool, index % count, &clock, Duration::from_millis(1), is_good);
            clock.pass(Duration::from_millis(passes));
            let table = pool.table(clock.now());
            let out = table.members.iter().filter(|it| it.seat.is_out()).count();
            prop_assert_eq!(out, pool.bench.out());
            prop_assert!(out <= bench::cap(count, 50) && out < count);
            let dice = rand::random();
            prop_assert!(table.pick(&[], clock.now(), &Numbers::default(), dice).is_some());
        }
    }
}
