//! The breaker against its rules as a table says them, written down without any thought of speed.

use proptest::prelude::*;

use super::*;

/// What can happen to a breaker.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// A call ends like this, after so many milliseconds.
    Call(Ending, u64),
    /// A call is let in and its caller goes away.
    Abandoned,
    /// Time passes, in milliseconds.
    Pass(u64),
}

/// The rules, on plain lists.
#[derive(Default)]
struct Model {
    calls: Vec<(u64, Ending, bool)>,
    row: u64,
    open_until: Option<u64>,
    openings: u32,
}

/// So that a model of time has no jitter: half of the dice adds nothing.
const DICE: f64 = 0.5;

impl Model {
    fn admits(&self, now: u64) -> bool {
        self.open_until.is_none_or(|until| now >= until)
    }

    fn call(&mut self, now: u64, ending: Ending, took: u64, by: &numbers::Breaker) {
        let length = |openings: u32| {
            let doubled = by.open.as_millis() as u64 * 2_u64.pow(openings.min(20));
            doubled.min(by.longest_open.as_millis() as u64)
        };
        if self.open_until.is_some() {
            if ending == Ending::Good {
                *self = Self::default();
            } else {
                self.openings += 1;
                self.open_until = Some(now + length(self.openings));
            }
            return;
        }
        let is_slow = Duration::from_millis(took) > by.slow;
        self.calls.push((now, ending, is_slow));
        self.row = match ending {
            Ending::Good => 0,
            Ending::Busy => self.row,
            Ending::Failed => self.row + 1,
        };
        // Ten slices: the one that runs and the nine before it.
        let slice = by.window.as_millis() as u64 / 10;
        let first = (now / slice).saturating_sub(9) * slice;
        let recent: Vec<_> = self.calls.iter().filter(|(at, ..)| *at >= first).collect();
        let many = recent.len() as f64;
        let good = recent.iter().filter(|(_, ending, _)| *ending == Ending::Good).count() as f64;
        let slow = recent.iter().filter(|(.., slow)| *slow).count() as f64;
        let is_judged = many >= by.least_calls as f64;
        let is_failing = good / many < by.success_percent as f64 / 100.0;
        let is_slow = slow / many >= by.slow_percent as f64 / 100.0;
        if self.row >= by.failures || is_judged && (is_failing || is_slow) {
            *self = Self { open_until: Some(now + length(0)), ..Self::default() };
        }
    }
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let ending = prop_oneof![
        6 => Just(Ending::Good),
        3 => Just(Ending::Failed),
        1 => Just(Ending::Busy),
    ];
    let took = prop_oneof![4 => 0..1000_u64, 1 => 5001..9000_u64];
    prop::collection::vec(
        prop_oneof![
            12 => (ending, took).prop_map(|(ending, took)| Event::Call(ending, took)),
            1 => Just(Event::Abandoned),
            4 => (0..1500_u64).prop_map(Event::Pass),
            1 => (5_000..40_000_u64).prop_map(Event::Pass),
        ],
        0..250,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_breaker_lets_in_what_its_rules_let_in(events in events()) {
        let by = crate::Numbers::default().breaker;
        let (breaker, mut model) = (Breaker::default(), Model::default());
        let mut now = 0;
        for event in events {
            let at = Duration::from_millis(now);
            match event {
                Event::Pass(millis) => now += millis,
                Event::Abandoned => prop_assert_eq!(breaker.admit(at).is_ok(), model.admits(now)),
                Event::Call(ending, took) => {
                    let permit = breaker.admit(at);
                    prop_assert_eq!(permit.is_ok(), model.admits(now), "at {} ms", now);
                    if let Ok(permit) = permit {
                        let took_time = Duration::from_millis(took);
                        permit.end(ending, End { now: at, took: took_time, dice: DICE, by: &by });
                        model.call(now, ending, took, &by);
                        if let Some(until) = &mut model.open_until
                            && *until == now
                        {
                            *until += 1;
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_circuit_is_open_for_a_second_doubled_each_time_and_never_longer_than_a_minute_and_a_half(
        openings in 0_u32..100, dice in 0.0..=1.0_f64,
    ) {
        let by = crate::Numbers::default().breaker;
        let middle = 2.0_f64.powi(openings.min(30) as i32).min(60.0);
        let length = open_for(openings, dice, &by).as_secs_f64();
        prop_assert!(length >= middle * 0.5 - 1e-6 && length <= middle * 1.5 + 1e-6, "{length}");
    }
}

fn end(by: &numbers::Breaker, now: u64) -> End<'_> {
    End { now: Duration::from_millis(now), took: Duration::ZERO, dice: DICE, by }
}

#[test]
fn exactly_eighty_of_a_hundred_is_enough_and_one_less_is_not() {
    let by = crate::Numbers::default().breaker;
    for (failures, opens) in [(4, false), (5, true)] {
        let breaker = Breaker::default();
        for number in 0..20 {
            // Never two failures in a row.
            let is_failure = number % 4 == 0 && number / 4 < failures;
            let ending = if is_failure { Ending::Failed } else { Ending::Good };
            breaker.admit(Duration::ZERO).unwrap().end(ending, end(&by, 0));
        }
        assert_eq!(breaker.is_refusing(Duration::ZERO), opens, "{failures} of 20 failed");
    }
}

#[test]
fn a_neighbour_that_is_too_busy_is_not_failing_in_a_row() {
    let by = crate::Numbers::default().breaker;
    let breaker = Breaker::default();
    for _ in 0..19 {
        breaker.admit(Duration::ZERO).unwrap().end(Ending::Busy, end(&by, 0));
    }
    assert!(!breaker.is_refusing(Duration::ZERO));
    breaker.admit(Duration::ZERO).unwrap().end(Ending::Busy, end(&by, 0));
    assert!(breaker.is_refusing(Duration::ZERO), "but its part of good answers is too small");
}

#[test]
fn a_probe_whose_caller_goes_away_leaves_the_next_one_to_try() {
    let by = crate::Numbers::default().breaker;
    let breaker = Breaker::default();
    for _ in 0..5 {
        breaker.admit(Duration::ZERO).unwrap().end(Ending::Failed, end(&by, 0));
    }
    let later = Duration::from_secs(2);
    let probe = breaker.admit(later).unwrap();
    assert!(breaker.admit(later).is_err(), "there is one probe at a time");
    drop(probe);
    breaker.admit(later).unwrap().end(Ending::Good, end(&by, 2000));
    assert!(!breaker.is_refusing(later));
}
